"""The log on Apache Kafka: aiokafka for records, confluent-kafka's AdminClient for everything about topics.

The producer is not idempotent, on purpose: with batches pipelined aiokafka's can put 6 before 5 after a
failure (architecture 2). Order comes from one batch in flight per partition, once in effect from the readers.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.codec import has_lz4
from aiokafka.errors import KafkaError, UnknownError
from confluent_kafka import KafkaError as AdminError
from confluent_kafka import (
    KafkaException,
    TopicCollection,
)
from confluent_kafka import TopicPartition as AdminPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from shared.log import (
    LogUnavailable,
    Message,
    OffsetOutOfRange,
    Record,
    Topic,
    TopicPartition,
    batches,
    kafka_tls,
)
from shared.log.kafka_reader import KafkaReader

T = TypeVar("T")
K = TypeVar("K")
LATEST: OffsetSpec = OffsetSpec.latest()
EARLIEST: OffsetSpec = OffsetSpec.earliest()
UNSETTLED = (
    AdminError.NOT_LEADER_FOR_PARTITION,
    AdminError.LEADER_NOT_AVAILABLE,
    AdminError.FENCED_LEADER_EPOCH,
    AdminError.UNKNOWN_LEADER_EPOCH,
    AdminError._NOENT,
)
"""Answers given while leadership settles: of a new topic, of a broker just started."""
DAY_MS = 86_400_000
PATIENCE = 10.0
"""Seconds without an answer of the broker after which it counts as away."""


class KafkaLog:
    """`shared.log.Log` on Kafka. `patience` (seconds): how long the broker may keep silent."""

    def __init__(self, bootstrap: str, prefix: str = "", patience: float = PATIENCE) -> None:
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._patience = patience
        self._opening = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()
        self._producer: _Producer | None = None
        self._admin: AdminClient | None = None

    async def start(self) -> None:
        await self._ensure_producer()

    async def stop(self) -> None:
        producer, self._producer, self._admin = self._producer, None, None
        if producer is not None:
            await producer.discard("the log was stopped")
        if self._ending:
            await asyncio.wait(self._ending)

    async def create_topics(self, topics: Sequence[Topic]) -> None:
        admin = self._administrator()
        existing = (await self._metadata(admin)).topics
        missing = [topic for topic in topics if self._prefix + topic.name not in existing]
        if missing:
            news = [_new_topic(self._prefix, topic) for topic in missing]
            for future in admin.create_topics(news, request_timeout=self._patience).values():
                try:
                    await self._result(future)
                except KafkaException as error:
                    if error.args[0].code() != AdminError.TOPIC_ALREADY_EXISTS:
                        raise LogUnavailable(str(error)) from error
        for topic in topics:
            await self._settled(admin, topic)

    async def _settled(self, admin: AdminClient, topic: Topic) -> None:
        """Waits until every partition has a leader, so that the first append need not."""
        deadline = time.monotonic() + self._patience
        while True:
            found = (await self._metadata(admin, self._prefix + topic.name)).topics[self._prefix + topic.name]
            if found.error is None and all(p.leader >= 0 for p in found.partitions.values()):
                if len(found.partitions) != topic.partitions:
                    raise ValueError(f"{topic.name} has {len(found.partitions)} partitions, not {topic.partitions}")
                return
            if time.monotonic() > deadline:
                raise LogUnavailable(f"{topic.name} has no leader after {self._patience} s")
            await asyncio.sleep(0.05)

    async def identity(self, topic: str) -> str:
        admin = self._administrator()
        names = TopicCollection([self._prefix + topic])
        cluster = await self._answers(lambda: {0: admin.describe_cluster(request_timeout=self._patience)})
        topics = await self._answers(lambda: admin.describe_topics(names, request_timeout=self._patience))
        return f"{cluster[0].cluster_id}/{topics[self._prefix + topic].topic_id}"

    async def append(self, topic: str, partition: int, messages: Sequence[Message], timeout: float = 10) -> int:
        runs = batches(messages)
        if not runs:
            return (await self.ends([(topic, partition)]))[topic, partition]
        first: int | None = None
        for run in runs:
            offset = await self._append_run(topic, partition, run, timeout)
            first = offset if first is None else first
        assert first is not None
        return first

    async def _append_run(self, topic: str, partition: int, run: list[Message], timeout: float) -> int:
        producer: _Producer | None = None
        try:
            async with asyncio.timeout(timeout):
                producer = await self._ensure_producer()
                return await producer.send(self._prefix + topic, partition, run)
        except (TimeoutError, KafkaError) as error:
            # aiokafka has no name for INVALID_RECORD (87), the answer to a null key in a compacted topic.
            if isinstance(error, UnknownError) and any(m.key is None for m in run):
                raise ValueError(f"{topic} refuses a record without key") from error
            # What failed may still be queued in this producer: nothing of it may follow a retry.
            await self._discard(producer, f"an append to {topic}/{partition} failed")
            raise LogUnavailable(f"append to {topic}/{partition}: {error!r}") from error
        except asyncio.CancelledError:
            await self._discard(producer, f"an append to {topic}/{partition} was cancelled")
            raise

    async def ends(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return await self._offsets(partitions, LATEST)

    async def begins(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return await self._offsets(partitions, EARLIEST)

    async def _offsets(self, partitions: Sequence[TopicPartition], spec: OffsetSpec) -> dict[TopicPartition, int]:
        if not partitions:
            return {}
        admin = self._administrator()
        asked = {AdminPartition(self._prefix + topic, number): spec for topic, number in partitions}
        found = await self._answers(lambda: admin.list_offsets(asked, request_timeout=self._patience))
        if any(answer.offset < 0 for answer in found.values()):
            raise LogUnavailable("no offsets")  # librdkafka's answer (-1001) if the broker did not answer in time
        return {(tp.topic.removeprefix(self._prefix), tp.partition): o.offset for tp, o in found.items()}

    async def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Record]:
        # A consumer of its own per call: nothing to share, to lock or to find stuck after a broker's restart.
        end = (await self.ends([(topic, partition)]))[topic, partition]
        if offset > end:
            raise OffsetOutOfRange(topic, partition, offset)
        if offset == end:
            return []
        reader = await self._open({(topic, partition): offset}, group="")
        found: list[Record] = []
        try:
            # Not "until the last offset": the end of a partition can be a hole.
            while len(found) < limit and await reader.position((topic, partition)) < end:
                found += await reader.poll(limit - len(found), timeout=0.5)
        finally:
            await reader.close()
        return [record for record in found if record.offset < end]

    async def reader(self, positions: Mapping[TopicPartition, int], group: str) -> KafkaReader:
        return await self._open(positions, group)

    async def _open(self, positions: Mapping[TopicPartition, int], group: str) -> KafkaReader:
        if not positions:
            raise ValueError("a reader of no partitions")
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=None,  # a group's coordinator could fail the reading for the sake of a hint: see hint()
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_uncommitted",
            fetch_max_bytes=16 * 2**20,
            max_partition_fetch_bytes=2 * 2**20,
            request_timeout_ms=int(self._patience * 1000),
            **kafka_tls.for_aiokafka(),
        )
        await self._start(consumer)
        return KafkaReader(consumer, positions, self._prefix, self._patience, group, lambda: self._end(consumer.stop()))

    async def _ensure_producer(self) -> _Producer:
        async with self._opening:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    enable_idempotence=False,
                    acks="all",
                    compression_type="lz4" if has_lz4() else "gzip",
                    max_batch_size=2**20,  # the batch's header and BATCH_BYTES of messages
                    request_timeout_ms=int(self._patience * 1000),
                    **kafka_tls.for_aiokafka(),
                )
                await self._start(producer)
                self._producer = _Producer(producer)
            return self._producer

    async def _start(self, client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
        """Starts it within our patience, else stops it. Raises LogUnavailable.

        Whoever waits may go, the start is never cut short: aiokafka would forget the connection over which it asks
        for the brokers, open. It ends by itself, since each of its requests has our patience."""
        starting = asyncio.ensure_future(client.start())
        try:
            async with asyncio.timeout(self._patience):
                await asyncio.shield(starting)
        except BaseException as error:
            self._end(_stop(client, starting))
            if isinstance(error, TimeoutError | KafkaError):
                raise LogUnavailable(f"no answer of the broker: {error!r}") from error
            raise

    async def _discard(self, producer: _Producer | None, reason: str) -> None:
        if self._producer is producer:  # else another append has already opened the next one
            self._producer = None
        if producer is not None:
            await self._end(producer.discard(reason))

    def _end(self, work: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
        """Ends something of aiokafka, whether or not anybody waits. Not in the caller's own task: who is cancelled
        there never hears of it, since aiokafka takes every cancellation for that of its own tasks; and these must
        have had their first turn before they are stopped."""
        ending = asyncio.create_task(work)
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        return asyncio.shield(ending)

    def _administrator(self) -> AdminClient:
        if self._admin is None:
            self._admin = AdminClient(
                {
                    "bootstrap.servers": self._bootstrap,
                    "socket.timeout.ms": int(self._patience * 1000),
                    # A broker that was killed is back in seconds: the default pause grows to ten.
                    "reconnect.backoff.ms": 50,
                    "reconnect.backoff.max.ms": 500,
                    "log_level": 2,  # librdkafka writes to stderr what we raise anyway
                    **kafka_tls.for_librdkafka(),
                }
            )
        return self._admin

    async def _metadata(self, admin: AdminClient, topic: str | None = None) -> Any:
        try:
            return await asyncio.to_thread(admin.list_topics, topic, timeout=self._patience)
        except KafkaException as error:
            raise LogUnavailable(str(error)) from error

    async def _answers(self, ask: Callable[[], dict[K, Future[T]]]) -> dict[K, T]:
        """All the answers, asked again while leadership settles. Raises LogUnavailable."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                asked = ask()
                # One thread for all: a hop for each of sixty partitions cost more than the answer.
                return dict(zip(asked, await self._results(list(asked.values())), strict=True))
            except KafkaException as error:
                if error.args[0].code() not in UNSETTLED or time.monotonic() > deadline:
                    raise LogUnavailable(str(error)) from error
            await asyncio.sleep(0.05)

    async def _results(self, futures: list[Future[T]]) -> list[T]:
        def wait() -> list[T]:
            return [future.result(self._patience + 1) for future in futures]

        try:
            return await asyncio.to_thread(wait)
        except TimeoutError as error:
            raise LogUnavailable(f"no answer within {self._patience} s") from error

    async def _result(self, future: Future[T]) -> T:
        # In a thread: cancelling a wrapped future would cancel it under librdkafka's feet.
        try:
            return await asyncio.to_thread(future.result, self._patience + 1)
        except TimeoutError as error:
            raise LogUnavailable(f"no answer within {self._patience} s") from error


