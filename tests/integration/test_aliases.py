"""Two people joined and parted again, through all five services: lists, counts, figures, whatever the order."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import text

from services.enterprise import commands as enterprise_commands
from services.enterprise import views as enterprise_views
from services.intake import commands, doors, forms
from services.intake import views as intake_views
from services.intake.views.duplicates import waiting
from services.matching import commands as matching_commands
from services.matching import views as matching_views
from services.matching.commands.forms import CompanyForm, EndForm, ExtensionForm, PlacementForm
from services.reporting.domain import Period
from services.reporting.views import queries
from services.training import commands as training_commands
from services.training.views import queries as training_queries
from shared.decisions import Decision, Refused, Stream
from shared.events.base import Event
from shared.events.intake import DuplicateProposed, InterviewHeld, PersonsJoined, TakenInCharge
from shared.replay import replay
from shared.store import Outcome, Unit
from shared.web.readers import accounts
from tests.fixtures.platform import Platform, Running, accepted

REFERENCE = f"{uuid4()}:1:{'a' * 64}"
SARA, GIULIA = "u-sara.galli", "u-giulia.rossi"
TODAY = date(2024, 5, 6)
FIRST_HALF = Period(2024, 1)
AMINA: dict[str, Any] = {
    "family_name": "Haddad", "given_name": "Amina", "birth_date": "1985-06-10", "sex": "F", "citizenship": "Z330",
    "municipality": "037006", "quartiere": "navile", "education": "upper_secondary", "channel": "parish",
    "on": "2024-01-08",
}  # fmt: skip
AGAIN = AMINA | {"family_name": "Hadad", "given_name": "Aminah", "birth_date": "1985-06-11", "on": "2024-02-12"}


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform()


def refused(outcome: Outcome, code: str) -> Refused:
    assert isinstance(outcome, Refused), outcome
    assert outcome.code == code
    return outcome


async def register(running: Running, values: dict[str, Any]) -> str:
    outcome = await commands.register(
        running.store("intake"), running.command(), forms.RegisterForm.model_validate(values)
    )
    return accepted(outcome).events[0].event.subject


async def say(running: Running, *facts: Event) -> None:
    async def decide(unit: Unit) -> Decision:
        await unit.states(Stream(facts[0].subject, None, lambda state, _: state))
        return list(facts)

    accepted(await running.execute("intake", decide))


async def in_charge(running: Running, person: str, on: date) -> None:
    await say(
        running,
        InterviewHeld(person_id=person, interview_id=str(uuid4()), mode="in_person", on=on),
        TakenInCharge(person_id=person, case_manager=GIULIA, readiness="to_train", reasons=REFERENCE, on=on),
    )


async def two_of_one(running: Running) -> tuple[str, str]:
    """Amina, entered twice, followed twice; each has a job, and the first one a course and a project."""
    first, second = await register(running, AMINA), await register(running, AGAIN)
    await in_charge(running, first, date(2024, 1, 15))
    await in_charge(running, second, date(2024, 2, 20))
    await running.quiet()
    await work(running, first, date(2024, 2, 1), date(2024, 4, 30))
    await work(running, second, date(2024, 3, 1), date(2024, 9, 30))
    await running.quiet()
    return first, second


async def company(running: Running) -> str:
    form = CompanyForm(
        name="Forno Ghini", vat_number="01234567897", seat="Bologna", contact="Luca", size="6-20", sector="C",
        on=date(2024, 1, 10),
    )  # fmt: skip
    outcome = await matching_commands.register_company(running.store("matching"), running.command(SARA), form)
    return accepted(outcome).events[0].meta.subject


async def work(running: Running, person: str, on: date, until: date) -> str:
    async with running.store("matching").read() as reading:
        known = await matching_views.companies(reading)
    employer = known[0]["company_id"] if known else await company(running)
    form = PlacementForm(company_id=employer, contract="fixed_term", ends_on=until, on=on)
    outcome = await matching_commands.start_placement(running.store("matching"), running.command(SARA), person, form)
    await running.quiet()
    return str(accepted(outcome).events[-1].event.model_dump()["placement_id"])


async def course(running: Running) -> str:
    store = running.store("training")
    values = {
        "line": "2a", "topic": "italian", "title": "Italiano", "hours": 100, "seats": 4, "starts_on": TODAY,
        "ends_on": date(2024, 6, 30), "provider": "cefal", "on": TODAY,
    }  # fmt: skip
    proposal = training_commands.ProposalForm.model_validate(values)
    outcome = accepted(await training_commands.propose_course(store, running.command(), proposal))
    course_id = outcome.events[0].meta.subject
    day = training_commands.DayForm(on=TODAY)
    accepted(await training_commands.activate_course(store, running.command(), course_id, day))
    await running.quiet()
    return course_id


async def enrol(running: Running, course_id: str, person: str) -> Outcome:
    form = training_commands.EnrolForm(person_id=person, on=TODAY)
    return await training_commands.enrol(running.store("training"), running.command(), course_id, form)


async def join(running: Running, alias: str, root: str) -> Outcome:
    values = forms.JoinForm(keep=root, ground="entered_twice", reasons="Stesso passaporto, visto oggi.")
    outcome = await commands.join_persons(running.store("intake"), running.command(GIULIA), alias, root, values)
    await running.quiet()
    return outcome


async def part(running: Running, alias: str, root: str) -> Outcome:
    values = forms.PartForm(ground="two_people", reasons="Sono due sorelle.")
    outcome = await commands.part_persons(running.store("intake"), running.command(GIULIA), alias, root, values)
    await running.quiet()
    return outcome


async def seen(running: Running) -> dict[str, Any]:
    """What the five services say of everybody, by what their pages ask."""
    found: dict[str, Any] = {}
    async with running.store("intake").read() as reading:
        rows, found["people"] = await intake_views.people(reading, {}, limit=10)
        found["intake"] = sorted((row["person_id"], row["first_interview_on"]) for row in rows)
    async with running.store("matching").read() as reading:
        everybody = matching_views.CandidateFilter(situation="in_charge")
        rows = (await matching_views.candidates(reading, everybody, TODAY)).rows
        found["matching"] = sorted((row["person_id"], row["placements_count"], row["works_until"]) for row in rows)
    async with running.store("training").read() as reading:
        rows, _ = await training_queries.people(reading)
        found["training"] = sorted(row["person_id"] for row in rows)
    async with running.store("enterprise").read() as reading:
        found["enterprise"] = sorted(row["person_id"] for row in await enterprise_views.people(reading))
    async with running.store("reporting").read() as reading:
        found["status"] = await queries.by_status(reading)
        (found["figures"],) = await queries.half_years(reading, [FIRST_HALF], running.now)
    return found


async def test_joined_people_count_as_one_in_all_five_services_and_parted_as_two_again(running: Running) -> None:
    first, second = await two_of_one(running)
    apart = await seen(running)
    figures = apart["figures"]
    assert (figures.enrolments, figures.persons_placed, figures.first_placements) == (2, 2, 2)
    assert (figures.placements, figures.new_relationships, figures.waits) == (2, 0, 2)

    facts = accepted(await join(running, second, first)).events
    assert [type(fact.event) for fact in facts] == [PersonsJoined, PersonsJoined]
    assert {fact.event.subject for fact in facts} == {first, second}
    one = await seen(running)
    assert one["intake"] == [(first, date(2024, 1, 15))]
    assert one["matching"] == [(first, 2, date(2024, 9, 30))]
    assert (one["training"], one["enterprise"]) == ([first], [first])
    assert (one["people"], one["status"]) == (1, {"in_charge": 1})
    figures = one["figures"]
    assert (figures.enrolments, figures.persons_placed, figures.first_placements) == (1, 1, 1)
    assert (figures.placements, figures.new_relationships, figures.mean_wait) == (2, 1, 17)

    accepted(await part(running, second, first))
    assert await seen(running) == apart


async def test_who_was_joined_is_found_and_worked_with_under_the_other(running: Running) -> None:
    first, second = await two_of_one(running)
    async with running.store("matching").read() as reading:
        (begun,) = (await matching_views.placements(reading, TODAY, state="all", person_id=second, page=None)).rows
    before = begun["placement_id"]
    course_id = await course(running)
    accepted(await enrol(running, course_id, second))
    await running.quiet()
    accepted(await join(running, second, first))
    intake, matching = running.store("intake"), running.store("matching")
    close = forms.CloseForm.model_validate({"outcome": "withdrew", "on": "2024-05-01"})
    refusal = refused(await commands.close(intake, running.command(), second, close), "joined_person")
    assert getattr(refusal, "root", None) == first
    found = await doors.find(intake, accounts()[GIULIA], "Hadad")
    assert [one["person_id"] for one in found] == [first]
    # what is new goes to the one who stays, what was begun under the other goes on there
    form = PlacementForm(company_id=await company_id(running), contract="permanent", on=TODAY)
    refused(await matching_commands.start_placement(matching, running.command(), second, form), "joined_person")
    longer = ExtensionForm(ends_on=date(2024, 12, 31), on=TODAY)
    accepted(await matching_commands.extend_placement(matching, running.command(), second, before, longer))
    ended = EndForm(reason="agreed", on=TODAY)
    accepted(await matching_commands.end_placement(matching, running.command(), second, before, ended))
    refused(await enrol(running, course_id, second), "joined_person")
    refused(await enrol(running, course_id, first), "already_enrolled")
    project = enterprise_commands.ProjectForm(
        kind="self_employment", person_id=second, sector="crafts", requested=100_000, jobs=1, title="Forno",
        description="Pane.", on=date(2024, 4, 1),
    )  # fmt: skip
    refused(
        await enterprise_commands.submit_project(running.store("enterprise"), running.command(), project),
        "joined_person",
    )
    async with matching.read() as reading:
        placed = await matching_views.placements(reading, TODAY, state="all", person_id=first, page=None)
        assert len(placed.rows) == 2
    async with running.store("training").read() as reading:
        assert len(await training_queries.enrolments_of(reading, first)) == 1
    async with running.store("reporting").read() as reading:
        story = await queries.story(reading, first)
        assert {fact.meta.subject for fact in story} == {first, second}
        assert [fact.meta.time for fact in story] == sorted(fact.meta.time for fact in story)
        assert len(await queries.placements_of(reading, second)) == 2
        assert await queries.stands_under(reading, second) == first
    # the pathway that goes on ends: so does the course that stood under the other id
    accepted(await commands.close(intake, running.command(), first, close))
    await running.quiet()
    async with running.store("training").read() as reading:
        (row,) = await training_queries.enrolments_of(reading, first)
    assert row["status"] == "left"


async def company_id(running: Running) -> str:
    async with running.store("matching").read() as reading:
        return str((await matching_views.companies(reading))[0]["company_id"])


async def test_a_join_decides_once_one_way_and_one_level(running: Running) -> None:
    first, second = await two_of_one(running)
    third = await register(running, AMINA | {"given_name": "Salma", "birth_date": "1999-01-02"})
    refused(await join(running, first, third), "other_way")
    refused(await join(running, first, first), "same_person")
    accepted(await join(running, second, first))
    refused(await join(running, second, first), "already_joined")
    refused(await join(running, third, second), "joined_elsewhere")
    refused(await join(running, first, second), "joined_elsewhere")
    refused(await part(running, first, third), "not_joined")
    accepted(await part(running, first, second))  # asked for on either's page
    refused(await part(running, second, first), "not_joined")
    async with running.store("intake").engine.connect() as conn:
        assert await conn.scalar(text("select count(*) from vault_rows where kind = 'joining'")) == 4


async def test_the_figures_of_a_day_know_only_what_was_decided_by_then(running: Running) -> None:
    first, second = await two_of_one(running)
    before = running.now
    running.now = before.replace(hour=12)
    accepted(await join(running, second, first))
    async with running.store("reporting").read() as reading:
        (then,) = await queries.half_years(reading, [FIRST_HALF], before)
        (now,) = await queries.half_years(reading, [FIRST_HALF], running.now)
        assert (then.persons_placed, now.persons_placed) == (2, 1)
        assert await queries.stands_under(reading, second, before) == second
        assert {fact.meta.subject for fact in await queries.story(reading, first, before)} == {first}


async def test_replay_tells_the_same_in_each_service(running: Running) -> None:
    people = [await register(running, AMINA | {"given_name": name}) for name in ("Amina", "Fatou", "Hawa")]
    await running.quiet()
    accepted(await join(running, people[1], people[0]))
    accepted(await part(running, people[1], people[0]))
    accepted(await join(running, people[0], people[1]))  # the other way round, after the parting
    accepted(await join(running, people[2], people[1]))
    for service, worker in running.workers.items():
        live = await aliases(running, service)
        assert live == {people[0]: people[1], people[2]: people[1]}
        await replay(worker.service, worker.store, running.log)
        assert await aliases(running, service) == live


async def aliases(running: Running, service: str) -> dict[str, str]:
    store = running.store(service)
    async with store.read() as reading:
        table = next(view for view in running.workers[service].service.views if view.name == "aliases")
        rows = await reading.rows(sa.select(reading.table(table)))
    return {row["person_id"]: row["root_id"] for row in rows}


async def test_lookalikes_are_proposed_once_and_found_to_be_two(running: Running) -> None:
    first, second = await register(running, AMINA), await register(running, AGAIN)
    await running.quiet()
    intake = running.store("intake")
    history = await intake.history(second)
    proposed = [fact.event for fact in history if isinstance(fact.event, DuplicateProposed)]
    assert [(fact.other_id, fact.likeness) for fact in proposed] == [(first, "digit_off")]
    async with intake.read() as reading:
        rows, total = await waiting(reading)
    assert (total, {rows[0]["first_id"], rows[0]["second_id"]}) == (1, {first, second})
    values = forms.DismissForm(reasons="Due cugine: viste insieme.")
    accepted(await commands.dismiss_duplicate(intake, running.command(), first, second, values))
    await running.quiet()
    async with intake.read() as reading:
        assert (await waiting(reading))[1] == 0
    again = forms.IdentityForm.model_validate(
        {name: value for name, value in AGAIN.items() if name not in ("channel", "on")} | {"phone": "3331112233"}
    )
    accepted(await commands.update_identity(intake, running.command(), second, again))
    await running.quiet()
    async with intake.read() as reading:
        assert (await waiting(reading))[1] == 0, "once found to be two they are not proposed again"
    async with intake.engine.connect() as conn:
        stored = (await conn.execute(text("select purpose, token from vault_index"))).all()
    assert {len(token) for _, token in stored} == {32}, "nothing but keyed hashes"
    assert not any(b"HDD" in token or b"Haddad" in token for _, token in stored)
