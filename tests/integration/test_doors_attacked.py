"""The three doors as an attacker meets them: tickets forged, stolen, widened, mixed up, names that are code.

Over the real routes of intake's application; the reader is signed in, as an attacker inside the house would be.
"""

from __future__ import annotations

import base64
import csv
import hmac
import io
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from fastapi import FastAPI
from openpyxl import load_workbook
from sqlalchemy import text

from services.intake import commands, doors, forms
from services.intake.app import create_app
from shared import clock
from shared.events import SERVICES
from shared.settings import settings
from shared.store import Command
from shared.vault import Pending
from shared.web import sessions, signing, tickets
from shared.web.exports import COMPOSED_AT_MOST, XLSX
from shared.web.readers import Reader
from shared.web.site import site
from tests.fixtures.platform import NOON, Platform, Running, accepted
from tests.fixtures.web import reader_of

SARA, GIULIA = reader_of("matching_operator"), reader_of("case_manager")
TAGS, COMPOSE = "/intake/doors/tags", "/intake/doors/compose"
EVIL = ('=HYPERLINK("http://x")', "{{7*7}}", "<img src=x onerror=alert(1)>", "Rossi,=1+1", "Rossi\t=1+1", "@SUM(A1)")


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake")


@pytest.fixture
def app(running: Running) -> FastAPI:
    service = create_app()
    service.state.store = running.store("intake")
    return site({"intake": service})


@asynccontextmanager
async def browser(app: FastAPI, reader: Reader) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in; JSON is asked for, so that refusals carry their code."""
    session = sessions.start(reader)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://testserver", headers={"accept": "application/json"}
    ) as client:
        client.cookies.set(sessions.COOKIE, sessions.write(session))
        client.headers["x-test-csrf"] = sessions.csrf(session.id)
        yield client


async def composed(client: httpx.AsyncClient, document: str) -> httpx.Response:
    hidden = {"csrf": client.headers["x-test-csrf"], "form_token": str(uuid4()), "shown": ""}
    return await client.post(COMPOSE, data=hidden | {"document": document})


async def known(running: Running, family_name: str = "Haddad") -> str:
    """Somebody with a name in intake's vault, whatever a form would have said about the name."""
    store, who = running.store("intake"), str(uuid4())
    values = {"family_name": family_name, "given_name": "Amina", "birth_date": "1985-06-10", "tax_code": "SECRET"}
    async with store.engine.begin() as conn:
        pending = Pending()
        await store.vault.seal(conn, pending, str(uuid4()), "identity", who, values, new=True)
        await store.vault.write(conn, pending, NOON)
    return who


async def accesses(running: Running) -> list[tuple[Any, ...]]:
    async with running.store("intake").engine.connect() as conn:
        found = await conn.execute(
            text("select account, action, purpose, subjects, fields from access_log order by at")
        )
        return [tuple(row) for row in found]


def values_of(token: str) -> tuple[str, dict[str, Any]]:
    """What anybody can read in a token, without any key."""
    service, body, _ = token.split(".")
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    return service, orjson.loads(zlib.decompress(raw))


def made_of(service: str, values: dict[str, Any], key: bytes) -> str:
    """A token that an attacker makes, with whatever key."""
    body = base64.urlsafe_b64encode(zlib.compress(orjson.dumps(values))).rstrip(b"=").decode()
    mac = base64.urlsafe_b64encode(hmac.digest(key, body.encode(), "sha256")).rstrip(b"=").decode()
    return f"{service}.{body}.{mac}"


def key_of(secret: str, use: str = "ticket") -> bytes:
    return hmac.digest(settings.secret(secret), b"insieme/" + use.encode(), "sha256")


def table(person: str, **changed: Any) -> dict[str, Any]:
    values = {
        "name": "rosa", "fmt": "csv", "rows": [{"person_id": person, "note": "ok"}],
        "columns": [{"key": "person_id", "title": "Persona", "kind": "person"}, {"key": "note", "title": "Nota"}],
    }  # fmt: skip
    return values | changed


