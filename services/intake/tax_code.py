"""The codice fiscale: sixteen characters (omocodia included) or the provisional eleven digits.

It changes during a life, so it is never an id. A wrong form or check character is refused; what does not
agree with the entered data is only a warning: registries err, names are transliterated, places renamed.
Source: DPR 605/1973, D.M. 23/12/1976; the provisional code for asylum seekers is converted within six months.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from codicefiscale import codicefiscale
from codicefiscale.data import get_countries_data, get_indexed_data

from shared.decisions import Refused
from shared.events.intake import CitizenshipArea
from shared.territory import normal

_DIGITS = str.maketrans("LMNPQRSTUV", "0123456789")
_SIXTEEN = re.compile(r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]")
_MONTHS = "ABCDEHLMPRST"


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A code whose form and check character are right."""

    code: str

    @property
    def provisional(self) -> bool:
        """Whether it is the numeric one, to be replaced."""
        return len(self.code) == 11


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check of the others (counted from the left, even places doubled)."""
    total = 0
    for place, digit in enumerate(map(int, digits)):
        value = digit * 2 if place % 2 else digit
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def parse(text: str) -> TaxCode | Refused:
    """The code as it was typed (spaces, dashes and small letters do not matter), or what is wrong with it."""
    code = re.sub(r"[\s.\-]+", "", text).upper()
    if code.isascii() and code.isdigit() and len(code) == 11:
        if luhn(code):
            return TaxCode(code)
        return _refused("L'ultima cifra del codice fiscale provvisorio non torna: ricontrollalo.")
    if len(code) != 16:
        return _refused("Il codice fiscale ha 16 caratteri, o 11 cifre se è provvisorio.")
    if not _SIXTEEN.fullmatch(code):
        return _refused("Questo codice fiscale non ha la forma giusta: ricontrolla lettere e cifre.")
    if codicefiscale.encode_cin(code) != code[-1]:
        return _refused("L'ultima lettera del codice fiscale non torna con il resto: ricontrollalo.")
    return TaxCode(code)


def _refused(sentence: str) -> Refused:
    return Refused("tax_code", sentence, "tax_code")


def warnings(
    code: TaxCode, *, family_name: str, given_name: str, birth_date: date, sex: str, birth_place: str | None
) -> list[str]:
    """Italian sentences on what does not agree with the entered data; none for a provisional code.

    Tolerant where registries differ: of more names the code may have taken the first one alone; a place may be
    written with its province or its country, by an older name, or be a state that is no more.
    """
    if code.provisional:
        return ["Codice fiscale provvisorio: va sostituito con quello definitivo entro sei mesi."]
    text = code.code
    found = _names(text[:3], text[3:6], family_name, given_name)
    born = int(text[9:11].translate(_DIGITS))
    month, year = _MONTHS.index(text[8]) + 1, int(text[6:8].translate(_DIGITS))
    found += _date(birth_date, year, month, born % 40)
    if sex in ("M", "F") and (born > 40) != (sex == "F"):
        of = "una donna" if born > 40 else "un uomo"
        found.append(f"Il sesso non corrisponde al codice fiscale, che è di {of}.")
    if birth_place:
        found += _place(text[11] + text[12:15].translate(_DIGITS), birth_place, birth_date)
    return found


def _parts(name: str) -> set[str]:
    """The name as a code may have taken it: whole, or the first of its words."""
    words = normal(name).split()
    return {"".join(words), *words[:1], "".join(words[:2])} - {""}


def _family(code: str, name: str) -> bool:
    return any(codicefiscale.encode_lastname(part) == code for part in _parts(name))


def _given(code: str, name: str) -> bool:
    return any(codicefiscale.encode_firstname(part) == code for part in _parts(name))


def _names(family: str, given: str, family_name: str, given_name: str) -> list[str]:
    right = _family(family, family_name), _given(given, given_name)
    if not any(right) and _family(family, given_name) and _given(given, family_name):
        return ["Nome e cognome sembrano scambiati: il codice fiscale li ha al contrario."]
    said = ("Il cognome", "Il nome")
    return [f"{said[n]} non corrisponde al codice fiscale." for n in (0, 1) if not right[n]]


def _date(birth_date: date, year: int, month: int, day: int) -> list[str]:
    if (birth_date.year % 100, birth_date.month, birth_date.day) == (year, month, day):
        return []
    if birth_date.year % 100 == year and (birth_date.month, birth_date.day) == (day, month):
        return ["Nella data di nascita giorno e mese sembrano scambiati: il codice fiscale li ha al contrario."]
    return ["La data di nascita non corrisponde al codice fiscale."]


def _place(code: str, written: str, birth_date: date) -> list[str]:
    names = birth_place_names(code)
    entered = f" {normal(written)} "
    if not names or any(f" {name} " in entered for name in names):
        return []
    if code[0] == "Z" and _gone(code) and normal(written) in country_by_name():
        return []  # born in a state that is no more (Jugoslavia, URSS), told by the name of today
    called = _by_place_name().get(normal(written), [])
    if called and code[0] != "Z" and all(_created(one) > birth_date.isoformat() for one in called):
        return [
            f"Il comune di {called[0]['name']} è nato dopo la persona: come luogo di nascita va il comune di "
            f"allora ({', '.join(sorted(name.title() for name in names))})."
        ]
    return ["Il luogo di nascita non corrisponde al codice fiscale."]


def _created(record: dict[str, Any]) -> str:
    return str(record["date_created"] or "")[:10]


def _gone(code: str) -> bool:
    return all(record["date_deleted"] for record in _places().get(code, []))


@cache
def _by_place_name() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for records in _places().values():
        for record in records:
            found.setdefault(normal(record["name"]), []).append(record)
    return found


@cache
def _places() -> dict[str, list[dict[str, Any]]]:
    places: dict[str, list[dict[str, Any]]] = get_indexed_data()["codes"]
    return places


def place_name(belfiore: str) -> str:
    """The name that a cadastral code has today (country or municipality), the last one that it had, or nothing."""
    records = _places().get(belfiore.upper(), [])
    current = next((record for record in records if record["active"]), records[0] if records else None)
    return countries().get(belfiore.upper()) or (str(current["name"]) if current else "")


def birth_place_names(belfiore: str) -> frozenset[str]:
    """The names, as `normal` writes them, that the cadastral code ever had (municipality or country)."""
    found = set()
    for record in _places().get(belfiore, []):
        found.add(normal(record["name"]))
        found |= {normal(slug) for slug in record["name_slugs"]}
    if belfiore in _COMMON:
        found.add(normal(_COMMON[belfiore]))
    return frozenset(found)


_EU = {
    "AUSTRIA", "BELGIO", "BULGARIA", "CIPRO", "CROAZIA", "DANIMARCA", "ESTONIA", "FINLANDIA", "FRANCIA",
    "GERMANIA", "GRECIA", "IRLANDA", "LETTONIA", "LITUANIA", "LUSSEMBURGO", "MALTA", "PAESI BASSI", "POLONIA",
    "PORTOGALLO", "REPUBBLICA CECA", "ROMANIA", "SLOVACCHIA", "SLOVENIA", "SPAGNA", "SVEZIA", "UNGHERIA",
}  # fmt: skip
_AREAS: dict[str, CitizenshipArea] = {
    "1": "europe_other", "2": "asia", "3": "africa", "4": "americas", "5": "americas", "6": "americas",
    "7": "oceania",
}  # fmt: skip
_ELSEWHERE: dict[str, CitizenshipArea] = {"Z161": "asia", "Z907": "africa"}
"""Palestine has a European number, South Sudan one of no area."""
_COMMON = {
    "Z154": "Russia", "Z161": "Palestina", "Z210": "Cina", "Z213": "Corea del Sud", "Z214": "Corea del Nord",
    "Z347": "Sudafrica", "Z404": "Stati Uniti", "Z907": "Sud Sudan", "Z313": "Costa d'Avorio", "Z611": "Perù",
    "Z106": "Città del Vaticano", "Z341": "São Tomé e Príncipe",
}  # fmt: skip
"""Countries that people call otherwise than the registry."""
ITALY = "IT"
STATELESS = "XX"


def _small(name: str) -> str:
    """`Trinidad E Tobago` as it is written."""
    return re.sub(r"(?<= )(E|Di|Del|Della)(?= )", lambda word: word[0].lower(), name)


@cache
def country_by_name() -> dict[str, str]:
    """Every name that a country has, as `normal` writes it, to its code."""
    names = {normal(slug): record["code"] for record in get_countries_data() for slug in record["name_slugs"]}
    known = countries()
    return {name: code for name, code in names.items() if code in known} | {
        normal(name): code for code, name in known.items()
    }


@cache
def countries() -> dict[str, str]:
    """Citizenships to choose from: code (IT, XX for none, else the cadastral Zxxx) to Italian name."""
    listed = {
        record["code"]: _COMMON.get(record["code"]) or _small(record["name"])
        for record in get_countries_data()
        if (record["code"][1] in _AREAS or record["code"] in _COMMON) and not record["date_deleted"]
    }
    ordered = sorted(listed.items(), key=lambda item: normal(item[1]))
    return {ITALY: "Italia", STATELESS: "Apolide", **dict(ordered)}


def citizenship_area(code: str) -> CitizenshipArea:
    """The coarse area of a citizenship, the only one that goes into the log. Raises KeyError if unknown."""
    if code == ITALY:
        return "italy"
    if code == STATELESS:
        return "stateless"
    name = normal(countries()[code])
    if code in _ELSEWHERE:
        return _ELSEWHERE[code]
    return "eu" if name in _EU else _AREAS[code[1]]
