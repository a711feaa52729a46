"""What the pages ask of the views."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Literal

import sqlalchemy as sa

from services.training import domain
from services.training.views.folds import COURSES, ENROLMENTS, PEOPLE, VACANCIES
from shared.projection import Reading, Row
from shared.projection.aliases import by_person, group, rooted

Only = Literal["alarm", "to_close"]


async def courses(
    reading: Reading,
    *,
    today: date,
    status: str | None = None,
    line: str | None = None,
    only: Only | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> tuple[list[Row], int]:
    """Courses, the latest first, with what several views say together; and how many there are in all.

    `only`: with an alarm (an active 2.b course that lost its positions), or over with people still on it.
    """
    table, enrolments = reading.table(COURSES), reading.table(ENROLMENTS)
    mine = sa.select(enrolments.c.enrolment_id).where(enrolments.c.course_id == table.c.course_id)
    query = sa.select(table).where(table.c.status != "unknown")
    if status:
        query = query.where(table.c.status == status)
    if line:
        query = query.where(table.c.line == line)
    if only == "alarm":
        query = query.where(table.c.status == "active", sa.func.cardinality(table.c.lost) > 0)
    if only == "to_close":
        attending = sa.exists(mine.where(enrolments.c.status == "enrolled"))
        query = query.where(table.c.status == "active", table.c.ends_on < today, attending)
    query = query.order_by(table.c.starts_on.desc(), table.c.course_id)
    if only == "alarm":  # whether it still holds is a sum over another view: there are few, so count them here
        rows = [row for row in await enriched(reading, await reading.rows(query), today) if row["alarm"]]
        return rows[offset : None if limit is None else offset + limit], len(rows)
    total = (await reading.rows(sa.select(sa.func.count().label("n")).select_from(query.subquery())))[0]["n"]
    rows = await reading.rows(query.limit(limit).offset(offset))
    return await enriched(reading, rows, today), int(total)


async def course(reading: Reading, course_id: str, today: date) -> Row | None:
    """One course, as in the list."""
    row = await reading.row(COURSES, course_id)
    return (await enriched(reading, [row], today))[0] if row else None


async def enriched(reading: Reading, rows: Sequence[Row], today: date) -> list[Row]:
    """Adds to courses: open positions and how many are needed, people attending and completed, the alarm."""
    heard = await vacancies(reading, {vacancy for row in rows for vacancy in row["vacancies"]})
    counts = await _counts(reading, [row["course_id"] for row in rows])
    found = []
    for row in rows:
        attending, completed = counts.get(row["course_id"], (0, 0))
        positions = sum(heard[vacancy]["open_positions"] for vacancy in row["vacancies"] if vacancy in heard)
        needed = None
        if row["line"] == "2b" and row["seats"] is not None:
            needed = domain.positions_needed(row["seats"], row["activated_on"] or today)
        alarm = bool(row["lost"]) and row["status"] == "active" and not completed and positions < (needed or 0)
        found.append(
            row
            | {"attending": attending, "completed": completed}
            | {"open_positions": positions, "needed": needed, "alarm": alarm}
        )
    return found


async def _counts(reading: Reading, course_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    table = reading.table(ENROLMENTS)
    count = sa.func.count()
    rows = await reading.rows(
        sa.select(
            table.c.course_id,
            count.filter(table.c.status == "enrolled").label("attending"),
            count.filter(table.c.status == "completed").label("completed"),
        )
        .where(table.c.course_id.in_(list(course_ids)))
        .group_by(table.c.course_id)
    )
    return {row["course_id"]: (row["attending"], row["completed"]) for row in rows}


async def vacancies(reading: Reading, vacancy_ids: Iterable[str]) -> dict[str, Row]:
    """Those of these vacancies whose opening training has heard of, by id."""
    table = reading.table(VACANCIES)
    query = sa.select(table).where(table.c.vacancy_id.in_(sorted(vacancy_ids)), table.c.positions.is_not(None))
    return {row["vacancy_id"]: row for row in await reading.rows(query)}


async def open_vacancies(reading: Reading, limit: int = 200) -> list[Row]:
    """Vacancies with open positions, the latest first: what a 2.b course may lead to."""
    table = reading.table(VACANCIES)
    query = sa.select(table).where(table.c.open_positions > 0)
    return await reading.rows(query.order_by(table.c.opened_on.desc(), table.c.vacancy_id).limit(limit))


async def participants(reading: Reading, course_id: str) -> list[Row]:
    """Everybody who is or was on the course, those who attend first."""
    table = reading.table(ENROLMENTS)
    attending = sa.case((table.c.status == "enrolled", 0), (table.c.status == "completed", 1), else_=2)
    query = sa.select(table).where(table.c.course_id == course_id)
    return await reading.rows(query.order_by(attending, table.c.enrolled_on, table.c.person_id))


async def people(
    reading: Reading,
    *,
    district: str | None = None,
    without_course: bool = True,
    readiness: str | None = "to_train",
    not_on: str | None = None,
    person_id: str | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> tuple[list[Row], int]:
    """People in charge, those to be trained and without a course first, then by what the plan says and since
    when they wait; and how many there are in all. `not_on`: without those who have a seat on that course."""
    table, enrolments = by_person(reading, PEOPLE), reading.table(ENROLMENTS)
    theirs = sa.select(enrolments.c.enrolment_id).where(
        rooted(reading, enrolments.c.person_id) == table.c.person_id, enrolments.c.status.in_(("enrolled", "completed"))
    )
    has_course = sa.exists(theirs.where(enrolments.c.enrolled_on >= table.c.charged_on))
    query = sa.select(table, has_course.label("has_course")).where(table.c.in_charge)
    if district:
        query = query.where(table.c.district == district)
    if readiness:
        query = query.where(table.c.readiness == readiness)
    if without_course:
        query = query.where(~has_course)
    if not_on:
        query = query.where(~sa.exists(theirs.where(enrolments.c.course_id == not_on)))
    if person_id:
        query = query.where(table.c.person_id == person_id)
    total = (await reading.rows(sa.select(sa.func.count().label("n")).select_from(query.subquery())))[0]["n"]
    order: list[Any] = [
        (table.c.readiness != "to_train").asc(),
        has_course.asc(),
        table.c.training_due.asc().nulls_last(),
        table.c.charged_on.asc(),
        table.c.person_id,
    ]
    return await reading.rows(query.order_by(*order).limit(limit).offset(offset)), int(total)


async def enrolments_of(reading: Reading, person_id: str) -> list[Row]:
    """The person's way through the courses under any of their ids, the latest first, with the courses' own facts."""
    table, offered = reading.table(ENROLMENTS), reading.table(COURSES)
    about = (offered.c.topic, offered.c.starts_on, offered.c.ends_on, offered.c.card, offered.c.provider)
    query = sa.select(table, *about).join(offered, offered.c.course_id == table.c.course_id, isouter=True)
    query = query.where(table.c.person_id.in_(await group(reading, person_id)))
    return await reading.rows(query.order_by(table.c.enrolled_on.desc()))


async def courses_with_seats(reading: Reading, today: date, limit: int = 100) -> list[Row]:
    """Active courses that are not over and have a free seat, the next to start first."""
    table = reading.table(COURSES)
    query = sa.select(table).where(table.c.status == "active", table.c.ends_on >= today, table.c.seats_left > 0)
    return await reading.rows(query.order_by(table.c.starts_on, table.c.course_id).limit(limit))
