"""What the law obliges to keep makes an erasure partial; a rule proposes the rest when the duty is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import text

from services.intake import commands, forms
from services.intake.commands import erasure
from services.intake.domain import person_stream
from services.intake.forms import rights as rights_forms
from shared.events.intake import KeptDuty, MessageFailed, MessageQueued, PersonErased, PersonRegistered
from tests.fixtures.platform import Platform, Running, accepted
from tests.integration.test_erasure import closed, erased, left, proposed, refused, registered

DUTY = KeptDuty(rule="de_minimis", since=date(2024, 1, 10), until=date(2034, 1, 10))


@contextmanager
def funded() -> Iterator[None]:
    """As if enterprise had funded a project of theirs."""
    with patch.object(erasure, "duties", lambda *_: (DUTY,)):
        yield


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform()


async def kept(running: Running, person: str) -> Any:
    store = running.store("intake")
    async with store.engine.connect() as conn:
        return (await store.vault.latest(conn, erasure.KEPT, [person])).get(person)


async def test_a_duty_leaves_the_smallest_identity_until_it_is_over(running: Running) -> None:
    store = running.store("intake")
    amina = await registered(running)
    await closed(running, amina)
    await running.quiet()
    with funded():
        await erased(running, amina)
    assert await kept(running, amina) == {
        "family_name": "Haddad", "given_name": "Amina", "birth_date": "1985-06-10", "tax_code": "HDDMNA85H50Z330M",
    }  # fmt: skip
    assert await left(running, amina) == {"intake.vault_rows": 1, "intake.vault_keys": 1}
    assert await registered(running, on="2024-05-06") != amina, "what is kept finds nobody"
    assert refused(await proposed(running, amina)) == "still_kept"
    await running.workers["intake"].deadlines()
    assert refused(await erasure.confirm(store, running.command("u-paola.neri"), amina)) == "no_proposal"

    running.now += timedelta(days=11 * 365)
    await running.workers["intake"].deadlines()
    await running.quiet()
    accepted(await erasure.confirm(store, running.command("u-paola.neri"), amina))
    early = await erasure.carry_out(store, running.command("u-paola.neri"), amina)
    assert refused(early) == "not_confirmed", "a rule's proposal takes two people"
    twice = await erasure.confirm(store, running.command("u-paola.neri"), amina)
    assert refused(twice) == "same_person"
    accepted(await erasure.confirm(store, running.command("u-elena.conti"), amina))
    accepted(await erasure.carry_out(store, running.command("u-elena.conti"), amina))
    await running.quiet()
    assert await left(running, amina) == {}
    assert all(worker.reader.stopped is None and not worker.reader.parked_keys for worker in running.workers.values())


async def test_terms_that_are_over_are_proposed_once_and_decided_by_people(running: Running) -> None:
    store = running.store("intake")
    old, young = (
        await registered(running),
        await registered(
            running, given_name="Luca", family_name="Bassi", tax_code=None, birth_date="1990-02-03", phone=None
        ),
    )
    await closed(running, old)
    await running.quiet()
    await running.workers["intake"].deadlines()
    assert (await store.state(person_stream(old)))[0].rights.proposal is None
    running.now += timedelta(days=3 * 365)
    for _ in range(2):
        await running.workers["intake"].deadlines()
        await running.quiet()
    proposal = (await store.state(person_stream(old)))[0].rights.proposal
    assert proposal is not None
    assert (proposal.ground, proposal.by, proposal.state) == ("retention", None, "open")
    assert (await store.state(person_stream(young)))[0].rights.proposal is None
    drop = rights_forms.DropForm(ground="archiving")
    assert refused(await erasure.drop(store, running.command(), old, drop)) == "reasons_missing"
    drop = rights_forms.DropForm(ground="archiving", reasons="Serve a una ricerca.")
    accepted(await erasure.drop(store, running.command(), old, drop))
    await running.quiet()
    await running.workers["intake"].deadlines()
    assert (await store.state(person_stream(old)))[0].rights.deciding is None


async def test_joined_people_are_erased_under_all_their_ids(running: Running) -> None:
    store = running.store("intake")
    first = await registered(running)
    second = await registered(running, given_name="Aminah", tax_code=None, phone=None)
    join = forms.JoinForm.model_validate({"keep": first, "ground": "same_document", "reasons": "Amina è Aminah."})
    for person in (first, second):
        await closed(running, person)
    accepted(await commands.join_persons(store, running.command(), first, second, join))
    await running.quiet()
    assert refused(await proposed(running, second)) == "joined_person"
    await erased(running, first)
    assert await left(running, first) == {}
    assert await left(running, second) == {}
    for person in (first, second):
        assert isinstance((await store.history(person))[-1].event, PersonErased)


async def test_reasons_kept_with_somebody_else_go_too(running: Running) -> None:
    store = running.store("intake")
    amina = await registered(running)
    other = await registered(running, given_name="Aminah", tax_code=None, phone=None)
    differs = forms.DismissForm.model_validate({"reasons": "Amina Haddad è la sorella."})
    accepted(await commands.dismiss_duplicate(store, running.command(), amina, other, differs))
    await closed(running, amina)
    await running.quiet()

    async def reasons() -> int:
        async with store.engine.connect() as conn:
            query = text("select count(*) from vault_rows where kind = 'joining'")
            return int(await conn.scalar(query) or 0)

    assert await reasons() == 2
    await erased(running, amina)
    assert await reasons() == 0
    assert (await left(running, other))["intake.vault_rows"] >= 1


async def test_a_message_tells_the_person_and_one_that_still_waits_goes_with_them(running: Running) -> None:
    store = running.store("intake")
    on = forms.MessagingForm.model_validate({"sending": True, "reminders": False, "quiet_desks": []})
    accepted(await commands.set_messaging(store, running.command(), on))
    amina = await registered(running)
    await closed(running, amina)
    await running.quiet()
    accepted(await proposed(running, amina))
    confirmed = accepted(await erasure.confirm(store, running.command("u-elena.conti"), amina))
    queued = confirmed.events[-1].event
    assert isinstance(queued, MessageQueued)
    assert queued.template == "erasure_decided"
    done = accepted(await erasure.carry_out(store, running.command("u-elena.conti"), amina))
    assert any(isinstance(one.event, MessageFailed) for one in done.events)
    await running.quiet()
    assert await left(running, amina) == {}


async def test_a_pathway_opened_again_stops_the_erasure(running: Running) -> None:
    store = running.store("intake")
    amina = await registered(running)
    await closed(running, amina)
    accepted(await proposed(running, amina))
    accepted(await erasure.confirm(store, running.command("u-elena.conti"), amina))
    again = forms.RegisterForm.model_validate(
        {"family_name": "Haddad", "given_name": "Amina", "tax_code": "HDDMNA85H50Z330M", "birth_date": "1985-06-10",
         "birth_place": "Casablanca", "sex": "F", "citizenship": "Z330", "phone": "+39 333 1234567",
         "municipality": "037006", "quartiere": "navile", "education": "upper_secondary", "languages": ["it"],
         "commute_minutes": 45, "channel": "parish", "declared": True, "on": "2024-05-06"}
    )  # fmt: skip
    accepted(await commands.register(store, running.command(), again, amina))
    await running.quiet()
    running.now += timedelta(days=6)
    await running.workers["intake"].deadlines()
    assert (await store.state(person_stream(amina)))[0].rights.erased_on is None
    drop = rights_forms.DropForm(ground="withdrawn")
    accepted(await erasure.drop(store, running.command(), amina, drop))


async def test_the_facts_stand_as_they_stood(running: Running) -> None:
    store = running.store("intake")
    amina = await registered(running)
    await closed(running, amina)
    await running.quiet()
    before = [(fact.meta.id, fact.meta.number, fact.meta.predecessor) for fact in await store.history(amina)]
    await erased(running, amina)
    after = await store.history(amina)
    assert [(fact.meta.id, fact.meta.number, fact.meta.predecessor) for fact in after][: len(before)] == before
    async with store.engine.connect() as conn:
        references = [fact.event.identity for fact in after if isinstance(fact.event, PersonRegistered)]
        assert references
        assert await store.vault.read_many(conn, references) == {}
