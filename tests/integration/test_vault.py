"""The vault on real PostgreSQL: sealed rows open only as themselves, prove their text, and are gone when erased."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from shared.decisions import Decision
from shared.events.intake import InterviewHeld
from shared.store import Unit
from shared.vault import Tampered, Vault
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


async def test_a_row_opens_neither_for_another_person_nor_as_another_version(running: Running) -> None:
    amina, luca = await noted(running, "Amina", "uno"), await noted(running, "Luca", "due")
    store = running.store("intake")
    async with store.engine.begin() as conn:  # the sealed bytes of one row under the identity of the other
        await conn.execute(
            text(
                "update vault_rows a set sealed = b.sealed from vault_rows b"
                " where a.row_id = cast(:a as uuid) and b.row_id = cast(:b as uuid)"
            ),
            {"a": amina.split(":")[0], "b": luca.split(":")[0]},
        )
    async with store.engine.connect() as conn:
        with pytest.raises(Tampered):
            await store.vault.read(conn, amina)
        assert await store.vault.read(conn, luca) == {"text": "due"}


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


async def test_after_erasure_the_commitment_gives_nothing_to_guess_from(running: Running) -> None:
    """Against a plain hash a small set of texts is enough; against the commitment it is not."""
    words = ["sì", "no", "forse"]
    reference = await noted(running, "Amina", "no")
    store = running.store("intake")
    async with store.engine.begin() as conn:
        assert await store.vault.erase(conn, person("Amina")) == 1
        assert await store.vault.read(conn, reference) is None
        assert await conn.scalar(text("select count(*) from vault_keys")) == 0
    row_id, version, commitment = reference.split(":")
    header = json.dumps(["intake", row_id, int(version), "notes", person("Amina")], separators=(",", ":")).encode()
    bodies = [json.dumps({"text": word}, ensure_ascii=False, separators=(",", ":")).encode() for word in words]
    plain = hashlib.sha256(bodies[1]).hexdigest()
    assert [w for w, body in zip(words, bodies, strict=True) if hashlib.sha256(body).hexdigest() == plain] == ["no"]
    guesses = itertools.product(bodies, [b"", header, row_id.encode()])
    assert commitment not in {hashlib.sha256(key + header + body).hexdigest() for body, key in guesses}
    assert commitment not in {
        hmac.new(key, header + b, hashlib.sha256).hexdigest() for b in bodies for key in (b"", b"0")
    }


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
