"""Operators accept or discard what came from the site; a person enters their own page, answers, asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from services.intake import commands, forms, human
from services.intake.domain import person_stream
from services.intake.views.worklist import Scope, worklist
from shared import clock
from shared.decisions import Decision, Stream
from shared.events import matching
from shared.events.base import Event
from shared.service import Service
from shared.store import Unit
from shared.web import limits
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.web import hidden_fields
from tests.integration.test_intake_public import ELENA, SARA, ask, contacts, fill, post, site_over, visiting

MINE = "/intake/mia/it"
AMINA: dict[str, Any] = {
    "family_name": "Haddad", "given_name": "Amina", "birth_date": "1985-06-10", "sex": "F", "citizenship": "Z330",
    "municipality": "037006", "quartiere": "navile", "education": "upper_secondary", "channel": "parish",
}  # fmt: skip


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(human, "SECONDS", 0.0)
    limits.COUNTERS.counted.clear()
    yield
    limits.COUNTERS.counted.clear()


@pytest.fixture
async def running(platform: Platform) -> Running:
    """Beside intake a matching that only speaks."""
    made = await platform("intake", "matching", definitions={"matching": Service("matching", (), {})})
    made.now = clock.now()
    return made


@pytest.fixture
def app(running: Running) -> FastAPI:
    return site_over(running)


async def registered(running: Running, **changes: str) -> str:
    form = forms.RegisterForm.model_validate(AMINA | {"on": clock.today().isoformat()} | changes)
    outcome = await commands.register(running.store("intake"), running.command(), form)
    person: str = accepted(outcome).events[0].event.subject
    await running.quiet()
    return person


async def proposed(running: Running, person: str, *, presented: bool = True) -> str:
    """Matching proposes the person for a baker's job; the vacancy."""
    vacancy, company = str(uuid4()), str(uuid4())
    on = clock.today()
    facts: list[Event] = [
        matching.VacancyOpened(on=on, vacancy_id=vacancy, company_id=company, occupation="75", contract="fixed_term",
                               positions=1, closes_on=None),
        matching.Shortlisted(on=on, person_id=person, vacancy_id=vacancy, selection_id=str(uuid4()),
                             company_id=company),
    ]  # fmt: skip
    if presented:
        facts.append(matching.Presented(on=on, person_id=person, vacancy_id=vacancy, company_id=company))
    for fact in facts:

        async def decide(unit: Unit, fact: Event = fact) -> Decision:
            await unit.states(Stream(fact.subject, None, lambda state, _: state))
            return [fact]

        accepted(await running.execute("matching", decide))
    await running.quiet()
    return vacancy


async def give(desk: httpx.AsyncClient, person: str) -> str:
    """The operator gives a code; it stands on the sheet."""
    page = f"/intake/persone/{person}"
    sheet = await post(desk, page, {}, f"{page}/codice")
    found = re.search(r"<code>([0-9A-Z-]{14})</code>", sheet.text)
    assert found is not None, sheet.text
    return found[1]


async def enter(browser: httpx.AsyncClient, code: str, birth_date: str = "10/06/1985") -> httpx.Response:
    return await post(browser, MINE, {"code": code, "birth_date": birth_date})


async def test_a_contact_becomes_a_registration_with_one_click(running: Running, app: FastAPI) -> None:
    async with visiting(app) as amina, visiting(app, ELENA) as desk:
        code = await fill(amina)
        (row,) = await contacts(running)
        listed = await desk.get("/intake/domande?tutti=1")
        assert "Haddad Amina" in listed.text
        page = f"/intake/domande/{row['contact_id']}"
        shown = await desk.get(page)
        assert "Potrebbe essere già iscritta" not in shown.text
        fields = filled(shown.text, f"{page}/accogli")
        said = [await desk.post(f"{page}/accogli", data=fields) for _ in range(2)]
        assert [one.status_code for one in said] == [303, 303], said[0].text
        places = {one.headers["location"].split("?")[0] for one in said}
        assert len(places) == 1
        person = places.pop().rsplit("/", 1)[1]
        await running.quiet()
        assert "In contatto." in (await ask(amina, code)).text
    recorded = await running.store("intake").history(person)
    assert recorded[0].event.model_dump()["entry"] == "questionnaire"
    async with running.store("intake").read() as reading:
        queue = (await worklist(reading, clock.today(), Scope()))["to_contact"]["rows"]
    assert person in {one["person_id"] for one in queue}, "it stands in 'Oggi'"


