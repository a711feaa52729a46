"""The folding of a replay, shared out: each process folds some of the partitions.

Within a partition the order of the facts is theirs, between partitions there is none: so partitions can be folded
side by side, on as many processors as there are. Who is through with one takes the next, the longest first, so that
nobody waits long for another at the end. A process streams the journal's rows with COPY as it folds, and at its
end brings its views' rows, all into tables that have no key yet. What two shares had of one row, and what a corrected
fact touched, is not merged but folded again from the journal (`again`), as live: one rule for all.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import service_engine
from shared.envelope import Undecodable, read_event, read_meta
from shared.log import Log, Record, TopicPartition, open_log
from shared.positions import Position
from shared.projection import (
    HEARD,
    HEARD_COLUMNS,
    FoldFailed,
    Folding,
    Taken,
    copy_records,
    copy_rows,
    heard_row,
    physical,
)
from shared.projection.view import SUBJECTS
from shared.reader import no_right
from shared.sequencer import Broken, step
from shared.service import Service
from shared.settings import Settings
from shared.tuning import few_collections, no_collections

CHUNK = 50
"""Records read at a time: few enough to be still in the processor's cache when they are folded. At 1,000 reading alone
takes half as long again."""
TELL_EVERY = 10_000
"""Records after which a process tells how far it is: who listens is folding too."""
WORTH_A_PROCESS = 50_000
"""Records: a process of its own takes about as long to start as folding so many."""
PARTITION_SECONDS = 86_400.0
"""A partition is one COPY, which lasts as long as reading and folding it: the usual minute would cut it short."""

Streams = dict[str, dict[str, set[str]]]
"""View -> row -> the streams to read it again from."""
Listening = dict[str, list[Callable[[Taken], None]]]
"""Type of fact -> who folds it."""


class ReplayStopped(Exception):
    """The log cannot be folded past this place; nothing was switched in."""


@dataclass
class Share:
    """What a process needs to know to fold the partitions that it is given, and where their rows go."""

    schema: str
    tables: dict[str, str]
    as_of: datetime | None
    ends: dict[TopicPartition, int]
    positions: dict[TopicPartition, Position]

    def sizes(self) -> dict[TopicPartition, int]:
        """How many records each partition has to be read."""
        return {place: max(self.ends[place] - at.next_offset, 0) for place, at in self.positions.items()}


@dataclass
class Folded:
    """What came of a share, its rows aside."""

    positions: dict[TopicPartition, Position]
    """Of the partitions that it was given."""
    dirty: Streams
    """Rows that a corrected fact touched: they were not brought."""


More = Callable[[], Awaitable[TopicPartition | None]]
"""The next partition to fold; None when there is none left."""
MORE = "more"
"""What a process says to be given one."""


def processors() -> int:
    """How many this process may use; no replay takes more than four."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(mine, 4)


