"""The vault on real PostgreSQL: sealed rows open only as themselves, prove their text, and are gone when erased."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from shared.decisions import Decision
from shared.events.intake import InterviewHeld
from shared.keys import Tampered
from shared.store import Unit
from shared.vault import Vault
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.toy import TOY, path, person


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake", definitions={"intake": TOY})


async def noted(running: Running, who: str, words: str) -> str:
    """Records an interview with notes; returns their reference."""

    async def decide(unit: Unit) -> Decision:
        await unit.states(path(person(who)))
        reference = await unit.vault.write("notes", person(who), {"text": words})
        return [
            InterviewHeld(
                on=unit.today, person_id=person(who), interview_id=unit.new_id("i"), mode="phone", notes=reference
            )
        ]

    fact = accepted(await running.execute("intake", decide)).events[0].event
    assert isinstance(fact, InterviewHeld)
    assert fact.notes is not None
    return fact.notes


async def test_a_text_is_read_back_and_is_nowhere_in_clear(running: Running) -> None:
    reference = await noted(running, "Amina", "cerca lavoro in cucina")
    store = running.store("intake")
    async with store.engine.connect() as conn:
        assert await store.vault.read(conn, reference) == {"text": "cerca lavoro in cucina"}
        sealed = (await conn.execute(text("select sealed from vault_rows"))).scalars().all()
        data = (await conn.execute(text("select data from events"))).scalars().all()
    assert all(b"cucina" not in bytes(value) for value in [*sealed, *data])


async def test_another_text_under_the_same_fact_is_seen(running: Running) -> None:
    reference = await noted(running, "Amina", "uno")
    forged = reference.rsplit(":", 1)[0] + ":" + "0" * 64
    store = running.store("intake")
    async with store.engine.connect() as conn:
        with pytest.raises(Tampered):
            await store.vault.read(conn, forged)


async def test_a_wrong_master_key_is_said_as_such(running: Running, tmp_path: Path) -> None:
    reference = await noted(running, "Amina", "uno")
    store = running.store("intake")
    other = tmp_path / "secrets.json"
    other.write_text(json.dumps({"master_key": base64.b64encode(os.urandom(32)).decode()}))
    stranger = Vault("intake", replace(running.settings, secrets_path=other))
    async with store.engine.connect() as conn:
        with pytest.raises(Tampered):
            await stranger.read(conn, reference)


async def test_a_new_version_leaves_the_old_one_provable(running: Running) -> None:
    first = await noted(running, "Amina", "uno")
    store = running.store("intake")

    async def decide(unit: Unit) -> Decision:
        await unit.states(path(person("Amina")))
        reference = await unit.vault.write("notes", person("Amina"), {"text": "due"}, row_id=first.split(":")[0])
        return [
            InterviewHeld(
                on=unit.today, person_id=person("Amina"), interview_id=unit.new_id("i"), mode="phone", notes=reference
            )
        ]

    fact = accepted(await running.execute("intake", decide)).events[0].event
    assert isinstance(fact, InterviewHeld)
    assert fact.notes is not None
    assert fact.notes.split(":")[1] == "2"
    async with store.engine.connect() as conn:
        found = await store.vault.read_many(conn, [first, fact.notes])
        assert [found[first]["text"], found[fact.notes]["text"]] == ["uno", "due"]
        assert (await store.vault.latest(conn, "notes", [person("Amina")]))[person("Amina")] == {"text": "due"}
