"""The event store of one service: decisions in, numbered facts out, in one transaction.

`execute` runs a decision once, whatever is repeated: its facts get ids from the command's cause, so a second
try finds them and returns the first outcome. The unique (stream, version) is the optimistic lock. As the last
act of the transaction, under the counter rows locked in order, each fact gets the next gapless number of its
(source, topic, partition) and the id of its predecessor; so numbers become visible in order and the relay is
a plain cursor. (An identity column as cursor loses rows: transactions commit out of order.)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar, overload

import orjson
from sqlalchemy import Executable, Table, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import clock, events
from shared.corrections import effective
from shared.decisions import Decision, Refused, Stream
from shared.envelope import MAX_BYTES, Meta, Recorded, ordinal_id
from shared.events import PARTITIONS, Event
from shared.log import TopicPartition, partition_of
from shared.projection import Reading, View
from shared.settings import Settings, settings
from shared.telemetry import traceparent
from shared.vault import Pending, Values, Vault

S1 = TypeVar("S1")
S2 = TypeVar("S2")
S3 = TypeVar("S3")
MAX_HOPS = 16
TRIES = 8
CONFLICTS = ("23505", "40001", "40P01")
"""unique_violation, serialization_failure, deadlock_detected: somebody else was faster."""


class DatabaseUnchecked(Exception):
    """This is not the database of the last good check (a restored backup, a promoted replica): until the
    worker has compared it with the log (`recover`), commands would reuse numbers that are already out."""


class TooLarge(Exception):
    """A fact over 256 KB: its text belongs into a vault, its list into several facts."""


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody (or something) wants a decision.

    `cause` is a UUID that a repetition carries again: form token + actor, heard fact + reaction, deadline +
    due date. `shown` is the version of the (first) stream that the form showed; None where nothing was shown.
    """

    cause: str
    actor: str
    now: datetime
    shown: int | None = None
    correlation: str | None = None
    causation: str | None = None
    hops: int = 0
    traceparent: str | None = None

    @property
    def by_system(self) -> bool:
        """Only system causes reload and decide again over somebody's newer fact."""
        return self.actor.startswith("system:")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The facts hold from now on; `repeated` if they did already (the command came twice)."""

    events: tuple[Recorded, ...]
    repeated: bool = False


Outcome = Accepted | Refused


class _Repeated(Exception):
    def __init__(self, facts: tuple[Recorded, ...]) -> None:
        self.facts = facts


class _Stale(Exception):
    def __init__(self, refused: Refused) -> None:
        self.refused = refused


@dataclass
class _Loaded:
    recorded: list[Recorded]

    @property
    def version(self) -> int:
        return self.recorded[-1].meta.version if self.recorded else 0


@dataclass
class Transaction:
    """One database transaction, in which one command or many are decided and appended together."""

    store: Store
    conn: AsyncConnection
    loaded: dict[str, _Loaded] = field(default_factory=dict)
    appended: list[tuple[Recorded, bytes]] = field(default_factory=list)
    written: Pending = field(default_factory=Pending)
    reading: Reading | None = None

    async def load(self, stream_ids: Sequence[str]) -> None:
        """Reads the streams that are not here yet, with one query."""
        missing = [stream for stream in stream_ids if stream not in self.loaded]
        if not missing:
            return
        for stream in missing:
            self.loaded[stream] = _Loaded([])
        for recorded in await self.store.facts(self.conn, missing):
            self.loaded[recorded.meta.subject].recorded.append(recorded)

    async def run(self, command: Command, decide: Decide) -> Outcome:
        """Decides one command on top of all that this transaction holds already."""
        unit = Unit(self, command)
        try:
            decision = await decide(unit)
        except _Repeated as repeated:
            return Accepted(repeated.facts, repeated=True)
        except _Stale as stale:
            return stale.refused
        if isinstance(decision, Refused):
            return decision
        facts = [self._append(command, ordinal, event) for ordinal, event in enumerate(decision)]
        _merge(self.written, unit.pending)
        return Accepted(tuple(facts))

    def _append(self, command: Command, ordinal: int, event: Event) -> Recorded:
        store = self.store
        if store.service not in type(event).SOURCES:
            raise PermissionError(f"{store.service} may not emit {event.TYPE}")
        loaded = self.loaded.get(event.subject)
        if loaded is None:
            raise LookupError(f"{event.TYPE}: its stream was not read in this decision")
        data = event.__pydantic_serializer__.to_json(event)
        if len(data) > MAX_BYTES:
            raise TooLarge(event.TYPE)
        meta = Meta(
            id=ordinal_id(command.cause, ordinal),
            source=store.service,
            type=event.TYPE,
            type_version=event.VERSION,
            subject=event.subject,
            time=command.now,
            topic=event.TOPIC,
            partition=partition_of(event.subject, PARTITIONS[event.TOPIC]),
            number=0,
            predecessor=None,
            actor=command.actor,
            cause=command.cause,
            correlation=command.correlation or command.cause,
            causation=command.causation,
            hops=command.hops,
            traceparent=command.traceparent or traceparent(),
            version=loaded.version + 1,
        )
        recorded = Recorded(meta, event)
        loaded.recorded.append(recorded)
        self.appended.append((recorded, data))
        return recorded

    @property
    def simple(self) -> bool:
        """Whether one statement, which is a transaction of its own, can write all of it."""
        return not self.written and len({(r.meta.topic, r.meta.partition) for r, _ in self.appended}) == 1

    async def flush(self) -> dict[str, Meta]:
        """Writes everything; the facts with their numbers come last, partition by partition in order. Returns
        the numbered metas by event id."""
        if self.written:
            await self.store.vault.write(self.conn, self.written, clock.now())
            self.written = Pending()
        by_partition: dict[tuple[str, int], list[tuple[Meta, bytes]]] = {}
        for recorded, data in self.appended:
            place = (recorded.meta.topic, recorded.meta.partition)
            by_partition.setdefault(place, []).append((recorded.meta, data))
        if len(by_partition) == 1:
            ((place, facts),) = by_partition.items()
            done = await self._append_one(place, facts)
        elif by_partition:
            done = await self._append_many(by_partition)
        else:
            done = []
        self.appended.clear()
        return {meta.id: meta for meta in done}

    async def _append_one(self, place: TopicPartition, facts: list[tuple[Meta, bytes]]) -> list[Meta]:
        """Counter and facts in one statement: the whole transaction of a plain command."""
        chained = _chain(facts, 0, None)
        values = columns(chained)
        values |= {"count": len(facts), "last": facts[-1][0].id, "the_topic": place[0], "the_partition": place[1]}
        found = (await self.conn.execute(APPEND, values)).all()
        if not found:
            raise DatabaseUnchecked(place[0])
        first, predecessor = min(tuple(row) for row in found)
        return [meta for meta, _ in _chain(facts, first - 1, predecessor)]

    async def _append_many(self, by_partition: dict[TopicPartition, list[tuple[Meta, bytes]]]) -> list[Meta]:
        """Counters of several partitions, locked in order, then all the facts."""
        places = sorted(by_partition)
        values = {"topics": [topic for topic, _ in places], "partitions": [number for _, number in places]}
        locked = (await self.conn.execute(LOCK, values)).all()
        if len(locked) != len(places):
            raise DatabaseUnchecked(places[0][0])
        numbered: list[tuple[Meta, bytes]] = []
        for topic, partition, number, last_id in locked:
            numbered += _chain(by_partition[topic, partition], number, last_id)
        last = {(meta.topic, meta.partition): meta for meta, _ in numbered}
        values |= {
            "numbers": [last[place].number for place in places],
            "lasts": [last[place].id for place in places],
        }
        await self.conn.execute(BUMP, values)
        await self.conn.execute(INSERT, columns(numbered))
        return [meta for meta, _ in numbered]


def _chain(facts: Sequence[tuple[Meta, bytes]], number: int, predecessor: str | None) -> list[tuple[Meta, bytes]]:
    """The facts with the numbers after `number`, each naming the one before."""
    chained = []
    for m, data in facts:
        number += 1
        # Written out: dataclasses.replace takes longer than all the rest of an append.
        meta = Meta(
            m.id, m.source, m.type, m.type_version, m.subject, m.time, m.topic, m.partition, number, predecessor,
            m.actor, m.cause, m.correlation, m.causation, m.hops, m.traceparent, m.version,
        )  # fmt: skip
        chained.append((meta, data))
        predecessor = m.id
    return chained


CHECKED = (
    # This is the database of the last good check: its cluster, its timeline, and this very table (a restored
    # one has another oid).
    "exists (select 1 from health where events_oid = cast('events'::regclass::oid as bigint)"
    " and system_identifier = (select system_identifier::text from pg_control_system())"
    " and timeline = (select timeline_id from pg_control_checkpoint()))"
)
_PLACES = "unnest(cast(:topics as text[]), cast(:partitions as smallint[]))"
LOCK = text(
    "select topic, partition, number, last_id::text from counters"
    f" where (topic, partition) in (select * from {_PLACES}) and {CHECKED}"
    " order by topic, partition for update"
)
BUMP = text(
    "update counters c set number = w.number, previous_id = c.last_id, last_id = w.last_id"
    " from unnest(cast(:topics as text[]), cast(:partitions as smallint[]), cast(:numbers as bigint[]),"
    " cast(:lasts as uuid[])) as w(topic, partition, number, last_id)"
    " where c.topic = w.topic and c.partition = w.partition"
)
COLUMNS = (
    ("event_id", "uuid"), ("stream_id", "text"), ("version", "int"), ("type", "text"), ("type_version", "smallint"),
    ("topic", "text"), ("partition", "smallint"), ("number", "bigint"), ("predecessor", "uuid"),
    ("recorded_at", "timestamptz"), ("actor", "text"), ("cause", "uuid"), ("correlation", "uuid"),
    ("causation", "uuid"), ("hops", "smallint"), ("traceparent", "text"), ("data", "bytea"),
)  # fmt: skip
_NAMES = ", ".join(name for name, _ in COLUMNS)
_UNNEST = "unnest(" + ", ".join(f"cast(:{name} as {kind}[])" for name, kind in COLUMNS) + ")"
INSERT = text(f"insert into events ({_NAMES}) select * from {_UNNEST}")
APPEND = text(
    # The counter's row is locked from here to the commit, so that numbers become visible in order.
    "with counter as (update counters set number = number + :count, previous_id = last_id,"
    "  last_id = cast(:last as uuid)"
    f" where topic = :the_topic and partition = :the_partition and {CHECKED}"
    " returning number - :count as base, previous_id)"
    f" insert into events ({_NAMES}) select "
    + ", ".join(
        {"number": "counter.base + f.number", "predecessor": "coalesce(f.predecessor, counter.previous_id)"}.get(
            name, f"f.{name}"
        )
        for name, _ in COLUMNS
    )
    + f" from counter, {_UNNEST} as f({_NAMES}) returning number, predecessor::text"
)
META = (
    "event_id::text, '{service}', type, stream_id, type_version, recorded_at, topic, partition, number,"
    " predecessor::text, actor, cause::text, correlation::text, causation::text, hops, traceparent, version, data"
)


def columns(numbered: Sequence[tuple[Meta, bytes]]) -> dict[str, Any]:
    """The facts as one list a column, in the order of `COLUMNS`."""
    rows = [
        (
            m.id, m.subject, m.version, m.type, m.type_version, m.topic, m.partition, m.number, m.predecessor, m.time,
            m.actor, m.cause, m.correlation, m.causation, m.hops, m.traceparent, data,
        )
        for m, data in numbered
    ]  # fmt: skip
    return {name: list(values) for (name, _), values in zip(COLUMNS, zip(*rows, strict=True), strict=True)}


def read_row(row: Sequence[Any]) -> tuple[Meta, bytes]:
    """A row of the `META` selection."""
    (id_, source, type_, subject, type_version, time, topic, partition, number, predecessor, actor, cause,
     correlation, causation, hops, trace, version, data) = row  # fmt: skip
    meta = Meta(
        id_, source, type_, type_version, subject, time, topic, partition, number, predecessor, actor, cause,
        correlation, causation, hops, trace, version,
    )  # fmt: skip
    return meta, bytes(data)


def _merge(into: Pending, new: Pending) -> None:
    into.rows += new.rows
    into.keys |= new.keys
    into.tokens += new.tokens
    into.dropped_tokens += new.dropped_tokens
    into.profiles |= new.profiles


class UnitVault:
    """The vault as a command writes to it."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def write(self, kind: str, subject: str, values: Values, row_id: str | None = None) -> str:
        """Seals the values and returns the reference for the fact; `row_id` makes it that row's next version."""
        unit, vault = self._unit, self._unit.store.vault
        row = row_id or unit.new_id(f"vault/{kind}/{subject}/{len(unit.pending.rows)}")
        keys = unit.transaction.written.keys
        if subject in keys:
            unit.pending.keys[subject] = keys[subject]
        return await vault.seal(unit.conn, unit.pending, row, kind, subject, values)

    def index(self, purpose: str, subject: str, tokens: Sequence[str]) -> None:
        """Makes the subject findable by these tokens."""
        self._unit.store.vault.index(self._unit.pending, purpose, subject, tokens)

    def keyed_hash(self, purpose: str, value: str) -> bytes:
        """See Vault.keyed_hash."""
        return self._unit.store.vault.keyed_hash(purpose, value)

    async def find(self, purpose: str, tokens: Sequence[str]) -> list[str]:
        """The subjects that carry all the tokens, those of this very transaction included."""
        vault = self._unit.store.vault
        found = await vault.find(self._unit.conn, purpose, tokens)
        hashes = {vault.keyed_hash(purpose, token) for token in tokens}
        waiting: dict[str, set[bytes]] = {}
        for kind, token, subject in self._unit.transaction.written.tokens:
            if kind == purpose:
                waiting.setdefault(subject, set()).add(token)
        return found + [subject for subject, has in waiting.items() if hashes <= has and subject not in found]


