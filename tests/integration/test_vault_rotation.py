"""A change of master keys while the service goes on: killed half-way, finished later, the old generation destroyed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.intake.app import create_app
from services.intake.commands import drafts
from shared import clock, db, keys, rotation
from shared.keys import KeyGone
from shared.store import Store
from shared.vault import Pending
from shared.web import tickets
from shared.web.site import site
from shared.worker import Worker
from shared.worker import _keys as look_after_keys
from tests.fixtures.platform import NOON, Platform, Running
from tests.fixtures.toy import TOY, person
from tests.fixtures.web import browsing, reader_of

ROOT = Path(__file__).resolve().parents[2]
ROWS = text(
    "select md5(string_agg(row_id::text || version || kind || subject || sealed::text || written_at, ','"
    " order by row_id, version)) from vault_rows where kind = 'identity'"
)


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake", definitions={"intake": TOY})


@pytest.fixture
async def store(running: Running, tmp_path: Path) -> AsyncIterator[Store]:
    """Intake's store with keys of its own: other tests go on with theirs."""
    current = replace(running.settings, keys_path=tmp_path / "keys")
    opened = Store("intake", db.service_engine("intake", current, pool_size=4), current)
    yield opened
    await opened.close()


def another_process(store: Store) -> Store:
    """A store that holds nothing in common with the first but database and files."""
    return Store("intake", store.engine, replace(store.settings))


async def identities(store: Store, people: list[str], kind: str = "identity") -> None:
    """An identity in the vault for each of them."""
    async with store.engine.begin() as conn:
        pending = Pending()
        for one in people:
            values = {"family_name": "Haddad", "given_name": f"Amina {one[:8]}", "birth_date": "1985-06-10"}
            await store.vault.seal(conn, pending, str(uuid4()), kind, one, values, new=True)
        await store.vault.write(conn, pending, NOON)


async def names(store: Store, people: list[str]) -> set[str]:
    async with store.engine.connect() as conn:
        return {str(one["given_name"]) for one in (await store.vault.latest(conn, "identity", people)).values()}


def crowd(count: int) -> list[str]:
    return sorted(person(f"Amina {number}") for number in range(count))


async def rows(store: Store) -> str:
    """A digest of every identity's row, sealed bytes and all."""
    async with store.engine.connect() as conn:
        return str(await conn.scalar(ROWS))


async def test_everybody_is_wrapped_again_while_the_service_reads_and_writes(store: Store) -> None:
    people = crowd(2 * rotation.BATCH + 50)
    await identities(store, people)
    before, other, newcomers = await rows(store), another_process(store), [person(f"Luca {n}") for n in range(60)]
    begun, stop = asyncio.Event(), asyncio.Event()
    seen = 0

    async def serve() -> None:
        """As a process that was started before: it reads and writes all the time, and no reading fails."""
        nonlocal seen
        for one in newcomers:
            await identities(other, [one], kind="contact")
            assert len(await names(other, people[seen % len(people) :][:5])) >= 1
            seen += 1
            begun.set()
            if stop.is_set() and seen > 20:
                return

    serving = asyncio.create_task(serve())
    async with asyncio.timeout(20):
        await begun.wait()
        done = await rotation.rotate(store, NOON)
    stop.set()
    await serving
    assert (done.generation, done.new) == (2, True)
    assert done.keys >= len(people)
    await rotation.rewrap(store)  # who was just writing at the change
    assert set(await rotation.under(store)) == {2}
    assert await rows(store) == before, "no row's text was touched"
    assert len(await names(other, people)) == len(people)
    assert keys.current(other.settings, "intake") == 2


async def test_killed_half_way_everything_opens_and_the_same_command_ends_it(store: Store) -> None:
    """The real command in a process of its own, killed while a locked row holds it in its second transaction."""
    people = crowd(2 * rotation.BATCH)
    await identities(store, people)
    before = await rows(store)
    environment = os.environ | {
        "DATABASE_URL": store.settings.database_url, "LOG_URL": store.settings.log_url,
        "INSIEME_NAMESPACE": store.settings.namespace, "INSIEME_KEYS": str(store.settings.keys_folder),
        "INSIEME_SECRETS": str(store.settings.secrets_path), "INSIEME_MODE": "demo",
    }  # fmt: skip

    async def command(verb: str = "rotate-keys") -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.intake", verb, cwd=ROOT, env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async with store.engine.connect() as holder:
        held = {"s": people[rotation.BATCH + 10]}
        await holder.execute(text("select 1 from vault_keys where subject = :s for update"), held)
        process = await command()
        async with asyncio.timeout(60):
            while (await rotation.under(store)).get(2) != rotation.BATCH:
                assert process.returncode is None, (await process.communicate())[1].decode()
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
        await process.communicate()
        await holder.rollback()
    assert await rotation.under(store) == {1: rotation.BATCH, 2: rotation.BATCH}
    assert len(await names(store, people)) == len(people), "half-way, everything opens"

    async with asyncio.timeout(60):
        process = await command()
        said, wrong = await process.communicate()
    assert process.returncode == 0, wrong.decode()
    assert "già fatta, ora finita: 2, 200 chiavi" in said.decode()
    async with asyncio.timeout(60):
        said, _ = await (await command("status")).communicate()
    assert "chiavi, generazione 1: vecchia, sarà distrutta, 0 persone" in said.decode()
    assert "chiavi, generazione 2: in uso, 400 persone" in said.decode()
    assert await rotation.under(store) == {2: 2 * rotation.BATCH}
    assert [one.state for one in keys.ring(store.settings, "intake")] == ["old", "current"]
    assert await rows(store) == before


