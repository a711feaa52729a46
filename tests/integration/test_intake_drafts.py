"""Drafts of forms on a real PostgreSQL: sealed, one's own, gone when the form was accepted or after some days."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from services.intake import commands, forms
from services.intake.commands import drafts
from services.intake.domain.parameters import parameter
from shared import clock
from shared.store import Store
from shared.web import sessions
from tests.fixtures.intake import browser
from tests.fixtures.platform import Platform, Running, accepted

ELENA, MARCO, SARA = "u-elena.conti", "u-marco.ferri", "u-sara.galli"
FORM = "/intake/registra/rapida"
LUCA: dict[str, Any] = {
    "family_name": "Bassi", "given_name": "Luca", "birth_date": "1990-02-01", "sex": "M", "citizenship": "IT",
    "municipality": "037006", "channel": "desk", "on": "2024-03-04",
}  # fmt: skip


def scripted(running: Running, account: str) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """The page's script."""
    return browser(running, account, "application/json")


async def keep(
    client: httpx.AsyncClient, values: dict[str, str], token: str = "", form: str = FORM, **changes: Any
) -> httpx.Response:
    body = {"csrf": client.headers["x-test-csrf"], "form": form, "token": token or str(uuid4())}
    return await client.post("/intake/bozze", json=body | {"fields": list(values.items())} | changes)


async def kept(client: httpx.AsyncClient, form: str = FORM) -> dict[str, str] | None:
    answer = await client.get("/intake/bozze", params={"form": form})
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()["drafts"].get(form)
    return dict(found["fields"]) if found else None


@pytest.fixture
async def running(platform: Platform) -> Running:
    made = await platform("intake")
    made.now = clock.now()
    return made


async def count(store: Store) -> int:
    async with store.engine.connect() as conn:
        return int(await conn.scalar(text("select count(*) from drafts")) or 0)


async def test_what_was_typed_comes_back_to_whom_typed_it_alone(running: Running) -> None:
    async with (
        scripted(running, ELENA) as elena,
        scripted(running, MARCO) as marco,
    ):
        assert (await keep(elena, {"family_name": "Bassi"})).status_code == 204
        assert (await keep(elena, {"family_name": "Bassi", "given_name": "Luca"})).status_code == 204
        assert await kept(elena) == {"family_name": "Bassi", "given_name": "Luca"}
        assert await kept(marco) is None
        keys = [(await one.get("/intake/bozze", params={"form": FORM})).json()["key"] for one in (elena, elena, marco)]
        assert keys[0] == keys[1] != keys[2]
    assert await count(running.store("intake")) == 1


async def test_the_table_says_nothing_of_what_was_typed(running: Running) -> None:
    store = running.store("intake")
    async with scripted(running, ELENA) as elena:
        await keep(elena, {"family_name": "Haddad"})
    async with store.engine.begin() as conn:
        sealed = bytes(await conn.scalar(text("select sealed from drafts")) or b"")
        assert b"Haddad" not in sealed
        # Under another account or form the same bytes open nothing.
        await conn.execute(text("update drafts set account = :marco"), {"marco": MARCO})
    assert await drafts.load(store, MARCO, [FORM], clock.now()) == {}


async def test_an_accepted_form_takes_its_draft_away_a_refused_one_does_not(running: Running) -> None:
    token = str(uuid4())
    async with scripted(running, ELENA) as elena:
        hidden = {"csrf": elena.headers["x-test-csrf"], "form_token": token, "shown": ""}
        await keep(elena, LUCA, token)
        other = f"/intake/persone/{uuid4()}/colloquio"
        await keep(elena, {"notes": "Parla bene."}, form=other)
        refused = await elena.post(FORM, data=hidden | LUCA | {"family_name": ""})
        assert refused.status_code == 422
        assert await kept(elena) is not None
        assert (await elena.post(FORM, data=hidden | LUCA)).status_code == 303
        assert await kept(elena) is None
        assert await kept(elena, other) == {"notes": "Parla bene."}


async def test_who_is_signed_out_meanwhile_keeps_the_draft(running: Running) -> None:
    """The form leads to the sign-in with a 303 as well: that is no acceptance."""
    token = str(uuid4())
    async with scripted(running, ELENA) as elena:
        await keep(elena, LUCA, token)
        hidden = {"csrf": elena.headers["x-test-csrf"], "form_token": token, "shown": ""}
        answer = await elena.post(
            FORM, data=hidden | LUCA, headers={"cookie": f"{sessions.COOKIE}=gone", "accept": "text/html"}
        )
        assert answer.status_code in (303, 401)
        assert await kept(elena) == LUCA


async def test_a_draft_can_be_thrown_away(running: Running) -> None:
    async with scripted(running, ELENA) as elena:
        await keep(elena, LUCA)
        body = {"csrf": elena.headers["x-test-csrf"], "form": FORM}
        assert (await elena.post("/intake/bozze/scarta", json=body)).status_code == 204
        assert await kept(elena) is None


async def test_drafts_end_after_their_days(running: Running) -> None:
    store, worker = running.store("intake"), running.workers["intake"]
    days = parameter("draft_days", clock.today())
    long_ago, lately = clock.now() - timedelta(days=days, minutes=1), clock.now() - timedelta(days=days - 2)
    await drafts.save(store, ELENA, FORM, str(uuid4()), [("family_name", "Haddad")], long_ago)
    await drafts.save(store, ELENA, "/intake/registra", str(uuid4()), [("family_name", "Bassi")], lately)
    assert await drafts.load(store, ELENA, [FORM], clock.now()) == {}  # over, though nobody has deleted it yet
    await worker.deadlines()
    assert list(await drafts.load(store, ELENA, [FORM, "/intake/registra"], clock.now())) == ["/intake/registra"]
    assert await count(store) == 1
    await worker.deadlines()
    assert await count(store) == 1


async def test_a_persons_drafts_go_with_the_person(running: Running) -> None:
    store = running.store("intake")
    values = forms.RegisterForm.model_validate(LUCA | {"education": "none", "quartiere": "savena"})
    luca = accepted(await commands.register(store, running.command(), values)).events[0].event.subject
    await drafts.save(store, ELENA, f"/intake/persone/{luca}/colloquio", str(uuid4()), [("notes", "x")], clock.now())
    await drafts.save(store, ELENA, f"/intake/persone/{uuid4()}/piano", str(uuid4()), [("notes", "y")], clock.now())
    async with store.engine.begin() as conn:
        assert await drafts.forget(conn, luca) == 1
    assert await count(store) == 1


async def test_what_is_no_draft_is_refused(running: Running) -> None:
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"form": "/matching/aziende"}, 422),
        ({"form": "/intake/registra?q=Haddad"}, 422),
        ({"csrf": "x"}, 403),
        ({"token": "no-uuid"}, 422),
        ({"fields": [["notes", "x" * 20_001]]}, 422),
        ({"fields": [[f"f{n}", "x" * 10_000] for n in range(30)]}, 413),
        ({"fields": [["notes"]]}, 422),
        ({"more": 1}, 422),
    ]
    async with scripted(running, ELENA) as elena:
        for changes, status in wrong:
            assert (await keep(elena, LUCA, **changes)).status_code == status, changes
    assert await count(running.store("intake")) == 0


async def test_who_has_no_forms_here_has_no_drafts(running: Running) -> None:
    async with scripted(running, SARA) as sara:
        assert (await keep(sara, LUCA)).status_code == 403
        assert (await sara.get("/intake/bozze", params={"form": FORM})).status_code == 403
