"""Who is shown and counted under another id: the same small view in every service.

Two people who turn out to be one are joined by a decision of intake and parted by another. Rows never move: a join
writes one row here, `person_id` under `root_id`, parting takes it away, and the queries group by it. A row comes from
the stream of the joined person alone, so that its facts are in order wherever they are folded. One level: intake
joins nobody to somebody who stands under a third.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from shared.envelope import Meta
from shared.events.base import Event
from shared.events.intake import PersonsJoined, PersonsParted
from shared.projection.reading import Reading
from shared.projection.view import Row, View

if TYPE_CHECKING:
    from shared.store import Unit


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("root_id", sa.Text, nullable=False),
        sa.Column("joined_on", sa.Date, nullable=False),
    ]


def _key(event: PersonsJoined | PersonsParted) -> str | None:
    return event.alias_id if event.person_id == event.alias_id else None


def fold_alias(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """The joined person's row, or none once they are parted."""
    if not isinstance(event, PersonsJoined):
        return None
    return {"person_id": event.alias_id, "root_id": event.root_id, "joined_on": event.on}


ALIASES = View(
    name="aliases", key_column="person_id", columns=_columns, hears=(PersonsJoined, PersonsParted), key=_key,
    fold=fold_alias, indexes=("root_id",),
)  # fmt: skip


def roots_of(facts: Iterable[Event]) -> dict[str, str]:
    """The same from facts in the order of their recording: id -> the id that it stands under."""
    roots: dict[str, str] = {}
    for fact in facts:
        if isinstance(fact, PersonsJoined | PersonsParted) and fact.person_id == fact.alias_id:
            roots.pop(fact.alias_id, None)
            if isinstance(fact, PersonsJoined):
                roots[fact.alias_id] = fact.root_id
    return roots


async def roots(reading: Reading) -> dict[str, str]:
    """Everybody who stands under another id: id -> that id."""
    table = reading.table(ALIASES)
    return {row["person_id"]: row["root_id"] for row in await reading.rows(sa.select(table))}


async def root_of(reading: Reading, person_id: str) -> str:
    """The id under which the person is shown: their own, or that of whom they were joined to."""
    row = await reading.row(ALIASES, person_id)
    return str(row["root_id"]) if row else person_id


async def shown_under(reading: Reading, person_ids: Iterable[str]) -> dict[str, str]:
    """For each of these ids the one under which the person is shown."""
    table, wanted = reading.table(ALIASES), list(dict.fromkeys(person_ids))
    rows = await reading.rows(sa.select(table).where(table.c.person_id.in_(wanted)))
    return {one: one for one in wanted} | {r["person_id"]: r["root_id"] for r in rows}


async def groups(reading: Reading, person_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each of these ids all the ids of the person, the one under which they are shown first."""
    wanted = sorted(set(person_ids))
    table = reading.table(ALIASES)
    above = table.alias()
    root = sa.select(above.c.root_id).where(above.c.person_id.in_(wanted))
    concerned = table.c.root_id.in_(wanted) | table.c.root_id.in_(root)
    query = sa.select(table.c.person_id, table.c.root_id).where(concerned).order_by(table.c.person_id)
    rows = await reading.rows(query)
    under = {row["person_id"]: row["root_id"] for row in rows}
    members: dict[str, list[str]] = {}
    for row in rows:
        members.setdefault(row["root_id"], []).append(row["person_id"])
    roots = {one: under.get(one, one) for one in wanted}
    return {one: (root, *members.get(root, ())) for one, root in roots.items()}


async def group(reading: Reading, person_id: str) -> tuple[str, ...]:
    """All the ids of the person, the one under which they are shown first."""
    return (await groups(reading, [person_id]))[person_id]


async def ids_of(unit: Unit, person_id: str) -> tuple[str, ...]:
    """For a decision: as `group`."""
    known = unit.transaction.kin
    if person_id not in known:
        known[person_id] = await group(await unit.reading(), person_id)
    return known[person_id]


async def joined_under(unit: Unit, person_id: str) -> str | None:
    """For a decision: the other id under which what is new about this person has to be recorded, if any."""
    root = (await ids_of(unit, person_id))[0]
    return root if root != person_id else None


def rooted(reading: Reading, person_id: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """In a query: the id under which the person of this column is shown, to group and to compare by."""
    table = reading.table(ALIASES).alias()
    found = sa.select(table.c.root_id).where(table.c.person_id == person_id).scalar_subquery()
    return sa.func.coalesce(found, person_id)


def by_person(
    reading: Reading, view: View, *, least: Sequence[str] = (), most: Sequence[str] = (), total: Sequence[str] = ()
) -> sa.Subquery:
    """The rows of a view whose key is the person, one each: those who stand under another id are left out, and their
    values are taken into the other's row (the least, the greatest, the sum of these columns; the rest is the
    root's own). Nothing moves: parted, each has their row again."""
    table, aliases = reading.table(view), reading.table(ALIASES)
    key = table.c[view.key_column]
    alone = ~sa.exists(sa.select(aliases.c.person_id).where(aliases.c.person_id == key))
    merged: Mapping[str, str] = {
        **dict.fromkeys(least, "least"), **dict.fromkeys(most, "greatest"), **dict.fromkeys(total, "sum")
    }  # fmt: skip
    if not merged:
        return sa.select(table).where(alone).subquery(view.name)
    inner = reading.table(view).alias("joined_rows")
    gathered: dict[str, Callable[..., Any]] = {"least": sa.func.min, "greatest": sa.func.max, "sum": sa.func.sum}
    others = (
        sa.select(aliases.c.root_id, *(gathered[how](inner.c[name]).label(name) for name, how in merged.items()))
        .join(inner, inner.c[view.key_column] == aliases.c.person_id)
        .group_by(aliases.c.root_id)
        .subquery("others")
    )

    def column(one: sa.Column[Any]) -> sa.ColumnElement[Any]:
        how = merged.get(one.name)
        if how is None:
            return one
        other = others.c[one.name]
        if how == "sum":
            return (sa.func.coalesce(one, 0) + sa.func.coalesce(other, 0)).label(one.name)
        joined = sa.func.least(one, other) if how == "least" else sa.func.greatest(one, other)
        return joined.label(one.name)

    query = sa.select(*(column(one) for one in table.columns))
    return query.select_from(table.outerjoin(others, others.c.root_id == key)).where(alone).subquery(view.name)
