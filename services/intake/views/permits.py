"""Permits of stay: one row a person, the last one shown. Whose end is near is a query, with the case manager beside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from services.intake.views.people import PEOPLE
from shared.envelope import Meta
from shared.events.base import Event
from shared.events.intake import PermitRecorded, PermitReminderDue
from shared.projection import Reading, Row, View
from shared.projection.aliases import by_person


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text),
        sa.Column("expires_on", sa.Date),
        sa.Column("may_work", sa.Boolean),
        sa.Column("work_limit", sa.Text),
        sa.Column("renewal_asked_on", sa.Date),
        sa.Column("recorded_on", sa.Date),
        sa.Column("reminded_for", sa.Date),
    ]


def fold_permit(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """The last permit shown, and of which end the person was reminded."""
    match event:
        case PermitRecorded():
            before = row or dict.fromkeys(PERMITS.column_names)
            return before | {
                "person_id": event.person_id, "kind": event.kind, "expires_on": event.expires_on,
                "may_work": event.may_work, "work_limit": event.work_limit,
                "renewal_asked_on": event.renewal_asked_on, "recorded_on": event.on,
            }  # fmt: skip
        case PermitReminderDue() if row is not None:
            return row | {"reminded_for": event.expires_on}
        case _:
            return row


PERMITS = View(
    name="permits", key_column="person_id", columns=_columns, hears=(PermitRecorded, PermitReminderDue),
    key=lambda event: event.person_id, fold=fold_permit, indexes=("expires_on",),
)  # fmt: skip


def ending(reading: Reading, today: date, days: int, districts: Sequence[str] = ()) -> sa.Select[Any]:
    """Of people with an open pathway: the permits that end within so many days, or have ended, and whose renewal was
    not asked for; the first to end first. With the case manager and the stage beside, for 'Oggi' and reminders.

    For a queue of 'Oggi': `await reading.rows(ending(reading, today, days).where(...).limit(n))`.
    """
    permits, people = reading.table(PERMITS), by_person(reading, PEOPLE)
    query = (
        sa.select(permits, people.c.case_manager, people.c.stage, people.c.district)
        .join(people, people.c.person_id == permits.c.person_id)
        .where(
            people.c.closed_on.is_(None), people.c.registered_on.is_not(None), permits.c.renewal_asked_on.is_(None),
            permits.c.expires_on <= today + timedelta(days=days),
        )
        .order_by(permits.c.expires_on, permits.c.person_id)
    )  # fmt: skip
    return query.where(people.c.district.in_(list(districts))) if districts else query
