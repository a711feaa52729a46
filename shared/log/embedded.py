"""The log on PostgreSQL, for one machine without Kafka. Kafka is right: this keeps its promises.

Offsets come from a counter row per partition, taken and written in the append's own transaction: the row's
lock makes them visible in order and without holes (an identity column loses records, limits.md section 3).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.log import (
    LogUnavailable,
    Message,
    OffsetOutOfRange,
    Record,
    Topic,
    TopicPartition,
    batches,
)
from shared.log import statements as sql
from shared.log.headers import pack, unpack

logger = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds without an answer of the database after which it counts as away."""
FALLBACK = 1.0
"""Seconds after which a reader looks by itself, should a notification be lost."""
CLEAN_EVERY = 60.0
"""Seconds between two rounds of compaction and retention."""
TOMBSTONES_MS = 365 * 86_400_000
"""As Kafka's delete.retention.ms (see kafka.py)."""


class EmbeddedLog:
    """`shared.log.Log` on PostgreSQL, in the schema `<prefix>log`, which `start` makes if it is missing."""

    def __init__(self, url: str, prefix: str = "", patience: float = PATIENCE) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]{0,40}", prefix):
            raise ValueError(f"{prefix!r} cannot begin a topic's name")
        self._schema = f"{prefix}log"
        self._patience = patience
        self._statements: dict[str, TextClause] = {}
        self._engine: AsyncEngine = create_async_engine(
            url,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            connect_args={"timeout": patience, "command_timeout": patience},
        )
        self._listening = asyncio.Lock()
        self._listener: Any = None  # asyncpg's connection under the next one
        self._listener_connection: AsyncConnection | None = None
        self._cleaning: asyncio.Task[None] | None = None
        self._readers: set[EmbeddedReader] = set()

    async def start(self) -> None:
        async with self._transaction() as connection:
            await self._lock(connection)
            hints = f'"{self._schema}".log_hints'
            if await connection.scalar(text("select to_regclass(:name)"), {"name": hints}) is None:
                for statement in sql.CREATE.replace("{schema}", self._schema).split(";\n"):
                    await connection.execute(text(statement))
        self._cleaning = asyncio.create_task(self._keep_clean())

    async def stop(self) -> None:
        if self._cleaning is not None:
            self._cleaning.cancel()
            await asyncio.wait({self._cleaning})
        await self._stop_listening()
        await self._engine.dispose()

    async def create_topics(self, topics: Sequence[Topic]) -> None:
        async with self._transaction() as connection:
            await self._lock(connection)
            for topic in topics:
                await self._create(connection, topic)

    async def _create(self, connection: AsyncConnection, topic: Topic) -> None:
        found = await connection.scalar(
            self._sql('select partitions from "{schema}".log_topics where name = :name'), {"name": topic.name}
        )
        if found is not None:
            if found != topic.partitions:
                raise ValueError(f"{topic.name} has {found} partitions, not {topic.partitions}")
            return
        await connection.execute(
            self._sql(sql.INSERT_TOPIC),
            {
                "name": topic.name,
                "partitions": topic.partitions,
                "compacted": topic.compacted,
                "retention_ms": topic.retention_ms,
            },
        )

    async def identity(self, topic: str) -> str:
        rows = await self.execute('select topic_id from "{schema}".log_topics where name = :name', name=topic)
        topic_id = rows.scalar()
        if topic_id is None:
            raise LogUnavailable(f"there is no topic {topic}")
        return f"{(await self.execute(sql.CLUSTER)).scalar_one()}/{topic_id}"

    async def append(self, topic: str, partition: int, messages: Sequence[Message], timeout: float = 10) -> int:
        runs = batches(messages)
        if not runs:
            return (await self.ends([(topic, partition)]))[topic, partition]
        first: int | None = None
        for run in runs:
            offset = await self._append_run(topic, partition, run, timeout)
            first = offset if first is None else first
        assert first is not None
        # After the commit: inside, it would queue all appends of the database behind one lock (limits.md).
        with contextlib.suppress(LogUnavailable):
            await self.execute("select pg_notify(:channel, :topic)", channel=self._schema, topic=topic)
        return first

    async def _append_run(self, topic: str, partition: int, run: list[Message], timeout: float) -> int:
        keyed = all(message.key is not None for message in run)
        try:
            async with asyncio.timeout(timeout):
                rows = await self.execute(
                    sql.APPEND,
                    topic=topic,
                    partition=partition,
                    count=len(run),
                    keyed=keyed,
                    timestamps=[m.timestamp_ms for m in run],
                    keys=[m.key for m in run],
                    values=[m.value for m in run],
                    headers=[pack(m.headers) for m in run],
                )
        except TimeoutError as error:
            raise LogUnavailable(f"append to {topic}/{partition}: nothing within {timeout} s") from error
        first = rows.scalar()
        if first is None:
            await self._bounds([(topic, partition)])
            raise ValueError(f"{topic} refuses a record without key")
        return int(first)

    async def ends(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: end for tp, (_, _, end) in (await self._bounds(partitions)).items()}

    async def begins(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: begin for tp, (_, begin, _) in (await self._bounds(partitions)).items()}

    async def _bounds(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, tuple[UUID, int, int]]:
        """Topic id, first and next offset of each. Raises LogUnavailable for one that does not exist."""
        topics = sorted({topic for topic, _ in partitions})
        rows = await self.execute(sql.BOUNDS, topics=topics)
        found = {(name, number): (topic_id, begin, end) for name, number, topic_id, begin, end in rows}
        try:
            return {tp: found[tp] for tp in partitions}
        except KeyError as error:
            raise LogUnavailable(f"there is no partition {error}") from error

    async def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Record]:
        records, _ = await self.fetch({(topic, partition): offset}, limit)
        return records

    async def fetch(
        self, positions: Mapping[TopicPartition, int], limit: int
    ) -> tuple[list[Record], dict[TopicPartition, int]]:
        """What there is now from these positions, in order per partition, and the positions after it."""
        bounds = await self._bounds(list(positions))
        for (topic, number), position in positions.items():
            _, begin, end = bounds[topic, number]
            if not begin <= position <= end:
                raise OffsetOutOfRange(topic, number, position)
        behind = [tp for tp, position in positions.items() if position < bounds[tp][2]]
        if not behind:
            return [], {}
        random.shuffle(behind)  # as Kafka's consumers do, so that a busy partition does not starve another
        behind = behind[:limit]
        quota = limit // len(behind)
        rows = await self.execute(
            sql.READ,
            ids=[bounds[tp][0] for tp in behind],
            partitions=[number for _, number in behind],
            starts=[positions[tp] for tp in behind],
            quota=quota,
        )
        found = [
            Record(topic, number, offset, key, value, unpack(headers), timestamp_ms)
            for place, offset, key, value, headers, timestamp_ms in rows
            for topic, number in (behind[place - 1],)
        ]
        return found, _after(found, {tp: bounds[tp][2] for tp in behind}, quota)

    async def reader(self, positions: Mapping[TopicPartition, int], group: str) -> EmbeddedReader:
        if not positions:
            raise ValueError("a reader of no partitions")
        await self._bounds(list(positions))
        reader = EmbeddedReader(self, dict(positions), group)
        self._readers.add(reader)
        return reader

    def forget(self, reader: EmbeddedReader) -> None:
        """Wakes this reader no more."""
        self._readers.discard(reader)

    async def clean(self) -> None:
        """Compaction and retention, now. Offsets keep their holes, a partition its end, as in Kafka."""
        now_ms = int(time.time() * 1000)
        async with self._transaction() as connection:
            mine = self._lock_sql("pg_try_advisory_xact_lock")
            if not await connection.scalar(mine, {"name": self._schema}):
                return  # another process is at it
            await connection.execute(self._sql(sql.COMPACT), {"tombstones_before": now_ms - TOMBSTONES_MS})
            await connection.execute(self._sql(sql.EXPIRE), {"now_ms": now_ms})
            await connection.execute(self._sql(sql.SWEEP))
            await connection.execute(self._sql(sql.ORPHANS))

    async def _keep_clean(self) -> None:
        while True:
            await asyncio.sleep(CLEAN_EVERY)
            try:
                await self.clean()
            except LogUnavailable as error:
                logger.warning("the log was not cleaned: %s", error)

    async def listen(self) -> None:
        """Makes sure that appends by anybody wake this log's readers. Raises LogUnavailable."""
        if self._listener is not None and not self._listener.is_closed():
            return
        async with self._listening:
            await self._stop_listening()
            with _unavailable():
                self._listener_connection = connection = await self._engine.connect()
                listener = (await connection.get_raw_connection()).driver_connection
                assert listener is not None
                await listener.add_listener(self._schema, self._heard)
                self._listener = listener

    async def _stop_listening(self) -> None:
        connection, self._listener_connection, self._listener = self._listener_connection, None, None
        if connection is not None:
            await connection.invalidate()  # it listens: not one to go back to the pool
            await connection.close()

    def _heard(self, _connection: object, _pid: int, _channel: str, topic: object) -> None:
        for reader in self._readers:
            reader.wake(str(topic))

    async def execute(self, statement: str, **parameters: Any) -> CursorResult[*tuple[Any, ...]]:
        """One statement in a transaction of its own. Raises LogUnavailable."""
        with _unavailable():
            async with self._engine.connect() as connection:
                return await connection.execute(self._sql(statement), parameters)

    @contextlib.asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        with _unavailable():
            async with self._engine.connect() as connection:
                await connection.execution_options(isolation_level="READ COMMITTED")
                async with connection.begin():
                    yield connection

    async def _lock(self, connection: AsyncConnection) -> None:
        await connection.execute(self._lock_sql("pg_advisory_xact_lock"), {"name": self._schema})

    @staticmethod
    def _lock_sql(function: str) -> TextClause:
        return text(f"select {function}(hashtextextended(:name, 0))")

    def _sql(self, statement: str) -> TextClause:
        if statement not in self._statements:
            self._statements[statement] = text(statement.replace("{schema}", self._schema))
        return self._statements[statement]


