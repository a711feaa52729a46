"""The shell over a real store: pages read their own writes, a stale page is named, an absent log is noticed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from starlette.responses import PlainTextResponse

from shared.decisions import Refused
from shared.web import app as web
from shared.web import log_watch
from shared.web.log_watch import LogWatch
from shared.web.pages import done
from shared.web.readers import Reader, requires
from shared.web.scopes import Scopes
from shared.web.site import site
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.toy import PEOPLE, TOY, interview, person
from tests.fixtures.web import browsing

FREE = Scopes(free={"who": "una prova"})


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake", definitions={"intake": TOY})


@pytest.fixture
def service(running: Running) -> FastAPI:
    pages = APIRouter()

    @pages.get("/{who}")
    async def show(who: str, request: Request, reader: Reader = requires("intake.view")) -> Response:
        async with web.get_store(request).read() as reading:
            row = await reading.row(PEOPLE, person(who))
        return PlainTextResponse(str(row["interviews"]) if row else "nessuno")

    return web.service_app(TOY, title="Prova", api=APIRouter(), pages=pages, store=running.store("intake"), scopes=FREE)


async def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.02)


async def test_a_page_opened_after_a_command_shows_it(
    running: Running, service: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "WAIT", 20.0)
    outcome = accepted(await interview(running, "Amina"))
    meta = outcome.events[-1].meta
    to = done(Request({"type": "http"}), outcome, to="/intake/Amina?x=1#y").headers["location"]
    assert to == f"/intake/Amina?x=1&after=pathway/{meta.partition}/{meta.number}#y"
    async with browsing(site({"intake": service}), "desk_operator") as elena:
        opened = asyncio.create_task(elena.get(to))
        await asyncio.sleep(0)
        await running.quiet()
        assert (await opened).text == "1"


async def test_a_page_does_not_wait_for_ever(
    running: Running, service: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "WAIT", 0.2)
    await interview(running, "Luca")
    await running.quiet()
    async with browsing(site({"intake": service}), "desk_operator") as elena:
        for after in ("pathway/0/999999", "pathway/99/1", "nowhere/0/1", "pathway/0/1'--", "pathway/999999/1"):
            assert (await elena.get("/intake/Luca", params={"after": after})).text == "1", after


async def test_a_stale_page_names_who_and_what_in_italian(running: Running, service: FastAPI) -> None:
    async with browsing(site({"intake": service}), "desk_operator") as elena:
        await elena.get("/intake/Amina")
    await interview(running, "Amina", actor="u-giulia.rossi")
    refused = await interview(running, "Amina", shown=0)
    assert isinstance(refused, Refused)
    assert refused.code == "stale_page"
    assert "Nel frattempo Giulia Rossi ha registrato «colloquio»" in refused.sentence


async def test_the_absent_log_is_noticed_and_its_return_too(
    running: Running, service: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_watch, "EVERY", 0.02)
    monkeypatch.setattr(log_watch, "PATIENCE", 0.1)
    watch = LogWatch({"intake": service})
    looking = asyncio.create_task(watch.run())
    try:
        await interview(running, "Amina")
        await running.quiet()
        await asyncio.wait({looking}, timeout=0.3)
        assert not watch.away()
        await interview(running, "Luca")  # nobody relays it
        await until(watch.away)
        await running.quiet()
        await until(lambda: not watch.away())
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
