"""Replay: the views built anew from the log, while the service keeps serving. Reactions never run.

The log is folded partition by partition in memory (a long one by several processes, see `shares`), the journal
streamed with COPY, and rows and positions are brought in one transaction. What the log held at the start is folded;
the worker, which sees its positions moved, goes on from there. So `replay(history) == live(history)`.

`--as-of` builds into a side schema what the views would have shown at an instant, and is never switched in.
"""

from __future__ import annotations

import contextlib
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock, positions
from shared.db import views_schema
from shared.events import PARTITIONS
from shared.events.operations import ViewReplayed
from shared.log import Log, TopicPartition
from shared.meanwhile import meanwhile
from shared.notices import notice
from shared.positions import Place, Position
from shared.projection import (
    HEARD,
    Folding,
    View,
    build_indexes,
    copy_rows,
    create_table,
    members,
    numbers_of,
    physical,
)
from shared.service import Service
from shared.shares import Folded, Share, again, fold_all
from shared.store import Store

Progress = Callable[[int, int], None]
Member = tuple[str, View | None, str]


@dataclass
class _Build:
    """What a replay has built so far."""

    tables: dict[str, str]
    positions: dict[TopicPartition, Position] = field(default_factory=dict)
    shares: list[Folded] = field(default_factory=list)


async def replay(
    service: Service,
    store: Store,
    log: Log,
    *,
    view: str | None = None,
    as_of: datetime | None = None,
    at: dict[TopicPartition, int] | None = None,
    progress: Progress | None = None,
) -> dict[str, str]:
    """Builds the views (one, or all with the journal) from the log; returns their tables.

    `as_of` takes what had been recorded by then, `at` what lies before these offsets: both build into a side
    schema. Raises ReplayStopped where the sequencer or a newer version forbids to go on; a fold that raises
    ends the replay with its error.
    """
    aside = as_of is not None or at is not None
    schema = views_schema(service.name, store.settings) + ("_asof" if aside else "")
    # Aside, the journal is built too: what a correction touches is folded again from it.
    names: list[Member] = [
        m for m in members(service.views, service.hears) if view in (None, m[0]) or (aside and m[0] == HEARD)
    ]
    if view is not None and view not in {name for name, _, _ in names}:
        raise LookupError(view)
    with_journal = any(name == HEARD for name, _, _ in names)
    suffix = uuid.uuid4().hex[:6]
    build = _Build({name: f"{name}__{fingerprint}__{suffix}" for name, _, fingerprint in names})
    places = [(topic, n) for topic in service.topics for n in range(PARTITIONS[topic])]
    async with store.engine.connect() as conn, _alone(conn, schema):
        await _sweep(conn, schema, aside)
        begins, ends = await log.begins(places), await log.ends(places)
        if at is not None:
            ends = {place: min(ends[place], at.get(place, ends[place])) for place in places}
        elif not with_journal:
            # What a correction touches is read from the journal, which must hold all that is folded here.
            known = await positions.read(conn)
            ends = {p: min(ends[p], known[HEARD, *p].next_offset) if (HEARD, *p) in known else 0 for p in places}
        for name, member, _ in names:
            await create_table(conn, schema, member, build.tables[name])
        await conn.commit()
        for place in places:
            build.positions[place] = Position(await log.identity(place[0]), begins[place])
        share = Share(schema, build.tables, as_of, ends, build.positions)
        passed = _passed(sum(share.sizes().values()), progress)
        build.shares = await fold_all(service, store.settings, conn, log, share, passed)
        for folded in build.shares:
            build.positions |= folded.positions
        await _bring(service, store, conn, build, names, schema)
    if not aside:
        await _switch(service, store, build, names)
    return {name: f"{schema}.{table}" for name, table in build.tables.items()}


def _passed(total: int, progress: Progress | None) -> Callable[[int], None]:
    done = 0

    def passed(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done, total)

    return passed


