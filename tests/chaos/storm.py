"""Load and faults together, then the verdict."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shared.events import SERVICES
from shared.log import Log, LogUnavailable, open_log
from tests.chaos.harness import running
from tests.chaos.load import Load
from tests.chaos.set_back import set_back
from tests.chaos.verify import Verdict, quiet, stores_of, verify


@dataclass
class Report:
    """What was done and what was found."""

    seed: int
    faults: list[str]
    commands: int
    retries: int
    refusals: dict[str, int]
    recovered: list[int]
    """Facts that `recover` took back from the log, each time that a database was set back."""
    unchecked: int
    verdict: Verdict

    @property
    def kinds(self) -> Counter[str]:
        """How often each kind of fault occurred."""
        return Counter(fault.split()[0] for fault in self.faults)

    def __str__(self) -> str:
        done = ", ".join(f"{what} x{n}" for what, n in sorted(self.kinds.items()))
        lines = [
            f"seed {self.seed}: {len(self.faults)} faults ({done})",
            f"{self.commands} commands acknowledged, {self.retries} tried again, refused: {self.refusals or 'none'}",
            f"{sum(self.recovered)} facts recovered after set-backs, {self.unchecked} tries refused until then",
            f"{self.verdict.facts} facts in the log, {self.verdict.duplicates} records skipped as duplicates",
            *(self.verdict.problems[:20] or ["nothing lost, nothing twice, every view equals its replay"]),
        ]
        return "\n".join(lines)


async def storm(
    folder: Path,
    faults: int,
    seed: int,
    clients: int,
    *,
    services: tuple[str, ...] = SERVICES,
    with_kafka: bool = True,
    set_backs: int = 1,
    say: Callable[[str], object] = str,
) -> Report:
    """Runs the platform under load, does `faults` bad things to it, lets it come to rest and looks.

    Of each kind one comes first. In between, a database is set back `set_backs` times.
    """
    chance = random.Random(seed)
    when = {faults * (n + 1) // (set_backs + 1) for n in range(set_backs)}
    recovered: list[int] = []
    with running(folder, with_kafka=with_kafka, services=services) as harness:
        stores = stores_of(harness.settings, services)
        load = Load(stores["intake"], stores["training"], seed)
        clients_at_work = asyncio.create_task(load.run(clients))
        while len(load.acknowledged) < 20:  # the workers are up and the database is checked
            await asyncio.sleep(0.2)
            if clients_at_work.done():
                await clients_at_work
        kinds = chance.sample(harness.kinds, len(harness.kinds))
        for n in range(faults):
            what = await asyncio.to_thread(harness.fault, chance, kinds.pop() if kinds else None)
            say(f"{n + 1}/{faults} {what} ({len(load.acknowledged)} commands so far)")
            await asyncio.sleep(chance.uniform(0.3, 1.5))
            if clients_at_work.done():
                await clients_at_work
            if n in when:
                recovered.append(await set_back(harness, load))
                say(f"{harness.faults[-1]}, {recovered[-1]} facts recovered ({len(load.acknowledged)} commands so far)")
        load.stop.set()
        await asyncio.wait_for(clients_at_work, 120)
        for store in stores.values():
            await store.engine.dispose()  # what idled since PostgreSQL was killed is a broken connection
        log = await _reachable(harness.settings.log_url)
        await quiet(log, stores, 240)
        verdict = await verify(log, stores, load.acknowledged)
        await log.stop()
        for store in stores.values():
            await store.close()
        return Report(
            seed, harness.faults, len(load.acknowledged), load.retries, load.refusals, recovered, load.unchecked,
            verdict,
        )  # fmt: skip


async def _reachable(url: str) -> Log:
    for _ in range(60):
        log = open_log(url)
        try:
            await log.start()
            return log
        except LogUnavailable:
            await log.stop()
            await asyncio.sleep(1)
    raise TimeoutError("the log did not come back")
