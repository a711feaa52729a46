"""Folding facts into rows: the same for a live batch and for a whole replay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.corrections import effective
from shared.envelope import Meta, Recorded
from shared.events import Event
from shared.events.base import REGISTRY, Correction
from shared.positions import Position
from shared.projection.reading import read_heard
from shared.projection.rows import load_rows
from shared.projection.view import BY_STREAM, SUBJECTS, Numbers, Row, View


class Taken(NamedTuple):
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


CORRECTIONS = frozenset(name for name, type_ in REGISTRY.items() if issubclass(type_, Correction))


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
        return cls(view, {}, {}, set(), view.types)

    def wants(self, type_name: str) -> bool:
        """Whether facts of this type are to be handed to it: what the view hears, and all corrections."""
        return type_name in self.types or type_name in CORRECTIONS

    def keys(self, taken: Iterable[Taken]) -> set[str]:
        """The rows that these facts concern."""
        key, types = self.view.key, self.types
        found: set[str | None] = set()
        for one in taken:
            meta = one.meta
            if meta.type in types:
                found.add(meta.subject if key is BY_STREAM else key(one.event))
            else:
                found.update(key(event) for event in self._versions(one.event))
        found.discard(None)
        return cast(set[str], found)

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
        meta, event = one.meta, one.event
        view, rows = self.view, self.rows
        try:
            if meta.type not in self.types:
                self._correct(one)
                return
            subject = meta.subject
            key = subject if view.key is BY_STREAM else view.key(event)
            if key is None:
                return
            before = rows.get(key)
            rows[key] = after = view.fold(before, event, meta)
            if after is not None:
                subjects = before[SUBJECTS] if before else []
                after[SUBJECTS] = subjects if subject in subjects else [*subjects, subject]
            self.touched.add(key)
        except Exception as error:
            raise FoldFailed(view.name, one, error) from error

    def _correct(self, one: Taken) -> None:
        """Notes the rows that a correction touches: they are folded again when the batch is through."""
        if isinstance(one.event, Correction):
            for version in self._versions(one.event):
                key = self.view.key(version)
                if key is not None:
                    self.dirty.setdefault(key, set()).add(one.meta.subject)
                    self.touched.add(key)

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
