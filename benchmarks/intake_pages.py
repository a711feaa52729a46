"""(f) Every page of intake over many people: how long it takes, and how long its SQL takes, in the same run.

The limit of a page is the time that its own statements take in PostgreSQL and on the way there, so the ratio says
what the rest of it costs: reading rows into facts, folding, opening the vault, the template.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.intake_fill import Filled, fill
from benchmarks.intake_life import GIULIA
from benchmarks.parts import Figure
from services.intake import ics
from services.intake.app import create_app
from services.intake.domain.desks import DESKS
from services.intake.service import SERVICE
from shared import clock, db, topics
from shared.log import open_log
from shared.projection import prepare
from shared.relay import Relay
from shared.settings import Settings
from shared.store import Store
from shared.web import limits, sessions
from shared.web.readers import accounts, role_may, walk
from shared.web.site import site

PAGE_MS, SEARCH_MS = 100.0, 150.0
GOAL_PEOPLE = 20_000
"""At the 95th percentile, with so many persons; with more, the ratio to the bare queries is what is looked at."""
TIMES = 40
SEARCHES = ("/doors/find", "/cerca")
FILES = ("/esporta",)
"""Lists to download, whole, and no pages: as long as they have rows."""
ENDLESS = ("/flusso",)
"""Live pages: they do not end."""
NOT_PAGES = ("/livez", "/readyz", "/metrics", "/openapi.json")
READERS = (GIULIA, "u-marco.ferri", "u-chiara.marini", "u-nadia.rizzo", "u-stefano.leoni")
"""Who is asked to open a page, the first whom the rights let in: the case manager, the desk, an accredited referrer,
the administrator, the data protection officer."""


@dataclass
class Asked:
    """What one request cost."""

    ms: float = 0.0
    sql_ms: float = 0.0
    statements: list[str] = field(default_factory=list)
    status: int = 0


@contextmanager
def listening(engine: AsyncEngine, asked: Asked) -> Iterator[None]:
    """Adds up what the engine's statements take; one request at a time."""
    begun = [0.0]

    def before(*_: Any) -> None:
        begun[0] = time.perf_counter()

    def after(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        asked.sql_ms += (time.perf_counter() - begun[0]) * 1000
        asked.statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)
    try:
        yield
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", before)
        event.remove(engine.sync_engine, "after_cursor_execute", after)


