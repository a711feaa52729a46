"""Reading from Kafka, with a watchdog."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.errors import KafkaError, OffsetOutOfRangeError, for_code
from aiokafka.protocol.commit import OffsetCommitRequest

from shared.log import LogUnavailable, OffsetOutOfRange, Record, TopicPartition

logger = logging.getLogger(__name__)


class KafkaReader:
    """`shared.log.Reader` on a started aiokafka consumer.

    aiokafka can stay stuck after a broker's restart (#1154), and it hides a broker that is away: so a
    partition that the broker has not answered for in `patience` seconds of polling is reported, not waited
    for. An idle one is not confused with it: the broker answers every 500 ms that there is nothing."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        positions: Mapping[TopicPartition, int],
        prefix: str,
        patience: float,
        group: str,
        end: Callable[[], Awaitable[None]],
    ) -> None:
        self._consumer = consumer
        self._end = end
        self._prefix = prefix
        self._patience = patience
        self._group = prefix + group
        self._coordinator: int | None = None
        self._names = {(topic, number): KafkaPartition(prefix + topic, number) for topic, number in positions}
        # The clock of the watchdog is the time spent in polls: while the caller is busy elsewhere aiokafka
        # rightly fetches nothing over what it has not handed out.
        self._spent = self._watch_at = 0.0
        self._answers: dict[KafkaPartition, tuple[int | None, float]] = {}
        consumer.assign(list(self._names.values()))
        for tp, offset in positions.items():
            self.seek(tp, offset)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self._consumer.seek(self._names[tp], offset)

    async def position(self, tp: TopicPartition) -> int:
        """The offset from which the next poll goes on."""
        return int(await self._consumer.position(self._names[tp]))

    async def poll(self, limit: int, timeout: float) -> list[Record]:
        self._watch()
        started = time.monotonic()
        try:
            drained = await self._consumer.getmany(timeout_ms=int(timeout * 1000), max_records=limit)
        except OffsetOutOfRangeError as error:
            tp, offset = next(iter(error.args[0].items()))
            raise OffsetOutOfRange(tp.topic.removeprefix(self._prefix), tp.partition, offset) from error
        except KafkaError as error:
            raise LogUnavailable(f"poll: {error!r}") from error
        finally:
            self._spent += time.monotonic() - started
        records: list[Record] = []
        for tp, found in drained.items():
            topic = tp.topic.removeprefix(self._prefix)
            records += [
                # Straight to the tuple: this is half of what the class' own constructor takes.
                tuple.__new__(Record, (topic, tp.partition, r.offset, r.key, r.value, r.headers, r.timestamp))
                for r in found
            ]
        return records

    def _watch(self) -> None:
        """Raises LogUnavailable for a partition without an answer. Before a poll: nothing drained is lost. Some twenty
        times within the patience: sixty partitions at every poll are a fiftieth of all that a busy reader does."""
        if self._spent < self._watch_at:
            return
        self._watch_at = self._spent + self._patience / 20
        for tp in self._names.values():
            answered = self._consumer.last_poll_timestamp(tp)
            seen, since = self._answers.setdefault(tp, (answered, self._spent))
            if answered != seen:
                self._answers[tp] = (answered, self._spent)
            elif self._spent - since > self._patience:
                raise LogUnavailable(f"no answer for {tp.topic}/{tp.partition} in {self._patience} s")

    async def hint(self, positions: Mapping[TopicPartition, int]) -> None:
        # One request by hand. librdkafka's alter_consumer_group_offsets aborts the whole process when the broker
        # goes away meanwhile (librdkafka #4605), and aiokafka's own commit wants the group to be joined to.
        try:
            async with asyncio.timeout(self._patience):
                await self._commit(positions)
        except (TimeoutError, KafkaError) as error:
            self._coordinator = None
            logger.warning("offsets not hinted: %r", error)

    async def _commit(self, positions: Mapping[TopicPartition, int]) -> None:
        client = self._consumer._client
        if self._coordinator is None:
            self._coordinator = await client.coordinator_lookup(CoordinationType.GROUP, self._group)
        by_topic: dict[str, list[tuple[int, int, str]]] = {}
        for (topic, partition), offset in positions.items():
            by_topic.setdefault(self._prefix + topic, []).append((partition, offset, ""))
        commit = OffsetCommitRequest(
            self._group,
            OffsetCommitRequest.DEFAULT_GENERATION_ID,  # and no member: nobody has joined
            "",
            OffsetCommitRequest.DEFAULT_RETENTION_TIME,
            list(by_topic.items()),
        )
        answer = await client.send(self._coordinator, commit, group=ConnectionGroup.COORDINATION)
        for _, partitions in answer.topics:
            for _, code in partitions:
                if code:
                    raise for_code(code)()

    async def close(self) -> None:
        await self._end()
