"""One reading of the log for all five services of a run.

Five consumers in one process would fetch, unpack and copy every record five times, and the broker would answer
each of them. Here one reads, and hands every service the records of its own partitions from its own position on;
what the services make of them is theirs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

from shared.log import Log, Reader, Record, TopicPartition

LIMIT = 2000
"""Records asked of the log at a time."""


class SharedLog:
    """A log whose readers read together; all else is the log's own."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._reader: Reader | None = None
        self._readers: list[Part] = []
        self._asking = asyncio.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def reader(self, positions: Mapping[TopicPartition, int], group: str) -> Part:
        """A service's part in the reading."""
        part = Part(self, positions)
        self._readers.append(part)
        await self.again()
        return part

    async def again(self, gone: Part | None = None) -> None:
        """The reading begins anew from the places where all now stand, without the part that is gone."""
        async with self._asking:
            if gone in self._readers:
                self._readers.remove(gone)
            if self._reader is not None:
                await self._reader.close()
                self._reader = None

    async def ask(self, part: Part, timeout: float) -> None:
        """Asks the log for what comes next, for everybody, unless somebody did meanwhile."""
        async with self._asking:
            if part.waiting:
                return
            if self._reader is None:
                lowest: dict[TopicPartition, int] = {}
                for each in self._readers:
                    for place, offset in each.next.items():
                        lowest[place] = min(offset, lowest.get(place, offset))
                self._reader = await self._log.reader(lowest, "")
            for record in await self._reader.poll(LIMIT, timeout):
                for each in self._readers:
                    each.take(record)


class Part:
    """One service's part: what was read for it and not taken yet, and the offsets that come next."""

    def __init__(self, log: SharedLog, positions: Mapping[TopicPartition, int]) -> None:
        self._log = log
        self.next = dict(positions)
        self.waiting: deque[Record] = deque()

    def take(self, record: Record) -> None:
        """Keeps the record if it is of this service's partitions and new to it."""
        place = (record.topic, record.partition)
        if record.offset >= self.next.get(place, record.offset + 1):
            self.next[place] = record.offset + 1
            self.waiting.append(record)

    async def poll(self, limit: int, timeout: float) -> list[Record]:
        """As a reader of its own."""
        if not self.waiting:
            await self._log.ask(self, timeout)
        return [self.waiting.popleft() for _ in range(min(limit, len(self.waiting)))]

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Never asked for: a worker opens its reader anew."""
        raise RuntimeError(f"a run reads {tp} once, from its beginning")

    async def hint(self, positions: Mapping[TopicPartition, int]) -> None:
        """Nothing: a run is no group."""

    async def close(self) -> None:
        """Leaves the reading."""
        await self._log.again(self)
