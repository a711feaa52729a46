"""Takes the turns of several workers in one process until nothing moves: the simulator's day, a test's pause."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from shared.worker import Worker


async def to_quiet(workers: Sequence[Worker], rounds: int = 100) -> None:
    """Publishes and reads until everything published was handled by everybody. Raises RuntimeError if it does
    not come to rest within `rounds` (a cycle of reactions)."""
    for _ in range(rounds):
        sent = sum(await asyncio.gather(*(worker.publish() for worker in workers)))
        moved = await asyncio.gather(*(_catch_up(worker) for worker in workers))
        if not sent and not any(moved):
            return
    raise RuntimeError("the platform does not come to rest")


async def _catch_up(worker: Worker) -> int:
    handled = 0
    while worker.reader.stopped is None and await worker.reader.lag():
        handled += await worker.reader.turn(0.5)
    return handled
