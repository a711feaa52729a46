"""What the log itself can carry: records of 500 bytes appended and read, on both adapters.

`python -m benchmarks.log [records]` starts the parts it needs (or takes DATABASE_URL and KAFKA_BOOTSTRAP) and
prints a table. Append: batches of 500, one after the other per partition, on 1 and on 4 partitions at a time.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from deploy.local import kafka, postgres
from deploy.local.process import Unavailable
from shared.log import Log, Message, Topic, open_log

BATCH = 500
PARTITIONS = 4


def message() -> Message:
    """500 bytes, half of them random, since text of ids compresses only so far."""
    value = (os.urandom(100).hex() + "x" * 160).encode()
    headers = (("ce_id", uuid4().hex.encode()), ("ce_type", b"intake.person_registered"))
    return Message(uuid4().hex.encode(), value, headers, int(time.time() * 1000))


async def append(log: Log, topic: str, partitions: int, batches: list[list[Message]]) -> float:
    """Seconds to append all batches, dealt out to this many partitions at a time."""

    async def one(partition: int) -> None:
        for batch in batches[partition::partitions]:
            await log.append(topic, partition, batch)

    started = time.perf_counter()
    await asyncio.gather(*(one(partition) for partition in range(partitions)))
    return time.perf_counter() - started


async def read(log: Log, topic: str, count: int) -> float:
    """Seconds until a reader has all that stands on the topic."""
    reader = await log.reader({(topic, partition): 0 for partition in range(PARTITIONS)}, "bench")
    started, seen = time.perf_counter(), 0
    while seen < count:
        seen += len(await reader.poll(BATCH, timeout=5))
    seconds = time.perf_counter() - started
    await reader.close()
    return seconds


async def one_by_one(log: Log, topic: str, rounds: int) -> list[float]:
    """Milliseconds from before an append of one record to its arrival at a waiting reader, sorted."""
    reader = await log.reader({(topic, 0): 0}, "bench")
    found: list[float] = []
    for _ in range(rounds):
        waiting = asyncio.create_task(reader.poll(10, timeout=10))
        await asyncio.sleep(0.02)  # the reader is at rest, as on a quiet morning
        started = time.perf_counter()
        await log.append(topic, 0, [message()])
        await waiting
        found.append((time.perf_counter() - started) * 1000)
    await reader.close()
    return sorted(found)


async def measure(name: str, url: str, records: int) -> None:
    """Prints this log's row."""
    log = open_log(url, f"bench{uuid4().hex[:8]}-")
    await log.start()
    await log.create_topics([Topic("one", PARTITIONS), Topic("four", PARTITIONS), Topic("hop", 1)])
    batches = [[message() for _ in range(BATCH)] for _ in range(records // BATCH)]
    count = len(batches) * BATCH
    alone = count / await append(log, "one", 1, batches)
    together = count / await append(log, "four", PARTITIONS, batches)
    reading = count / await read(log, "four", count)
    hops = await one_by_one(log, "hop", 100)
    await log.stop()
    p50, p99 = hops[len(hops) // 2], hops[len(hops) * 99 // 100]
    print(f"{name:<10}{alone:>14,.0f}{together:>16,.0f}{reading:>12,.0f}{p50:>12.1f}{p99:>10.1f}")


@contextmanager
def parts() -> Iterator[list[tuple[str, str]]]:
    """Names and addresses of the logs that can be had here."""
    with tempfile.TemporaryDirectory() as folder:
        started: list[kafka.Running | postgres.Running] = []
        found: list[tuple[str, str]] = []
        try:
            bootstrap, url = os.environ.get("KAFKA_BOOTSTRAP"), os.environ.get("DATABASE_URL")
            try:
                if not bootstrap:
                    broker = kafka.start(Path(folder) / "kafka")
                    started.append(broker)
                    bootstrap = broker.bootstrap
                found.append(("kafka", f"kafka://{bootstrap}"))
            except Unavailable as reason:
                print(f"no Kafka: {reason}")
            if not url:
                server = postgres.start(Path(folder) / "postgres")
                started.append(server)
                url = server.url
            found.append(("embedded", url))
            yield found
        finally:
            for part in started:
                part.stop()


def main() -> None:
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"{records:,} records of 500 bytes, batches of {BATCH}; append to visible: one record, ms")
    print(f"{'log':<10}{'append/s':>14}{'4 partitions/s':>16}{'read/s':>12}{'p50 ms':>12}{'p99 ms':>10}")
    with parts() as logs:
        for name, url in logs:
            asyncio.run(measure(name, url, records))


if __name__ == "__main__":
    main()
