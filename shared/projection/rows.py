"""Rows from and to their tables, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import orjson
import sqlalchemy as sa
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.projection.view import Row

if TYPE_CHECKING:
    from shared.projection.folding import Folding


async def load_rows(conn: AsyncConnection, folding: Folding, table: Table, keys: set[str]) -> None:
    """Brings the present rows of these keys, with one query."""
    if not keys:
        return
    key = folding.view.key_column
    found = await conn.execute(_statements(table, key)[0], {"keys": sorted(keys)})
    for row in found.mappings():
        folding.rows[row[key]] = dict(row)
    for key_value in keys:
        folding.rows.setdefault(key_value, None)


async def write_rows(conn: AsyncConnection, schema: str, folding: Folding, table: Table) -> None:
    """Replaces the touched rows: one delete (of those that were there), one COPY."""
    if not folding.touched:
        return
    keys = sorted(folding.touched)
    await conn.execute(_statements(table, folding.view.key_column)[1], {"keys": keys})
    rows = [folding.rows[key] for key in keys]
    await copy_rows(conn, schema, table, (row for row in rows if row is not None))
    folding.touched.clear()


@lru_cache(maxsize=512)
def _statements(table: Table, key: str) -> tuple[sa.Select[Any], sa.Delete]:
    """The rows of an array of keys, to read and to delete: one text whatever their number, so that PostgreSQL
    plans it once."""
    keys = sa.any_(sa.bindparam("keys", type_=sa.ARRAY(table.c[key].type)))
    return sa.select(table).where(table.c[key] == keys), sa.delete(table).where(table.c[key] == keys)


@lru_cache(maxsize=512)
def _shape(table: Table) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    names = tuple(column.name for column in table.columns)
    return names, tuple(isinstance(column.type, JSONB | sa.JSON) for column in table.columns)


async def copy_rows(conn: AsyncConnection, schema: str, table: Table, rows: Iterable[Row]) -> None:
    """Brings rows with COPY (59,000 rows/s and more, where single inserts bring 5,000)."""
    names, is_json = _shape(table)
    pairs = list(zip(names, is_json, strict=True))
    await copy_records(
        conn,
        schema,
        table.name,
        names,
        (
            tuple(orjson.dumps(row[n]).decode() if js and row[n] is not None else row[n] for n, js in pairs)
            for row in rows
        ),
    )


async def copy_records(
    conn: AsyncConnection, schema: str, table: str, columns: Sequence[str], records: Iterable[tuple[Any, ...]]
) -> None:
    """COPY through the driver, in the transaction of this connection."""
    raw = await conn.get_raw_connection()
    driver = cast(Any, raw.driver_connection)
    await driver.copy_records_to_table(table, schema_name=schema, columns=columns, records=records)
