"""Commands about a course."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from services.training import domain
from services.training.commands.forms import CancelForm, DayForm, LinkForm, ProposalForm
from services.training.domain import Positions, course_stream, person_stream
from services.training.views import VACANCIES
from shared.decisions import Decision, Stream
from shared.store import Command, Outcome, Store, Unit


async def propose_course(store: Store, command: Command, values: ProposalForm) -> Outcome:
    """A new course; its title and description are sealed in the vault."""

    async def decide(unit: Unit) -> Decision:
        course_id = unit.new_id("course")
        (course,) = await unit.states(course_stream(course_id))
        words = {"title": values.title, "description": values.description}
        card = await unit.vault.write("course", course_id, words)
        fields = values.model_dump(exclude={"title", "description"})
        return domain.propose_course(course, course_id=course_id, card=card, today=unit.today, **fields)

    return await store.execute(command, decide)


async def link_vacancy(store: Store, command: Command, course_id: str, values: LinkForm) -> Outcome:
    """Ties a 2.b course to a vacancy, whether training has heard of it or not."""

    async def decide(unit: Unit) -> Decision:
        (course,) = await unit.states(course_stream(course_id))
        return domain.link_vacancy(
            course, course_id=course_id, vacancy_id=values.vacancy_id, on=values.on, today=unit.today
        )

    return await store.execute(command, decide)


async def unlink_vacancy(store: Store, command: Command, course_id: str, vacancy_id: str, values: DayForm) -> Outcome:
    """Unties a vacancy from the course."""

    async def decide(unit: Unit) -> Decision:
        (course,) = await unit.states(course_stream(course_id))
        return domain.unlink_vacancy(
            course,
            course_id=course_id,
            vacancy_id=vacancy_id,
            positions=await positions_of(unit, course.vacancies),
            on=values.on,
            today=unit.today,
        )

    return await store.execute(command, decide)


async def activate_course(store: Store, command: Command, course_id: str, values: DayForm) -> Outcome:
    """Opens the course to enrolment.

    A vacancy may close while this is decided: once the activation is heard, the reaction to it looks again.
    """

    async def decide(unit: Unit) -> Decision:
        (course,) = await unit.states(course_stream(course_id))
        positions = await positions_of(unit, course.vacancies)
        return domain.activate_course(course, course_id=course_id, positions=positions, on=values.on, today=unit.today)

    return await store.execute(command, decide)


async def cancel_course(store: Store, command: Command, course_id: str, values: CancelForm) -> Outcome:
    """The course is not held; whoever attends it leaves, in the same transaction."""

    async def decide(unit: Unit) -> Decision:
        stream = course_stream(course_id)
        (course,) = await unit.states(stream)
        people = sorted(course.taken)
        # Again with the people on it, who are known only now; first the course, whose page was shown.
        streams: list[Stream[Any]] = [stream, *(person_stream(person) for person in people)]
        states = await unit.states(*streams)
        return domain.cancel_course(
            course,
            dict(zip(people, states[1:], strict=True)),
            course_id=course_id,
            reason=values.reason,
            on=values.on,
            today=unit.today,
        )

    return await store.execute(command, decide)


async def positions_of(unit: Unit, vacancies: Iterable[str]) -> Positions:
    """Open positions of these vacancies as training has heard; None for those it has not heard of."""
    wanted = sorted(vacancies)
    table = await unit.table(VACANCIES)
    rows = await unit.rows(
        sa.select(table.c.vacancy_id, table.c.positions, table.c.open_positions).where(table.c.vacancy_id.in_(wanted))
    )
    heard = {row["vacancy_id"]: row["open_positions"] for row in rows if row["positions"] is not None}
    return {vacancy: heard.get(vacancy) for vacancy in wanted}
