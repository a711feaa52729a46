"""The web shell as a browser or a program meets it: rights, forms, bad input, what goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from shared import clock
from shared.settings import Settings, settings
from shared.store import Command
from shared.web import sessions, sign_in
from shared.web.app import service_app
from shared.web.forms import Errors
from shared.web.readers import Reader, requires, role_may, roles, walk
from shared.web.site import site
from tests.fixtures.web import AMINA, PATH, Placement, browsing, demo_app, hidden_fields, reader_of
from tests.fixtures.web_site import is_italian_page, is_problem, post

GOOD: dict[str, Any] = {
    "on": "02/03/2026",
    "contract": "permanent",
    "amount": "1.234,56",
    "days": ["mon", "tue"],
    "agreed": "true",
}


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
