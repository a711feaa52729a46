"""Erasure: proposed, confirmed by somebody else, carried out; and what of intake goes with it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import orjson
import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.commands import drafts
from services.intake.commands.messages import queue
from services.intake.commands.rights import REASONS, group_of
from services.intake.domain import Person, person_stream
from services.intake.domain import erasure as rules
from services.intake.domain.retention import duties
from services.intake.forms import rights as forms
from services.intake.views.others import OTHERS
from services.intake.views.public import SITE_CONTACTS
from shared import clock
from shared.decisions import Decision, Refused
from shared.events.base import Event
from shared.events.intake import (
    ContactAccepted,
    DuplicateDismissed,
    ErasureConfirmed,
    KeptDuty,
    PersonErased,
    PersonsJoined,
    PersonsParted,
)
from shared.projection import Reading, ViewNotReady
from shared.service import Due
from shared.store import Command, Outcome, Store, Unit
from shared.vault import Pending
from shared.web.formats import day

KEPT = "kept"
"""Kind of the one vault row that a partial erasure leaves: who it was, for the duty that says so and nobody else."""
SMALLEST = ("family_name", "given_name", "birth_date", "tax_code")
"""What a duty about grants or training needs to tell whom the papers are about."""
CARRIED_OUT = uuid.UUID("5b0f7a3e-0f0f-5c53-9d0a-6f1f2f7f9c1d")


async def _duties(unit: Unit, ids: Sequence[str]) -> tuple[KeptDuty, ...]:
    return duties([await unit.row(OTHERS, one) for one in ids], unit.today)


async def propose(store: Store, command: Command, person_id: str, values: forms.ProposeForm) -> Outcome:
    """Somebody proposes the erasure, with reasons; the duties that keep something are found here."""

    async def decide(unit: Unit) -> Decision:
        return await _proposed(unit, person_id, None, unit.actor, values.reasons)

    return await store.execute(command, decide)


async def propose_by_rule(unit: Unit, due: Due) -> Decision:
    """The term of a retention rule is over: two people decide."""
    rule, _, person_id = due.key.partition("/")
    return await _proposed(unit, person_id, rule, None, None)


async def _proposed(unit: Unit, person_id: str, rule: str | None, by: str | None, words: str | None) -> Decision:
    unit.after_end = True
    person, members = await group_of(unit, person_id)
    reasons = None
    if words and person.rights.erased_on is None:  # nothing is written any more about somebody who was erased
        reasons = await unit.vault.write(REASONS, person_id, {"text": words})
    return rules.propose(
        person, person_id=person_id, proposal_id=unit.new_id("erasure"), ground="retention" if rule else "operator",
        rule=rule, by=by, kept=await _duties(unit, [person_id, *members]), reasons=reasons, today=unit.today,
    )  # fmt: skip


async def confirm(store: Store, command: Command, person_id: str) -> Outcome:
    """Another person confirms; with the last confirmation the person is told."""

    async def decide(unit: Unit) -> Decision:
        unit.after_end = True
        (person,) = await unit.states(person_stream(person_id))
        decision = rules.confirm(person, person_id=person_id, by=unit.actor, today=unit.today)
        if isinstance(decision, Refused):
            return decision
        confirmed = decision[0]
        assert isinstance(confirmed, ErasureConfirmed)
        return [*decision, *await _told(unit, person, person_id, confirmed)]

    return await store.execute(command, decide)


async def _told(unit: Unit, person: Person, person_id: str, confirmed: ErasureConfirmed) -> list[Event]:
    if confirmed.execute_on is None or person.rights.erased_on is not None:
        return []
    values = {"day": day(confirmed.execute_on)}
    return await queue(
        unit, person, person_id, "erasure_decided", values, keep_until=confirmed.execute_on, about_rights=True
    )


async def drop(store: Store, command: Command, person_id: str, values: forms.DropForm) -> Outcome:
    """It will not be: refused with its rule, or withdrawn."""

    async def decide(unit: Unit) -> Decision:
        unit.after_end = True
        (person,) = await unit.states(person_stream(person_id))
        reasons = None
        if values.reasons and person.rights.erased_on is None:
            reasons = await unit.vault.write(REASONS, person_id, {"text": values.reasons})
        decision = rules.drop(
            person, person_id=person_id, by=unit.actor, ground=values.ground, reasons=reasons, today=unit.today
        )
        if isinstance(decision, Refused) or len(decision) == 1 or person.rights.erased_on is not None:
            return decision
        return [*decision, *await queue(unit, person, person_id, "right_answered", {}, about_rights=True)]

    return await store.execute(command, decide)


async def carry_out(store: Store, command: Command, person_id: str, *, early: bool = True) -> Outcome:
    """What was confirmed is done: `early` before its day, since the letter was given."""

    async def decide(unit: Unit) -> Decision:
        unit.after_end = True
        person, members = await group_of(unit, person_id)
        decision = rules.carry_out(
            person, members, person_id=person_id, kept=await _duties(unit, [person_id, *members]), early=early,
            today=unit.today,
        )  # fmt: skip
        if isinstance(decision, Refused):
            return decision
        for event in decision:
            if isinstance(event, PersonErased):
                await forget(unit.conn, store, event)
        return decision

    # Whole: texts and keys go in the transaction of the fact that says so, or not at all.
    return await store.execute(command, decide, whole=True)


async def carry_out_due(unit: Unit, due: Due) -> Decision:
    """The day of a confirmed erasure has come. A transaction of its own: a deadline's has none before its facts."""
    cause = str(uuid.uuid5(CARRIED_OUT, unit.command.cause))
    command = Command(cause, unit.actor, unit.now)
    outcome = await carry_out(unit.store, command, due.key, early=False)
    return outcome if isinstance(outcome, Refused) else []


