"""Erasure, the part that is the same everywhere: forgetting a person, and forgetting again after a restore.

Intake decides (`PersonErased`); each service then destroys its own key, rows and fine attributes of that person and
answers `PersonForgotten`. Facts, numbers, views and commitments stay as they were: what remains is pseudonymous.
A database from a backup knows the person again: before anybody is served, the erasures of the log are applied to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.decisions import Decision, Stream
from shared.envelope import Meta, Undecodable, read_event, read_meta
from shared.events import PARTITIONS, NewerVersion, UnknownType
from shared.events.base import Event
from shared.events.intake import PersonErased
from shared.events.privacy import PersonForgotten
from shared.log import Log
from shared.reader import no_right
from shared.service import Forget, Reaction, emits
from shared.store import Store, Unit

TOPIC = PersonErased.TOPIC


@dataclass(frozen=True, slots=True)
class Erased:
    """An erasure as the log holds it."""

    fact_id: str
    at: datetime
    event: PersonErased


def keeping(rules: Collection[str]) -> Forget:
    """The plain way to forget. Where a duty of these rules was named, this service's texts stay until it is over."""

    async def forget(conn: AsyncConnection, store: Store, event: PersonErased) -> int:
        await conn.execute(text("update profiles set data = null where person_id = :id"), {"id": event.person_id})
        if keeps(event, rules):
            return 0
        return await store.vault.erase(conn, event.person_id)

    return forget


def keeps(event: PersonErased, rules: Collection[str]) -> bool:
    """Whether one of these duties was named."""
    return bool({duty.rule for duty in event.kept} & set(rules))


def reaction(forget: Forget, stream: Callable[[str], Stream[Any]], rules: Collection[str] = ()) -> Reaction:
    """What a service does when it hears that somebody was erased."""

    @emits(PersonForgotten)
    async def forgotten(unit: Unit, event: PersonErased, meta: Meta) -> Decision:
        """The person was erased: here, too."""
        # Before the stream is read: after a restore the answer is there already, and the texts as well.
        gone = await forget(unit.conn, unit.store, event)
        unit.after_end = True  # a partial erasure may be followed by the whole one
        await unit.states(stream(event.person_id))
        kept = keeps(event, rules)
        return [PersonForgotten(on=event.on, person_id=event.person_id, texts=gone, kept=kept)]

    return forgotten


def bare(person_id: str) -> Stream[object]:
    """The stream of a person in a service that keeps no state about people."""
    return Stream(person_id, None, lambda state, event: state, subject="person_id")


async def of_the_log(log: Log) -> list[Erased]:
    """Every erasure that the log knows, in the order of each person's stream."""
    found: list[Erased] = []
    for partition in range(PARTITIONS[TOPIC]):
        place = (TOPIC, partition)
        offset, end = (await log.begins([place]))[place], (await log.ends([place]))[place]
        while offset < end and (records := await log.read(*place, offset, 1000)):
            for record in records:
                offset = record.offset + 1
                try:
                    meta = read_meta(record)
                    if meta.type != PersonErased.TYPE or no_right(record, meta):
                        continue
                    event = read_event(meta, record.value)
                except (Undecodable, UnknownType, NewerVersion):
                    continue
                if isinstance(event, PersonErased):
                    found.append(Erased(meta.id, meta.time, event))
    return found


async def apply(store: Store, forget: Forget, erasures: Sequence[Event]) -> int:
    """Forgets all of them again, in a database that was restored; returns how many texts were there. Before the
    database is checked against the log: from then on its texts open for everybody."""
    gone, store.vault.recovering = 0, True
    for event in erasures:
        assert isinstance(event, PersonErased)
        async with store.engine.begin() as conn:
            gone += await forget(conn, store, event)
    return gone
