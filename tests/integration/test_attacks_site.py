"""The whole site attacked, every route of the five services: absurd numbers, addresses that want to be fetched, code in
every field that a page shows, files that are not what they say. As somebody inside the house would do it."""

from __future__ import annotations

import ast
import asyncio
import csv
import html
import io
import re
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from services.intake import commands, forms, ics
from services.intake.gateway import Outgoing, Smtp
from shared import clock
from shared.web import sessions
from shared.web.exports import Column, Format, export
from shared.web.readers import Door, accounts, role_may, walk
from tests.fixtures.intake import follow
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.population import site_of
from tests.fixtures.web import hidden_fields

SARA, IRENE, LUCA, GIULIA = "u-sara.galli", "u-irene.villa", "u-luca.bassi", "u-giulia.rossi"
ROOT = Path(__file__).parents[2]
METADATA = "http://169.254.169.254/latest/meta-data"
TARGETS = (METADATA, "//127.0.0.1:9/x", "file:///etc/passwd", "gopher://evil.example:25/_HELO")
ABSURD = ("0", "-1", "1000000000", "9" * 19, "9" * 400, "abc", "1.5", "1e9", "٣", "0x10", "null", " 1", "[]", "--")
SCRIPT, SUM, ATTRIBUTE = "<script>alert(1)</script>", "{{7*7}}", '"onmouseover="alert(1)'
LIVE = ("/flusso",)
"""Answers that never end."""


@pytest.fixture
async def running(platform: Platform) -> Running:
    made = await platform()
    made.now = clock.now()
    return made


@pytest.fixture
def app(running: Running) -> FastAPI:
    return site_of(running)


def browser(app: FastAPI, account: str) -> httpx.AsyncClient:
    """A browser in which this account is signed in; what was unforeseen is an answer, as outside."""
    session = sessions.start(accounts()[account])
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://127.0.0.1:8080",
        cookies={sessions.COOKIE: sessions.write(session)}, headers={"accept": "text/html"},
    )  # fmt: skip
    client.headers["x-test-csrf"] = sessions.csrf(session.id)
    return client


def account_for(door: Door) -> str:
    """Somebody to whom this door opens."""
    return next(one.account for one in accounts().values() if door.action is None or role_may(one.role, door.action))


def path_of(door: Door, value: str = "") -> str:
    known = {"lang": "it", "number": "1", "code": "2024-1", "year": "2024", "formato": "csv"}
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda m: value or known.get(m[1]) or str(uuid4()), door.path)


def names_in(door: Door) -> set[str]:
    """What the route reads from the address, by the name it has there."""

    def within(dependant: Any) -> Iterator[str]:
        yield from (one.alias for one in dependant.query_params)
        for inner in dependant.dependencies:
            yield from within(inner)

    return set(within(door.route.dependant)) if door.route is not None else set()


def reading(app: FastAPI) -> list[Door]:
    """Every route that is read and whose answer ends."""
    found = [door for door in walk(app) if "GET" in door.methods and door.route is not None]
    return [door for door in found if not door.path.endswith(LIVE)]


@pytest.mark.slow
async def test_no_absurd_number_in_an_address_is_a_failure_of_ours(app: FastAPI) -> None:
    wrong, tried = [], 0
    for door in reading(app):
        numbers = names_in(door) & {"page", "limit", "offset", "year", "day", "number", "size", "semester"}
        async with browser(app, account_for(door)) as client:
            for name in sorted(numbers):
                for value in ABSURD:
                    answer = await asyncio.wait_for(client.get(path_of(door), params={name: value}), 30)
                    tried += 1
                    if answer.status_code >= 500:
                        wrong.append(f"{door.path}?{name}={value[:20]}: {answer.status_code}")
    assert wrong == []
    assert tried > 300


