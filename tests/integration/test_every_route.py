"""Every door of the whole site, tried by every role and by nobody, against the table of rights.

A door is knocked at until its answer begins, so that live pages, which never end, are tried like the others.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import text
from starlette.types import Message, Scope

from services.intake import commands, forms
from shared import clock
from shared.events import SERVICES
from shared.web import readers, sessions
from shared.web.app import service_app
from shared.web.readers import Door, Reader, accounts, actions, requires, role_may, roles, walk
from shared.web.site import site
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.population import site_of
from tests.fixtures.web import hidden_fields, reader_of

PUBLIC = {
    f"/intake/{path}"
    for path in (
        "domanda",
        "domanda/{lang}",
        "domanda/{lang}/passo/{number}",
        "domanda/{lang}/riepilogo",
        "domanda/{lang}/ricevuta",
        "domanda/{lang}/codice",
        "domanda/{lang}/esci",
        "mia",
        "mia/{lang}",
        "mia/{lang}/documenti/{attachment_id}",
        "mia/{lang}/proposte/{vacancy_id}",
        "mia/{lang}/diritti",
        "mia/{lang}/esci",
    )
}
"""The questionnaire and the person's own page: open by `readers.anybody`, within limits."""
OPEN = PUBLIC | {
    "/", "/sign-in", "/sign-in/out", "/sign-in/renew", "/privacy", "/note-legali", "/accessibilita", "/ruoli", "/livez",
    "/readyz", "/metrics",
    "/intake/entrata", "/intake/calendario/{token}.ics", "/intake/messaggi/basta/{code}",
    *(f"/{name}{path}" for name in SERVICES for path in ("/livez", "/readyz", "/metrics", "/api/openapi.json")),
}  # fmt: skip
"""What is open to everybody, written out: whatever else is open was forgotten."""
RENEW = "/sign-in/renew"
"""Tells a page of a script whether its session still stands: 401 is its answer to who has none."""
READING_POSTS = {"/intake/doors/tags", "/intake/doors/compose"}
"""Posts that record nothing but who looked."""


