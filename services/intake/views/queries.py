"""What the pages ask of the views."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from services.intake.views.people import PEOPLE
from services.intake.views.worklist import FLAGS, Tables, tables
from shared.projection import Reading, Row
from shared.projection.aliases import by_person

# Queries


def _filtered(t: Tables, filters: dict[str, Any], today: date) -> sa.Select[Any]:
    table = t.people
    query = sa.select(table).select_from(t.source)
    for name in ("stage", "district", "case_manager", "channel", "readiness", "outcome"):
        if filters.get(name):
            query = query.where(table.c[name] == filters[name])
    if filters.get("since"):
        query = query.where(table.c.registered_on >= filters["since"])
    if filters.get("until"):
        query = query.where(table.c.registered_on <= filters["until"])
    if filters.get("ids") is not None:
        query = query.where(table.c.person_id.in_(list(filters["ids"])))
    if filters.get("inside") is not None:
        query = query.where(filters["inside"](table.c))
    if filters.get("flag"):
        query = query.where(FLAGS[filters["flag"]](t, today))
    return query


async def people(
    reading: Reading,
    filters: dict[str, Any],
    *,
    limit: int,
    offset: int = 0,
    today: date | None = None,
    only: Sequence[str] = (),
) -> tuple[list[Row], int]:
    """People by urgency (the longest registered first), and how many there are in all.

    `filters["flag"]` is one of FLAGS and wants `today`; `filters["inside"]` makes of the people's columns the condition
    on whom the reader may see (`scopes.in_scope`). `only` these columns: for a file of many thousand rows, whose
    plans and checks nobody reads.
    """
    t = tables(reading, merged=True)
    query = _filtered(t, filters, today or date.min)
    total = await reading.conn.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
    ordered = query.order_by(t.people.c.registered_on.desc().nulls_last(), t.people.c.person_id)
    if only:
        ordered = ordered.with_only_columns(*(t.people.c[name] for name in only), maintain_column_froms=True)
    return await reading.rows(ordered.limit(limit).offset(offset)), int(total or 0)


async def caseloads(reading: Reading) -> dict[str, int]:
    """Account -> how many open cases it follows."""
    table = by_person(reading, PEOPLE)
    query = (
        sa.select(table.c.case_manager, sa.func.count().label("n"))
        .where(table.c.stage == "in_charge", table.c.case_manager.is_not(None))
        .group_by(table.c.case_manager)
        .order_by(table.c.case_manager)
    )
    return {row["case_manager"]: int(row["n"]) for row in await reading.rows(query)}


async def cases_of(reading: Reading, manager: str, limit: int = 2000) -> list[str]:
    """The open cases of an account, by id; also those that stand under another id, so that nobody is forgotten."""
    table = reading.table(PEOPLE)
    query = (
        sa.select(table.c.person_id)
        .where(table.c.case_manager == manager, table.c.stage == "in_charge")
        .order_by(table.c.person_id)
        .limit(limit)
    )
    return [row["person_id"] for row in await reading.rows(query)]


async def case_managers(reading: Reading) -> list[str]:
    """The accounts that follow somebody now."""
    table = by_person(reading, PEOPLE)
    query = sa.select(table.c.case_manager).where(table.c.stage == "in_charge").distinct()
    return sorted((await reading.conn.execute(query)).scalars())