async def forget(conn: AsyncConnection, store: Store, event: PersonErased) -> int:
    """Everything of the person that intake holds: texts, files, keys, tokens, drafts, fine attributes; returns how
    many texts went. Of a partial erasure the smallest identity is left, under a new key and a kind of its own."""
    person_id, vault = event.person_id, store.vault
    known = await vault.latest(conn, "identity", [person_id]) or await vault.latest(conn, KEPT, [person_id])
    identity = known.get(person_id)
    pending = Pending()
    for subject, row_id in await _said_of_others(conn, store, person_id):
        vault.drop(pending, subject, row_id)
    gone = len(pending.dropped_rows)
    for subject in (person_id, *await _contacts(conn, store, person_id)):
        gone += await vault.erase(conn, subject)
    await drafts.forget(conn, person_id)
    for statement in FORGET:
        await conn.execute(statement, {"id": person_id})
    if event.scope == "partial" and identity is not None:
        smallest = {name: identity.get(name) for name in SMALLEST}
        await vault.seal(conn, pending, str(uuid.uuid4()), KEPT, person_id, smallest, new=True)
    await vault.write(conn, pending, clock.now())
    return gone


FORGET = (
    text("delete from code_tries where person_id = :id"),
    text("delete from region_indexed where subject = :id"),
    text("update profiles_out set version = version + 1, data = null where person_id = :id and data is not null"),
    text("update profiles set data = null where person_id = :id"),
)


async def _contacts(conn: AsyncConnection, store: Store, person_id: str) -> list[str]:
    """The questionnaires that became this person, whose answers stand under ids of their own."""
    try:
        table = (await Reading.open(conn, store.service)).table(SITE_CONTACTS)
    except ViewNotReady:  # a database that was just restored: the facts say it, more slowly
        rows = await conn.execute(text("select data from events where type = :type"), {"type": ContactAccepted.TYPE})
        found = (orjson.loads(data) for data in rows.scalars())
        return [one["contact_id"] for one in found if one["person_id"] == person_id]
    rows = await conn.execute(sa.select(table.c.contact_id).where(table.c.person_id == person_id))
    return list(rows.scalars())


async def _said_of_others(conn: AsyncConnection, store: Store, person_id: str) -> list[tuple[str, str]]:
    """Reasons why this person is, or is not, somebody else: kept under the other's id too, and naming both."""
    others: set[str] = set()
    for fact in await store.facts(conn, [person_id]):
        match fact.event:
            case DuplicateDismissed():
                others.add(fact.event.other_id)
            case PersonsJoined() | PersonsParted():
                others |= {fact.event.alias_id, fact.event.root_id}
    found: list[tuple[str, str]] = []
    for fact in await store.facts(conn, sorted(others - {person_id})):
        match fact.event:
            case DuplicateDismissed(other_id=other) if other == person_id:
                found.append((fact.meta.subject, fact.event.reasons.split(":", 1)[0]))
            case PersonsJoined() | PersonsParted() if person_id in (fact.event.alias_id, fact.event.root_id):
                found.append((fact.meta.subject, fact.event.reasons.split(":", 1)[0]))
    return found
