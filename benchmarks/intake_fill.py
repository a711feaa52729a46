"""Fills an intake database as years of work would leave it, but with COPY: facts, journal, views, vault.

Everything is made by the real functions (contracts, folds, seals, search tokens); only the way into the tables is
another. Some thousand people at a time, so that memory does not grow with them.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.intake_life import GIULIA, Life, beside, identity_of, live, manager_of, new_id
from services.intake import finding, likeness
from services.intake.service import SERVICE
from shared import db
from shared.envelope import Meta
from shared.events import PARTITIONS, Event
from shared.log import partition_of
from shared.projection import (
    HEARD,
    HEARD_COLUMNS,
    Folding,
    Taken,
    copy_records,
    copy_rows,
    heard_row,
    physical,
)
from shared.store import Store
from shared.store.statements import COLUMN_NAMES, fact_row
from shared.vault import Pending, Vault

CHUNK = 2000
"""People that are made and written at a time."""


@dataclass
class Filled:
    """What was written, and what the addresses of pages can name."""

    people: int
    facts: int
    names: dict[str, str] = field(default_factory=dict)
    """Name in the route -> the id of a real thing, about a person whom Giulia follows where it is about one."""
    phone: str = ""


@dataclass
class _State:
    numbers: dict[tuple[str, str, int], tuple[int, str | None]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    """Of streams that several people's facts stand in."""
    seconds: int = 0


class _Sealing:
    """The vault's own seal and index, with one pending for each person and one write for all of a chunk."""

    def __init__(self, vault: Vault, conn: AsyncConnection) -> None:
        self.vault, self.conn = vault, conn
        self.all = Pending()

    def of(self, subject: str) -> Callable[[str, dict[str, Any]], str]:
        """How something about this subject is sealed."""
        keys = {subject: AESGCM.generate_key(256)}
        self.all.keys |= keys

        def seal(kind: str, values: dict[str, Any]) -> str:
            pending = Pending(keys=keys)
            # The seal is a coroutine that waits for nothing here: the key is there, and the row is new.
            sealing = self.vault.seal(self.conn, pending, new_id(), kind, subject, values, new=True)
            try:
                sealing.send(None)
            except StopIteration as done:
                self.all.rows += pending.rows
                return str(done.value)
            raise AssertionError("a new row of a known key asks the database for nothing")

        return seal

    def index(self, person_id: str, identity: dict[str, Any]) -> None:
        """As `finding.index`."""
        codes, name_and_birth = finding.exact_tokens(identity)
        pending = Pending()
        self.vault.index(pending, finding.PERSON_INDEX, person_id, finding.search_tokens(identity))
        self.vault.index(pending, finding.EXACT_INDEX, person_id, [*codes, name_and_birth])
        self.vault.index(pending, finding.SIMILAR_INDEX, person_id, likeness.tokens(identity))
        self.all.tokens += pending.tokens


async def fill(store: Store, people: int, today: date, progress: Callable[[int], None] = lambda done: None) -> Filled:
    """Writes so many people into the fresh tables of a service whose views are prepared."""
    state, filled = _State(), Filled(people, 0)
    async with without_indexes(store):
        before = ""
        for first in range(0, people, CHUNK):
            async with store.engine.begin() as conn:
                await conn.execute(text("set local synchronous_commit = off"))
                sealing = _Sealing(store.vault, conn)
                lives, before = _lives(first, min(first + CHUNK, people), people, today, sealing, before)
                facts = [fact for life in lives for fact in life.facts]
                await _write(store, conn, state, facts)
                await sealing.vault.write(conn, sealing.all, _at(today, 0))
                _remember(filled, lives, first, people)
                filled.facts += len(facts)
            progress(first + CHUNK)
        async with store.engine.begin() as conn:
            sealing = _Sealing(store.vault, conn)
            others, names = beside(people, today, sealing.of)
            await _write(store, conn, state, [("intake", GIULIA, fact) for fact in others])
            await sealing.vault.write(conn, sealing.all, _at(today, 0))
            await conn.execute(text("update profiles_out set published = version"))
            filled.names |= names
            filled.facts += len(others)
            await _count(conn, state)
    return filled


def _lives(first: int, last: int, people: int, today: date, sealing: _Sealing, before: str) -> tuple[list[Life], str]:
    lives = []
    for n in range(first, last):
        rng, person = Random(n), new_id()
        life = Life(person, *identity_of(n, rng, today))
        live(n, people, today, rng, life, sealing.of(person), before)
        sealing.index(person, life.identity)
        sealing.all.profiles[person] = life.profile
        lives.append(life)
        before = person
    return lives, before


def _remember(filled: Filled, lives: list[Life], first: int, people: int) -> None:
    """The ids of a case of Giulia's that is rich in facts, and of the things of others."""
    for n, life in enumerate(lives, first):
        own = manager_of(n, people) == GIULIA
        if own and "appointment_id" in life.named and len(life.facts) > 18:
            filled.names |= {"person_id": life.person_id, "appointment_id": life.named["appointment_id"]}
            filled.phone = life.identity["phone"]
        filled.names |= {k: v for k, v in life.named.items() if k != "appointment_id"}
        if "referral_id" in life.named:
            filled.names["referred_id"] = life.person_id


