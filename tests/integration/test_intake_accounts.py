"""The directory on the real database: who is stopped is out everywhere, who moves arrives, nobody's people are lost."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import text

from services.intake import commands, forms
from services.intake.commands import accounts as directory_commands
from services.intake.views.accounts import ORGANISATIONS
from shared.decisions import Refused
from shared.projection.accounts import ACCOUNTS
from shared.replay import replay
from shared.web import front, sessions
from shared.web.readers import Reader, accounts
from shared.web.site import site
from tests.fixtures.intake import GIULIA, follow, register
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.web import hidden_fields

NADIA, DAVIDE, FRANCESCA, OMAR = "u-nadia.rizzo", "u-davide.neri", "u-francesca.sola", "u-omar.said"
IMOLA = "o-comune-imola"
PAGE = "/intake/utenti"


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake")


@pytest.fixture
async def both(platform: Platform) -> Running:
    return await platform("intake", "matching")


@asynccontextmanager
async def browser(running: Running, who: str | Reader, *services: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser signed in at a process of its own: the site over these services (intake alone by default)."""
    apps = {name: importlib.import_module(f"services.{name}.app").create_app() for name in services or ("intake",)}
    for name, app in apps.items():
        app.state.store = running.store(name)
    session = sessions.start(accounts()[who] if isinstance(who, str) else who)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(site(apps)), base_url="http://testserver", headers={"accept": "text/html"},
        cookies={sessions.COOKIE: sessions.write(session)},
    ) as client:  # fmt: skip
        yield client


async def sent(client: httpx.AsyncClient, page: str, action: str, **values: Any) -> httpx.Response:
    """Opens the page and sends its form."""
    shown = await client.get(page)
    assert shown.status_code == 200, shown.text
    return await client.post(action, data=hidden_fields(shown.text, action) | values)


async def until(client: httpx.AsyncClient, path: str, status: int, **json: str) -> httpx.Response:
    """Asks until the answer is that: the look at the directory is a few seconds old at most."""
    async with asyncio.timeout(5):
        while True:
            answer = await client.get(path)
            if answer.status_code == status:
                return answer
            await asyncio.sleep(0.1)


async def stop(running: Running, account: str, why: str = "left", by: str = NADIA) -> Any:
    values = forms.DisableForm.model_validate({"why": why})
    outcome = await directory_commands.disable_account(running.store("intake"), running.command(by), account, values)
    await running.quiet()
    return outcome


async def add(running: Running, login: str, role: str, by: str = NADIA) -> None:
    values = forms.AccountForm.model_validate(
        {"account": login, "name": login.replace(".", " ").title(), "role": role, "organisation": IMOLA}
    )
    accepted(await directory_commands.open_account(running.store("intake"), running.command(by), values))
    await running.quiet()


def written(answer: httpx.Response) -> Reader:
    """The reader in the cookie that this answer sets."""
    session = sessions.read(answer.headers["set-cookie"].split(";")[0])
    assert session is not None
    return session.reader


async def test_who_is_disabled_is_out_of_every_process_within_seconds(both: Running) -> None:
    running = both
    async with browser(running, DAVIDE, "matching") as elsewhere, browser(running, DAVIDE) as davide:
        assert (await elsewhere.get("/matching/")).status_code == 200
        assert (await davide.get("/intake/")).status_code == 200
        accepted(await stop(running, DAVIDE))
        for client, path in ((elsewhere, "/matching/"), (davide, "/intake/")):
            copied = client.cookies[sessions.COOKIE]
            out = await until(client, path, 403)
            assert "Il tuo account è stato disattivato" in out.text
            assert f"{sessions.COOKIE}=;" in out.headers["set-cookie"], "the cookie is taken away"
            client.cookies.set(sessions.COOKIE, copied)
            assert (await client.get("/sign-in/renew")).status_code == 401
            program = await client.get(f"{path}api/{'people' if 'intake' in path else 'companies'}")
            assert (program.status_code, program.json()["code"]) == (403, "account_disabled")
            client.cookies.clear()
            back = await sent(client, "/sign-in", "/sign-in", account=DAVIDE, next=path)
            assert back.status_code == 422
            assert "Il tuo account è stato disattivato" in back.text
            assert "Davide Neri" not in (await client.get("/sign-in")).text
    async with browser(running, NADIA) as nadia:
        assert (await sent(nadia, f"{PAGE}/{DAVIDE}", f"{PAGE}/{DAVIDE}/riattiva")).status_code == 303
    await running.quiet()
    async with browser(running, DAVIDE, "matching") as elsewhere:
        assert (await elsewhere.get("/matching/")).status_code == 200, "and comes back"


