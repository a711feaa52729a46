"""Takes the turns of several workers in one process until nothing moves: the simulator's day, a test's pause."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from shared.log import TopicPartition
from shared.worker import Worker


async def to_quiet(workers: Sequence[Worker], rounds: int = 100) -> None:
    """Publishes and reads until everything published was handled by everybody. Raises RuntimeError if it does
    not come to rest within `rounds` (a cycle of reactions)."""
    quiet = False
    for _ in range(rounds):
        sent = sum(await asyncio.gather(*(worker.publish() for worker in workers)))
        if not sent and quiet:
            return
        # One question for all: nothing is appended while they read.
        ends = await workers[0].log.ends(sorted({place for worker in workers for place in worker.reader.lowest()}))
        await asyncio.gather(*(_catch_up(worker, ends) for worker in workers))
        quiet = True
    raise RuntimeError("the platform does not come to rest")


async def _catch_up(worker: Worker, ends: Mapping[TopicPartition, int]) -> None:
    while worker.reader.stopped is None:
        low = worker.reader.lowest()
        if not (waiting := sum(max(ends[place] - offset, 0) for place, offset in low.items())):
            return
        await worker.reader.turn(0.5, waiting)
