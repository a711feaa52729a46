"""Where the suite runs: what a test needs beside the port, on either adapter."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from confluent_kafka import TopicPartition as AdminPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local import kafka
from shared.log import Log, Message, Record, Topic, TopicPartition
from shared.log.embedded import EmbeddedLog
from shared.log.kafka import KafkaLog
from tests.log.proxy import Proxy

HURRY = {"log.cleaner.backoff.ms": "100"}


class Place(Protocol):
    """One adapter's home. Topics are named as on the broker, prefix included."""

    def log(self, prefix: str, patience: float = 10) -> Log: ...
    async def delete_topic(self, prefix: str, topic: str) -> None: ...
    async def trim(self, prefix: str, topic: str, partition: int, before: int) -> None: ...
    async def compact(self, prefix: str, topic: str) -> None: ...
    async def hinted(self, prefix: str, group: str, tp: TopicPartition) -> int | None: ...
    async def forget(self, prefix: str) -> None: ...


class OnKafka:
    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._hurried = False
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})

    def log(self, prefix: str, patience: float = 10) -> Log:
        return KafkaLog(self._bootstrap, prefix, patience)

    async def delete_topic(self, prefix: str, topic: str) -> None:
        await asyncio.to_thread(self._admin.delete_topics([prefix + topic])[prefix + topic].result, 10)

    async def trim(self, prefix: str, topic: str, partition: int, before: int) -> None:
        tp = AdminPartition(prefix + topic, partition, before)
        await asyncio.to_thread(next(iter(self._admin.delete_records([tp]).values())).result, 10)

    async def compact(self, prefix: str, topic: str) -> None:
        """Has the broker's cleaner come round at once, and regard even fresh segments of this topic."""
        self._hurried = True
        await self._configure(ResourceType.BROKER, await self._broker(), HURRY)
        await self._configure(
            ResourceType.TOPIC,
            prefix + topic,
            {"min.cleanable.dirty.ratio": "0.01", "segment.ms": "100", "max.compaction.lag.ms": "100"},
        )

    async def _broker(self) -> str:
        return str(next(iter((await asyncio.to_thread(self._admin.list_topics, timeout=10)).brokers)))

    async def _configure(self, kind: ResourceType, name: str, settings: Mapping[str, str | None]) -> None:
        entries = [
            ConfigEntry(
                setting,
                value,
                incremental_operation=AlterConfigOpType.SET if value else AlterConfigOpType.DELETE,
            )
            for setting, value in settings.items()
        ]
        resource = ConfigResource(kind, name, incremental_configs=entries)
        future = self._admin.incremental_alter_configs([resource])[resource]
        await asyncio.to_thread(future.result, 10)

    async def hinted(self, prefix: str, group: str, tp: TopicPartition) -> int | None:
        # Not by librdkafka, which ends the whole process where the broker is only now making its topic for them.
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        await admin.start()
        place = KafkaPartition(prefix + tp[0], tp[1])
        try:
            found = await admin.list_consumer_group_offsets(prefix + group, partitions=[place])
        except KafkaError as error:
            if not error.retriable:
                raise
            return None
        finally:
            await admin.close()
        hint = found.get(place)  # nothing, where the whole answer is that the broker is still loading
        return int(hint.offset) if hint is not None and hint.offset >= 0 else None

    async def forget(self, prefix: str) -> None:
        if self._hurried:
            await self._configure(ResourceType.BROKER, await self._broker(), dict.fromkeys(HURRY))
        names = (await asyncio.to_thread(self._admin.list_topics, timeout=10)).topics
        for name in names:
            if name.startswith(prefix):
                await self.delete_topic("", name)