class Unit:
    """What a decision may use: the time, the states of its streams, views, the vault."""

    def __init__(self, transaction: Transaction, command: Command) -> None:
        self.transaction = transaction
        self.command = command
        self.store = transaction.store
        self.conn = transaction.conn
        self.pending = Pending()
        self.vault = UnitVault(self)
        self._checked = False

    @property
    def now(self) -> datetime:
        """The instant of recording (UTC)."""
        return self.command.now

    @property
    def today(self) -> date:
        """The civil date in Rome."""
        return clock.civil(self.command.now)

    @property
    def actor(self) -> str:
        """The account that commands, or `system:<service>`."""
        return self.command.actor

    def new_id(self, name: str) -> str:
        """An id for a thing that this command makes: the same again if the command is repeated."""
        return ordinal_id(self.command.cause, name)

    def profile(self, person_id: str, values: Values | None) -> None:
        """Publishes the person's fine attributes on `profiles`; None ends them (a tombstone). Intake only."""
        self.pending.profiles[person_id] = values

    @overload
    async def states(self, first: Stream[S1], /) -> tuple[S1]: ...
    @overload
    async def states(self, first: Stream[S1], second: Stream[S2], /) -> tuple[S1, S2]: ...
    @overload
    async def states(self, first: Stream[S1], second: Stream[S2], third: Stream[S3], /) -> tuple[S1, S2, S3]: ...
    @overload
    async def states(self, *streams: Stream[S1]) -> tuple[S1, ...]: ...
    async def states(self, *streams: Stream[Any]) -> tuple[Any, ...]:
        """The states of all the streams that the decision reads or appends to. One call a decision, so that a
        repeated command and a stale page are seen before anything is decided."""
        await self.transaction.load([stream.id for stream in streams])
        for stream in streams:
            self._once(stream.id)
        if self.command.shown is not None and not self.command.by_system and streams and not self._checked:
            self._checked = True  # the form showed the first stream of the first call, and no other
            self._fresh(streams[0].id, self.command.shown)
        return tuple(fold(stream, self.transaction.loaded[stream.id].recorded) for stream in streams)

    def history(self, stream_id: str) -> list[Recorded]:
        """The service's facts of a stream that this decision has read, corrections included."""
        return self.transaction.loaded[stream_id].recorded

    def _once(self, stream_id: str) -> None:
        loaded = self.transaction.loaded
        if any(r.meta.cause == self.command.cause for r in loaded[stream_id].recorded):
            facts = [r for one in loaded.values() for r in one.recorded if r.meta.cause == self.command.cause]
            order = {ordinal_id(self.command.cause, n): n for n in range(len(facts))}
            raise _Repeated(tuple(sorted(facts, key=lambda r: order.get(r.meta.id, len(facts)))))

    def _fresh(self, stream_id: str, shown: int) -> None:
        newer = [
            r.meta
            for r in self.transaction.loaded[stream_id].recorded
            if r.meta.version > shown and not r.meta.actor.startswith("system:")
        ]
        if newer:
            last = newer[-1]
            at = last.time.astimezone(clock.ROME)
            raise _Stale(
                Refused(
                    "stale_page",
                    f"Nel frattempo {self.store.name_of(last.actor)} ha registrato «{self.store.label_of(last.type)}»"
                    f" ({at:%d/%m/%Y %H:%M}). Rileggi la pagina e, se serve ancora, ripeti.",
                )
            )

    async def _read(self) -> Reading:
        if self.transaction.reading is None:
            self.transaction.reading = await Reading.open(self.conn, self.store.service)
        return self.transaction.reading

    async def row(self, view: View, key: str) -> dict[str, Any] | None:
        """The view's row of that key, as folded so far."""
        return await (await self._read()).row(view, key)

    async def rows(self, query: Executable) -> list[dict[str, Any]]:
        """The rows of a query on views."""
        return await (await self._read()).rows(query)

    async def table(self, view: View) -> Table:
        """The view's present table."""
        return (await self._read()).table(view)


