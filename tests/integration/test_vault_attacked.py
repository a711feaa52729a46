"""What somebody with SQL can do to a vault: move sealed bytes about, guess at what is gone. Real PostgreSQL."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from services.intake.app import create_app
from shared import db, keys
from shared.decisions import Decision
from shared.events.intake import InterviewHeld
from shared.keys import NONCE, KeyGone, Tampered
from shared.service import Service
from shared.store import Store, Unit
from shared.vault import Pending
from shared.web import tickets
from shared.web.site import site
from tests.fixtures.platform import NOON, Platform, Running, accepted
from tests.fixtures.toy import TOY, path, person
from tests.fixtures.web import browsing, reader_of

AMINA, LUCA = person("Amina"), person("Luca")


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake", "training", definitions={"intake": TOY, "training": Service("training", (), {})})


async def noted(running: Running, who: str, words: str, row_id: str | None = None) -> str:
    """Records an interview with notes; returns their reference."""

    async def decide(unit: Unit) -> Decision:
        await unit.states(path(who))
        notes = await unit.vault.write("notes", who, {"text": words}, row_id=row_id)
        interview = unit.new_id("i")
        return [InterviewHeld(on=unit.today, person_id=who, interview_id=interview, mode="phone", notes=notes)]

    fact = accepted(await running.execute("intake", decide)).events[0].event
    assert isinstance(fact, InterviewHeld)
    assert fact.notes is not None
    return fact.notes


@dataclass(frozen=True)
class Notes:
    """References: Amina's one, its second version, another row of hers, Luca's."""

    one: str
    newer: str
    other: str
    luca: str


async def notes(running: Running) -> Notes:
    one = await noted(running, AMINA, "uno")
    newer = await noted(running, AMINA, "uno, corretto", row_id=one.split(":")[0])
    return Notes(one, newer, await noted(running, AMINA, "altro"), await noted(running, LUCA, "due"))


ROW = "row_id = cast(:row as uuid)"
ATTACKS: dict[str, str] = {
    "the bytes of Luca's row under Amina's": f"update vault_rows set sealed = (select sealed from vault_rows"
    f" where row_id = cast(:luca as uuid)) where {ROW}",
    "Amina's row made Luca's": f"update vault_rows set subject = :other_person where {ROW}",
    "another row of hers": f"update vault_rows set sealed = (select sealed from vault_rows"
    f" where row_id = cast(:other as uuid)) where {ROW}",
    "the newer version as the first": f"update vault_rows set sealed = (select sealed from vault_rows v"
    f" where v.row_id = cast(:row as uuid) and v.version = 2) where {ROW} and version = 1",
    "another kind": f"update vault_rows set kind = 'identity' where {ROW}",
    "one bit": f"update vault_rows set sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1) where {ROW}",
    "a bit of the nonce": f"update vault_rows set sealed = set_byte(sealed, 0, get_byte(sealed, 0) # 1) where {ROW}",
    "the end cut off": f"update vault_rows set sealed = substring(sealed for length(sealed) - 1) where {ROW}",
    "nothing left": f"update vault_rows set sealed = '' where {ROW}",
    "Luca's key as hers": "update vault_keys set wrapped = (select wrapped from vault_keys"
    " where subject = :other_person) where subject = :person",
    "an empty key": "update vault_keys set wrapped = '' where subject = :person",
}


async def test_a_row_opens_only_as_itself(running: Running) -> None:
    all_notes, store = await notes(running), running.store("intake")
    values = {
        "row": all_notes.one.split(":")[0], "luca": all_notes.luca.split(":")[0],
        "other": all_notes.other.split(":")[0], "person": AMINA, "other_person": LUCA,
    }  # fmt: skip
    for name, attack in ATTACKS.items():
        async with store.engine.connect() as conn:
            assert await store.vault.read(conn, all_notes.one) == {"text": "uno"}, "the control: untouched, it opens"
            statement = text(attack)
            changed = await conn.execute(statement, {one: values[one] for one in statement.compile().params})
            assert changed.rowcount >= 1, name
            with pytest.raises(Tampered):
                raise AssertionError(f"{name}: it opened as {await store.vault.read(conn, all_notes.one)}")
            assert await store.vault.read(conn, all_notes.luca) == {"text": "due"}, "nobody else's row suffers"
            await conn.rollback()


async def test_latest_refuses_a_row_of_another_kind(running: Running) -> None:
    """The way names are read: by kind, without a reference."""
    reference, store = await noted(running, AMINA, "uno"), running.store("intake")
    async with store.engine.begin() as conn:
        assert await store.vault.latest(conn, "identity", [AMINA]) == {}
        await conn.execute(
            text(f"update vault_rows set kind = 'identity' where {ROW}"), {"row": reference.split(":")[0]}
        )
    async with store.engine.connect() as conn:
        with pytest.raises(Tampered):
            await store.vault.latest(conn, "identity", [AMINA])


async def test_a_page_says_that_a_text_is_not_what_was_recorded(running: Running) -> None:
    """Neither the name nor a bare error, and the log knows which row."""
    store, who = running.store("intake"), reader_of("matching_operator")
    async with store.engine.begin() as conn:
        pending = Pending()
        values = {"family_name": "Haddad", "given_name": "Amina"}
        await store.vault.seal(conn, pending, str(uuid4()), "identity", AMINA, values, new=True)
        await store.vault.write(conn, pending, NOON)
    service = create_app()
    service.state.store = store
    ticket = tickets.sign_ticket(who, [AMINA], ["name"], "matching.view")
    async with browsing(site({"intake": service}), who.role) as sara:
        tags: dict[str, Any] = {
            "url": "/intake/doors/tags",
            "json": {"ticket": ticket},
            "headers": {"accept": "application/json"},
        }
        assert (await sara.post(**tags)).json() == {"tags": {AMINA: {"name": "Haddad Amina"}}}
        async with store.engine.begin() as conn:
            await conn.execute(text("update vault_rows set version = 2"))
        answer = await sara.post(**tags)
    assert (answer.status_code, answer.json()["code"]) == (500, "tampered")
    assert "non è più quello che era stato registrato" in answer.json()["detail"]


async def test_a_row_of_another_service_does_not_open_here(running: Running) -> None:
    """Row and key carried over from training, as only the migrator could: the service is in the identity."""
    theirs, mine = running.store("training"), running.store("intake")
    reference = await sealed(theirs, "b7a4c9f0-0000-4000-8000-000000000001")
    source, target = (db.schema_name(name, running.settings) for name in ("training", "intake"))
    engine = db.admin_engine(running.settings)
    async with engine.begin() as conn:
        for table in ("vault_keys", "vault_rows"):
            await conn.execute(text(f'insert into "{target}".{table} select * from "{source}".{table}'))
    await engine.dispose()
    async with theirs.engine.connect() as conn:
        assert await theirs.vault.read(conn, reference) == {"text": "del corso"}
    async with mine.engine.connect() as conn:
        with pytest.raises(Tampered):
            await mine.vault.read(conn, reference)
    # Even under a key that intake can open, the row is not intake's.
    key = await key_of(theirs, AMINA)
    generation, wrapped = keys.wrap(running.settings, "intake", AMINA, key)
    async with mine.engine.begin() as conn:
        await conn.execute(
            text("update vault_keys set generation = :g, wrapped = :w where subject = :s"),
            {"g": generation, "w": wrapped, "s": AMINA},
        )
    async with mine.engine.connect() as conn:
        with pytest.raises(Tampered):
            await mine.vault.read(conn, reference)


async def sealed(store: Store, row_id: str) -> str:
    """A row that no fact refers to."""
    async with store.engine.begin() as conn:
        pending = Pending()
        reference = await store.vault.seal(conn, pending, row_id, "notes", AMINA, {"text": "del corso"})
        await store.vault.write(conn, pending, NOON)
    return reference


async def key_of(store: Store, subject: str) -> bytes:
    """The subject's key, as only who has the master key can have it."""
    async with store.engine.connect() as conn:
        found = await conn.execute(
            text("select generation, wrapped from vault_keys where subject = :s"), {"s": subject}
        )
        generation, wrapped = found.one()
    return keys.unwrap(store.settings, store.service, generation, subject, wrapped)


