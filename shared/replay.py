"""Replay: the views built anew from the log, while the service keeps serving. Reactions never run.

The log is folded partition by partition in memory, the journal streamed with COPY, and rows and positions are
brought in one transaction. What the log held at the start is folded; the worker, which sees its positions
moved, goes on from there. So `replay(history) == live(history)`.

`--as-of` builds into a side schema what the views would have shown at an instant, and is never switched in.
"""

from __future__ import annotations

import contextlib
import gc
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock, positions
from shared.db import views_schema
from shared.envelope import Undecodable, read_event, read_meta
from shared.events import PARTITIONS
from shared.events.operations import ViewReplayed
from shared.log import Log, Record, TopicPartition
from shared.notices import notice
from shared.positions import Place, Position
from shared.projection import (
    HEARD,
    HEARD_COLUMNS,
    Folding,
    Taken,
    View,
    build_indexes,
    copy_records,
    copy_rows,
    create_table,
    heard_row,
    members,
    numbers_of,
    physical,
)
from shared.reader import no_right
from shared.sequencer import Broken, step
from shared.service import Service
from shared.store import Store

Progress = Callable[[int, int], None]
Member = tuple[str, View | None, str]
CHUNK = 250
"""Records read at a time: few enough to be still in the processor's cache when they are folded."""
PARTITION_SECONDS = 86_400.0
"""A partition is one COPY, which lasts as long as reading and folding it: the usual minute would cut it short."""


class ReplayStopped(Exception):
    """The log cannot be folded past this place; nothing was switched in."""


@dataclass
class _Build:
    """What a replay has built so far."""

    tables: dict[str, str]
    foldings: dict[str, Folding]
    positions: dict[TopicPartition, Position] = field(default_factory=dict)
    waiting: set[tuple[str, str]] = field(default_factory=set)
    """Keys behind a record that cannot be read: they wait, as they do live."""


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
    names: list[Member] = [m for m in members(service.views) if view in (None, m[0]) or (aside and m[0] == HEARD)]
    if view is not None and view not in {name for name, _, _ in names}:
        raise LookupError(view)
    with_journal = any(name == HEARD for name, _, _ in names)
    suffix = uuid.uuid4().hex[:6]
    build = _Build(
        {name: f"{name}__{fingerprint}__{suffix}" for name, _, fingerprint in names},
        {name: Folding.start(member) for name, member, _ in names if member is not None},
    )
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
        journal = (schema, build.tables[HEARD]) if with_journal else None
        with _few_collections():
            await _read(service, log, conn, build, begins, ends, as_of, journal, progress)
        await _bring(service, store, conn, build, names, schema)
    if not aside:
        await _switch(service, store, build, names)
    return {name: f"{schema}.{table}" for name, table in build.tables.items()}


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


@contextlib.contextmanager
def _few_collections() -> Iterator[None]:
    """While millions of rows are built that all stay, the garbage collector only walks them again and again."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(200_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def _read(
    service: Service,
    log: Log,
    conn: AsyncConnection,
    build: _Build,
    begins: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
    as_of: datetime | None,
    journal: tuple[str, str] | None,
    progress: Progress | None,
) -> None:
    """Folds partition by partition; the journal's rows go to PostgreSQL as they come out, in one COPY each."""
    hears = frozenset(event.TYPE for event in service.hears)
    total, done = sum(max(ends[place] - begins[place], 0) for place in begins), 0

    def passed(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done, total)

    for place, position in build.positions.items():
        if begins[place] < ends[place]:
            rows = _fold(log, place, begins[place], ends[place], build, as_of, hears, passed)
            if journal:
                await copy_records(conn, *journal, HEARD_COLUMNS, rows, timeout=PARTITION_SECONDS)
            else:
                async for _ in rows:
                    pass
        position.next_offset = max(ends[place], begins[place])


async def _bring(
    service: Service, store: Store, conn: AsyncConnection, build: _Build, names: Sequence[Member], schema: str
) -> None:
    """The folded rows into their tables; those with a corrected fact are folded again from the journal first."""
    here = views_schema(service.name, store.settings)
    if HEARD in build.tables:
        await build_indexes(conn, schema, None, build.tables[HEARD])
        await conn.commit()
    journal = physical(None, build.tables.get(HEARD) or await _pointer(conn, HEARD))
    await conn.commit()
    for name, member, _ in names:
        if member is None:
            continue
        folding, table = build.foldings[name], physical(member, build.tables[name])
        await conn.execute(text(f'set local search_path to "{schema}", "{here}"'))
        await folding.refold(conn, journal, table, numbers_of(build.positions))
        await copy_rows(conn, schema, table, (row for row in folding.rows.values() if row is not None))
        await build_indexes(conn, schema, member, build.tables[name])
        folding.rows.clear()
        await conn.commit()


async def _chunks(log: Log, place: TopicPartition, begin: int, end: int) -> AsyncIterator[list[Record]]:
    """The records of one partition up to `end`, some hundred at a time."""
    reader = await log.reader({place: begin}, "")
    try:
        after = begin
        while after < end:
            records = await reader.poll(CHUNK, 5.0)
            if not records:
                if (await log.begins([place]))[place] >= end:
                    return
                continue
            after = records[-1].offset + 1
            yield records if after <= end else [r for r in records if r.offset < end]
    finally:
        await reader.close()


async def _fold(
    log: Log,
    place: TopicPartition,
    begin: int,
    end: int,
    build: _Build,
    as_of: datetime | None,
    hears: frozenset[str],
    passed: Callable[[int], None],
) -> AsyncIterator[tuple[Any, ...]]:
    """Folds one partition's records into the views; yields the journal's rows. Raises ReplayStopped."""
    listening = {name: [f.take for f in build.foldings.values() if f.wants(name)] for name in hears}
    numbers, waiting = build.positions[place].numbers, build.waiting
    async for records in _chunks(log, place, begin, end):
        for record in records:
            try:
                meta = read_meta(record)
            except Undecodable:
                waiting.add((record.topic, (record.key or b"").decode(errors="replace")))
                continue
            if no_right(record, meta) or (as_of is not None and meta.time > as_of):
                continue
            verdict = step(numbers.get(meta.source), meta.number, meta.id, meta.predecessor)
            if isinstance(verdict, Broken):
                raise ReplayStopped(f"{record.topic}/{record.partition}/{record.offset}: {verdict.code}")
            if verdict == "skip":
                continue
            numbers[meta.source] = (meta.number, meta.id)
            takes = listening.get(meta.type)
            if takes is None:
                continue
            try:
                event = read_event(meta, record.value)
            except Undecodable:
                waiting.add((record.topic, meta.subject))
                continue
            if waiting and (record.topic, meta.subject) in waiting:
                continue
            taken = Taken(meta, event, record.value or b"", record.offset)
            for take in takes:
                take(taken)
            yield heard_row(meta, event, taken.data, record.offset)
        passed(len(records))


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
