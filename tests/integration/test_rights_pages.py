"""A person's rights as the desk and the data protection officer handle them: terms, answers, restriction, the copy of
everything, the erasure decided on pages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.enterprise import commands as enterprise
from services.intake import commands, forms
from services.intake.domain import person_stream
from services.intake.domain.retention import months_after
from services.matching import commands as matching
from services.matching.commands import forms as matching_forms
from services.training import commands as training
from shared import clock
from shared.events.intake import MessageQueued
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.population import site_of
from tests.fixtures.web import browsing, hidden_fields
from tests.integration.test_erasure import AMINA, left

OTHERS = ("matching", "training", "enterprise", "reporting")


@pytest.fixture
async def running(platform: Platform) -> Running:
    made = await platform()
    made.now = clock.now()
    return made


@pytest.fixture
def app(running: Running) -> FastAPI:
    return site_of(running)


async def registered(running: Running) -> str:
    values = forms.RegisterForm.model_validate(AMINA | {"on": clock.today().isoformat()})
    person: str = (
        accepted(await commands.register(running.store("intake"), running.command(), values)).events[0].event.subject
    )
    await running.quiet()
    return person


async def post(client: httpx.AsyncClient, person: str, path: str, **values: Any) -> httpx.Response:
    page = f"/intake/persone/{person}/diritti"
    shown = await client.get(page)
    assert shown.status_code == 200, shown.text
    return await client.post(f"{page}/{path}", data=hidden_fields(shown.text) | values)


async def request_of(running: Running, person: str, right: Any) -> str:
    state, _ = await running.store("intake").state(person_stream(person))
    waiting = state.rights.waiting(right)
    assert waiting is not None
    return waiting[0]


async def test_a_request_is_prolonged_once_and_answered(running: Running, app: FastAPI) -> None:
    person, store = await registered(running), running.store("intake")
    async with browsing(app, "dpo") as dpo:
        assert (await post(dpo, person, "richiesta", right="objection")).status_code == 303
        assert (await post(dpo, person, "richiesta", right="objection")).status_code == 409
        await running.quiet()
        assert "Opporsi all'uso dei dati" in (await dpo.get("/intake/diritti")).text.replace("&#39;", "'")
        request = await request_of(running, person, "objection")
        assert (await post(dpo, person, f"{request}/proroga", reasons="Serve un parere.")).status_code == 303
        assert (await post(dpo, person, f"{request}/proroga", reasons="Ancora.")).status_code == 409
        state, _ = await store.state(person_stream(person))
        assert state.rights.requests[request].due_on == months_after(clock.today(), 3)
        answer = f"{request}/risposta"
        assert (await post(dpo, person, answer, outcome="refused")).status_code == 422
        assert (
            await post(dpo, person, answer, outcome="refused", grounds="public_task", reasons="x")
        ).status_code == 422
        said = {"outcome": "refused", "grounds": "overriding", "reasons": "Il percorso è un compito pubblico."}
        assert (await post(dpo, person, answer, **said)).status_code == 303
        assert (await post(dpo, person, answer, **said)).status_code == 409
        await running.quiet()
        assert "Nessuna richiesta in attesa" in (await dpo.get("/intake/diritti")).text
        assert "Non accolta" in (await dpo.get("/intake/diritti?tutte=1")).text
        erasing = await post(dpo, person, "richiesta", right="erasure")
        assert erasing.status_code == 303
        granted = await post(dpo, person, f"{await request_of(running, person, 'erasure')}/risposta", outcome="granted")
        assert granted.status_code == 409
        assert "si decide in due" in granted.text


async def refusals(running: Running, person: str) -> set[str]:
    """What who would begin something with the person's data is answered, in the three services that do."""
    thing, on = "7d7b5f5c-6d6f-4a53-8e0e-0f7f5fd2e2a1", clock.today()
    at_matching, at_training, at_enterprise = map(running.store, ("matching", "training", "enterprise"))
    project = enterprise.ProjectForm.model_validate(
        {
            "kind": "self_employment", "person_id": person, "sector": "crafts", "requested": "5000", "title": "Forno",
            "description": "Pane e focacce.", "on": on,
        }
    )  # fmt: skip
    outcomes = [
        await matching.present(
            at_matching, running.command(), thing, person, matching_forms.PresentForm(agreed=True, on=on)
        ),
        await matching.shortlist(
            at_matching, running.command(), thing, person, matching_forms.ShortlistForm(selection_id=thing, on=on)
        ),
        await training.enrol(at_training, running.command(), thing, training.EnrolForm(person_id=person, on=on)),
        await enterprise.submit_project(at_enterprise, running.command(), project),
    ]
    return {str(getattr(outcome, "code", "")) for outcome in outcomes}


