"""The web shell attacked: where it leads, what it takes, what it says of itself. Over its real routes, without data.

Beside what test_web_site.py and test_web_answers.py try (forged cookies, foreign forms, bad bytes, sizes).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from fastapi import FastAPI

from shared import clock, telemetry
from shared.web import sessions, signing
from shared.web.pages import safe_path
from tests.fixtures.web import PATH, browsing, demo_app, hidden_fields, reader_of
from tests.fixtures.web_site import is_italian_page

FORM = "application/x-www-form-urlencoded"
ELSEWHERE = (
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
    "http:evil.example",
    "javascript:alert(1)", "data:text/html,x", "/\t/evil.example", "/\n/evil.example", "\t//evil.example",
    " //evil.example",
    "/x\r\nset-cookie: insieme=1", "/x\r\n\r\n<script>", "evil.example", "@evil.example", "", "/\x00/evil.example",
    "/\u2028/evil.example/" + "x" * 3000,
)  # fmt: skip
ENCODED = ("/%2f%2fevil.example", "/%2fevil.example", "/%5cevil.example", "/%0d%0aset-cookie:x=1", "/./evil.example")
"""Paths of this site, however they look: they go on as they are, not decoded."""


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


async def fields(client: httpx.AsyncClient) -> dict[str, str]:
    return hidden_fields((await client.get(PATH)).text, PATH)


# Where it leads


def leads_home(location: str) -> bool:
    return location.startswith("/") and not location.startswith(("//", "/\\")) and location.isprintable()


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_signing_in_leads_nowhere_else(app: FastAPI, target: str) -> None:
    assert safe_path(target) == "/"
    async with browsing(app, None) as client:
        # What a text field cannot carry is refused before it is read.
        shown = await client.get("/sign-in", params={"next": target})
        assert shown.status_code == (422 if "\0" in target else 200)
        hidden = hidden_fields((await client.get("/sign-in")).text)
        sent = await client.post("/sign-in", data=hidden | {"account": "u-sara.galli", "next": target})
        assert sent.status_code == (422 if "\0" in target else 303)
        assert sent.headers.get("location", "/") == "/"
        assert not [one for one in sent.headers.get_list("set-cookie") if one.startswith("insieme=1")]


@pytest.mark.parametrize("target", ENCODED)
async def test_what_is_encoded_stays_so_and_stays_here(app: FastAPI, target: str) -> None:
    async with browsing(app, None) as client:
        hidden = hidden_fields((await client.get("/sign-in", params={"next": target})).text)
        sent = await client.post("/sign-in", data=hidden | {"account": "u-sara.galli"})
    assert sent.headers["location"] == target
    assert leads_home(sent.headers["location"])


async def test_addresses_and_referers_of_others_lead_nowhere_else(app: FastAPI) -> None:
    async with browsing(app, None) as client:
        for path in ("//evil.example/x", "/matching//evil.example/", "/%2f%2fevil.example/", "/%5cevil.example/",
                     "//evil.example/%2e%2e/", "/matching/?next=//evil.example"):  # fmt: skip
            answer = await client.get("http://127.0.0.1:8080" + path)
            assert leads_home(answer.headers.get("location", "/")), (path, answer.headers)
        for came in ("http://evil.example/x", "http://127.0.0.1:8080//evil.example", "javascript:x", "//evil.example"):
            answer = await client.post(PATH, headers={"referer": came})
            assert answer.headers["location"] in ("/sign-in?next=/",), came


@pytest.mark.parametrize("name", ["host", "x-forwarded-host", "forwarded", "x-original-url", "x-rewrite-url"])
async def test_the_name_that_the_caller_gives_the_site_is_written_nowhere(sara: httpx.AsyncClient, name: str) -> None:
    value = {"forwarded": "host=evil.example", "x-original-url": "/intake/", "x-rewrite-url": "/intake/"}.get(
        name, "evil.example"
    )
    for path in ("/matching", "/matching/", PATH, PATH + "/", "/nulla", "/sign-in", "/", "/matching/api/openapi.json"):
        answer = await sara.get(path, headers={name: value})
        assert leads_home(answer.headers.get("location", "/")), (path, answer.headers)
        assert "evil.example" not in answer.text + str(answer.headers.multi_items()), path
        assert answer.status_code == (await sara.get(path)).status_code, path


# What it takes


async def test_the_method_is_the_one_that_was_used(sara: httpx.AsyncClient, seen: list[Any]) -> None:
    hidden = await fields(sara)
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "PROPFIND"):
        answer = await sara.request(method, PATH)
        assert answer.status_code in (404, 405), method
        is_italian_page(answer)
    for name in ("x-http-method-override", "x-http-method", "x-method-override"):
        assert (await sara.get(PATH, headers={name: "POST"})).status_code == 200
        assert (await sara.post(PATH, data=hidden | {"_method": "DELETE"}, headers={name: "DELETE"})).status_code == 422
    assert (await sara.get(PATH, params=hidden | {"_method": "POST"})).status_code == 200
    assert all(not isinstance(one, sessions.Session) for one in seen)


async def test_the_last_of_two_values_counts_and_never_both(sara: httpx.AsyncClient, seen: list[Any]) -> None:
    good = {"on": "02/03/2026", "contract": "permanent", "amount": "1", "days": "mon", "agreed": "true"}
    hidden = await fields(sara)
    twice = [*hidden.items(), *good.items(), ("amount", "2"), ("contract", "fixed_term")]
    sent = await sara.post(PATH, content=urlencode(twice), headers={"content-type": FORM})
    assert sent.status_code == 303
    assert (seen[0].amount, seen[0].contract) == (200, "fixed_term")
    # A value in the address is not a value of the form.
    hidden = await fields(sara)
    lacking = {name: value for name, value in good.items() if name != "amount"}
    refused = await sara.post(PATH + "?amount=5&csrf=x", data=hidden | lacking)
    assert refused.status_code == 422
    # Two tokens: the last one counts, wherever the good one stands.
    forged = [*(await fields(sara)).items(), *good.items(), ("csrf", "x")]
    assert (await sara.post(PATH, content=urlencode(forged), headers={"content-type": FORM})).status_code == 403


def parts(count: int, filename: bool) -> bytes:
    file = '; filename="a.csv"' if filename else ""
    one = b'--B\r\nContent-Disposition: form-data; name="n%d"' + file.encode() + b"\r\n\r\nx\r\n"
    return b"".join(one % number for number in range(count)) + b"--B--\r\n"


LARGE: dict[str, tuple[bytes, str]] = {
    "one name many times": (b"a=&" * 200_000, FORM),
    "many names": ("&".join(f"a{n}=1" for n in range(80_000)).encode(), FORM),
    "only separators": (b"&" * 900_000, FORM),
    "one long name": (b"a" * 900_000 + b"=1", FORM),
    "percent signs": (b"a=" + b"%" * 900_000, FORM),
    "many parts": (parts(5_000, filename=False), "multipart/form-data; boundary=B"),
    "many files": (parts(5_000, filename=True), "multipart/form-data; boundary=B"),
    "a long boundary": (b"--" + b"B" * 5_000, "multipart/form-data; boundary=" + "B" * 5_000),
    "no end": (b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 500_000,
               "multipart/form-data; boundary=B"),
    "a head without end": (b"--B\r\n" + b"x: y\r\n" * 50_000, "multipart/form-data; boundary=B"),
    "dashes": (b"--" * 400_000, "multipart/form-data; boundary=-"),
}  # fmt: skip


@pytest.mark.parametrize("how", LARGE)
async def test_a_form_that_is_too_much_is_refused_and_quickly(
    sara: httpx.AsyncClient, how: str, seen: list[Any]
) -> None:
    content, kind = LARGE[how]
    begun = time.process_time()
    answer = await sara.post(PATH, content=content, headers={"content-type": kind})
    assert answer.status_code in (400, 403, 413, 422), answer.status_code
    is_italian_page(answer)
    assert time.process_time() - begun < 5, "so much work for one request is a way to stop the site"
    assert seen == []


async def test_long_addresses_and_heads_are_answered(sara: httpx.AsyncClient) -> None:
    for path in (
        "/matching/?q=" + "a" * 60_000,
        "/" + "a" * 60_000,
        "/matching/?" + "&".join(f"a{n}=" for n in range(9000)),
    ):
        assert (await sara.get(path)).status_code in (200, 404)
    for name in ("user-agent", "accept-language", "x-forwarded-for", "traceparent", "accept", "referer"):
        answer = await sara.get("/matching/", headers={name: "a,;=0." * 10_000})
        assert answer.status_code == 200, name
    answer = await sara.get("/matching/", headers={"cookie": "; ".join(f"a{n}=b" for n in range(3000))})
    assert answer.status_code == 303


async def test_a_slow_body_holds_nobody_up(app: FastAPI, sara: httpx.AsyncClient) -> None:
    never, begun = asyncio.Event(), asyncio.Event()

    async def dripping() -> AsyncIterator[bytes]:
        yield b"csrf="
        begun.set()
        await never.wait()
        yield b"x"

    slow = [
        asyncio.ensure_future(sara.post(PATH, content=dripping(), headers={"content-type": FORM})) for _ in range(50)
    ]
    await asyncio.wait_for(begun.wait(), 10)
    answer = await asyncio.wait_for(sara.get("/matching/"), 10)
    assert answer.status_code == 200
    assert not any(one.done() for one in slow), "the control: they do wait"
    never.set()
    assert {one.status_code for one in await asyncio.gather(*slow)} == {403}


# Sessions


async def test_a_session_cannot_be_chosen_for_somebody(app: FastAPI) -> None:
    """Fixation: neither a session nor a visit that was there before the sign-in lives on in it."""
    planted = sessions.write(sessions.start(reader_of("region")))
    async with browsing(app, None) as client:
        client.cookies.set(sessions.VISIT, "planted-by-somebody")
        client.cookies.set(sessions.COOKIE, planted)
        hidden = hidden_fields((await client.get("/sign-in")).text)
        entered = await client.post("/sign-in", data=hidden | {"account": "u-sara.galli"})
        made = next(c for c in entered.headers.get_list("set-cookie") if c.startswith(sessions.COOKIE + "="))
        mine, theirs = sessions.read(made.partition(";")[0]), sessions.read(f"{sessions.COOKIE}={planted}")
        assert mine is not None
        assert theirs is not None
        assert mine.id != theirs.id
        assert mine.reader.account == "u-sara.galli"
        assert any(c.startswith(f"{sessions.VISIT}=;") for c in entered.headers.get_list("set-cookie"))
    for bad in ("x" * 9000, "..", "é", '"; Path=/', "a.b.c", "%00", "null"):
        async with browsing(app, None) as client:
            answer = await client.get("/matching/", headers={b"cookie": f"{sessions.COOKIE}={bad}".encode()})
            assert answer.status_code == 303, bad


async def test_a_token_of_another_use_is_no_session(app: FastAPI) -> None:
    values = {"id": "a", "reader": ["u-x", "X", "region", "", []], "started": "", "renewed": ""}
    for use in ("oidc", "ticket", "calendar", "csrf"):
        token = signing.sign(use, values, clock.now() + timedelta(minutes=5))
        assert sessions.read(f"{sessions.COOKIE}={token}") is None, use


async def test_pages_are_neither_kept_nor_framed_nor_sniffed(sara: httpx.AsyncClient, app: FastAPI) -> None:
    async with browsing(app, None) as nobody:
        for client in (sara, nobody):
            for path in ("/", "/sign-in", "/matching/", PATH, "/nulla", "/matching/esporta?formato=csv", "/privacy"):
                headers = (await client.get(path)).headers
                assert headers["cache-control"] == "no-store", path
                assert headers["x-frame-options"] == "DENY"
                assert "frame-ancestors 'none'" in headers["content-security-policy"]
                assert headers["x-content-type-options"] == "nosniff"
                assert headers["referrer-policy"] == "same-origin"
                assert "access-control-allow-origin" not in headers
    preflight = await sara.options(
        PATH, headers={"origin": "https://evil.example", "access-control-request-method": "POST"}
    )
    assert "access-control-allow-origin" not in preflight.headers


# What it writes down

BREAKING = (
    'x\r\n{"level":"critical"}', "\x1b[2J\x1b[31mred", '"}\n{"', "\u2028\u2029\x85", "\x9b31m",
     "%s%d{0}", '\\"')  # fmt: skip


@pytest.mark.parametrize("value", BREAKING)
async def test_no_value_breaks_a_line_of_the_log(
    sara: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    caplog.set_level(logging.DEBUG)
    coded = quote(value)
    head = value.encode("utf-8").replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
    await sara.get(f"/matching/guasto/{coded}?q={coded}", headers={b"user-agent": head, b"traceparent": head})
    await sara.get(f"/matching/guasto?q={coded}", headers={b"user-agent": head, b"accept-language": head})
    await sara.post(PATH, data=await fields(sara) | {"notes": value, value: "x"}, headers={b"referer": head})
    await sara.post("/matching/api/companies", json={value: value}, headers={b"idempotency-key": head})
    ours = [one for one in caplog.records if one.name.startswith(("insieme", "services", "shared", "uvicorn"))]
    assert ours, "the control: something was written"
    for line in map(telemetry.TracedLines().format, ours):
        assert len(line.splitlines()) == 1
        assert line.isascii()
        assert line.isprintable()
        assert isinstance(json.loads(line), dict)
        assert len(value) < 4 or value not in json.loads(line)["message"], "what was typed is not written at all"


@pytest.mark.parametrize("value", BREAKING)
def test_a_line_is_one_line_whatever_a_message_holds(value: str) -> None:
    record = logging.LogRecord("insieme.x", logging.ERROR, "p", 1, "told: %s", (value,), None)
    line = telemetry.TracedLines().format(record)
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == f"told: {value}"