async def test_an_old_generation_ends_when_its_days_are_over_and_nothing_is_under_it(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="shared")
    days = timedelta(days=keys.kept_days(clock.civil(NOON)))
    await identities(store, crowd(3))
    assert await rotation.care(store, NOON) == [], "nothing old, nothing to do"
    await rotation.rotate(store, NOON)
    assert await rotation.care(store, NOON) == []
    (old, _) = keys.ring(store.settings, "intake")
    assert old.empty_since == NOON

    # Somebody who was writing at the change wrapped by the old one: it is wrapped again, and the days begin anew.
    later = NOON + days - timedelta(hours=1)
    luca = person("Luca")
    await identities(store, [luca])
    stale = replace(store.settings, keys_path=tmp_path / "none")  # no file: generation 1, as before the change
    generation, wrapped = keys.wrap(stale, "intake", luca, await unwrapped(store, luca))
    async with store.engine.begin() as conn:
        await conn.execute(
            text("update vault_keys set generation = :g, wrapped = :w where subject = :s"),
            {"g": generation, "w": wrapped, "s": luca},
        )
    assert await rotation.under(store) == {1: 1, 2: 3}
    assert not await rotation._destroy(store, 1, later), "never while a key is wrapped by it"
    assert keys.ring(store.settings, "intake")[0].state == "old"
    assert await rotation.care(store, later) == []
    assert await rotation.under(store) == {2: 4}

    assert await rotation.care(store, later + days - timedelta(seconds=1)) == []
    assert await rotation.care(store, later + days) == [1]
    assert [one.state for one in keys.ring(store.settings, "intake")] == ["destroyed", "current"]
    assert "key generation 1 destroyed" in caplog.text
    assert await rotation.care(store, later + 2 * days) == [], "once"
    assert len(await names(store, crowd(3))) == 3


async def unwrapped(store: Store, subject: str) -> bytes:
    """A person's key, as a process holds it for a moment."""
    async with store.engine.connect() as conn:
        query = text("select generation, wrapped from vault_keys where subject = :s")
        generation, wrapped = (await conn.execute(query, {"s": subject})).one()
    return keys.unwrap(store.settings, "intake", generation, subject, wrapped)


async def test_the_active_worker_ends_a_rotation_and_destroys_by_itself(running: Running, store: Store) -> None:
    """The worker's own loop; what was broken off is finished, what is due is destroyed, what cannot be is no death."""
    await identities(store, crowd(3))
    keys.add(store.settings, "intake", NOON)  # and killed right after
    now = NOON
    worker = Worker(TOY, store, running.log, now=lambda: now)

    async def turn(until: Callable[[], bool]) -> None:
        task = asyncio.create_task(look_after_keys(worker))
        async with asyncio.timeout(20):
            while not until():
                assert not task.done()
                await asyncio.sleep(0.02)
        task.cancel()

    def first() -> keys.Generation:
        return keys.ring(store.settings, "intake")[0]

    await turn(lambda: first().empty_since == NOON)
    assert await rotation.under(store) == {2: 3}
    now = NOON + timedelta(days=36)
    await turn(lambda: first().state == "destroyed")
    assert len(await names(store, crowd(3))) == 3


async def test_a_draft_survives_a_change_of_keys(store: Store) -> None:
    typed = [("family_name", "Haddad")]
    await drafts.save(store, "u-elena.conti", "registra", str(uuid4()), typed, NOON)
    await rotation.rotate(store, NOON)
    found = await drafts.load(store, "u-elena.conti", ["registra"], NOON)
    assert found["registra"].fields == typed
    keys.destroy(store.settings, "intake", 1, NOON)
    assert await drafts.load(store, "u-elena.conti", ["registra"], NOON) == {}, "the control: it was the old key's"


async def test_an_older_backups_vault_does_not_open_once_its_generation_is_destroyed(
    running: Running, store: Store
) -> None:
    """What an old copy of the tables holds is put back: before the destruction it opens, after it the page says so."""
    amina, luca = person("Amina"), person("Luca")
    await identities(store, [amina, luca])
    async with store.engine.begin() as conn:
        copies = {
            table: (await conn.execute(text(f"select * from {table} where subject = :s"), {"s": amina})).all()
            for table in ("vault_keys", "vault_rows")
        }
        await store.vault.erase(conn, amina)
    await rotation.rotate(store, NOON)

    async def put_back() -> None:
        async with store.engine.begin() as conn:
            await store.vault.erase(conn, amina)
            for table, old in copies.items():
                for row in old:
                    columns = ", ".join(row._fields)
                    places = ", ".join(f":{name}" for name in row._fields)
                    await conn.execute(text(f"insert into {table} ({columns}) values ({places})"), row._asdict())

    await put_back()
    assert await names(store, [amina]) == {f"Amina {amina[:8]}"}, "the control: within the days the copy opens"
    async with store.engine.begin() as conn:
        await store.vault.erase(conn, amina)  # the restore applies the later erasure again
    await rotation.care(store, NOON)
    assert await rotation.care(store, NOON + timedelta(days=36)) == [1]

    await put_back()
    with pytest.raises(KeyGone):
        await names(store, [amina])
    service = create_app()
    service.state.store = store
    app = site({"intake": service})
    ticket = tickets.sign_ticket(reader_of("matching_operator"), [amina], ["name"], "matching.view")
    async with browsing(app, "matching_operator") as desk:
        answer = await desk.post("/intake/doors/tags", json={"ticket": ticket}, headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (503, "key_gone")
        assert "distrutte" in answer.json()["detail"]
        fine = tickets.sign_ticket(reader_of("matching_operator"), [luca], ["name"], "matching.view")
        shown = await desk.post("/intake/doors/tags", json={"ticket": fine})
        assert shown.json()["tags"][luca]["name"].startswith("Haddad")