class OnPostgres:
    def __init__(self, url: str) -> None:
        self._url = url

    def log(self, prefix: str, patience: float = 10) -> Log:
        return EmbeddedLog(self._url, prefix, patience)

    async def delete_topic(self, prefix: str, topic: str) -> None:
        await self._run(f'delete from "{prefix}log".log_topics where name = :topic', topic=topic)

    async def trim(self, prefix: str, topic: str, partition: int, before: int) -> None:
        of = f'(select topic_id from "{prefix}log".log_topics where name = :topic) and partition = :partition'
        await self._run(
            f'update "{prefix}log".log_partitions set first_offset = :before where topic_id = {of}',
            topic=topic,
            partition=partition,
            before=before,
        )
        await self._run(
            f'delete from "{prefix}log".log_records where topic_id = {of} and "offset" < :before',
            topic=topic,
            partition=partition,
            before=before,
        )

    async def compact(self, prefix: str, topic: str) -> None:
        log = EmbeddedLog(self._url, prefix)
        await log.start()
        await log.clean()
        await log.stop()

    async def hinted(self, prefix: str, group: str, tp: TopicPartition) -> int | None:
        return await self._run(
            f'select next_offset from "{prefix}log".log_hints join "{prefix}log".log_topics using (topic_id) '
            "where group_name = :group and name = :topic and partition = :partition",
            group=group,
            topic=tp[0],
            partition=tp[1],
        )

    async def forget(self, prefix: str) -> None:
        await self._run(f'drop schema if exists "{prefix}log" cascade')

    async def _run(self, sql: str, **parameters: object) -> int | None:
        engine = create_async_engine(self._url)
        try:
            async with engine.begin() as connection:
                result = await connection.execute(text(sql), parameters)
                return result.scalar() if result.returns_rows else None
        finally:
            await engine.dispose()


class Fault(Protocol):
    """A log that can be taken away. `log` reaches it through whatever can fail."""

    def log(self, prefix: str, patience: float) -> Log: ...
    async def go(self) -> None: ...
    async def come_back(self) -> None: ...


class KafkaStopped:
    """SIGSTOP and SIGCONT: the broker keeps its connections and says nothing."""

    def __init__(self, broker: kafka.Running) -> None:
        self._broker = broker

    def log(self, prefix: str, patience: float) -> Log:
        return KafkaLog(self._broker.bootstrap, prefix, patience)

    async def go(self) -> None:
        os.kill(self._broker.pid, signal.SIGSTOP)
        await eventually(self._is_stopped)

    async def _is_stopped(self) -> bool:
        """Whether each of its threads is: the signal returns before they are."""
        states = [stat.read_text() for stat in Path(f"/proc/{self._broker.pid}/task").glob("*/stat")]
        return all(state.rpartition(")")[2].split()[0] == "T" for state in states)

    async def come_back(self) -> None:
        os.kill(self._broker.pid, signal.SIGCONT)


class KafkaKilled(KafkaStopped):
    """kill -9 and a start on the same data."""

    async def go(self) -> None:
        os.kill(self._broker.pid, signal.SIGKILL)
        await asyncio.to_thread(self._broker.process.wait)

    async def come_back(self) -> None:
        self._broker.restart()  # not in a thread: the child is bound to the life of the one that starts it


class DatabaseSilent:
    """The network between us and the database swallows everything."""

    def __init__(self, url: str) -> None:
        self._url = url
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        self._server = f"{parts.hostname}:{parts.port}"
        self.proxy = Proxy(parts.hostname, parts.port)

    def log(self, prefix: str, patience: float) -> Log:
        url = self._url.replace(self._server, f"127.0.0.1:{self.proxy.port}")
        return EmbeddedLog(url, prefix, patience)

    async def go(self) -> None:
        self.proxy.silence()

    async def come_back(self) -> None:
        self.proxy.resume()


class DatabaseGone(DatabaseSilent):
    """Connections are reset and new ones refused."""

    async def go(self) -> None:
        await self.proxy.close()

    async def come_back(self) -> None:
        await self.proxy.open()


def message(value: str, key: str | None = "amina", timestamp_ms: int = 1_720_000_000_000) -> Message:
    return Message(key.encode() if key else None, value.encode(), (("ce_id", value.encode()),), timestamp_ms)


def values(records: list[Record]) -> list[str]:
    return [(record.value or b"").decode() for record in records]


async def topic(log: Log, partitions: int = 1, name: str = "pathway", compacted: bool = False) -> str:
    await log.create_topics([Topic(name, partitions, compacted)])
    return name


async def everything(log: Log, name: str, partition: int = 0) -> list[Record]:
    """The whole partition, page by page."""
    tp = (name, partition)
    at, end = (await log.begins([tp]))[tp], (await log.ends([tp]))[tp]
    found: list[Record] = []
    while at < end and (page := await log.read(name, partition, at, 1000)):
        found += page
        at = page[-1].offset + 1
    return found


async def eventually(
    attempt: Callable[[], Awaitable[bool]], seconds: float = 20, but: tuple[type[Exception], ...] = ()
) -> None:
    """Tries until it is true, for at most `seconds`; exceptions of the kinds `but` count as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if await attempt():
                return
        except but:
            if time.monotonic() > deadline:
                raise
        assert time.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.02)
