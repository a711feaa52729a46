"""From the log to a service's views and reactions: effect once, in one transaction a batch.

Each batch first locks its position rows and gives up unless they stand where it believed (a stopped and woken
twin cannot commit). Then, in one transaction: views, reactions, positions. A batch that fails is run again
record by record, so that one bad fact costs only itself: a fold that raises marks its view faulty, a reaction
that raises parks its key, what has no right to be there is rejected, and a hole in the numbers stops the reader.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock, events, positions, profiles, telemetry
from shared.db import views_schema
from shared.decisions import Refused
from shared.envelope import Meta, Undecodable, ordinal_id, read_event, read_meta
from shared.events import PARTITIONS, NewerVersion, UnknownType
from shared.events.operations import ReaderStopped, RecordParked, RecordRedriven, RecordRejected, ViewFaulty
from shared.log import Log, OffsetOutOfRange, Reader, Record, TopicPartition, partition_of
from shared.notices import notice
from shared.positions import Moved, Place, Position
from shared.projection import (
    HEARD,
    HEARD_COLUMNS,
    FoldFailed,
    Folding,
    Numbers,
    Reading,
    Taken,
    ViewNotReady,
    copy_records,
    heard_row,
    load_rows,
    members,
    numbers_of,
    write_rows,
)
from shared.sequencer import Broken, step
from shared.service import Reaction, Service
from shared.store import CONFLICTS, MAX_HOPS, Command, Store, Transaction

logger = logging.getLogger(__name__)
BATCH = 500
REACTING = 50
"""Facts with reactions in one batch at most: each takes locks until the commit."""
REACTIONS = "reactions"
PROFILES = "profiles"
SHARE_WINDOW, SHARE_MIN, SHARE = 400, 20, 0.05
"""When more than this share of the last records had to be parked (and not just a few), the fault is ours."""


class ReactionFailed(Exception):
    """A reaction raised: its key is parked."""

    def __init__(self, record: Record, reason: str) -> None:
        super().__init__(reason)
        self.record, self.reason = record, reason


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the reader cannot go on, and before which record."""

    where: str
    reason: str


@dataclass
class Work:
    """What a batch found in its records, before anything is written."""

    heard: list[Taken] = field(default_factory=list)
    to_fold: dict[str, list[Taken]] = field(default_factory=dict)
    to_react: list[tuple[Record, Taken]] = field(default_factory=list)
    parked: list[tuple[Record, str | None, str, str]] = field(default_factory=list)
    rejected: list[tuple[Record, str]] = field(default_factory=list)
    positions: dict[Place, Position] = field(default_factory=dict)
    stop: Stop | None = None