async def test_a_restriction_stops_messages_and_new_proposals_everywhere(running: Running, app: FastAPI) -> None:
    person, store = await registered(running), running.store("intake")
    on = forms.MessagingForm.model_validate({"sending": True, "reminders": True, "quiet_desks": []})
    accepted(await commands.set_messaging(store, running.command(), on))
    async with browsing(app, "dpo") as dpo:
        assert (await post(dpo, person, "richiesta", right="restriction")).status_code == 303
        assert (await post(dpo, person, "limitazione", ground="accuracy")).status_code == 303
        assert (await post(dpo, person, "limitazione", ground="accuracy")).status_code == 409
        await running.quiet()
        state, _ = await store.state(person_stream(person))
        assert state.rights.waiting("restriction") is None, "its request is answered with it"
        assert "Trattamento limitato" in (await dpo.get(f"/intake/persone/{person}")).text

        assert await refusals(running, person) == {"processing_restricted"}

        async def told() -> list[Any]:
            from services.intake.commands import queue
            from shared.decisions import Decision
            from shared.store import Unit

            async def decide(unit: Unit) -> Decision:
                (one,) = await unit.states(person_stream(person))
                return await queue(unit, one, person, "proposal", {})

            return list(accepted(await running.execute("intake", decide)).events)

        assert await told() == []
        assert (await post(dpo, person, "limitazione/fine")).status_code == 303
        await running.quiet()
        assert "processing_restricted" not in await refusals(running, person), "the control"
        assert isinstance((await told())[0].event, MessageQueued)


async def gathered(client: httpx.AsyncClient, person: str) -> list[str]:
    """What the page's script does: each service's signed part."""
    parts = []
    for service in OTHERS:
        answer = await client.get(f"/{service}/persone/{person}/dati-personali")
        assert answer.status_code == 200, answer.text
        parts.append(answer.json()["document"])
    return parts


async def test_everything_about_one_person_from_every_service(running: Running, app: FastAPI) -> None:
    person = await registered(running)
    interview = forms.InterviewForm.model_validate(
        {"mode": "in_person", "notes": "Prepara Zwölfkornbrot.", "on": clock.today().isoformat()}
    )
    accepted(await commands.hold_interview(running.store("intake"), running.command(), person, interview))
    await running.quiet()
    page = f"/intake/persone/{person}/diritti/copia"
    async with browsing(app, "dpo") as dpo, browsing(app, "case_manager") as other:
        assert (await dpo.get(f"/intake/persone/{person}")).status_code == 200
        shown = await dpo.get(page)
        assert all(f"/{name}/persone/{person}/dati-personali" in shown.text for name in OTHERS)
        parts, hidden = await gathered(dpo, person), hidden_fields(shown.text)
        answer = await dpo.post(page, data=hidden | {"documents": parts, "fmt": "json"})
        assert answer.status_code == 200, answer.text
        data = answer.json()
        assert data["services"][0]["name"] == "Accoglienza"
        assert len(data["services"]) == 5
        assert data["identity"][0]["tax_code"] == AMINA["tax_code"]
        assert "Zwölfkornbrot" in answer.text
        assert data["accesses"], "who looked"
        assert any("10 anni" in one["how_long"] for one in data["information"]["retention"])
        assert any("art. 22" in one for one in data["information"]["rights"])
        printed = await dpo.post(page, data=hidden | {"documents": parts, "fmt": "pdf"})
        assert printed.headers["content-type"] == "application/pdf"
        assert printed.content.startswith(b"%PDF-")
        assert len(printed.content) > 5000

        # Attacked: a part missing, forged, of somebody else's session, of another person, of a wrong service.
        stranger = await registered_other(running)
        theirs = await gathered(dpo, stranger)
        for documents, status in (
            (parts[:3], 422), ([*parts[:3], parts[3][:-4] + "AAAA"], 403), ([*parts[:3], theirs[3]], 422),
            ([*parts[:3], parts[0]], 422), ([*parts[:3], "nonsense"], 403),
        ):  # fmt: skip
            refused = await dpo.post(page, data=hidden | {"documents": documents, "fmt": "json"})
            assert refused.status_code == status, (status, refused.text)
            assert AMINA["tax_code"] not in refused.text
        mine = await other.get(page)
        if mine.status_code == 200:
            stolen = await other.post(page, data=hidden_fields(mine.text) | {"documents": parts, "fmt": "json"})
            assert stolen.status_code == 403
    async with browsing(app, "desk_operator") as desk:
        assert (await desk.get(page)).status_code == 403
        assert (await desk.get(f"/matching/persone/{person}/dati-personali")).status_code == 403


