"""The facts of a stream as a page tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.training import labels
from shared.corrections import effective
from shared.envelope import Recorded
from shared.events.base import Correction, Event
from shared.events.training import (
    CourseActivated,
    CourseCancelled,
    CourseCompleted,
    CourseLeft,
    CourseProposed,
    PositionsLost,
    SeatReleased,
    SeatTaken,
    VacancyLinked,
    VacancyUnlinked,
)
from shared.web.app import name_of
from shared.web.facts import label_of
from shared.web.formats import day, instant
from shared.web.labels import MOTIVES

FIELDS = {
    "on": "data", "topic": "materia", "hours": "ore", "seats": "posti", "starts_on": "primo giorno",
    "ends_on": "ultimo giorno", "provider": "ente", "attendance_percent": "frequenza minima",
    "certificate": "documento", "reason": "motivo",
}  # fmt: skip
WORDS: dict[str, dict[str, str]] = {
    "topic": labels.TOPICS,
    "provider": labels.PROVIDERS,
    "certificate": labels.CERTIFICATES,
    "reason": labels.ALL_LEAVE_REASONS | labels.CANCEL_REASONS,
}
FOLLOWS = (SeatTaken, SeatReleased, PositionsLost)
"""Facts that are not corrected by themselves: the seat goes with its enrolment, the alarm with its vacancy."""


def story(recorded: Sequence[Recorded]) -> list[dict[str, Any]]:
    """The facts, the latest first, as items of the timeline; `correctable` where 'Correggi' makes sense."""
    holding = {fact.meta.id for fact in effective(recorded)}
    return [_item(fact, fact.meta.id in holding) for fact in reversed(recorded)]


def _item(fact: Recorded, holds: bool) -> dict[str, Any]:
    event = fact.event
    at = f"registrato da {name_of(fact.meta.actor)} il {instant(fact.meta.time)}"
    if isinstance(event, Correction):
        title, text, tone = f"Correzione di «{label_of(event.fact_type)}»", _corrected(event), "warn"
    else:
        title, text, tone = label_of(event.TYPE).capitalize(), _text(event), ""
        if not holds:
            text, tone = f"{text} — annullato".strip(" —"), "warn"
        elif isinstance(event, PositionsLost | CourseCancelled):
            tone = "bad"
    correctable = holds and not isinstance(event, Correction) and not isinstance(event, FOLLOWS)
    return {
        "id": fact.meta.id, "type": event.TYPE, "when": event.on, "title": title, "text": text, "by": at,
        "tone": tone, "correctable": correctable, "person_id": getattr(event, "person_id", None),
    }  # fmt: skip


def _text(event: Event) -> str:
    match event:
        case CourseProposed():
            return f"{event.hours} ore, posti {event.seats}, dal {day(event.starts_on)} al {day(event.ends_on)}"
        case VacancyLinked() | VacancyUnlinked():
            return f"ricerca {event.vacancy_id[:8]}"
        case CourseActivated():
            return f"posizioni aperte quel giorno: {event.positions}" if event.positions else ""
        case PositionsLost():
            return f"ricerca {event.vacancy_id[:8]}: restano {event.positions} posizioni aperte"
        case CourseCancelled():
            return labels.CANCEL_REASONS[event.reason]
        case CourseCompleted():
            return f"{event.hours} ore, {labels.CERTIFICATES[event.certificate].lower()}"
        case CourseLeft():
            return labels.ALL_LEAVE_REASONS[event.reason]
        case _:
            return ""


def _corrected(event: Correction) -> str:
    motive = f"Motivo: {MOTIVES[event.motive].lower()}."
    if event.corrected is None:
        return f"Annullato. {motive}"
    changes = [
        f"{FIELDS[name]} {_value(name, value)} invece di {_value(name, event.fact.get(name))}"
        for name, value in event.corrected.items()
        if name in FIELDS and value != event.fact.get(name)
    ]
    return f"{', '.join(changes).capitalize()}. {motive}" if changes else motive


def _value(name: str, value: object) -> str:
    if name in ("on", "starts_on", "ends_on") and isinstance(value, str):
        return day(value)
    return WORDS.get(name, {}).get(str(value), str(value))


def latest(recorded: Sequence[Recorded], fact_id: str) -> Event | None:
    """The fact as it holds now; None if it does not."""
    return next((fact.event for fact in effective(recorded) if fact.meta.id == fact_id), None)


def on_course(recorded: Sequence[Recorded], course_id: str) -> list[Recorded]:
    """The facts of a person that are about this course, corrections included."""

    def about(event: Event) -> str | None:
        fact = event.original() if isinstance(event, Correction) else event
        return getattr(fact, "course_id", None)

    return [fact for fact in recorded if about(fact.event) == course_id]
