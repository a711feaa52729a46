"""(c) Sustained live projection against bare batched writes of the same rows: the same COPYs and deletes, one
transaction a batch, and nothing else."""

from __future__ import annotations

import time
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks import history
from benchmarks.parts import Figure, at_least, fresh
from services.reporting.service import SERVICE
from shared import db, projection
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
        written: list[list[tuple[str, Any]]] = []
        copied, deleted = projection.copy_records, projection.write_rows

        async def copy(conn: AsyncConnection, schema: str, table: str, columns: Any, records: Any) -> None:
            rows = list(records)
            written[-1].append(("copy", (schema, table, columns, rows)))
            await copied(conn, schema, table, columns, rows)

        async def write(conn: AsyncConnection, schema: str, folding: Any, table: Any) -> None:
            written[-1].append(("delete", (table, folding.view.key_column, sorted(folding.touched))))
            await deleted(conn, schema, folding, table)

        handled, spent = 0, 0.0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(projection, "copy_records", copy)
            patch.setattr(effects, "copy_records", copy)
            patch.setattr(effects, "write_rows", write)
            while handled < total:
                written.append([])
                begun = time.perf_counter()
                handled += await worker.reader.turn(2.0)
                spent += time.perf_counter() - begun
        await worker.close()
        tables = {item[1][1] for batch in written for item in batch if item[0] == "copy"}
        async with store.engine.begin() as conn:
            for table in tables:
                await conn.exec_driver_sql(f'truncate "{db.views_schema("reporting", named)}"."{table}"')
        begun = time.perf_counter()
        for batch in written:
            async with store.engine.begin() as conn:
                for kind, what in batch:
                    if kind == "copy":
                        await copied(conn, *what)
                    else:
                        table, key, keys = what
                        await conn.execute(sa.delete(table).where(table.c[key].in_(keys)))
        bare = time.perf_counter() - begun
        await store.close()
        return [at_least(f"(c) live projection, {total:,} facts", total / spent, total / bare, "/s")]
