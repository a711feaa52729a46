"""The reader of one service: polls, handles batches, and comes down to single records where one fails.

Each batch first locks its position rows and gives up unless they stand where it believed (a stopped and woken
twin cannot commit). Then, in one transaction: views, reactions, positions. A batch that fails is run again in
halves down to the record that made it fail, so that one bad fact costs only itself: a fold that raises marks
its view faulty, a reaction that raises parks its key, what has no right to be there is rejected, a hole in the
numbers stops the reader.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import clock, positions, profiles, telemetry
from shared.events import PARTITIONS
from shared.log import Log, OffsetOutOfRange, Reader, Record, TopicPartition
from shared.positions import Moved, Place, Position
from shared.projection import FoldFailed, Folding, ViewNotReady, members
from shared.reader import requests
from shared.reader.effects import Effects, ReactionFailed
from shared.reader.work import (
    PROFILES,
    REACTIONS,
    Decoded,
    Hearing,
    Parked,
    Stop,
    Work,
    decode,
    key_of,
    sort,
    where,
)
from shared.service import Service
from shared.store import CONFLICTS, Store

logger = logging.getLogger(__name__)
BATCH = 4000
"""Records in one transaction at most. Fewer and the way to PostgreSQL and back weighs more; so many take 0.2 s."""
SLICE = 100
"""Records fetched and decoded at a time: what nobody asks for again makes room for the next ones while it is still in
the processor's cache, which saves a fifth of the reading."""
REACTING = 50
"""Facts with reactions in one batch at most: each takes locks until the commit."""
SHARE_WINDOW, SHARE_MIN, SHARE = 400, 20, 0.05
"""When more than this share of the last records had to be parked (and not just a few), the fault is ours."""


