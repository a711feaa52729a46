"""Erasure, from the proposal to the last service: two people decide, everybody forgets, the rest still stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.intake import commands, forms
from services.intake.commands import drafts, erasure
from services.intake.domain import person_stream
from services.intake.forms import rights as rights_forms
from shared.decisions import Refused
from shared.events.intake import PersonErased
from shared.events.privacy import PersonForgotten
from shared.store import Command, Outcome
from tests.fixtures.platform import Platform, Running, accepted

AMINA: dict[str, Any] = {
    "family_name": "Haddad", "given_name": "Amina", "tax_code": "HDDMNA85H50Z330M", "birth_date": "1985-06-10",
    "birth_place": "Casablanca", "sex": "F", "citizenship": "Z330", "phone": "+39 333 1234567",
    "municipality": "037006", "quartiere": "navile", "education": "upper_secondary", "languages": ["it", "ar"],
    "commute_minutes": 45, "channel": "parish", "declared": True,
}  # fmt: skip
SERVICES = {"matching", "training", "enterprise", "reporting"}


async def registered(running: Running, **changes: Any) -> str:
    values = forms.RegisterForm.model_validate(AMINA | {"on": "2024-03-04"} | changes)
    outcome = await commands.register(running.store("intake"), running.command(), values)
    return accepted(outcome).events[0].event.subject


async def closed(running: Running, person: str) -> None:
    values = forms.CloseForm.model_validate({"outcome": "withdrew", "on": "2024-04-02"})
    accepted(await commands.close(running.store("intake"), running.command(), person, values))


async def proposed(running: Running, person: str, by: str = "u-paola.neri") -> Outcome:
    values = rights_forms.ProposeForm(reasons="Chiede di essere dimenticata.")
    return await erasure.propose(running.store("intake"), running.command(by), person, values)


async def erased(running: Running, person: str) -> None:
    """By two people, at once."""
    accepted(await proposed(running, person))
    accepted(await erasure.confirm(running.store("intake"), running.command("u-elena.conti"), person))
    accepted(await erasure.carry_out(running.store("intake"), running.command("u-elena.conti"), person))
    await running.quiet()


def refused(outcome: Outcome) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform()


async def left(running: Running, person: str) -> dict[str, int]:
    """What stands in each service under the person's id, by table."""
    found = {}
    for name, worker in running.workers.items():
        async with worker.store.engine.connect() as conn:
            for table, column in (("vault_rows", "subject"), ("vault_keys", "subject"), ("vault_index", "subject")):
                query = text(f"select count(*) from {table} where {column} = :id")
                found[f"{name}.{table}"] = int(await conn.scalar(query, {"id": person}) or 0)
            query = text("select count(*) from profiles where person_id = :id and data is not null")
            found[f"{name}.profiles"] = int(await conn.scalar(query, {"id": person}) or 0)
    return {where: count for where, count in found.items() if count}


async def test_two_people_decide_and_every_service_forgets(running: Running) -> None:
    amina, luca = (
        await registered(running),
        await registered(
            running, given_name="Luca", family_name="Bassi", tax_code=None, birth_date="1990-02-03", phone=None
        ),
    )
    store = running.store("intake")
    interview = forms.InterviewForm.model_validate({"mode": "in_person", "notes": "Ha due figli.", "on": "2024-03-11"})
    accepted(await commands.hold_interview(store, running.command(), amina, interview))
    await drafts.save(
        store, "u-elena.conti", f"/intake/persone/{amina}/colloquio", str(uuid4()), [("notes", "x")], running.now
    )
    await running.quiet()
    assert refused(await proposed(running, amina)) == "pathway_open"
    await closed(running, amina)
    await running.quiet()
    before = await left(running, amina)
    assert {"intake.vault_rows", "intake.vault_keys", "intake.vault_index", "matching.profiles"} <= set(before)

    accepted(await proposed(running, amina))
    assert refused(await proposed(running, amina)) == "already_proposed"
    same = await erasure.confirm(store, running.command("u-paola.neri"), amina)
    assert refused(same) == "same_person"
    early = await erasure.carry_out(store, running.command("u-paola.neri"), amina)
    assert refused(early) == "not_confirmed"
    confirmed = Command("0d9a6d3e-7a44-4d9f-8f2c-0a5f3c1b2d4e", "u-elena.conti", running.now)
    for repeated in (False, True):
        assert accepted(await erasure.confirm(store, confirmed, amina)).repeated is repeated
    await running.quiet()
    assert await running.workers["intake"].deadlines() == 0
    assert await left(running, amina) != {}

    running.now += timedelta(days=5)
    await running.workers["intake"].deadlines()
    await running.quiet()
    assert await left(running, amina) == {}
    assert {"intake.vault_rows", "intake.vault_keys"} <= set(await left(running, luca)), "the control"
    async with store.engine.connect() as conn:
        assert await conn.scalar(text("select count(*) from drafts")) == 0
    person, _ = await store.state(person_stream(amina))
    assert person.rights.scope == "full"
    async with store.read() as reading:
        (row,) = await reading.rows(text("select forgotten, state from " + _table(reading)))
    assert row["state"] == "done"
    assert set(row["forgotten"]) == SERVICES
    for name in SERVICES:
        last = (await running.store(name).history(amina))[-1].event
        assert isinstance(last, PersonForgotten)
    assert all(worker.reader.stopped is None for worker in running.workers.values())


def _table(reading: Any) -> str:
    from services.intake.views import ERASURES

    return str(reading.table(ERASURES).name)


async def test_nothing_more_is_recorded_and_who_comes_back_is_somebody_new(running: Running) -> None:
    amina = await registered(running)
    await running.quiet()
    await closed(running, amina)
    await running.quiet()
    await erased(running, amina)
    store = running.store("intake")
    note = forms.NoteForm.model_validate({"note": "Richiamare."})
    assert refused(await commands.add_note(store, running.command(), amina, note)) == "person_erased"
    again = forms.RegisterForm.model_validate(AMINA | {"on": "2024-05-06"})
    assert refused(await commands.register(store, running.command(), again, amina)) == "person_erased"
    assert await left(running, amina) == {}, "a refused decision leaves no key behind"
    for person, kept in ((amina, 0), (None, 1)):
        form = f"/intake/persone/{person}/note" if person else "/intake/registra"
        await drafts.save(store, "u-elena.conti", form, str(uuid4()), [("note", "x")], running.now)
        async with store.engine.connect() as conn:
            assert await conn.scalar(text("select count(*) from drafts")) == kept, "of the erased no draft is kept"
    returned = await registered(running, on="2024-05-06")
    assert returned != amina
    assert isinstance((await store.history(amina))[-1].event, PersonErased)
