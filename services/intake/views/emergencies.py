"""Openings in emergency, one row each: for the case manager's 'Oggi' and for the data protection officer."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.intake.views.people import PEOPLE
from shared.envelope import Meta
from shared.events.base import Event
from shared.events.intake import EmergencyOpened, EmergencyReviewed
from shared.projection import Reading, Row, View


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("emergency_id", sa.Text, primary_key=True),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("motive", sa.Text, nullable=False),
        sa.Column("case_manager", sa.Text),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_by", sa.Text),
        sa.Column("seen_on", sa.Date),
    ]


def fold_emergency(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """One opening; both its facts are of the person's stream, in order."""
    match event:
        case EmergencyOpened():
            return {
                "emergency_id": event.emergency_id, "person_id": event.person_id, "account": event.account,
                "reason": event.reason, "motive": event.motive, "case_manager": event.case_manager,
                "opened_on": event.on, "opened_at": meta.time, "until": meta.time + timedelta(hours=event.hours),
                "seen_by": None, "seen_on": None,
            }  # fmt: skip
        case EmergencyReviewed() if row is not None:
            return row | {"seen_by": meta.actor, "seen_on": event.on}
        case _:
            return row


EMERGENCIES = View(
    name="emergencies", key_column="emergency_id", columns=_columns, hears=(EmergencyOpened, EmergencyReviewed),
    key=lambda event: event.emergency_id, fold=fold_emergency,
    indexes=("account, until", "opened_at", "person_id", "case_manager"),
)  # fmt: skip


async def emergencies(reading: Reading, *, limit: int, offset: int = 0) -> tuple[list[Row], int]:
    """All of them, those that nobody has looked at first, then the newest; and how many there are."""
    table = reading.table(EMERGENCIES)
    total = await reading.conn.scalar(sa.select(sa.func.count()).select_from(table))
    order = (table.c.seen_on.is_not(None), table.c.opened_at.desc(), table.c.emergency_id)
    return await reading.rows(sa.select(table).order_by(*order).limit(limit).offset(offset)), int(total or 0)


async def emergencies_of(reading: Reading, manager: str, since: date, limit: int = 20) -> list[Row]:
    """Those of the people whom this account follows, or followed then; the newest first."""
    table, people = reading.table(EMERGENCIES), reading.table(PEOPLE)
    theirs = sa.select(people.c.person_id).where(people.c.case_manager == manager, people.c.stage == "in_charge")
    query = (
        sa.select(table)
        .where(
            table.c.opened_on >= since, table.c.account != manager,
            (table.c.case_manager == manager) | table.c.person_id.in_(theirs),
        )
        .order_by(table.c.opened_at.desc(), table.c.emergency_id)
        .limit(limit)
    )  # fmt: skip
    return await reading.rows(query)


def open_now(reading: Reading, account: str, now: datetime) -> sa.Select[Any]:
    """The people who are open to this account in emergency."""
    table = reading.table(EMERGENCIES)
    return sa.select(table.c.person_id).where(table.c.account == account, table.c.until > now)