def filled(html: str, action: str) -> dict[str, Any]:
    """A form as the page filled it in: texts, chosen options, ticked boxes."""
    (form,) = [one for one in re.findall(r"<form[^>]*>.*?</form>", html, re.S) if f'action="{action}"' in one]
    values: dict[str, Any] = dict(
        re.findall(r'<input(?! type="(?:radio|checkbox))[^>]*name="([^"]+)" value="([^"]*)"', form)
    )
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        if chosen := re.search(r'value="([^"]*)" selected', options):
            values[name] = chosen[1]
    for name, value in re.findall(r'<input type="(?:radio|checkbox)"[^>]*name="([^"]+)" value="([^"]*)" checked', form):
        values.setdefault(name, []).append(value) if isinstance(values.get(name), list) else values.update(
            {name: [value]}
        )
    return values


async def test_nobody_outside_can_tell_who_is_registered(running: Running, app: FastAPI) -> None:
    """The answers to somebody known and to a stranger are the same, page by page, to the end."""
    person = await registered(running, phone="+39 333 1234567")

    async def told(name: str, phone: str) -> list[tuple[int, str]]:
        seen: list[tuple[int, str]] = []
        async with visiting(app) as browser:
            browser.event_hooks = {"response": [lambda one: _note(one, seen)]}
            code = await fill(browser, given_name=name, phone=phone, spoken="it")
            seen.append(
                (200, re.sub(r"\s+", " ", (await ask(browser, code)).text.split("<main")[1].split("value=")[0]))
            )
        return seen

    known, stranger = await told("Amina", "+39 333 1234567"), await told("Zoe", "+39 333 7654321")
    assert known == stranger
    rows = await contacts(running)
    assert len(rows) == 2
    async with visiting(app, ELENA) as desk:
        first = await desk.get(f"/intake/domande/{rows[0]['contact_id']}")
        assert "Potrebbe essere già iscritta" in first.text, "the operator alone sees it"
        assert person in first.text
        page = f"/intake/domande/{rows[0]['contact_id']}"
        refused = await desk.post(f"{page}/accogli", data=filled(first.text, f"{page}/accogli"))
        assert refused.status_code == 422, "never two persons of one by a click"
        unnamed = await post(desk, page, {"reason": "duplicate", "person_id": ""}, f"{page}/scarta")
        assert "Indica la persona già iscritta" in unnamed.text
        laid = await post(desk, page, {"reason": "duplicate", "person_id": person}, f"{page}/scarta")
        assert laid.status_code == 303
        late = await desk.post(
            f"{page}/accogli", data=filled(first.text, f"{page}/accogli") | {"another_person": "true"}
        )
        assert late.status_code == 409
    (row,) = await contacts(running, "discarded")
    assert (row["reason"], row["person_id"]) == ("duplicate", person)


async def _note(response: httpx.Response, seen: list[tuple[int, str]]) -> None:
    seen.append((response.status_code, response.headers.get("location", "")))


async def test_a_duplicate_and_an_accepted_contact_show_the_same_state(running: Running, app: FastAPI) -> None:
    person = await registered(running)
    async with visiting(app) as first, visiting(app) as second, visiting(app, ELENA) as desk:
        same, spam = await fill(first), await fill(second, given_name="Zoe")
        for row, reason in zip(await contacts(running), ("duplicate", "spam"), strict=True):
            page = f"/intake/domande/{row['contact_id']}"
            values = {"reason": reason, "person_id": person if reason == "duplicate" else ""}
            assert (await post(desk, page, values, f"{page}/scarta")).status_code == 303
        await running.quiet()
        assert "In contatto." in (await ask(first, same)).text
        assert "Chiusa." in (await ask(second, spam)).text


async def test_the_declaration_is_signed_once_and_dated(running: Running, app: FastAPI) -> None:
    person = await registered(running)
    page = f"/intake/persone/{person}"
    async with visiting(app, ELENA) as desk:
        early = await post(desk, page, {"on": "2018-01-01"}, f"{page}/dichiarazione")
        assert early.status_code == 422
        signed = await post(desk, page, {"on": clock.today().isoformat()}, f"{page}/dichiarazione")
        assert signed.status_code == 303
        assert "Dichiarazione firmata" in (await desk.get(page)).text
    state, _ = await running.store("intake").state(person_stream(person))
    assert state.own_page.declared_on == clock.today()


