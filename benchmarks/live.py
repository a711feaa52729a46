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
from shared.projection import Folding, physical
from shared.projection.rows import shape
from shared.reader import effects
from shared.settings import Settings
from shared.store import Store
from shared.worker import Worker


async def measure(current: Settings, events: int) -> list[Figure]:
    """Reads a waiting history through the worker, and writes what each batch wrote once more, bare: in turn, so that
    whatever else the machine does meets both alike."""
    async with fresh(current) as (named, log):
        store = Store("reporting", db.service_engine("reporting", named, pool_size=4), named)
        worker = Worker(SERVICE, store, log)
        await worker.start()
        total = await history.write(log, events // 12)
        schema = db.views_schema("reporting", named)
        written: list[tuple[Table, list[Any]]] = []
        copied, wrote = projection.copy_records, projection.write_rows

        async def copy(conn: AsyncConnection, _: str, table: str, columns: Any, records: Any) -> None:
            written.append((physical(None, table), records))
            await copied(conn, schema, table, columns, records)

        async def write(conn: AsyncConnection, _: str, folded: Sequence[tuple[Folding, Table]]) -> None:
            for folding, table in folded:
                rows = [folding.rows[key] for key in sorted(folding.touched)]
                written.append((table, [row for row in rows if row is not None]))
            await wrote(conn, schema, folded)

        handled, ours, bare, made = 0, 0.0, 0.0, set[str]()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(effects, "copy_records", copy)
            patch.setattr(effects, "write_rows", write)
            while handled < total:
                begun = time.perf_counter()
                handled += await worker.reader.turn(2.0)
                if handled < total:
                    await worker.reader.read_ahead()  # its time is ours too, and not the bare batch's
                ours += time.perf_counter() - begun
                batch = []
                for table, rows in written:
                    names, as_record = shape(table)
                    batch.append((table.name, names, [r if isinstance(r, tuple) else as_record(r) for r in rows]))
                written.clear()
                for name, _, _ in batch:
                    if name not in made:
                        await _make(store, schema, name)
                        made.add(name)
                begun = time.perf_counter()
                async with store.engine.begin() as conn:
                    for name, names, rows in batch:
                        await _upsert(conn, schema, f"bare_{name}", names, rows)
                bare += time.perf_counter() - begun
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
