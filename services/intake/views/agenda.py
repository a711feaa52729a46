"""What the agenda, the worklist and the sender ask of the views."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from services.intake.views.appointments import APPOINTMENTS
from services.intake.views.groups import ABSENCES, CLOSURES, SESSIONS
from services.intake.views.messages import MESSAGES
from services.intake.views.people import PEOPLE
from shared.projection import Reading, Row
from shared.projection.aliases import by_person, group, rooted

SENT_DAYS = 3
"""Days for which the gateway is asked whether a message arrived."""


def _shown(reading: Reading, *more: Any) -> sa.Select[Any]:
    """Appointments, each with `root_id`: the id under which its person is shown, for the name and the link; what is
    done about it is recorded where it was booked."""
    table = reading.table(APPOINTMENTS)
    return sa.select(table, rooted(reading, table.c.person_id).label("root_id"), *more)


async def appointments_of(reading: Reading, person_id: str) -> list[Row]:
    """A person's appointments under whichever id: those to come first (the next one first), then the past, the latest
    first."""
    table = reading.table(APPOINTMENTS)
    theirs = table.c.person_id.in_(await group(reading, person_id))
    rows = await reading.rows(_shown(reading).where(theirs).order_by(table.c.day, table.c.at))
    coming = [row for row in rows if row["state"] == "booked"]
    return coming + [row for row in reversed(rows) if row["state"] != "booked"]


async def agenda(
    reading: Reading, first: date, last: date, *, desk: str | None = None, operator: str | None = None
) -> list[Row]:
    """The appointments of these days, in their order; cancelled ones are left out."""
    table = reading.table(APPOINTMENTS)
    query = _shown(reading).where(table.c.day.between(first, last), table.c.state != "cancelled")
    if desk:
        query = query.where(table.c.desk == desk)
    if operator:
        query = query.where(table.c.operator == operator)
    return await reading.rows(query.order_by(table.c.day, table.c.at, table.c.operator, table.c.appointment_id))


async def due_today(reading: Reading, day: date, operator: str | None = None) -> list[Row]:
    """Whom to meet on that day and who is still expected from before (neither kept nor missed), by time."""
    table = reading.table(APPOINTMENTS)
    query = _shown(reading).where(table.c.state == "booked", table.c.day <= day)
    if operator:
        query = query.where(table.c.operator == operator)
    return await reading.rows(query.order_by(table.c.day, table.c.at, table.c.appointment_id).limit(200))


async def colliding(reading: Reading, today: date, limit: int = 200) -> list[Row]:
    """Booked appointments whose operator will be absent, or whose desk will be closed: somebody must move them."""
    table, absences, closures = reading.table(APPOINTMENTS), reading.table(ABSENCES), reading.table(CLOSURES)
    away = sa.exists().where(
        absences.c.operator == table.c.operator, ~absences.c.lifted,
        absences.c.first <= table.c.day, absences.c.last >= table.c.day,
    )  # fmt: skip
    closed = sa.exists().where(
        closures.c.desk == table.c.desk, ~closures.c.lifted, table.c.mode == "in_person",
        closures.c.first <= table.c.day, closures.c.last >= table.c.day,
    )  # fmt: skip
    query = (
        _shown(reading, away.label("away"), closed.label("closed"))
        .where(table.c.state == "booked", table.c.day >= today, sa.or_(away, closed))
        .order_by(table.c.day, table.c.at, table.c.appointment_id)
        .limit(limit)
    )
    return await reading.rows(query)


async def absences(reading: Reading, today: date) -> list[Row]:
    """Absences that are not over."""
    table = reading.table(ABSENCES)
    return await reading.rows(
        sa.select(table).where(table.c.last >= today, ~table.c.lifted).order_by(table.c.first, table.c.operator)
    )


async def closures(reading: Reading, today: date) -> list[Row]:
    """Closures of desks that are not over."""
    table = reading.table(CLOSURES)
    return await reading.rows(
        sa.select(table).where(table.c.last >= today, ~table.c.lifted).order_by(table.c.first, table.c.desk)
    )


async def sessions(reading: Reading, since: date) -> list[Row]:
    """Group sessions from that day on."""
    table = reading.table(SESSIONS)
    return await reading.rows(sa.select(table).where(table.c.day >= since).order_by(table.c.day, table.c.at))


async def messages(reading: Reading, *, state: str | None = None, person_id: str | None = None, limit: int = 100,
                   offset: int = 0) -> tuple[list[Row], int]:  # fmt: skip
    """Messages, the latest first, and how many there are."""
    table = reading.table(MESSAGES)
    query = sa.select(table)
    if state:
        query = query.where(table.c.state == state)
    if person_id:
        query = query.where(table.c.person_id == person_id)
    total = await reading.conn.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
    ordered = query.order_by(table.c.queued_at.desc(), table.c.message_id).limit(limit).offset(offset)
    return await reading.rows(ordered), int(total or 0)


async def waiting_messages(reading: Reading, today: date, limit: int = 200) -> list[Row]:
    """What the sender has to look at: queued, begun and not ended, or sent lately and not confirmed."""
    table = reading.table(MESSAGES)
    since = today - timedelta(days=SENT_DAYS)
    query = sa.select(table).where(
        table.c.state.in_(("queued", "sending"))
        | ((table.c.state == "sent") & (table.c.channel == "sms") & (table.c.changed_at >= since))
    )
    return await reading.rows(query.order_by(table.c.queued_at, table.c.message_id).limit(limit))


async def pending(reading: Reading, today: date) -> tuple[bool, bool]:
    """Whether there is any appointment to come, and any message to look at: one question a turn, mostly answered no."""
    table, told = reading.table(APPOINTMENTS), reading.table(MESSAGES)
    query = sa.select(
        sa.exists().where(table.c.day >= today, table.c.state == "booked"),
        sa.exists().where(told.c.state.in_(("queued", "sending", "sent"))),
    )
    row = (await reading.conn.execute(query)).one()
    return bool(row[0]), bool(row[1])


async def soon(reading: Reading, first: date, last: date) -> list[Row]:
    """Booked appointments of these days, for the reminders."""
    table = reading.table(APPOINTMENTS)
    query = sa.select(table).where(table.c.state == "booked", table.c.day.between(first, last))
    return await reading.rows(query.order_by(table.c.day, table.c.at))


async def orphans(reading: Reading, today: date) -> list[Row]:
    """Appointments to come of persons whose pathway was closed meanwhile: that of the id they are shown under."""
    table, people = reading.table(APPOINTMENTS), reading.table(PEOPLE)
    query = (
        sa.select(table)
        .select_from(table.join(people, people.c.person_id == rooted(reading, table.c.person_id)))
        .where(table.c.state == "booked", table.c.day >= today, people.c.stage == "closed")
    )
    return await reading.rows(query)


async def invitable(
    reading: Reading, districts: Sequence[str], stage: str | None, limit: int = 200
) -> list[dict[str, Any]]:
    """People whom a group session can invite, the longest registered first; nobody twice under two ids."""
    table = by_person(reading, PEOPLE)
    stages = (stage,) if stage else ("to_contact", "to_interview", "to_decide", "in_charge")
    query = sa.select(table.c.person_id, table.c.stage, table.c.registered_on, table.c.district).where(
        table.c.stage.in_(stages)
    )
    if districts:
        query = query.where(table.c.district.in_(list(districts)))
    return await reading.rows(query.order_by(table.c.registered_on, table.c.person_id).limit(limit))
