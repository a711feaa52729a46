"""The one active worker of a service: relay, reader, deadlines; everything else stands by.

Leadership is a session's advisory lock on a connection of its own, kept alive by a heartbeat and ended by
PostgreSQL itself (`idle_session_timeout`) when the holder was stopped. What fails ends the process: its
successor starts from what database and log say, which is simpler to get right than mending in place.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

import uvloop
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from shared import clock, profiles, rotation, telemetry
from shared.db import service_engine, views_schema
from shared.decisions import Decision, Refused
from shared.keys import KeyGone, NotWritable, Tampered
from shared.log import Log, LogUnavailable, open_log
from shared.probes import serve as serve_probes
from shared.projection import prepare
from shared.reader import LogReader
from shared.relay import BATCH, Relay, Restored
from shared.replay import replay
from shared.service import Deadline, Due, Service
from shared.settings import Settings, settings
from shared.store import Command, Store, Unit
from shared.tuning import few_collections

logger = logging.getLogger(__name__)
HEARTBEAT = 2.0
LOCK_IDLE = float(os.environ.get("INSIEME_LOCK_IDLE", "10"))
"""Seconds after which PostgreSQL takes the lock from a holder that was stopped or cut off."""
DEADLINES_EVERY = 60.0
CHORES_EVERY = 1.0
INLETS_EVERY = 5.0
KEYS_EVERY = 3600.0
REQUESTS_EVERY, MEASURE_EVERY = 2.0, 15.0
DUE = uuid.UUID("3f0d6a0e-52b5-5a0a-8df4-0c7f3a6f3c11")


class LeadershipLost(Exception):
    """The lock's connection is gone: another worker may be active."""


@asynccontextmanager
async def leadership(store: Store, wait: bool = True) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Waits until this process is the service's active worker; yields the heartbeat, which raises
    LeadershipLost. With `wait` false raises LeadershipLost at once if somebody else is active."""
    name = f"insieme/{store.settings.namespace}{store.service}"
    async with store.engine.connect() as conn:
        await conn.execute(text(f"set idle_session_timeout = '{int(LOCK_IDLE * 1000)}ms'"))
        await conn.commit()
        while not await conn.scalar(text("select pg_try_advisory_lock(hashtextextended(:n, 0))"), {"n": name}):
            await conn.commit()
            if not wait:
                raise LeadershipLost(name)
            await asyncio.sleep(min(1.0, LOCK_IDLE / 4))
        await conn.commit()

        async def heartbeat() -> None:
            try:
                await conn.execute(text("select 1"))
                await conn.commit()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                raise LeadershipLost(name) from error

        try:
            yield heartbeat
        finally:
            with contextlib.suppress(SQLAlchemyError, OSError, TimeoutError):
                await conn.execute(text("select pg_advisory_unlock_all()"))
                await conn.execute(text("set idle_session_timeout = 0"))
                await conn.commit()


@dataclass
class Worker:
    """Relay, reader and deadlines of one service, as turns that somebody takes (the process, the simulator, a test)."""

    service: Service
    store: Store
    log: Log
    now: Callable[[], datetime] = clock.now
    relay: Relay = field(init=False)
    reader: LogReader = field(init=False)
    stale_views: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.relay = Relay(self.store, self.log)
        self.reader = LogReader(self.service, self.store, self.log, self.now)

    async def start(self) -> None:
        """Makes the views' tables, compares database and log, finds the positions. Raises Restored."""
        async with self.store.engine.begin() as conn:
            schema = views_schema(self.service.name, self.store.settings)
            self.stale_views = await prepare(conn, schema, self.service.views, self.service.hears)
        await self.relay.check()
        await self.reader.start()

    async def publish(self) -> int:
        """Sends what waits, facts and (intake) profiles."""
        sent = await self.relay.turn()
        if self.service.name == "intake":
            sent += await profiles.publish(self.store, self.log, int(self.now().timestamp() * 1000))
        return sent

    async def deadlines(self) -> int:
        """Does what the day asks for, once per deadline, key and due date; returns how many came due."""
        today = clock.civil(self.now())
        acted = 0
        async with self.store.read() as reading:
            for deadline in self.service.deadlines:
                for one in await deadline.due(reading, today):
                    acted += await self._act(deadline, one, today)
        return acted

    async def _act(self, deadline: Deadline, due: Due, today: date) -> int:
        async def decide(unit: Unit) -> Decision:
            return await deadline.act(unit, due)

        cause = str(uuid.uuid5(DUE, f"{self.service.name}/{deadline.name}/{due.key}/{due.due_on}"))
        outcome = await self.store.execute(Command(cause, f"system:{self.service.name}", self.now()), decide)
        if isinstance(outcome, Refused):
            logger.info("deadline %s: %s", deadline.name, outcome.code)
        return 0 if isinstance(outcome, Refused) or outcome.repeated else 1

    async def inlets(self) -> int:
        """Takes in what came from outside; returns how much was done."""
        return sum([await inlet(self.store, self.log, self.now()) for inlet in self.service.inlets])

    async def close(self) -> None:
        """Lets the log go."""
        await asyncio.gather(self.relay.settled(), return_exceptions=True)
        await self.reader.close()