async def test_a_generation_that_nobody_has_is_said_as_such(running: Running) -> None:
    reference, store = await noted(running, AMINA, "uno"), running.store("intake")
    async with store.engine.begin() as conn:
        await conn.execute(text("update vault_keys set generation = 99"))
    async with store.engine.connect() as conn:
        with pytest.raises(KeyGone, match="generation 99"):
            await store.vault.read(conn, reference)


def plausible() -> Iterator[str]:
    """1,000 notes such as an operator writes."""
    moods = ["Cerca", "Vuole", "Accetterebbe", "Rifiuta", "Ha trovato", "Ha perso", "Sogna", "Teme", "Chiede", "Lascia"]
    jobs = ["un lavoro in cucina", "un lavoro in magazzino", "un tirocinio", "un corso di italiano", "le pulizie",
            "un posto da badante", "il turno di notte", "un lavoro stabile", "un part-time", "la patente"]  # fmt: skip
    whys = ["", " per la famiglia", " per la salute", " dopo il carcere", " con i figli piccoli", " senza documenti",
            " in gravidanza", " per debiti", " vicino a casa", " dal mese prossimo"]  # fmt: skip
    for mood, job, why in itertools.product(moods, jobs, whys):
        yield f"{mood} {job}{why}."


Guess = Callable[[bytes], str]