class LogReader:
    """Reads the log for one service. Only the active worker runs one."""

    def __init__(self, service: Service, store: Store, log: Log, now: Callable[[], datetime] = clock.now) -> None:
        self.service, self.store, self.log, self.now = service, store, log, now
        self.hearing = Hearing(
            # The journal, each view, the reactions: each keeps its own position.
            readers=[name for name, _, _ in members(service.views, service.hears)] + [REACTIONS],
            hears=frozenset(event.TYPE for event in service.hears),
            reacting=frozenset(event.TYPE for event in service.reactions),
            folding={
                event.TYPE: [view.name for view in service.views if Folding.start(view).wants(event.TYPE)]
                for event in service.hears
            },
        )
        self.effects = Effects(service, now)
        self.positions: dict[Place, Position] = {}
        self.parked_keys: dict[tuple[str, str], set[str]] = {}
        self.stopped: Stop | None = None
        self.last_time: datetime | None = None
        self._recent: deque[bool] = deque(maxlen=SHARE_WINDOW)
        self._reader: Reader | None = None
        self._ahead: asyncio.Task[list[Decoded]] | None = None
        self._hinting = asyncio.Lock()

    # -- where to read ------------------------------------------------------------------------------------

    def places(self) -> list[TopicPartition]:
        """The partitions of the facts that this service hears."""
        return [(topic, n) for topic in self.service.topics for n in range(PARTITIONS[topic])]

    async def start(self) -> None:
        """Reads positions and parked keys, and assigns itself all its partitions."""
        identities = {t: await self.log.identity(t) for t in (*self.service.topics, profiles.TOPIC)}
        async with self.store.engine.begin() as conn:
            found = await positions.read(conn)
            wanted: list[Place] = [(reader, *place) for place in self.places() for reader in self.hearing.readers]
            wanted += [(PROFILES, profiles.TOPIC, n) for n in range(profiles.PARTITIONS)]
            fresh: dict[Place, Position] = {}
            for place in wanted:
                position, identity = found.get(place), identities[place[1]]
                if position is None or position.log != identity:
                    fresh[place] = Position(identity, 0, position.numbers if position else {})
            if fresh:
                await positions.write(conn, fresh)
            self.positions = {place: fresh.get(place) or found[place] for place in wanted}
            await conn.execute(
                text(
                    "insert into reader_state (one) values (true) on conflict (one) do update"
                    ' set stopped_at = null, "where" = null, reason = null'
                )
            )
        await self.load_parked()
        self.stopped = None
        telemetry.STOPPED.labels(self.service.name).set(0)
        await self._assign()

    async def load_parked(self) -> None:
        """Reads which keys wait."""
        self.parked_keys = {}
        async with self.store.reads.connect() as conn:
            rows = await conn.execute(text("select distinct topic, key, stage from parked where redriven_at is null"))
            for topic, key, stage in rows:
                self.parked_keys.setdefault((topic, key), set()).add(stage)
        telemetry.PARKED.labels(self.service.name).set(len(self.parked_keys))

    async def _assign(self) -> None:
        await self.close()
        low = self.lowest()
        begins, ends = await self.log.begins(list(low)), await self.log.ends(list(low))
        # Out of range (a shorter log): from the beginning, the numbers skip what was taken.
        start = {p: offset if begins[p] <= offset <= ends[p] else begins[p] for p, offset in low.items()}
        for (reader, topic, partition), position in self.positions.items():
            if position.next_offset > ends[topic, partition]:
                position.next_offset = begins[topic, partition]
                async with self.store.engine.begin() as conn:
                    await positions.write(conn, {(reader, topic, partition): position})
        self._reader = await self.log.reader(start, f"{self.store.settings.namespace}{self.service.name}")

    async def close(self) -> None:
        """Lets the log go."""
        if self._ahead is not None:
            self._ahead.cancel()
            await asyncio.gather(self._ahead, return_exceptions=True)
            self._ahead = None
        async with self._hinting:
            if self._reader is not None:
                await self._reader.close()
                self._reader = None

    # -- reading ------------------------------------------------------------------------------------------

    async def turn(self, timeout: float = 1.0, wanted: int = 1) -> int:
        """Polls until `wanted` records came (or no more within `timeout` seconds) and handles them; returns how
        many there were. Raises LogUnavailable, SQLAlchemy errors.

        The next batch is fetched and decoded while this one is being written: decoding keeps this process
        busy, writing PostgreSQL.
        """
        if self.stopped is not None:
            await asyncio.sleep(timeout)
            return 0
        fetched = self._ahead or asyncio.create_task(self._fetch(timeout))
        self._ahead = None
        try:
            records = await fetched
            while records and len(records) < min(wanted, BATCH):
                if not (more := await self._fetch(timeout)):
                    break
                records += more
        except OffsetOutOfRange:
            await self._assign()
            return 0
        if records:
            self._ahead = asyncio.create_task(self._fetch(timeout))
            await self._handle(records)
        return len(records)

    async def read_ahead(self) -> None:
        """Waits until the batch that is being fetched beside the last turn is there."""
        if self._ahead is not None:
            await asyncio.wait([self._ahead])

    async def _fetch(self, timeout: float) -> list[Decoded]:
        assert self._reader is not None, "start() first"
        decoded: list[Decoded] = []
        more = True
        while more and len(decoded) < BATCH:
            known = len(decoded)
            # No name for what is polled: it would be kept until the next is there.
            decoded += map(self._decode, await self._reader.poll(SLICE, 0 if known else timeout))
            more = len(decoded) - known >= SLICE
            await asyncio.sleep(0)  # PostgreSQL may have answered meanwhile
        return decoded

    def _decode(self, record: Record) -> Decoded:
        return Decoded(record) if record.topic == profiles.TOPIC else decode(record, self.hearing)

    async def handle(self, records: Sequence[Record]) -> None:
        """Handles records that follow the positions."""
        await self._handle([self._decode(record) for record in records])

    async def _handle(self, records: Sequence[Decoded]) -> None:
        """In batches with few enough reactions."""
        batch: list[Decoded] = []
        reacting = 0
        for one in records:
            batch.append(one)
            reacting += one.reacts
            if reacting >= REACTING:
                if not await self._careful(batch):
                    return
                batch, reacting = [], 0
        if batch:
            await self._careful(batch)

    async def _careful(self, records: list[Decoded]) -> bool:
        """Handles a batch; False if what was polled behind it must not be handled (stopped, or moved away)."""
        try:
            try:
                with telemetry.BATCH_SECONDS.labels(self.service.name).time():
                    await self._retrying(records)
                return self.stopped is None
            except (FoldFailed, ReactionFailed, ViewNotReady) as failure:
                if len(records) == 1:
                    await self._alone(records[0])
                    return self.stopped is None
                logger.warning("batch of %d runs again in halves: %s", len(records), type(failure).__name__)
        except Moved:
            await self._again()
            return False
        half = len(records) // 2
        return await self._careful(records[:half]) and await self._careful(records[half:])

    async def _again(self) -> None:
        """Somebody moved a position: read them anew and go on from there."""
        async with self.store.engine.connect() as conn:
            found = await positions.read(conn)
        await self.load_parked()
        self.positions = {place: found[place] for place in self.positions if place in found}
        await self._assign()

    async def _alone(self, record: Decoded) -> None:
        faulty: dict[str, str] = {}
        parking: str | None = None
        while True:
            try:
                await self._retrying([record], faulty, parking)
                return
            except FoldFailed as failure:
                faulty[failure.view] = type(failure.__cause__).__name__
                logger.error("view %s is faulty at %s", failure.view, failure.taken.where, exc_info=failure.__cause__)
            except ReactionFailed as failure:
                parking = failure.reason
                logger.error("parked %s: %s", where(record.record), failure.reason, exc_info=failure.__cause__)

    async def _retrying(
        self, records: Sequence[Decoded], faulty: dict[str, str] | None = None, parking: str | None = None
    ) -> None:
        for attempt in range(5):
            try:
                await self._batch(records, faulty or {}, parking)
                return
            except DBAPIError as error:
                # A command of a person on the same stream was faster: decide again on what it left.
                if getattr(error.orig, "sqlstate", None) not in CONFLICTS or attempt == 4:
                    raise

    async def _batch(self, records: Sequence[Decoded], faulty: dict[str, str], parking: str | None) -> None:
        begun = time.time()
        places = sorted({one.record[:2] for one in records})
        async with self.store.transaction() as transaction:
            conn = transaction.conn
            found = await positions.read(conn, places)
            positions.expect(self.positions, found, places)
            # Not before: what is sorted by positions that move meanwhile would be taken twice.
            work = sort(records, self.hearing, self.positions, self.parked_keys)
            await profiles.take(conn, work.profiles)
            await self.effects.fold(transaction, work, faulty, self.positions)
            await self.effects.react(transaction, work, parking)
            await self.effects.set_aside(transaction, work)
            if parking:
                work.parked += [Parked(record, t.meta.id, "reaction", parking) for record, t in work.to_react]
            work.stop = work.stop or self._too_many(work, records)
            if work.stop:
                await self.effects.record_stop(transaction, work.stop)
            if work.positions:
                # What was decided here is published next, and must not be forgotten then; views are folded again.
                await positions.write(conn, work.positions, soon=not (transaction.appended or transaction.written))
        self.positions |= work.positions
        telemetry.passed(f"{self.service.name} views", (t.meta.traceparent for t in work.heard), begun)
        self._after(work, len(records))

    def _too_many(self, work: Work, records: Sequence[Decoded]) -> Stop | None:
        bad = sum(self._recent) + sum(parked.stage != "behind" for parked in work.parked)
        if bad <= max(SHARE_MIN, SHARE * SHARE_WINDOW):
            return None
        return Stop(where(records[-1].record), "too-many-parked")

    def _after(self, work: Work, count: int) -> None:
        for parked in work.parked:
            self.parked_keys.setdefault((parked.record.topic, key_of(parked.record)), set()).add(parked.stage)
        telemetry.PARKED.labels(self.service.name).set(len(self.parked_keys))
        telemetry.HANDLED.labels(self.service.name).inc(len(work.heard))
        if work.heard:
            self.last_time = work.heard[-1].meta.time
        new = sum(parked.stage != "behind" for parked in work.parked)
        self._recent.extend([True] * new + [False] * max(count - new, 0))
        if work.stop:
            self.stopped = work.stop
            telemetry.STOPPED.labels(self.service.name).set(1)
            logger.error("the reader stopped before %s: %s", work.stop.where, work.stop.reason)

    async def requests(self) -> int:
        """Carries out what people asked for; returns how many requests."""
        return await requests.carry_out(self)

    def lowest(self) -> dict[TopicPartition, int]:
        """The next offset of the reader that is furthest back, by partition."""
        low: dict[TopicPartition, int] = {}
        for (_, topic, partition), position in self.positions.items():
            place = (topic, partition)
            low[place] = min(low.get(place, position.next_offset), position.next_offset)
        return low

    async def lag(self) -> int:
        """Records not read yet; sets the gauges."""
        low = self.lowest()
        ends = await self.log.ends(list(low))
        by_topic: dict[str, int] = {}
        for place, offset in low.items():
            by_topic[place[0]] = by_topic.get(place[0], 0) + max(ends[place] - offset, 0)
        for topic, count in by_topic.items():
            telemetry.LAG_EVENTS.labels(self.service.name, topic).set(count)
        total = sum(by_topic.values())
        age = (clock.now() - self.last_time).total_seconds() if total and self.last_time else 0.0
        telemetry.LAG_SECONDS.labels(self.service.name).set(max(age, 0.0))
        return total

    async def hint(self) -> None:
        """Tells Kafka how far we are, after the database: for lag tools only. Beside the reading; whoever closes the
        reader waits for it, since it uses its connections."""
        async with self._hinting:
            if self._reader is not None:
                await self._reader.hint(self.lowest())
