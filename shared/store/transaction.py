"""One database transaction: commands decided one on top of the other, appended and numbered at its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asyncpg import IntegrityConstraintViolationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock
from shared.checked import DatabaseUnchecked
from shared.db import schema_name
from shared.decisions import Decision, Refused
from shared.envelope import MAX_BYTES, Meta, Recorded, ordinal_id
from shared.events import PARTITIONS, Event
from shared.log import TopicPartition, partition_of
from shared.projection import Reading, Row, ViewNotReady, copy_records
from shared.projection.aliases import groups
from shared.store.statements import APPEND, COLUMN_NAMES, COUNT, INSERT, Numbered, chain, columns, fact_row
from shared.store.unit import Command, Repeated, Stale, Unit
from shared.telemetry import traceparent
from shared.vault import Pending

if TYPE_CHECKING:
    from shared.store.store import Store

Decide = Callable[[Unit], Awaitable[Decision]]
COPY_FROM = 16
"""From this many facts on COPY is quicker than an INSERT from arrays."""


class TooLarge(Exception):
    """A fact over 256 KB: its text belongs into a vault, its list into several facts."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The facts hold from now on; `repeated` if they did already (the command came twice)."""

    events: tuple[Recorded, ...]
    repeated: bool = False


Outcome = Accepted | Refused


@dataclass
class Loaded:
    recorded: list[Recorded]

    @property
    def version(self) -> int:
        return self.recorded[-1].meta.version if self.recorded else 0