@dataclass
class Answer:
    """How an answer begins."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


async def knock(
    app: FastAPI, door: Door, method: str, reader: Reader | None, parts: Mapping[str, str] | None = None
) -> Answer:
    """Sends a request without values (but for these parts of the path) and gives the answer's beginning; cancels the
    rest."""
    known = parts or {}
    path = re.sub(r"\{(\w+)(:\w+)?\}", lambda match: known.get(match[1]) or _value(match[1]), door.path)
    answer, begun = Answer(), asyncio.Event()
    headers = [(b"host", b"testserver"), (b"idempotency-key", str(uuid4()).encode())]
    kind, body = "application/json", b"{}"
    if reader is not None:
        session = sessions.start(reader)
        headers.append((b"cookie", f"{sessions.COOKIE}={sessions.write(session)}".encode()))
        if "/api/" not in path:
            # A form of this session, but empty: what refuses it is the right, or what is missing in it.
            kind = "application/x-www-form-urlencoded"
            body = urlencode({"csrf": sessions.csrf(session.id), "form_token": str(uuid4())}).encode()
    headers.append((b"content-type", kind.encode()))

    bodies = [body]

    async def receive() -> Message:
        if not bodies:
            await asyncio.Event().wait()  # the browser stays; it says nothing more
        return {"type": "http.request", "body": bodies.pop(), "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            begun.set()

    scope: Scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("testserver", 80), "state": {},
    }  # fmt: skip
    serving = asyncio.ensure_future(app(scope, receive, send))
    waiting = asyncio.ensure_future(begun.wait())
    done, _ = await asyncio.wait({serving, waiting}, timeout=10, return_when=asyncio.FIRST_COMPLETED)
    assert done, f"{method} {path}: no answer within 10 s"
    if not serving.done():
        await asyncio.wait({serving}, timeout=0.2)
    for task in (serving, waiting):
        task.cancel()
    await asyncio.gather(serving, waiting, return_exceptions=True)
    return answer


def _value(name: str) -> str:
    return {"lang": "ar", "number": "1", "code": "2024-1", "year": "2024", "formato": "csv"}.get(name, str(uuid4()))


def doors_of(app: FastAPI) -> Iterator[tuple[Door, str]]:
    """Each door with each of its methods."""
    for door in walk(app):
        for method in sorted(door.methods or {"GET"}):
            yield door, method


def wrong(door: Door, method: str, reader: Reader | None, answer: Answer) -> str | None:
    """What does not agree with the table of rights."""
    api = "/api/" in door.path
    if door.action is None:
        # The sign-in's own forms want their token from everybody.
        closed = (answer.status == 401 and door.path != RENEW) or (answer.status == 403 and method == "GET")
        return "an open door is closed" if closed or answer.status >= 500 else None
    if reader is None:
        leads = answer.headers.get("location", "").startswith("/sign-in?next=")
        asks = answer.status == 401 and answer.kind == "application/problem+json"
        return None if (asks if api else (answer.status == 303 and leads) or asks) else "open to who did not sign in"
    refused = answer.status == 403
    if role_may(reader.role, door.action):
        return "closed to whom it is for" if refused or answer.status == 401 or answer.status >= 500 else None
    if not refused:
        return "open to whom it is not for"
    return None if answer.kind == ("application/problem+json" if api else answer.kind) else "no problem document"


async def findings(app: FastAPI, who: list[Reader | None]) -> list[str]:
    """Everything that is not as the table says."""
    found = []
    for door, method in doors_of(app):
        for reader in who:
            answer = await knock(app, door, method, reader)
            if (reason := wrong(door, method, reader, answer)) is not None:
                found.append(f"{method} {door.path} {reader.role if reader else 'nobody'}: {answer.status}, {reason}")
    return found


EVERYBODY: list[Reader | None] = [None, *(reader_of(role) for role in sorted(roles()))]


@pytest.fixture
async def running(platform: Platform) -> Running:
    made = await platform()
    made.now = clock.now()
    return made


@pytest.mark.slow
async def test_every_door_opens_to_exactly_whom_the_table_says(running: Running) -> None:
    app = site_of(running)
    doors = walk(app)
    assert len(doors) > 150
    assert {door.path for door in doors if door.action is None} == OPEN
    assert {door.path for door in doors if door.anybody} >= PUBLIC
    for door in doors:
        if door.action is not None:
            assert door.action in actions()
            assert door.action.split(".")[0] == door.path.split("/")[1], f"{door.path} needs another service's right"
            assert "POST" not in door.methods or not door.action.endswith((".view", ".export")), door.path
    assert {door.path for door in doors if door.action in ("intake.tags", "intake.compose")} == READING_POSTS
    assert await findings(app, EVERYBODY) == []


def test_the_table_gives_each_role_less_than_everything() -> None:
    for role in roles():
        allowed = {action for action in actions() if role_may(role, action)}
        assert allowed < set(actions())
        assert allowed, role


async def test_the_walk_sees_a_door_left_open_and_one_walled_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with the right's check taken out, or refusing all, the walk does not stay quiet."""
    pages, api = APIRouter(), APIRouter()

    @pages.get("/aziende")
    async def companies(reader: Reader = requires("matching.view")) -> dict[str, str]:
        return {}

    @api.post("/companies")
    async def company(reader: Reader = requires("matching.company")) -> dict[str, str]:
        return {}

    service = service_app("matching", title="Prova", api=api, pages=pages)
    # The probes ask a database that is not here.
    doors = [door for door in walk(service, "/matching") if door.action]
    app = site({"matching": service})
    monkeypatch.setitem(globals(), "walk", lambda _: doors)
    assert await findings(app, EVERYBODY) == []
    with monkeypatch.context() as patch:
        patch.setattr(readers, "may", lambda *_: True)
        left_open = await findings(app, EVERYBODY)
    assert any("region" in one and "open to whom it is not for" in one for one in left_open)
    with monkeypatch.context() as patch:
        patch.setattr(readers, "may", lambda *_: False)
        walled = await findings(app, EVERYBODY)
    assert any("matching_operator" in one and "closed to whom it is for" in one for one in walled)
    with monkeypatch.context() as patch:
        patch.setattr(readers, "current", lambda _: reader_of("matching_operator"))
        unasked = await findings(app, [None])
    assert len(unasked) == 2, "and both are open to who did not sign in"