class EmbeddedReader:
    """`shared.log.Reader` on PostgreSQL: woken by NOTIFY, and looking by itself every FALLBACK seconds."""

    def __init__(self, log: EmbeddedLog, positions: dict[TopicPartition, int], group: str) -> None:
        self._log = log
        self._positions = positions
        self._group = group
        self._topics = {topic for topic, _ in positions}
        self._woken = asyncio.Event()

    def wake(self, topic: str) -> None:
        """Somebody appended to this topic."""
        if topic in self._topics:
            self._woken.set()

    def seek(self, tp: TopicPartition, offset: int) -> None:
        if tp not in self._positions:
            raise KeyError(tp)
        self._positions[tp] = offset

    async def poll(self, limit: int, timeout: float) -> list[Record]:
        deadline = time.monotonic() + timeout
        await self._log.listen()
        while True:
            self._woken.clear()
            records, positions = await self._log.fetch(self._positions, limit)
            self._positions |= positions
            left = deadline - time.monotonic()
            if records or left <= 0:
                return records
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), min(left, FALLBACK))

    async def hint(self, positions: Mapping[TopicPartition, int]) -> None:
        try:
            await self._log.execute(
                sql.HINT,
                group=self._group,
                topics=[topic for topic, _ in positions],
                partitions=[number for _, number in positions],
                positions=list(positions.values()),
            )
        except LogUnavailable as error:
            logger.warning("offsets not hinted: %r", error)

    async def close(self) -> None:
        self._log.forget(self)


