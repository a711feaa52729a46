"""From the store to the log: one cursor a partition, one batch in flight, nothing pending, nothing to forget.

Only the next numbers are sent, and only when all smaller ones are acknowledged; after a failure the process
exits and its successor resumes from what the log itself says. The idempotent producer is not relied on: with
batches pipelined it can put 6 before 5.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from shared import telemetry
from shared.db import SOON
from shared.envelope import Undecodable, message, read_meta
from shared.events import PARTITIONS
from shared.log import Log, Message, TopicPartition, partition_of
from shared.store import META, Store, read_row

BATCH = 500
SAVE = text(
    # A crash of PostgreSQL may forget the last of these: it is read from the log again.
    f"{SOON}"
    ' insert into relayed (topic, partition, log, number, event_id, "offset")'
    " select t.* from soon, unnest(cast(:t as text[]), cast(:p as smallint[]), cast(:l as text[]),"
    " cast(:n as bigint[]), cast(:e as uuid[]), cast(:o as bigint[])) as t"
    " on conflict (topic, partition) do update set log = excluded.log, number = excluded.number,"
    ' event_id = excluded.event_id, "offset" = excluded."offset"'
)


class Restored(Exception):
    """The database is behind the log, or beside it: an earlier backup was restored. `recover` mends it."""

    def __init__(self, topic: str, partition: int, number: int) -> None:
        super().__init__(f"{topic}/{partition}: the log holds number {number}, which this database does not know")
        self.topic, self.partition, self.number = topic, partition, number


@dataclass
class Cursor:
    """How far the log is known to hold this service's facts of one partition."""

    log: str
    number: int = 0
    event_id: str | None = None
    offset: int = -1