def test_a_door_without_a_right_is_no_door() -> None:
    pages = APIRouter()

    @pages.get("/aziende")
    async def companies() -> dict[str, str]:
        return {}

    with pytest.raises(RuntimeError, match="/aziende names no action"):
        service_app("matching", title="Prova", api=APIRouter(), pages=pages)


# Sent twice, and sent from a page that is no longer true: one form of each service, through the real pages.


@dataclass
class Case:
    """A form: the page it stands on, where it posts to, what is typed, and by which two accounts."""

    page: str
    action: str
    values: dict[str, str]
    first: str
    second: str


async def _amina(running: Running) -> str:
    """Somebody taken in charge, by intake's own commands."""
    store, today = running.store("intake"), clock.today().isoformat()
    registered = accepted(await commands.register(store, running.command(), forms.RegisterForm.model_validate({
        "family_name": "Haddad", "given_name": "Amina", "birth_date": "1985-06-10", "sex": "F", "citizenship": "Z330",
        "municipality": "037006", "quartiere": "navile", "education": "upper_secondary", "channel": "parish",
        "on": today, "declared": True,
    })))  # fmt: skip
    person = registered.events[0].event.subject
    evidence = {"evidence": "self_declaration", "evidence_on": today, "on": today}
    status = forms.StatusForm.model_validate({"work": "unemployed", "immediately_available": True} | evidence)
    accepted(await commands.check_status(store, running.command(), person, status))
    measures = forms.MeasuresForm.model_validate({"measure": "none"} | evidence)
    accepted(await commands.check_measures(store, running.command(), person, measures))
    interview = forms.InterviewForm.model_validate({"mode": "in_person", "on": today})
    accepted(await commands.hold_interview(store, running.command(), person, interview))
    finding = forms.FragilityForm.model_validate({"dimensions": ["work", "social"], "reasons": "Sola.", "on": today})
    accepted(await commands.find_fragility(store, running.command("u-giulia.rossi"), person, finding))
    charge = forms.ChargeForm.model_validate(
        {"case_manager": "u-giulia.rossi", "readiness": "ready", "reasons": "Pronta.", "on": today}
    )
    accepted(
        await commands.take_in_charge(store, running.command("u-giulia.rossi"), person, charge, ["u-giulia.rossi"])
    )
    await running.quiet()
    return person


async def _send(app: FastAPI, account: str, page: str, action: str, values: dict[str, str]) -> str:
    """Opens a page, sends its form, and gives where it leads."""
    async with browser(app, account) as client:
        shown = await client.get(page)
        assert shown.status_code == 200, shown.text
        answer = await client.post(action, data=hidden_fields(shown.text, action) | values)
    assert answer.status_code == 303, answer.text
    return re.split(r"[?#]", answer.headers["location"])[0]


def browser(app: FastAPI, account: str) -> httpx.AsyncClient:
    """A browser in which this account is signed in."""
    session = sessions.write(sessions.start(accounts()[account]))
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", cookies={sessions.COOKIE: session})


SARA, PAOLO, IRENE, LUCA, ANNA, CARLO, GIULIA, FRANCESCA = (
    "u-sara.galli", "u-paolo.monti", "u-irene.villa", "u-luca.bassi", "u-anna.serra", "u-carlo.fabbri",
    "u-giulia.rossi", "u-francesca.sola",
)  # fmt: skip


