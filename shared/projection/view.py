"""A view's definition, its tables and their register."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.envelope import Meta
from shared.events import Event
from shared.events.base import Correction

Row = dict[str, Any]
BY_STREAM: Callable[[Any], str] = attrgetter("subject")
"""The key of a view with one row a stream. What is asked of every fact is then read from its recording."""
Numbers = Mapping[tuple[str, str, int], int]
"""The last number taken of each (source, topic, partition)."""
HEARD = "heard"
SUBJECTS = "_subjects"
"""The column that says which streams fed a row: what has to be read again when one of its facts is corrected."""


@dataclass(frozen=True)
class View:
    """A folded view. `columns` is a function because a column can belong to one table only, and a view has a
    table for each version of its code. An index is a column, or several as SQL writes them (`stage, last_on desc`)."""

    name: str
    key_column: str
    columns: Callable[[], Sequence[Column[Any]]]
    hears: tuple[type[Event], ...]
    key: Callable[[Any], str | None]
    fold: Callable[[Row | None, Any, Meta], Row | None]
    indexes: tuple[str, ...] = ()

    @cached_property
    def types(self) -> frozenset[str]:
        """The types of the facts it folds; a correction is none of them, but undoes one."""
        return frozenset(event.TYPE for event in self.hears if not issubclass(event, Correction))

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the module that defines the fold changes, or a heard contract's version."""
        return _fingerprint(self.fold, tuple((e.TYPE, e.VERSION) for e in self.hears))

    @property
    def column_names(self) -> tuple[str, ...]:
        """The row's columns, without the framework's own."""
        return tuple(column.name for column in self.columns())

    def __hash__(self) -> int:
        return hash(self.name)


@lru_cache(maxsize=256)
def _fingerprint(fold: Callable[..., Any], heard: tuple[tuple[str, int], ...]) -> str:
    module = inspect.getmodule(fold)
    source = inspect.getsource(module) if module else inspect.getsource(fold)
    return hashlib.sha256(f"{source}{heard}".encode()).hexdigest()[:8]


def _heard_columns() -> list[Column[Any]]:
    return [
        Column("event_id", sa.Uuid(as_uuid=False), primary_key=True),
        Column("subject", sa.Text, nullable=False),
        Column("type", sa.Text, nullable=False),
        Column("type_version", sa.SmallInteger, nullable=False),
        Column("happened_on", sa.Date, nullable=False),
        Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        Column("source", sa.Text, nullable=False),
        Column("actor", sa.Text, nullable=False),
        Column("topic", sa.Text, nullable=False),
        Column("partition", sa.SmallInteger, nullable=False),
        Column("number", sa.BigInteger, nullable=False),
        Column("log_offset", sa.BigInteger, nullable=False),
        Column("correlation", sa.Uuid(as_uuid=False), nullable=False),
        Column("causation", sa.Uuid(as_uuid=False)),
        Column("data", sa.LargeBinary, nullable=False),
    ]


HEARD_INDEXES = ("subject", "type")
HEARD_VERSION = "1"
"""To be counted up when the journal's columns change."""
HEARD_COLUMNS = tuple(column.name for column in _heard_columns())


@lru_cache(maxsize=512)
def physical(view: View | None, name: str) -> Table:
    """The table object of a view's physical table; `None` is the journal."""
    if view is None:
        return Table(name, MetaData(), *_heard_columns())
    return Table(name, MetaData(), *view.columns(), Column(SUBJECTS, sa.ARRAY(sa.Text), nullable=False))


REGISTRY = """
create table if not exists views (
    view text primary key,
    table_name text not null,
    fingerprint text not null,
    faulty text,
    built_at timestamptz not null default now()
);
create table if not exists profiles (
    person_id text primary key,
    version bigint not null,
    data jsonb
);
"""


async def prepare(
    conn: AsyncConnection, views_schema: str, views: Sequence[View], hears: Iterable[type[Event]]
) -> list[str]:
    """Makes registry and tables where there are none yet; returns the views whose code has changed since and
    that must be replayed, the journal first."""
    for statement in REGISTRY.split(";\n"):
        if statement.strip():
            await conn.execute(text(statement.replace("not exists ", f'not exists "{views_schema}".')))
    known = {row.view: row.fingerprint for row in await conn.execute(text("select view, fingerprint from views"))}
    new = [member for member in members(views, hears) if member[0] not in known]
    statements: list[str] = []
    for name, view, fingerprint in new:
        table = f"{name}__{fingerprint}"
        statements += [*_table(views_schema, view, table), *_indexes(views_schema, view, table)]
    if new:
        # All of a new platform's tables in one go: a hundred statements one by one wait for each other longer than
        # they take.
        raw = await conn.get_raw_connection()
        await cast(Any, raw.driver_connection).execute(";\n".join(statements))
        await conn.execute(
            text("insert into views (view, table_name, fingerprint) values (:v, :t, :f)"),
            [{"v": name, "t": f"{name}__{fingerprint}", "f": fingerprint} for name, _, fingerprint in new],
        )
    return [name for name, _, fingerprint in members(views, hears) if known.get(name, fingerprint) != fingerprint]


def members(views: Sequence[View], hears: Iterable[type[Event]]) -> list[tuple[str, View | None, str]]:
    """The journal and the views: name, view, fingerprint. The journal comes first: refolds read it.

    Its fingerprint names all that the service hears: of a type that is heard from now on it lacks the facts that it
    let pass before, and what is folded again from it would lack them too.
    """
    heard = f"{HEARD_VERSION}{sorted(event.TYPE for event in hears)}"
    fingerprint = hashlib.sha256(heard.encode()).hexdigest()[:8]
    return [(HEARD, None, fingerprint), *((v.name, v, v.fingerprint) for v in views)]


async def create_table(conn: AsyncConnection, schema: str, view: View | None, name: str) -> None:
    """An empty table; without key and indexes, which cost half when they are built after a bulk load."""
    for statement in _table(schema, view, name):
        await conn.execute(text(statement))


def _table(schema: str, view: View | None, name: str) -> list[str]:
    columns = ", ".join(
        f'"{c.name}" {c.type.compile(dialect=_DIALECT)}' + ("" if c.nullable else " not null")
        for c in physical(view, name).columns
    )
    return [f'drop table if exists "{schema}"."{name}"', f'create table "{schema}"."{name}" ({columns})']


async def build_indexes(conn: AsyncConnection, schema: str, view: View | None, name: str) -> None:
    """The table's key, and the indexes that the view's queries ask for."""
    for statement in _indexes(schema, view, name):
        await conn.execute(text(statement))


def _indexes(schema: str, view: View | None, name: str) -> list[str]:
    key = "event_id" if view is None else view.key_column
    indexes = HEARD_INDEXES if view is None else view.indexes
    columns = [f'"{index}"' if index.isidentifier() else index for index in indexes]
    return [
        f'alter table "{schema}"."{name}" add primary key ("{key}")',
        *(f'create index on "{schema}"."{name}" ({keys})' for keys in columns),
    ]


_DIALECT = postgresql.dialect()