async def registered_other(running: Running) -> str:
    values = forms.RegisterForm.model_validate(
        AMINA | {"given_name": "Luca", "family_name": "Bassi", "tax_code": None, "phone": None,
                 "birth_date": "1990-02-03", "on": clock.today().isoformat()}
    )  # fmt: skip
    outcome = await commands.register(running.store("intake"), running.command(), values)
    await running.quiet()
    return accepted(outcome).events[0].event.subject


async def test_an_erasure_is_decided_on_pages_by_two_people(
    running: Running, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, store = await registered(running), running.store("intake")
    close = forms.CloseForm.model_validate({"outcome": "withdrew", "on": clock.today().isoformat()})
    accepted(await commands.close(store, running.command(), person, close))
    await running.quiet()
    base = f"/intake/persone/{person}/diritti"
    async with browsing(app, "dpo") as dpo, browsing(app, "case_manager") as manager:
        assert (await post(dpo, person, "richiesta", right="erasure")).status_code == 303
        assert (await post(dpo, person, "cancellazione", reasons="Lo chiede Amina.")).status_code == 303
        await running.quiet()
        mine = await dpo.get("/intake/cancellazioni")
        assert "attende un'altra persona" in mine.text.replace("&#39;", "'")
        assert f'value="{person}"' not in mine.text
        assert (await post(dpo, person, "cancellazione/conferma")).status_code == 409
        assert (await dpo.get(f"{base}/lettera")).status_code == 404
        listed = await manager.get("/intake/cancellazioni")
        assert f'value="{person}"' in listed.text
        none = await manager.post("/intake/cancellazioni", data=hidden_fields(listed.text))
        assert none.status_code == 422
        chosen = hidden_fields(listed.text) | {"people": [person]}
        for _ in range(2):
            assert "Confermata." in (await manager.post("/intake/cancellazioni", data=chosen)).text
        await running.quiet()
        letter = await dpo.get(f"{base}/lettera")
        assert "Haddad" in letter.text
        assert "Non c&#39;è nessun obbligo" in letter.text or "Non c'è nessun obbligo" in letter.text
        assert (await post(dpo, person, "cancellazione/esegui")).status_code == 303
        await running.quiet()
        assert await left(running, person) == {}
        shown = await dpo.get(f"/intake/persone/{person}")
        assert shown.status_code == 200
        assert re.search(r"Dati cancellati il \d\d/\d\d/\d{4}", shown.text)
        assert "Haddad" not in shown.text
        rights = (await dpo.get(base)).text
        assert "pseudonimo" in rights
        assert "Incontro" in rights or "Domanda e offerta" in rights
        assert "Tutti i servizi" in (await dpo.get("/intake/cancellazioni")).text
        late = await dpo.post(f"{base}/richiesta", data=hidden_fields(mine.text) | {"right": "access", "shown": ""})
        assert late.status_code == 409
        assert "sono stati cancellati" in late.text
        tags = await tags_of(dpo, person)
        assert re.fullmatch(r"dati cancellati il \d\d/\d\d/\d{4}", tags[person]["name"])


async def tags_of(client: httpx.AsyncClient, person: str) -> Any:
    from shared.web import tickets
    from tests.fixtures.web import reader_of

    ticket = tickets.sign_ticket(reader_of("dpo"), [person], ["name"], "intake.view")
    return (await client.post("/intake/doors/tags", json={"ticket": ticket})).json()["tags"]


async def test_the_persons_cookie_opens_nothing_after_the_erasure(running: Running) -> None:
    from services.intake.commands import erasure, person_page
    from services.intake.forms import rights as rights_forms

    person, store = await registered(running), running.store("intake")
    accepted(await person_page.give_code(store, running.command(), person))
    assert await person_page.still_open(store, person) is not None
    close = forms.CloseForm.model_validate({"outcome": "withdrew", "on": clock.today().isoformat()})
    accepted(await commands.close(store, running.command(), person, close))
    propose = rights_forms.ProposeForm(reasons="Lo chiede.")
    accepted(await erasure.propose(store, running.command("u-paola.neri"), person, propose))
    accepted(await erasure.confirm(store, running.command(), person))
    running.now += timedelta(days=1)
    accepted(await erasure.carry_out(store, running.command(), person))
    assert await person_page.still_open(store, person) is None