Decide = Callable[[Unit], Awaitable[Decision]]


def fold(stream: Stream[S1], recorded: Sequence[Recorded]) -> S1:
    """The state of a stream: its effective facts, one after the other."""
    state = stream.initial
    for fact in effective(recorded):
        state = stream.evolve(state, fact.event)
    return state


class Store:
    """The store of one service."""

    def __init__(self, service: str, engine: AsyncEngine, current: Settings = settings) -> None:
        self.service = service
        self.engine = engine
        self.reads = engine.execution_options(isolation_level="AUTOCOMMIT")
        """The same connections for single statements: no begin, no commit."""
        self.settings = current
        self.vault = Vault(service, current)
        self.committed = asyncio.Event()
        """Set after each commit in this process: a relay here need not wait for the NOTIFY."""
        self._bell = asyncio.Event()
        self._ringer: asyncio.Task[None] | None = None
        self.name_of: Callable[[str], str] = lambda actor: actor
        self.label_of: Callable[[str], str] = lambda type_name: type_name
        """How an account and a type of fact are called on a page; the web shell sets both."""
        self._facts = text(
            f"select {META.format(service=service)} from events where stream_id = any(:streams)"
            " order by stream_id, version"
        )

    @property
    def channel(self) -> str:
        """The NOTIFY channel that wakes this service's relay."""
        return f"{self.settings.namespace}{self.service}_events"

    async def facts(self, conn: AsyncConnection, stream_ids: Sequence[str]) -> list[Recorded]:
        """The service's facts of these streams, in order."""
        found = await conn.execute(self._facts, {"streams": list(stream_ids)})
        facts = []
        for row in found:
            meta, data = read_row(row)
            facts.append(Recorded(meta, events.load(meta.type, meta.type_version, data)))
        return facts

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A transaction for many commands (imports, simulation, reactions): flushed and committed at the end."""
        async with self.engine.begin() as conn:
            transaction = Transaction(self, conn)
            yield transaction
            numbered = await transaction.flush()
        if numbered:
            self.ring()

    async def execute(self, command: Command, decide: Decide) -> Outcome:
        """Runs one decision in a transaction of its own. Raises DatabaseUnchecked and SQLAlchemy's errors."""
        for attempt in range(TRIES):
            try:
                outcome = await self._try(command, decide)
            except DBAPIError as error:
                # Somebody was faster, or the connection broke: again, since a cause takes effect only once.
                if attempt + 1 == TRIES or not (_conflict(error) or (error.connection_invalidated and attempt < 2)):
                    raise
                continue
            if isinstance(outcome, Accepted) and outcome.events and not outcome.repeated:
                self.ring()
            return outcome
        raise AssertionError("unreachable: the last try returns or raises")

    async def _try(self, command: Command, decide: Decide) -> Outcome:
        # The decision reads without a transaction: the unique (stream, version) tells if somebody was faster.
        async with self.reads.connect() as conn:
            transaction = Transaction(self, conn)
            outcome = await transaction.run(command, decide)
            if isinstance(outcome, Refused) or outcome.repeated:
                return outcome
            numbered = await transaction.flush() if transaction.simple else {}
        if transaction.appended or transaction.written:
            async with self.engine.begin() as transaction.conn:
                numbered = await transaction.flush()
        return Accepted(tuple(Recorded(numbered[r.meta.id], r.event) for r in outcome.events))

    def ring(self) -> None:
        """Wakes the relay: here at once, elsewhere by a NOTIFY *after* the commit (inside it costs 30 %)."""
        self.committed.set()
        self._bell.set()
        if self._ringer is None or self._ringer.done():
            self._ringer = asyncio.create_task(self._notify())

    async def _notify(self) -> None:
        # One NOTIFY for all the commits that happened meanwhile; the relay looks every second anyway.
        while self._bell.is_set():
            self._bell.clear()
            try:
                async with self.reads.connect() as conn:
                    await conn.execute(text("select pg_notify(:channel, '')"), {"channel": self.channel})
            except (DBAPIError, OSError, TimeoutError):
                return

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reading]:
        """A look at the views."""
        async with self.reads.connect() as conn:
            yield await Reading.open(conn, self.service)

    async def history(self, stream_id: str) -> list[Recorded]:
        """The service's facts of one stream, corrections included."""
        async with self.reads.connect() as conn:
            return await self.facts(conn, [stream_id])

    async def state(self, stream: Stream[S1]) -> tuple[S1, int]:
        """The state of a stream as it is now, and its version for the form's `shown`."""
        recorded = await self.history(stream.id)
        return fold(stream, recorded), recorded[-1].meta.version if recorded else 0

    async def version(self, stream_id: str) -> int:
        """The version of a stream, 0 if nothing happened yet."""
        async with self.reads.connect() as conn:
            found = await conn.scalar(
                text("select coalesce(max(version), 0) from events where stream_id = :id"), {"id": stream_id}
            )
            return int(found or 0)

    async def close(self) -> None:
        """Ends the waiting NOTIFY and the connections."""
        if self._ringer is not None:
            await asyncio.gather(self._ringer, return_exceptions=True)
        await self.engine.dispose()


def _conflict(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in CONFLICTS or isinstance(error, IntegrityError)


def to_json(values: Any) -> str:
    """Canonical JSON, for columns and digests."""
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS).decode()
