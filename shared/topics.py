"""The topics of the platform: `python -m shared.topics` creates those that are missing."""

from __future__ import annotations

import asyncio

from shared import profiles
from shared.events import PARTITIONS
from shared.log import Log, Topic, open_log
from shared.settings import settings

MONITORING = Topic("monitoring", 1, retention_ms=30 * 86_400_000)
"""Windowed figures for the live page: nothing true lives only there, so a month of them is enough."""
TOPICS = (
    *(Topic(name, partitions) for name, partitions in PARTITIONS.items()),
    Topic(profiles.TOPIC, profiles.PARTITIONS, compacted=True),
    MONITORING,
)


async def create(log: Log) -> None:
    """Creates the missing topics. Raises ValueError if one has another number of partitions."""
    await log.create_topics(TOPICS)


async def _main() -> None:
    log = open_log(settings.log_url, settings.namespace)
    await log.start()
    try:
        await create(log)
    finally:
        await log.stop()


if __name__ == "__main__":
    asyncio.run(_main())
