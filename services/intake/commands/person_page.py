"""The person's own page: the operator gives and revokes its code; the person enters, answers and asks."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import text

from services.intake import codes
from services.intake.domain import person_page as rules
from services.intake.domain import person_stream
from services.intake.forms import self_registration as forms
from services.intake.views import OTHERS
from shared import clock
from shared.decisions import Decision, Refused
from shared.projection.aliases import ids_of
from shared.store import Command, Outcome, Store, Unit

CODE = "person-code"
TRIES = 5
"""Wrong birth dates on a right code before it is locked."""


async def sign_declaration(store: Store, command: Command, person_id: str, values: forms.DeclarationForm) -> Outcome:
    """The declaration was signed before the operator."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return rules.sign_declaration(person, person_id=person_id, on=values.on, today=unit.today)

    return await store.execute(command, decide)


def code_for(store: Store, cause: str) -> str:
    """The code that this command gives: the same again if the form is sent twice."""
    return codes.made(store.vault, CODE, cause)


async def give_code(store: Store, command: Command, person_id: str) -> Outcome:
    """A new code for the person's page; the one before finds nobody any more."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        decision = rules.give_code(person, person_id=person_id, code_id=unit.new_id("code"), today=unit.today)
        if not isinstance(decision, Refused):
            unit.vault.index(CODE, person_id, [code_for(store, command.cause)])
            await unit.conn.execute(text("delete from code_tries where person_id = :id"), {"id": person_id})
        return decision

    return await store.execute(command, decide, whole=True)


async def revoke_code(
    store: Store, command: Command, person_id: str, reason: Literal["revoked", "locked"] = "revoked"
) -> Outcome:
    """The code opens nothing any more."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        decision = rules.revoke_code(person, person_id=person_id, reason=reason, today=unit.today)
        if not isinstance(decision, Refused):
            unit.vault.index(CODE, person_id, [])
        return decision

    return await store.execute(command, decide, whole=True)


@dataclass(frozen=True, slots=True)
class Entered:
    """Who entered, with which code."""

    person_id: str
    code_id: str


WRONG = Refused(
    "wrong_code", "Codice o data di nascita non validi. Controllali, o chiedi un nuovo codice allo sportello."
)
"""One sentence for a code that is unknown, expired, revoked or locked, and for a wrong birth date."""
COUNT = text(
    "insert into code_tries as t (person_id, tries) values (:id, 1)"
    " on conflict (person_id) do update set tries = t.tries + 1 returning tries"
)


async def enter(store: Store, command: Command, values: forms.EnterForm) -> Entered | Refused:
    """Opens the page. A right code with a wrong birth date counts, and at the fifth the code is locked.

    Each answer takes the same least time, so that the time tells nothing of how far the entry came.
    """
    ends = asyncio.get_running_loop().time() + 0.15
    try:
        return await _enter(store, command, codes.typed(values.code), values.birth_date)
    finally:
        await asyncio.sleep(max(0.0, ends - asyncio.get_running_loop().time()))


async def _enter(store: Store, command: Command, code: str | None, birth_date: date) -> Entered | Refused:
    if code is None:
        return WRONG
    async with store.reads.connect() as conn:
        found = await store.vault.find(conn, CODE, [code], 1)
        identity = (await store.vault.latest(conn, "identity", found)).get(found[0]) if found else None
    if not found or identity is None:
        return WRONG
    person_id = found[0]
    entered = await still_open(store, person_id)
    if entered is None:
        return WRONG
    if not hmac.compare_digest(str(identity["birth_date"]), birth_date.isoformat()):
        async with store.engine.begin() as conn:
            tries = int(await conn.scalar(COUNT, {"id": person_id}) or 0)
        if tries >= TRIES:
            await revoke_code(store, command, person_id, "locked")
        return WRONG
    async with store.engine.begin() as conn:
        await conn.execute(text("delete from code_tries where person_id = :id"), {"id": person_id})
    return entered


async def still_open(store: Store, person_id: str) -> Entered | None:
    """Whether the person's code opens the page today; asked again at every request."""
    person, _ = await store.state(person_stream(person_id))
    page = person.own_page
    return Entered(person_id, page.code_id) if page.code_id and page.opens(clock.today()) else None


async def answer_proposal(
    store: Store, command: Command, person_id: str, vacancy_id: str, values: forms.ProposalForm
) -> Outcome:
    """What the person says to a proposal of matching; recorded under the id for which they were proposed, if they have
    several."""

    async def decide(unit: Unit) -> Decision:
        proposed, state = person_id, None
        for one in await ids_of(unit, person_id):
            row = await unit.row(OTHERS, one)
            if row and vacancy_id in row["presentations"]:
                proposed, state = one, row["presentations"][vacancy_id]["state"]
        (person,) = await unit.states(person_stream(proposed))
        return rules.answer_proposal(
            person, person_id=proposed, vacancy_id=vacancy_id, state=state, answer=values.answer, today=unit.today
        )

    return await store.execute(command, decide)


async def request_right(store: Store, command: Command, person_id: str, values: forms.RightForm) -> Outcome:
    """The person exercises a right over their data."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return rules.request_right(
            person, person_id=person_id, request_id=unit.new_id("request"), right=values.right, today=unit.today
        )

    return await store.execute(command, decide)