@contextlib.contextmanager
def _unavailable() -> Iterator[None]:
    """Turns a lost, refused or silent connection into LogUnavailable; a wrong statement stays what it is."""
    try:
        yield
    except (OSError, TimeoutError, PoolTimeout, asyncpg.InterfaceError) as error:
        raise LogUnavailable(repr(error)) from error
    except asyncpg.PostgresError as error:  # raised bare while connecting
        raise LogUnavailable(repr(error)) from error
    except DBAPIError as error:
        # 08 connection, 53 resources, 57 operator, 25006 read only (a standby); none: the driver's own.
        state = getattr(error.orig, "sqlstate", None) or "08"
        if error.connection_invalidated or state[:2] in ("08", "53", "57") or state == "25006":
            raise LogUnavailable(repr(error.orig)) from error
        raise


def _after(records: Sequence[Record], ends: Mapping[TopicPartition, int], quota: int) -> dict[TopicPartition, int]:
    """Positions after these records: past the last one, or at the end if nothing was left (holes)."""
    counts = dict.fromkeys(ends, 0)
    positions: dict[TopicPartition, int] = {}
    for record in records:
        tp = (record.topic, record.partition)
        counts[tp] += 1
        positions[tp] = record.offset + 1
    for tp, end in ends.items():
        if counts[tp] < quota:
            positions[tp] = max(positions.get(tp, end), end)
    return positions