async def test_intake_knows_its_own_facts_while_the_log_is_away(running: Running) -> None:
    store = running.store("intake")
    omar = forms.AccountForm(account="omar.said", name="Omar Said", role="case_manager", organisation=IMOLA)
    accepted(await directory_commands.open_account(store, running.command(NADIA), omar))
    left = forms.DisableForm(why="left")
    accepted(await directory_commands.disable_account(store, running.command(NADIA), DAVIDE, left))
    # Nobody publishes or reads: the view is empty.
    async with store.read() as reading:
        assert await reading.rows(sa.select(reading.table(ACCOUNTS))) == []
    async with browser(running, DAVIDE) as davide, browser(running, NADIA) as nadia:
        assert (await davide.get("/intake/")).status_code == 403
        listed = (await nadia.get(PAGE)).text
        assert "Omar Said" in listed
        assert listed.count("disattivato</span>") == 1


async def test_who_moves_has_the_new_role_at_the_next_request_and_the_cookie_says_so(both: Running) -> None:
    running = both
    async with browser(running, DAVIDE, "matching") as elsewhere, browser(running, NADIA) as nadia:
        assert (await elsewhere.get("/matching/aziende/nuova")).status_code == 403
        form = {"role": "matching_operator", "organisation": "o-cna-bologna", "districts": ["imola"]}
        moved = await sent(nadia, f"{PAGE}/{DAVIDE}", f"{PAGE}/{DAVIDE}/modifica", **form)
        assert moved.status_code == 303, moved.text
        await running.quiet()
        reader = written(await until(elsewhere, "/matching/aziende/nuova", 200))
        assert (reader.role, reader.organisation_code, reader.districts) == (
            "matching_operator", "o-cna-bologna", ("imola",),
        )  # fmt: skip
        assert reader.name == "Davide Neri"
    assert [fact.meta.type for fact in await running.store("intake").history(DAVIDE)] == [
        "intake.account-opened", "intake.account-moved",
    ]  # fmt: skip


async def test_cases_pass_to_colleagues_before_the_account_closes(running: Running) -> None:
    person = await register(running)
    await follow(running, person)
    await running.quiet()
    async with browser(running, NADIA) as nadia, browser(running, FRANCESCA) as francesca:
        refused = await sent(nadia, f"{PAGE}/{GIULIA}", f"{PAGE}/{GIULIA}/disattiva", why="left")
        assert refused.status_code == 409
        assert "ha ancora 1 persona in carico" in refused.text
        assert f"/intake/passaggi?da={GIULIA}" in refused.text
        assert "Area sviluppo economico" in refused.text, "the page says whose right it is"
        assert (await nadia.get(f"/intake/passaggi?da={GIULIA}")).status_code == 403
        assert (await nadia.get(f"/intake/persone/{person}")).status_code == 403, "the administrator sees no person"
        elsewhere = {"role": "monitoring", "organisation": "o-fondazione-san-petronio", "districts": []}
        moved = await sent(nadia, f"{PAGE}/{GIULIA}", f"{PAGE}/{GIULIA}/modifica", **elsewhere)
        assert moved.status_code == 409, "nor to a role that follows nobody"
        page = await francesca.get(f"/intake/passaggi?da={GIULIA}")
        assert f'value="{GIULIA}" selected' in page.text
        assert "non può più seguire" not in page.text
        handed = await sent(
            francesca, f"/intake/passaggi?da={GIULIA}", "/intake/passaggi", from_manager=GIULIA, to_managers=DAVIDE,
            motive="leaver",
        )  # fmt: skip
        assert handed.status_code == 303, handed.text
        await running.quiet()
        done = await sent(nadia, f"{PAGE}/{GIULIA}", f"{PAGE}/{GIULIA}/disattiva", why="left")
        assert done.status_code == 303, done.text
        await running.quiet()
        after = (await francesca.get("/intake/passaggi")).text
        await until(francesca, "/intake/passaggi", 200)
        assert "Davide Neri" in after