def _at(day: date, seconds: int) -> datetime:
    return datetime.combine(day, time(8), UTC) + timedelta(seconds=seconds % 30_000)


def _numbered(state: _State, facts: list[tuple[str, str, Event]]) -> Iterator[tuple[Meta, Event, bytes]]:
    """The facts as the store numbers and chains them."""
    for source, actor, event in facts:
        subject = event.subject
        partition = partition_of(subject, PARTITIONS[event.TOPIC])
        number, predecessor = state.numbers.get((source, event.TOPIC, partition), (0, None))
        version = 0
        if source == "intake":
            version = state.versions[subject] = state.versions.get(subject, 0) + 1
        state.seconds += 1
        id_, cause = new_id(), new_id()
        meta = Meta(
            id_, source, event.TYPE, event.VERSION, subject, _at(event.on, state.seconds), event.TOPIC, partition,
            number + 1, predecessor, actor, cause, cause, None, 0, None, version,
        )  # fmt: skip
        state.numbers[source, event.TOPIC, partition] = (number + 1, id_)
        yield meta, event, event.__pydantic_serializer__.to_json(event)


async def _write(store: Store, conn: AsyncConnection, state: _State, facts: list[tuple[str, str, Event]]) -> None:
    """The facts into the store, the journal and the views."""
    schema = db.schema_name(store.service, store.settings)
    views = db.views_schema(store.service, store.settings)
    numbered = list(_numbered(state, facts))
    for subject in {meta.subject for meta, event, _ in numbered if type(event).SUBJECT == "person_id"}:
        state.versions.pop(subject, None)  # all of a person's facts come at once
    own = (fact_row((m, data, m.number, m.predecessor)) for m, _, data in numbered if m.source == store.service)
    await copy_records(conn, schema, "events", COLUMN_NAMES, own)
    pointers = (await conn.execute(text("select view, table_name from views"))).all()
    tables: dict[str, str] = {row.view: row.table_name for row in pointers}
    hears = frozenset(event.TYPE for event in SERVICE.hears)
    heard = (heard_row(m, event, data, m.number) for m, event, data in numbered if m.type in hears)
    await copy_records(conn, views, tables[HEARD], HEARD_COLUMNS, heard)
    foldings = [Folding.start(view) for view in SERVICE.views]
    for meta, event, data in numbered:
        for folding in foldings:
            if meta.type in folding.types:
                folding.take(Taken(meta, event, data, meta.number))
    for folding in foldings:
        rows = [row for row in folding.rows.values() if row is not None]
        if rows:
            await copy_rows(conn, views, physical(folding.view, tables[folding.view.name]), rows)


async def _count(conn: AsyncConnection, state: _State) -> None:
    """The counters stand where the facts end, so that commands can go on."""
    for (source, topic, partition), (number, last) in state.numbers.items():
        if source == "intake":
            await conn.execute(
                text(
                    "update counters set number = :n, last_id = cast(:last as uuid)"
                    " where topic = :topic and partition = :partition"
                ),
                {"n": number, "last": last, "topic": topic, "partition": partition},
            )


INDEXES = text(
    "select format('%I.%I', schemaname, tablename), indexname, indexdef, coalesce(con.conname, ''),"
    " coalesce(pg_get_constraintdef(con.oid), ''), schemaname from pg_indexes"
    " left join pg_constraint con on con.conindid = cast(format('%I.%I', schemaname, indexname) as regclass)"
    "  and con.contype in ('p', 'u')"
    " where schemaname in (:schema, :views) and tablename = any(:tables)"
)


LARGE = text("select tablename from pg_tables where schemaname = :views and tablename like '%\\_\\_%'")


@contextlib.asynccontextmanager
async def without_indexes(store: Store) -> AsyncIterator[None]:
    """Takes keys and indexes of the large tables away and builds them anew afterwards, with fresh statistics: half
    the time of a bulk load."""
    schema, views = (
        db.schema_name(store.service, store.settings), db.views_schema(store.service, store.settings),
    )  # fmt: skip
    admin = db.admin_engine(store.settings)
    try:
        async with admin.begin() as conn:
            tables = ["events", "vault_rows", "vault_index"]
            tables += (await conn.execute(LARGE, {"views": views})).scalars().all()
            found = (await conn.execute(INDEXES, {"schema": schema, "views": views, "tables": tables})).all()
            for table, index, _, constraint, _, owner in found:
                drop = f'alter table {table} drop constraint "{constraint}"'
                await conn.execute(text(drop if constraint else f'drop index "{owner}"."{index}"'))
        yield
        async with admin.begin() as conn:
            await conn.execute(text("set local maintenance_work_mem = '512MB'"))
            for table, _, index, constraint, definition, _ in found:
                add = f'alter table {table} add constraint "{constraint}" {definition}'
                await conn.execute(text(add if constraint else index))
        async with admin.connect() as connection:
            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
            names = await alone.execute(
                text("select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in (:s, :v)"),
                {"s": schema, "v": views},
            )
            for name in names.scalars().all():
                await alone.execute(text(f"vacuum analyze {name}"))
    finally:
        await admin.dispose()
