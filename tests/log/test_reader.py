"""Readers: positions, seek, waking, hints, and not being fooled by silence."""

from __future__ import annotations

import asyncio
import time

import pytest

from shared.log import Log, LogUnavailable, OffsetOutOfRange, Reader, Record, TopicPartition
from tests.log.places import Place, eventually, message, topic, values


async def drain(reader: Reader, count: int, limit: int = 100) -> list[Record]:
    """The next `count` records, within 30 s."""
    found: list[Record] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            page = await reader.poll(limit, timeout=1)
            assert len(page) <= limit
            found += page
    return found


async def read_one(log: Log, positions: dict[TopicPartition, int]) -> list[Record]:
    reader = await log.reader(positions, "g")
    try:
        return await drain(reader, 1)
    finally:
        await reader.close()


async def test_reads_from_its_positions_in_order(log: Log) -> None:
    name = await topic(log, partitions=3)
    for partition in range(3):
        await log.append(name, partition, [message(f"{partition}/{i}") for i in range(30)])
    reader = await log.reader({(name, 0): 0, (name, 1): 10, (name, 2): 30}, "g")
    try:
        found = await drain(reader, 50, limit=7)
        by_partition = {p: values([r for r in found if r.partition == p]) for p in range(3)}
        assert by_partition[0] == [f"0/{i}" for i in range(30)]
        assert by_partition[1] == [f"1/{i}" for i in range(10, 30)]
        assert by_partition[2] == []
        assert await reader.poll(10, timeout=0.2) == []
        await log.append(name, 2, [message("2/30")])
        assert [(r.topic, r.partition, r.offset) for r in await drain(reader, 1)] == [(name, 2, 30)]
    finally:
        await reader.close()


async def test_reads_several_topics(log: Log) -> None:
    for name in ("pathway", "supply"):
        await topic(log, name=name)
        await log.append(name, 0, [message(f"of {name}")])
    reader = await log.reader({("pathway", 0): 0, ("supply", 0): 0}, "g")
    try:
        found = await drain(reader, 2)
        assert {(r.topic, r.value) for r in found} == {("pathway", b"of pathway"), ("supply", b"of supply")}
    finally:
        await reader.close()


async def test_an_append_wakes_a_waiting_reader(log: Log) -> None:
    name = await topic(log)
    reader = await log.reader({(name, 0): 0}, "g")
    try:
        assert await reader.poll(10, timeout=0.1) == []
        for i in range(5):
            waiting = asyncio.create_task(reader.poll(10, timeout=10))
            started = time.monotonic()
            await log.append(name, 0, [message(str(i))])
            assert values(await waiting) == [str(i)]
            # Well under the embedded log's fallback of 1 s, which would hide a lost notification.
            assert time.monotonic() - started < 0.8
    finally:
        await reader.close()


async def test_seek_goes_back_and_forth(log: Log) -> None:
    name = await topic(log, partitions=2)
    for partition in range(2):
        await log.append(name, partition, [message(f"{partition}/{i}") for i in range(10)])
    reader = await log.reader({(name, 0): 0, (name, 1): 10}, "g")
    try:
        assert values(await drain(reader, 3, limit=3)) == ["0/0", "0/1", "0/2"]
        reader.seek((name, 0), 8)
        assert values(await drain(reader, 2)) == ["0/8", "0/9"]
        reader.seek((name, 1), 9)
        assert values(await drain(reader, 1)) == ["1/9"]
        reader.seek((name, 0), 0)
        assert values(await drain(reader, 10)) == [f"0/{i}" for i in range(10)]
    finally:
        await reader.close()


async def test_out_of_range_is_said_until_sought(log: Log, place: Place, prefix: str) -> None:
    name = await topic(log)
    await log.append(name, 0, [message(str(i)) for i in range(10)])
    await place.trim(prefix, name, 0, before=4)
    for wrong in (2, 11):
        reader = await log.reader({(name, 0): wrong}, "g")
        try:
            for _ in range(2):
                with pytest.raises(OffsetOutOfRange) as raised:
                    await drain(reader, 1)
                assert (raised.value.topic, raised.value.partition, raised.value.offset) == (name, 0, wrong)
            reader.seek((name, 0), (await log.begins([(name, 0)]))[name, 0])
            assert values(await drain(reader, 6)) == [str(i) for i in range(4, 10)]
        finally:
            await reader.close()


async def test_the_end_is_in_range(log: Log) -> None:
    name = await topic(log)
    await log.append(name, 0, [message("a")])
    reader = await log.reader({(name, 0): 1}, "g")
    try:
        assert await reader.poll(10, timeout=0.3) == []
        await log.append(name, 0, [message("b")])
        assert values(await drain(reader, 1)) == ["b"]
    finally:
        await reader.close()


async def test_many_readers_see_the_same(log: Log) -> None:
    name = await topic(log, partitions=2)
    start = {(name, 0): 0, (name, 1): 0}
    readers = [await log.reader(start, f"g{i}") for i in range(8)]
    try:
        draining = [asyncio.create_task(drain(reader, 200, limit=17)) for reader in readers]
        for i in range(100):
            await asyncio.gather(*(log.append(name, p, [message(f"{p}/{i}")]) for p in range(2)))
        for found in await asyncio.gather(*draining):
            for partition in range(2):
                mine = [r for r in found if r.partition == partition]
                assert [r.offset for r in mine] == list(range(100))
                assert values(mine) == [f"{partition}/{i}" for i in range(100)]
    finally:
        for reader in readers:
            await reader.close()


async def test_hints_are_for_lag_tools_only(log: Log, place: Place, prefix: str) -> None:
    name = await topic(log)
    await log.append(name, 0, [message(str(i)) for i in range(10)])
    assert await place.hinted(prefix, "reporting", (name, 0)) is None
    reader = await log.reader({(name, 0): 0}, "reporting")
    try:
        await drain(reader, 10)
        for position in (4, 10):

            async def is_hinted(position: int = position) -> bool:
                await reader.hint({(name, 0): position})  # a broker's first makes its topic for them, and fails
                return await place.hinted(prefix, "reporting", (name, 0)) == position

            await eventually(is_hinted)
    finally:
        await reader.close()
    again = await log.reader({(name, 0): 2}, "reporting")
    try:
        assert values(await drain(again, 8)) == [str(i) for i in range(2, 10)]
    finally:
        await again.close()


async def test_an_idle_log_is_not_taken_for_a_lost_one(place: Place, prefix: str) -> None:
    patient = place.log(prefix, patience=1.5)
    await patient.start()
    name = await topic(patient, partitions=2)
    reader = await patient.reader({(name, 0): 0, (name, 1): 0}, "g")
    try:
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            assert await reader.poll(10, timeout=0.4) == []
        await patient.append(name, 1, [message("still there")])
        assert values(await drain(reader, 1)) == ["still there"]
    finally:
        await reader.close()
        await patient.stop()


async def test_a_reader_of_what_does_not_exist(place: Place, prefix: str) -> None:
    log = place.log(prefix, patience=1)
    await log.start()
    try:
        await topic(log)
        with pytest.raises(ValueError, match="no partitions"):
            await log.reader({}, "g")
        with pytest.raises(LogUnavailable):
            await read_one(log, {("pathway", 0): 0, ("nowhere", 0): 0})
    finally:
        await log.stop()


async def test_a_reader_may_be_closed_at_once(log: Log) -> None:
    name = await topic(log)
    await (await log.reader({(name, 0): 0}, "g")).close()
    assert await log.append(name, 0, [message("a")]) == 0