@dataclass
class Transaction:
    """One database transaction, in which one command or many are decided and appended together."""

    store: Store
    conn: AsyncConnection
    loaded: dict[str, Loaded] = field(default_factory=dict)
    appended: list[tuple[Recorded, bytes]] = field(default_factory=list)
    written: Pending = field(default_factory=Pending)
    reading: Reading | None = None
    rows: dict[tuple[str, str], Row | None] = field(default_factory=dict)
    """The views' rows that decisions asked for, by view and key: asked once a transaction."""
    kin: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By person, all the ids that they stand under (`shared.projection.aliases`)."""

    async def load(self, stream_ids: Sequence[str]) -> None:
        """Reads the streams that are not here yet, with one query."""
        missing = [stream for stream in dict.fromkeys(stream_ids) if stream not in self.loaded]
        if not missing:
            return
        for stream in missing:
            self.loaded[stream] = Loaded([])
        for recorded in await self.store.facts(self.conn, missing):
            self.loaded[recorded.meta.subject].recorded.append(recorded)

    async def look(self) -> Reading:
        """A look at the views, the same for the whole transaction. Raises ViewNotReady."""
        if self.reading is None:
            self.reading = await Reading.open(self.conn, self.store.service)
        return self.reading

    async def prefetch(self, stream_ids: Sequence[str]) -> None:
        """Reads at once what nearly every decision about these streams asks for: their facts, and who stands under
        another id."""
        await self.load(stream_ids)
        with suppress(ViewNotReady):  # of a service without it, or while it is being built: whoever asks, hears it
            self.kin |= await groups(await self.look(), stream_ids)

    async def run(self, command: Command, decide: Decide) -> Outcome:
        """Decides one command on top of all that this transaction holds already."""
        unit = Unit(self, command)
        try:
            decision = unit.answered(await decide(unit))
        except Repeated as repeated:
            return Accepted(repeated.facts, repeated=True)
        except Stale as stale:
            return stale.refused
        if isinstance(decision, Refused):
            return decision
        facts = [self._append(command, ordinal, event) for ordinal, event in enumerate(decision)]
        if unit.written is not None:
            _merge(self.written, unit.written)
        return Accepted(tuple(facts))

    def _append(self, command: Command, ordinal: int, event: Event) -> Recorded:
        store, subject = self.store, event.subject
        if store.service not in type(event).SOURCES:
            raise PermissionError(f"{store.service} may not emit {event.TYPE}")
        loaded = self.loaded.get(subject)
        if loaded is None:
            raise LookupError(f"{event.TYPE}: its stream was not read in this decision")
        data = event.__pydantic_serializer__.to_json(event)
        if len(data) > MAX_BYTES:
            raise TooLarge(event.TYPE)
        meta = Meta(
            ordinal_id(command.cause, ordinal), store.service, event.TYPE, event.VERSION, subject, command.now,
            event.TOPIC, partition_of(subject, PARTITIONS[event.TOPIC]), 0, None, command.actor, command.cause,
            command.correlation or command.cause, command.causation, command.hops,
            command.traceparent or traceparent(), loaded.version + 1,
        )  # fmt: skip
        recorded = Recorded(meta, event)
        loaded.recorded.append(recorded)
        self.appended.append((recorded, data))
        return recorded

    @property
    def simple(self) -> bool:
        """Whether one statement, which is a transaction of its own, can write all of it."""
        return not self.written and len({(r.meta.topic, r.meta.partition) for r, _ in self.appended}) == 1

    async def flush(self) -> dict[str, tuple[int, str | None]]:
        """Writes everything; the facts with their numbers come last, partition by partition in order. Returns
        number and predecessor by event id."""
        if self.written:
            await self.store.vault.write(self.conn, self.written, clock.now())
            self.written = Pending()
        by_partition: dict[TopicPartition, list[tuple[Meta, bytes]]] = {}
        for recorded, data in self.appended:
            place = (recorded.meta.topic, recorded.meta.partition)
            by_partition.setdefault(place, []).append((recorded.meta, data))
        numbered: list[Numbered] = []
        if len(by_partition) == 1:
            ((place, facts),) = by_partition.items()
            numbered = await self._append_one(place, facts)
        elif by_partition:
            numbered = await self._append_many(by_partition)
        self.appended.clear()
        return {meta.id: (number, predecessor) for meta, _, number, predecessor in numbered}

    async def _append_one(self, place: TopicPartition, facts: list[tuple[Meta, bytes]]) -> list[Numbered]:
        """Counter and facts in one statement: the whole transaction of a plain command."""
        values = columns(chain(facts, 0, None))
        values |= {"count": len(facts), "last": facts[-1][0].id, "the_topic": place[0], "the_partition": place[1]}
        found = (await self.conn.execute(APPEND, values)).all()
        if not found:
            raise DatabaseUnchecked(place[0])
        first, predecessor = min(tuple(row) for row in found)
        return chain(facts, first - 1, predecessor)

    async def _append_many(self, by_partition: dict[TopicPartition, list[tuple[Meta, bytes]]]) -> list[Numbered]:
        """Counters of several partitions, locked in order, then all the facts."""
        places = sorted(by_partition)
        counted = await self.conn.execute(
            COUNT,
            {
                "topics": [topic for topic, _ in places],
                "partitions": [partition for _, partition in places],
                "counts": [len(by_partition[place]) for place in places],
                "lasts": [by_partition[place][-1][0].id for place in places],
            },
        )
        numbered: list[Numbered] = []
        for topic, partition, number, last_id in counted:
            numbered += chain(by_partition.pop((topic, partition)), number, last_id)
        if by_partition:
            raise DatabaseUnchecked(places[0][0])
        if len(numbered) < COPY_FROM:
            await self.conn.execute(INSERT, columns(numbered))
        else:
            schema = schema_name(self.store.service, self.store.settings)
            try:
                await copy_records(self.conn, schema, "events", COLUMN_NAMES, map(fact_row, numbered))
            except IntegrityConstraintViolationError as error:
                # COPY goes past SQLAlchemy: told as INSERT tells it, since somebody faster means "again".
                raise IntegrityError("copy events", None, error) from error
        return numbered


def _merge(into: Pending, new: Pending) -> None:
    into.rows += new.rows
    into.keys |= new.keys
    into.tokens += new.tokens
    into.dropped_tokens += new.dropped_tokens
    into.dropped_rows += new.dropped_rows
    into.profiles |= new.profiles