async def test_a_forged_ticket_opens_nothing(running: Running, app: FastAPI) -> None:
    amina, other = await known(running), await known(running, "Bassi")
    good = tickets.sign_ticket(SARA, [amina], ["name"], "matching.view")
    service, values = values_of(good)
    head, body, signature = good.split(".")
    wider = {
        "more persons": values | {"ids": [amina, other]},
        "more fields": values | {"fields": ["name", "tax_code"]},
        "another purpose": values | {"purpose": "matching.place"},
        "more time": values | {"until": values["until"] + 86_400},
        "another reader's": values | {"account": GIULIA.account},
    }
    forged = {f"{how}, old signature": f"{head}.{made_of(service, v, b'').split('.')[1]}.{signature}"
              for how, v in wider.items()}  # fmt: skip
    forged |= {f"{how}, empty key": made_of(service, v, b"") for how, v in wider.items()}
    forged |= {
        "no signature": f"{head}.{body}.", "half of it": good[: len(good) // 2], "nothing": "", "dots": "...",
        "no service": f"{body}.{signature}", "letters": "matching.è.è", "garbage": "matching." + "A" * 5000,
        "another service's name": f"training.{body}.{signature}", "an unknown service": f"x.{body}.{signature}",
        "a secret's name": f"signing_key.{body}.{signature}",
    }  # fmt: skip
    async with browser(app, SARA) as sara:
        for how, token in forged.items():
            answer = await sara.post(TAGS, json={"ticket": token})
            assert (answer.status_code, answer.json()["code"]) == (403, "ticket"), how
            assert "Haddad" not in answer.text
            refused = await composed(sara, token)
            assert refused.status_code in (403, 422), how
        assert await accesses(running) == [], "nobody was seen"
        assert (await sara.post(TAGS, json={"ticket": good})).json() == {"tags": {amina: {"name": "Haddad Amina"}}}


async def test_a_ticket_is_its_readers_and_its_times(
    running: Running, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    amina = await known(running)
    ticket = tickets.sign_ticket(SARA, [amina], ["name"], "matching.view")
    document = tickets.sign_document(SARA, "table", [amina], table(amina), "matching.export")
    async with browser(app, GIULIA) as giulia:  # who got hold of it
        assert (await giulia.post(TAGS, json={"ticket": ticket})).status_code == 403
        assert (await composed(giulia, document)).status_code == 403
    async with browser(app, SARA) as sara, browser(app, SARA) as at_home:
        # Twice by the same reader, in another browser as well, is allowed within its time; each is a row of the log.
        for one in (sara, sara, at_home):
            assert (await one.post(TAGS, json={"ticket": ticket})).status_code == 200
            assert (await composed(one, document)).status_code == 200
        row = (SARA.account, "tags", "matching.view", [amina], ["name"])
        assert [found for found in await accesses(running) if found[1] == "tags"] == [row] * 3
        assert len(await accesses(running)) == 6
        real = clock.now
        monkeypatch.setattr(clock, "now", lambda: real() + tickets.LIFE + timedelta(seconds=1))
        sara.cookies.set(sessions.COOKIE, sessions.write(sessions.start(SARA)))
        assert (await sara.post(TAGS, json={"ticket": ticket})).json()["code"] == "ticket"
        assert (await at_home.post(TAGS, json={"ticket": ticket})).status_code in (200, 401, 403)
        assert len(await accesses(running)) == 6


async def test_a_ticket_is_no_document_and_no_session(running: Running, app: FastAPI) -> None:
    amina = await known(running)
    ticket = tickets.sign_ticket(SARA, [amina], ["name"], "matching.view")
    document = tickets.sign_document(SARA, "table", [amina], table(amina), "matching.export")
    cookie = sessions.write(sessions.start(SARA))
    async with browser(app, SARA) as sara:
        for token in (document, cookie, f"matching.{cookie}", sara.headers["x-test-csrf"]):
            assert (await sara.post(TAGS, json={"ticket": token})).status_code == 403
        for token in (ticket, cookie, f"matching.{cookie}"):
            assert (await composed(sara, token)).status_code == 403
    async with browser(app, SARA) as sara:
        for token in (ticket.partition(".")[2], document.partition(".")[2], ticket):
            sara.cookies.set(sessions.COOKIE, token)
            assert (await sara.get("/intake/doors/find", params={"q": "Haddad"})).status_code == 401
    assert await accesses(running) == []


async def test_a_service_signs_for_itself_alone(running: Running, app: FastAPI) -> None:
    """With training's key, or the key that all services share, nobody makes a ticket of matching's or intake's."""
    amina = await known(running)
    _, values = values_of(tickets.sign_ticket(SARA, [amina], ["name"], "matching.view"))
    mine = values | {"purpose": "training.view"}
    async with browser(app, SARA) as sara:
        for service, signed, secret, status in (
            ("training", mine, "door_key_training", 200),  # the control: what training may sign
            ("training", values, "door_key_training", 403),  # for a purpose of matching's
            ("training", values | {"purpose": "intake.view"}, "door_key_training", 403),
            ("matching", values, "door_key_training", 403),  # in matching's name
            ("matching", values, "signing_key", 403),
            ("training", values | {"purpose": "training.enrol"}, "door_key_training", 403),  # no right of Sara's
            ("training", values | {"purpose": "training.everything"}, "door_key_training", 403),
            ("training", values | {"purpose": ""}, "door_key_training", 403),
        ):
            answer = await sara.post(TAGS, json={"ticket": made_of(service, signed, key_of(secret))})
            assert answer.status_code == status, (service, signed["purpose"], secret)
    assert [row[2] for row in await accesses(running)] == ["training.view"]
    assert len({settings.secret(f"door_key_{service}") for service in SERVICES}) == len(SERVICES)


async def test_a_service_asks_for_names_and_not_for_tax_codes(running: Running, app: FastAPI) -> None:
    amina = await known(running)
    dpo = reader_of("dpo")
    async with browser(app, SARA) as sara, browser(app, dpo) as officer:
        for fields in (["tax_code"], ["name", "phone"], ["secret"], [], ["family_name"]):
            ticket = tickets.sign_ticket(SARA, [amina], fields, "matching.view")
            answer = await sara.post(TAGS, json={"ticket": ticket})
            assert (answer.status_code, answer.json()["code"]) == (403, "fields"), fields
        own = tickets.sign_ticket(dpo, [amina], ["name", "tax_code"], "intake.view")
        assert (await officer.post(TAGS, json={"ticket": own})).json()["tags"][amina]["tax_code"] == "SECRET"
        strange = tickets.sign_ticket(dpo, [amina], ["given_name"], "intake.view")
        assert (await officer.post(TAGS, json={"ticket": strange})).json()["code"] == "fields"


async def test_a_request_cannot_ask_beyond_its_ticket(running: Running, app: FastAPI) -> None:
    amina, luca = await known(running), await known(running, "Bassi")
    ticket = tickets.sign_ticket(SARA, [amina], ["name"], "matching.view")
    many = tickets.sign_ticket(
        SARA, [str(uuid4()) for _ in range(doors.TAGS_AT_MOST)] + [amina], ["name"], "matching.view"
    )
    async with browser(app, SARA) as sara:
        asked = await sara.post(TAGS, json={"ticket": ticket, "ids": [amina, luca], "fields": ["tax_code"]})
        assert asked.json() == {"tags": {amina: {"name": "Haddad Amina"}}}
        assert (await sara.post(TAGS, json={"ticket": ticket, "ids": [luca]})).json() == {"tags": {}}
        too_many = await sara.post(TAGS, json={"ticket": many})
        assert (too_many.status_code, too_many.json()["code"]) == (422, "too_many")
        piece = await sara.post(TAGS, json={"ticket": many, "ids": [amina]})
        assert piece.json() == {"tags": {amina: {"name": "Haddad Amina"}}}
        bodies: list[Any] = [
            {"ticket": ticket, "ids": [amina] * 1001}, {"ticket": ticket, "ids": "x"}, {"ticket": [ticket]},
            {"ticket": "A" * 200_001}, {}, [], {"ticket": None},
        ]  # fmt: skip
        for body in bodies:
            assert (await sara.post(TAGS, json=body)).status_code == 422
    assert [row[3] for row in await accesses(running)] == [[amina], [amina]], "and nobody else was seen"


async def test_what_a_service_signs_badly_is_refused_and_no_name_is_shown(running: Running, app: FastAPI) -> None:
    """A mistake of a service of ours must be a sentence, neither a 500 nor a name."""
    amina = await known(running)
    bad = {
        "unknown template": ("letter", table(amina)),
        "a file's path as template": ("../../etc/passwd", table(amina)),
        "template code as template": ("{{7*7}}", table(amina)),
        "no data": ("table", {}),
        "another format": ("table", table(amina, fmt="pdf")),
        "no columns": ("table", table(amina, columns=None)),
        "columns of another shape": ("table", table(amina, columns=[{"key": "a"}])),
        "a kind that is none": ("table", table(amina, columns=[{"key": "a", "title": "A", "kind": "formula"}])),
        "rows of another shape": ("table", table(amina, rows=["a"])),
        "too many rows": ("table", table(amina, rows=[{}] * (COMPOSED_AT_MOST + 1))),
    }  # fmt: skip
    async with browser(app, SARA) as sara:
        for how, (template, data) in bad.items():
            document = tickets.sign_document(SARA, template, [amina], data, "matching.export")
            answer = await composed(sara, document)
            assert answer.status_code == 422, (how, answer.text)
            assert "Haddad" not in answer.text
        never = table(amina, columns=[{"key": "note", "title": "N", "kind": "date"}], rows=[{"note": "mai"}])
        answer = await composed(sara, tickets.sign_document(SARA, "table", [], never, "matching.export"))
        assert (answer.status_code, answer.json()["code"]) == (422, "document")
        slots = [str(uuid4()) for _ in range(COMPOSED_AT_MOST + 1)]
        document = tickets.sign_document(SARA, "table", slots, table(amina), "matching.export")
        assert (await composed(sara, document)).json()["code"] == "too_many"
        _, values = values_of(tickets.sign_ticket(SARA, [amina], ["name"], "matching.view"))
        for name, wrong in (
            ("ids", amina),
            ("ids", None),
            ("ids", [1]),
            ("fields", {}),
            ("purpose", 7),
            ("account", 7),
        ):
            signed = made_of("matching", values | {name: wrong}, key_of("door_key_matching"))
            assert (await sara.post(TAGS, json={"ticket": signed})).status_code == 403, (name, wrong)
            lacking = {k: v for k, v in values.items() if k != name}
            signed = made_of("matching", lacking, key_of("door_key_matching"))
            assert (await sara.post(TAGS, json={"ticket": signed})).status_code == 403, name
    assert await accesses(running) == []


async def test_code_in_names_and_data_stays_text(running: Running, app: FastAPI) -> None:
    people = {await known(running, evil): evil for evil in EVIL}
    data = {
        "rows": [{"person_id": person, "note": evil} for person, evil in people.items()], "name": '../"{{7*7}}\r\nx: y',
        "columns": [{"key": "person_id", "title": "=Persona", "kind": "person"}, {"key": "note", "title": "Nota"}],
    }  # fmt: skip
    async with browser(app, SARA) as sara:
        ticket = tickets.sign_ticket(SARA, list(people), ["name"], "matching.view")
        tags = await sara.post(TAGS, json={"ticket": ticket})
        assert tags.headers["content-type"] == "application/json"
        assert tags.headers["x-content-type-options"] == "nosniff"
        assert {one["name"] for one in tags.json()["tags"].values()} == {f"{evil} Amina" for evil in EVIL}

        document = tickets.sign_document(SARA, "table", list(people), data | {"fmt": "csv"}, "matching.export")
        answer = await composed(sara, document)
        assert answer.headers["content-disposition"] == 'attachment; filename="------7-7----x--y.csv"'
        assert "49 Amina" not in answer.text
        cells = [
            cell for row in csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";") for cell in row
        ]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]
        # LibreOffice offers to split at commas and tabs as well: within quotes it does not.
        assert answer.text.count('"Rossi,=1+1') == answer.text.count('"Rossi\t=1+1') == 2
        assert answer.text.count("<img") == 2, "a name is not cut either"

        document = tickets.sign_document(SARA, "table", list(people), data | {"fmt": "xlsx"}, "matching.export")
        answer = await composed(sara, document)
        assert answer.headers["content-type"] == XLSX
        sheet = load_workbook(io.BytesIO(answer.content)).active
        assert sheet is not None
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}, "no cell is a formula"
        assert {row[0].value for row in sheet.iter_rows(min_row=2)} == {f"{evil} Amina" for evil in EVIL}


