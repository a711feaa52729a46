"""The public questionnaire on a real PostgreSQL: from the notice to the receipt, and what must not come through."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from services.intake import human, questionnaire, views
from services.intake.app import create_app
from services.intake.pages import public
from shared import clock
from shared.web import limits, sessions
from shared.web.readers import accounts
from shared.web.site import site
from tests.fixtures.platform import Platform, Running
from tests.fixtures.web import hidden_fields

BASE = "/intake/domanda/it"
WHO = {"given_name": "Amina", "family_name": "Haddad", "birth_date": "1985-06-10", "sex": "F", "citizenship": "Z330"}
WHERE = {"phone": "+39 333 1234567", "municipality": "037006", "spoken": "ar", "call_at": "morning"}
WORK = {"education": "upper_secondary", "languages": "ar", "channel": "web"}
ELENA, SARA = "u-elena.conti", "u-sara.galli"


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody waits for the two seconds of reading, and each test has counters of its own."""
    monkeypatch.setattr(human, "SECONDS", 0.0)
    limits.COUNTERS.counted.clear()
    yield
    limits.COUNTERS.counted.clear()


@pytest.fixture
async def running(platform: Platform) -> Running:
    made = await platform("intake")
    made.now = clock.now()
    return made


@pytest.fixture
def app(running: Running) -> FastAPI:
    return site_over(running)


def site_over(running: Running) -> FastAPI:
    """The site with intake alone."""
    service = create_app()
    service.state.store = running.store("intake")
    return site({"intake": service})


