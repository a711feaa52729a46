"""A person entered twice and joined: whatever lists people shows them once, with what was recorded under both ids."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from services.intake import commands, forms, views
from services.intake.commands.reception import register_quickly
from services.intake.commands.transfers import hand_over
from services.intake.views.agenda import agenda, orphans
from services.intake.views.agenda import messages as messages_of
from services.intake.views.reception import to_complete
from services.intake.views.referrals import of_person, pathway_rows
from services.intake.views.worklist import Scope, worklist
from shared.decisions import Decision, Stream
from shared.events.base import Event
from shared.events.intake import InterviewHeld, PersonReferred, ReferralAccepted, TakenInCharge
from shared.store import Unit
from tests.fixtures.agenda import AMINA, ELENA, GIULIA, LUCA, MARCO, booked, register
from tests.fixtures.platform import Platform, Running, accepted

TODAY, TOMORROW = date(2024, 5, 6), date(2024, 5, 7)
REFERENCE = f"{uuid4()}:1:{'a' * 64}"


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake")


async def twice(running: Running) -> tuple[str, str]:
    """Amina and Aminah, two people as far as anybody knows."""
    again = AMINA | {"given_name": "Aminah", "birth_date": "1985-06-11", "on": "2024-04-02"}
    return await register(running), await register(running, again)


async def join(running: Running, alias: str, root: str) -> None:
    values = forms.JoinForm.model_validate({"keep": root, "ground": "same_document", "reasons": "Stesso passaporto."})
    accepted(await commands.join_persons(running.store("intake"), running.command(GIULIA), alias, root, values))
    await running.quiet()


async def part(running: Running, alias: str, root: str) -> None:
    values = forms.PartForm.model_validate({"ground": "two_people", "reasons": "Due passaporti."})
    accepted(await commands.part_persons(running.store("intake"), running.command(GIULIA), alias, root, values))
    await running.quiet()


async def say(running: Running, *facts: Event) -> None:
    async def decide(unit: Unit) -> Decision:
        await unit.states(Stream(facts[0].subject, None, lambda state, _: state))
        return list(facts)

    accepted(await running.execute("intake", decide))
    await running.quiet()


async def follow(running: Running, person: str, manager: str = GIULIA) -> None:
    await say(
        running,
        InterviewHeld(person_id=person, interview_id=str(uuid4()), mode="in_person", on=date(2024, 4, 10)),
        TakenInCharge(
            person_id=person, case_manager=manager, readiness="ready", reasons=REFERENCE, on=date(2024, 4, 11)
        ),
    )


async def test_an_appointment_of_the_other_record_is_the_persons(running: Running) -> None:
    amina, again = await twice(running)
    luca = await register(running, LUCA)
    await booked(running, again)
    await booked(running, luca, at="11:00")
    await running.quiet()
    store = running.store("intake")

    async def shown() -> tuple[list[str], list[str], list[str]]:
        async with store.read() as reading:
            to_meet = (await worklist(reading, TOMORROW, Scope(GIULIA)))["to_meet"]["rows"]
            return (
                [row["root_id"] for row in await agenda(reading, TOMORROW, TOMORROW)],
                [row["root_id"] for row in to_meet],
                [row["person_id"] for row in await views.appointments_of(reading, amina)],
            )

    assert await shown() == ([again, luca], [again, luca], [])
    await join(running, again, amina)
    assert await shown() == ([amina, luca], [amina, luca], [again]), "the name is the root's, the stream its own"
    await part(running, again, amina)
    assert await shown() == ([again, luca], [again, luca], [])


async def test_an_appointment_outlives_the_closure_of_the_record_that_was_joined(running: Running) -> None:
    amina, again = await twice(running)
    await follow(running, amina)
    await booked(running, again)
    close = forms.CloseForm.model_validate({"outcome": "withdrew", "on": "2024-05-03"})
    accepted(await commands.close(running.store("intake"), running.command(), again, close))
    await running.quiet()
    async with running.store("intake").read() as reading:
        assert [row["person_id"] for row in await orphans(reading, TODAY)] == [again], "the control"
    await join(running, again, amina)
    async with running.store("intake").read() as reading:
        assert await orphans(reading, TODAY) == []


async def test_a_session_invites_the_person_once_and_the_quick_list_names_them_once(running: Running) -> None:
    amina = await register(running)
    values = AMINA | {"given_name": "Aminah", "birth_date": "1985-06-11", "on": "2024-04-02", "education": "unknown"}
    quick = forms.QuickForm.model_validate(values)
    outcome = await register_quickly(running.store("intake"), running.command(), quick)
    again = accepted(outcome).events[0].event.subject
    await running.quiet()

    async def lists() -> tuple[list[str], list[str]]:
        async with running.store("intake").read() as reading:
            invited = [row["person_id"] for row in await views.invitable(reading, (), None)]
            return invited, [row["person_id"] for row in await to_complete(reading, ())]

    assert await lists() == ([amina, again], [again])
    await join(running, again, amina)
    assert await lists() == ([amina], [])


async def test_who_referred_hears_of_the_pathway_under_the_other_id(running: Running) -> None:
    amina, again = await twice(running)
    referral = str(uuid4())
    await say(
        running,
        PersonReferred(
            person_id=again, referral_id=referral, organisation="caritas-bologna", kind="caritas", level=2,
            identity=REFERENCE, informed_on=TODAY, on=TODAY,
        ),
        ReferralAccepted(person_id=again, referral_id=referral, on=TODAY, known=False),
    )  # fmt: skip
    await follow(running, amina)

    async def told() -> tuple[list[str], str]:
        async with running.store("intake").read() as reading:
            rows = await pathway_rows(reading, [again])
            return [row["referral_id"] for row in await of_person(reading, amina)], rows[again]["stage"]

    assert await told() == ([], "to_contact")
    await join(running, again, amina)
    assert await told() == ([referral], "in_charge")


async def test_both_records_pass_to_a_colleague_and_none_is_left_with_who_left(running: Running) -> None:
    amina, again = await twice(running)
    await follow(running, amina)
    await follow(running, again)
    await join(running, again, amina)
    store = running.store("intake")
    async with store.read() as reading:
        assert await views.caseloads(reading) == {GIULIA: 1}, "one person is one case"
        people = await views.cases_of(reading, GIULIA)
    assert people == sorted([amina, again])
    passed = await hand_over(
        store, running.command(ELENA), people, from_manager=GIULIA, to_managers=[MARCO], motive="leaver",
        managers=(MARCO,),
    )  # fmt: skip
    assert (passed.passed, passed.refused) == (2, ())
    await part(running, again, amina)
    async with store.read() as reading:
        assert await views.caseloads(reading) == {MARCO: 2}
        assert (await messages_of(reading, person_id=again))[1] == 0