async def test_an_account_that_must_be_stopped_is_and_its_cases_are_seen_to_wait(running: Running) -> None:
    await follow(running, await register(running))
    await running.quiet()
    assert isinstance(await stop(running, GIULIA), Refused)
    accepted(await stop(running, GIULIA, "security"))
    async with browser(running, NADIA) as nadia, browser(running, FRANCESCA) as francesca:
        listed = (await nadia.get(f"{PAGE}?attivo=no")).text
        assert "casi da passare" in listed
        assert "Davide Neri" not in listed
        page = (await francesca.get("/intake/passaggi")).text
        assert "non può più seguire persone" in page
        assert f'name="to_managers" value="{GIULIA}"' not in page
        assert f'<option value="{GIULIA}"' in page


async def test_forms_offer_who_is_active_with_the_right_and_say_their_names(running: Running) -> None:
    await add(running, "omar.said", "case_manager")
    await add(running, "ines.lodi", "monitoring")
    accepted(await stop(running, DAVIDE))
    person = await register(running)
    await follow(running, person)
    await running.quiet()
    async with browser(running, GIULIA) as giulia:
        for path in (f"/intake/persone/{person}", "/intake/incontri", "/intake/agenda/chiusure"):
            page = (await giulia.get(path)).text
            assert "Omar Said</" in page, path
            assert "Davide Neri</option>" not in page, path
            assert ("Davide Neri (disattivato)" in page) == path.endswith("chiusure"), "their appointments are moved"
            assert "Ines Lodi" not in page, path
        values = {"to_manager": DAVIDE, "motive": "workload"}
        refused = await sent(giulia, f"/intake/persone/{person}", f"/intake/persone/{person}/passaggio", **values)
        assert refused.status_code == 422, "a form made by hand does not get around it"
        passed = await sent(
            giulia,
            f"/intake/persone/{person}",
            f"/intake/persone/{person}/passaggio",
            **(values | {"to_manager": OMAR}),
        )
        assert passed.status_code == 303, passed.text


async def test_the_last_administrator_stays_also_when_two_stop_each_other_at_once(running: Running) -> None:
    assert isinstance(last := await stop(running, NADIA, by="u-altra.amministratrice"), Refused)
    assert last.code == "last_administrator"
    await add(running, "omar.said", "administrator")
    both = await asyncio.gather(*(
        directory_commands.disable_account(
            running.store("intake"), running.command(by), whom, forms.DisableForm(why="security")
        )
        for by, whom in ((NADIA, OMAR), (OMAR, NADIA))
    ))  # fmt: skip
    assert sorted(getattr(one, "code", "accepted") for one in both) == ["accepted", "last_administrator"]


