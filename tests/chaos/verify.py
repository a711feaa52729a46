"""After the storm: every acknowledged fact is in the log, once in effect, in order; every view equals a replay."""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text

from shared import db
from shared.envelope import Undecodable, read_meta
from shared.events import PARTITIONS
from shared.log import Log
from shared.positions import read as read_positions
from shared.replay import replay
from shared.sequencer import Seen, step
from shared.service import Service
from shared.settings import Settings
from shared.store import Store

UNPUBLISHED = (
    "select count(*) from events e left join relayed r using (topic, partition) where e.number > coalesce(r.number, 0)"
)


@dataclass
class Verdict:
    """What was found. `problems` is empty if all holds."""

    facts: int
    duplicates: int
    problems: list[str]


def service(name: str) -> Service:
    """The service of that name."""
    found: Service = importlib.import_module(f"services.{name}.service").SERVICE
    return found


async def quiet(log: Log, stores: dict[str, Store], seconds: float = 120) -> None:
    """Waits until everything was published and read by everybody. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        still = 0
        while still < 3:  # quiet three looks in a row: a reaction may just be on its way
            still = still + 1 if await _is_quiet(log, stores) else 0
            await asyncio.sleep(0.3)


async def _is_quiet(log: Log, stores: dict[str, Store]) -> bool:
    places = [(topic, n) for topic, count in PARTITIONS.items() for n in range(count)]
    ends = await log.ends(places)
    for name, store in stores.items():
        async with store.engine.connect() as conn:
            if await conn.scalar(text(UNPUBLISHED)):
                return False
            for (_, topic, partition), position in (await read_positions(conn)).items():
                if topic in PARTITIONS and position.next_offset < ends[topic, partition]:
                    return False
            stopped = await conn.scalar(text("select reason from reader_state"))
            if stopped:
                raise AssertionError(f"the reader of {name} stopped: {stopped}")
    return True


async def verify(log: Log, stores: dict[str, Store], acknowledged: dict[str, tuple[str, ...]]) -> Verdict:
    """Looks at log, stores and views."""
    problems: list[str] = []
    seen: dict[tuple[str, str, int], Seen] = {}
    places: dict[str, tuple[str, int, int]] = {}
    by_stream: dict[tuple[str, str], list[str]] = {}
    duplicates = 0
    for topic, count in PARTITIONS.items():
        for partition in range(count):
            offset, end = 0, (await log.ends([(topic, partition)]))[topic, partition]
            while offset < end:
                records = await log.read(topic, partition, offset, 2000)
                if not records:
                    break
                for record in records:
                    offset = record.offset + 1
                    try:
                        meta = read_meta(record)
                    except Undecodable:
                        problems.append(f"undecodable {topic}/{partition}/{record.offset}")
                        continue
                    place = (meta.source, topic, partition)
                    verdict = step(seen.get(place), meta.number, meta.id, meta.predecessor)
                    if verdict == "skip":
                        duplicates += 1
                    elif verdict != "take":
                        problems.append(f"{verdict} {topic}/{partition}/{record.offset}")
                    else:
                        seen[place] = (meta.number, meta.id)
                        places[meta.id] = (topic, partition, record.offset)
                        by_stream.setdefault((meta.source, meta.subject), []).append(meta.id)
    for cause, ids in acknowledged.items():
        problems += [f"acknowledged but not in the log: {cause}" for event_id in ids if event_id not in places]
    for name, store in stores.items():
        problems += await _orders(name, store, by_stream)
    problems += await views_equal_replay(log, stores)
    return Verdict(len(places), duplicates, problems)


async def _orders(name: str, store: Store, by_stream: dict[tuple[str, str], list[str]]) -> list[str]:
    async with store.engine.connect() as conn:
        rows = await conn.execute(text("select stream_id, event_id::text from events order by stream_id, version"))
        mine: dict[str, list[str]] = {}
        for stream, event_id in rows:
            mine.setdefault(stream, []).append(event_id)
    return [
        f"{name}: another order in the log for {stream}"
        for stream, ids in mine.items()
        if by_stream.get((name, stream)) != ids
    ]


async def views_equal_replay(log: Log, stores: dict[str, Store]) -> list[str]:
    """Folds everything anew, aside, and compares row by row."""
    problems = []
    for name, store in stores.items():
        ends = await log.ends([(t, n) for t, count in PARTITIONS.items() for n in range(count)])
        built = await replay(service(name), store, log, at=ends)
        async with store.engine.connect() as conn:
            live = {
                row[0]: (row[1], row[2])
                for row in await conn.execute(text("select view, table_name, faulty from views"))
            }
            for view, table in built.items():
                here = f"{db.views_schema(name, store.settings)}.{live[view][0]}"
                if live[view][1]:
                    problems.append(f"{name}.{view} is faulty: {live[view][1]}")
                if await _rows(conn, here) != await _rows(conn, table):
                    problems.append(f"{name}.{view} differs from its replay")
    return problems


async def _rows(conn: Any, table: str) -> list[str]:
    schema, name = table.split(".")
    found = await conn.execute(sa.text(f'select * from "{schema}"."{name}"'))
    rows = []
    for row in found.mappings():
        values = {
            key: sorted(value) if key == "_subjects" else value for key, value in row.items() if key != "log_offset"
        }
        rows.append(repr(values))
    return sorted(rows)


def stores_of(current: Settings, names: tuple[str, ...]) -> dict[str, Store]:
    """Stores as the api processes have them."""
    return {name: Store(name, db.service_engine(name, current, pool_size=6), current) for name in names}
