"""Commands about a person on a course.

The version that the course's page showed is not held against these: two operators may enrol two people at
once, and the decisions themselves see a seat that is gone, an enrolment that exists or one that ended.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from services.training import domain
from services.training.commands.forms import CompletionForm, EnrolForm, LeaveForm
from services.training.domain import course_stream, person_stream
from services.training.views import PEOPLE
from shared.decisions import Decision, Refused
from shared.projection.aliases import ids_of, joined_under
from shared.projection.privacy import restriction_of
from shared.store import Command, Outcome, Store, Unit

JOINED = Refused(
    "joined_person", "Questa scheda è unita a un'altra della stessa persona: apri quella e lavora lì.", "person_id"
)


async def enrol(store: Store, command: Command, course_id: str, values: EnrolForm) -> Outcome:
    """Gives the person a seat: seat and enrolment in one transaction, so the last seat has one winner. Who has one
    under any of their ids gets no second one."""

    async def decide(unit: Unit) -> Decision:
        if await joined_under(unit, values.person_id) is not None:
            await unit.states(person_stream(values.person_id))  # a repeated command gets its first answer
            return JOINED
        ids = await ids_of(unit, values.person_id)
        found: tuple[Any, ...] = await unit.states(course_stream(course_id), *map(person_stream, ids))
        course, trainee = found[0], domain.as_one(found[1:])
        if refused := await restriction_of(unit, values.person_id):
            return replace(refused, field="person_id")
        return domain.enrol(
            course,
            trainee,
            course_id=course_id,
            person_id=values.person_id,
            charged_on=await charged_on(unit, values.person_id),
            on=values.on,
            today=unit.today,
        )

    return await store.execute(replace(command, shown=None), decide)


async def charged_on(unit: Unit, person_id: str) -> date | None:
    """Since when the programme follows the person, as training has heard; None if it does not."""
    row = await unit.row(PEOPLE, person_id)
    return row["charged_on"] if row and row["in_charge"] else None


async def leave(store: Store, command: Command, course_id: str, person_id: str, values: LeaveForm) -> Outcome:
    """The person leaves; the seat is free in the same transaction."""

    async def decide(unit: Unit) -> Decision:
        _, trainee = await unit.states(course_stream(course_id), person_stream(person_id))
        return domain.leave(
            trainee,
            course_id=course_id,
            person_id=person_id,
            reason=values.reason,
            on=values.on,
            today=unit.today,
        )

    return await store.execute(replace(command, shown=None), decide)


async def complete(store: Store, command: Command, course_id: str, person_id: str, values: CompletionForm) -> Outcome:
    """The person attended enough of the hours."""

    async def decide(unit: Unit) -> Decision:
        course, trainee = await unit.states(course_stream(course_id), person_stream(person_id))
        return domain.complete(
            course,
            trainee,
            course_id=course_id,
            person_id=person_id,
            hours=values.hours,
            certificate=values.certificate,
            on=values.on,
            today=unit.today,
        )

    return await store.execute(replace(command, shown=None), decide)
