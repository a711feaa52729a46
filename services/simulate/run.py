"""Plays a plan: each day's commands in one transaction a service, then everything pumped to quiet.

The platform itself says how far a run has come: every fact of a person's command carries its cause, and the
causes of a plan are known. So a run that was killed is finished by running it again, a finished one is left
alone, and on a platform that holds anything else no run begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, cast

from sqlalchemy import text

from services.enterprise.service import SERVICE as ENTERPRISE
from services.intake.service import SERVICE as INTAKE
from services.matching.service import SERVICE as MATCHING
from services.reporting.service import SERVICE as REPORTING
from services.simulate.grouping import Grouped
from services.simulate.plan import Day
from services.simulate.play import play
from services.simulate.reading import SharedLog
from services.simulate.steps import Step
from services.training.service import SERVICE as TRAINING
from shared import clock, pump
from shared.db import service_engine
from shared.envelope import ordinal_id
from shared.events.intake import PersonErased
from shared.log import Log, open_log
from shared.service import Service
from shared.settings import Settings
from shared.store import Store
from shared.worker import HEARTBEAT, LeadershipLost, Worker, leadership

SERVICES = (INTAKE, MATCHING, TRAINING, ENTERPRISE, REPORTING)
OPENS, SECONDS = 8, 9 * 3600
"""Hour in Rome at which desks open, and the length of their day."""
MAKES = {
    "register": "person", "register_company": "company", "open_vacancy": "vacancy", "propose_course": "course",
    "submit_project": "project",
}  # fmt: skip
"""The commands that begin a stream, and the name by which they make its id."""
Progress = Callable[[date, float], None]


class NotEmpty(Exception):
    """The platform holds something that is not of this plan. The text is an Italian sentence."""


class Busy(Exception):
    """A worker is active. The text is an Italian sentence."""


@dataclass
class Simulation:
    """The five services in this process, on a clock that stands where the plan puts it."""

    workers: Sequence[Worker]
    now: datetime = datetime(2017, 5, 22, tzinfo=UTC)

    async def run(self, days: Sequence[Day], progress: Progress | None = None) -> int:
        """Plays what is not there yet; returns the number of steps. Raises NotEmpty, StepRefused."""
        reached, missing = await self.reached(days)
        if not missing:
            await pump.to_quiet(self.workers)
            return 0
        stores = {worker.service.name: Grouped(worker.store, fresh=reached is None) for worker in self.workers}
        if reached is not None:
            # Whatever the day that was cut off had set going comes to its end on that day.
            self.now = _evening(clock.civil(reached))
            await pump.to_quiet(self.workers)
        first = clock.civil(reached) if reached else date.min
        total, done, played = sum(len(steps) for _, steps in days), 0, 0
        for day, steps in days:
            if day >= first:
                await self.day(day, steps, stores)
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
                causes: dict[str, datetime] = {row[0]: row[1] for row in rows}
            if causes.keys() - planned:
                raise NotEmpty(
                    f"La piattaforma non è vuota ({worker.store.service}): una simulazione si carica solo in una "
                    "piattaforma vuota, oppure riprende la propria, con gli stessi argomenti."
                )
            latest = max([*causes.values(), *([latest] if latest else [])], default=None)
            planned -= causes.keys()
        return latest, bool(planned)

    async def day(self, day: date, steps: Sequence[Step], stores: Mapping[str, Grouped]) -> None:
        """What time brings, then the day's commands, then quiet."""
        morning = _morning(day)
        self.now = morning
        at_work = {step.service for step in steps}
        today = [each for each in self.workers if not onlooker(each.service) or each.service.name in at_work]
        if late := [each for each in today if onlooker(each.service)]:
            await pump.to_quiet(late)  # its decisions ask views that saw yesterday
        for worker in self.workers:
            if worker.service.deadlines:
                await worker.deadlines()
        for number, (service, group) in enumerate(groupby(steps, key=lambda step: step.service)):
            start = morning + timedelta(seconds=SECONDS * number // 6)
            await self._group(stores[service], list(group), start)
        self.now = _evening(day)
        await pump.to_quiet(today)

    async def _group(self, store: Grouped, steps: Sequence[Step], start: datetime) -> None:
        async with store.transaction() as transaction:
            await store.prefetch(transaction, _ids(steps))
            for number, step in enumerate(steps):
                await play(store, step, start + timedelta(seconds=SECONDS * number // (6 * len(steps))))


def onlooker(service: Service) -> bool:
    """Whether nothing that a plan does makes it act by itself: it may read later, many days at once."""
    return not service.deadlines and set(service.reactions) <= {PersonErased}


def _morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, OPENS, tzinfo=clock.ROME).astimezone(UTC)


def _evening(day: date) -> datetime:
    return _morning(day) + timedelta(seconds=SECONDS)


def _ids(steps: Sequence[Step]) -> Iterable[str]:
    """The streams that the steps name, to be read with one query."""
    for step in steps:
        yield from (one for one in step.target if len(one) == 36)
        if (thing := MAKES.get(step.name)) is not None:
            yield ordinal_id(step.cause, thing)
        for name in ("company_id", "vacancy_id", "person_id", "budget_id"):
            if (value := step.values.get(name)) is not None:
                yield value


async def simulate(days: Sequence[Day], current: Settings, progress: Progress | None = None) -> int:
    """Plays the plan on the platform of these settings. Raises NotEmpty, Busy, StepRefused, LogUnavailable."""
    log = cast(Log, SharedLog(open_log(current.log_url, current.namespace)))
    async with AsyncExitStack() as stack:
        await log.start()
        stack.push_async_callback(log.stop)
        simulation = Simulation([])
        workers: list[Worker] = []
        heartbeats: list[Callable[[], Awaitable[None]]] = []
        beating = asyncio.create_task(_beat(heartbeats))  # from the start: on a busy machine five starts take long
        stack.push_async_callback(_end, beating)
        for service in SERVICES:
            store = Store(service.name, service_engine(service.name, current, pool_size=4), current)
            stack.push_async_callback(store.close)
            try:
                heartbeats.append(await stack.enter_async_context(leadership(store, wait=False)))
            except LeadershipLost:
                raise Busy(f"Il servizio «{service.name}» è in funzione: fermarlo prima di simulare.") from None
            worker = Worker(service, store, log, now=lambda: simulation.now)
            await worker.start()
            stack.push_async_callback(worker.close)
            workers.append(worker)
        simulation.workers = workers
        playing = asyncio.create_task(simulation.run(days, progress))
        stack.push_async_callback(_end, beating, playing)
        await asyncio.wait({beating, playing}, return_when=asyncio.FIRST_COMPLETED)
        if beating.done():
            beating.result()
        return await playing


async def _beat(heartbeats: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Keeps the leadership of all services, however long a day takes. Raises LeadershipLost."""
    while True:
        for heartbeat in heartbeats:
            await heartbeat()
        await asyncio.sleep(HEARTBEAT)


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
