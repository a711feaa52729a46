"""How many were contacted within the term after they registered: the figure of a visible deadline."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.domain import parameter
from services.intake.views.people import PEOPLE
from shared.projection import Reading
from shared.projection.aliases import by_person

Period = Literal["month", "half"]


async def first_contacts(reading: Reading, today: date, period: Period) -> list[dict[str, Any]]:
    """By month or half-year of the registration, latest first: every episode, also those that are over.

    registered = within + late + waiting + lapsed: within and late were contacted; waiting still has days left;
    lapsed was never contacted and the term is over (or the pathway closed before any contact). The first contact is
    the first of: an answered contact, an appointment kept, an interview. `share` is of those whose term is over.
    """
    people = by_person(reading, PEOPLE)
    past = sa.func.jsonb_array_elements(people.c.past).table_valued(sa.column("value", JSONB), name="past")
    episodes = sa.union_all(
        sa.select(people.c.registered_on, people.c.first_contact_on, people.c.closed_on).where(
            people.c.registered_on.is_not(None)
        ),
        sa.select(
            sa.cast(past.c.value["registered_on"].astext, sa.Date),
            sa.cast(past.c.value["first_contact_on"].astext, sa.Date),
            sa.cast(past.c.value["closed_on"].astext, sa.Date),
        )
        .select_from(people.join(past, sa.true()))
        .where(people.c.episode > 1),  # who has a past came back
    ).subquery("episodes")
    grouped = sa.select(
        episodes.c.registered_on, episodes.c.first_contact_on, episodes.c.closed_on, sa.func.count().label("n")
    ).group_by(episodes.c.registered_on, episodes.c.first_contact_on, episodes.c.closed_on)
    found: dict[str, dict[str, Any]] = {}
    for row in await reading.rows(grouped):
        label = period_of(row["registered_on"], period)
        figures = found.setdefault(label, {"period": label} | dict.fromkeys(STATES, 0))
        figures[state_of(row["registered_on"], row["first_contact_on"], row["closed_on"], today)] += row["n"]
    for figures in found.values():
        figures["registered"] = sum(figures[name] for name in STATES)
        over = figures["registered"] - figures["waiting"]
        figures["share"] = round(100 * figures["within"] / over) if over else None
    return [found[label] for label in sorted(found, reverse=True)]


STATES = ("within", "late", "waiting", "lapsed")


def period_of(day: date, period: Period) -> str:
    """As `2024-03`, or `2024-1` for the first half of the year."""
    return f"{day:%Y-%m}" if period == "month" else f"{day.year}-{1 if day.month < 7 else 2}"


def days_left(registered_on: date, today: date) -> int:
    """Days of the term that are left; negative once it is over. The term is that in force at the registration."""
    return parameter("first_contact_days", registered_on) - (today - registered_on).days


def state_of(registered_on: date, contacted_on: date | None, closed_on: date | None, today: date) -> str:
    """Where one episode stands with its first contact."""
    if contacted_on is not None:
        return "within" if days_left(registered_on, contacted_on) >= 0 else "late"
    return "waiting" if closed_on is None and days_left(registered_on, today) >= 0 else "lapsed"