class Relay:
    """Publishes one service's facts. Only the active worker runs one."""

    def __init__(self, store: Store, log: Log) -> None:
        self.store = store
        self.log = log
        self.cursors: dict[TopicPartition, Cursor] = {}
        self.oldest_waiting: datetime | None = None
        self._saving: asyncio.Task[None] | None = None
        self._waiting = text(
            f"select {META.format(service=store.service)}"
            " from unnest(cast(:topics as text[]), cast(:partitions as int[]), cast(:numbers as bigint[]))"
            "  as cursor(c_topic, c_partition, c_number)"
            f" cross join lateral (select * from events where topic = c_topic and partition = c_partition"
            f"  and number > c_number order by number limit {BATCH}) e"
        )

    async def check(self) -> None:
        """Before the first send: compares the database with the log. Raises Restored.

        Brings the cursors to what the log holds, so that a batch whose acknowledgement was lost is not sent
        again, and a log that is new, moved or shorter gets what it lacks from the kept numbers.
        """
        async with self.store.engine.connect() as conn:
            known = {
                (r.topic, r.partition): Cursor(r.log, r.number, r.event_id, r.offset)
                for r in await conn.execute(
                    text('select topic, partition, log, number, event_id::text as event_id, "offset" from relayed')
                )
            }
            counters = {
                (topic, partition): number
                for topic, partition, number in (
                    await conn.execute(text("select topic, partition, number from counters"))
                )
            }
        places = [(topic, n) for topic, count in PARTITIONS.items() for n in range(count)]
        ends = await self.log.ends(places)
        begins = await self.log.begins(places)
        identities = {topic: await self.log.identity(topic) for topic in PARTITIONS}
        for place in places:
            cursor = known.get(place)
            if cursor is None or cursor.log != identities[place[0]] or cursor.offset >= ends[place]:
                cursor = Cursor(identities[place[0]])
            try:
                await self._catch_up(place, cursor, begins[place], ends[place], counters.get(place, 0))
            except Restored:
                # A copied data directory keeps identifier, timeline and oid: from here on no command may take
                # a number that is out already.
                async with self.store.engine.begin() as conn:
                    await conn.execute(text("update health set events_oid = 0"))
                raise
            self.cursors[place] = cursor
        await self._save(self.cursors)
        async with self.store.engine.begin() as conn:
            await conn.execute(
                text(
                    "insert into health (one, system_identifier, timeline, events_oid, checked_at)"
                    " select true, (select system_identifier::text from pg_control_system()),"
                    " (select timeline_id from pg_control_checkpoint()), cast('events'::regclass::oid as bigint), now()"
                    " on conflict (one) do update set system_identifier = excluded.system_identifier,"
                    " timeline = excluded.timeline, events_oid = excluded.events_oid, checked_at = excluded.checked_at"
                )
            )

    async def _catch_up(self, place: TopicPartition, cursor: Cursor, begin: int, end: int, counter: int) -> None:
        offset = max(cursor.offset + 1, begin)
        while offset < end:
            records = await self.log.read(*place, offset, 1000)
            if not records:
                break
            own: dict[int, tuple[str, int]] = {}
            for record in records:
                offset = record.offset + 1
                try:
                    meta = read_meta(record)
                except Undecodable:
                    continue
                fits = partition_of(meta.subject, PARTITIONS[meta.topic]) == meta.partition
                if meta.source == self.store.service and fits and meta.number > cursor.number:
                    own[meta.number] = (meta.id, record.offset)
            if not own:
                continue
            if max(own) > counter:
                raise Restored(*place, max(own))
            mine = await self._ids(place, min(own), max(own))
            for number, (event_id, at) in sorted(own.items()):
                if mine.get(number) != event_id:
                    raise Restored(*place, number)
                if number == cursor.number + 1:
                    cursor.number, cursor.event_id, cursor.offset = number, event_id, at

    async def _ids(self, place: TopicPartition, first: int, last: int) -> dict[int, str]:
        async with self.store.engine.connect() as conn:
            found = await conn.execute(
                text(
                    "select number, event_id::text from events where topic = :topic and partition = :partition"
                    " and number between :first and :last"
                ),
                {"topic": place[0], "partition": place[1], "first": first, "last": last},
            )
            return {row[0]: row[1] for row in found}

    async def turn(self) -> int:
        """Sends what waits, at most one batch a partition; returns how many facts. Raises LogUnavailable."""
        begun = time.time()
        waiting: dict[TopicPartition, list[Message]] = {}
        traces: list[str | None] = []
        last: dict[TopicPartition, tuple[int, str]] = {}
        oldest: datetime | None = None
        places = list(self.cursors)
        async with self.store.reads.connect() as conn:
            found = await conn.execute(
                self._waiting,
                {
                    "topics": [topic for topic, _ in places],
                    "partitions": [partition for _, partition in places],
                    "numbers": [self.cursors[place].number for place in places],
                },
            )
            for row in found:
                meta, data = read_row(row)
                place = (meta.topic, meta.partition)
                waiting.setdefault(place, []).append(message(meta, data))
                traces.append(meta.traceparent)
                last[place] = (meta.number, meta.id)
                oldest = min(oldest, meta.time) if oldest else meta.time
        self.oldest_waiting = oldest
        if not waiting:
            await self.settled()
            return 0
        offsets = await asyncio.gather(*(self.log.append(*place, batch) for place, batch in waiting.items()))
        await self.settled()
        sent = {}
        for (place, batch), first in zip(waiting.items(), offsets, strict=True):
            cursor = self.cursors[place]
            cursor.number, cursor.event_id = last[place]
            cursor.offset = first + len(batch) - 1
            sent[place] = cursor
        # Beside the next turn: who dies before it finds in the log what was sent (`check`).
        self._saving = asyncio.create_task(self._save(sent))
        telemetry.passed(f"{self.store.service} publish", traces, begun)
        return sum(len(batch) for batch in waiting.values())

    async def settled(self) -> None:
        """Waits until the cursors of the turn before are kept. Raises SQLAlchemy errors."""
        if self._saving is not None:
            saving, self._saving = self._saving, None
            await saving

    async def _save(self, cursors: dict[TopicPartition, Cursor]) -> None:
        async with self.store.reads.connect() as conn:
            await conn.execute(
                SAVE,
                {
                    "t": [topic for topic, _ in cursors], "p": [partition for _, partition in cursors],
                    "l": [c.log for c in cursors.values()], "n": [c.number for c in cursors.values()],
                    "e": [c.event_id for c in cursors.values()], "o": [c.offset for c in cursors.values()],
                },
            )  # fmt: skip

    async def republish(self) -> None:
        """From now on everything is sent again from the kept numbers; readers skip what they have."""
        for cursor in self.cursors.values():
            cursor.number, cursor.event_id, cursor.offset = 0, None, -1

    def measure(self, now: datetime) -> None:
        """Sets the gauge of the oldest fact that waits."""
        age = (now - self.oldest_waiting).total_seconds() if self.oldest_waiting else 0.0
        telemetry.OLDEST_UNPUBLISHED.labels(self.store.service).set(max(age, 0.0))
