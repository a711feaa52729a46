"""Intake on a real PostgreSQL and the embedded log: from the desk to the closed pathway, its doors and its pages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import text

from services.intake import commands, forms, views
from services.intake.app import create_app
from services.intake.domain import person_stream
from services.intake.finding import Duplicate
from shared.decisions import Decision, Refused, Stream
from shared.events import enterprise, intake, matching, training
from shared.events.base import Correction, Event
from shared.service import Service
from shared.store import Accepted, Outcome, Unit
from shared.web import sessions, tickets
from shared.web.readers import accounts
from shared.web.site import site
from tests.fixtures.platform import Platform, Running, accepted

AMINA: dict[str, Any] = {
    "family_name": "Haddad", "given_name": "Amina", "tax_code": "HDDMNA85H50Z330M", "birth_date": "1985-06-10",
    "birth_place": "Marocco", "sex": "F", "citizenship": "Z330", "phone": "+39 333 1234567",
    "email": "amina@example.org", "municipality": "037006", "quartiere": "navile", "education": "upper_secondary",
    "languages": ["it", "ar"], "licences": ["B"], "own_vehicle": True, "commute_minutes": 45,
    "channel": "parish", "on": "2024-03-04", "declared": True,
}  # fmt: skip
ELENA, GIULIA, SARA = "u-elena.conti", "u-giulia.rossi", "u-sara.galli"


def form(**changes: Any) -> forms.RegisterForm:
    return forms.RegisterForm.model_validate(AMINA | changes)


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake")


@pytest.fixture
async def three(platform: Platform) -> Running:
    """Beside intake, two services that only speak: what they decide is no business of these tests."""
    mute = {name: Service(name, (), {}) for name in ("matching", "training")}
    return await platform("intake", "matching", "training", definitions=mute)


async def register(running: Running, **changes: Any) -> str:
    outcome = await commands.register(running.store("intake"), running.command(), form(**changes))
    return accepted(outcome).events[0].event.subject


async def follow(running: Running, person: str) -> None:
    """The checks, the interview, the charge."""
    store = running.store("intake")
    evidence: dict[str, Any] = {"evidence": "self_declaration", "evidence_on": "2024-03-05", "on": "2024-03-05"}
    status = forms.StatusForm.model_validate({"work": "unemployed", "immediately_available": True} | evidence)
    accepted(await commands.check_status(store, running.command(), person, status))
    measures = forms.MeasuresForm.model_validate({"measure": "none"} | evidence)
    accepted(await commands.check_measures(store, running.command(), person, measures))
    interview = forms.InterviewForm.model_validate({"mode": "in_person", "notes": "Parla bene.", "on": "2024-03-11"})
    accepted(await commands.hold_interview(store, running.command(), person, interview))
    charge = forms.ChargeForm.model_validate(
        {"case_manager": GIULIA, "readiness": "ready", "reasons": "Sola con due figli.", "on": "2024-03-12"}
    )
    accepted(await commands.take_in_charge(store, running.command(GIULIA), person, charge, [GIULIA]))


async def agree(running: Running, person: str, *directions: str, on: str = "2024-03-13") -> None:
    plan = forms.PlanForm.model_validate(
        {"directions": directions, "due_dates": ["2024-12-31"] * len(directions), "on": on}
    )
    accepted(await commands.agree_plan(running.store("intake"), running.command(GIULIA), person, plan))


async def said(running: Running, service: str, *facts: Event) -> str:
    """A fact of another service about a person; its event id."""

    async def decide(unit: Unit) -> Decision:
        await unit.states(Stream(facts[0].subject, None, lambda state, _: state))
        return list(facts)

    outcome = accepted(await running.execute(service, decide))
    await running.quiet()
    return outcome.events[0].meta.id


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


# Doors and pages


@asynccontextmanager
async def browser(running: Running, account: str) -> AsyncIterator[httpx.AsyncClient]:
    """A signed-in browser at the site of intake."""
    service = create_app()
    service.state.store = running.store("intake")
    app = site({"intake": service})
    session = sessions.start(accounts()[account])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://testserver",
        cookies={sessions.COOKIE: sessions.write(session)},
        headers={"accept": "text/html"},
    ) as client:
        client.headers["x-test-csrf"] = sessions.csrf(session.id)
        yield client


async def send(client: httpx.AsyncClient, path: str, shown: int | str = "", **values: Any) -> httpx.Response:
    """A form, as a page would send it."""
    hidden = {"csrf": client.headers["x-test-csrf"], "form_token": str(uuid4()), "shown": str(shown)}
    return await client.post(path, data=hidden | values)


async def accesses(running: Running) -> list[tuple[str, str, str]]:
    async with running.store("intake").engine.connect() as conn:
        rows = await conn.execute(text("select account, action, purpose from access_log order by at"))
        return [tuple(row) for row in rows]


async def test_the_door_of_tags_gives_names_to_whom_the_ticket_names_and_logs_once(running: Running) -> None:
    person = await register(running)
    stranger = str(uuid4())
    ticket = tickets.sign_ticket(accounts()[SARA], [person, stranger], ["name"], "matching.view")
    async with browser(running, SARA) as sara:
        answer = await sara.post("/intake/doors/tags", json={"ticket": ticket})
        assert answer.status_code == 200
        assert answer.json() == {"tags": {person: {"name": "Haddad Amina"}}}
        assert answer.headers["cache-control"] == "no-store"
        assert (await sara.post("/intake/doors/tags", json={"ticket": "x" + ticket})).status_code == 403
    async with browser(running, GIULIA) as giulia:
        assert (await giulia.post("/intake/doors/tags", json={"ticket": ticket})).status_code == 403
    assert await accesses(running) == [(SARA, "tags", "matching.view")]


async def test_the_access_log_can_only_grow(running: Running) -> None:
    async with running.store("intake").engine.connect() as conn:
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            await conn.execute(text("delete from access_log"))


@pytest.mark.parametrize(
    "query", ["had am", "AMINA", "Hàddad", "HDDMNA85H50Z330M", "333 123 4567", "+393331234567", "amina@example.org"]
)
async def test_she_is_found_however_one_asks(running: Running, query: str) -> None:
    person = await register(running)
    async with browser(running, ELENA) as elena:
        answer = await elena.get("/intake/doors/find", params={"q": query})
        assert [p["person_id"] for p in answer.json()["people"]] == [person]
        assert "Haddad Amina" in (await elena.get("/intake/cerca", params={"q": query})).text


@pytest.mark.parametrize("query", ["Haddock", "am luca", "a", "", "%", "HDDMNA85H50Z330Q"])
async def test_she_is_not_found_by_something_else(running: Running, query: str) -> None:
    await register(running)
    async with browser(running, ELENA) as elena:
        assert (await elena.get("/intake/doors/find", params={"q": query})).json() == {"people": []}
    assert await accesses(running) == []


async def test_compose_puts_names_into_another_services_table(running: Running) -> None:
    person = await register(running)
    data = {
        "name": "rosa", "fmt": "csv", "rows": [{"person_id": person, "hours": 4}],
        "columns": [
            {"key": "person_id", "title": "Persona", "kind": "person", "labels": None},
            {"key": "hours", "title": "Ore", "kind": "int", "labels": None},
        ],
    }  # fmt: skip
    document = tickets.sign_document(accounts()[SARA], "table", [person], data, "matching.export")
    async with browser(running, SARA) as sara:
        answer = await send(sara, "/intake/doors/compose", document=document)
        assert "Haddad Amina" in answer.text
        assert answer.headers["content-disposition"] == 'attachment; filename="rosa.csv"'
    async with browser(running, GIULIA) as giulia:
        assert (await send(giulia, "/intake/doors/compose", document=document)).status_code == 403
    assert await accesses(running) == [(SARA, "compose", "matching.export")]


async def test_the_desk_works_through_the_pages(running: Running) -> None:
    """From an empty 'Oggi' to the plan, as two operators do it in their browsers."""
    async with browser(running, ELENA) as elena, browser(running, GIULIA) as giulia:
        assert "Nessuna persona aspetta" in (await elena.get("/intake/")).text
        assert (await elena.get("/intake/registra")).status_code == 200
        typed = {k: v for k, v in AMINA.items() if k != "own_vehicle"} | {"declared": "true"}
        wrong = await send(elena, "/intake/registra", **(typed | {"birth_date": "30/02/1985", "tax_code": "BOH"}))
        assert wrong.status_code == 422
        assert "16 caratteri" in wrong.text
        assert 'value="Haddad"' in wrong.text
        created = await send(elena, "/intake/registra", **typed)
        assert created.status_code == 303, created.text
        await running.quiet()
        base = created.headers["location"].split("?")[0]
        person = base.rsplit("/", 1)[1]
        page = await elena.get(base)
        assert page.status_code == 200
        assert "Haddad Amina" in page.text
        assert "Superata" in page.text

        twice = await send(elena, "/intake/registra", **typed)
        assert twice.status_code == 422
        assert f'href="{base}"' in twice.text

        version = await running.store("intake").version(person)
        evidence = {"evidence": "self_declaration", "evidence_on": "2024-03-05", "on": "05/03/2024"}
        stale = version - 1
        for path, values in (
            ("verifiche/stato", {"work": "unemployed", "immediately_available": "true"} | evidence),
            ("verifiche/misure", {"measure": "none"} | evidence),
            ("colloquio", {"mode": "phone", "on": "2024-03-11", "notes": "<b>Parla</b> bene"}),
        ):
            shown = await running.store("intake").version(person)
            answer = await send(elena, f"{base}/{path}", shown, **values)
            assert answer.status_code == 303, answer.text
        old = await send(elena, f"{base}/colloquio", stale, mode="phone", on="2024-03-12")
        assert old.status_code == 409
        assert "Nel frattempo" in old.text

        early = await send(giulia, f"{base}/piano", directions="training", due_dates="2024-12-31", on="2024-03-13")
        assert early.status_code == 409
        charge = {"case_manager": GIULIA, "readiness": "to_train", "reasons": "Sola.", "on": "2024-03-12"}
        assert (await send(elena, f"{base}/presa-in-carico", **charge)).status_code == 403
        assert (await send(giulia, f"{base}/presa-in-carico", **charge)).status_code == 303
        plan: dict[str, Any] = {
            "directions": ["training", "", "matching"], "due_dates": ["2024-12-31", "", "2024-12-31"],
            "on": "2024-03-13",
        }  # fmt: skip
        assert (await send(giulia, f"{base}/piano", **plan)).status_code == 303
        await running.quiet()
        page = await giulia.get(base)
        assert "&lt;b&gt;Parla&lt;/b&gt; bene" in page.text
        assert "Formazione, entro il 31/12/2024" in page.text

        fact = re.search(r"/correggi/([0-9a-f-]{36})", page.text)
        assert fact is not None
        nothing = await send(giulia, f"{base}/correggi/{fact[1]}", motive="wrong_date")
        assert nothing.status_code == 409
        fixed = await send(giulia, f"{base}/correggi/{fact[1]}", motive="wrong_date", on="2024-03-14")
        assert fixed.status_code == 303, fixed.text
        assert "Rettificato" in (await giulia.get(base)).text

        listed = await giulia.get("/intake/persone", params={"stage": "in_charge", "q": "haddad"})
        assert person in listed.text
        assert person not in (await giulia.get("/intake/persone", params={"stage": "closed"})).text
        file = await giulia.get("/intake/persone/esporta", params={"formato": "csv"})
        assert person in file.text
        assert "Haddad" not in file.text
        closed = await send(giulia, f"{base}/chiusura", outcome="found_work", on="2024-05-06")
        assert closed.status_code == 303
        assert "Nuova iscrizione" in (await giulia.get(base)).text
        assert (await giulia.get(f"{base}/iscrizione")).status_code == 200
        assert (await giulia.get(f"{base}/anagrafica")).status_code == 200


async def test_who_may_not_sees_nothing(running: Running) -> None:
    person = await register(running)
    async with browser(running, "u-roberto.costa") as region:
        for path in (
            "/intake/",
            "/intake/persone",
            f"/intake/persone/{person}",
            "/intake/cerca?q=amina",
            "/intake/registra",
        ):
            answer = await region.get(path)
            assert answer.status_code == 403, path
            assert "Haddad" not in answer.text


async def test_the_api_registers_once_per_key(running: Running) -> None:
    async with browser(running, ELENA) as elena:
        key = {"idempotency-key": str(uuid4()), "accept": "application/json"}
        first = await elena.post("/intake/api/people", json=AMINA, headers=key)
        assert first.status_code == 201, first.text
        again = await elena.post("/intake/api/people", json=AMINA, headers=key)
        assert again.json()["repeated"] is True
        other = await elena.post("/intake/api/people", json=AMINA, headers=key | {"idempotency-key": str(uuid4())})
        assert other.status_code == 422
        assert other.json()["code"] == "duplicate"
        person = first.json()["facts"][0]["subject"]
        assert other.json()["people"] == [person]
        one = (await elena.get(f"/intake/api/people/{person}")).json()
        assert one["stage"] == "to_contact"
        assert "family_name" not in one
        missing = await elena.get(f"/intake/api/people/{uuid4()}")
        assert missing.status_code == 404


async def test_a_cancelled_registration_leaves_a_page_from_which_she_can_be_registered_again(running: Running) -> None:
    person = await register(running)
    first = (await running.store("intake").history(person))[0].meta.id
    async with browser(running, GIULIA) as giulia:
        base = f"/intake/persone/{person}"
        cancelled = await send(giulia, f"{base}/correggi/{first}", cancel="true", motive="other")
        assert cancelled.status_code == 303, cancelled.text
        await running.quiet()
        page = await giulia.get(base)
        assert page.status_code == 200
        assert "Non iscritta" in page.text
        assert "Annullato in seguito" in page.text
        typed = {k: v for k, v in AMINA.items() if k not in ("own_vehicle", "declared")}
        again = await send(giulia, f"{base}/iscrizione", **typed)
        assert again.status_code == 303, again.text
        assert "Da contattare" in (await giulia.get(base)).text
