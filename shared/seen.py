"""Read your own writes: a page opened after a command waits, briefly, until its views have heard of it."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from shared.envelope import Meta
from shared.projection import HEARD
from shared.store import Store

WAIT = 1.5
"""Seconds; afterwards the page opens all the same and says that lists may still lack what was just recorded."""


def token(meta: Meta) -> str:
    """What the redirect carries: `topic/partition/number`."""
    return f"{meta.topic}/{meta.partition}/{meta.number}"


async def seen(store: Store, after: str, timeout: float = WAIT) -> bool:
    """Whether the service's views have heard of its own fact with this number, waiting at most `timeout` seconds.

    A token that is not one of ours counts as seen: it comes from the address bar.
    """
    try:
        topic, partition, number = after.split("/")
        values = {"r": HEARD, "t": topic, "p": int(partition), "s": store.service}
        wanted = int(number)
    except ValueError:
        return True
    query = text(
        "select coalesce(cast(numbers -> cast(:s as text) ->> 0 as bigint), 0) from positions"
        " where reader = :r and topic = :t and partition = :p"
    )
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    while True:
        async with store.engine.connect() as conn:
            reached = await conn.scalar(query, values)
        if reached is None or reached >= wanted:
            return True
        if loop.time() > deadline:
            return False
        await asyncio.sleep(0.02)
