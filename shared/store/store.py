"""The store of one service: executes commands, reads streams and views."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import orjson
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import events
from shared.decisions import Refused, Stream
from shared.envelope import Recorded
from shared.projection import Reading
from shared.settings import Settings, settings
from shared.store.statements import META, META_COLUMNS, read_row
from shared.store.transaction import Accepted, Decide, Outcome, Transaction
from shared.store.unit import Command, fold
from shared.vault import Vault

S1 = TypeVar("S1")
T = TypeVar("T")
TRIES = 8
NOTIFY_EVERY = 0.005
"""Seconds between two NOTIFYs at least: a lone commit is told at once, a burst costs no more than its commits."""
CONFLICTS = ("23505", "40001", "40P01")
"""unique_violation, serialization_failure, deadlock_detected: somebody else was faster."""


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
        # Stream by stream through the index, whatever the planner believes of how many rows a stream has.
        self._facts = text(
            f"select {META.format(service=service)} from unnest(string_to_array(:streams, chr(31))) as wanted(id)"
            " cross join lateral (select * from events where stream_id = wanted.id order by version) e"
        ).columns(*META_COLUMNS)

    @property
    def channel(self) -> str:
        """The NOTIFY channel that wakes this service's relay."""
        return f"{self.settings.namespace}{self.service}_events"

    async def facts(self, conn: AsyncConnection, stream_ids: Sequence[str]) -> list[Recorded]:
        """The service's facts of these streams, in order."""
        # One text: the driver takes longer over an array than PostgreSQL over splitting it. (No stream's id holds
        # the separator; one that came in an address might.)
        wanted = "\x1f".join([stream for stream in stream_ids if "\x1f" not in stream])
        found = await conn.execute(self._facts, {"streams": wanted})
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

    async def execute(self, command: Command, decide: Decide, *, whole: bool = False) -> Outcome:
        """Runs one decision in a transaction of its own. Raises DatabaseUnchecked and SQLAlchemy's errors.

        The decision reads before the transaction begins, unless `whole`: then a lock that it takes is held from
        its first read to the commit.
        """
        outcome = await self._again(lambda: self._try_whole(command, decide) if whole else self._try(command, decide))
        if isinstance(outcome, Accepted) and outcome.events and not outcome.repeated:
            self.ring()
        return outcome

    async def together(self, run: Callable[[Transaction], Awaitable[T]]) -> T:
        """Runs many commands in one transaction, all of them again where somebody was faster."""

        async def once() -> T:
            async with self.transaction() as transaction:
                return await run(transaction)

        return await self._again(once)

    async def _again(self, once: Callable[[], Awaitable[T]]) -> T:
        for attempt in range(TRIES):
            try:
                return await once()
            except DBAPIError as error:
                # Somebody was faster, or the connection broke: again, since a cause takes effect only once.
                if attempt + 1 == TRIES or not (_conflict(error) or (error.connection_invalidated and attempt < 2)):
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    async def _try(self, command: Command, decide: Decide) -> Outcome:
        # Without a transaction: the unique (stream, version) tells if somebody was faster.
        async with self.reads.connect() as conn:
            transaction = Transaction(self, conn)
            outcome = await transaction.run(command, decide)
            if isinstance(outcome, Refused) or outcome.repeated:
                return outcome
            numbered = await transaction.flush() if transaction.simple else {}
        if transaction.appended or transaction.written:
            async with self.engine.begin() as transaction.conn:
                numbered = await transaction.flush()
        return Accepted(tuple(_numbered(r, *numbered[r.meta.id]) for r in outcome.events))

    async def _try_whole(self, command: Command, decide: Decide) -> Outcome:
        async with self.engine.begin() as conn:
            transaction = Transaction(self, conn)
            outcome = await transaction.run(command, decide)
            if isinstance(outcome, Refused) or outcome.repeated:
                return outcome
            numbered = await transaction.flush()
        return Accepted(tuple(_numbered(r, *numbered[r.meta.id]) for r in outcome.events))

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
            await asyncio.sleep(NOTIFY_EVERY)

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


def _numbered(recorded: Recorded, number: int, predecessor: str | None) -> Recorded:
    return Recorded(recorded.meta._replace(number=number, predecessor=predecessor), recorded.event)


def _conflict(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in CONFLICTS or isinstance(error, IntegrityError)


def to_json(values: Any) -> str:
    """Canonical JSON, for columns and digests."""
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS).decode()