async def _case(service: str, running: Running, app: FastAPI) -> Case:
    today = clock.today().isoformat()
    if service == "intake":
        here = f"/intake/persone/{await _amina(running)}"
        return Case(here, f"{here}/colloquio", {"mode": "phone", "on": today}, GIULIA, "u-marco.ferri")
    if service == "matching":
        company = await _send(app, SARA, "/matching/aziende/nuova", "/matching/aziende/nuova", {
            "name": "Forno Ghini", "vat_number": "IT 01234567897", "seat": "Via Roma 1, Budrio",
            "contact": "Carla Ghini", "size": "6-20", "sector": "C", "district": "pianura-est", "on": today,
        })  # fmt: skip
        await running.quiet()
        vacancy = await _send(app, SARA, f"{company}/nuova-ricerca", f"{company}/nuova-ricerca", {
            "occupation": "75", "contract": "fixed_term", "positions": "1", "on": today, "description": "Impasto.",
        })  # fmt: skip
        return Case(vacancy, f"{vacancy}/selezioni", {"on": today}, SARA, SARA)
    if service == "training":
        course = await _send(app, IRENE, "/training/corsi/nuovo", "/training/corsi/nuovo", {
            "line": "2a", "topic": "italian", "title": "Italiano", "description": "Per chi comincia.", "hours": "100",
            "seats": "2", "starts_on": today, "ends_on": today, "provider": "cefal", "on": today,
        })  # fmt: skip
        return Case(course, f"{course}/attiva", {"on": today}, IRENE, IRENE)
    if service == "enterprise":
        page = f"/enterprise/projects/new?person={await _amina(running)}"
        project = await _send(app, LUCA, page, "/enterprise/projects", {
            "kind": "self_employment", "title": "Forno", "description": "Pane.", "sector": "crafts",
            "requested": "12.000,00", "jobs": "1", "on": today,
        })  # fmt: skip
        judged = {"outcome": "suitable", "score": "75", "reasons": "Credibile.", "on": today}
        return Case(project, f"{project}/judgement", judged, ANNA, CARLO)
    return Case(
        "/reporting/semestre/2024-1", "/reporting/semestre/2024-1/pubblica", {"as_of": "2024-06-30", "on": today},
        FRANCESCA, FRANCESCA,
    )  # fmt: skip


async def _count(running: Running, service: str) -> int:
    async with running.store(service).engine.connect() as conn:
        return int(await conn.scalar(text("select count(*) from events where actor not like 'system:%'")) or 0)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_form_sent_twice_counts_once_and_a_stale_one_says_who_was_faster(
    running: Running, service: str
) -> None:
    app = site_of(running)
    case = await _case(service, running, app)
    await running.quiet()
    async with browser(app, case.first) as first, browser(app, case.second) as second:
        pages = [await client.get(case.page) for client in (first, second)]
        assert [page.status_code for page in pages] == [200, 200]
        mine, theirs = (hidden_fields(page.text, case.action) | case.values for page in pages)
        assert mine["form_token"] != theirs["form_token"]
        before = await _count(running, service)
        # The impatient click: both at once, and once more later.
        sent = await asyncio.gather(*(first.post(case.action, data=mine) for _ in range(2)))
        sent.append(await first.post(case.action, data=mine))
        assert [answer.status_code for answer in sent] == [303, 303, 303], sent[-1].text
        assert len({answer.headers["location"].removesuffix("&repeated=1") for answer in sent}) == 1
        after = await _count(running, service)
        assert after > before
        stale = await second.post(case.action, data=theirs)
        assert stale.status_code == 409
        assert f"Nel frattempo {accounts()[case.first].name} ha registrato" in stale.text
        assert await _count(running, service) == after
        # The control: the page read again carries another version (or no longer offers the form).
        await running.quiet()
        read_again = await second.get(case.page)
        assert read_again.status_code == 200
        if f'action="{case.action}"' in read_again.text:
            fresh = hidden_fields(read_again.text, case.action)
            assert int(fresh["shown"]) > int(theirs["shown"])
            again = await second.post(case.action, data=fresh | case.values)
            assert "Nel frattempo" not in again.text
