"""Reporting's live page and the page of operations."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from services.reporting import live, windows
from services.reporting.app import create_app
from services.reporting.pages import now as now_page
from shared import clock
from shared.events.operations import RecordParked, ViewFaulty
from shared.notices import notice
from tests.fixtures.platform import Platform, Running
from tests.fixtures.reporting import (
    AMINA,
    VOICES,
    extended,
    say,
)
from tests.fixtures.reporting_site import (
    ADMIN,
    MONITORING,
    TABLE,
    amina_found_work,
    browser,
    send,
    shown,
)


@pytest.fixture
async def running(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Running:
    made = await platform("intake", "matching", "training", "reporting", definitions=VOICES)
    monkeypatch.setattr(clock, "now", lambda: made.now)
    return made


# --- now -----------------------------------------------------------------------------------------------------


async def test_the_live_page_counts_from_the_journal_and_agrees_with_the_pure_windows(running: Running) -> None:
    await amina_found_work(running)
    async with running.store("reporting").read() as reading:
        counts = (await live.journal(reading, running.now)).counts
        today = await live.today(reading, running.now)
    assert windows.figures(counts, running.now, windows.DAY, windows.SERVICE) == today == {"matching": 1}
    assert windows.figures(counts, running.now, windows.DAY, windows.DISTRICT) == {"citta-di-bologna": 1}
    assert live.agreement(counts, today, running.now)[0]
    assert not live.agreement({}, today, running.now)[0]
    async with browser(running, TABLE) as client:
        page = await shown(client, "/reporting/adesso")
        assert "Finestre contate dal registro" in page
        assert 'data-live="/reporting/adesso/flusso"' in page
        export = await client.get("/reporting/adesso/export?formato=csv")
        assert "Per servizio;Domanda e offerta;1;1;1" in export.text
        assert (await client.get("/reporting/api/adesso")).json()["day"]["by_direction"] == {"matching": 1}


async def test_what_is_recorded_is_pushed_to_the_page(running: Running) -> None:
    """The stream's pieces, one before and one after the fact; the task ends with its last reader."""
    await amina_found_work(running)
    app: FastAPI = create_app()
    store = running.store("reporting")
    app.state.store = store
    request: Any = type("R", (), {"app": app})()
    pieces = now_page.pieces(request, store)
    async with asyncio.timeout(20):
        name, first = await anext(pieces)
        assert name == "adesso"
        await say(running, "matching", extended(AMINA, on=date(2024, 3, 15)))
        await running.quiet()
        while (await anext(pieces))[1] == first:
            continue
        await pieces.aclose()
    assert app.state.live._task is None


# --- operations ------------------------------------------------------------------------------------------------


async def test_the_operations_page_says_what_is_wrong_and_what_to_do(running: Running) -> None:
    async with running.store("matching").transaction() as transaction:
        await notice(transaction, RecordParked, "pathway/3/17", "withdraw-KeyError", running.now)
        await notice(transaction, ViewFaulty, "pathway/3/18", "KeyError", running.now, "candidates")
    await running.quiet()
    async with browser(running, ADMIN) as client:
        page = await shown(client, "/reporting/esercizio")
        assert "Evento messo da parte" in page
        assert "python -m services.matching redrive" in page
        assert "python -m services.matching replay --view candidates" in page
        assert "Il lettore è in funzione" in page
        assert "pathway/3/17" in (await client.get("/reporting/esercizio/export?formato=csv")).text
        assert (await send(client, "/reporting/esercizio/riprendi")).status_code == 303
        assert "Richiesta registrata" in await shown(client, "/reporting/esercizio?chiesto=1")
    worker = running.workers["reporting"]
    assert await worker.reader.requests() == 1
    async with running.store("reporting").engine.connect() as conn:
        assert await conn.scalar(text("select requested_by from requests where done_at is not null")) == ADMIN


async def test_a_stopped_reader_is_named_with_its_reason(running: Running) -> None:
    async with running.store("reporting").engine.begin() as conn:
        await conn.execute(
            text("update reader_state set stopped_at = :at, \"where\" = 'pathway/0/9', reason = 'gap'"),
            {"at": running.now},
        )
    async with browser(running, ADMIN) as client:
        page = await shown(client, "/reporting/esercizio")
    assert "davanti a pathway/0/9" in page
    assert "manca un numero della sequenza" in page


async def test_the_document_of_the_api_is_whole(running: Running) -> None:
    async with browser(running, MONITORING) as client:
        document = json.loads((await client.get("/reporting/api/openapi.json")).text)
    assert "/api/semestre/{code}" in document["paths"]