async def run(service: Service, current: Settings = settings, port: int | None = None) -> None:
    """The worker's process, until a signal or a failure ends it."""
    telemetry.start(f"insieme-{service.name}-worker")
    few_collections()
    store = Store(service.name, service_engine(service.name, current), current)
    telemetry.instrument_engine(store.engine)
    log = open_log(current.log_url, current.namespace)
    state = ProbeState()
    probes = await serve_probes(state, port or int(os.environ.get("INSIEME_PROBE_PORT", "0")))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    main = asyncio.create_task(lead(service, store, log, state))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({main, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not main.done():
            main.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await main
    finally:
        stopping.cancel()
        probes.close()
        await log.stop()
        await store.close()


@dataclass
class ProbeState:
    """What /readyz says: None when ready."""

    not_ready: str | None = "standby"


async def lead(service: Service, store: Store, log: Log, state: ProbeState) -> None:
    """The active worker, once it is its turn; ends with what made it end."""
    async with leadership(store) as heartbeat:
        await log.start()
        worker = Worker(service, store, log)
        await worker.start()
        state.not_ready = None
        logger.info("%s: active", service.name)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_heartbeats(heartbeat))
                group.create_task(_relaying(worker))
                group.create_task(_keys(worker))
                group.create_task(_measuring(worker))
                await rebuild(worker)  # before anything decides by views: those being built can say nothing
                moved = asyncio.Event()
                group.create_task(_reading(worker, state, moved))
                group.create_task(_ringing(worker.store, moved))
                group.create_task(_deadlines(worker))
                if service.inlets:
                    group.create_task(_inlets(worker))
                if service.chores:
                    group.create_task(_chores(worker))
        finally:
            await worker.close()


async def _heartbeats(heartbeat: Callable[[], Awaitable[None]]) -> None:
    while True:
        await heartbeat()
        await asyncio.sleep(HEARTBEAT)


async def _relaying(worker: Worker) -> None:
    """Woken by the NOTIFY after a commit, at the latest after a second."""
    store = worker.store
    woken = store.committed
    async with store.engine.connect() as conn:
        raw = await conn.get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        await driver.add_listener(store.channel, lambda *_: woken.set())
        while True:
            woken.clear()
            try:
                # Fewer than a batch is all there was; what is committed meanwhile rings again.
                while await worker.publish() >= BATCH:
                    pass
            finally:
                worker.relay.measure(worker.now())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), 1.0)


async def _reading(worker: Worker, state: ProbeState, moved: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    asked = loop.time()
    while True:
        if await worker.reader.turn():
            moved.set()
        state.not_ready = worker.reader.stopped.reason if worker.reader.stopped else None
        if loop.time() - asked > REQUESTS_EVERY:
            asked = loop.time()
            await worker.reader.requests()


async def _measuring(worker: Worker) -> None:
    """Beside the reading: asking the log for its ends takes as long as handling ten facts, and a broker just started
    is seconds about its first hint."""
    while True:
        await worker.reader.lag()
        await worker.reader.hint()
        await asyncio.sleep(MEASURE_EVERY)


async def _ringing(store: Store, moved: asyncio.Event) -> None:
    """Tells waiting pages that the views moved, while the next batch is under way."""
    while True:
        await moved.wait()
        moved.clear()
        async with store.reads.connect() as conn:
            await conn.execute(text("select pg_notify(:channel, '')"), {"channel": views_channel(store)})


def views_channel(store: Store) -> str:
    """The NOTIFY channel that wakes pages which wait for this service's views."""
    return f"{store.settings.namespace}{store.service}_views"


async def _deadlines(worker: Worker) -> None:
    while True:
        await worker.deadlines()
        await asyncio.sleep(DEADLINES_EVERY)


async def _inlets(worker: Worker) -> None:
    while True:
        if not await worker.inlets():
            await asyncio.sleep(INLETS_EVERY)


async def _chores(worker: Worker) -> None:
    """A piece at a time, so that relay and reader get their turn in between."""
    while True:
        busy = False
        for chore in worker.service.chores:
            busy = await chore(worker.store, worker.now()) or busy
        if not busy:
            await asyncio.sleep(CHORES_EVERY)


async def _keys(worker: Worker) -> None:
    """Old key generations (shared/rotation.py). What is wrong there is no reason to stop working."""
    while True:
        try:
            await rotation.care(worker.store, worker.now())
        except (KeyGone, NotWritable, Tampered) as error:
            logger.error("%s: key generations: %s", worker.service.name, error)
        except DBAPIError as error:  # such as a table that somebody held locked too long; its text may quote a row
            logger.error("%s: key generations: %s", worker.service.name, type(error).__name__)
        await asyncio.sleep(KEYS_EVERY)


async def rebuild(worker: Worker) -> None:
    """The code of some views changed, or the service hears other facts than before: they are built from the log
    beside the old ones, the journal first, from which the others fold corrected facts again."""
    for name in worker.stale_views:
        await replay(worker.service, worker.store, worker.log, view=name)
        logger.info("%s: %s was built anew", worker.service.name, name)


def main(service: Service) -> None:
    """Runs the worker; exits 1 on a failure (the launcher or Kubernetes starts it again)."""
    try:
        uvloop.run(run(service))
    except* Restored as group:
        for error in group.exceptions:
            logger.error("%s; run: python -m services.%s recover", error, service.name)
        raise SystemExit(3) from None
    except* (LogUnavailable, LeadershipLost, DBAPIError, OSError) as group:
        logger.error("%s: ended by %s", service.name, type(_first(group)).__name__)
        raise SystemExit(1) from None


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
