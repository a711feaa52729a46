"""The event log: one port, two adapters.

The whole of what the platform needs of a broker: append a batch to a partition, read a partition from an
offset, learn its end and its identity. `kafka.py` is the real one; `embedded.py` keeps the same promises on
PostgreSQL for a machine without Java or Docker. Where the two differ the embedded one is wrong.

What a partition promises: records in the order of their appends, offsets that rise, sometimes with holes
(compaction). What it does not: that a failed `append` left nothing behind. It may have been written whole,
and written again by the caller's retry; readers drop the second by number (`shared/sequencer.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import unpack_from
from typing import NamedTuple, Protocol

TopicPartition = tuple[str, int]

BATCH_BYTES = 1_000_000
"""The most one batch may hold, and so one message. Topics accept 1 MiB: the rest is the batch's header."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should exist. `retention_ms` -1: for ever. A compacted one keeps the last of each key."""

    name: str
    partitions: int
    compacted: bool = False
    retention_ms: int = -1


@dataclass(frozen=True, slots=True)
class Message:
    """What is appended. A `value` of None is a tombstone; a compacted topic wants a key. UTC milliseconds."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int


class Record(NamedTuple):
    """What is read: a message and where it stands. A tuple, because reading makes millions of them."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int


class LogUnavailable(Exception):
    """The log is away or answered too late (or the topic does not exist): the caller retries or exits."""


class OffsetOutOfRange(Exception):
    """The offset is before the first kept record or past the next one to be written."""

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        super().__init__(f"offset {offset} of {topic}/{partition} is out of range")
        self.topic = topic
        self.partition = partition
        self.offset = offset


class Reader(Protocol):
    """Reads all the partitions it was opened with: no groups, no rebalances. One task uses it at a time."""

    async def poll(self, limit: int, timeout: float) -> list[Record]:
        """At most `limit` records, in order per partition; [] if none came within `timeout` seconds.

        Raises OffsetOutOfRange (then `seek`, or it is raised again) and LogUnavailable (then open a new
        reader or exit)."""

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Goes on from `offset` in this partition."""

    async def hint(self, positions: Mapping[TopicPartition, int]) -> None:
        """Commits next offsets under the group's name, for lag tools only. Failures are only counted."""

    async def close(self) -> None:
        """Frees the connections. Never raises for a log that is away."""


class Log(Protocol):
    """An append-only log of partitioned topics."""

    async def start(self) -> None:
        """Connects. Raises LogUnavailable."""

    async def stop(self) -> None:
        """Closes all connections; what was not acknowledged may or may not have been written."""

    async def create_topics(self, topics: Sequence[Topic]) -> None:
        """Creates the missing ones. Raises ValueError if one exists with another number of partitions."""

    async def identity(self, topic: str) -> str:
        """`<cluster id>/<topic id>`: another value is another log, whose offsets mean something else."""

    async def append(self, topic: str, partition: int, messages: Sequence[Message], timeout: float = 10) -> int:
        """Appends in order, acknowledged by all replicas; the offset of the first message.

        One batch, or several one after the other if they exceed BATCH_BYTES; nothing is written and the next
        offset is returned if there are no messages. Partitions may be appended to at the same time, one
        partition only by one caller at a time. `timeout` (seconds) bounds each batch. Raises LogUnavailable,
        and ValueError, with nothing written, for a message over BATCH_BYTES or, in a compacted topic, without
        a key."""

    async def ends(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """The next offset to be written, per partition."""

    async def begins(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """The first offset that can be read, per partition."""

    async def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Record]:
        """At most `limit` records from `offset` up to the end as it is now. Raises OffsetOutOfRange."""

    async def reader(self, positions: Mapping[TopicPartition, int], group: str) -> Reader:
        """A reader of these partitions from these offsets; `group` names it for `hint` only."""


def open_log(url: str, prefix: str = "") -> Log:
    """The log at `kafka://host:port[,host:port]` or `postgresql+asyncpg://...` (embedded), not yet started.

    `prefix` is put before every topic's name there and taken off again on read: a fresh one per test."""
    scheme, _, address = url.partition("://")
    if scheme == "kafka":
        from shared.log.kafka import KafkaLog

        return KafkaLog(address, prefix)
    if scheme == "postgresql+asyncpg":
        from shared.log.embedded import EmbeddedLog

        return EmbeddedLog(url, prefix)
    raise ValueError(f"no log speaks {scheme!r}")


@lru_cache(maxsize=1 << 16)
def partition_of(key: str, partitions: int) -> int:
    """The partition of a key, as by Kafka's default partitioner."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """MurmurHash2 as in org.apache.kafka.common.utils.Utils.murmur2, but unsigned."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    words = len(data) // 4
    for k in unpack_from(f"<{words}I", data):
        # The high bits of a product never reach the low ones: one mask a round is enough.
        k = k * m & mask
        h = (h * m ^ (k ^ k >> 24) * m) & mask
    if rest := data[4 * words :]:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def size_of(message: Message) -> int:
    """At least the bytes this message takes in a batch."""
    headers = sum(len(name.encode()) + len(value) + 10 for name, value in message.headers)
    return len(message.key or b"") + len(message.value or b"") + headers + 40


def batches(messages: Sequence[Message]) -> list[list[Message]]:
    """Cuts the messages into runs of at most BATCH_BYTES. Raises ValueError if one alone is larger."""
    found: list[list[Message]] = []
    room = 0
    for message in messages:
        size = size_of(message)
        if size > BATCH_BYTES:
            raise ValueError(f"a message of {size} bytes; at most {BATCH_BYTES}")
        if size > room:
            found.append([])
            room = BATCH_BYTES
        found[-1].append(message)
        room -= size
    return found
