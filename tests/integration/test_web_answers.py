"""What the web shell answers: bad input, what goes wrong, headers, exports, the API's document."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.json_lines import JsonLines
from shared.settings import settings
from shared.web import static
from shared.web.site import site
from shared.web.tickets import read_document
from tests.fixtures.web import AMINA, PATH, browsing, demo_app, hidden_fields, reader_of
from tests.fixtures.web_site import is_italian_page, is_problem

FORM = "application/x-www-form-urlencoded"


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
    assert 'data-ticket="matching.' in html
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
