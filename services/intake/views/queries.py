"""What the pages ask of the views."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from services.intake.domain import parameter
from services.intake.views.people import PEOPLE
from shared.projection import Reading, Row

# Queries


async def worklist(reading: Reading, today: date, districts: Sequence[str], limit: int = 10) -> dict[str, Any]:
    """The page 'Oggi': each queue with its length and its most urgent rows."""
    table = reading.table(PEOPLE)
    since = today - timedelta(days=parameter("recently_closed_days", today))
    queues: dict[str, tuple[Any, Any]] = {
        "to_contact": (table.c.stage == "to_contact", table.c.registered_on),
        "to_interview": (table.c.stage == "to_interview", table.c.registered_on),
        "to_decide": (table.c.stage == "to_decide", table.c.last_on),
        "to_plan": ((table.c.stage == "in_charge") & table.c.plan.is_(None), table.c.in_charge_on),
        "due": (table.c.next_due_on <= today, table.c.next_due_on),
        "recently_closed": (
            (table.c.stage == "closed") & (table.c.closed_on >= since),
            table.c.closed_on.desc(),
        ),
    }
    found: dict[str, Any] = {}
    for name, (condition, order) in queues.items():
        where = condition & table.c.district.in_(list(districts)) if districts else condition
        count = await reading.conn.scalar(sa.select(sa.func.count()).select_from(table).where(where))
        rows = await reading.rows(sa.select(table).where(where).order_by(order, table.c.person_id).limit(limit))
        found[name] = {"count": count, "rows": rows}
    return found


def _filtered(table: sa.Table, filters: dict[str, Any]) -> sa.Select[Any]:
    query = sa.select(table)
    for name in ("stage", "district", "case_manager", "channel"):
        if filters.get(name):
            query = query.where(table.c[name] == filters[name])
    if filters.get("since"):
        query = query.where(table.c.registered_on >= filters["since"])
    if filters.get("until"):
        query = query.where(table.c.registered_on <= filters["until"])
    if filters.get("ids") is not None:
        query = query.where(table.c.person_id.in_(list(filters["ids"])))
    return query


async def people(reading: Reading, filters: dict[str, Any], *, limit: int, offset: int = 0) -> tuple[list[Row], int]:
    """People by urgency (the longest registered first), and how many there are in all."""
    table = reading.table(PEOPLE)
    query = _filtered(table, filters)
    total = await reading.conn.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
    ordered = query.order_by(table.c.registered_on.desc().nulls_last(), table.c.person_id)
    return await reading.rows(ordered.limit(limit).offset(offset)), int(total or 0)


async def case_managers(reading: Reading) -> list[str]:
    """The accounts that follow somebody now."""
    table = reading.table(PEOPLE)
    query = sa.select(table.c.case_manager).where(table.c.stage == "in_charge").distinct()
    return sorted((await reading.conn.execute(query)).scalars())
