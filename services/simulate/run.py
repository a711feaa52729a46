"""Plays a plan: each day's commands in one transaction a service, then everything pumped to quiet.

The platform itself says how far a run has come: every fact of a person's command carries its cause, and the
causes of a plan are known. So a run that was killed is finished by running it again, a finished one is left
alone, and on a platform that holds anything else no run begins.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from sqlalchemy import text

from services.enterprise.service import SERVICE as ENTERPRISE
from services.intake.service import SERVICE as INTAKE
from services.matching.service import SERVICE as MATCHING
from services.reporting.service import SERVICE as REPORTING
from services.simulate.plan import Day
from services.simulate.play import play
from services.simulate.steps import Step
from services.training.service import SERVICE as TRAINING
from shared import clock, pump
from shared.db import service_engine
from shared.log import Log, open_log
from shared.settings import Settings
from shared.store import Command, Decide, Outcome, Store, Transaction
from shared.worker import HEARTBEAT, LeadershipLost, Worker, leadership

SERVICES = (INTAKE, MATCHING, TRAINING, ENTERPRISE, REPORTING)
OPENS, SECONDS = 8, 9 * 3600
"""Hour in Rome at which desks open, and the length of their day."""
Progress = Callable[[date, float], None]


class NotEmpty(Exception):
    """The platform holds something that is not of this plan. The text is an Italian sentence."""


class Busy(Exception):
    """A worker is active. The text is an Italian sentence."""


class Grouped(Store):
    """A store whose commands all run in the transaction that is open now, instead of one each."""

    def __init__(self, store: Store) -> None:
        self.__dict__.update(store.__dict__)
        self.transaction_now: Transaction | None = None

    def ring(self) -> None:
        """Nobody waits: this process publishes in turns."""

    async def execute(self, command: Command, decide: Decide) -> Outcome:
        """Runs the decision in the open transaction."""
        assert self.transaction_now is not None
        return await self.transaction_now.run(command, decide)


@dataclass
class Simulation:
    """The five services in this process, on a clock that stands where the plan puts it."""

    workers: Sequence[Worker]
    now: datetime = datetime(2017, 5, 22, tzinfo=UTC)
    heartbeats: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    _beaten: float = 0.0

    async def run(self, days: Sequence[Day], progress: Progress | None = None) -> int:
        """Plays what is not there yet; returns the number of steps. Raises NotEmpty, StepRefused."""
        reached, missing = await self.reached(days)
        if not missing:
            await pump.to_quiet(self.workers)
            return 0
        if reached is not None:
            # Whatever the day that was cut off had set going comes to its end on that day.
            self.now = _evening(clock.civil(reached))
            await pump.to_quiet(self.workers)
        first = clock.civil(reached) if reached else date.min
        total, done, played = sum(len(steps) for _, steps in days), 0, 0
        for day, steps in days:
            if day >= first:
                await self.day(day, steps)
                played += len(steps)
            done += len(steps)
            if progress:
                progress(day, done / total)
        await pump.to_quiet(self.workers)
        return played

    async def reached(self, days: Sequence[Day]) -> tuple[datetime | None, bool]:
        """The last instant that was recorded so far, and whether steps are missing. Raises NotEmpty."""
        planned = {step.cause for _, steps in days for step in steps}
        latest: datetime | None = None
        for worker in self.workers:
            async with worker.store.engine.connect() as conn:
                rows = await conn.execute(
                    text("select cause::text, max(recorded_at) from events where actor not like 'system:%' group by 1")
                )
                causes = {cause: at for cause, at in rows}
            if causes.keys() - planned:
                raise NotEmpty(
                    f"La piattaforma non è vuota ({worker.store.service}): una simulazione si carica solo in una "
                    "piattaforma vuota, oppure riprende la propria, con gli stessi argomenti."
                )
            latest = max([*causes.values(), *([latest] if latest else [])], default=None)
            planned -= causes.keys()
        return latest, bool(planned)

    async def day(self, day: date, steps: Sequence[Step]) -> None:
        """What time brings, then the day's commands, then quiet."""
        morning = _morning(day)
        self.now = morning
        await self._beat()
        for worker in self.workers:
            if worker.service.deadlines:
                await worker.deadlines()
        by_service = {worker.service.name: worker for worker in self.workers}
        for number, (service, group) in enumerate(groupby(steps, key=lambda step: step.service)):
            start = morning + timedelta(seconds=SECONDS * number // 6)
            await self._group(by_service[service], list(group), start)
        self.now = _evening(day)
        await pump.to_quiet(self.workers)

    async def _group(self, worker: Worker, steps: Sequence[Step], start: datetime) -> None:
        grouped = Grouped(worker.store)
        async with grouped.transaction() as transaction:
            grouped.transaction_now = transaction
            await transaction.load(sorted(set(_streams(steps))))
            for number, step in enumerate(steps):
                await play(grouped, step, start + timedelta(seconds=SECONDS * number // (6 * len(steps))))

    async def _beat(self) -> None:
        if time.monotonic() - self._beaten > HEARTBEAT:
            self._beaten = time.monotonic()
            for heartbeat in self.heartbeats:
                await heartbeat()


def _morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, OPENS, tzinfo=clock.ROME).astimezone(UTC)


def _evening(day: date) -> datetime:
    return _morning(day) + timedelta(seconds=SECONDS)


def _streams(steps: Sequence[Step]) -> Iterable[str]:
    """The streams that the steps name, to be read with one query."""
    for step in steps:
        yield from (one for one in step.target if len(one) == 36)
        for name in ("company_id", "vacancy_id", "person_id", "budget_id"):
            if (value := step.values.get(name)) is not None:
                yield value


async def simulate(days: Sequence[Day], current: Settings, progress: Progress | None = None) -> int:
    """Plays the plan on the platform of these settings. Raises NotEmpty, Busy, StepRefused, LogUnavailable."""
    log: Log = open_log(current.log_url, current.namespace)
    async with AsyncExitStack() as stack:
        await log.start()
        stack.push_async_callback(log.stop)
        simulation = Simulation([])
        workers = []
        for service in SERVICES:
            store = Store(service.name, service_engine(service.name, current, pool_size=4), current)
            stack.push_async_callback(store.close)
            try:
                simulation.heartbeats.append(await stack.enter_async_context(leadership(store, wait=False)))
            except LeadershipLost:
                raise Busy(f"Il servizio «{service.name}» è in funzione: fermarlo prima di simulare.") from None
            worker = Worker(service, store, log, now=lambda: simulation.now)
            await worker.start()
            stack.push_async_callback(worker.close)
            workers.append(worker)
        simulation.workers = workers
        return await simulation.run(days, progress)
