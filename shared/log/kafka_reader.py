"""Reading from Kafka, with a watchdog."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from confluent_kafka import KafkaException

from shared.log import LogUnavailable, OffsetOutOfRange, Record, TopicPartition

logger = logging.getLogger(__name__)

Commit = Callable[[Mapping[TopicPartition, int]], Awaitable[None]]


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
        commit: Commit,
    ) -> None:
        self._consumer = consumer
        self._prefix = prefix
        self._patience = patience
        self._commit = commit
        self._names = {(topic, number): KafkaPartition(prefix + topic, number) for topic, number in positions}
        # The clock of the watchdog is the time spent in polls: while the caller is busy elsewhere aiokafka
        # rightly fetches nothing over what it has not handed out.
        self._spent = 0.0
        self._answers: dict[KafkaPartition, tuple[int | None, float]] = {}
        self.hint_failures = 0
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
                Record(topic, tp.partition, r.offset, r.key, r.value, tuple(r.headers), r.timestamp) for r in found
            ]
        return records

    def _watch(self) -> None:
        """Raises LogUnavailable for a partition without an answer. Before a poll: nothing drained is lost."""
        for tp in self._names.values():
            answered = self._consumer.last_poll_timestamp(tp)
            seen, since = self._answers.setdefault(tp, (answered, self._spent))
            if answered != seen:
                self._answers[tp] = (answered, self._spent)
            elif self._spent - since > self._patience:
                raise LogUnavailable(f"no answer for {tp.topic}/{tp.partition} in {self._patience} s")

    async def hint(self, positions: Mapping[TopicPartition, int]) -> None:
        try:
            await self._commit(positions)
        except (KafkaException, LogUnavailable) as error:
            self.hint_failures += 1
            logger.warning("offsets not hinted: %r", error)

    async def close(self) -> None:
        # aiokafka raises CancelledError if it is stopped before its own tasks had their first turn.
        await asyncio.sleep(0)
        await self._consumer.stop()
