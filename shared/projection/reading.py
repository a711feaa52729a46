"""Looking at views and journal, through their pointers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Executable, Table, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import events
from shared.envelope import Meta, Recorded
from shared.events import Event
from shared.projection.view import HEARD, SUBJECTS, Row, View, physical

UNDEFINED_TABLE = "42P01"
POINTERS = text("select view, table_name, fingerprint, faulty from views")


class Reading:
    """A look at the views through their pointers, on one connection."""

    def __init__(self, conn: AsyncConnection, service: str, pointers: Mapping[str, tuple[str, str, str | None]]):
        self.conn = conn
        self.service = service
        self._pointers = pointers

    @classmethod
    async def open(cls, conn: AsyncConnection, service: str) -> Reading:
        """Reads the pointers. Raises ViewNotReady where no worker has made the views yet."""
        try:
            rows = await conn.execute(POINTERS)
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) == UNDEFINED_TABLE:
                raise ViewNotReady("views") from error
            raise
        return cls(conn, service, {r[0]: (r[1], r[2], r[3]) for r in rows})

    def table(self, view: View) -> Table:
        """The view's present table. Raises ViewNotReady while a new version of it is being built."""
        pointer = self._pointers.get(view.name)
        if pointer is None or pointer[1] != view.fingerprint:
            raise ViewNotReady(view.name)
        return physical(view, pointer[0])

    def standing(self, view: View) -> Table:
        """The view's table as it stands, though a new version of it be in the making: for what may not wait. Raises
        ViewNotReady where there is none yet."""
        pointer = self._pointers.get(view.name)
        if pointer is None:
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
    (
        id_, source, type_, type_version, subject, time, topic, partition, number, _, actor, _, correlation, causation,
        *_,
    ) = meta  # fmt: skip
    return (
        id_, subject, type_, type_version, event.on, time, source, actor, topic, partition, number, offset, correlation,
        causation, data,
    )  # fmt: skip
