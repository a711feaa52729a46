"""The live page's figures: read back from `monitoring` where Faust counts, else counted from the journal.

One task per process, and only while somebody looks: it tails `monitoring` through the log's port (or the
journal), and wakes the streams of the readers when something changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from services.reporting import windows
from services.reporting.views import PATHWAYS
from services.reporting.windows import Cell, Seen, Windows
from shared import clock
from shared.log import LogUnavailable, OffsetOutOfRange, Record, open_log
from shared.projection import Reading
from shared.store import Store
from shared.topics import MONITORING

log = logging.getLogger(__name__)
TAIL = 50_000
"""How far back in `monitoring` a new reader begins: each figure is whole in itself, so the last ones suffice."""
EVERY = 1.0
PATHWAY = "pathway"
HEARD_SO_FAR = sa.text("select sum(next_offset) from positions where reader = 'heard' and topic = 'pathway'")


@dataclass
class Now:
    """What is known of the present windows, and where it comes from."""

    counts: dict[Cell, int] = field(default_factory=dict)
    from_stream: bool = False


async def journal(reading: Reading, now: datetime) -> Windows:
    """The windows that a page looks back on, counted from the facts that reporting heard."""
    heard = reading.heard
    with_district = heard.c.type.in_([windows.REGISTERED, windows.CORRECTED])
    query = (
        sa.select(
            heard.c.source, heard.c.type, heard.c.subject, heard.c.recorded_at,
            sa.case((with_district, heard.c.data), else_=sa.literal(b"")).label("data"),
        )
        .where(heard.c.topic == PATHWAY, heard.c.recorded_at >= windows.since(now))
        .order_by(heard.c.partition, heard.c.log_offset)
    )  # fmt: skip
    rows = (await reading.conn.execute(query)).all()
    table = reading.table(PATHWAYS)
    lately = query.with_only_columns(heard.c.subject, maintain_column_froms=True).order_by(None)
    districts = sa.select(table.c.person_id, table.c.district).where(
        table.c.district.is_not(None), table.c.person_id.in_(lately)
    )
    counted = Windows(districts=dict((await reading.conn.execute(districts)).all()))
    counted.take(Seen(r.source, r.type, r.subject, r.recorded_at, bytes(r.data)) for r in rows)
    counted.forget(now)
    return counted


async def today(reading: Reading, now: datetime) -> dict[str, int]:
    """Facts of today by service, from the journal alone: what Faust's figures are reconciled with."""
    start = windows.instant_of(windows.DAY, windows.start_of(windows.DAY, windows.moment(windows.DAY, now)))
    heard = reading.heard
    query = (
        sa.select(heard.c.source, sa.func.count())
        .where(heard.c.topic == PATHWAY, heard.c.recorded_at >= start)
        .group_by(heard.c.source)
    )
    return dict((await reading.conn.execute(query)).all())


def agreement(counts: dict[Cell, int], journal_today: dict[str, int], now: datetime) -> tuple[bool, str]:
    """Whether Faust's count of today is the journal's, and what to say of it."""
    streamed = windows.figures(counts, now, windows.DAY, windows.SERVICE)
    here, there = sum(streamed.values()), sum(journal_today.values())
    if {k: n for k, n in streamed.items() if n} == journal_today:
        return True, f"Le finestre in tempo reale e le viste concordano: {there} fatti oggi."
    if here < there:
        return False, f"Le finestre in tempo reale sono indietro: {here} fatti oggi, nelle viste {there}."
    return False, (
        f"Le finestre in tempo reale contano {here} fatti oggi, le viste {there}: valgono le viste. Dopo un arresto "
        "improvviso le finestre possono contare due volte."
    )


class Live:
    """Tails the figures while somebody looks."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._bell = asyncio.Event()
        self._known = False
        self._readers = 0
        self._task: asyncio.Task[None] | None = None
        self.now = Now()

    @property
    def streamed(self) -> bool:
        """Whether there is a broker, and so a Faust application to read from."""
        return self._store.settings.log_url.startswith("kafka://")

    async def changes(self) -> AsyncGenerator[Now, None]:
        """The figures, each time they have changed; the task runs while somebody iterates."""
        self._readers += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        try:
            while True:
                bell = self._bell
                if self._known:
                    yield self.now
                await bell.wait()
        finally:
            self._readers -= 1
            if not self._readers and self._task is not None:
                self._task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._task
                self._task = None

    def _publish(self, now: Now) -> None:
        self.now, self._known = now, True
        self._bell.set()
        self._bell = asyncio.Event()

    async def _run(self) -> None:
        while True:
            try:
                if self.streamed:
                    await self._tail()
                else:
                    await self._count()
            except (LogUnavailable, OffsetOutOfRange, SQLAlchemyError, OSError) as error:
                log.warning("live figures: %s", type(error).__name__)
            await asyncio.sleep(EVERY)

    async def _count(self) -> None:
        last: Any = None
        while True:
            async with self._store.read() as reading:
                now = clock.now()
                minute = windows.start_of(windows.MINUTE, windows.moment(windows.MINUTE, now))
                mark = (await reading.conn.scalar(HEARD_SO_FAR), minute)
                if mark != last:
                    last = mark
                    self._publish(Now((await journal(reading, now)).counts))
            await asyncio.sleep(EVERY)

    async def _tail(self) -> None:
        current = self._store.settings
        broker = open_log(current.log_url, current.namespace)
        await broker.start()
        place = (MONITORING.name, 0)
        try:
            begin, end = (await broker.begins([place]))[place], (await broker.ends([place]))[place]
            start = max(begin, end - TAIL)
            reader = await broker.reader({place: start}, f"{current.namespace}reporting-live")
            try:
                await self._follow(reader.poll, caught_up=start >= end, end=end)
            finally:
                await reader.close()
        finally:
            await broker.stop()

    async def _follow(self, poll: Any, *, caught_up: bool, end: int) -> None:
        counts: dict[Cell, int] = {}
        minute = -1
        while True:
            records: list[Record] = await poll(5000, EVERY)
            take(counts, records)
            now = clock.now()
            current = windows.start_of(windows.MINUTE, windows.moment(windows.MINUTE, now))
            caught_up = caught_up or not records or records[-1].offset >= end - 1
            if caught_up and (records or minute != current):
                minute = current
                for cell in [cell for cell in counts if not windows.recent(cell, now)]:
                    del counts[cell]
                self._publish(Now(dict(counts), from_stream=True))


def take(counts: dict[Cell, int], records: list[Record]) -> None:
    """Takes figures from records of `monitoring`: the last one of a cell holds."""
    for record in records:
        try:
            cell, count = windows.decode(record.value or b"")
        except ValueError:
            continue
        counts[cell] = count