async def _stop(client: AIOKafkaConsumer | AIOKafkaProducer, starting: asyncio.Future[None]) -> None:
    await asyncio.wait({starting})
    await client.stop()


def _new_topic(prefix: str, topic: Topic) -> NewTopic:
    """The topic's settings. `KAFKA_REPLICATION` copies (1 if unset), all but one needed for a write."""
    replication = int(os.environ.get("KAFKA_REPLICATION", "1"))
    config = {
        "min.insync.replicas": str(max(1, replication - 1)),
        "max.message.bytes": str(2**20),
        "message.timestamp.type": "CreateTime",
        "message.timestamp.after.max.ms": str(2**63 - 1),  # the demonstration's clock is not the broker's
    }
    if topic.compacted:
        config |= {
            "cleanup.policy": "compact",
            # An erased profile leaves the disk a day after the next write to its partition at the latest...
            "max.compaction.lag.ms": str(DAY_MS),
            # ... and a service that was away for up to a year still learns of it.
            "delete.retention.ms": str(365 * DAY_MS),
        }
    else:
        config |= {
            "cleanup.policy": "delete",
            "retention.ms": str(topic.retention_ms),
            "retention.bytes": "-1",
        }
    return NewTopic(prefix + topic.name, topic.partitions, replication, config=config)