@asynccontextmanager
async def browsing(app: FastAPI, account: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which this account is signed in."""
    session = sessions.write(sessions.start(accounts()[account]))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8080", cookies={sessions.COOKIE: session},
    ) as client:  # fmt: skip
        yield client


def pages(app: FastAPI, filled: Filled) -> list[tuple[str, list[str], str]]:
    """What is asked for: how it is called, the accounts that may ask, the address. Every GET of the site's intake, and
    the lists and searches once more with what somebody would type or choose."""
    names = filled.names | {
        "desk": next(iter(DESKS)), "lang": "it", "number": "1", "code": "037006",
        "token": ics.token("operator", GIULIA, 1),
    }  # fmt: skip
    found = []
    for door in walk(app):
        path = door.path
        if not path.startswith("/intake/") or "GET" not in door.methods or path.endswith((*ENDLESS, *NOT_PAGES)):
            continue
        if path == "/intake/segnalazioni/{person_id}/{referral_id}":
            address = f"/intake/segnalazioni/{names.get('referred_id')}/{names.get('referral_id')}"
        else:
            address = re.sub(r"\{(\w+)(:\w+)?\}", lambda match: names.get(match[1], "-"), path)
        who = [one for one in READERS if door.action is None or role_may(accounts()[one].role, door.action)]
        if path.endswith(SEARCHES):
            for words in ("rossi", "ro", "maria rossi", "haddad amina", filled.phone):
                found.append((f"{path.removeprefix('/intake')}?q={words}", who, f"{address}?q={words}"))
        else:
            found.append((path.removeprefix("/intake"), who, address))
    more = [
        "/?vista=tutte", "/agenda?vista=settimana", "/persone?stage=in_charge", "/persone?flag=silent",
        "/persone?flag=overdue", f"/persone?case_manager={GIULIA}", "/persone?district=imola&stage=closed",
        "/persone?q=rossi", "/persone?page=200",
    ]  # fmt: skip
    return found + [(each, [GIULIA], f"/intake{each}") for each in more]


async def ask(client: httpx.AsyncClient, engine: AsyncEngine, address: str) -> Asked:
    """One request."""
    asked = Asked()
    limits.COUNTERS.counted.clear()  # nobody asks so often; the limit is not what is measured
    with listening(engine, asked):
        begun = time.perf_counter()
        asked.status = (await client.get(address)).status_code
        asked.ms = (time.perf_counter() - begun) * 1000
    return asked


async def knock(app: FastAPI, engine: AsyncEngine, who: list[str], address: str) -> tuple[str, list[Asked]]:
    """Asks as one account after the other until the page opens; who asked last, and what each was answered."""
    assert who, f"{address}: none of the READERS may open it"
    answers: list[Asked] = []
    for account in who:
        async with browsing(app, account) as client:
            answers.append(await ask(client, engine, address))
        if answers[-1].status == 200:
            break
    return account, answers


def _p(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def app_of(store: Store) -> FastAPI:
    """The site with intake alone, over this store."""
    app = create_app()
    app.state.store = store
    return site({"intake": app})


async def measure(current: Settings, people: int) -> list[Figure]:
    """Fills a database of its own and asks for each page `TIMES` times, after a warm-up."""
    named = replace(current, namespace="bf_")
    await db.migrate(["intake"], named)
    store = Store("intake", db.service_engine("intake", named, pool_size=4), named)
    try:
        async with store.engine.begin() as conn:
            await prepare(conn, db.views_schema("intake", named), SERVICE.views, SERVICE.hears)
        # As a worker does at its start: a database that was compared with no log writes nothing, not even who looked.
        log = open_log(current.database_url, named.namespace)
        await log.start()
        await topics.create(log)
        await Relay(store, log).check()
        await log.stop()
        begun = time.perf_counter()
        filled = await fill(store, people, clock.today(), lambda done: _say(f"\r{done:,} persone", end=""))
        _say(f"\r{people:,} persons and {filled.facts:,} facts were written in {time.perf_counter() - begun:.0f} s")
        return await _measured(app_of(store), store, filled)
    finally:
        await store.close()


async def _measured(app: FastAPI, store: Store, filled: Filled) -> list[Figure]:
    figures = []
    async with store.engine.connect() as conn:
        cases = await conn.scalar(
            text("select count(*) from events where type = 'intake.taken-in-charge'"
                 " and convert_from(data, 'utf8') like :manager"), {"manager": f"%{GIULIA}%"},
        )  # fmt: skip
    _say(f"{GIULIA} took {cases} in charge")
    _say(f"{'page':<58}{'p50 ms':>9}{'p95 ms':>9}{'SQL p50':>9}{'SQL p95':>9}{'ratio':>7}{'statements':>12}")
    for name, who, address in pages(app, filled):
        account, answers = await knock(app, store.engine, who, address)
        if answers[-1].status != 200:
            _say(f"{name:<58}not measured: {[one.status for one in answers]}")
            continue
        async with browsing(app, account) as client:
            await ask(client, store.engine, address)
            asked = [await ask(client, store.engine, address) for _ in range(TIMES)]
        ms, sql = [one.ms for one in asked], [one.sql_ms for one in asked]
        p95, bare = _p(ms, 0.95), _p(sql, 0.95)
        _say(
            f"{name:<58}{_p(ms, 0.5):>9.1f}{p95:>9.1f}{_p(sql, 0.5):>9.1f}{bare:>9.1f}"
            f"{_p(ms, 0.5) / max(_p(sql, 0.5), 0.01):>7.1f}{len(asked[-1].statements):>12}"
        )
        if name.endswith(FILES) or filled.people > GOAL_PEOPLE:
            figures.append(Figure(f"(f) {name}"[:57], p95, bare, "ms", "none", True))
            continue
        goal = SEARCH_MS if name.startswith(SEARCHES) else PAGE_MS
        figures.append(Figure(f"(f) {name}"[:57], p95, bare, "ms", f"<= {goal:g} ms", p95 <= goal))
    return figures


def _say(words: str, end: str = "\n") -> None:
    print(words, end=end, file=sys.stderr, flush=True)
