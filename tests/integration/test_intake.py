"""Intake on a real PostgreSQL and the embedded log: from the desk to the closed pathway, its doors and its pages."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.intake import commands, forms, views
from services.intake.commands import person_page
from services.intake.domain import person_stream
from services.intake.finding import Duplicate
from services.intake.forms.self_registration import DeclarationForm
from shared.corrections import effective
from shared.decisions import Refused
from shared.events import enterprise, intake, matching, training
from shared.events.base import Correction
from shared.service import Service
from shared.store import Accepted, Outcome
from tests.fixtures.intake import AMINA, agree, follow, form, register, said
from tests.fixtures.platform import Platform, Running, accepted


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake")


@pytest.fixture
async def three(platform: Platform) -> Running:
    """Beside intake, two services that only speak: what they decide is no business of these tests."""
    mute = {name: Service(name, (), {}) for name in ("matching", "training")}
    return await platform("intake", "matching", "training", definitions=mute)


def placement(person: str, on: str = "2024-04-01") -> matching.PlacementStarted:
    return matching.PlacementStarted(
        on=date.fromisoformat(on), person_id=person, placement_id=str(uuid4()), company_id=str(uuid4()),
        vacancy_id=None, contract="fixed_term", ends_on=date(2024, 9, 30),
    )  # fmt: skip


async def plan_of(running: Running, person: str) -> list[bool]:
    """Whether each action is done, in the view and in the state alike."""
    async with running.store("intake").read() as reading:
        row = await reading.row(views.PEOPLE, person)
    assert row is not None
    state, _ = await running.store("intake").state(person_stream(person))
    done = [action["because"] is not None for action in row["plan"]["actions"]]
    assert done == [action.action_id in state.done for action in state.actions]
    return done


async def test_a_registration_keeps_the_name_in_the_vault_and_the_rest_apart(running: Running) -> None:
    store = running.store("intake")
    person = await register(running)
    await running.quiet()
    recorded = await store.history(person)
    assert [fact.meta.type for fact in recorded] == ["intake.person-registered", "intake.eligibility-checked"]
    async with store.engine.connect() as conn:
        identity = (await store.vault.latest(conn, "identity", [person]))[person]
        everything = " ".join(str(row) for row in await conn.execute(text("select * from events")))
        sealed = b"".join([*(await conn.execute(text("select sealed from vault_rows"))).scalars()])
    assert identity["family_name"] == "Haddad"
    assert "Haddad" not in everything
    assert b"Haddad" not in sealed
    async with store.read() as reading:
        profile = await reading.profile(person)
        row = await reading.row(views.PEOPLE, person)
    assert profile is not None
    assert (profile["birth_year"], profile["municipality"], profile["quartiere"]) == (1985, "037006", "navile")
    assert row is not None
    assert (row["stage"], row["district"], row["age_band"]) == ("to_contact", "citta-di-bologna", "30-39")


async def test_the_same_tax_code_is_refused_with_the_person_it_belongs_to(running: Running) -> None:
    amina = await register(running)
    again = await commands.register(
        running.store("intake"), running.command(), form(family_name="Haddadi", birth_date="1985-06-11")
    )
    assert isinstance(again, Duplicate)
    assert (again.code, again.people) == ("duplicate", (amina,))


async def test_two_desks_at_once_register_one_person(running: Running) -> None:
    store = running.store("intake")
    outcomes: list[Outcome] = await asyncio.gather(
        *(commands.register(store, running.command(), form()) for _ in range(4))
    )
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 1
    assert all(isinstance(o, Accepted) or o.code == "duplicate" for o in outcomes)


async def test_same_name_and_birth_date_ask_the_operator(running: Running) -> None:
    amina = await register(running)
    store = running.store("intake")
    second = await commands.register(store, running.command(), form(tax_code=None))
    assert isinstance(second, Duplicate)
    assert (second.code, second.people) == ("possible_duplicate", (amina,))
    accepted(await commands.register(store, running.command(), form(tax_code=None, another_person=True)))


async def test_a_form_sent_twice_registers_once(running: Running) -> None:
    store = running.store("intake")
    command = running.command()
    first, second = [await commands.register(store, command, form()) for _ in range(2)]
    assert accepted(second).repeated
    assert not accepted(first).repeated
    assert accepted(first).events[0].meta.id == accepted(second).events[0].meta.id


async def test_a_domicile_outside_the_55_is_registered_and_fails_its_check(running: Running) -> None:
    store = running.store("intake")
    outside = form(municipality="outside", quartiere=None, declared=True)
    facts = [fact.event for fact in accepted(await commands.register(store, running.command(), outside)).events]
    registration, check = facts[:2]
    assert isinstance(registration, intake.PersonRegistered)
    assert (registration.district, registration.union) == ("outside", None)
    assert isinstance(check, intake.EligibilityChecked)
    assert (check.outcome, check.reason) == ("failed", "domicile.outside")
    await running.quiet()
    async with store.read() as reading:
        (row,) = (await views.people(reading, {"district": "outside"}, limit=10))[0]
    assert row["stage"] == "to_decide"


async def test_after_a_closure_the_same_person_comes_back(running: Running) -> None:
    store = running.store("intake")
    person = await register(running)
    close = forms.CloseForm.model_validate({"outcome": "withdrew", "on": "2024-03-20"})
    accepted(await commands.close(store, running.command(), person, close))
    outcome = await commands.register(store, running.command(), form(on="2024-04-10"), person)
    assert accepted(outcome).events[0].event.subject == person
    await running.quiet()
    async with store.read() as reading:
        row = await reading.row(views.PEOPLE, person)
    assert row is not None
    assert (row["episode"], row["stage"], row["closed_on"]) == (2, "to_contact", None)


async def test_a_placement_closes_the_action_and_its_cancellation_opens_it_again(three: Running) -> None:
    person = await register(three)
    await follow(three, person)
    await agree(three, person, "matching", "training")
    await three.quiet()
    assert await plan_of(three, person) == [False, False]
    fact = placement(person)
    fact_id = await said(three, "matching", fact)
    assert sorted(await plan_of(three, person)) == [False, True]
    await said(
        three, "matching",
        matching.PathwayFactCorrected(
            on=date(2024, 4, 20), subject_id=person, fact_id=fact_id, fact_type=fact.TYPE, fact_version=1,
            fact=fact.model_dump(mode="json"), corrected=None, motive="never_started",
        ),
    )  # fmt: skip
    assert await plan_of(three, person) == [False, False]
    await said(three, "matching", placement(person, "2024-05-02"))
    assert sorted(await plan_of(three, person)) == [False, True]


async def test_a_rectified_cause_keeps_the_action_done(three: Running) -> None:
    person = await register(three)
    await follow(three, person)
    await agree(three, person, "matching")
    fact = placement(person)
    fact_id = await said(three, "matching", fact)
    await said(
        three, "matching",
        matching.PathwayFactCorrected(
            on=date(2024, 4, 20), subject_id=person, fact_id=fact_id, fact_type=fact.TYPE, fact_version=1,
            fact=fact.model_dump(mode="json"),
            corrected=fact.model_dump(mode="json") | {"contract": "permanent", "ends_on": None},
            motive="wrong_contract",
        ),
    )  # fmt: skip
    assert await plan_of(three, person) == [True]


async def test_a_plan_recorded_after_the_course_finds_it(three: Running) -> None:
    person = await register(three)
    await follow(three, person)
    await said(
        three, "training",
        training.CourseCompleted(
            on=date(2024, 4, 10), person_id=person, course_id=str(uuid4()), line="2a", hours=40,
            certificate="attendance",
        ),
    )  # fmt: skip
    await agree(three, person, "training")
    await three.quiet()
    assert await plan_of(three, person) == [True]


async def test_the_others_are_one_row_whatever_their_order(three: Running) -> None:
    person = await register(three)
    course = str(uuid4())
    await said(three, "training", training.Enrolled(on=date(2024, 4, 2), person_id=person, course_id=course, line="2b"))
    await said(three, "matching", placement(person))
    async with three.store("intake").read() as reading:
        row = await reading.row(views.OTHERS, person)
    assert row is not None
    assert row["courses"][course]["state"] == "enrolled"
    assert len(row["placements"]) == 1
    assert enterprise.EnterpriseFunded in views.FULFILS


async def test_a_wrong_fact_is_cancelled_and_the_rest_follows(running: Running) -> None:
    store = running.store("intake")
    person = await register(running)
    await follow(running, person)
    charge = next(f for f in await store.history(person) if f.meta.type == "intake.taken-in-charge")
    wrong = forms.CorrectForm.model_validate({"cancel": True, "motive": "wrong_person"})
    accepted(await commands.correct_fact(store, running.command(), person, charge.meta.id, wrong))
    await running.quiet()
    async with store.read() as reading:
        row = await reading.row(views.PEOPLE, person)
    assert row is not None
    assert (row["stage"], row["case_manager"]) == ("to_decide", None)
    again = await commands.correct_fact(store, running.command(), person, charge.meta.id, wrong)
    assert isinstance(again, Refused)


async def test_a_note_in_the_wrong_record_is_cancelled_and_what_has_an_act_of_its_own_says_so(running: Running) -> None:
    store = running.store("intake")
    person = await register(running)
    await follow(running, person)
    note = forms.NoteForm.model_validate({"note": "Ha chiamato il fratello."})
    noted = accepted(await commands.add_note(store, running.command(), person, note)).events[0]
    signed = accepted(
        await person_page.sign_declaration(store, running.command(), person, DeclarationForm(on=date(2024, 3, 4)))
    )
    gone = forms.CorrectForm.model_validate({"cancel": True, "motive": "wrong_person"})
    for fact in (noted, signed.events[0]):
        accepted(await commands.correct_fact(store, running.command(), person, fact.meta.id, gone))
    held = {fact.event.TYPE for fact in effective(await store.history(person))}
    assert not held & {"intake.note-added", "intake.declaration-signed"}
    code = accepted(await person_page.give_code(store, running.command(), person)).events[0]
    outcome = await commands.correct_fact(store, running.command(), person, code.meta.id, gone)
    assert isinstance(outcome, Refused)
    assert outcome.code == "not_correctable"


async def test_a_registration_moved_in_time_has_the_union_and_the_age_of_its_day(running: Running) -> None:
    store = running.store("intake")
    running.now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    changes = {"municipality": "037053", "quartiere": None, "birth_date": "1986-01-10", "on": "2026-02-02"}
    person = await register(running, tax_code=None, **changes)
    fact = (await store.history(person))[0]
    moved = forms.CorrectForm.model_validate({"on": "2025-12-30", "motive": "wrong_date"})
    outcome = await commands.correct_fact(store, running.command(), person, fact.meta.id, moved)
    correction = accepted(outcome).events[0].event
    assert isinstance(correction, Correction)
    before, after = correction.original(), correction.replacement()
    assert (getattr(before, "union", ""), getattr(before, "age_band", "")) == (None, "40-49")
    assert (getattr(after, "union", ""), getattr(after, "age_band", "")) == ("unione-terred-acqua", "30-39")


async def test_a_wrong_birth_date_is_rectified_in_the_log_as_an_age_band(running: Running) -> None:
    store = running.store("intake")
    person = await register(running)
    values = forms.IdentityForm.model_validate(
        {k: v for k, v in AMINA.items() if k not in ("channel", "on", "declared")}
        | {"birth_date": "1965-06-10", "municipality": "037053", "quartiere": None}
    )
    accepted(await commands.update_identity(store, running.command(), person, values))
    await running.quiet()
    async with store.read() as reading:
        row, profile = await reading.row(views.PEOPLE, person), await reading.profile(person)
    assert row is not None
    assert profile is not None
    assert (row["age_band"], row["district"]) == ("50-59", "citta-di-bologna")
    assert profile["municipality"] == "037053"
