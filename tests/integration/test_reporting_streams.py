"""The Faust application for real, in its own environment: its windows are those of the pure functions."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from deploy.local.process import free_port
from services.reporting import live
from services.reporting.pages import now as now_page
from services.reporting.windows import Cell, Seen, Windows
from shared import clock
from shared.envelope import message, read_meta
from shared.events import PARTITIONS
from shared.events.base import Event
from shared.log import LogUnavailable
from tests.fixtures.parts import without_kafka
from tests.fixtures.platform import NOON, Platform, Running
from tests.fixtures.reporting import AMINA, LUCA, SAMIRA, VOICES, placed, registered, say

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-streams" / "bin" / "python"
PROBES = free_port()
pytestmark = [pytest.mark.kafka, pytest.mark.slow]


async def probed(path: str) -> httpx.Response:
    """What the worker answers to the orchestra's question."""
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://127.0.0.1:{PROBES}{path}")


@asynccontextmanager
async def faust(running: Running, tmp_path: Path) -> AsyncIterator[subprocess.Popen[bytes]]:
    """The worker's process; a clean stop at the end."""
    environment = os.environ | {
        "LOG_URL": running.settings.log_url, "INSIEME_NAMESPACE": running.settings.namespace,
        "INSIEME_HOME": str(tmp_path), "INSIEME_PROBE_PORT": str(PROBES),
    }  # fmt: skip
    with (tmp_path / "faust.log").open("ab") as output:
        process = subprocess.Popen(
            [PYTHON, "-m", "services.reporting.streams", "worker"],
            cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.to_thread(process.wait, 20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    await asyncio.to_thread(process.wait)


async def facts(running: Running) -> list[Seen]:
    """Everything on `pathway`, read from the broker; what stands there twice is one fact."""
    found = {}
    for partition in range(PARTITIONS["pathway"]):
        for record in await running.log.read("pathway", partition, 0, 10_000):
            meta = read_meta(record)
            found[meta.id] = Seen(meta.source, meta.type, meta.subject, meta.time, record.value or b"")
    return list(found.values())


async def published(
    running: Running, process: subprocess.Popen[bytes], log: Path, done: Callable[[dict[Cell, int]], bool]
) -> dict[Cell, int]:
    """The figures on `monitoring`, once they are as wanted; as they are after 90 s."""
    counts: dict[Cell, int] = {}
    reader = await running.log.reader({("monitoring", 0): 0}, "test")
    end = asyncio.get_running_loop().time() + 90
    try:
        while asyncio.get_running_loop().time() < end and not done(counts):
            assert process.poll() is None, log.read_text()[-3000:]
            try:
                live.take(counts, await reader.poll(1000, 0.5))
            except LogUnavailable as error:  # the watchdog of an idle reader would end the test, not the wait
                raise AssertionError(log.read_text()[-3000:]) from error
    finally:
        await reader.close()
    return counts


def expected(seen: list[Seen]) -> dict[Cell, int]:
    pure = Windows()
    pure.take(seen)
    pure.forget(max(fact.time for fact in seen))
    return pure.counts


async def test_faust_counts_what_the_pure_functions_count(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not PYTHON.exists():
        without_kafka("the environment of faust is missing")
    running = await platform("intake", "matching", "reporting", definitions=VOICES, log="kafka")
    monkeypatch.setattr(clock, "now", lambda: running.now)
    for n, (person, district) in enumerate(((AMINA, "imola"), (LUCA, "savena-idice"), (SAMIRA, "imola"))):
        running.now = NOON - timedelta(days=3 - n, minutes=n)
        await say(running, "intake", registered(person, district=district))
        await say(running, "matching", placed(person))
    running.now = NOON
    await running.quiet()
    log = tmp_path / "faust.log"
    async with faust(running, tmp_path) as process:
        first = expected(await facts(running))
        assert await published(running, process, log, lambda counts: counts == first) == first
        assert [(await probed(path)).status_code for path in ("/livez", "/readyz", "/metrics")] == [200, 200, 200]
        # Later facts, and one that the relay sends twice: counted once.
        running.now = NOON + timedelta(minutes=2)
        more: list[Event] = [placed(AMINA, n=2), placed(LUCA, n=2)]
        for fact in more:
            await say(running, "matching", fact)
        await running.quiet()
        whole = await facts(running)
        await again(running)
        then = expected(whole)
        found = await published(running, process, log, lambda counts: {c: counts.get(c) for c in then} == then)
        assert {cell: found.get(cell) for cell in then} == then
        await on_the_page(running, then)
    # Stopped and started again, it goes on from its tables.
    running.now = NOON + timedelta(minutes=3)
    await say(running, "matching", placed(SAMIRA, n=2))
    await running.quiet()
    then = expected(await facts(running))
    async with faust(running, tmp_path) as process:
        found = await published(running, process, log, lambda counts: {c: counts.get(c) for c in then} == then)
        assert {cell: found.get(cell) for cell in then} == then
    assert [line for line in log.read_text().splitlines() if not line.startswith("{")] == []  # JSON lines, all of them


async def on_the_page(running: Running, then: dict[Cell, int]) -> None:
    """The site reads the figures back from `monitoring`, and says that they agree with the views."""
    store = running.store("reporting")
    async with asyncio.timeout(60), aclosing(live.Live(store).changes()) as changes:
        async for known in changes:
            if {cell: known.counts.get(cell) for cell in then} == then:
                break
    assert known.from_stream
    found = await now_page.fragment(store, known)
    assert (found["streamed"], found["agree"]) == (True, True)
    assert "concordano" in found["sentence"]
    behind = await now_page.fragment(store, live.Now(dict.fromkeys(then, 1), from_stream=True))
    assert not behind["agree"]
    assert "indietro" in behind["sentence"]


async def again(running: Running) -> None:
    """The last record of each partition once more, as a relay does that did not hear the answer."""
    for partition in range(PARTITIONS["pathway"]):
        records = await running.log.read("pathway", partition, 0, 10_000)
        if records:
            last = records[-1]
            copy = message(read_meta(last), last.value or b"")
            await running.log.append("pathway", partition, [replace(copy, timestamp_ms=last.timestamp_ms)])
