"""The desks' days that are not closed yet, and who was registered with the fewest fields."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.domain.reception import desk_of
from services.intake.views.people import PEOPLE
from shared.envelope import Meta
from shared.events import intake
from shared.events.base import Event
from shared.projection import Reading, Row, View
from shared.projection.aliases import by_person
from shared.service import Due


def _day_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("desk_day", sa.Text, primary_key=True),
        sa.Column("desk", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("open", JSONB, nullable=False),
        sa.Column("open_count", sa.Integer, nullable=False),
        sa.Column("outcomes", JSONB, nullable=False),
    ]


def fold_day(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """One more fact of a desk's day."""
    if row is None:
        desk, on = desk_of(event.subject)
        row = {"desk_day": event.subject, "desk": desk, "day": on, "open": [], "open_count": 0, "outcomes": {}}
    match event:
        case intake.TicketTaken():
            row = row | {"open": [*row["open"], event.visit_id]}
        case intake.TicketClosed():
            row = row | {
                "open": [visit for visit in row["open"] if visit != event.visit_id],
                "outcomes": {**row["outcomes"], event.visit_id: event.outcome},
            }
        case _:
            pass
    return row | {"open_count": len(row["open"])}


DESK_DAYS = View(
    name="desk_days",
    key_column="desk_day",
    columns=_day_columns,
    hears=(intake.TicketTaken, intake.TicketClosed),
    key=lambda event: event.desk_day,
    fold=fold_day,
    indexes=("open_count",),
)


def _quick_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("registered_on", sa.Date),
        sa.Column("quick", sa.Boolean, nullable=False),
    ]


def fold_quick(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """Whether the present registration was a quick one and its pathway is open."""
    row = row or {"person_id": event.subject, "registered_on": None, "quick": False}
    match event:
        case intake.PersonRegistered():
            return row | {"registered_on": event.on, "quick": False}
        case intake.RegisteredQuickly():
            return row | {"quick": True}
        case _:
            return row | {"quick": False}


QUICK = View(
    name="quick_registrations",
    key_column="person_id",
    columns=_quick_columns,
    hears=(intake.PersonRegistered, intake.RegisteredQuickly, intake.PathwayClosed),
    key=lambda event: event.person_id,
    fold=fold_quick,
    indexes=("quick",),
)

_PROFILES = sa.table("profiles_out", sa.column("person_id", sa.Text), sa.column("data", JSONB))


def missing(profile: Row) -> list[str]:
    """What a quick registration left out and nobody has asked since, as names of fields."""
    asked = {
        "education": profile.get("education") not in (None, "unknown"),
        "languages": bool(profile.get("languages")),
        "commute_minutes": profile.get("commute_minutes") is not None,
    }
    return [name for name, there in asked.items() if not there]


async def to_complete(reading: Reading, districts: tuple[str, ...], limit: int = 200) -> list[Row]:
    """Who was registered quickly and still lacks something, the oldest first, with the fields that lack; not who was
    found to be somebody else, of whom the rest is known or asked there."""
    quick, people = reading.table(QUICK), by_person(reading, PEOPLE)
    data = _PROFILES.c.data
    query = (
        sa.select(quick.c.person_id, quick.c.registered_on, people.c.district, people.c.stage, data.label("profile"))
        .join(_PROFILES, _PROFILES.c.person_id == quick.c.person_id)
        .join(people, people.c.person_id == quick.c.person_id)
        .where(
            quick.c.quick,
            data.is_not(None),
            sa.or_(
                sa.func.coalesce(data["education"].astext, "unknown") == "unknown",
                sa.func.coalesce(data["languages"], sa.text("'[]'::jsonb")) == sa.text("'[]'::jsonb"),
                data["commute_minutes"].astext.is_(None),
            ),
        )
        .order_by(quick.c.registered_on, quick.c.person_id)
        .limit(limit)
    )
    if districts:
        query = query.where(people.c.district.in_(districts))
    return [row | {"missing": missing(row["profile"])} for row in await reading.rows(query)]


async def days_to_end(reading: Reading, today: date) -> list[Due]:
    """The days that are over with visits that nobody closed."""
    table = reading.table(DESK_DAYS)
    query = sa.select(table.c.desk_day, table.c.day).where(table.c.open_count > 0, table.c.day < today)
    return [Due(row["desk_day"], row["day"]) for row in await reading.rows(query)]
