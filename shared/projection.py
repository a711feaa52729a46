"""Read models, folded from the log.

A *folded* view has one row per thing: the row's id stands in the event and `fold(row, event, meta) -> row` is
pure. Beside a service's views the framework keeps one *journal*, `heard`: one row for each fact that the service
hears. It is the timeline of the pages, and what a row is folded from again when a fact of it is corrected.

A view's table carries a fingerprint of its code (`candidates__3fa9c2d1`): a new version is built beside the old one
and a pointer row switches, since a rename would queue readers, and another shape of row breaks their
prepared statements.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import orjson
import sqlalchemy as sa
from sqlalchemy import Column, Executable, MetaData, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import events
from shared.corrections import effective
from shared.envelope import Meta, Recorded
from shared.events import Event
from shared.events.base import Correction
from shared.positions import Position

Row = dict[str, Any]
Numbers = Mapping[tuple[str, str, int], int]
"""The last number taken of each (source, topic, partition)."""
HEARD = "heard"
SUBJECTS = "_subjects"
"""The column that says which streams fed a row: what has to be read again when one of its facts is corrected."""


@dataclass(frozen=True)
class View:
    """A folded view. `columns` is a function because a column can belong to one table only, and a view has a
    table for each version of its code."""

    name: str
    key_column: str
    columns: Callable[[], Sequence[Column[Any]]]
    hears: tuple[type[Event], ...]
    key: Callable[[Any], str | None]
    fold: Callable[[Row | None, Any, Meta], Row | None]
    indexes: tuple[str, ...] = ()

    @property
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
HEARD_FINGERPRINT = "1"
HEARD_COLUMNS = tuple(column.name for column in _heard_columns())
READERS_PROFILE = "profiles"


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


async def prepare(conn: AsyncConnection, views_schema: str, views: Sequence[View]) -> list[str]:
    """Makes registry and tables where there are none yet; returns the views whose code has changed since and
    that must be replayed."""
    for statement in REGISTRY.split(";\n"):
        if statement.strip():
            await conn.execute(text(statement.replace("not exists ", f'not exists "{views_schema}".')))
    known = {row.view: row.fingerprint for row in await conn.execute(text("select view, fingerprint from views"))}
    stale = []
    for name, view, fingerprint in members(views):
        if name not in known:
            table = f"{name}__{fingerprint}"
            await create_table(conn, views_schema, view, table)
            await build_indexes(conn, views_schema, view, table)
            await conn.execute(
                text("insert into views (view, table_name, fingerprint) values (:v, :t, :f)"),
                {"v": name, "t": table, "f": fingerprint},
            )
        elif known[name] != fingerprint:
            stale.append(name)
    return stale


def members(views: Sequence[View]) -> list[tuple[str, View | None, str]]:
    """The journal and the views: name, view, fingerprint. The journal comes first: refolds read it."""
    return [(HEARD, None, HEARD_FINGERPRINT), *((v.name, v, v.fingerprint) for v in views)]


async def create_table(conn: AsyncConnection, schema: str, view: View | None, name: str) -> None:
    """An empty table; without its indexes, which are built after a bulk load."""
    await conn.execute(text(f'drop table if exists "{schema}"."{name}"'))
    columns = ", ".join(
        f'"{c.name}" {c.type.compile(dialect=_DIALECT)}'
        + (" primary key" if c.primary_key else "" if c.nullable else " not null")
        for c in physical(view, name).columns
    )
    await conn.execute(text(f'create table "{schema}"."{name}" ({columns})'))


async def build_indexes(conn: AsyncConnection, schema: str, view: View | None, name: str) -> None:
    """The indexes that the view's queries ask for."""
    for column in HEARD_INDEXES if view is None else view.indexes:
        await conn.execute(text(f'create index on "{schema}"."{name}" ("{column}")'))


_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


