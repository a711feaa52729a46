"""Intake's doors and pages as browsers and programs use them: names, search, the desk's day, the API."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import text

from shared.web import tickets
from shared.web.readers import accounts
from tests.fixtures.intake import AMINA, ELENA, GIULIA, SARA, browser, register, send
from tests.fixtures.platform import Platform, Running


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake")


# Doors and pages


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
    searched = [] if len(query) < 2 else [("u-elena.conti", "find", "intake.find")]
    assert [tuple(row) for row in await accesses(running)] == searched, "a search that finds nobody is one too"


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