class LogReader:
    """Reads the log for one service. Only the active worker runs one."""

    def __init__(self, service: Service, store: Store, log: Log, now: Callable[[], datetime] = clock.now) -> None:
        self.service, self.store, self.log, self.now = service, store, log, now
        self.schema = views_schema(service.name, store.settings)
        self.positions: dict[Place, Position] = {}
        self.parked_keys: dict[tuple[str, str], set[str]] = {}
        self.stopped: Stop | None = None
        self.failing: str | None = None
        self.last_time: datetime | None = None
        self._recent: deque[bool] = deque(maxlen=SHARE_WINDOW)
        self._hears = {event.TYPE for event in service.hears}
        self._reacting = {event.TYPE for event in service.reactions}
        self._reader: Reader | None = None

    # -- where to read ------------------------------------------------------------------------------------

    @property
    def readers(self) -> list[str]:
        """The journal, each view, the reactions: each keeps its own position."""
        return [name for name, _, _ in members(self.service.views)] + [REACTIONS]

    def places(self) -> list[TopicPartition]:
        """The partitions of the facts that this service hears."""
        return [(topic, n) for topic in self.service.topics for n in range(PARTITIONS[topic])]

    async def start(self) -> None:
        """Reads positions and parked keys, and assigns itself all its partitions."""
        identities = {t: await self.log.identity(t) for t in (*self.service.topics, profiles.TOPIC)}
        async with self.store.engine.begin() as conn:
            found = await positions.read(conn)
            wanted: list[Place] = [(reader, *place) for place in self.places() for reader in self.readers]
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
            await self._load_parked(conn)
        self.stopped = None
        telemetry.STOPPED.labels(self.service.name).set(0)
        await self._assign()

    async def _load_parked(self, conn: AsyncConnection) -> None:
        self.parked_keys = {}
        rows = await conn.execute(
            text('select topic, key, stage from parked where redriven_at is null order by topic, partition, "offset"')
        )
        for topic, key, stage in rows:
            self.parked_keys.setdefault((topic, key), set()).add(stage)
        telemetry.PARKED.labels(self.service.name).set(len(self.parked_keys))

    async def _assign(self) -> None:
        if self._reader is not None:
            await self._reader.close()
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
        if self._reader is not None:
            await self._reader.close()
            self._reader = None

    # -- reading ------------------------------------------------------------------------------------------

    async def turn(self, timeout: float = 1.0) -> int:
        """Polls once and handles what came; returns how many records. Raises LogUnavailable, SQLAlchemy errors."""
        if self.stopped is not None:
            await asyncio.sleep(timeout)
            return 0
        assert self._reader is not None, "start() first"
        try:
            records = await self._reader.poll(BATCH, timeout)
        except OffsetOutOfRange:
            await self._assign()
            return 0
        await self.handle(records)
        return len(records)

    async def handle(self, records: Sequence[Record]) -> None:
        """Handles records that follow the positions, in batches with few enough reactions."""
        batch: list[Record] = []
        reacting = 0
        for record in records:
            if any(k == "ce_type" and v.decode(errors="replace") in self._reacting for k, v in record.headers):
                reacting += 1
            batch.append(record)
            if reacting >= REACTING:
                if not await self._careful(batch):
                    return
                batch, reacting = [], 0
        if batch:
            await self._careful(batch)

    async def _careful(self, records: list[Record]) -> bool:
        """Handles a batch; False if what was polled behind it must not be handled (stopped, or moved away)."""
        with telemetry.BATCH_SECONDS.labels(self.service.name).time():
            try:
                await self._retrying(records)
                return self.stopped is None
            except Moved:
                await self._again()
                return False
            except (FoldFailed, ReactionFailed, ViewNotReady) as failure:
                logger.warning("batch of %d runs again one by one: %s", len(records), type(failure).__name__)
            for record in records:
                try:
                    await self._alone(record)
                except Moved:
                    await self._again()
                    return False
                if self.stopped:
                    return False
            return True

    async def _again(self) -> None:
        """Somebody moved a position: read them anew and go on from there."""
        async with self.store.engine.connect() as conn:
            found = await positions.read(conn)
            await self._load_parked(conn)
        self.positions = {place: found[place] for place in self.positions if place in found}
        await self._assign()

    async def _alone(self, record: Record) -> None:
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
                logger.error("parked %s: %s", _where(record), failure.reason, exc_info=failure.__cause__)

    async def _retrying(
        self, records: Sequence[Record], faulty: dict[str, str] | None = None, parking: str | None = None
    ) -> None:
        for attempt in range(5):
            try:
                await self._batch(records, faulty or {}, parking)
                return
            except DBAPIError as error:
                # A command of a person on the same stream was faster: decide again on what it left.
                if getattr(error.orig, "sqlstate", None) not in CONFLICTS or attempt == 4:
                    raise

    async def _batch(self, records: Sequence[Record], faulty: dict[str, str], parking: str | None) -> None:
        places = sorted({(r.topic, r.partition) for r in records})
        async with self.store.transaction() as transaction:
            conn = transaction.conn
            found = await positions.read(conn, places)
            positions.expect(self.positions, found, places)
            own = [r for r in records if r.topic == profiles.TOPIC]
            work = self._sort([r for r in records if r.topic != profiles.TOPIC])
            if own:
                await profiles.take(conn, own)
                for record in own:
                    place = (PROFILES, record.topic, record.partition)
                    position = self.positions[place].copy()
                    position.next_offset = record.offset + 1
                    work.positions[place] = position
            await self._fold(transaction, work, faulty)
            await self._react(transaction, work, parking)
            await self._park(transaction, work)
            if work.stop:
                await self._record_stop(transaction, work.stop)
            if work.positions:
                await positions.write(conn, work.positions)
        self.positions |= work.positions
        self._after(work, len(records))

    def _after(self, work: Work, count: int) -> None:
        for record, _, stage, reason in work.parked:
            self.parked_keys.setdefault((record.topic, _key(record)), set()).add(stage)
            telemetry.DEAD_LETTERS.labels(self.service.name, reason).inc()
        for _, reason in work.rejected:
            telemetry.DEAD_LETTERS.labels(self.service.name, reason).inc()
        telemetry.PARKED.labels(self.service.name).set(len(self.parked_keys))
        telemetry.HANDLED.labels(self.service.name).inc(len(work.heard))
        if work.heard:
            self.last_time = work.heard[-1].meta.time
        new = sum(1 for _, _, stage, _ in work.parked if stage != "behind")
        self._recent.extend([True] * new + [False] * max(count - new, 0))
        if work.stop:
            self.stopped = work.stop
            telemetry.STOPPED.labels(self.service.name).set(1)
            logger.error("the reader stopped before %s: %s", work.stop.where, work.stop.reason)

    # -- sorting records ----------------------------------------------------------------------------------

    def _sort(self, records: Sequence[Record]) -> Work:
        """What each record is, and who of the readers still has to take it. Touches nothing."""
        work = Work()
        for record in records:
            mine = {
                reader: work.positions.get((reader, record.topic, record.partition))
                or self.positions[reader, record.topic, record.partition].copy()
                for reader in self.readers
            }
            behind = [reader for reader, position in mine.items() if position.next_offset <= record.offset]
            if not behind:
                continue
            stop = self._one(record, behind, mine, work)
            if stop is None and sum(self._recent) > max(SHARE_MIN, SHARE * SHARE_WINDOW):
                stop = Stop(_where(record), "too-many-parked")
            if stop is not None:
                work.stop = stop
                return work
            for reader in behind:
                mine[reader].next_offset = record.offset + 1
                work.positions[reader, record.topic, record.partition] = mine[reader]
        return work

    def _one(self, record: Record, behind: list[str], mine: dict[str, Position], work: Work) -> Stop | None:
        try:
            meta = read_meta(record)
        except Undecodable as error:
            self._park_decode(work, record, None, str(error))
            return None
        reason = no_right(record, meta)
        if reason:
            work.rejected.append((record, reason))
            return None
        taking = []
        for reader in behind:
            seen = mine[reader].numbers.get(meta.source)
            verdict = step(seen, meta.number, meta.id, meta.predecessor)
            if isinstance(verdict, Broken):
                return Stop(_where(record), verdict.code)
            if verdict == "take":
                taking.append(reader)
        event: events.Event | None = None
        waits = self.parked_keys.get((record.topic, meta.subject), set()) | {
            stage for r, _, stage, _ in work.parked if r.topic == record.topic and _key(r) == meta.subject
        }
        if taking and meta.type in self._hears:
            try:
                event = read_event(meta, record.value)
            except NewerVersion:
                return Stop(_where(record), "newer-version")
            except Undecodable as error:
                self._park_decode(work, record, meta.id, str(error))
        elif taking and meta.type not in events.REGISTRY:
            telemetry.UNKNOWN_TYPES.labels(self.service.name, "unknown").inc()
        for reader in taking:
            mine[reader].numbers[meta.source] = (meta.number, meta.id)
        if event is None:
            return None
        if "decode" in waits:
            work.parked.append((record, meta.id, "behind", "behind"))
            return None
        taken = Taken(meta, event, record.value or b"", record.offset)
        for reader in taking:
            if reader == HEARD:
                work.heard.append(taken)
            elif reader == REACTIONS:
                if meta.type in self._reacting and waits:
                    work.parked.append((record, meta.id, "behind", "behind"))
                elif meta.type in self._reacting:
                    work.to_react.append((record, taken))
            else:
                work.to_fold.setdefault(reader, []).append(taken)
        return None

    def _park_decode(self, work: Work, record: Record, event_id: str | None, reason: str) -> None:
        work.parked.append((record, event_id, "decode", f"undecodable-{reason}"))

    # -- effects ------------------------------------------------------------------------------------------

    async def _fold(self, transaction: Transaction, work: Work, faulty: dict[str, str]) -> None:
        if not work.heard and not work.to_fold:
            return
        conn = transaction.conn
        reading = await Reading.open(conn, self.service.name)
        if work.heard:
            await copy_records(
                conn, self.schema, reading.heard.name, HEARD_COLUMNS,
                [heard_row(t.meta, t.event, t.data, t.offset) for t in work.heard],
            )  # fmt: skip
        for view in self.service.views:
            taken = work.to_fold.get(view.name)
            if not taken:
                continue
            if view.name in faulty:
                await self._mark_faulty(transaction, view.name, taken[0], faulty[view.name])
                continue
            try:
                table = reading.table(view)
            except ViewNotReady:
                continue  # an older version's table stays as it was; the new one is being built by a replay
            folding = Folding.start(view)
            try:
                keys = folding.keys(taken)
            except Exception as error:
                raise FoldFailed(view.name, taken[0], error) from error
            await load_rows(conn, folding, table, keys)
            for one in taken:
                folding.take(one)
            try:
                await folding.refold(conn, reading.heard, table, self._numbers(view.name, work))
            except DBAPIError:
                raise
            except Exception as error:
                raise FoldFailed(view.name, taken[-1], error) from error
            await write_rows(conn, self.schema, folding, table)

    def _numbers(self, reader: str, work: Work) -> Numbers:
        now = {(p[1], p[2]): position for p, position in self.positions.items() if p[0] == reader}
        now |= {(p[1], p[2]): position for p, position in work.positions.items() if p[0] == reader}
        return numbers_of(now)

    async def _mark_faulty(self, transaction: Transaction, view: str, taken: Taken, reason: str) -> None:
        await transaction.conn.execute(
            text("update views set faulty = :reason where view = :view"), {"reason": reason, "view": view}
        )
        await notice(transaction, ViewFaulty, taken.where, reason, self.now(), view)

    async def _react(self, transaction: Transaction, work: Work, parking: str | None) -> None:
        for record, taken in work.to_react:
            if parking:
                work.parked.append((record, taken.meta.id, "reaction", parking))
                continue
            if taken.meta.hops >= MAX_HOPS:
                work.parked.append((record, taken.meta.id, "reaction", "too-many-hops"))
                continue
            for reaction in self.service.reactions[type(taken.event)]:
                await self._run(transaction, reaction, record, taken)

    async def _run(self, transaction: Transaction, reaction: Reaction, record: Record, taken: Taken) -> None:
        meta, name = taken.meta, getattr(reaction, "__name__", "reaction")
        command = Command(
            cause=ordinal_id(meta.id, f"{self.service.name}/{name}"),
            actor=f"system:{self.service.name}",
            now=self.now(),
            correlation=meta.correlation,
            causation=meta.id,
            hops=meta.hops + 1,
        )
        with (
            telemetry.continued(f"{self.service.name} {name}", meta.traceparent),
            telemetry.REACTION_SECONDS.labels(self.service.name, name).time(),
        ):
            try:
                outcome = await transaction.run(command, lambda unit: reaction(unit, taken.event, meta))
            except DBAPIError as error:
                if error.connection_invalidated or getattr(error.orig, "sqlstate", None) in CONFLICTS:
                    raise
                raise ReactionFailed(record, f"{name}-{type(error.orig).__name__}") from error
            except (OSError, TimeoutError):
                raise
            except Exception as error:
                raise ReactionFailed(record, f"{name}-{type(error).__name__}") from error
        if isinstance(outcome, Refused):
            await transaction.conn.execute(
                text("insert into refusals values (:id, :reaction, :code, :at) on conflict do nothing"),
                {"id": meta.id, "reaction": name, "code": outcome.code, "at": self.now()},
            )

    async def _park(self, transaction: Transaction, work: Work) -> None:
        for record, event_id, stage, reason in work.parked:
            inserted = await transaction.conn.execute(
                text(
                    'insert into parked (topic, partition, "offset", key, event_id, stage, reason, parked_at)'
                    " values (:t, :p, :o, :k, :e, :s, :r, :at) on conflict do nothing"
                ),
                {
                    "t": record.topic, "p": record.partition, "o": record.offset, "k": _key(record), "e": event_id,
                    "s": stage, "r": reason, "at": self.now(),
                },
            )  # fmt: skip
            if inserted.rowcount and stage != "behind":
                await notice(transaction, RecordParked, _where(record), _code(reason), self.now())
        for record, reason in work.rejected:
            await notice(transaction, RecordRejected, _where(record), reason, self.now())

    async def _record_stop(self, transaction: Transaction, stop: Stop) -> None:
        await transaction.conn.execute(
            text('update reader_state set stopped_at = :at, "where" = :w, reason = :r'),
            {"at": self.now(), "w": stop.where, "r": stop.reason},
        )
        await notice(transaction, ReaderStopped, stop.where, stop.reason, self.now())

    # -- requests of people -------------------------------------------------------------------------------

    async def requests(self) -> int:
        """Carries out what was asked for: parked keys are driven again, voided records passed over."""
        async with self.store.engine.connect() as conn:
            rows = (
                await conn.execute(
                    text(
                        'select request_id::text, verb, topic, partition, "offset", key from requests'
                        " where done_at is null order by requested_at"
                    )
                )
            ).all()
        for row in rows:
            if row.verb == "redrive":
                await self._redrive(row.topic, row.key)
            else:
                await self._skip((row.topic, row.partition), row.offset)
            async with self.store.engine.begin() as conn:
                await conn.execute(
                    text("update requests set done_at = :at where request_id = cast(:id as uuid)"),
                    {"at": self.now(), "id": row.request_id},
                )
        return len(rows)

    async def _redrive(self, topic: str | None, key: str | None) -> None:
        async with self.store.engine.connect() as conn:
            rows = (
                await conn.execute(
                    text(
                        'select topic, partition, "offset", key, stage from parked where redriven_at is null'
                        " and (cast(:t as text) is null or topic = :t) and (cast(:k as text) is null or key = :k)"
                        ' order by topic, partition, "offset"'
                    ),
                    {"t": topic, "k": key},
                )
            ).all()
        failed: set[tuple[str, str]] = set()
        for row in rows:
            if (row.topic, row.key) in failed:
                continue  # what is behind a record that still fails goes on waiting
            records = await self.log.read(row.topic, row.partition, row.offset, 1)
            if not records or records[0].offset != row.offset:
                failed.add((row.topic, row.key))
                continue
            try:
                await self._redrive_one(records[0], row.stage, {r.stage for r in rows if r.key == row.key})
            except (FoldFailed, ReactionFailed, Undecodable, UnknownType, NewerVersion) as error:
                logger.warning("still parked: %s (%s)", _where(records[0]), type(error).__name__)
                failed.add((row.topic, row.key))
        async with self.store.engine.connect() as conn:
            await self._load_parked(conn)

    async def _redrive_one(self, record: Record, stage: str, stages: set[str]) -> None:
        meta = read_meta(record)
        taken = Taken(meta, read_event(meta, record.value), record.value or b"", record.offset)
        async with self.store.transaction() as transaction:
            await positions.read(transaction.conn, [(record.topic, record.partition)])
            work = Work()
            # Behind a record that could not be read the views waited too; behind a reaction only reactions did.
            if "decode" in stages:
                passed = [
                    reader
                    for reader in self.readers
                    if self.positions[reader, record.topic, record.partition].next_offset > record.offset
                ]
                work.heard = [taken] if HEARD in passed else []
                work.to_fold = {reader: [taken] for reader in passed if reader not in (HEARD, REACTIONS)}
            if meta.type in self._reacting:
                work.to_react = [(record, taken)]
            await self._fold(transaction, work, {})
            await self._react(transaction, work, None)
            await transaction.conn.execute(
                text('update parked set redriven_at = :at where topic = :t and partition = :p and "offset" = :o'),
                {"at": self.now(), "t": record.topic, "p": record.partition, "o": record.offset},
            )
            if stage != "behind":
                await notice(transaction, RecordRedriven, _where(record), "redriven", self.now())

    async def _skip(self, place: TopicPartition, offset: int) -> None:
        """Declares the record before which the reader stopped as void: it has no number of its source's."""
        if self.stopped is None or self.stopped.where != f"{place[0]}/{place[1]}/{offset}":
            return
        async with self.store.transaction() as transaction:
            found = await positions.read(transaction.conn, [place])
            moved = {}
            for key, position in found.items():
                if position.next_offset <= offset:
                    position.next_offset = offset + 1
                    moved[key] = position
            await positions.write(transaction.conn, moved)
            await notice(transaction, RecordRejected, self.stopped.where, "declared-void", self.now())
        await self.start()

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
        """Tells Kafka how far we are, after the database: for lag tools only."""
        if self._reader is not None:
            await self._reader.hint(self.lowest())


def no_right(record: Record, meta: Meta) -> str | None:
    """Why this record may not be where it is: it touches neither numbers nor keys."""
    if meta.source not in events.SERVICES:
        return "unknown-source"
    contract = events.REGISTRY.get(meta.type)
    if contract is not None and meta.source not in contract.SOURCES:
        return "forged-source"
    if contract is None and meta.type.split(".", 1)[0] not in (meta.source, "operations"):
        return "forged-source"
    if contract is not None and record.topic != contract.TOPIC:
        return "wrong-topic"
    if record.key is None or record.key.decode(errors="replace") != meta.subject:
        return "wrong-key"
    if partition_of(meta.subject, PARTITIONS[record.topic]) != record.partition:
        return "wrong-partition"
    return None


def _where(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def _key(record: Record) -> str:
    return (record.key or b"").decode(errors="replace")[:200]


def _code(reason: str) -> str:
    return "".join(c if c.isalnum() or c in "_.:-" else "-" for c in reason)[:64] or "unknown"