@asynccontextmanager
async def visiting(app: FastAPI, account: str = "", client: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
    """A browser of its own; without an account it is somebody from outside."""
    cookies = {sessions.COOKIE: sessions.write(sessions.start(accounts()[account]))} if account else {}
    transport = httpx.ASGITransport(app=app, client=(client, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", cookies=cookies) as browser:
        yield browser


async def post(browser: httpx.AsyncClient, path: str, values: dict[str, Any], action: str = "") -> httpx.Response:
    """Opens a page and sends the form on it."""
    shown = await browser.get(path)
    assert shown.status_code == 200, (path, shown.status_code, shown.headers.get("location"))
    fields = hidden_fields(shown.text, action or path)
    return await browser.post(action or path, data=fields | values)


def code_on(page: str) -> str:
    found = re.search(r'id="codice-personale">([0-9A-Z-]{14})<', page)
    assert found is not None
    return found[1]


async def fill(browser: httpx.AsyncClient, **changes: str) -> str:
    """From the notice to the receipt; the code."""
    begun = await post(browser, BASE, {"notice": "true"})
    assert begun.headers["location"] == f"{BASE}/passo/1", begun.text
    for number, values in enumerate((WHO, WHERE, WORK), 1):
        kept = await post(
            browser, f"{BASE}/passo/{number}", {**values, **{k: v for k, v in changes.items() if k in values}}
        )
        assert kept.status_code == 303, kept.text
    sent = await post(browser, f"{BASE}/riepilogo", {})
    assert sent.headers["location"] == f"{BASE}/ricevuta", sent.text
    return code_on((await browser.get(f"{BASE}/ricevuta")).text)


async def ask(browser: httpx.AsyncClient, code: str) -> httpx.Response:
    return await post(browser, f"{BASE}/codice", {"code": code})


async def contacts(running: Running, status: str = "received") -> list[dict[str, Any]]:
    await running.quiet()
    async with running.store("intake").read() as reading:
        rows, _ = await views.site_contacts(reading, status=status)
    return rows


async def kept(running: Running, kind: str) -> int:
    async with running.store("intake").engine.connect() as conn:
        query = text("select count(*) from vault_rows where kind = :kind")
        return int(await conn.scalar(query, {"kind": kind}) or 0)


async def test_from_the_notice_to_the_receipt_and_one_fact_without_a_name(running: Running, app: FastAPI) -> None:
    async with visiting(app) as amina:
        code = await fill(amina)
        assert "Ricevuta." in (await ask(amina, code.lower().replace("-", " "))).text
    (row,) = await contacts(running)
    assert (row["language"], row["notice"], row["district"], row["channel"]) == (
        "it", "2026-01", "citta-di-bologna", "web",
    )  # fmt: skip
    assert await kept(running, questionnaire.KIND) == 0
    async with running.store("intake").engine.connect() as conn:
        everything = " ".join(str(one) for one in await conn.execute(text("select * from events")))
        answers = (await running.store("intake").vault.latest(conn, "contact", [row["contact_id"]]))[row["contact_id"]]
    assert "Haddad" not in everything
    assert (answers["family_name"], answers["quartiere"]) == ("Haddad", "unknown")


async def test_sent_twice_counts_once_and_the_draft_is_gone(running: Running, app: FastAPI) -> None:
    async with visiting(app) as amina:
        await post(amina, BASE, {"notice": "true"})
        for number, values in enumerate((WHO, WHERE, WORK), 1):
            await post(amina, f"{BASE}/passo/{number}", values)
        shown = await amina.get(f"{BASE}/riepilogo")
        fields = hidden_fields(shown.text, f"{BASE}/riepilogo")
        places = [(await amina.post(f"{BASE}/riepilogo", data=fields)).headers["location"] for _ in range(2)]
        assert places == [f"{BASE}/ricevuta"] * 2
        assert (await amina.get(f"{BASE}/passo/1")).headers["location"] == f"{BASE}/ricevuta"
    assert len(await contacts(running)) == 1


async def test_a_draft_is_taken_up_in_another_browser_by_its_code_and_by_no_other(app: FastAPI) -> None:
    async with visiting(app) as amina:
        await post(amina, BASE, {"notice": "true"})
        await post(amina, f"{BASE}/passo/1", WHO)
        code = code_on((await amina.get(f"{BASE}/passo/2")).text)
    async with visiting(app) as later:
        assert (await later.get(f"{BASE}/passo/2")).headers["location"] == f"{BASE}/codice"
        wrong = await ask(later, "0000-0000-0000")
        assert wrong.status_code == 422
        assert "Questo codice non c" in wrong.text
        again = await ask(later, code)
        assert again.headers["location"] == f"{BASE}/passo/2"
        assert "Haddad" in (await later.get(f"{BASE}/passo/1")).text
        assert not any("Haddad" in str(one) or code in one for one in (again.headers["location"],))


async def test_what_lacks_or_does_not_fit_is_said_in_the_language_of_the_page(app: FastAPI) -> None:
    base = "/intake/domanda/ar"
    async with visiting(app) as amina:
        start = await amina.get(base)
        assert 'dir="rtl"' in start.text
        assert 'lang="ar"' in start.text
        refused = await amina.post(base, data=hidden_fields(start.text, base))
        assert refused.status_code == 422
        assert "للبدء أكّد أنك قرأت الإشعار." in refused.text
        await post(amina, base, {"notice": "true"})
        empty = await post(amina, f"{base}/passo/1", {"tax_code": "HDDMNA85H50Z330X"})
        assert "هذا الحقل مطلوب." in empty.text
        assert "الحرف الأخير من الرمز الضريبي" in empty.text
        young = await post(
            amina, f"{base}/passo/1", WHO | {"birth_date": (clock.today() - timedelta(days=4000)).isoformat()}
        )
        assert "عمرك أقل من الحد الأدنى" in young.text
        await post(amina, f"{base}/passo/1", WHO)
        far = await post(amina, f"{base}/passo/2", WHERE | {"municipality": "outside"})
        assert "البرنامج مخصص لمن يسكن" in far.text
        nobody = await post(amina, f"{base}/passo/2", {k: v for k, v in WHERE.items() if k != "phone"})
        assert "اترك وسيلة اتصال" in nobody.text
        forged = await amina.post(f"{base}/passo/2", data=WHERE | {"csrf": "0", "form_token": "x"})
        assert forged.status_code == 403
        assert "لم يعد النموذج صالحًا" in forged.text
        assert (await amina.get("/intake/domanda/xx")).status_code == 404


async def test_the_browser_s_language_is_chosen_and_italian_otherwise(app: FastAPI) -> None:
    async with visiting(app) as amina:
        for asked, found in (
            ("ar-MA,ar;q=0.9", "ar"),
            ("de,fr;q=0.8", "fr"),
            ("zh", "it"),
            ("", "it"),
            ("x;q=nan", "it"),
        ):
            answer = await amina.get("/intake/domanda", headers={"accept-language": asked})
            assert answer.headers["location"] == f"/intake/domanda/{found}", asked


async def test_no_step_can_be_skipped(app: FastAPI) -> None:
    async with visiting(app) as luca:
        await post(luca, BASE, {"notice": "true"})
        assert (await luca.get(f"{BASE}/passo/3")).headers["location"] == f"{BASE}/passo/1"
        assert (await luca.get(f"{BASE}/riepilogo")).headers["location"] == f"{BASE}/passo/1"
        assert (await luca.get(f"{BASE}/passo/4")).status_code == 404


# Robots and floods


async def test_a_robot_fills_in_what_people_do_not_see(running: Running, app: FastAPI) -> None:
    async with visiting(app) as robot:
        caught = await post(robot, BASE, {"notice": "true", "website": "https://casino.example"})
        assert caught.status_code == 409
        assert "non siamo certi che venga da una persona" in caught.text
        assert "casino" not in caught.text, "a person whose browser filled it in gets through by sending again"
        assert await kept(running, questionnaire.KIND) == 0
        assert (await post(robot, BASE, {"notice": "true"})).status_code == 303


async def test_nobody_reads_and_sends_at_once(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(human, "SECONDS", 2.0)
    async with visiting(app) as robot:
        assert (await post(robot, BASE, {"notice": "true"})).status_code == 409
        assert (await post(robot, BASE, {"notice": "true", "opened": "forged"})).status_code == 409
        shown = await robot.get(BASE)
        now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=3))
        late = await robot.post(BASE, data=hidden_fields(shown.text, BASE) | {"notice": "true"})
        assert late.status_code == 303


async def test_too_often_from_one_address_is_told_to_wait_and_the_others_are_not(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with visiting(app, client="192.0.2.7") as robot, visiting(app, client="192.0.2.8") as luca:
        for _ in range(public.CODE.times):
            assert (await ask(robot, "0000-0000-0000")).status_code == 422
        stopped = await ask(robot, "0000-0000-0000")
        assert stopped.status_code == 429
        assert 0 < int(stopped.headers["retry-after"]) <= public.CODE.seconds + 1
        assert "troppe richieste" in stopped.text
        assert (await ask(luca, "0000-0000-0000")).status_code == 422


async def test_a_form_has_a_size(app: FastAPI) -> None:
    async with visiting(app) as robot:
        await post(robot, BASE, {"notice": "true"})
        large = await post(robot, f"{BASE}/passo/1", WHO | {"birth_place": "x" * public.LARGEST})
        assert large.status_code == 413
        assert "troppo grande" in large.text
        long = await post(robot, f"{BASE}/passo/1", WHO | {"birth_place": "x" * 121})
        assert "Scrivi al massimo 120 caratteri." in long.text


async def test_waiting_for_views_is_not_for_strangers(app: FastAPI) -> None:
    """?after= holds a request for its own view: from outside it would be a way to keep the site busy."""
    async with visiting(app) as robot:
        begun = clock.now()
        await robot.get(BASE + "?after=pathway/0/999999999")
        assert (clock.now() - begun).total_seconds() < 1.0


# What time takes away


async def test_drafts_and_contacts_go_when_their_time_is_over(running: Running, app: FastAPI) -> None:
    async with visiting(app) as amina, visiting(app) as luca:
        code = await fill(amina)
        await post(luca, BASE, {"notice": "true"})
        await post(luca, f"{BASE}/passo/1", WHO | {"given_name": "Luca"})
        unfinished = code_on((await luca.get(f"{BASE}/passo/2")).text)
    await running.quiet()
    worker = running.workers["intake"]
    await worker.deadlines()
    assert (await kept(running, "questionnaire"), await kept(running, "contact")) == (1, 1)
    async with running.store("intake").engine.begin() as conn:
        await conn.execute(
            text("update vault_rows set written_at = written_at - interval '31 days' where kind = 'questionnaire'")
        )
    await worker.deadlines()
    assert (await kept(running, "questionnaire"), await kept(running, "contact")) == (0, 1)
    running.now += timedelta(days=400)
    await worker.deadlines()
    assert await kept(running, "contact") == 0
    async with running.store("intake").engine.connect() as conn:
        assert await conn.scalar(text("select count(*) from vault_index")) == 0
    async with visiting(app) as amina:
        assert (await ask(amina, unfinished)).status_code == 422
        assert (await ask(amina, code)).status_code == 422
