"""(a) From the acknowledged command to its visibility in reporting, at 50 commands/s, against the bare hops."""

from __future__ import annotations

import asyncio
import time
import uuid
from pathlib import Path
from statistics import quantiles
from typing import Any

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sqlalchemy import make_url, text

from benchmarks.append import _interview
from benchmarks.parts import Figure, at_most
from shared import db
from shared.settings import Settings
from shared.store import Accepted, DatabaseUnchecked, Store
from tests.chaos.harness import running

RATE = 50
WARM_UP = 5
"""Seconds of each part that do not count: connections are opened, statements planned, the broker's code compiled."""


def _p(values: list[float], percent: int) -> float:
    return quantiles(sorted(values), n=100)[percent - 1] * 1000


async def measure(folder: Path, seconds: int) -> list[Figure]:
    """Two workers as processes, commands from here; the bare hops in the same minute, before and after."""
    with running(folder, services=("intake", "reporting"), standbys=0) as harness:
        store = Store("intake", db.service_engine("intake", harness.settings), harness.settings)
        await _until_up(store)
        before = await _bare(harness.settings, seconds // 2)
        ours = await _ours(store, harness.settings, seconds)
        bare = before + await _bare(harness.settings, seconds // 2)
        await store.close()
    return [
        at_most(f"(a) acknowledged -> visible, {RATE}/s, p50", _p(ours, 50), _p(bare, 50), "ms", 3),
        at_most(f"(a) acknowledged -> visible, {RATE}/s, p99", _p(ours, 99), _p(bare, 99), "ms", 3),
    ]


async def _until_up(store: Store) -> None:
    async with asyncio.timeout(90):
        while True:
            try:
                await store.execute(*_interview())
                return
            except DatabaseUnchecked:
                await asyncio.sleep(0.2)


async def _ours(store: Store, current: Settings, seconds: int) -> list[float]:
    acknowledged: dict[tuple[int, int], float] = {}
    seen: dict[int, int] = {}
    delays: list[float] = []
    url = make_url(current.database_url)
    watch = await asyncpg.connect(
        host=url.host, port=url.port, user=url.username, password=url.password, database=url.database
    )
    changed = asyncio.Event()
    await watch.add_listener(f"{current.namespace}reporting_views", lambda *_: changed.set())
    schema = db.schema_name("reporting", current)

    async def look() -> None:
        rows = await watch.fetch(
            f"select partition, numbers from \"{schema}\".positions where reader = 'heard' and topic = 'pathway'"
        )
        now = time.perf_counter()
        for partition, numbers in rows:
            seen[partition] = orjson.loads(numbers).get("intake", [0])[0]
        for place in [p for p in acknowledged if p[1] <= seen.get(p[0], 0)]:
            delays.append(now - acknowledged.pop(place))

    async def watching() -> None:
        while True:
            await changed.wait()
            changed.clear()
            await look()

    async def one() -> None:
        outcome = await store.execute(*_interview())
        assert isinstance(outcome, Accepted)
        meta = outcome.events[0].meta
        at = time.perf_counter()
        if meta.number <= seen.get(meta.partition, 0):
            delays.append(0.0)  # it was visible before its acknowledgement got here
        else:
            acknowledged[meta.partition, meta.number] = at

    watcher = asyncio.create_task(watching())
    tasks = []
    for n in range(RATE * (WARM_UP + seconds)):
        tasks.append(asyncio.create_task(one()))
        if n % RATE == RATE - 1:
            await asyncio.sleep(0)
        await asyncio.sleep(1 / RATE)
    await asyncio.gather(*tasks)
    async with asyncio.timeout(30):
        while acknowledged:
            await asyncio.sleep(0.05)
            await look()
    watcher.cancel()
    await watch.close()
    return delays[RATE * WARM_UP :]


async def _bare(current: Settings, seconds: int) -> list[float]:
    """The same hops with nothing of ours: commit, produce, consume, commit; their sum for each sample."""
    bootstrap = current.log_url.removeprefix("kafka://")
    admin = db.admin_engine(current)
    async with admin.begin() as conn:
        await conn.execute(text("create table if not exists bare_hop (id text primary key, data text)"))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=0)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="latest")
    from aiokafka import TopicPartition

    place = TopicPartition("monitoring", 0)
    await producer.start()
    await consumer.start()
    consumer.assign([place])
    await consumer.seek_to_end(place)
    arrived: dict[str, asyncio.Future[float]] = {}

    async def consuming() -> None:
        async for record in consumer:
            arrived[record.key.decode()].set_result(time.perf_counter())

    reading = asyncio.create_task(consuming())
    sums: list[float] = []
    value = "x" * 400

    async def commit(name: str) -> float:
        begun = time.perf_counter()
        async with admin.begin() as conn:
            await conn.execute(text("insert into bare_hop values (:i, :d)"), {"i": name, "d": value})
        return time.perf_counter() - begun

    async def one() -> None:
        name = str(uuid.uuid4())
        first = await commit(name)
        begun = time.perf_counter()
        arrived[name] = asyncio.get_running_loop().create_future()
        await producer.send_and_wait("monitoring", value.encode(), key=name.encode(), partition=0)
        over = await arrived[name] - begun
        sums.append(first + over + await commit(f"{name}-2"))

    tasks: list[asyncio.Task[Any]] = []
    for _ in range(RATE * (WARM_UP + seconds)):
        tasks.append(asyncio.create_task(one()))
        await asyncio.sleep(1 / RATE)
    await asyncio.gather(*tasks)
    reading.cancel()
    await consumer.stop()
    await producer.stop()
    await admin.dispose()
    return sums[RATE * WARM_UP :]
