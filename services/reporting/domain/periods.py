"""The half-years of the coordination table, and the dated parameters of reporting."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that no law we could confirm fixes: it holds from a date on and can be changed by a new row."""

    name: str
    value: int
    valid_from: date
    source: str


PARAMETERS = (
    Parameter("small_count", 5, date(2017, 5, 22), "own: Regole deontologiche Sistan, art. 5, ask for at least 3"),
    Parameter("over_age", 50, date(2017, 5, 22), "the programme's tables say «over 50» (2017-2021)"),
    Parameter("small_company", 50, date(2017, 5, 22), "half-year table of 2024: companies under 50 employees"),
)


def parameter(name: str, on: date) -> int:
    """The value in force on that date. Raises LookupError where there is none."""
    held = [p for p in PARAMETERS if p.name == name and p.valid_from <= on]
    if not held:
        raise LookupError(name)
    return max(held, key=lambda p: p.valid_from).value


@dataclass(frozen=True, slots=True)
class Period:
    """A half-year: the table is told of it twice a year (protocol: at least every six months)."""

    year: int
    half: int

    @property
    def start(self) -> date:
        """First day."""
        return date(self.year, 1 if self.half == 1 else 7, 1)

    @property
    def end(self) -> date:
        """Last day."""
        return date(self.year, 6, 30) if self.half == 1 else date(self.year, 12, 31)

    @property
    def code(self) -> str:
        """`2024-1`, as in addresses."""
        return f"{self.year}-{self.half}"

    @property
    def report_id(self) -> str:
        """`report-2024-h1`, the stream of its publication."""
        return f"report-{self.year}-h{self.half}"

    @property
    def year_before(self) -> Period:
        """The same half, a year before."""
        return Period(self.year - 1, self.half)

    @property
    def before(self) -> Period:
        """The half-year just before."""
        return Period(self.year, 1) if self.half == 2 else Period(self.year - 1, 2)

    @property
    def after(self) -> Period:
        """The next half-year."""
        return Period(self.year, 2) if self.half == 1 else Period(self.year + 1, 1)

    @classmethod
    def holding(cls, day: date) -> Period:
        """The half-year of a day."""
        return cls(day.year, 1 if day.month <= 6 else 2)


def period_of(code: str) -> Period | None:
    """`2024-1` or `report-2024-h1`; None for anything else."""
    match = re.fullmatch(r"(20[0-9]{2})-([12])", code) or re.fullmatch(r"report-(20[0-9]{2})-h([12])", code)
    return Period(int(match[1]), int(match[2])) if match else None
