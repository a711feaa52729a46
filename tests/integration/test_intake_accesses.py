"""Need to know: who is out of scope is refused, the glass can be broken and is seen to be, every look and every sign-in
is a row that nobody can change and that goes only after its term."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy import text

from services.intake import accesses, commands, doors, forms
from services.intake.app import create_app
from services.intake.domain.emergency import open_to
from shared import clock, db
from shared.events.intake import TakenInCharge
from shared.web import sessions, tickets
from shared.web.front import ENTRANCE
from shared.web.readers import accounts
from shared.web.site import site
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.web import hidden_fields
from tests.integration.test_scopes import fact, say

ELENA, MARCO, GIULIA, DAVIDE, STEFANO, NADIA = (
    "u-elena.conti", "u-marco.ferri", "u-giulia.rossi", "u-davide.neri", "u-stefano.leoni", "u-nadia.rizzo",
)  # fmt: skip
MOTIVE = {"reason": "absence", "motive": "Il collega è in ferie e la persona ha un colloquio domani."}


@pytest.fixture
async def running(platform: Platform) -> Running:
    made = await platform("intake")
    made.now = clock.now()
    return made


@pytest.fixture
def app(running: Running) -> FastAPI:
    intake = create_app()
    intake.state.store = running.store("intake")
    return site({"intake": intake})


@asynccontextmanager
async def browser(app: FastAPI, account: str | None) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        if account is not None:
            client.cookies.set(sessions.COOKIE, sessions.write(sessions.start(accounts()[account])))
        yield client


async def person(
    running: Running, manager: str | None = DAVIDE, municipality: str = "037032", born: str = "1985-06-10"
) -> str:
    """Amina, whom Davide follows in Imola."""
    store, today = running.store("intake"), clock.today().isoformat()
    place = {"municipality": municipality} | ({"quartiere": "navile"} if municipality == "037006" else {})
    values = forms.RegisterForm.model_validate({
        "family_name": "Haddad", "given_name": "Amina", "birth_date": born, "sex": "F", "citizenship": "Z330",
        "education": "upper_secondary", "channel": "parish", "on": today, "declared": True,
    } | place)  # fmt: skip
    person_id = accepted(await commands.register(store, running.command(ELENA), values)).events[0].meta.subject
    if manager is not None:
        await say(store, running, ELENA, fact(TakenInCharge, person_id=person_id, case_manager=manager, on=today))
    await running.quiet()
    return person_id


async def post(client: httpx.AsyncClient, page: str, action: str, **values: str) -> httpx.Response:
    shown = await client.get(page)
    assert shown.status_code == 200, shown.text
    return await client.post(action, data=hidden_fields(shown.text, action) | values)


async def rows(running: Running, columns: str = "account, action, purpose", where: str = "true") -> list[Any]:
    async with running.store("intake").engine.connect() as conn:
        found = await conn.execute(text(f"select {columns} from access_log where {where} order by at"))
        return [tuple(row) for row in found]


# Breaking the glass


async def test_the_glass_is_broken_for_hours_and_both_see_it(
    running: Running, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    amina = await person(running)
    here = f"/intake/persone/{amina}"
    async with browser(app, GIULIA) as giulia, browser(app, DAVIDE) as davide, browser(app, STEFANO) as stefano:
        shut = await giulia.get(here)
        assert shut.status_code == 403
        assert "Questa persona non è del tuo ente" in shut.text
        assert "Haddad" not in shut.text
        assert f'href="{here}/emergenza"' in shut.text
        form = await giulia.get(f"{here}/emergenza")
        assert "Haddad" not in form.text
        short = await post(giulia, f"{here}/emergenza", f"{here}/emergenza", reason="absence", motive="serve")
        assert short.status_code == 422
        opened = await post(giulia, f"{here}/emergenza", f"{here}/emergenza", **MOTIVE)
        assert opened.status_code == 303, opened.text
        seen = await giulia.get(here)
        assert (seen.status_code, "Haddad Amina" in seen.text) == (200, True)
        assert "/chiusura" not in seen.text, "what is decided on the case stays with who follows it"
        refused = await giulia.post(f"{here}/chiusura", data=hidden_fields(seen.text))
        assert refused.status_code == 403
        await running.quiet()
        assert (await giulia.get(here)).status_code == 200
        # At once on the case manager's page, and on the officer's, who marks it as seen.
        today = (await davide.get("/intake/")).text
        assert "aperte in emergenza" in today
        assert "Giulia Rossi" in today
        assert "aperte in emergenza" not in (await giulia.get("/intake/")).text
        listed = (await stefano.get("/intake/emergenze")).text
        assert "Il collega è in ferie" in listed
        action = re.search(r'action="(/intake/emergenze/[^"]+)"', listed)
        assert action is not None
        assert (await post(stefano, "/intake/emergenze", action[1])).status_code == 303
        assert (await stefano.post(action[1], data=hidden_fields(listed, action[1]))).status_code in (303, 409)
        await running.quiet()
        assert "Segna esaminata" not in (await stefano.get("/intake/emergenze")).text
        # The hours pass.
        now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=3, minutes=59))
        giulia.cookies.set(sessions.COOKIE, sessions.write(sessions.start(accounts()[GIULIA])))
        assert (await giulia.get(here)).status_code == 200
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=4, minutes=1))
        giulia.cookies.set(sessions.COOKIE, sessions.write(sessions.start(accounts()[GIULIA])))
        assert (await giulia.get(here)).status_code == 403
    recorded = await running.store("intake").history(amina)
    assert [one.event.TYPE for one in recorded][-2:] == ["intake.emergency-opened", "intake.emergency-reviewed"]
    assert b"ferie" not in b"".join(one.event.model_dump_json().encode() for one in recorded)
    assert open_to([(one.event, one.meta.time) for one in recorded], recorded[-1].meta.time) == {GIULIA}


async def test_the_glass_opens_one_person_to_one_reader(running: Running, app: FastAPI) -> None:
    amina, luca = await person(running), await person(running, born="1990-01-02")
    async with browser(app, GIULIA) as giulia, browser(app, ELENA) as elena, browser(app, NADIA) as nadia:
        here = f"/intake/persone/{amina}/emergenza"
        assert (await post(giulia, here, here, **MOTIVE)).status_code == 303
        assert (await giulia.get(f"/intake/persone/{amina}")).status_code == 200
        assert (await giulia.get(f"/intake/persone/{luca}")).status_code == 403
        assert (await elena.get(f"/intake/persone/{amina}")).status_code == 403, "Elena works in Bologna"
        assert (await nadia.get(here)).status_code == 403, "an administrator has no reason to"


# Lists and doors


async def test_names_out_of_scope_go_through_no_door(running: Running, app: FastAPI) -> None:
    amina = await person(running)
    near = await person(running, None, "037006", "1990-01-02")
    elena = accounts()[ELENA]
    async with browser(app, ELENA) as client:
        ticket = tickets.sign_ticket(elena, [amina, near], ["name"], "intake.view")
        told = (await client.post("/intake/doors/tags", json={"ticket": ticket})).json()
        assert list(told["tags"]) == [near]
        found = (await client.get("/intake/cerca?q=haddad")).text
        assert f"/intake/persone/{near}" in found
        assert f'href="/intake/persone/{amina}/emergenza"' in found
        assert found.count("Haddad Amina") == 1
        listed = (await client.get("/intake/persone")).text
        assert (near in listed, amina in listed) == (True, False)
        people = (await client.get("/intake/api/people")).json()
        assert [one["person_id"] for one in people["people"]] == [near]
    found_by = await rows(running, "account, action, subjects")
    assert (ELENA, "tags", [near]) in found_by
    assert (ELENA, "find", [near]) in found_by


# Every look is a row


async def test_every_look_is_a_row_with_who_and_why(running: Running, app: FastAPI) -> None:
    amina = await person(running, GIULIA)
    here = f"/intake/persone/{amina}"
    async with browser(app, GIULIA) as giulia:
        assert (await post(giulia, here, f"{here}/note", note="Preferisce il mattino.")).status_code == 303
        looks = {
            here: ("view", "intake.view", ["identity", "notes"]),
            f"{here}/riepilogo": ("view", "intake.summary", ["identity", "notes"]),
            f"{here}/valutazione": ("view", "intake.view", ["name", "assessment"]),
            f"{here}/verifiche": ("view", "intake.view", ["name", "checks"]),
            f"{here}/anagrafica": ("view", "intake.view", ["identity"]),
            "/intake/cerca?q=haddad": ("find", "intake.find", ["name", "birth_date"]),
            "/intake/cerca?q=nessuna": ("find", "intake.find", ["name", "birth_date"]),
            "/intake/persone/esporta": ("export", "intake.export", ["facts"]),
        }
        for address, (action, purpose, fields) in looks.items():
            before = len(await rows(running))
            assert (await giulia.get(address)).status_code == 200, address
            (row,) = (await rows(running, "account, role, organisation, action, purpose, fields, subjects"))[before:]
            assert row[:5] == (GIULIA, "case_manager", "Fondazione San Petronio", action, purpose), address
            assert row[5] == fields, address
            assert row[6] == ([] if "nessuna" in address else [amina]), address
    async with browser(app, STEFANO) as stefano:
        of_her = (await stefano.get(f"/intake/accessi?persona={amina}")).text
        assert "Giulia Rossi" in of_her
        assert "Fondazione San Petronio" in of_her
        assert "stampare il riepilogo di un percorso" in of_her
        assert "Giulia Rossi" in (await stefano.get(f"/intake/accessi?operatore={GIULIA}")).text
        assert "Nessun accesso" in (await stefano.get(f"/intake/accessi?operatore={MARCO}")).text
    async with browser(app, ELENA) as elena:
        assert (await elena.get("/intake/accessi")).status_code == 403


# What nobody can change, and how long it stays


async def test_neither_journal_can_be_changed_as_the_services_role(running: Running) -> None:
    for table in ("access_log", "sign_ins"):
        for statement in (f"update {table} set account = 'x'", f"delete from {table}", f"truncate {table}"):
            async with running.store("intake").engine.connect() as conn:
                with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                    await conn.execute(text(statement))


async def test_a_sign_in_cannot_be_changed_even_by_the_tables_owner(running: Running, app: FastAPI) -> None:
    async with browser(app, None) as client:
        await sign_in(client, NADIA)
    owner = db.admin_engine(running.settings)
    schema = db.schema_name("intake", running.settings)
    try:
        for statement in ("update {0}.sign_ins set account = 'x'", "delete from {0}.sign_ins", "truncate {0}.sign_ins"):
            async with owner.connect() as conn:
                with pytest.raises(sa.exc.DBAPIError, match="kept unaltered"):
                    await conn.execute(text(statement.format(f'"{schema}"')))
    finally:
        await owner.dispose()
    assert [one[1] for one in await signed(running)] == ["in"]


async def sign_in(client: httpx.AsyncClient, account: str) -> httpx.Response:
    csrf = re.search(r'name="csrf" value="([^"]+)"', (await client.get("/sign-in")).text)
    assert csrf is not None
    token = {"csrf": csrf[1], "form_token": str(uuid4()), "shown": ""}
    return await client.post("/sign-in", data=token | {"account": account, "next": "/"})


async def signed(running: Running) -> list[Any]:
    async with running.store("intake").engine.connect() as conn:
        found = await conn.execute(text("select account, event, role, reason, address from sign_ins order by at"))
        return [tuple(row) for row in found]


async def test_every_sign_in_refusal_and_exit_is_written_down(running: Running, app: FastAPI) -> None:
    async with browser(app, None) as client:
        assert (await sign_in(client, "u-nessuno")).status_code == 422
        assert (await sign_in(client, NADIA)).status_code == 303
        csrf = re.search(r'name="csrf" value="([^"]+)"', (await client.get("/")).text)
        assert csrf is not None
        assert (await client.post("/sign-in/out", data={"csrf": csrf[1]})).status_code == 303
    assert [row[:4] for row in await signed(running)] == [
        ("u-nessuno", "failed", "", "unknown"), (NADIA, "in", "administrator", ""), (NADIA, "out", "administrator", ""),
    ]  # fmt: skip
    async with browser(app, STEFANO) as stefano:
        shown = (await stefano.get("/intake/accessi/utenti")).text
        assert "accesso rifiutato" in shown
        assert "Nadia Rizzo" in shown
    async with browser(app, NADIA) as nadia:
        assert (await nadia.get("/intake/accessi/utenti")).status_code == 403, "not who is watched"


async def test_a_session_of_the_front_opens_nothing_until_it_is_written_down(running: Running, app: FastAPI) -> None:
    front = site({})
    front.state.entrance = ENTRANCE
    async with browser(front, None) as outside, browser(app, None) as inside:
        assert (await sign_in(outside, GIULIA)).headers["location"] == "/intake/entrata?next=/"
        inside.cookies.set(sessions.COOKIE, outside.cookies[sessions.COOKIE])
        assert (await inside.get("/intake/")).headers["location"].startswith("/sign-in")
        assert await signed(running) == []
        assert (await inside.get("/intake/entrata?next=/intake/")).headers["location"] == "/intake/"
        assert (await inside.get("/intake/")).status_code == 200
    assert [row[:2] for row in await signed(running)] == [(GIULIA, "in")]


async def _age(running: Running, days: int) -> None:
    """A look and a sign-in of so many days ago."""
    at = clock.now() - timedelta(days=days)
    async with running.store("intake").engine.begin() as conn:
        values = {"at": at, "id": str(uuid4()), "account": GIULIA, "role": "", "organisation": ""}
        await conn.execute(doors.LOG, values | {"action": "view", "purpose": "p", "subjects": [], "fields": []})
        await conn.execute(
            text("insert into sign_ins values (cast(:id as uuid), :at, 'in', :account, '', '', 'demo', '', '')"),
            {"id": values["id"], "at": at, "account": GIULIA},
        )


async def _ages(running: Running) -> dict[str, list[int]]:
    found = {}
    async with running.store("intake").engine.connect() as conn:
        for table in ("access_log", "sign_ins"):
            at = await conn.execute(text(f"select at from {table} order by at desc"))
            found[table] = [(clock.now() - one).days for one in at.scalars()]
    return found


async def test_what_is_past_its_term_goes_and_the_last_six_months_stay_whatever_is_asked(running: Running) -> None:
    for days in (10, 150, 200, 400):
        await _age(running, days)
    store = running.store("intake")
    assert await accesses.Forgetting()(store, clock.now()) is False
    assert await _ages(running) == {"access_log": [10, 150, 200], "sign_ins": [10, 150, 200]}
    # Even asked to forget everything, the functions keep six months.
    async with store.engine.begin() as conn:
        for table in ("access_log", "sign_ins"):
            await conn.execute(text(f"select forget_{table}(:all)"), {"all": clock.now() + timedelta(days=1)})
    assert await _ages(running) == {"access_log": [10, 150], "sign_ins": [10, 150]}


async def test_the_chore_works_once_a_day(running: Running) -> None:
    chore, now = accesses.Forgetting(), clock.now()
    await chore(running.store("intake"), now)
    await _age(running, 400)
    await chore(running.store("intake"), now)
    assert (await _ages(running))["access_log"] == [400]
    await chore(running.store("intake"), now + timedelta(days=1))
    assert (await _ages(running))["access_log"] == []


def test_an_opening_lasts_its_hours() -> None:
    assert open_to([], datetime.now(clock.ROME)) == frozenset()


async def test_the_file_of_accesses_is_whole_or_not_at_all(
    running: Running, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    amina, luca = str(uuid4()), str(uuid4())
    async with running.store("intake").engine.begin() as conn:
        for subjects in ([amina, luca], [luca], []):
            await doors.log_access(conn, accounts()[GIULIA], "list", "intake.read", subjects, ["name"])

    async def lines(client: httpx.AsyncClient, **asked: str) -> list[str]:
        answer = await client.get("/intake/accessi/esporta", params=asked)
        assert answer.status_code == 200, answer.text
        return [line.rsplit(";", 1)[1] for line in answer.text.splitlines()[1:]]

    async with browser(app, STEFANO) as stefano:
        assert await lines(stefano, operatore=GIULIA) == ["", luca, amina, luca], "a line for each person"
        assert await lines(stefano, operatore=GIULIA, persona=amina) == [amina], "and of those asked for alone"
        monkeypatch.setattr("services.intake.pages.accesses.EXPORTED_AT_MOST", 3)
        refused = await stefano.get("/intake/accessi/esporta", params={"operatore": GIULIA})
        assert refused.status_code == 422
        assert "restringi le date" in refused.text
        assert len(await lines(stefano, operatore=GIULIA, persona=luca)) == 2


async def test_an_access_to_a_long_list_shows_the_first_and_how_many_more(running: Running, app: FastAPI) -> None:
    async with running.store("intake").engine.begin() as conn:
        people = [str(uuid4()) for _ in range(accesses.SHOWN_PEOPLE + 7)]
        await doors.log_access(conn, accounts()[GIULIA], "export", "intake.export", people, ["name"])
    async with browser(app, STEFANO) as stefano:
        shown = (await stefano.get("/intake/accessi", params={"operatore": GIULIA})).text
    assert [one in shown for one in people] == [True] * accesses.SHOWN_PEOPLE + [False] * 7
    assert "e altre 7" in shown
