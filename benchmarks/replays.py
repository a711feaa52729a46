"""(b) Replay of all reporting views against merely reading and validating; (e) its peak memory."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable
from dataclasses import asdict
from pathlib import Path

import psutil

from benchmarks import history
from benchmarks.parts import Figure, at_least, at_most, fresh
from services.reporting.service import SERVICE
from shared import db
from shared.events import PARTITIONS, load
from shared.log import Log, open_log
from shared.projection import prepare
from shared.relay import Relay
from shared.replay import replay
from shared.settings import Settings
from shared.shares import CHUNK
from shared.store import Store
from shared.tuning import few_collections


async def _validate(log: Log) -> None:
    """The limit: the same records, read and validated into their classes, and nothing else."""
    for partition in range(PARTITIONS["pathway"]):
        end = (await log.ends([("pathway", partition)]))["pathway", partition]
        reader = await log.reader({("pathway", partition): 0}, "")
        after = 0
        while after < end:
            for record in await reader.poll(CHUNK, 5):  # as many at a time as a replay, which is the quickest
                headers = dict(record.headers)
                load(headers["ce_type"].decode(), int(headers["ce_dataversion"]), record.value or b"")
                after = record.offset + 1
        await reader.close()


async def _seconds(work: Awaitable[object]) -> float:
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


async def _prepared(named: Settings, log: Log) -> Store:
    store = Store("reporting", db.service_engine("reporting", named, pool_size=4), named)
    async with store.engine.begin() as conn:
        await prepare(conn, db.views_schema("reporting", named), SERVICE.views, SERVICE.hears)
    await Relay(store, log).check()
    return store


async def measure(current: Settings, events: int) -> list[Figure]:
    """Throughput over `events` facts, peak memory with the same rows and four times the facts."""
    async with fresh(current) as (named, log):
        begun = time.perf_counter()
        total = await history.write(log, events // 12)
        print(f"a history of {total:,} facts was written in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        store = await _prepared(named, log)
        # The limit before and after: whatever else the machine does in these two minutes meets both alike.
        times = [
            await _seconds(_validate(log)),
            await _seconds(replay(SERVICE, store, log)),
            await _seconds(_validate(log)),
        ]
        ours, limit = total / times[1], 2 * total / (times[0] + times[2])
        await store.close()
    people = max(events // 12 // 8, 5000)  # enough for all processes both times
    small, large = [await _peak(current, people, rounds) for rounds in (2, 8)]
    return [
        at_least(f"(b) replay of all reporting views, {total:,} facts", ours, limit, "/s"),
        at_most("(e) peak memory of a replay, 4 x the facts on the same rows", large, small, "MB", 1.15),
    ]


async def _peak(current: Settings, people: int, rounds: int) -> float:
    """Peak resident memory (MB) of a process that replays."""
    async with fresh(current) as (named, log):
        await history.write(log, people, rounds)
        store = await _prepared(named, log)
        await store.close()
        told = os.environ | {"BENCH_SETTINGS": json.dumps(asdict(named), default=str)}
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "benchmarks.replays"], env=told, check=True, capture_output=True
        )
        return float(done.stdout.split()[-1])


async def _alone() -> None:
    values = json.loads(os.environ["BENCH_SETTINGS"])
    paths = {n: Path(v) for n, v in values.items() if v is not None and (n == "home" or n.endswith("_path"))}
    named = Settings(**(values | paths))
    log = open_log(named.log_url, named.namespace)
    await log.start()
    store = Store("reporting", db.service_engine("reporting", named, pool_size=4), named)
    over = asyncio.Event()
    others = asyncio.create_task(_children(over))
    await replay(SERVICE, store, log)
    over.set()
    print(_high(os.getpid()) + await others)
    await store.close()
    await log.stop()


async def _children(over: asyncio.Event) -> float:
    """The peaks (MB) of the processes that share the replay, looked at while they live."""
    peaks: dict[int, float] = {}
    while not over.is_set():
        for child in psutil.Process().children():
            with contextlib.suppress(OSError, StopIteration):
                peaks[child.pid] = _high(child.pid)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), 0.2)
    return sum(peaks.values())


def _high(pid: int) -> float:
    """A process' peak resident memory in MB. Not getrusage: its maximum is inherited from whoever started it."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    few_collections()
    asyncio.run(_alone())
