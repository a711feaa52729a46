"""Who and what a plan is about, while it is being written: people, companies, vacancies, contracts."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from services.simulate.people import Traits

DAYS = timedelta(days=1)
FIRST = (
    "Nuova",
    "Antica",
    "Verde",
    "Alta",
    "Bella",
    "Buona",
    "Prima",
    "Chiara",
    "Grande",
    "Gentile",
    "Libera",
    "Lieta",
)
SECOND = (
    "Officina", "Cucina", "Meccanica", "Logistica", "Bottega", "Tessitura", "Fattoria", "Panetteria", "Stamperia",
    "Serra", "Rimessa", "Lavanderia", "Dispensa", "Falegnameria", "Locanda", "Ceramica", "Cantina", "Tipografia",
)  # fmt: skip
THIRD = ("del Reno", "del Savena", "dei Colli", "della Pianura", "dell'Idice", "del Sillaro", "del Navile")
FORMS = ("S.r.l.", "S.n.c.", "Soc. coop.", "S.p.A.", "Coop. sociale")
SECTORS = ("C", "C", "G", "H", "I", "I", "N", "Q", "F", "J", "S")
OCCUPATIONS = ("9112", "5120", "9333", "4321", "8344", "9412", "5322", "5223", "7223", "9329", "4110", "9321", "5131")
DISTRICTS = ("citta-di-bologna",) * 5 + (
    "pianura-est", "pianura-ovest", "reno-lavino-samoggia", "savena-idice", "appennino-bolognese", "imola",
)  # fmt: skip
SMALL, LARGE = ("0-5", "6-20", "21-49"), ("50-249", "250+")


@dataclass(eq=False)
class Person:
    """Somebody of the programme. Dates are civil dates of the facts; `*_known` days of their recording."""

    key: str
    person_id: str = ""
    traits: Traits | None = None
    registered: date | None = None
    interview: date | None = None
    charge: date | None = None
    fate: str = "placed"
    charge_known: date = date.max
    """From when on other services know that the person is in charge."""
    busy_until: date = date.min
    """The last day on which something planned about the person is recorded."""
    hires: list[Hire] = field(default_factory=list)

    def busy(self, until: date) -> None:
        self.busy_until = max(self.busy_until, until)


@dataclass(eq=False)
class Company:
    """A company; `known`: the day after its registration was recorded."""

    key: str
    joined: date
    recorded: date
    size: str
    vat: str
    name: str
    company_id: str = ""

    @property
    def known(self) -> date:
        return max(self.joined, self.recorded) + DAYS


@dataclass(eq=False)
class Hire:
    """One relationship with its extensions. `sort`: permanent, fixed_term or other."""

    person: Person
    start: date
    sort: str
    key: str
    contract: str = ""
    ends_on: date | None = None
    extensions: list[tuple[date, date]] = field(default_factory=list)
    """Date of the extension, new last day."""
    company: Company | None = None
    vacancy: Vacancy | None = None
    mistake: str | None = None
    """What was first recorded wrongly and then rectified: "contract" or "date"."""

    @property
    def last_day(self) -> date | None:
        return self.extensions[-1][1] if self.extensions else self.ends_on


@dataclass(eq=False)
class Vacancy:
    """A vacancy with its selection; `hires` came from it."""

    key: str
    company: Company
    opened: date
    selected: date
    hires: list[Hire] = field(default_factory=list)
    vacancy_id: str = ""
    selection_id: str = ""
    ready: date = date.max
    """From when on somebody can be put on its shortlist."""


class Network:
    """Makes companies, each with a name and a VAT number of its own."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        names = [f"{a} {b} {c}" for a in FIRST for b in SECOND for c in THIRD]
        rng.shuffle(names)
        self._names = iter(names)
        self._numbers = iter(rng.sample(range(1_000_000, 9_000_000), 2000))
        self.companies: list[Company] = []

    def join(self, joined: date, recorded: date, sizes: Iterable[str] = SMALL) -> Company:
        """One more company."""
        key = f"c{len(self.companies)}"
        name = f"{next(self._names)} {self._rng.choice(FORMS)}"
        company = Company(key, joined, recorded, self._rng.choice(list(sizes)), vat_number(next(self._numbers)), name)
        self.companies.append(company)
        return company

    def form(self, company: Company) -> dict[str, Any]:
        """The registration form's values."""
        rng = self._rng
        return {
            "name": company.name, "vat_number": company.vat, "seat": f"via dell'Industria {rng.randint(1, 90)}",
            "contact": "Ufficio personale", "phone": f"+39 000 {int(company.vat[:7]):07d}",
            "email": f"personale.{company.vat}@example.org", "size": company.size, "sector": rng.choice(SECTORS),
            "district": rng.choice(DISTRICTS), "board": rng.random() < 0.25, "on": company.joined,
        }  # fmt: skip


def vat_number(number: int) -> str:
    """A partita IVA of the office 000, which issues none: its check digit is right, its holder cannot exist."""
    digits = f"{number:07d}000"
    doubled = (2 * int(d) for d in digits[1::2])
    total = sum(map(int, digits[0::2])) + sum(n if n < 10 else n - 9 for n in doubled)
    return f"{digits}{-total % 10}"