async def test_twice_is_once_and_a_stale_page_says_who_was_faster(running: Running) -> None:
    await add(running, "omar.said", "administrator")
    omar = Reader(OMAR, "Omar Said", "administrator", "")
    async with browser(running, NADIA) as nadia, browser(running, omar) as other:
        here, action = f"{PAGE}/{DAVIDE}", f"{PAGE}/{DAVIDE}/disattiva"
        mine, theirs = [(await one.get(here)).text for one in (nadia, other)]
        sent_twice = [await nadia.post(action, data=hidden_fields(mine, action) | {"why": "left"}) for _ in range(2)]
        assert [answer.status_code for answer in sent_twice] == [303, 303]
        stale = await other.post(action, data=hidden_fields(theirs, action) | {"why": "left"})
        assert stale.status_code == 409
        assert "Nel frattempo Nadia Rizzo ha registrato «utente disattivato»" in stale.text
        for path in (f"{PAGE}/{NADIA}", f"{PAGE}/u-nessuno"):
            assert (await nadia.get(path)).status_code == (200 if NADIA in path else 404)
        assert "lo cambia un altro amministratore" in (await nadia.get(f"{PAGE}/{NADIA}")).text
        assert f"{PAGE}/{NADIA}/disattiva" not in (await nadia.get(f"{PAGE}/{NADIA}")).text


async def test_programs_do_the_same_under_the_same_rules(running: Running) -> None:
    async with browser(running, NADIA) as nadia:

        async def post(path: str, **values: Any) -> tuple[int, str]:
            answer = await nadia.post(
                f"/intake/api/{path}", json=values, headers={"idempotency-key": str(uuid4()), "accept": "*/*"}
            )
            await running.quiet()
            return answer.status_code, answer.json().get("code", "")

        assert await post("organisations", name="Parrocchia di Budrio", kind="parish") == (201, "")
        assert await post("organisations", name="Parrocchia di Budrio", kind="parish") == (422, "organisation_known")
        sofia: dict[str, Any] = {
            "account": "sofia.neri", "name": "Sofia Neri", "role": "referrer", "organisation": "o-parrocchia-di-budrio",
        }  # fmt: skip
        assert await post("accounts", **sofia) == (201, "")
        assert await post("accounts", **sofia) == (422, "account_known")
        async with browser(running, Reader("u-sofia.neri", "Sofia Neri", "referrer", "")) as at_the_parish:
            refers = await at_the_parish.get("/intake/segnala")
            assert (refers.status_code, "Parrocchia di Budrio" in refers.text) == (200, True)
        assert await post("accounts", **(sofia | {"account": "x", "role": "papa"})) == (422, "role")
        assert await post("accounts", **(sofia | {"account": "x", "organisation": "o-altra"})) == (
            422, "organisation_closed",
        )  # fmt: skip
        assert await post("organisations/o-parrocchia-di-budrio/closing") == (409, "organisation_in_use")
        assert await post(f"organisations/{IMOLA}/closing") == (409, "organisation_in_use")
        assert await post("accounts/u-sofia.neri/disabling", why="absence") == (201, "")
        assert await post("accounts/u-sofia.neri/disabling", why="absence") == (409, "account_disabled")
        assert await post("organisations/o-parrocchia-di-budrio/closing") == (201, "")
        assert await post("accounts/u-sofia.neri/enabling") == (409, "organisation_closed")
        assert await post(f"accounts/{NADIA}/disabling", why="left") == (409, "own_account")
        people = {one["account"]: one for one in (await nadia.get("/intake/api/accounts")).json()}
        assert (people["u-sofia.neri"]["name"], people["u-sofia.neri"]["active"]) == ("Sofia Neri", False)
        bodies = {one["organisation"]: one for one in (await nadia.get("/intake/api/organisations")).json()}
        assert (bodies["o-parrocchia-di-budrio"]["is_open"], bodies[IMOLA]["accounts"]) == (False, 1)
    async with running.store("intake").engine.connect() as conn:
        data = b"".join(bytes(one) for one in (await conn.execute(text("select data from events"))).scalars())
    assert b"sofia.neri" in data
    assert b"Sofia" not in data, "names are in the vault alone"
    assert b"Budrio" not in data