@contextlib.asynccontextmanager
async def _alone(conn: AsyncConnection, schema: str) -> AsyncIterator[None]:
    """One replay of a service at a time: the next one sweeps away what this one builds."""
    values = {"name": f"replay/{schema}"}
    await conn.execute(text("select pg_advisory_lock(hashtextextended(:name, 0))"), values)
    await conn.commit()
    try:
        yield
    finally:
        await conn.rollback()
        await conn.execute(text("select pg_advisory_unlock(hashtextextended(:name, 0))"), values)
        await conn.commit()


async def _sweep(conn: AsyncConnection, schema: str, aside: bool) -> None:
    """Drops what an earlier replay that died has left, and aside what the one before has built."""
    kept = set() if aside else {row[0] for row in await conn.execute(text("select table_name from views"))}
    found = await conn.execute(text("select tablename from pg_tables where schemaname = :s"), {"s": schema})
    for (table,) in found.all():
        if "__" in table and table not in kept:
            await conn.execute(text(f'drop table "{schema}"."{table}"'))
    await conn.commit()


async def _bring(
    service: Service, store: Store, conn: AsyncConnection, build: _Build, names: Sequence[Member], schema: str
) -> None:
    """Keys and indexes, the journal's beside the others'; and those rows that have to be folded again, from it."""
    here = views_schema(service.name, store.settings)
    journal = physical(None, build.tables.get(HEARD) or await _pointer(conn, HEARD))
    await conn.commit()
    async with meanwhile(_index(store, schema, build.tables.get(HEARD))) as indexed:
        for name, member, _ in names:
            if member is None:
                continue
            folding, table = Folding.start(member), physical(member, build.tables[name])
            await conn.execute(text(f'set local search_path to "{schema}", "{here}"'))
            await again(conn, schema, folding, table.name, build.shares)
            if folding.dirty:
                await indexed
            await folding.refold(conn, journal, table, numbers_of(build.positions))
            await copy_rows(conn, schema, table, (row for row in folding.rows.values() if row is not None))
            await build_indexes(conn, schema, member, build.tables[name])
            await conn.commit()
        await indexed


async def _index(store: Store, schema: str, journal: str | None) -> None:
    """The journal's key and indexes, if it was built."""
    if journal is not None:
        async with store.engine.begin() as conn:
            await build_indexes(conn, schema, None, journal)


async def _pointer(conn: AsyncConnection, name: str) -> str:
    found = await conn.scalar(text("select table_name from views where view = :name"), {"name": name})
    if found is None:
        raise LookupError(name)
    return str(found)


async def _switch(service: Service, store: Store, build: _Build, names: Sequence[Member]) -> None:
    """Rows and positions come in together: pointers, positions and the end of any fault in one transaction.

    The old tables stay for pages that have just looked their pointer up; the next replay sweeps them away.
    """
    async with store.transaction() as transaction:
        conn = transaction.conn
        await positions.read(conn, list(build.positions))
        moved: dict[Place, Position] = {}
        for name, _, fingerprint in names:
            await conn.execute(
                text(
                    "update views set table_name = :t, fingerprint = :f, faulty = null, built_at = now()"
                    " where view = :v"
                ),
                {"t": build.tables[name], "f": fingerprint, "v": name},
            )
            for (topic, partition), position in build.positions.items():
                moved[name, topic, partition] = position
            last = max(build.positions.items())
            if name != HEARD:
                where = f"{last[0][0]}/{last[0][1]}/{last[1].next_offset}"
                await notice(transaction, ViewReplayed, where, build.tables[name][-6:], clock.now(), name)
        await positions.write(conn, moved)


def bar(done: int, total: int) -> None:
    """A progress bar on standard error."""
    share = done / total if total else 1.0
    print(f"\r[{'#' * int(share * 40):<40}] {done:,}/{total:,}", end="", file=sys.stderr, flush=True)
