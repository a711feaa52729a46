"""What both adapters promise about records, offsets and topics."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from shared.log import (
    BATCH_BYTES,
    Log,
    LogUnavailable,
    Message,
    OffsetOutOfRange,
    Record,
    Topic,
    open_log,
)
from tests.log.places import Place, eventually, everything, message, topic, values


async def test_offsets_rise_by_one_and_append_returns_the_first(log: Log) -> None:
    name = await topic(log)
    assert await log.append(name, 0, [message("a")]) == 0
    assert await log.append(name, 0, [message("b"), message("c")]) == 1
    assert await log.append(name, 0, [message("d")]) == 3
    records = await log.read(name, 0, 0, 100)
    assert [(r.offset, r.value) for r in records] == [(0, b"a"), (1, b"b"), (2, b"c"), (3, b"d")]


async def test_appending_nothing_writes_nothing(log: Log) -> None:
    name = await topic(log)
    await log.append(name, 0, [message("a")])
    assert await log.append(name, 0, []) == 1
    assert await log.ends([(name, 0)]) == {(name, 0): 1}


async def test_all_of_a_record_comes_back(log: Log) -> None:
    name = await topic(log)
    headers = (("ce_id", b"\x00\xff"), ("traceparent", b""), ("ce_id", "perché".encode()))
    written = [
        Message(b"luca", b"\x00\x01\xfe", headers, 1_720_000_000_123),
        Message(None, b"without key", (), 0),
        Message(b"luca", None, (("ce_id", b"1"),), 1_720_000_000_456),
        Message(b"", b"", (), 1_720_000_000_789),
    ]
    await log.append(name, 0, written)
    assert await log.read(name, 0, 0, 10) == [
        Record(name, 0, offset, m.key, m.value, m.headers, m.timestamp_ms) for offset, m in enumerate(written)
    ]


async def test_partitions_are_independent(log: Log) -> None:
    name = await topic(log, partitions=3)
    await asyncio.gather(
        *(log.append(name, partition, [message(f"{partition}/{i}") for i in range(50)]) for partition in range(3))
    )
    for partition in range(3):
        assert values(await everything(log, name, partition)) == [f"{partition}/{i}" for i in range(50)]


async def test_many_appends_stay_in_order(log: Log) -> None:
    name = await topic(log)
    for i in range(0, 200, 4):
        assert await log.append(name, 0, [message(str(j)) for j in range(i, i + 4)]) == i
    assert values(await everything(log, name)) == [str(i) for i in range(200)]


async def test_more_than_a_batch_is_written_in_order(log: Log) -> None:
    name = await topic(log)
    # Random bytes: what compresses well would never reach the broker's limit.
    blocks = [os.urandom(90_000) for _ in range(30)]
    await log.append(name, 0, [message("before")])
    assert await log.append(name, 0, [Message(b"amina", block, (), 1) for block in blocks]) == 1
    assert [r.value for r in await everything(log, name)] == [b"before", *blocks]


async def test_the_largest_message_fits(log: Log) -> None:
    name = await topic(log)
    value = os.urandom(BATCH_BYTES - 100)
    await log.append(name, 0, [Message(b"amina", value, (), 1)])
    assert [r.value for r in await log.read(name, 0, 0, 1)] == [value]


async def test_a_message_over_the_limit_leaves_nothing_behind(log: Log) -> None:
    name = await topic(log)
    with pytest.raises(ValueError, match="bytes"):
        await log.append(name, 0, [message("fits"), Message(b"amina", os.urandom(BATCH_BYTES), (), 1)])
    assert await log.ends([(name, 0)]) == {(name, 0): 0}
    assert await log.append(name, 0, [message("after")]) == 0


async def test_read_is_bounded(log: Log) -> None:
    name = await topic(log)
    await log.append(name, 0, [message(str(i)) for i in range(20)])
    assert values(await log.read(name, 0, 5, 4)) == ["5", "6", "7", "8"]
    assert values(await log.read(name, 0, 18, 100)) == ["18", "19"]
    assert await log.read(name, 0, 20, 100) == []


async def test_read_out_of_range(log: Log, place: Place, prefix: str) -> None:
    name = await topic(log)
    await log.append(name, 0, [message(str(i)) for i in range(10)])
    with pytest.raises(OffsetOutOfRange) as past:
        await log.read(name, 0, 11, 1)
    assert (past.value.topic, past.value.partition, past.value.offset) == (name, 0, 11)
    await place.trim(prefix, name, 0, before=4)
    with pytest.raises(OffsetOutOfRange) as before:
        await log.read(name, 0, 3, 1)
    assert (before.value.topic, before.value.partition, before.value.offset) == (name, 0, 3)
    assert values(await log.read(name, 0, 4, 1)) == ["4"]


async def test_begins_and_ends(log: Log, place: Place, prefix: str) -> None:
    name = await topic(log, partitions=2)
    both = [(name, 0), (name, 1)]
    assert await log.begins(both) == await log.ends(both) == {(name, 0): 0, (name, 1): 0}
    await log.append(name, 1, [message(str(i)) for i in range(7)])
    await place.trim(prefix, name, 1, before=3)
    assert await log.begins(both) == {(name, 0): 0, (name, 1): 3}
    assert await log.ends(both) == {(name, 0): 0, (name, 1): 7}
    assert await log.ends([]) == {}


async def test_identity_is_of_one_life_of_a_topic(log: Log, place: Place, prefix: str) -> None:
    name, other = await topic(log), await topic(log, name="supply")
    await log.append(name, 0, [message("of the first life")])
    first = await log.identity(name)
    assert first == await log.identity(name)
    assert first != await log.identity(other)
    assert first.split("/")[0] == (await log.identity(other)).split("/")[0]

    await place.delete_topic(prefix, name)

    async def is_gone() -> bool:
        try:
            await log.identity(name)
        except LogUnavailable:
            return True
        return False

    await eventually(is_gone)
    await topic(log)
    assert await log.identity(name) != first
    assert await log.ends([(name, 0)]) == {(name, 0): 0}
    assert await log.read(name, 0, 0, 10) == []


async def test_create_topics_is_idempotent(log: Log, place: Place, prefix: str) -> None:
    topics = [
        Topic("pathway", 3),
        Topic("profiles", 2, compacted=True),
        Topic("monitoring", 1, retention_ms=1),
    ]
    await log.create_topics(topics)
    identities = [await log.identity(t.name) for t in topics]
    await log.append("pathway", 2, [message("kept")])
    await asyncio.gather(*(log.create_topics(topics) for _ in range(3)))
    assert [await log.identity(t.name) for t in topics] == identities
    assert await log.ends([("pathway", 2)]) == {("pathway", 2): 1}


async def test_another_number_of_partitions_is_refused(log: Log) -> None:
    await log.create_topics([Topic("pathway", 3)])
    for partitions in (2, 4):
        with pytest.raises(ValueError, match="pathway has 3 partitions"):
            await log.create_topics([Topic("supply", 1), Topic("pathway", partitions)])
    await log.create_topics([Topic("pathway", 3)])


async def test_a_prefix_is_a_log_of_its_own(log: Log, place: Place, prefix: str) -> None:
    name = await topic(log)
    await log.append(name, 0, [message("Amina's")])
    other_prefix = f"{prefix}other-"
    other = place.log(other_prefix)
    await other.start()
    try:
        await topic(other)
        assert await other.ends([(name, 0)]) == {(name, 0): 0}
        await other.append(name, 0, [message("Luca's")])
        assert [(r.topic, r.value) for r in await log.read(name, 0, 0, 10)] == [(name, b"Amina's")]
        assert [(r.topic, r.value) for r in await other.read(name, 0, 0, 10)] == [(name, b"Luca's")]
        assert await log.identity(name) != await other.identity(name)
    finally:
        await other.stop()
        await place.forget(other_prefix)


async def test_a_topic_that_does_not_exist(place: Place, prefix: str) -> None:
    log = place.log(prefix, patience=2)
    await log.start()
    try:
        await topic(log)
        for attempt in (
            log.append("nowhere", 0, [message("a")], timeout=2),
            log.append("pathway", 7, [message("a")], timeout=2),
            log.ends([("nowhere", 0)]),
            log.identity("nowhere"),
        ):
            with pytest.raises(LogUnavailable):
                await attempt
        assert await log.append("pathway", 0, [message("still works")]) == 0
    finally:
        await log.stop()


async def test_a_compacted_topic_wants_keys(log: Log) -> None:
    name = await topic(log, compacted=True)
    with pytest.raises(ValueError, match="without key"):
        await log.append(name, 0, [message("a"), message("b", key=None)])
    assert await log.append(name, 0, [message("c")]) == 0


async def test_compaction_keeps_the_last_of_a_key_and_the_offsets(log: Log, place: Place, prefix: str) -> None:
    name = await topic(log, compacted=True)
    for i in range(5):
        await log.append(name, 0, [message(f"amina {i}", "amina"), message(f"luca {i}", "luca")])
    await log.append(name, 0, [Message(b"luca", None, (), 1_720_000_000_000)])
    await place.compact(prefix, name)

    async def is_compacted() -> bool:
        # The broker never touches the segment it writes to; a later timestamp makes it begin a new one.
        await log.append(name, 0, [message("last", "sara", int(time.time() * 1000))])
        return sum(r.key != b"sara" for r in await everything(log, name)) <= 2

    await eventually(is_compacted, seconds=40)
    kept = [(r.offset, r.key, r.value) for r in await everything(log, name) if r.key != b"sara"]
    assert kept[0] == (8, b"amina", b"amina 4")
    assert kept[1:] in ([(10, b"luca", None)], [])  # a tombstone may go, in its time
    assert (await log.begins([(name, 0)]))[name, 0] == 0
    # A position in a hole reads on behind it, and a reader gets to the end.
    assert (await log.read(name, 0, 3, 1))[0].offset == 8
    end = (await log.ends([(name, 0)]))[name, 0]
    reader = await log.reader({(name, 0): 0}, "g")
    try:
        seen: list[int] = []
        while not seen or seen[-1] < end - 1:
            found = await reader.poll(2, timeout=5)
            assert found, "a reader stopped before the end"
            seen += [r.offset for r in found]
    finally:
        await reader.close()
    assert seen == sorted(set(seen))


async def test_who_is_called_off_while_a_reader_closes_hears_of_it(log: Log) -> None:
    """aiokafka takes a cancellation for that of its own tasks: a timeout around a reading would never come."""
    name = await topic(log)
    for turns in range(1, 30):
        reader = await log.reader({(name, 0): 0}, "g")
        await reader.poll(1, timeout=0.1)
        closing = asyncio.create_task(reader.close())
        for _ in range(turns):
            await asyncio.sleep(0)
        if closing.done():
            break
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing


async def test_any_clock_will_do(log: Log) -> None:
    """The demonstration's clock is not the broker's, which would refuse what is more than an hour ahead."""
    name = await topic(log)
    instants = [0, int((time.time() + 400 * 86_400) * 1000), 1]
    await log.append(name, 0, [message("a", timestamp_ms=instant) for instant in instants])
    assert [r.timestamp_ms for r in await log.read(name, 0, 0, 3)] == instants


def test_open_log_knows_its_schemes() -> None:
    assert type(open_log("postgresql+asyncpg://nobody@localhost/none")).__name__ == "EmbeddedLog"
    assert type(open_log("kafka://localhost:1,localhost:2", "p-")).__name__ == "KafkaLog"
    with pytest.raises(ValueError, match="amqp"):
        open_log("amqp://localhost")