async def test_the_code_opens_the_page_with_the_birth_date_and_nothing_else(running: Running, app: FastAPI) -> None:
    person = await registered(running)
    async with visiting(app, ELENA) as desk, visiting(app) as amina, visiting(app) as thief:
        code = await give(desk, person)
        assert (await thief.get(f"{MINE}/documenti/{uuid4()}")).headers["location"] == MINE
        wrong = await enter(thief, code, "11/06/1985")
        unknown = await enter(thief, "0000-0000-0000")
        words = [re.sub(r'value="[^"]*"', "", one.text.split("<main")[1]) for one in (wrong, unknown)]
        assert words[0] == words[1], "a wrong date and a wrong code are answered alike"
        assert wrong.status_code == unknown.status_code == 409
        assert (await enter(amina, code)).headers["location"] == MINE
        assert "Ciao, Amina." in (await amina.get(MINE)).text
        page = f"/intake/persone/{person}"
        assert (await post(desk, page, {}, f"{page}/codice/revoca")).status_code == 303
        assert "Ciao" not in (await amina.get(MINE)).text, "a revoked code closes the page at once"
        assert (await enter(amina, code)).status_code == 409


async def test_five_wrong_dates_lock_the_code(running: Running, app: FastAPI) -> None:
    person = await registered(running)
    async with visiting(app, ELENA) as desk, visiting(app) as thief, visiting(app) as amina:
        code = await give(desk, person)
        for day in range(11, 16):
            assert (await enter(thief, code, f"{day}/06/1985")).status_code == 409
        assert (await enter(thief, code)).status_code == 409, "now the right date does not help"
        newer = await give(desk, person)
        assert (await enter(amina, newer)).status_code == 303
        assert (await enter(thief, code)).status_code == 409
    facts = [fact.meta.type.split(".")[1] for fact in await running.store("intake").history(person)]
    assert facts.count("person-code-revoked") == 1


async def test_the_person_answers_proposals_and_asks_for_rights(running: Running, app: FastAPI) -> None:
    person = await registered(running)
    vacancy = await proposed(running, person)
    async with visiting(app, ELENA) as desk, visiting(app) as amina:
        await enter(amina, await give(desk, person))
        shown = await amina.get(MINE)
        assert "Tempo determinato" in shown.text
        action = f"{MINE}/proposte/{vacancy}"
        yes = hidden_fields(shown.text, action)
        assert yes["answer"] == "accepted"
        assert [(await amina.post(action, data=yes)).status_code for _ in range(2)] == [303, 303]
        other = f"{MINE}/proposte/{uuid4()}"
        assert (await amina.post(other, data=yes)).status_code == 409
        asked = await post(amina, MINE, {"right": "access"}, f"{MINE}/diritti")
        assert asked.status_code == 303
        again = await post(amina, MINE, {"right": "access"}, f"{MINE}/diritti")
        assert again.status_code == 409
        await running.quiet()
        page = await desk.get(f"/intake/persone/{person}")
        assert "La proposta interessa." in page.text
        async with visiting(app, "u-giulia.rossi") as giulia:
            assert "Vedere i dati (art. 15)" in (await giulia.get("/intake/diritti")).text
        assert (await desk.get("/intake/diritti")).status_code == 403
        assert (await post(amina, MINE, {}, f"{MINE}/esci")).status_code == 303
        assert "Ciao" not in (await amina.get(MINE)).text
    state, _ = await running.store("intake").state(person_stream(person))
    assert state.own_page.answers == {vacancy: "accepted"}
    waiting = state.rights.waiting("access")
    assert waiting is not None
    assert waiting[1].due_on > clock.today()


async def test_a_person_with_two_records_finds_what_was_done_under_both(running: Running, app: FastAPI) -> None:
    amina = await registered(running)
    again = await registered(running, given_name="Aminah", birth_date="1985-06-11")
    first, second = await proposed(running, amina), await proposed(running, again)
    async with visiting(app, ELENA) as desk, visiting(app) as person:
        await enter(person, await give(desk, again), "11/06/1985")
        alone = (await person.get(MINE)).text
        assert (f"/proposte/{first}" in alone, f"/proposte/{second}" in alone) == (False, True), "the control"
        values = forms.JoinForm.model_validate({"keep": amina, "ground": "entered_twice", "reasons": "Due volte."})
        accepted(await commands.join_persons(running.store("intake"), running.command(), again, amina, values))
        await running.quiet()
        shown = (await person.get(MINE)).text
        assert (f"/proposte/{first}" in shown, f"/proposte/{second}" in shown) == (True, True)
        for vacancy in (first, second):
            action = f"{MINE}/proposte/{vacancy}"
            assert (await person.post(action, data=hidden_fields(shown, action))).status_code == 303
    states = [(await running.store("intake").state(person_stream(one)))[0] for one in (amina, again)]
    assert [dict(state.own_page.answers) for state in states] == [{first: "accepted"}, {second: "accepted"}]


async def test_who_may_not_register_sees_no_contact(app: FastAPI) -> None:
    async with visiting(app, SARA) as matching_operator:
        assert (await matching_operator.get("/intake/domande")).status_code == 403
    async with visiting(app) as nobody:
        assert (await nobody.get("/intake/domande")).headers["location"].startswith("/sign-in?next=")
