"""What pages and deadlines ask of the requests about one's data and of the erasures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import sqlalchemy as sa

from services.intake.domain.retention import closed_before
from services.intake.views.people import PEOPLE
from services.intake.views.rights import ERASURES, RIGHTS_REQUESTED
from shared.projection import Reading, Row
from shared.projection.aliases import ALIASES
from shared.projection.privacy import PRIVACY
from shared.service import Due

AGAIN_DAYS = 365
"""Days after which a rule proposes again what people had decided against."""


async def rights_requested(
    reading: Reading, *, waiting: bool | None = None, person_id: str | None = None, limit: int = 200
) -> list[Row]:
    """The requests about one's data: those that wait by their term, the answered ones newest first."""
    table = reading.table(RIGHTS_REQUESTED)
    query = sa.select(table)
    if waiting is not None:
        query = query.where(table.c.answered_on.is_(None) if waiting else table.c.answered_on.is_not(None))
    if person_id is not None:
        query = query.where(table.c.person_id == person_id)
    order = (table.c.answered_on.desc().nulls_first(), table.c.due_on, table.c.request_id)
    return await reading.rows(query.order_by(*order).limit(limit))


async def erasures(reading: Reading, states: Sequence[str], *, limit: int = 200) -> list[Row]:
    """The erasures in one of these states, those that are to be decided or carried out first."""
    table = reading.table(ERASURES)
    order = (table.c.execute_on.nulls_first(), table.c.erased_on.desc(), table.c.proposed_on, table.c.person_id)
    return await reading.rows(sa.select(table).where(table.c.state.in_(list(states))).order_by(*order).limit(limit))


async def erasures_to_carry_out(reading: Reading, today: date) -> list[Due]:
    """Confirmed erasures whose day has come."""
    table = reading.table(ERASURES)
    query = sa.select(table.c.person_id, table.c.execute_on).where(
        table.c.state == "confirmed", table.c.execute_on <= today
    )
    return [Due(row["person_id"], row["execute_on"]) for row in await reading.rows(query)]


async def to_propose(reading: Reading, today: date) -> list[Due]:
    """Closed pathways whose term is over and for which nobody is deciding: key `rule/person id`. Of joined people the
    one under whom they are shown."""
    people, erasing = reading.table(PEOPLE), reading.table(ERASURES)
    aliases, privacy = reading.table(ALIASES), reading.table(PRIVACY)
    found: list[Due] = []
    again = today - timedelta(days=AGAIN_DAYS)
    base = (
        sa.select(people.c.person_id, people.c.closed_on)
        .outerjoin(erasing, erasing.c.person_id == people.c.person_id)
        .where(people.c.stage == "closed")
        .where(erasing.c.person_id.is_(None) | ((erasing.c.state == "dropped") & (erasing.c.decided_on < again)))
        .where(~sa.exists(sa.select(aliases.c.person_id).where(aliases.c.person_id == people.c.person_id)))
        .order_by(people.c.closed_on, people.c.person_id)
        .limit(500)
    )
    for rule, followed in (("never_charged", False), ("case_file", True)):
        seen = people.c.in_charge_on.is_not(None) if followed else people.c.in_charge_on.is_(None)
        due = base.where(seen, people.c.closed_on < closed_before(rule, today))
        found += [Due(f"{rule}/{row['person_id']}", row["closed_on"]) for row in await reading.rows(due)]
    kept = (
        sa.select(erasing.c.person_id, erasing.c.erased_on, erasing.c.kept)
        .join(privacy, privacy.c.person_id == erasing.c.person_id)
        .where(erasing.c.state == "done", erasing.c.scope == "partial")
        .where(~sa.exists(sa.select(aliases.c.person_id).where(aliases.c.person_id == erasing.c.person_id)))
    )
    for row in await reading.rows(kept):
        ends = [date.fromisoformat(duty["until"]) if duty["until"] else date.max for duty in row["kept"]]
        if max(ends, default=date.max) < today:
            found.append(Due(f"kept_over/{row['person_id']}", row["erased_on"]))
    return found
