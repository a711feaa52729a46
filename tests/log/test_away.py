"""The log away and back: silent (SIGSTOP, a network that swallows) or gone (kill -9, refused connections)."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

import pytest

from shared.log import Log, LogUnavailable, Message, Reader
from shared.log.kafka import KafkaLog
from tests.log.places import (
    DatabaseGone,
    Fault,
    KafkaKilled,
    eventually,
    everything,
    message,
    topic,
    values,
)
from tests.log.proxy import Proxy

PATIENCE = 2.0
pytestmark = pytest.mark.slow


@pytest.fixture
async def log(fault: Fault) -> AsyncIterator[Log]:
    opened = fault.log(f"t{uuid4().hex[:10]}-", PATIENCE)
    await opened.start()
    yield opened
    await opened.stop()


async def persist(log: Log, name: str, messages: list[Message]) -> None:
    """As the relay does: the same again until it is acknowledged."""

    async def attempt() -> bool:
        await log.append(name, 0, messages, timeout=PATIENCE)
        return True

    await eventually(attempt, seconds=60, but=(LogUnavailable,))


async def poll_for_ever(reader: Reader) -> None:
    while True:
        assert await reader.poll(10, timeout=0.5) == []


def once(found: list[str]) -> list[str]:
    """Without repetitions, as the sequencer leaves them."""
    return list(dict.fromkeys(found))


async def test_append_says_so_and_goes_on_in_order(log: Log, fault: Fault) -> None:
    name = await topic(log)
    await log.append(name, 0, [message("1"), message("2")])
    await fault.go()
    try:
        async with asyncio.timeout(PATIENCE * 3):
            for _ in range(2):
                with pytest.raises(LogUnavailable):
                    await log.append(name, 0, [message("3"), message("4")], timeout=1)
    finally:
        await fault.come_back()
    await persist(log, name, [message("3"), message("4")])
    await persist(log, name, [message("5")])
    found: list[str] = []

    async def read() -> bool:
        found[:] = values(await everything(log, name))
        return found[-1:] == ["5"]

    await eventually(read, but=(LogUnavailable,))
    assert once(found) == ["1", "2", "3", "4", "5"]


async def test_an_append_under_way_fails_or_succeeds_whole_and_in_order(log: Log, fault: Fault) -> None:
    """The log goes while a relay sends: nothing acknowledged is lost, and no later one comes before."""
    name = await topic(log)
    sent = 0
    stopping = asyncio.Event()

    async def relay() -> None:
        nonlocal sent
        while not stopping.is_set():
            await persist(log, name, [message(str(sent + i)) for i in range(3)])
            sent += 3

    async def has_sent(number: int) -> bool:
        return sent >= number

    relaying = asyncio.create_task(relay())
    try:
        for _ in range(2):
            await eventually(partial(has_sent, sent + 30))
            await fault.go()
            try:
                with pytest.raises(LogUnavailable):
                    await log.append(name, 0, [message("")], timeout=PATIENCE)
            finally:
                await fault.come_back()
        await eventually(partial(has_sent, sent + 30), seconds=60)
    finally:
        stopping.set()
        await relaying
    found = [value for value in values(await everything(log, name)) if value]
    assert once(found) == [str(i) for i in range(sent)]


async def test_a_reader_says_so_and_its_successor_goes_on(
    log: Log, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    name = await topic(log)
    await log.append(name, 0, [message("1"), message("2")])
    reader = await log.reader({(name, 0): 0}, "g")
    found: list[str] = []
    try:
        while len(found) < 2:
            found += values(await reader.poll(10, timeout=1))
        await fault.go()
        try:
            async with asyncio.timeout(PATIENCE * 4):
                with pytest.raises(LogUnavailable):
                    await poll_for_ever(reader)
                await reader.hint({(name, 0): 2})
                assert "offsets not hinted" in caplog.text
        finally:
            await fault.come_back()
    finally:
        async with asyncio.timeout(PATIENCE):
            await reader.close()
    await persist(log, name, [message("3")])

    async def successor() -> bool:
        reader = await log.reader({(name, 0): len(found)}, "g")
        try:
            found.extend(values(await reader.poll(10, timeout=1)))
        finally:
            await reader.close()
        return "3" in found

    await eventually(successor, but=(LogUnavailable,))
    assert once(found) == ["1", "2", "3"]


async def test_what_asks_says_so(log: Log, fault: Fault) -> None:
    name = await topic(log)
    await fault.go()
    try:
        async with asyncio.timeout(PATIENCE * 10):
            for ask in (
                lambda: log.ends([(name, 0)]),
                lambda: log.identity(name),
                lambda: log.read(name, 0, 0, 1),
                lambda: topic(log, name="supply"),
            ):
                with pytest.raises(LogUnavailable):
                    await ask()
            with pytest.raises(LogUnavailable):
                await fault.log("late-", PATIENCE).start()
    finally:
        await fault.come_back()

    async def is_back() -> bool:
        return await log.ends([(name, 0)]) == {(name, 0): 0}

    await eventually(is_back, but=(LogUnavailable,))


@pytest.mark.parametrize("fault", [pytest.param(KafkaKilled, marks=pytest.mark.kafka), DatabaseGone], indirect=True)
async def test_what_failed_while_it_was_gone_does_not_come_later(fault: Fault) -> None:
    """A batch still queued in the client must not follow what the caller has appended since."""
    log = fault.log(f"t{uuid4().hex[:10]}-", 30)  # longer than a restart, so that no batch expires by itself
    await log.start()
    try:
        name = await topic(log)
        await log.append(name, 0, [message("1")])
        await fault.go()
        try:
            with pytest.raises(LogUnavailable):
                await log.append(name, 0, [message("given up")], timeout=1)
        finally:
            await fault.come_back()
        await persist(log, name, [message("2")])
        await persist(log, name, [message("3")])
        assert once(values(await everything(log, name))) == ["1", "2", "3"]
    finally:
        await log.stop()


class AskedOnce(Proxy):
    """Lets the first request of each connection and its answer pass, and nothing more."""

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        target.write(await source.read(65_536))
        await asyncio.Event().wait()


@pytest.mark.kafka
async def test_who_gives_up_while_the_broker_starts_leaves_no_connection_open(
    kafka_bootstrap: str, recwarn: pytest.WarningsRecorder
) -> None:
    """A broker just started answers the first request, and is long about the second."""
    host, _, port = kafka_bootstrap.rpartition(":")
    proxy = AskedOnce(host, int(port))
    await proxy.open()
    log = KafkaLog(f"127.0.0.1:{proxy.port}", patience=PATIENCE)
    try:
        with pytest.raises(LogUnavailable):
            await log.append("pathway", 0, [message("1")], timeout=PATIENCE / 4)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(PATIENCE / 4):
                await log.reader({("pathway", 0): 0}, "g")
    finally:
        await log.stop()
        await proxy.close()
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []
