"""The topics of the platform: `python -m shared.topics` creates those that are missing."""

from __future__ import annotations

import asyncio
import time

from shared import profiles
from shared.events import PARTITIONS, region
from shared.log import Log, LogUnavailable, Topic, open_log
from shared.settings import settings

STARTING_SECONDS = 60.0
"""How long a broker that is starting may take to make the topics."""
MONITORING = Topic("monitoring", 1, retention_ms=30 * 86_400_000)
"""Windowed figures for the live page: nothing true lives only there, so a month of them is enough."""
REGION = Topic(region.TOPIC, region.PARTITIONS, retention_ms=region.RETENTION_DAYS * 86_400_000)
"""What the Region says about other measures: not ours, so kept for a finite time."""
TOPICS = (
    *(Topic(name, partitions) for name, partitions in PARTITIONS.items()),
    Topic(profiles.TOPIC, profiles.PARTITIONS, compacted=True),
    MONITORING,
    *((REGION,) if settings.region_measures else ()),
)


async def create(log: Log) -> None:
    """Creates the missing topics. Raises ValueError if one has another number of partitions."""
    await log.create_topics(TOPICS)


async def create_when_there(log: Log, seconds: float) -> None:
    """The same for a log that has only just been started: it is waited for. Raises LogUnavailable."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            await log.start()
            return await create(log)
        except LogUnavailable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)


async def _main() -> None:
    log = open_log(settings.log_url, settings.namespace)
    try:
        await create_when_there(log, STARTING_SECONDS)
    finally:
        await log.stop()


if __name__ == "__main__":
    asyncio.run(_main())
