"""The web shell as a browser or a program meets it: rights, forms, bad input, what goes wrong."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from shared import clock
from shared.settings import Settings, settings
from shared.store import Command
from shared.telemetry import JsonLines
from shared.web import sessions, sign_in, static
from shared.web.app import service_app
from shared.web.forms import Errors
from shared.web.readers import Reader, requires, role_may, roles, walk
from shared.web.site import site
from shared.web.tickets import read_document
from tests.fixtures.web import AMINA, PATH, Placement, browsing, demo_app, hidden_fields, reader_of

FORM = "application/x-www-form-urlencoded"
GOOD: dict[str, Any] = {
    "on": "02/03/2026",
    "contract": "permanent",
    "amount": "1.234,56",
    "days": ["mon", "tue"],
    "agreed": "true",
}
KEY = {"idempotency-key": "6f0f8f3e-1111-4222-8333-444444444444"}


@pytest.fixture
def seen() -> list[Any]:
    return []


@pytest.fixture
def app(seen: list[Any]) -> FastAPI:
    return demo_app(seen)


@pytest.fixture
async def sara(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(app) as client:
        yield client


async def post(client: httpx.AsyncClient, path: str = PATH, **values: Any) -> httpx.Response:
    hidden = hidden_fields((await client.get(PATH)).text, path)
    return await client.post(path, data=hidden | values)


def is_italian_page(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="it">' in answer.text
    for english in ("Internal Server Error", "Not Found", "Traceback", '"detail"', "Unprocessable"):
        assert english not in answer.text


def is_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["detail"]
    return body


# Rights


async def test_every_door_lets_in_exactly_whom_the_roles_say(app: FastAPI) -> None:
    doors = [door for door in walk(app) if door.action]
    assert {door.action for door in doors} >= {"matching.view", "matching.place", "matching.company"}
    for role in roles():
        async with browsing(app, role) as client:
            for door in doors:
                if door.path.endswith("/eventi") and role_may(role, str(door.action)):
                    continue  # a live stream does not end: the browser test opens it
                path = door.path.replace("{person_id}", AMINA).replace("{number}", "1")
                answer = await client.request(next(iter(door.methods)), path)
                assert door.action is not None
                refused = "Il tuo ruolo non permette" in answer.text
                assert refused == (not role_may(role, door.action)), (role, path)
                assert not refused or answer.status_code == 403, (role, path)


async def test_signed_out_a_page_leads_to_the_sign_in_and_an_api_says_401(app: FastAPI) -> None:
    async with browsing(app, None) as client:
        answer = await client.get("/matching/?q=a b")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/matching/%3Fq%3Da%2520b"
        is_problem(await client.get("/matching/api/companies/1"), 401)
        sent = await client.post(PATH, headers={"referer": "http://127.0.0.1:8080/matching/?x=1"})
        assert sent.headers["location"] == "/sign-in?next=/matching/"


def test_a_route_without_an_action_stops_the_start() -> None:
    pages = APIRouter()
    pages.add_api_route("/aperta", lambda: "ciao")
    with pytest.raises(RuntimeError, match="/aperta names no action"):
        service_app("matching", title="Prova", api=APIRouter(), pages=pages)


def test_walk_refuses_two_actions_on_one_door() -> None:
    api = APIRouter()

    @api.get("/two", dependencies=[requires("matching.view")])
    async def two(reader: Reader = requires("matching.place")) -> str:
        return "due"

    with pytest.raises(ValueError, match="more than one action"):
        service_app("matching", title="Prova", api=api, pages=APIRouter())


def test_the_demonstration_sign_in_does_not_start_in_production() -> None:
    production = Settings(**{**{f: getattr(settings, f) for f in settings.__dataclass_fields__}, "mode": "production"})
    with pytest.raises(SystemExit, match="OpenID Connect"):
        sign_in.router(production)
    with pytest.raises(SystemExit):
        site({}, current_settings=production)


# Sign-in and session


async def test_sign_in_and_out(app: FastAPI) -> None:
    async with browsing(app, None) as client:
        hidden = hidden_fields((await client.get("/sign-in?next=/matching/")).text)
        answer = await client.post("/sign-in", data=hidden | {"account": "u-sara.galli"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/matching/")
        cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith(sessions.COOKIE + "="))
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Max-Age=600" in cookie
        listing = await client.get("/matching/")
        assert "Sara Galli" in listing.text
        answer = await client.post("/sign-in/out", data={"csrf": "x"})
        assert answer.status_code == 403
        csrf = hidden_fields((await client.get(PATH)).text)["csrf"]
        answer = await client.post("/sign-in/out", data={"csrf": csrf})
        assert answer.headers["location"] == "/"
        assert (await client.get("/matching/")).status_code == 303


async def test_secure_cookie_and_hsts_over_https(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.__dict__, "base_url", "https://insieme.example")
    assert "; Secure" in sessions.cookie("a", "b", 1)
    async with browsing(app) as client:
        assert "strict-transport-security" in (await client.get("/")).headers


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example"])
async def test_sign_in_leads_nowhere_else(app: FastAPI, target: str) -> None:
    async with browsing(app, None) as client:
        hidden = hidden_fields((await client.get("/sign-in", params={"next": target})).text)
        assert hidden["next"] == "/"
        answer = await client.post("/sign-in", data=hidden | {"account": "u-sara.galli", "next": target})
        assert answer.headers["location"] == "/"


async def test_sign_in_needs_its_own_form(app: FastAPI) -> None:
    async with browsing(app, None) as client:
        answer = await client.post("/sign-in", data={"account": "u-sara.galli", "csrf": "x"})
        assert answer.status_code == 403
        hidden = hidden_fields((await client.get("/sign-in")).text)
        unknown = await client.post("/sign-in", data=hidden | {"account": "u-nobody"})
        assert unknown.status_code == 422
        assert "Questo utente dimostrativo non esiste." in unknown.text


@pytest.mark.parametrize(
    "change", [lambda v: v[:-3] + "AAA", lambda v: "x" + v, lambda v: v.split(".")[0], lambda v: "."]
)
async def test_a_forged_cookie_is_no_session(app: FastAPI, change: Any) -> None:
    value = sessions.write(sessions.start(reader_of("matching_operator")))
    async with browsing(app, None) as client:
        client.cookies.set(sessions.COOKIE, value)
        assert (await client.get("/matching/")).status_code == 200
        client.cookies.set(sessions.COOKIE, change(value))
        assert (await client.get("/matching/")).status_code == 303


async def test_the_cookie_is_renewed_while_used_and_expires_when_not(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clock.now
    async with browsing(app) as client:
        assert "set-cookie" not in (await client.get("/matching/")).headers
        monkeypatch.setattr(clock, "now", lambda: real() + timedelta(minutes=5))
        assert "set-cookie" in (await client.get("/sign-in/renew")).headers
        monkeypatch.setattr(clock, "now", lambda: real() + timedelta(minutes=14))
        assert (await client.get("/matching/")).status_code == 200
        monkeypatch.setattr(clock, "now", lambda: real() + timedelta(minutes=25))
        assert (await client.get("/matching/")).status_code == 303
        assert (await client.get("/sign-in/renew")).status_code == 401


# Forms


async def test_a_form_is_understood(sara: httpx.AsyncClient, seen: list[Any]) -> None:
    answer = await post(sara, **GOOD)
    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    placement, command = seen
    assert isinstance(placement, Placement)
    assert (placement.amount, placement.days, placement.agreed) == (123456, ["mon", "tue"], True)
    assert isinstance(command, Command)
    assert (command.actor, command.shown) == ("u-sara.galli", 7)


async def test_what_does_not_fit_is_said_by_field_and_everything_typed_is_kept(
    sara: httpx.AsyncClient, seen: list[Any]
) -> None:
    answer = await post(sara, **GOOD | {"amount": "molto", "notes": "<b>una nota lunga davvero</b>"})
    assert answer.status_code == 422
    is_italian_page(answer)
    assert isinstance(seen[0], Errors)
    assert seen[0]["amount"] == "Scrivi un numero intero."
    assert 'data-field="amount">Contributo: Scrivi un numero intero.</a>' in answer.text
    assert 'value="molto"' in answer.text
    assert "&lt;b&gt;una nota lunga davvero&lt;/b&gt;" in answer.text
    assert "<b>una" not in answer.text
    assert '<option value="permanent" selected>' in answer.text
    # The other form of the page is not touched by it.
    assert answer.text.count('aria-invalid="true"') == 2
    assert 'id="f2-on"' in answer.text


async def test_a_double_submit_is_one_cause_and_two_forms_are_two(sara: httpx.AsyncClient, seen: list[Any]) -> None:
    html = (await sara.get(PATH)).text
    hidden = hidden_fields(html, PATH)
    assert hidden["form_token"] != hidden_fields(html, PATH + "/chiudi")["form_token"]
    for _ in range(2):
        await sara.post(PATH, data=hidden | GOOD)
    assert seen[1].cause == seen[3].cause
    await post(sara, **GOOD)
    assert seen[5].cause != seen[1].cause


async def test_a_refused_form_keeps_its_token_and_the_version_it_showed(sara: httpx.AsyncClient) -> None:
    hidden = hidden_fields((await sara.get(PATH)).text, PATH)
    refused = await sara.post(PATH, data=hidden | GOOD | {"notes": "regola"})
    assert refused.status_code == 409
    assert "Non ci sono più posti." in refused.text
    assert hidden_fields(refused.text, PATH) == hidden
    stale = await sara.post(PATH, data=hidden | GOOD | {"notes": "stantia"})
    assert stale.status_code == 409
    assert "Nel frattempo Luca ha registrato" in stale.text
    assert hidden_fields(stale.text, PATH) == hidden | {"shown": "8"}


async def test_csrf(sara: httpx.AsyncClient, app: FastAPI, seen: list[Any]) -> None:
    hidden = hidden_fields((await sara.get(PATH)).text, PATH)
    for csrf in (None, "", "x" * 64, "é"):
        data = {name: v for name, v in (hidden | GOOD).items() if name != "csrf"} | (
            {"csrf": csrf} if csrf is not None else {}
        )
        answer = await sara.post(PATH, data=data)
        assert answer.status_code == 403
        is_italian_page(answer)
    async with browsing(app, "case_manager") as giulia:
        other = hidden_fields((await giulia.get(PATH)).text, PATH)
    assert (await sara.post(PATH, data=hidden | GOOD | {"csrf": other["csrf"]})).status_code == 403
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        assert (await sara.post(PATH, data=hidden | GOOD, headers=headers)).status_code == 403
    assert seen == []
    assert (await sara.post(PATH, data=hidden | GOOD, headers={"origin": "http://127.0.0.1:8080"})).status_code == 303


async def test_damaged_hidden_fields_are_422(sara: httpx.AsyncClient) -> None:
    for change in ({"form_token": "x"}, {"shown": "-1"}, {"shown": "9" * 40}):
        assert (await post(sara, **GOOD | change)).status_code == 422


async def test_a_file_comes_through_and_none_is_said(sara: httpx.AsyncClient) -> None:
    hidden = hidden_fields((await sara.get(PATH)).text, PATH)
    big = b"x" * (2 * 1024 * 1024)
    answer = await sara.post("/matching/file", data=hidden, files={"file": ("a.csv", big)})
    assert answer.text == str(len(big))
    missing = await sara.post("/matching/file", data=hidden, files={"file": ("", b"")})
    assert missing.status_code == 422
    assert "Campo obbligatorio." in missing.text


# Bad input


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nulla", 404), ("GET", "/matching/nulla", 404), ("GET", "/matching/persone/non-un-uuid", 404),
     ("DELETE", "/matching/", 405), ("GET", "/matching/esporta?formato=pdf", 422), ("GET", "/static/x/own/nulla", 404),
     ("GET", "/static/x/own/../app.py", 404), ("GET", "/static/x/own/%2e%2e/app.py", 404)],
)  # fmt: skip
async def test_wrong_addresses_give_an_italian_page(
    sara: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await sara.request(method, path)
    assert answer.status_code == status
    is_italian_page(answer)


@pytest.mark.parametrize("bad", ["%00", "%ff", "a%C3"])
async def test_bad_bytes_are_422(sara: httpx.AsyncClient, bad: str) -> None:
    hidden = hidden_fields((await sara.get(PATH)).text, PATH)
    assert (await sara.get(f"/matching/{bad}")).status_code == 422
    assert (await sara.get(f"/matching/?q={bad}")).status_code == 422
    answer = await sara.post(PATH, content=f"csrf={hidden['csrf']}&notes={bad}", headers={"content-type": FORM})
    assert answer.status_code == 422
    is_italian_page(answer)
    raw = bytes.fromhex(bad[1:]) if len(bad) == 3 else b"\xc3"
    part = b'--B\r\nContent-Disposition: form-data; name="notes"\r\n\r\n' + raw + b"\r\n--B--\r\n"
    sent = await sara.post(PATH, content=part, headers={"content-type": "multipart/form-data; boundary=B"})
    assert sent.status_code == 422
    is_problem(await sara.get(f"/matching/api/companies/{bad}"), 422)


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff", b'{"name": "\\u0000", "number": 1}', b'"\\ud800"', b"NaN", b"[" * 100_000, b"[]", b"{}",
     b'{"name": "", "number": 11}'],
)  # fmt: skip
async def test_bad_json_is_a_problem(sara: httpx.AsyncClient, body: bytes) -> None:
    answer = await sara.post(
        "/matching/api/companies", content=body, headers={"content-type": "application/json", **KEY}
    )
    is_problem(answer, 422)


async def test_api_says_which_field(sara: httpx.AsyncClient) -> None:
    answer = await sara.post("/matching/api/companies", json={"name": "", "number": 11}, headers=KEY)
    assert is_problem(answer, 422)["errors"] == [
        {"field": "name", "sentence": "Campo obbligatorio."},
        {"field": "number", "sentence": "Deve essere al massimo 10."},
    ]


async def test_api_wants_a_key_and_takes_it_once(sara: httpx.AsyncClient) -> None:
    body = {"name": "Officina", "number": 1}
    first, second = [await sara.post("/matching/api/companies", json=body, headers=KEY) for _ in range(2)]
    assert first.status_code == 201
    assert first.json() == second.json()
    assert is_problem(await sara.post("/matching/api/companies", json=body), 428)["code"] == "idempotency_key"
    is_problem(await sara.post("/matching/api/companies", json=body, headers={"idempotency-key": "x"}), 422)


async def test_too_large_and_wrong_kinds(sara: httpx.AsyncClient) -> None:
    large = b"a=" + b"x" * (1024 * 1024)
    answer = await sara.post(PATH, content=large, headers={"content-type": FORM})
    assert answer.status_code == 413
    is_italian_page(answer)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * (1024 * 1024)

    kind = {"content-type": "multipart/form-data; boundary=B"}
    assert (await sara.post(PATH, content=pieces(), headers=kind)).status_code == 413
    is_problem(await sara.post("/matching/api/companies", content=b"a=1", headers={"content-type": FORM, **KEY}), 415)
    assert (await sara.post(PATH, content=b"<a/>", headers={"content-type": "text/xml"})).status_code == 415
    assert (await sara.post(PATH, content=b"x", headers={"content-type": "multipart/form-data"})).status_code == 422


# What goes wrong


async def test_an_unforeseen_error_is_a_page_with_a_number_and_tells_nothing(
    sara: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "insieme.web"):
        answer = await sara.get("/matching/guasto")
    assert answer.status_code == 500
    is_italian_page(answer)
    record = caplog.records[-1]
    assert record.exc_info is not None
    number = record.getMessage().split()[1]
    assert f"<code>{number}</code>" in answer.text
    for text in (answer.text, JsonLines().format(record)):
        assert "RSSMNA" not in text
        assert "Rossi" not in text


async def test_a_database_that_is_away_is_503(sara: httpx.AsyncClient) -> None:
    answer = await sara.get("/matching/assente")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    is_italian_page(answer)
    assert "Nulla è stato scritto a metà" in answer.text


async def test_a_database_that_cannot_be_reached_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.__dict__, "database_url", "postgresql+asyncpg://a:b@127.0.0.1:9/none")
    async with browsing(demo_app()) as client:
        answer = await client.get("/matching/readyz")
        assert answer.status_code == 503
        answer = await client.get("/matching/?after=pathway/0/3")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert (await client.get("/matching/livez")).status_code == 200


async def test_the_notice_that_the_log_is_away(app: FastAPI) -> None:
    away = False
    demo = site(app.state.services, log_notice=lambda: away)
    async with browsing(demo) as client:
        assert "Il registro degli eventi non è raggiungibile" not in (await client.get("/matching/")).text
        away = True
        assert "Il registro degli eventi non è raggiungibile" in (await client.get("/matching/")).text


# The look, the headers, the exports


async def test_every_answer_is_sealed_and_pages_are_not_kept(sara: httpx.AsyncClient) -> None:
    for path in ("/", "/matching/", "/nulla", "/matching/guasto", "/matching/assente", "/matching/%00", "/privacy",
                 "/note-legali", "/accessibilita", "/matching/api/openapi.json"):  # fmt: skip
        headers = (await sara.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store", path


async def test_pages_hold_no_inline_script_or_style(sara: httpx.AsyncClient) -> None:
    for path in ("/", "/matching/", PATH, "/sign-in"):
        html = (await sara.get(path)).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=\"", html), path


async def test_the_navigation_shows_what_the_reader_may_see(app: FastAPI) -> None:
    async with browsing(app, "region") as region:
        html = (await region.get("/")).text
    assert 'href="/reporting/"' in html
    assert 'href="/intake/"' not in html
    assert "/intake/cerca" not in html
    async with browsing(app, "desk_operator") as elena:
        assert 'action="/intake/cerca"' in (await elena.get("/")).text


async def test_demo_banner_and_its_absence(sara: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Dati dimostrativi — orologio della piattaforma: " in (await sara.get("/")).text
    monkeypatch.setitem(settings.__dict__, "mode", "production")
    assert "Dati dimostrativi" not in (await sara.get("/")).text


async def test_names_are_asked_for_with_a_ticket_only_by_whom_may(app: FastAPI, sara: httpx.AsyncClient) -> None:
    html = (await sara.get("/matching/")).text
    assert f'data-person="{AMINA}">{AMINA[:8]}</span>' in html
    assert 'data-ticket="ey' in html or 'data-ticket="eJ' in html
    async with browsing(app, "monitoring") as francesca:
        html = (await francesca.get("/matching/")).text
    assert f'data-person="{AMINA}"' in html
    assert 'data-ticket=""' in html


async def test_exports(app: FastAPI, sara: httpx.AsyncClient) -> None:
    answer = await sara.get("/matching/esporta?formato=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "'=HYPERLINK" in answer.text
    assert (await sara.get("/matching/esporta?formato=xlsx")).content[:2] == b"PK"
    page = await sara.get("/matching/esporta?formato=csv&nomi=1")
    assert 'action="/intake/doors/compose"' in page.text
    assert "data-auto-submit" in page.text
    token = re.search(r'name="document" value="([^"]+)"', page.text)
    assert token is not None
    document = read_document(token[1], reader_of("matching_operator"))
    assert (document.template, document.slots[0], document.purpose) == ("table", AMINA, "matching.export")
    assert document.data["rows"][0]["start"] == "2024-03-04"


async def test_static_files_are_kept_for_ever_under_their_version(sara: httpx.AsyncClient) -> None:
    found = await sara.get(static.url("insieme.css"))
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    old = await sara.get("/static/000000000000/own/insieme.css")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")


async def test_openapi_says_what_is_needed_and_how_it_fails(sara: httpx.AsyncClient) -> None:
    document = (await sara.get("/matching/api/openapi.json")).json()
    post = document["paths"]["/api/companies"]["post"]
    assert post["x-action"] == "matching.company"
    assert {"401", "403", "409", "413", "415", "422", "428", "503"} <= set(post["responses"])
    assert any(p["name"] == "Idempotency-Key" for p in post["parameters"])
    assert document["servers"] == [{"url": "/matching"}]
    assert not any(path.startswith("/persone") for path in document["paths"])