def fields_of_every_form() -> set[str]:
    """The names that forms and JSON bodies of all services have."""
    names: set[str] = set()
    for path in (ROOT / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                targets = [one.target for one in node.body if isinstance(one, ast.AnnAssign)]
                names |= {one.id for one in targets if isinstance(one, ast.Name)}
    return names


OUTGOING = {
    "services/intake/gateway.py": {"httpx2", "smtplib"},  # SMS and e-mail: the addresses are settings
    "shared/web/oidc.py": {"httpx2", "authlib"},  # the provider: its address is a setting
}
"""Every module of services and shared that can speak to somebody else, but for database and log."""
SPEAKING = {"httpx", "httpx2", "smtplib", "urllib.request", "http.client", "requests", "aiohttp", "ftplib", "authlib"}


def speaks(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        found |= {known for name in names for known in SPEAKING if name == known or name.startswith(known + ".")}
    return found


def test_who_can_speak_to_others_is_written_down() -> None:
    found = {
        str(path.relative_to(ROOT)): said
        for folder in ("services", "shared")
        for path in (ROOT / folder).rglob("*.py")
        if (said := speaks(path))
    }
    assert found == OUTGOING, "a new outgoing request: where does its target come from? None may come from a user"


@pytest.mark.slow
async def test_nothing_that_is_typed_is_fetched(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every route gets addresses in its path, query, form and JSON; whoever is asked for by name is recorded."""
    asked: list[str] = []
    real, loop = socket.getaddrinfo, asyncio.get_running_loop()
    connect, create = loop.sock_connect, loop.create_connection

    def look(host: Any, *rest: Any, **more: Any) -> Any:
        asked.append(str(host))
        return real(host, *rest, **more)

    async def dial(protocol: Any, host: Any = None, *rest: Any, **more: Any) -> Any:
        asked.append(str(host))
        return await create(protocol, host, *rest, **more)

    async def plug(sock: Any, address: Any) -> Any:
        asked.append(str(address))
        return await connect(sock, address)

    monkeypatch.setattr(socket, "getaddrinfo", look)
    monkeypatch.setattr(loop, "create_connection", dial)
    monkeypatch.setattr(loop, "sock_connect", plug)
    names, wrong = sorted(fields_of_every_form()), []
    assert {"email", "phone", "family_name"} < set(names)
    assert len(names) > 150
    for number, door in enumerate(one for one in walk(app) if one.route is not None and not one.path.endswith(LIVE)):
        target = TARGETS[number % len(TARGETS)]
        async with browser(app, account_for(door)) as client:
            query = dict.fromkeys(sorted(names_in(door) | {"url", "next"}), target)
            for method in sorted(door.methods & {"GET", "POST"}):
                if method == "GET":
                    answer = await asyncio.wait_for(client.get(path_of(door), params=query), 30)
                elif "/api/" in door.path:
                    head = {"idempotency-key": str(uuid4())}
                    answer = await client.post(
                        path_of(door), params=query, json=dict.fromkeys(names, target), headers=head
                    )
                else:
                    own = {"csrf": client.headers["x-test-csrf"], "form_token": str(uuid4())}
                    answer = await client.post(path_of(door), params=query, data=dict.fromkeys(names, target) | own)
                if answer.status_code >= 500:
                    wrong.append(f"{method} {door.path}: {answer.status_code}")
    assert wrong == []
    assert [host for host in asked if not host.startswith(("127.0.0.1", "localhost", "('127.0.0.1'", "None"))] == []
    assert not any(host.endswith((":9", ", 9)")) for host in asked)
    with pytest.raises(OSError):
        await loop.create_connection(asyncio.Protocol, "evil.invalid", 80)
    assert "evil.invalid" in asked, "the control: who is asked for is seen"


# Code in every field that a page shows


async def send(app: FastAPI, account: str, page: str, action: str, values: dict[str, str]) -> str:
    """Opens a page, sends its form, and gives where it leads."""
    async with browser(app, account) as client:
        shown = await client.get(page)
        assert shown.status_code == 200, shown.text
        answer = await client.post(action, data=hidden_fields(shown.text, action) | values)
    assert answer.status_code == 303, re.findall(
        r'data-field="[^"]*">[^<]*|class="[^"]*alert[^"]*"[^>]*>[^<]*', answer.text
    )
    return re.split(r"[?#]", answer.headers["location"])[0]


def register_form(**changes: Any) -> forms.RegisterForm:
    return forms.RegisterForm.model_validate({
        "family_name": SCRIPT, "given_name": SUM, "birth_date": "1985-06-10", "birth_place": ATTRIBUTE, "sex": "F",
        "citizenship": "Z330", "municipality": "037006", "quartiere": "navile", "education": "upper_secondary",
        "channel": "parish", "on": clock.today().isoformat(), "declared": True, "address": SCRIPT + ATTRIBUTE,
    } | changes)  # fmt: skip


async def crawl(app: FastAPI, account: str, start: list[str], most: int) -> dict[str, str]:
    """What a reader sees who follows every link from there: address -> page."""
    seen: dict[str, str] = {}
    left = list(start)
    async with browser(app, account) as client:
        while left and len(seen) < most:
            path = left.pop(0)
            bare = re.sub(r"[?#].*", "", path)
            if path in seen or bare.endswith(LIVE) or path.startswith("/static/"):
                continue
            answer = await asyncio.wait_for(client.get(path), 30)
            seen[path] = answer.text if "html" in answer.headers.get("content-type", "") else ""
            assert answer.status_code < 500, path
            left += [html.unescape(one) for one in re.findall(r'href="(/[^"#]*)', seen[path])]
    return seen


async def test_code_in_names_titles_and_notes_is_text_on_every_page(running: Running, app: FastAPI) -> None:
    today = clock.today().isoformat()
    store = running.store("intake")
    outcome = accepted(await commands.register(store, running.command(), register_form(on="2024-03-04")))
    person = outcome.events[0].event.subject
    await follow(running, person)
    note = forms.NoteForm.model_validate({"note": SCRIPT + SUM})
    accepted(await commands.add_note(store, running.command(GIULIA), person, note))
    company = await send(app, SARA, "/matching/aziende/nuova", "/matching/aziende/nuova", {
        "name": SCRIPT + SUM, "vat_number": "IT 01234567897", "seat": ATTRIBUTE, "contact": SCRIPT, "size": "6-20",
        "sector": "C", "district": "pianura-est", "on": today,
    })  # fmt: skip
    await running.quiet()
    vacancy = await send(app, SARA, f"{company}/nuova-ricerca", f"{company}/nuova-ricerca", {
        "occupation": "75", "contract": "fixed_term", "positions": "1", "on": today, "description": SCRIPT + SUM,
    })  # fmt: skip
    course = await send(app, IRENE, "/training/corsi/nuovo", "/training/corsi/nuovo", {
        "line": "2a", "topic": "italian", "title": SCRIPT + SUM, "description": SCRIPT + ATTRIBUTE, "hours": "100",
        "seats": "2", "starts_on": today, "ends_on": today, "provider": "cefal", "on": today,
    })  # fmt: skip
    await running.quiet()
    project = await send(app, LUCA, f"/enterprise/projects/new?person={person}", "/enterprise/projects", {
        "kind": "self_employment", "person_id": person, "sector": "crafts", "requested": "5000", "jobs": "1",
        "title": SCRIPT + SUM, "description": SCRIPT + ATTRIBUTE, "on": today,
    })  # fmt: skip
    await running.quiet()
    shown: dict[str, str] = {}
    for account, start in (
        ("u-elena.conti", [f"/intake/persone/{person}", "/intake/", "/intake/cerca?q=script"]),
        (SARA, ["/matching/", company, vacancy, f"/matching/aziende?q={SCRIPT}"]),
        (IRENE, ["/training/", course]),
        (GIULIA, ["/intake/", f"/intake/persone/{person}"]),
        (LUCA, ["/enterprise/", project]),
    ):
        shown |= {f"{account} {path}": text for path, text in (await crawl(app, account, start, 60)).items()}
    assert len(shown) > 60
    escaped = html.escape(SCRIPT)
    telling = {path for path, text in shown.items() if escaped in text}
    assert len(telling) >= 6, "the control: pages do show what was typed"
    assert {f"{LUCA} {project}", f"{GIULIA} /intake/persone/{person}"} <= telling
    for path, text in shown.items():
        assert SCRIPT not in text, path
        assert ATTRIBUTE not in text, path
        assert not re.search(r"<[^>]*\sonmouseover=", text.replace(html.escape(ATTRIBUTE), "")), path
    assert any(SUM in text for text in shown.values())
    assert not any(">49<" in text and "alert(1)" in text and "&lt;/script&gt;49" in text for text in shown.values())


def test_a_calendar_takes_no_line_from_a_name() -> None:
    row = {
        "day": clock.today(), "at": "09:30", "root_id": "p", "appointment_id": str(uuid4()), "minutes": 30,
        "purpose": "interview", "desk": "malvezzi", "moves": 0, "state": "booked",
    }  # fmt: skip
    name = "Haddad\r\nATTENDEE:mailto:evil@example.org\nEND:VEVENT;,\\ " + "è" * 100
    made = ics.calendar([row], "Agenda\r\nX-EVIL:1", {"p": name})
    lines = made.decode().split("\r\n")
    assert "\n" not in "".join(lines)
    assert all(len(line.encode()) <= 75 for line in lines)
    unfolded = made.decode().replace("\r\n ", "")
    starts = {line.split(":")[0].split(";")[0] for line in unfolded.split("\r\n")}
    assert not starts & {"ATTENDEE", "X-EVIL"}
    assert unfolded.count("END:VEVENT\r\n") == 1
    assert "SUMMARY:" in unfolded


@pytest.mark.parametrize(
    "evil", ["a@b.example\r\nBcc: all@evil.example", "a@b.example\nX: 1", "a@b.example\r\n\r\nbody"]
)
async def test_an_address_or_a_subject_adds_no_header(evil: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    class Server:
        def __enter__(self) -> Server:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def send_message(self, mail: Any) -> dict[str, Any]:
            sent.append(mail.as_bytes())
            return {}

    smtp = Smtp("smtp://127.0.0.1:9", "noreply@insieme.invalid")
    monkeypatch.setattr(smtp, "_connect", Server)
    good = await smtp.send(Outgoing(str(uuid4()), "email", "a@b.example", "Oggetto", "Testo"))
    assert good.delivery_id, "the control"
    for to, subject in ((evil, "Oggetto"), ("a@b.example", evil)):
        handed = await smtp.send(Outgoing(str(uuid4()), "email", to, subject, "Testo"))
        assert handed.delivery_id is None
    assert len(sent) == 1


@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
async def test_code_in_an_export_is_text(fmt: Format, app: FastAPI) -> None:
    from starlette.requests import Request

    rows = [{"a": value} for value in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", SCRIPT, SUM)]
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "query_string": b"", "app": app, "state": {}}
    made = await export(Request(scope), '../"x"\r\ny: z', [Column("a", "=Titolo")], rows, fmt)
    disposition = made.headers["content-disposition"]
    assert not set("/\r\n") & set(disposition)
    if fmt == "csv":
        text = bytes(made.body).decode("utf-8-sig")
        cells = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=";") for cell in row]
        assert len(cells) == len(rows) + 1
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    else:
        with zipfile.ZipFile(io.BytesIO(bytes(made.body))) as book:
            assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