async def test_code_in_a_name_is_text_on_a_page(running: Running, app: FastAPI) -> None:
    """Registered by the real form, found by the header's search: the page writes what was typed, as text."""
    values = {
        "family_name": "<img src=x onerror=alert(1)>", "given_name": "{{7*7}}", "birth_date": "1985-06-10",
        "birth_place": "Bologna", "sex": "F", "citizenship": "IT", "phone": "+39 333 1234567", "municipality": "037006",
        "quartiere": "navile", "education": "upper_secondary", "languages": ["it"], "commute_minutes": 45,
        "channel": "parish", "on": "2024-03-04", "declared": True,
    }  # fmt: skip
    store = running.store("intake")
    form = forms.RegisterForm.model_validate(values)
    person = accepted(await commands.register(store, Command(str(uuid4()), "u-elena.conti", running.now), form))
    await running.quiet()
    async with browser(app, GIULIA) as giulia:
        giulia.headers["accept"] = "text/html"
        for path in ("/intake/cerca?q=onerror", f"/intake/persone/{person.events[0].event.subject}"):
            shown = (await giulia.get(path)).text
            assert "&lt;img src=x onerror=alert(1)&gt;" in shown, path
            assert "<img src=x" not in shown
            assert "{{7*7}}" in shown


async def test_an_erased_person_has_no_name_at_any_door(running: Running, app: FastAPI) -> None:
    amina, luca = await known(running), await known(running, "Bassi")
    ticket = tickets.sign_ticket(SARA, [amina, luca], ["name"], "matching.view")
    document = tickets.sign_document(SARA, "table", [amina, luca], table(amina), "matching.export")
    store = running.store("intake")
    async with browser(app, SARA) as sara:
        assert set((await sara.post(TAGS, json={"ticket": ticket})).json()["tags"]) == {amina, luca}, "the control"
        assert "Haddad" in (await composed(sara, document)).text
        async with store.engine.begin() as conn:
            await store.vault.erase(conn, amina)
        assert set((await sara.post(TAGS, json={"ticket": ticket})).json()["tags"]) == {luca}
        answer = await composed(sara, document)
        assert "Haddad" not in answer.text
        assert amina in answer.text
    assert [row[3] for row in (await accesses(running))[2:]] == [[luca], [luca]], "nobody saw her"


