"""Invented people: shares of the programme's earlier years, invented names, tax codes that follow from them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from codicefiscale import codicefiscale

from services.intake.tax_code import countries
from shared import territory

ITALIAN_M = (
    "Luca Marco Andrea Paolo Stefano Giorgio Roberto Davide Matteo Simone Fabio Enrico Claudio Massimo Sergio "
    "Nicola Franco Bruno Antonio Giuseppe Salvatore Alberto Daniele Mirko Tiziano Loris Gianni Vittorio Renato Ivan"
).split()
ITALIAN_F = (
    "Elena Giulia Sara Anna Paola Francesca Chiara Laura Silvia Monica Barbara Daniela Cristina Patrizia Lucia "
    "Rosa Carla Marina Alessandra Federica Valentina Simona Sabrina Antonella Loredana Teresa Irene Marta Nadia Ornella"
).split()
ITALIAN = (
    "Rossi Ferrari Bianchi Russo Esposito Romano Gallo Costa Fontana Conti Ricci Marini Greco Bruno Rinaldi "
    "Lombardi Moretti Barbieri Fabbri Galli Martini Leone Longo Gentile Martinelli Vitale Lombardo Serra Coppola "
    "Marchetti Parisi Villa Conte Ferraro Ferri Fabbro Bianco Sala Mancini Cavalli Venturi Zanetti Monti Neri "
    "Grandi Bassi Guidi Poli Orlandi Lelli Tosi Berti Melloni Gamberini Tarozzi Nanni Zucchini Cocchi Stanzani Masi"
).split()
ITALIAN_TOWNS = (
    ("Bologna", "A944"), ("Bologna", "A944"), ("Bologna", "A944"), ("Imola", "E289"), ("Modena", "F257"),
    ("Ferrara", "D548"), ("Ravenna", "H199"), ("Napoli", "F839"), ("Palermo", "G273"), ("Bari", "A662"),
    ("Roma", "H501"), ("Milano", "F205"), ("Torino", "L219"),
)  # fmt: skip
FOREIGN: tuple[tuple[str, int, str, str, str], ...] = (
    ("Z330", 16, "Youssef Mohamed Rachid Hicham Karim", "Amina Fatima Khadija Nadia Samira",
     "El_Amrani Bennani Alaoui Tazi Berrada Idrissi"),
    ("Z236", 10, "Imran Bilal Usman Asif Tariq", "Ayesha Sana Nadia Rabia Saima",
     "Khan Ahmed Malik Butt Iqbal Hussain"),
    ("Z249", 8, "Rahim Kamal Faruk Jahid Sohel", "Nasrin Shirin Rehana Salma Parvin",
     "Rahman Islam Miah Uddin Hossain Akter"),
    ("Z129", 14, "Ion Mihai Andrei Florin Vasile", "Maria Elena Ioana Mihaela Daniela",
     "Popescu Ionescu Dumitru Stan Radu Munteanu"),
    ("Z100", 9, "Arben Ilir Gezim Altin Besnik", "Mirela Valbona Elira Ardita Teuta",
     "Hoxha Shehu Kola Gjoka Leka Marku"),
    ("Z138", 9, "Oleksandr Ivan Petro Mykola Taras", "Oksana Olena Iryna Natalia Halyna",
     "Kovalenko Shevchuk Bondar Melnyk Tkachuk"),
    ("Z140", 8, "Victor Sergiu Vadim Igor Oleg", "Svetlana Tatiana Ludmila Natalia Veronica",
     "Rusu Ceban Cojocaru Lungu Ciobanu"),
    ("Z335", 8, "Emeka Chidi Osas Tunde Femi", "Blessing Joy Faith Grace Precious",
     "Okafor Osagie Adeyemi Eze Balogun"),
    ("Z343", 6, "Mamadou Cheikh Ousmane Ibrahima Modou", "Aissatou Fatou Mariama Khady Awa",
     "Diop Ndiaye Fall Sarr Gueye"),
    ("Z216", 6, "Jose Ramon Rodel Arnel Noel", "Maricel Rowena Liza Marites Jocelyn",
     "Santos Reyes Cruz Bautista Ramos"),
    ("Z352", 5, "Sami Walid Nabil Anis Hatem", "Ines Leila Rim Sonia Olfa",
     "Trabelsi Gharbi Jlassi Mejri Ayari"),
    ("Z306", 4, "Alain Serge Patrick Herve Blaise", "Carine Solange Estelle Nadege Clarisse",
     "Nkoulou Fotso Tchoua Mbarga Kamga"),
    ("Z336", 4, "Ahmed Mahmoud Mina Sherif Tamer", "Mona Heba Dina Marwa Nagwa",
     "Hassan Ibrahim Girgis Mansour Saleh"),
    ("Z368", 3, "Yonas Samuel Dawit Tesfay Filmon", "Selam Rahel Helen Miriam Feven",
     "Tekle Gebremedhin Haile Kidane Asmelash"),
)  # fmt: skip
"""Citizenship (cadastral code), weight, given names of men and of women, family names."""
STREETS = ("via dei Gelsi", "via delle Officine", "via del Molino", "via dei Tigli", "via del Canale", "via delle Rose")
CHANNELS = (
    ("parish", 16), ("caritas", 11), ("social_services", 12), ("quartiere", 7), ("employment_centre", 12),
    ("health_service", 2), ("association", 6), ("trade_union", 3), ("company", 1), ("desk", 6), ("web", 14),
    ("press", 3), ("word_of_mouth", 7),
)  # fmt: skip
EDUCATION = (
    ("none", 3), ("primary", 7), ("lower_secondary", 34), ("vocational", 12), ("upper_secondary", 24),
    ("tertiary", 16), ("unknown", 4),
)  # fmt: skip
BANDS = {"15-19": (16, 19), "20-29": (20, 29), "30-39": (30, 39), "40-49": (40, 49), "50-59": (50, 59),
         "60-69": (60, 68), "70+": (70, 74)}  # fmt: skip


@dataclass(frozen=True)
class Shares:
    """How many of a group of people are what: exact counts, each list as long as the group."""

    people: int
    men: int
    undeclared: int
    bands: dict[str, int]
    in_capital: int


H1_2024 = Shares(
    people=1001, men=541, undeclared=4, in_capital=551,
    bands={"15-19": 22, "20-29": 138, "30-39": 189, "40-49": 252, "50-59": 262, "60-69": 128, "70+": 10},
)  # fmt: skip
"""541 men, 400 over 50, 551 in Bologna (the shares of 2017-2021 and of 2018: illustrative)."""


def shares(people: int) -> Shares:
    """The same shares for another number of people."""

    def part(count: int) -> int:
        return people * count // H1_2024.people

    bands = {band: part(count) for band, count in H1_2024.bands.items()}
    bands["30-39"] += people - sum(bands.values())
    return Shares(people, part(H1_2024.men), part(H1_2024.undeclared), bands, part(H1_2024.in_capital))


@dataclass(frozen=True)
class Traits:
    """What the quotas fix of a person."""

    sex: str
    band: str
    municipality: str


def traits(quota: Shares, rng: random.Random) -> list[Traits]:
    """The group's members, each list of counts shuffled by itself."""
    women = quota.people - quota.men - quota.undeclared
    sexes = ["M"] * quota.men + ["F"] * women + ["X"] * quota.undeclared
    bands = [band for band, count in quota.bands.items() for _ in range(count)]
    others = {code: weight for code, weight in territory.weights() if code != territory.CAPITAL}
    places = [territory.CAPITAL] * quota.in_capital + apportion(quota.people - quota.in_capital, others)
    for each in (sexes, bands, places):
        rng.shuffle(each)
    return [Traits(*one) for one in zip(sexes, bands, places, strict=True)]