class Reading:
    """A look at the views through their pointers, on one connection."""

    def __init__(self, conn: AsyncConnection, service: str, pointers: Mapping[str, tuple[str, str, str | None]]):
        self.conn = conn
        self.service = service
        self._pointers = pointers

    @classmethod
    async def open(cls, conn: AsyncConnection, service: str) -> Reading:
        """Reads the pointers."""
        rows = await conn.execute(text("select view, table_name, fingerprint, faulty from views"))
        return cls(conn, service, {r[0]: (r[1], r[2], r[3]) for r in rows})

    def table(self, view: View) -> Table:
        """The view's present table. Raises ViewNotReady while a new version of it is being built."""
        pointer = self._pointers.get(view.name)
        if pointer is None or pointer[1] != view.fingerprint:
            raise ViewNotReady(view.name)
        return physical(view, pointer[0])

    @property
    def heard(self) -> Table:
        """The journal's table."""
        pointer = self._pointers.get(HEARD)
        if pointer is None:
            raise ViewNotReady(HEARD)
        return physical(None, pointer[0])

    def faulty(self) -> dict[str, str]:
        """The views that could not fold a fact, with the code of the reason."""
        return {name: pointer[2] for name, pointer in self._pointers.items() if pointer[2]}

    async def rows(self, query: Executable) -> list[Row]:
        """The rows of a query, as plain dicts, without the framework's columns."""
        found = await self.conn.execute(query)
        return [{k: v for k, v in row.items() if k != SUBJECTS} for row in found.mappings()]

    async def row(self, view: View, key: str) -> Row | None:
        """The view's row of that key."""
        table = self.table(view)
        found = await self.rows(sa.select(table).where(table.c[view.key_column] == key))
        return found[0] if found else None

    async def profile(self, person_id: str) -> Row | None:
        """The person's fine attributes; None if unknown or ended."""
        found = await self.profiles([person_id])
        return found.get(person_id)

    async def profiles(self, person_ids: Sequence[str]) -> dict[str, Row]:
        """The fine attributes of those of these persons who have some."""
        found = await self.conn.execute(
            text("select person_id, data::text from profiles where person_id = any(:ids) and data is not null"),
            {"ids": list(person_ids)},
        )
        return {person: orjson.loads(data) for person, data in found}

    async def facts(
        self, subjects: Sequence[str] | None = None, types: Sequence[type[Event]] | None = None
    ) -> list[Recorded]:
        """Facts that this service heard, corrections included, in the order of their recording."""
        heard = self.heard
        query = sa.select(heard).order_by(
            heard.c.recorded_at, heard.c.topic, heard.c.partition, heard.c.source, heard.c.number
        )
        if subjects is not None:
            query = query.where(heard.c.subject.in_(list(subjects)))
        if types is not None:
            query = query.where(heard.c.type.in_([t.TYPE for t in types]))
        return [read_heard(row) for row in (await self.conn.execute(query)).mappings()]


class ViewNotReady(Exception):
    """A new version of the view is being built from the log; its page says so."""


def read_heard(row: Mapping[Any, Any]) -> Recorded:
    """A journal row as the fact that it is."""
    meta = Meta(
        id=row["event_id"], source=row["source"], type=row["type"], type_version=row["type_version"],
        subject=row["subject"], time=row["recorded_at"], topic=row["topic"], partition=row["partition"],
        number=row["number"], predecessor=None, actor=row["actor"], cause=row["event_id"],
        correlation=row["correlation"], causation=row["causation"], hops=0,
    )  # fmt: skip
    return Recorded(meta, events.load(meta.type, meta.type_version, bytes(row["data"])))


