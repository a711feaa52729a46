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
from shared.projection import Folding
from shared.projection.rows import shape
from shared.reader import effects
from shared.settings import Settings
from shared.store import Store
from shared.worker import Worker


async def measure(current: Settings, events: int) -> list[Figure]:
    """Reads a waiting history through the worker; then writes what it wrote once more, bare."""
    async with fresh(current) as (named, log):
        store = Store("reporting", db.service_engine("reporting", named, pool_size=4), named)
        worker = Worker(SERVICE, store, log)
        await worker.start()
        total = await history.write(log, events // 12)
        written: list[list[tuple[str, str, Sequence[str], list[Any]]]] = []
        folded_rows: list[list[tuple[str, Table, list[projection.Row]]]] = []
        copied, wrote = projection.copy_records, projection.write_rows

        async def copy(conn: AsyncConnection, schema: str, table: str, columns: Any, records: Any) -> None:
            written[-1].append((schema, table, tuple(columns), records))
            await copied(conn, schema, table, columns, records)

        async def write(conn: AsyncConnection, schema: str, folded: Sequence[tuple[Folding, Table]]) -> None:
            for folding, table in folded:
                rows = [folding.rows[key] for key in sorted(folding.touched)]
                folded_rows[-1].append((schema, table, [row for row in rows if row is not None]))
            await wrote(conn, schema, folded)

        handled, spent = 0, 0.0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(effects, "copy_records", copy)
            patch.setattr(effects, "write_rows", write)
            while handled < total:
                written.append([])
                folded_rows.append([])
                begun = time.perf_counter()
                handled += await worker.reader.turn(2.0)
                spent += time.perf_counter() - begun
        for batch, folded in zip(written, folded_rows, strict=True):
            for schema, view_table, rows in folded:
                names, as_record = shape(view_table)
                batch.append((schema, view_table.name, names, [as_record(row) for row in rows]))
        await worker.close()
        tables = {table for batch in written for _, table, _, _ in batch}
        async with store.engine.begin() as conn:
            for table in tables:
                await conn.exec_driver_sql(f'truncate "{db.views_schema("reporting", named)}"."{table}"')
        begun = time.perf_counter()
        for batch in written:
            async with store.engine.begin() as conn:
                for schema, table, columns, rows in batch:
                    await _upsert(conn, schema, table, columns, rows)
        bare = time.perf_counter() - begun
        await store.close()
        return [at_least(f"(c) live projection, {total:,} facts", total / spent, total / bare, "/s")]


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
