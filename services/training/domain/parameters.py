"""Dated numbers of the rules, with their sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shared.events.training import Subject


@dataclass(frozen=True)
class Parameter:
    """A number that the rules use from a civil date on. [own] marks what awaits confirmation by the Area."""

    name: str
    value: int
    valid_from: date
    source: str


START = date(2017, 5, 1)
PARAMETERS: tuple[Parameter, ...] = (
    Parameter("positions_minimum", 1, START, "Protocollo, 2.b: posizioni individuate preventivamente; numero [own]"),
    Parameter("positions_percent_of_seats", 50, START, "Protocollo, 2.b; rapporto posizioni/posti [own]"),
    Parameter("attendance_percent", 70, START, "Uso dei corsi regionali E-R [own]"),
    Parameter("attendance_percent_safety", 90, START, "Accordi Stato-Regioni su art. 37 D.Lgs. 81/2008 [own]"),
    Parameter("attendance_percent_safety", 90, date(2025, 5, 24), "Accordo 17/4/2025 n. 59/CSR [own]"),
    Parameter("seats_safety", 30, date(2025, 5, 24), "Accordo 17/4/2025 n. 59/CSR: massimo per classe [own]"),
)


def parameter(name: str, on: date) -> int | None:
    """The value in force on a civil date; None where none was yet in force."""
    valid = [p for p in PARAMETERS if p.name == name and p.valid_from <= on]
    return max(valid, key=lambda p: p.valid_from).value if valid else None


def positions_needed(seats: int, on: date) -> int:
    """Open positions that a 2.b course of so many seats needs: max(minimum, share of the seats, rounded up).

    Source: protocol, 2.b ("si attiva solo laddove siano state preventivamente individuate le posizioni di
    lavoro"); it gives no number, so minimum and share are dated parameters.
    """
    minimum = parameter("positions_minimum", on) or 1
    percent = parameter("positions_percent_of_seats", on) or 0
    return max(minimum, -(-seats * percent // 100))


def attendance_default(topic: Subject, on: date) -> int:
    """Percent of the hours needed to complete a course: safety has its own (art. 37 D.Lgs. 81/2008)."""
    name = "attendance_percent_safety" if topic == "safety" else "attendance_percent"
    return parameter(name, on) or 0
