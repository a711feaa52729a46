"""(c) Sustained live projection against bare batched upserts of the same rows: COPY into a temporary table and one
INSERT ... ON CONFLICT a table and batch, one transaction a batch, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks import history
from benchmarks.parts import Figure, at_least, fresh
from services.reporting.service import SERVICE
from shared import db, projection
from shared.projection import HEARD_COLUMNS, Folding, Reading, Taken, heard_row
from shared.projection.rows import shape
from shared.reader import effects
from shared.reader.effects import Effects
from shared.settings import Settings
from shared.store import Store, Transaction
from shared.worker import Worker

IN_TURN = 5
"""Batches."""


async def measure(current: Settings, events: int) -> list[Figure]:
    """Reads a waiting history through the worker, and writes what its batches wrote once more, bare: a few batches in
    turn, so that whatever else the machine does meets both alike, and neither finds the caches as the other left them
    at every batch."""
    async with fresh(current) as (named, log):
        store = Store("reporting", db.service_engine("reporting", named, pool_size=4), named)
        worker = Worker(SERVICE, store, log)
        await worker.start()
        total = await history.write(log, events // 12)
        schema = db.views_schema("reporting", named)
        written: list[list[tuple[str, Sequence[str], list[Any]]]] = []
        noting = 0.0  # seconds, which are not the projection's
        journal, wrote = Effects._journal, projection.write_rows

        async def note(self: Effects, transaction: Transaction, _: str, reading: Reading, heard: list[Taken]) -> None:
            nonlocal noting
            begun = time.perf_counter()
            rows = [heard_row(taken.meta, taken.event, taken.data, taken.offset) for taken in heard]
            written.append([(reading.heard.name, HEARD_COLUMNS, rows)])
            noting += time.perf_counter() - begun
            await journal(self, transaction, schema, reading, heard)

        async def write(conn: AsyncConnection, _: str, folded: Sequence[tuple[Folding, Table]]) -> None:
            nonlocal noting
            begun = time.perf_counter()
            for folding, table in folded:
                names, as_record = shape(table)
                touched = [folding.rows[key] for key in sorted(folding.touched)]
                written[-1].append((table.name, names, [as_record(row) for row in touched if row is not None]))
            noting += time.perf_counter() - begun
            await wrote(conn, schema, folded)

        handled, ours, bare, made = 0, 0.0, 0.0, set[str]()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Effects, "_journal", note)
            patch.setattr(effects, "write_rows", write)
            while handled < total:
                begun, noting = time.perf_counter(), 0.0
                while handled < total and len(written) < IN_TURN:
                    handled += await worker.reader.turn(2.0)
                if handled < total:
                    await worker.reader.read_ahead()  # its time is ours too, and not the bare batches'
                ours += time.perf_counter() - begun - noting
                for name in {name for batch in written for name, _, _ in batch} - made:
                    await _make(store, schema, name)
                    made.add(name)
                begun = time.perf_counter()
                for batch in written:
                    async with store.engine.begin() as conn:
                        for name, names, rows in batch:
                            await _upsert(conn, schema, f"bare_{name}", names, rows)
                bare += time.perf_counter() - begun
                written.clear()
        await worker.close()
        await store.close()
        return [at_least(f"(c) live projection, {total:,} facts", total / ours, total / bare, "/s")]


async def _make(store: Store, schema: str, table: str) -> None:
    async with store.engine.begin() as conn:
        await conn.exec_driver_sql(f'create table "{schema}"."bare_{table}" (like "{schema}"."{table}" including all)')


async def _upsert(conn: AsyncConnection, schema: str, table: str, columns: Sequence[str], rows: list[Any]) -> None:
    await conn.exec_driver_sql(
        f'create temp table if not exists "new_{table}" (like "{schema}"."{table}") on commit delete rows'
    )
    raw = await conn.get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.copy_records_to_table(f"new_{table}", columns=columns, records=rows)
    names = ", ".join(f'"{c}"' for c in columns)
    sets = ", ".join(f'"{c}" = excluded."{c}"' for c in columns[1:])
    await conn.exec_driver_sql(
        f'insert into "{schema}"."{table}" ({names}) select {names} from "new_{table}"'
        f' on conflict ("{columns[0]}") do update set {sets}'
    )
