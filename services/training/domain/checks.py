"""What several decisions ask first."""

from __future__ import annotations

from datetime import date

from services.training.domain.state import Course
from shared.decisions import Refused


def counted(number: int, one: str, many: str) -> str:
    """ "1 posto", "12 posti"."""
    return f"{number} {one if number == 1 else many}"


def italian_date(day: date) -> str:
    """A civil date as an operator writes it."""
    return day.strftime("%d/%m/%Y")


def not_future(on: date, today: date) -> Refused | None:
    """A fact is told after it happened."""
    if on > today:
        return Refused("future_date", "La data non può essere nel futuro: il fatto deve essere già avvenuto.", "on")
    return None


def exists(course: Course) -> Refused | None:
    """A course is decided upon only once it was proposed."""
    if course.status == "unknown":
        return Refused("unknown_course", "Questo corso non esiste: torna all'elenco dei corsi e aprilo da lì.")
    return None
