"""Rows from and to their tables, many at a time."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
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
    names = _names(table)
    place = names.index(key)
    for row in found:
        folding.rows[row[place]] = dict(zip(names, row, strict=True))
    for key_value in keys:
        folding.rows.setdefault(key_value, None)


async def write_rows(conn: AsyncConnection, schema: str, folded: Sequence[tuple[Folding, Table]]) -> None:
    """Replaces the touched rows of all these views with one statement: a batch of one fact waits for PostgreSQL as
    often as a batch of a thousand."""
    tables: list[tuple[Table, str]] = []
    values: dict[str, str] = {}
    for folding, table in folded:
        key, names, values_of = folding.view.key_column, _names(table), itemgetter(*_names(table))
        touched = [folding.rows[value] for value in sorted(folding.touched)]
        rows = [row for row in touched if row is not None]
        if len(rows) < len(touched):
            gone = [value for value in sorted(folding.touched) if folding.rows[value] is None]
            await conn.execute(_statements(table, key)[1], {"keys": gone})
        if rows:
            # By the columns' names and not as it is: an absent one is an error here, and would be a null there.
            named = [dict(zip(names, values_of(row), strict=True)) for row in rows]
            values[f"rows{len(tables)}"] = orjson.dumps(named).decode()
            tables.append((table, key))
        folding.touched.clear()
    if tables:
        await conn.execute(_upsert(schema, tuple(tables)), values)


@lru_cache(maxsize=512)
def _statements(table: Table, key: str) -> tuple[sa.Select[Any], sa.Delete]:
    """The rows of an array of keys, to read and to delete: one text whatever their number, so that PostgreSQL
    plans it once."""
    keys = sa.any_(sa.bindparam("keys", type_=sa.ARRAY(table.c[key].type)))
    return sa.select(table).where(table.c[key] == keys), sa.delete(table).where(table.c[key] == keys)


@lru_cache(maxsize=512)
def _names(table: Table) -> tuple[str, ...]:
    """The columns' names, as plain strings: SQLAlchemy's own kind is no key for JSON."""
    return tuple(str(column.name) for column in table.columns)


@lru_cache(maxsize=512)
def _upsert(schema: str, tables: tuple[tuple[Table, str], ...]) -> sa.TextClause:
    parts = []
    for place, (table, key) in enumerate(tables):
        into = f'"{schema}"."{table.name}"'
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        sets = ", ".join(f'"{c.name}" = excluded."{c.name}"' for c in table.columns if c.name != key)
        parts.append(
            f"insert into {into} ({names}) select {names}"
            f" from json_populate_recordset(cast(null as {into}), cast(:rows{place} as json))"
            f' on conflict ("{key}") do update set {sets}'
        )
    first = ", ".join(f"w{place} as ({part})" for place, part in enumerate(parts[:-1]))
    return sa.text(f"with {first} {parts[-1]}" if first else parts[-1])


async def copy_rows(conn: AsyncConnection, schema: str, table: Table, rows: Iterable[Row]) -> None:
    """Brings rows with COPY (59,000 rows/s and more, where single inserts bring 5,000)."""
    names, as_record = shape(table)
    await copy_records(conn, schema, table.name, names, map(as_record, rows))


@lru_cache(maxsize=512)
def shape(table: Table) -> tuple[tuple[str, ...], Callable[[Row], tuple[Any, ...]]]:
    """The columns, and what makes of a row their values in this order."""
    names = _names(table)
    values = cast(Callable[[Row], tuple[Any, ...]], itemgetter(*names))
    json = {column.name for column in table.columns if isinstance(column.type, JSONB | sa.JSON)}
    if not json:
        return names, values

    def as_record(row: Row) -> tuple[Any, ...]:
        texts = {name: orjson.dumps(row[name]).decode() for name in json if row[name] is not None}
        return values(row | texts)

    return names, as_record


_YEAR_2000, _MICROSECOND = datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
"""PostgreSQL counts instants in microseconds since then."""


async def copy_records(
    conn: AsyncConnection,
    schema: str,
    table: str,
    columns: Sequence[str],
    records: Iterable[tuple[Any, ...]] | AsyncIterable[tuple[Any, ...]],
    timeout: float | None = None,
) -> None:
    """COPY through the driver, in the transaction of this connection. `timeout` in seconds, else the engine's."""
    raw = await conn.get_raw_connection()
    driver = cast(Any, raw.driver_connection)
    if not raw.info.get("instants"):
        # asyncpg's own way compares each instant with infinity first, which is half of what a journal row takes.
        await driver.set_type_codec(
            "timestamptz", schema="pg_catalog", format="tuple",
            encoder=lambda at: ((at - _YEAR_2000) // _MICROSECOND,),
            decoder=lambda told: _YEAR_2000 + timedelta(microseconds=told[0]),
        )  # fmt: skip
        raw.info["instants"] = True
    await driver.copy_records_to_table(table, schema_name=schema, columns=columns, records=records, timeout=timeout)