def found_by(guesses: dict[str, Guess], target: str) -> set[tuple[str, str]]:
    """Which text each way of guessing finds behind a digest."""
    bodies = {words: orjson.dumps({"text": words}, option=orjson.OPT_SORT_KEYS) for words in plausible()}
    return {(way, words) for way, guess in guesses.items() for words, body in bodies.items() if guess(body) == target}


def mac(secret: bytes, before: bytes) -> Guess:
    return lambda body: hmac.new(secret, before + body, hashlib.sha256).hexdigest()


def sha(before: bytes) -> Guess:
    return lambda body: hashlib.sha256(before + body).hexdigest()


async def test_once_the_row_is_gone_its_commitment_gives_nothing_to_guess_from(running: Running) -> None:
    words = "Teme il turno di notte dopo il carcere."
    assert words in plausible()
    reference, store = await noted(running, AMINA, words), running.store("intake")
    row_id, version, commitment = reference.split(":")
    header = orjson.dumps(["intake", row_id, int(version), "notes", AMINA])

    # The control of the guesses: while the row lives, who can open it finds the text, since r is in it.
    async with store.engine.connect() as conn:
        row = bytes(await conn.scalar(text("select sealed from vault_rows")))
    secret = AESGCM(await key_of(store, AMINA)).decrypt(row[:NONCE], row[NONCE:], header)[:32]
    assert found_by({"with r": mac(secret, header)}, commitment) == {("with r", words)}

    async with store.engine.begin() as conn:
        assert await store.vault.erase(conn, AMINA) == 1
    async with store.engine.connect() as conn:
        assert await store.vault.read(conn, reference) is None
        assert await conn.scalar(text("select count(*) from vault_keys")) == 0
        # The fact still stands, with the commitment: this is all that an attacker has left.
        assert commitment.encode() in bytes(await conn.scalar(text("select data from events")))

    public = [b"", header, row_id.encode(), AMINA.encode(), commitment.encode(), bytes.fromhex(commitment), b"\0" * 32]
    guesses: dict[str, Guess] = {
        f"{n}.{m}": mac(secret, before) for n, secret in enumerate(public) for m, before in enumerate(public)
    }
    guesses |= {f"sha {n}": sha(before) for n, before in enumerate(public)}
    assert found_by(guesses, commitment) == set()

    # The control of the control: the same attack on a plain hash, were there one in the event, finds the note.
    body = orjson.dumps({"text": words}, option=orjson.OPT_SORT_KEYS)
    assert ("sha 0", words) in found_by(guesses, hashlib.sha256(body).hexdigest())
    assert ("sha 1", words) in found_by(guesses, hashlib.sha256(header + body).hexdigest())
