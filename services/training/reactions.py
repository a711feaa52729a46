"""What training decides when it hears a fact: another service's, or its own once it stands in the log.

Its own are heard because a command decides on views that may be a moment behind: an activation beside a
vacancy that was just closing, an enrolment beside a pathway that was just ending. In the log one comes first;
whichever is heard second finds the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from services.training import domain
from services.training.commands import positions_of
from services.training.domain import course_stream, person_stream
from services.training.views import COURSES, ENROLMENTS, PEOPLE, VACANCIES
from shared import erasure
from shared.decisions import Decision, Refused, Stream
from shared.envelope import Meta
from shared.events.base import Event
from shared.events.intake import PathwayClosed, PersonErased
from shared.events.matching import PositionFilled, SupplyFactCorrected, VacancyClosed, VacancyOpened
from shared.events.training import CourseActivated, CourseLeft, Enrolled, PositionsLost, SeatReleased
from shared.projection.aliases import ids_of
from shared.service import Reaction, emits
from shared.store import Unit


@emits(CourseLeft, SeatReleased)
async def end_enrolments(unit: Unit, event: PathwayClosed | Enrolled, meta: Meta) -> Decision:
    """The programme follows the person no more: their open enrolments end and the seats are free."""
    ids = await ids_of(unit, event.person_id)  # of joined people the one whose pathway goes on decides
    row = await unit.row(PEOPLE, ids[0])
    since = row["charged_on"] if row and row["in_charge"] else None
    if isinstance(event, Enrolled) and (row is None or row["closed_on"] is None):
        return []
    closed_on = event.on if isinstance(event, PathwayClosed) or row is None else row["closed_on"]
    trainees = await unit.states(*map(person_stream, ids))
    courses = sorted({course_id for trainee in trainees for course_id in trainee.courses})
    streams: list[Stream[Any]] = [*map(person_stream, ids), *map(course_stream, courses)]
    await unit.states(*streams)
    ended: list[Event] = []
    for person_id, trainee in zip(ids, trainees, strict=True):
        ended += domain.end_enrolments(trainee, person_id=person_id, since=since, on=closed_on)
    return ended


@emits(PositionsLost)
async def look_at_positions(
    unit: Unit, event: VacancyClosed | PositionFilled | SupplyFactCorrected, meta: Meta
) -> Decision:
    """A vacancy lost positions: the active 2.b courses that lead to it may be left without enough."""
    vacancy_id = _vacancy_of(event)
    if vacancy_id is None:
        return []
    table = await unit.table(COURSES)
    courses = await unit.rows(
        sa.select(table.c.course_id)
        .where(table.c.status == "active", sa.literal(vacancy_id) == sa.any_(table.c.vacancies))
        .order_by(table.c.course_id)
    )
    return await _lose(unit, [(row["course_id"], vacancy_id) for row in courses], event)


@emits(PositionsLost)
async def look_at_activation(unit: Unit, event: CourseActivated, meta: Meta) -> Decision:
    """A vacancy closed or filled while the course was being activated."""
    (course,) = await unit.states(course_stream(event.course_id))
    table = await unit.table(VACANCIES)
    gone = sa.or_(table.c.closed_on.is_not(None), table.c.filled != [])
    rows = await unit.rows(
        sa.select(table.c.vacancy_id)
        .where(table.c.vacancy_id.in_(sorted(course.vacancies)), gone)
        .order_by(table.c.vacancy_id)
        .limit(1)
    )
    return await _lose(unit, [(event.course_id, row["vacancy_id"]) for row in rows], event)


async def _lose(unit: Unit, pairs: Sequence[tuple[str, str]], event: Event) -> Decision:
    courses = await unit.states(*(course_stream(course_id) for course_id, _ in pairs))
    lost: list[Event] = []
    for (course_id, vacancy_id), course in zip(pairs, courses, strict=True):
        decision = domain.lose_positions(
            course,
            course_id=course_id,
            vacancy_id=vacancy_id,
            positions=await positions_of(unit, course.vacancies),
            completed=await _completed(unit, course_id),
            on=event.on,
        )
        if isinstance(decision, Refused):
            return decision
        lost += decision
    return lost


async def _completed(unit: Unit, course_id: str) -> bool:
    table = await unit.table(ENROLMENTS)
    done = sa.select(table.c.enrolment_id).where(table.c.course_id == course_id, table.c.status == "completed")
    return bool(await unit.rows(done.limit(1)))


def _vacancy_of(event: VacancyClosed | PositionFilled | SupplyFactCorrected) -> str | None:
    fact = event.original() if isinstance(event, SupplyFactCorrected) else event
    return fact.vacancy_id if isinstance(fact, VacancyOpened | VacancyClosed | PositionFilled) else None


FORGET = erasure.keeping(())
"""Training's texts are of courses: of a person it holds fine attributes and whatever stands under their id."""

REACTIONS: dict[type[Event], tuple[Reaction, ...]] = {
    PathwayClosed: (end_enrolments,),
    Enrolled: (end_enrolments,),
    VacancyClosed: (look_at_positions,),
    PositionFilled: (look_at_positions,),
    SupplyFactCorrected: (look_at_positions,),
    CourseActivated: (look_at_activation,),
    PersonErased: (erasure.reaction(FORGET, person_stream),),
}
