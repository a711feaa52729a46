"""Corrections. What one command recorded together (a seat and its enrolment; a course's end and everybody's
leaving) is undone together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import reduce
from typing import Any

from pydantic import ValidationError

from services.training import domain
from services.training.commands.courses import positions_of
from services.training.commands.enrolments import charged_on
from services.training.commands.forms import CourseCorrectionForm, EnrolmentCorrectionForm
from services.training.domain import Course, course_stream, person_stream
from shared.corrections import correct, effective
from shared.decisions import Decision, Refused, Stream
from shared.envelope import Recorded
from shared.events.base import Event, Motive
from shared.events.training import (
    CourseCancelled,
    CourseCompleted,
    CourseFactCorrected,
    CourseLeft,
    Enrolled,
    PathwayFactCorrected,
    SeatReleased,
    SeatTaken,
)
from shared.store import Command, Outcome, Store, Unit

GONE = Refused("fact_not_found", "Questo fatto non c'è o è già stato annullato: aggiorna la pagina.")
INVALID = Refused("invalid_correction", "Il valore corretto non è valido per questo fatto.")


async def correct_enrolment(
    store: Store, command: Command, course_id: str, person_id: str, fact_id: str, values: EnrolmentCorrectionForm
) -> Outcome:
    """Corrects what was said of a person on the course, and the seat with it."""

    async def decide(unit: Unit) -> Decision:
        stream = person_stream(person_id)
        course, _ = await unit.states(course_stream(course_id), stream)
        facts = [f for f in effective(unit.history(stream.id)) if _course_of(f.event) == course_id]
        fact = _find(facts, fact_id)
        if fact is None:
            return GONE
        changes = values.changes()
        replacement = _replacement(fact.event, changes)
        if isinstance(replacement, Refused):
            return replacement
        story = [f.event for f in facts]
        if refused := domain.check_enrolment_correction(course, story, fact.event, replacement, unit.today):
            return refused
        decision = await _correct_person(unit, person_id, fact.meta.id, changes, values.motive)
        seat = _seat_of(effective(unit.history(course_id)), fact, person_id)
        if seat is None or isinstance(decision, Refused) or (replacement and replacement.on == fact.event.on):
            return decision
        moved = None if replacement is None else {"on": replacement.on.isoformat()}
        return _both(decision, await _correct_course(unit, course_id, seat.meta.id, moved, values.motive))

    return await store.execute(replace(command, shown=None), decide)


async def correct_course(
    store: Store, command: Command, course_id: str, fact_id: str, values: CourseCorrectionForm
) -> Outcome:
    """Corrects what was said of the course. A cancelled cancellation brings back those who had to leave."""

    async def decide(unit: Unit) -> Decision:
        stream = course_stream(course_id)
        (course,) = await unit.states(stream)
        facts = effective(unit.history(course_id))
        fact = _find(facts, fact_id)
        if fact is None:
            return GONE
        changes = values.changes()
        replacement = _replacement(fact.event, changes)
        if isinstance(replacement, Refused):
            return replacement
        if refused := domain.check_course_correction(
            course,
            _refolded(stream, facts, fact, replacement),
            fact.event,
            replacement,
            positions=await positions_of(unit, course.vacancies),
            first_seat_on=_first_seat(facts),
            today=unit.today,
        ):
            return refused
        decision = await _correct_course(unit, course_id, fact.meta.id, changes, values.motive)
        if isinstance(fact.event, CourseCancelled) and replacement is None:
            return await _bring_back(unit, decision, facts, fact, values.motive)
        return decision

    return await store.execute(command, decide)


async def _bring_back(
    unit: Unit, decision: Decision, facts: Sequence[Recorded], fact: Recorded, motive: Motive
) -> Decision:
    """Undoes the leavings that came with the cancellation, of those whom the programme still follows."""
    quiet = _without_shown(unit)
    for seat in facts:
        if not isinstance(seat.event, SeatReleased) or seat.meta.cause != fact.meta.cause:
            continue
        person_id = seat.event.person_id
        if await charged_on(unit, person_id) is None:
            continue
        await quiet.states(person_stream(person_id))
        left = next(f for f in effective(quiet.history(person_id)) if f.meta.cause == fact.meta.cause)
        decision = _both(decision, await _correct_person(quiet, person_id, left.meta.id, None, motive))
        decision = _both(decision, await _correct_course(quiet, fact.meta.subject, seat.meta.id, None, motive))
    return decision


def _without_shown(unit: Unit) -> Unit:
    # The version shown is the course's; it says nothing about the people's streams that follow.
    return Unit(unit.transaction, replace(unit.command, shown=None))


async def _correct_person(
    unit: Unit, person_id: str, fact_id: str, changes: dict[str, Any] | None, motive: Motive
) -> Decision:
    return await correct(
        unit,
        person_stream(person_id),
        PathwayFactCorrected,
        fact_id=fact_id,
        corrected=changes,
        motive=motive,
        on=unit.today,
    )


async def _correct_course(
    unit: Unit, course_id: str, fact_id: str, changes: dict[str, Any] | None, motive: Motive
) -> Decision:
    return await correct(
        unit,
        course_stream(course_id),
        CourseFactCorrected,
        fact_id=fact_id,
        corrected=changes,
        motive=motive,
        on=unit.today,
    )


def _both(first: Decision, second: Decision) -> Decision:
    if isinstance(first, Refused):
        return first
    return second if isinstance(second, Refused) else [*first, *second]


def _find(facts: Sequence[Recorded], fact_id: str) -> Recorded | None:
    return next((fact for fact in facts if fact.meta.id == fact_id), None)


def _course_of(event: Event) -> str | None:
    return event.course_id if isinstance(event, Enrolled | CourseCompleted | CourseLeft) else None


def _replacement(event: Event, changes: dict[str, Any] | None) -> Event | Refused | None:
    if changes is None:
        return None
    try:
        return type(event).model_validate(event.model_dump(mode="json") | changes)
    except ValidationError:
        return INVALID


def _seat_of(facts: Sequence[Recorded], fact: Recorded, person_id: str) -> Recorded | None:
    """The fact about the seat that was recorded together with this one about the person."""
    for other in facts:
        event = other.event
        together = other.meta.cause == fact.meta.cause
        if together and isinstance(event, SeatTaken | SeatReleased) and event.person_id == person_id:
            return other
    return None


def _first_seat(facts: Sequence[Recorded]) -> date | None:
    return min((fact.event.on for fact in facts if isinstance(fact.event, SeatTaken)), default=None)


def _refolded(stream: Stream[Course], facts: Sequence[Recorded], fact: Recorded, replacement: Event | None) -> Course:
    events = [replacement if other is fact else other.event for other in facts]
    return reduce(stream.evolve, [event for event in events if event is not None], stream.initial)