async def test_pages_filter_and_a_name_can_be_written_anew(running: Running) -> None:
    async with browser(running, NADIA) as nadia:
        shown = (await nadia.get(f"{PAGE}?q=davide&ruolo=case_manager&ente={IMOLA}&attivo=si")).text
        assert "1 utente." in shown
        assert "Nessun utente" in (await nadia.get(f"{PAGE}?q=davide&ruolo=dpo")).text
        assert "Utenti ed enti" in (await nadia.get("/")).text
        new = {"account": "Omar.Said", "name": "Omar Said", "role": "desk_operator", "organisation": IMOLA}
        wrong = await sent(nadia, f"{PAGE}/nuovo", f"{PAGE}/nuovo", **(new | {"account": "Omar Said"}))
        assert wrong.status_code == 422
        assert 'value="Omar Said"' in wrong.text, "what was typed stays"
        added = await sent(nadia, f"{PAGE}/nuovo", f"{PAGE}/nuovo", **new)
        assert added.headers["location"].startswith(f"{PAGE}/{OMAR}?after=governance/0/")
        await running.quiet()
        renamed = {"role": "desk_operator", "organisation": IMOLA, "name": "Omar Saïd"}
        assert (await sent(nadia, f"{PAGE}/{OMAR}", f"{PAGE}/{OMAR}/modifica", **renamed)).status_code == 303
        await running.quiet()
        assert "Omar Saïd" in (await nadia.get(f"{PAGE}/{OMAR}")).text
        body = await sent(nadia, "/intake/enti", "/intake/enti", name="Acli Bologna", kind="association")
        assert body.status_code == 303
        await running.quiet()
        closed = await sent(nadia, "/intake/enti", "/intake/enti/o-acli-bologna/chiudi")
        assert closed.status_code == 303, closed.text


async def test_each_service_folds_the_same_and_replay_tells_what_was_told_live(both: Running) -> None:
    running = both
    await add(running, "omar.said", "case_manager")
    accepted(await stop(running, OMAR))
    accepted(await stop(running, DAVIDE))

    async def rows(service: str, view: Any) -> list[Any]:
        async with running.store(service).read() as reading:
            return await reading.rows(sa.select(reading.table(view)).order_by(view.key_column))

    live = {(name, view.name): await rows(name, view) for name, view in FOLDED}
    assert live["intake", "accounts"] == live["matching", "accounts"]
    assert len(live["intake", "accounts"]) == 2
    for worker in running.workers.values():
        await replay(worker.service, worker.store, running.log)
    assert {(name, view.name): await rows(name, view) for name, view in FOLDED} == live


FOLDED = (("intake", ACCOUNTS), ("matching", ACCOUNTS), ("intake", ORGANISATIONS))


async def test_the_front_without_a_database_sends_who_signed_in_by_the_directory(running: Running) -> None:
    accepted(await stop(running, DAVIDE))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(front.create_app()), base_url="http://testserver",
        headers={"accept": "text/html"},
    ) as outside:  # fmt: skip
        entered = await sent(outside, "/sign-in", "/sign-in", account=DAVIDE, next="/matching/")
        assert entered.headers["location"] == "/intake/entrata?next=/matching/"
        cookie = outside.cookies[sessions.COOKIE]
    async with browser(running, GIULIA) as at_intake:
        on = await at_intake.get("/intake/entrata?next=/matching/")
        assert (on.status_code, on.headers["location"]) == (303, "/matching/")
        assert (await at_intake.get("/intake/entrata?next=//evil.example")).headers["location"] == "/"
        at_intake.cookies.set(sessions.COOKIE, cookie)
        assert (await until(at_intake, "/intake/entrata?next=/matching/", 403)).status_code == 403
        at_intake.cookies.clear()
        assert (await at_intake.get("/intake/entrata")).headers["location"] == "/sign-in"


async def test_a_case_taken_on_just_before_is_seen(running: Running) -> None:
    """The control of the rule: with the case closed the account goes."""
    person = await register(running)
    await follow(running, person)
    await running.quiet()
    assert isinstance(await stop(running, GIULIA), Refused)
    close = forms.CloseForm.model_validate({"outcome": "withdrew", "on": "2024-05-02"})
    accepted(await commands.close(running.store("intake"), running.command(GIULIA), person, close))
    await running.quiet()
    accepted(await stop(running, GIULIA))
