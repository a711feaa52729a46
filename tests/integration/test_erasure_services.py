"""Erasure seen from the other services: what a duty keeps there, what goes, and that nobody records anything more."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.enterprise import commands as enterprise
from services.intake.commands import erasure
from services.intake.domain import person_stream
from services.matching.commands import shortlist
from services.matching.commands.forms import ShortlistForm
from services.training.commands import enrol
from services.training.commands.forms import EnrolForm
from shared.decisions import Decision, Refused, Stream
from shared.events.base import Event
from shared.events.intake import TakenInCharge
from shared.events.privacy import PersonForgotten
from shared.store import Unit
from tests.fixtures.platform import Platform, Running, accepted
from tests.integration.test_enterprise import LUCA, House, approve, bakery, command, judged, line, submitted
from tests.integration.test_erasure import closed, erased, left, refused, registered

REFERENCE = f"{uuid4()}:1:{'0' * 64}"


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform()


async def in_charge(running: Running, **changes: Any) -> str:
    person = await registered(running, **changes)
    fact = TakenInCharge(
        person_id=person, case_manager="u-giulia.rossi", readiness="ready", reasons=REFERENCE, on=date(2024, 1, 15)
    )
    await said(running, fact)
    return person


async def said(running: Running, fact: Event) -> None:
    async def decide(unit: Unit) -> Decision:
        await unit.states(Stream(fact.subject, None, lambda state, _: state))
        return [fact]

    accepted(await running.execute("intake", decide))
    await running.quiet()


async def texts(running: Running, person: str) -> int:
    async with running.store("enterprise").engine.connect() as conn:
        query = "select count(*) from vault_rows where subject = :id"
        return int(await conn.scalar(text(query), {"id": person}) or 0)


async def answer(running: Running, service: str, person: str) -> PersonForgotten:
    last = (await running.store(service).history(person))[-1].event
    assert isinstance(last, PersonForgotten)
    return last


async def test_a_grant_keeps_its_papers_until_the_duty_is_over(running: Running) -> None:
    house = House(running)
    amina = await in_charge(running)
    project = await _project(house, amina)
    await closed(running, amina)
    await running.quiet()
    assert await texts(running, amina) == 2
    await erased(running, amina)
    assert await texts(running, amina) == 2
    assert (await answer(running, "enterprise", amina)).kept
    assert not (await answer(running, "matching", amina)).kept
    store = running.store("intake")
    state, _ = await store.state(person_stream(amina))
    assert {duty.rule for duty in state.rights.kept} == {"accounting", "de_minimis"}
    payment = enterprise.PaymentForm(amount=100_000, order="M-1", on=date(2024, 5, 2))
    accepted(await enterprise.make_payment(house.store, command(LUCA), project, payment))  # what is owed is paid
    assert refused(await enterprise.submit_project(house.store, command(LUCA), bakery(amina))) == "person_erased"

    running.now += timedelta(days=11 * 365)
    await running.workers["intake"].deadlines()
    await running.quiet()
    for account in ("u-paola.neri", "u-elena.conti"):
        accepted(await erasure.confirm(store, running.command(account), amina))
    accepted(await erasure.carry_out(store, running.command(), amina))
    await running.quiet()
    assert await texts(running, amina) == 0
    assert await left(running, amina) == {}
    said_last = await answer(running, "enterprise", amina)
    assert (said_last.kept, said_last.texts) == (False, 2)


async def _project(house: House, person: str) -> str:
    project = await submitted(house, person)
    await judged(house, project)
    accepted(await approve(house, project, await line(house), 1_000_000))
    await house.quiet()
    return project


async def test_no_service_records_anything_more(running: Running) -> None:
    house = House(running)
    amina = await in_charge(running)
    luca = await in_charge(running, given_name="Luca", family_name="Bassi", tax_code=None, birth_date="1990-02-03",
                           phone=None)  # fmt: skip
    waiting = await submitted(house, amina)
    theirs = await submitted(house, luca)
    await closed(running, amina)
    await running.quiet()
    await erased(running, amina)
    assert await texts(running, amina) == 0, "a project without money is no duty"

    course, vacancy, selection = str(uuid4()), str(uuid4()), str(uuid4())
    seat = EnrolForm.model_validate({"person_id": amina, "on": "2024-05-06"})
    listed = ShortlistForm.model_validate({"selection_id": selection, "on": "2024-05-06"})
    for outcome in (
        await enrol(running.store("training"), running.command(), course, seat),
        await shortlist(running.store("matching"), running.command(), vacancy, amina, listed),
        await enterprise.submit_project(house.store, command(LUCA), bakery(amina)),
    ):
        assert refused(outcome) == "person_erased"
        assert isinstance(outcome, Refused)
        assert "cancellati" in outcome.sentence
    form = enterprise.JudgementForm(outcome="suitable", score=75, reasons="Amina è brava.", on=date(2024, 5, 1))
    role = "evaluation_committee"
    judging = await enterprise.judge_project(house.store, command("u-anna.serra"), waiting, form, role=role)
    assert refused(judging) == "person_erased"
    assert await texts(running, amina) == 0
    accepted(await enterprise.judge_project(house.store, command("u-anna.serra"), theirs, form, role=role))
    assert await texts(running, luca) == 2, "the control"