def apportion(count: int, weights: dict[str, int]) -> list[str]:
    """`count` names in proportion to their weights (largest remainders)."""
    total = sum(weights.values())
    exact = {name: count * weight / total for name, weight in weights.items()}
    parts = {name: int(value) for name, value in exact.items()}
    rest = sorted(weights, key=lambda name: (parts[name] - exact[name], name))
    for name in rest[: count - sum(parts.values())]:
        parts[name] += 1
    return [name for name, n in parts.items() for _ in range(n)]


class Registry:
    """Gives each person an identity that nobody else has."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._used: set[str] = set()
        self._count = 0

    def form(self, who: Traits, on: date) -> dict[str, Any]:
        """The registration form's values for somebody registered on that day, but for channel and date."""
        while True:
            values = self._one(who, on)
            alike = f"{values['family_name']}/{values['given_name']}/{values['birth_date']}"
            if not {values["tax_code"], alike} & self._used:
                self._used |= {values["tax_code"], alike}
                return values

    def _one(self, who: Traits, on: date) -> dict[str, Any]:
        rng = self._rng
        self._count += 1
        sex = who.sex if who.sex != "X" else rng.choice("MF")
        if rng.random() < 0.58:
            given = rng.choice(ITALIAN_M if sex == "M" else ITALIAN_F)
            family, (place, code), citizenship = rng.choice(ITALIAN), rng.choice(ITALIAN_TOWNS), "IT"
        else:
            citizenship, _, men, women, families = rng.choices(FOREIGN, [f[1] for f in FOREIGN])[0]
            given = rng.choice((men if sex == "M" else women).split())
            family = rng.choice(families.split()).replace("_", " ")
            place, code = countries()[citizenship], citizenship
        low, high = BANDS[who.band]
        birth = _birthday(on, rng.randint(low, high), rng)
        quartiere = None
        if who.municipality == territory.CAPITAL:
            weights = territory.QUARTIERI_POPULATION
            quartiere = rng.choices(list(weights), list(weights.values()))[0]
        driving = rng.random() < 0.45
        return {
            "family_name": family, "given_name": given, "sex": who.sex, "birth_date": birth, "birth_place": place,
            "citizenship": citizenship, "tax_code": tax_code(family, given, birth, sex, code),
            "phone": f"+39 000 {self._count:07d}",
            "email": f"{given}.{family}.{self._count}@example.org".lower().replace(" ", "")
            if rng.random() < 0.6 else None,
            "address": f"{rng.choice(STREETS)} {rng.randint(1, 120)}",
            "municipality": who.municipality, "quartiere": quartiere,
            "education": _pick(EDUCATION, rng), "languages": ["it"], "licences": ["B"] if driving else [],
            "own_vehicle": driving and rng.random() < 0.5, "commute_minutes": rng.choice((30, 30, 45, 60, 90)),
            "channel": _pick(CHANNELS, rng),
        }  # fmt: skip


def _pick(weighted: Sequence[tuple[str, int]], rng: random.Random) -> str:
    return rng.choices([name for name, _ in weighted], [weight for _, weight in weighted])[0]


def _birthday(on: date, age: int, rng: random.Random) -> date:
    """A day of birth with which somebody is `age` years old on that day."""
    day = min(on.day, 28)  # 29 February has no birthday in most years
    return date(on.year - age, on.month, day) - timedelta(days=rng.randint(0, 360))


def tax_code(family: str, given: str, birth: date, sex: str, place: str) -> str:
    """The codice fiscale (D.M. 23/12/1976); `place` is the cadastral code of town or country."""
    head = codicefiscale.encode_lastname(family) + codicefiscale.encode_firstname(given)
    day = birth.day + (40 if sex == "F" else 0)
    body = f"{head}{birth.year % 100:02d}{'ABCDEHLMPRST'[birth.month - 1]}{day:02d}{place}"
    return body + str(codicefiscale.encode_cin(body))
