"""Pairs of people who look like one: one row a pair, told by the streams of both in any order."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from shared.envelope import Meta
from shared.events.base import Event
from shared.events.intake import DuplicateDismissed, DuplicateProposed, PersonsJoined, PersonsParted
from shared.projection import Reading, Row, View
from shared.projection.aliases import ALIASES, rooted


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("pair_id", sa.Text, primary_key=True),
        sa.Column("first_id", sa.Text, nullable=False),
        sa.Column("second_id", sa.Text, nullable=False),
        sa.Column("likeness", sa.Text),
        sa.Column("proposed_on", sa.Date),
        sa.Column("decided", sa.Boolean, nullable=False),
    ]


def pair(one: str, other: str) -> tuple[str, str]:
    """The two ids in the order of their row."""
    return (one, other) if one < other else (other, one)


def _ids(event: Any) -> tuple[str, str]:
    if isinstance(event, PersonsJoined | PersonsParted):
        return pair(event.alias_id, event.root_id)
    return pair(event.person_id, event.other_id)


def fold_duplicate(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """Proposed by either, decided by whichever decision: once decided, it waits for nobody (parted people are two).
    The first proposal by date counts, of two on one day the first in the alphabet: no order of arrival matters."""
    first, second = _ids(event)
    row = row or {
        "pair_id": f"{first}:{second}", "first_id": first, "second_id": second, "likeness": None, "proposed_on": None,
        "decided": False,
    }  # fmt: skip
    if not isinstance(event, DuplicateProposed):
        return row | {"decided": True}
    before = (row["proposed_on"], row["likeness"])
    if before[0] is not None and before <= (event.on, event.likeness):
        return row
    return row | {"likeness": event.likeness, "proposed_on": event.on}


DUPLICATES = View(
    name="duplicates", key_column="pair_id", columns=_columns,
    hears=(DuplicateProposed, DuplicateDismissed, PersonsJoined, PersonsParted),
    key=lambda event: ":".join(_ids(event)), fold=fold_duplicate, indexes=("first_id", "second_id"),
)  # fmt: skip


async def waiting(reading: Reading, *, person_id: str | None = None, limit: int = 50) -> tuple[list[Row], int]:
    """Pairs that nobody has decided on and that are not one already, by another join too; the oldest first."""
    table = reading.table(DUPLICATES)
    apart = rooted(reading, table.c.first_id) != rooted(reading, table.c.second_id)
    query = sa.select(table).where(table.c.proposed_on.is_not(None), ~table.c.decided, apart)
    if person_id is not None:
        query = query.where((table.c.first_id == person_id) | (table.c.second_id == person_id))
    total = await reading.conn.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
    return await reading.rows(query.order_by(table.c.proposed_on, table.c.pair_id).limit(limit)), int(total or 0)


async def joined(reading: Reading, limit: int = 50) -> list[Row]:
    """Who stands under whom, the latest joined first."""
    table = reading.table(ALIASES)
    return await reading.rows(sa.select(table).order_by(table.c.joined_on.desc(), table.c.person_id).limit(limit))