class _Producer:
    """An aiokafka producer that can be thrown away with what is queued in it."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._discarded: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def send(self, topic: str, partition: int, run: list[Message]) -> int:
        """The offset of the run's first message once all replicas have it. Raises KafkaError."""
        if partition not in await self._producer.partitions_for(topic):
            raise LogUnavailable(f"{topic} has no partition {partition}")
        batch = self._producer.create_batch()
        for m in run:
            added = batch.append(timestamp=m.timestamp_ms, key=m.key, value=m.value, headers=list(m.headers))
            assert added, "size_of promised less than a message takes"
        batch.close()
        delivery = await self._producer.send_batch(batch, topic, partition=partition)
        try:
            await asyncio.wait({delivery, self._discarded}, return_when=asyncio.FIRST_COMPLETED)
            if not delivery.done():
                raise KafkaError(f"given up: {self._discarded.result()}")
        finally:
            delivery.cancel()  # of the waiting, not of the sending; nothing if it is done
        return int(delivery.result().offset)

    async def discard(self, reason: str) -> None:
        """Closes without sending what is queued; appends still waiting fail at once."""
        if self._discarded.done():
            return
        self._discarded.set_result(reason)
        # aiokafka's own stop() first sends what is queued, however late: its parts are stopped by hand instead.
        self._producer._closed = True
        client, sending = self._producer.client, self._producer._sender.sender_task
        sending.cancel()
        await client.close()
        while not sending.done():
            # What was under way now failed and waits for news of the cluster that nobody fetches any more.
            if client._md_update_fut is not None and not client._md_update_fut.done():
                client._md_update_fut.set_result(False)
            await asyncio.wait({sending}, timeout=0.05)
        await client.close()  # what was under way may have connected meanwhile