async def test_who_has_no_right_to_the_doors_finds_them_shut(running: Running, app: FastAPI) -> None:
    amina, region = await known(running), reader_of("region")
    ticket = tickets.sign_ticket(region, [amina], ["name"], "reporting.view")
    document = tickets.sign_document(region, "table", [amina], table(amina), "reporting.export")
    async with browser(app, region) as nobody:
        assert (await nobody.post(TAGS, json={"ticket": ticket})).status_code == 403
        assert (await composed(nobody, document)).status_code == 403
        assert (await nobody.get("/intake/doors/find", params={"q": "Haddad"})).status_code == 403
        nobody.cookies.clear()
        assert (await nobody.post(TAGS, json={"ticket": ticket})).status_code == 401
    async with browser(app, SARA) as sara:
        stolen = await sara.post(COMPOSE, data={"document": document, "csrf": "x", "form_token": str(uuid4())})
        assert stolen.status_code == 403
        assert (
            await sara.post(TAGS, json={"ticket": ticket}, headers={"origin": "https://evil.example"})
        ).status_code == 403
    assert await accesses(running) == []


def test_a_use_is_a_key() -> None:
    """The same values under another use or secret have another signature."""
    until = clock.now() + timedelta(minutes=1)
    token = signing.sign("ticket", {"a": 1}, until, "door_key_training")
    assert signing.unsign("ticket", token, "door_key_training") == {"a": 1}
    for use, secret in (("document", "door_key_training"), ("ticket", "door_key_matching"), ("ticket", signing.SHARED)):
        with pytest.raises(signing.BadToken):
            signing.unsign(use, token, secret)
