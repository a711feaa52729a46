"""The 55 municipalities of the Citta' metropolitana di Bologna, their districts and their dated unions.

Data: `municipalities.csv` (ISTAT codes and cadastral codes; population of the 2011 census, to be used as
weights only) and `unions.csv` (membership with its first and last day; an empty one is open). A past fact keeps
the membership in force on its date, so `union_of` asks for the date. Read once at import, never changed.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import cast, get_args

from shared.events.intake import District

CAPITAL = "037006"
"""ISTAT code of Bologna, the only municipality that has quartieri."""
PROGRAMME_START = date(2017, 5, 22)
"""First protocol of Insieme per il lavoro (signed 22 May 2017): no fact of the programme is older."""

DISTRICTS: dict[District, str] = {
    "citta-di-bologna": "Città di Bologna",
    "pianura-est": "Pianura Est",
    "pianura-ovest": "Pianura Ovest",
    "reno-lavino-samoggia": "Reno, Lavino e Samoggia",
    "savena-idice": "Savena-Idice",
    "appennino-bolognese": "Appennino Bolognese",
    "imola": "Imola",
}
"""Health and social districts (distretti), by slug."""
UNIONS: dict[str, str] = {
    "unione-terred-acqua": "Unione Terred'Acqua",
    "unione-reno-galliera": "Unione Reno Galliera",
    "unione-terre-di-pianura": "Unione Terre di Pianura",
    "unione-reno-lavino-samoggia": "Unione Valli del Reno, Lavino e Samoggia",
    "unione-savena-idice": "Unione dei Comuni Savena-Idice",
    "unione-appennino-bolognese": "Unione dei Comuni dell'Appennino Bolognese",
    "nuovo-circondario-imolese": "Nuovo Circondario Imolese",
}
"""Unions of municipalities (unioni di comuni), by slug."""
QUARTIERI: dict[str, str] = {
    "borgo-panigale-reno": "Borgo Panigale-Reno",
    "navile": "Navile",
    "porto-saragozza": "Porto-Saragozza",
    "san-donato-san-vitale": "San Donato-San Vitale",
    "santo-stefano": "Santo Stefano",
    "savena": "Savena",
}
"""The six quartieri of the Comune di Bologna since the reform of 2016, by slug."""
QUARTIERI_POPULATION: dict[str, int] = {
    "borgo-panigale-reno": 61_103,
    "navile": 69_211,
    "porto-saragozza": 69_811,
    "san-donato-san-vitale": 66_411,
    "santo-stefano": 64_559,
    "savena": 59_805,
}
"""Residents on 31 December 2020."""


@dataclass(frozen=True, slots=True)
class Municipality:
    """One of the 55. `code` is the ISTAT code (six digits), `belfiore` the cadastral one."""

    code: str
    name: str
    belfiore: str
    district: District
    postcodes: tuple[str, ...]
    population: int
    """Residents at the 2011 census: a weight for sampling, not a figure to publish."""
    created: date | None
    """First day of the municipality, where it was born of a merger."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A municipality in a union, from `first` to `last` inclusive (None: since ever, still)."""

    code: str
    union: str
    first: date | None
    last: date | None

    def holds(self, on: date) -> bool:
        return (self.first is None or self.first <= on) and (self.last is None or on <= self.last)


def _read(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@cache
def municipalities() -> tuple[Municipality, ...]:
    """All 55, by name."""
    found = []
    for row in _read("municipalities.csv"):
        if row["district"] not in get_args(District):
            raise ValueError(f"{row['name']}: unknown district {row['district']}")
        found.append(
            Municipality(
                row["code"],
                row["name"],
                row["belfiore"],
                cast(District, row["district"]),
                tuple(row["postcodes"].split("|")),
                int(row["population"]),
                _day(row["created"]),
            )
        )
    return tuple(sorted(found, key=lambda each: normal(each.name)))


@cache
def memberships() -> tuple[Membership, ...]:
    """All memberships of unions, past and present."""
    return tuple(
        Membership(row["code"], row["union"], _day(row["valid_from"]), _day(row["valid_to"]))
        for row in _read("unions.csv")
    )


@cache
def _by_code() -> dict[str, Municipality]:
    return {each.code: each for each in municipalities()}


@cache
def _by_name() -> dict[str, Municipality]:
    return {normal(each.name): each for each in municipalities()}


def normal(name: str) -> str:
    """A name as it is compared: capitals without accents, apostrophes or signs, words one space apart."""
    letters = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", "".join(letters)).upper().split())


def municipality(code: str) -> Municipality:
    """The municipality with that ISTAT code. Raises KeyError where it is none of the 55."""
    return _by_code()[code]


def is_metropolitan(code: str) -> bool:
    """Whether the ISTAT code is one of the 55."""
    return code in _by_code()


def by_name(name: str) -> Municipality | None:
    """The municipality of that name, however accents, apostrophes and capitals were written; None outside."""
    return _by_name().get(normal(name))


def district_of(code: str, on: date) -> District:
    """District of the municipality on that date. Raises KeyError outside the 55.

    No district has changed since the programme began; the date is asked for because one day one will.
    """
    return municipality(code).district


def union_of(code: str, on: date) -> str | None:
    """Union of the municipality on that date, None if it was in none. Raises KeyError outside the 55."""
    municipality(code)
    return next((each.union for each in memberships() if each.code == code and each.holds(on)), None)


def weights() -> tuple[tuple[str, int], ...]:
    """ISTAT code and population of each municipality, for sampling."""
    return tuple((each.code, each.population) for each in municipalities())
