"""Takes the turns of several workers in one process until nothing moves: the simulator's day, a test's pause."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from shared.log import TopicPartition
from shared.worker import Worker


async def to_quiet(workers: Sequence[Worker], rounds: int = 100) -> None:
    """Publishes and reads until everything published was handled by everybody. Raises RuntimeError if it does
    not come to rest within `rounds` (a cycle of reactions)."""
    due = list(workers)
    for _ in range(rounds):
        for worker in due:
            worker.store.committed.clear()
        sent = await asyncio.gather(*(worker.publish() for worker in due))
        if any(sent) or len(due) == len(workers):
            # One question for all: nothing is appended while they read.
            places = sorted({place for worker in workers for place in worker.reader.lowest()})
            ends = await workers[0].log.ends(places)
            await asyncio.gather(*(_catch_up(worker, ends) for worker in workers))
        # Again those that sent (there may be more than a batch) and those whose reactions have just committed.
        again = {id(worker) for worker, count in zip(due, sent, strict=True) if count}
        due = [worker for worker in workers if id(worker) in again or worker.store.committed.is_set()]
        if not due:
            return
    raise RuntimeError("the platform does not come to rest")


async def _catch_up(worker: Worker, ends: Mapping[TopicPartition, int]) -> None:
    while worker.reader.stopped is None:
        low = worker.reader.lowest()
        if not (waiting := sum(max(ends[place] - offset, 0) for place, offset in low.items())):
            return
        await worker.reader.turn(0.5, waiting)