def processes(records: int) -> int:
    """How many processes are worth their start for so many records."""
    return max(1, min(processors(), records // WORTH_A_PROCESS))


def longest_last(sizes: dict[TopicPartition, int]) -> list[TopicPartition]:
    """The partitions that hold something, to be taken from the end."""
    return sorted((place for place, size in sizes.items() if size > 0), key=lambda place: sizes[place])


async def fold_all(
    service: Service, settings: Settings, conn: AsyncConnection, log: Log, share: Share, passed: Callable[[int], None]
) -> list[Folded]:
    """Folds all partitions, here and in processes of their own. Raises ReplayStopped, and for what is folded here
    FoldFailed."""
    sizes = share.sizes()
    waiting = longest_last(sizes)

    async def more() -> TopicPartition | None:
        return waiting.pop() if waiting else None

    count = processes(sum(sizes.values())) if service.where else 1
    with contextlib.ExitStack() as stack:
        stack.enter_context(no_collections())
        others = [stack.enter_context(_elsewhere(service, settings, share)) for _ in range(count - 1)]
        answers = [asyncio.create_task(_answer(pipe, more, passed)) for pipe in others]
        try:
            mine = await fold_share(service, conn, log, share, more, passed)
            return [mine, *await asyncio.gather(*answers)]
        finally:
            for task in answers:
                task.cancel()


@contextlib.contextmanager
def _elsewhere(service: Service, settings: Settings, share: Share) -> Iterator[Connection]:
    """A new interpreter. Not by multiprocessing: its spawn imports again whatever program this one runs, which takes
    longer than all that is needed here, and its fork takes this process' connections and threads along."""
    ours, theirs = socket.socketpair()
    pipe = Connection(ours.detach())
    program = f"import sys; sys.path[:] = {sys.path!r}; from shared.shares import serve; serve({theirs.fileno()})"
    with theirs:
        process = subprocess.Popen([sys.executable, "-c", program], pass_fds=[theirs.fileno()])
    try:
        pipe.send((service.where, settings, share))
        yield pipe
    finally:
        process.terminate()
        process.wait()
        pipe.close()


async def _answer(pipe: Connection, more: More, passed: Callable[[int], None]) -> Folded:
    """What the other process tells: that it is ready for the next partition, how many records it passed, and at its
    end what came of it."""
    while True:
        try:
            told = await asyncio.to_thread(pipe.recv)
            if told == MORE:
                pipe.send(await more())
                continue
        except (EOFError, OSError):
            raise ReplayStopped("a process that was folding ended") from None
        if isinstance(told, Folded):
            return told
        if isinstance(told, str):
            raise ReplayStopped(told)
        passed(told)


def serve(descriptor: int) -> None:
    """The other process: folds what it is given over this socket."""
    few_collections()
    gc.disable()  # as where it was started, and it ends with its work
    pipe = Connection(descriptor)
    where, settings, share = pipe.recv()
    module, name = where.split(":")
    service: Service = getattr(importlib.import_module(module), name)

    async def more() -> TopicPartition | None:
        pipe.send(MORE)
        place: TopicPartition | None = pipe.recv()
        return place

    async def run() -> Folded:
        engine = service_engine(service.name, settings, pool_size=1)
        log = open_log(settings.log_url, settings.namespace)
        await log.start()
        try:
            async with engine.connect() as conn:
                return await fold_share(service, conn, log, share, more, pipe.send)
        finally:
            await log.stop()
            await engine.dispose()

    try:
        pipe.send(uvloop.run(run()))
    except (ReplayStopped, FoldFailed) as stopped:
        pipe.send(str(stopped))


async def fold_share(
    service: Service, conn: AsyncConnection, log: Log, share: Share, more: More, passed: Callable[[int], None]
) -> Folded:
    """Folds partition by partition and brings the rows, but for those that have to be folded again."""
    done: dict[TopicPartition, Position] = {}
    foldings = {view.name: Folding.start(view) for view in service.views if view.name in share.tables}
    hears = frozenset(event.TYPE for event in service.hears)
    listening: Listening = {name: [f.take for f in foldings.values() if f.wants(name)] for name in hears}
    waiting: set[tuple[str, str]] = set()
    while (place := await more()) is not None:
        position = done[place] = share.positions[place]
        rows = _fold(log, place, position, share, listening, waiting, passed)
        if HEARD in share.tables:
            await copy_records(conn, share.schema, share.tables[HEARD], HEARD_COLUMNS, rows, timeout=PARTITION_SECONDS)
        else:
            async for _ in rows:
                pass
        position.next_offset = share.ends[place]
    for name, folding in foldings.items():
        for key, streams in folding.dirty.items():
            streams.update((folding.rows.get(key) or {}).get(SUBJECTS, ()))
        whole = (row for key, row in folding.rows.items() if row is not None and key not in folding.dirty)
        await copy_rows(conn, share.schema, physical(folding.view, share.tables[name]), whole)
        folding.rows = {}
    await conn.commit()
    return Folded(done, {name: folding.dirty for name, folding in foldings.items()})


async def again(conn: AsyncConnection, schema: str, folding: Folding, table: str, shares: Sequence[Folded]) -> None:
    """Takes out what has to be folded again: what a corrected fact touched, and what two shares had of one row."""
    name, key = folding.view.name, folding.view.key_column
    into = f'"{schema}"."{table}"'
    for share in shares:
        for row, streams in share.dirty[name].items():
            folding.dirty.setdefault(row, set()).update(streams)
    if len(shares) > 1:
        found = await conn.execute(text(f'select "{key}" from {into} group by 1 having count(*) > 1'))
        for (row,) in found:
            folding.dirty.setdefault(row, set())
    if not folding.dirty:
        return
    values = {"rows": list(folding.dirty)}
    fed = text(f'select "{key}", stream from {into}, unnest("{SUBJECTS}") as stream where "{key}" = any(:rows)')
    for row, stream in await conn.execute(fed, values):
        folding.dirty[row].add(stream)
    await conn.execute(text(f'delete from {into} where "{key}" = any(:rows)'), values)


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
            await asyncio.sleep(0)  # the journal's rows of the last ones go out, and PostgreSQL works beside us
            yield records if after <= end else [r for r in records if r.offset < end]
    finally:
        await reader.close()


async def _fold(
    log: Log,
    place: TopicPartition,
    position: Position,
    share: Share,
    listening: Listening,
    waiting: set[tuple[str, str]],
    passed: Callable[[int], None],
) -> AsyncIterator[tuple[Any, ...]]:
    """Folds one partition's records into the views; yields the journal's rows. `waiting` gathers the keys behind a
    record that cannot be read: they wait, as they do live. Raises ReplayStopped."""
    numbers, as_of, untold = position.numbers, share.as_of, 0
    async for records in _chunks(log, place, position.next_offset, share.ends[place]):
        for record in records:
            try:
                meta = read_meta(record)
            except Undecodable:
                waiting.add((record.topic, (record.key or b"").decode(errors="replace")))
                continue
            if no_right(record, meta) or (as_of is not None and meta.time > as_of):
                continue
            source, number, id_ = meta.source, meta.number, meta.id
            verdict = step(numbers.get(source), number, id_, meta.predecessor)
            if isinstance(verdict, Broken):
                raise ReplayStopped(f"{record.topic}/{record.partition}/{record.offset}: {verdict.code}")
            if verdict == "skip":
                continue
            numbers[source] = (number, id_)
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
            taken = tuple.__new__(Taken, (meta, event, record.value or b"", record.offset))
            for take in takes:
                take(taken)
            yield heard_row(meta, event, taken.data, record.offset)
        untold += len(records)
        if untold >= TELL_EVERY:
            passed(untold)
            untold = 0
    passed(untold)
