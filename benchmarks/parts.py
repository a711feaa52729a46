"""The parts of a benchmark: real Kafka and PostgreSQL of its own, a fresh namespace, and the table of results."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from shared import db, topics
from shared.log import Log, open_log
from shared.settings import Settings


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    value: float
    limit: float
    unit: str
    goal: str
    met: bool

    @property
    def ratio(self) -> float:
        """Value over limit."""
        return self.value / self.limit if self.limit else 0.0


def at_least(name: str, value: float, limit: float, unit: str, goal: float = 0.5) -> Figure:
    """A throughput, that should reach a share of the bare one."""
    return Figure(name, value, limit, unit, f">= {goal:g}", value >= goal * limit)


def at_most(name: str, value: float, limit: float, unit: str, goal: float) -> Figure:
    """A duration or size, that may be some times the bare one."""
    return Figure(name, value, limit, unit, f"<= {goal:g}", value <= goal * limit)


def table(figures: Sequence[Figure]) -> str:
    """For people."""
    lines = [f"{'what':<58}{'ours':>14}{'limit':>14}{'ratio':>8}  goal"]
    for f in figures:
        mark = "" if f.met else "  <-- missed"
        lines.append(
            f"{f.name:<58}{f.value:>10,.1f} {f.unit:<3}{f.limit:>10,.1f} {f.unit:<3}{f.ratio:>8.2f}  {f.goal}{mark}"
        )
    return "\n".join(lines)


@contextlib.asynccontextmanager
async def fresh(current: Settings) -> AsyncIterator[tuple[Settings, Log]]:
    """A namespace with tables and topics."""
    named = replace(current, namespace=f"b{uuid.uuid4().hex[:6]}_")
    await db.migrate(current=named)
    log = open_log(named.log_url, named.namespace)
    await log.start()
    await topics.create(log)
    try:
        yield named, log
    finally:
        await log.stop()