def heard_row(meta: Meta, event: Event, data: bytes, offset: int) -> tuple[Any, ...]:
    """A fact's row in the journal, in the order of `HEARD_COLUMNS`."""
    return (
        meta.id, meta.subject, meta.type, meta.type_version, event.on, meta.time, meta.source, meta.actor, meta.topic,
        meta.partition, meta.number, offset, meta.correlation, meta.causation, data,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """A fact that the sequencer let through, with its place."""

    meta: Meta
    event: Event
    data: bytes
    offset: int

    @property
    def where(self) -> str:
        """`topic/partition/offset`."""
        return f"{self.meta.topic}/{self.meta.partition}/{self.offset}"


class FoldFailed(Exception):
    """A view could not fold this fact."""

    def __init__(self, view: str, taken: Taken, cause: Exception) -> None:
        super().__init__(f"{view} {taken.where} {type(cause).__name__}")
        self.view, self.taken = view, taken


@dataclass
class Folding:
    """The rows of one view while a batch (or a whole replay) is folded into them."""

    view: View
    rows: dict[str, Row | None]
    dirty: dict[str, set[str]]
    """Rows with a corrected fact, and the streams to read them again from."""
    touched: set[str]
    types: frozenset[str]

    @classmethod
    def start(cls, view: View) -> Folding:
        """Nothing folded yet."""
        return cls(view, {}, {}, set(), frozenset(e.TYPE for e in view.hears))

    def keys(self, taken: Iterable[Taken]) -> set[str]:
        """The rows that these facts concern."""
        found: set[str | None] = set()
        for one in taken:
            for event in self._versions(one.event):
                found.add(self.view.key(event))
        return {key for key in found if key is not None}

    def _versions(self, event: Event) -> list[Event]:
        """The fact, or the facts that a correction is about, as far as the view hears them."""
        if isinstance(event, Correction):
            if event.fact_type not in self.types:
                return []
            replacement = event.replacement()
            return [event.original()] + ([replacement] if replacement else [])
        return [event] if event.TYPE in self.types else []

    def take(self, one: Taken) -> None:
        """Folds one fact. Raises FoldFailed."""
        event, meta = one.event, one.meta
        correction = isinstance(event, Correction)
        if not correction and meta.type not in self.types:
            return
        try:
            if correction:
                for version in self._versions(event):
                    key = self.view.key(version)
                    if key is not None:
                        self.dirty.setdefault(key, set()).add(meta.subject)
                        self.touched.add(key)
                return
            key = self.view.key(event)
            if key is None:
                return
            before = self.rows.get(key)
            after = self.view.fold(before, event, meta)
            if after is not None:
                subjects = before[SUBJECTS] if before else []
                after[SUBJECTS] = subjects if meta.subject in subjects else [*subjects, meta.subject]
            self.rows[key] = after
            self.touched.add(key)
        except Exception as error:
            raise FoldFailed(self.view.name, one, error) from error

    async def refold(self, conn: AsyncConnection, heard: Table, table: Table, upto: Numbers) -> None:
        """Folds the rows with corrected facts again, from their effective facts in the journal: those up to
        the numbers that this view has taken, since the journal may be ahead of it."""
        done: set[str] = set()
        while self.dirty:
            key, subjects = self.dirty.popitem()
            if key in done:
                continue
            done.add(key)
            if key not in self.rows:
                await load_rows(conn, self, table, {key})
            before = self.rows.get(key)
            subjects |= set(before[SUBJECTS]) if before else set()
            recorded = await _journal(conn, heard, subjects, upto)
            for fact in recorded:
                if isinstance(fact.event, Correction):
                    # Corrected twice, a fact may have stood in yet another row: that one is dirty too.
                    for version in self._versions(fact.event):
                        other = self.view.key(version)
                        if other is not None and other not in done:
                            self.dirty.setdefault(other, set()).add(fact.meta.subject)
            row: Row | None = None
            for fact in effective(recorded):
                if fact.event.TYPE in self.types and self.view.key(fact.event) == key:
                    row = self.view.fold(row, fact.event, fact.meta)
            if row is not None:
                row[SUBJECTS] = sorted(subjects)
            self.rows[key] = row
            self.touched.add(key)


async def _journal(conn: AsyncConnection, heard: Table, subjects: set[str], upto: Numbers) -> list[Recorded]:
    query = (
        sa.select(heard)
        .where(heard.c.subject.in_(sorted(subjects)))
        .order_by(heard.c.topic, heard.c.partition, heard.c.log_offset)
    )
    found = [read_heard(row) for row in (await conn.execute(query)).mappings()]
    return [r for r in found if r.meta.number <= upto.get((r.meta.source, r.meta.topic, r.meta.partition), 0)]


def numbers_of(positions: Mapping[tuple[str, int], Position]) -> Numbers:
    """The last numbers taken, by source and partition."""
    return {
        (source, topic, partition): number
        for (topic, partition), position in positions.items()
        for source, (number, _) in position.numbers.items()
    }


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
