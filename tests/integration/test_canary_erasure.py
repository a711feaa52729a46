"""The canary after an erasure: of the person with the marker name nothing is left that anybody could open, in topics
(`profiles` compacted), tables, indexes, logs, dead letters; views, counts and everybody else stand as they stood."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.intake import commands, doors, forms, likeness
from services.intake.commands import drafts, erasure
from services.intake.files import Kept
from services.intake.finding import EXACT_INDEX, PERSON_INDEX, SIMILAR_INDEX, exact_tokens, search_tokens
from services.intake.forms import rights as rights_forms
from shared import clock, db
from shared.events import SERVICES
from shared.log import Message, Record, partition_of
from shared.profiles import PARTITIONS, TOPIC
from shared.vault import Row
from tests.chaos.verify import verify
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.population import populate, site_of
from tests.fixtures.web import reader_of
from tests.integration.test_canary import TYPED, Watched, by_hand, everything, places_of, postgres_url, watched
from tests.log.places import OnKafka, OnPostgres

__all__ = ["postgres_url", "watched"]
HERS = ("xanthoprasky", "aminquerida", "hddmna85h50z330m", "9182736", "quozzimodo", "zwölfkornbrot", "schnabeltier")


async def opened(running: Running) -> Iterator[str]:
    """Every text and file of every vault, every version, with whatever keys there are."""
    found = []
    for name in SERVICES:
        store = running.store(name)
        async with store.engine.connect() as conn:
            rows = await conn.execute(text("select row_id::text, version, kind, subject, sealed from vault_rows"))
            for _, _, words in await store.vault._open(conn, [Row(*values) for values in rows]):
                found.append(words.decode("utf-8", "replace").lower())
    return iter(found)


async def marked(running: Running) -> set[str]:
    """Which of her markers some vault still tells."""
    texts = "\n".join(await opened(running))
    return {marker for marker in HERS if marker in texts.replace(" ", "")}


async def profiles_of(running: Running, person: str) -> list[Record]:
    """What the compacted topic holds under her id."""
    found: list[Record] = []
    for partition in range(PARTITIONS):
        place = (TOPIC, partition)
        offset, end = (await running.log.begins([place]))[place], (await running.log.ends([place]))[place]
        while offset < end and (records := await running.log.read(*place, offset, 1000)):
            offset = records[-1].offset + 1
            found += [one for one in records if one.key == person.encode()]
    return found


async def compacted(running: Running, place: OnKafka | OnPostgres, person: str) -> None:
    """Until the cleaner came round. Kafka never touches the segment it writes to: something later begins a new one."""
    await place.compact(running.settings.namespace, TOPIC)
    async with asyncio.timeout(90):
        while any(one.value is not None for one in await profiles_of(running, person)):
            later = Message(b"nobody", b"{}", (), int(clock.now().timestamp() * 1000))
            await running.log.append(TOPIC, partition_of(person, PARTITIONS), [later])
            await place.compact(running.settings.namespace, TOPIC)
    await running.quiet()


@pytest.mark.parametrize("log", ["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def test_nothing_of_the_erased_person_is_found_anywhere(
    platform: Platform, watched: Watched, log: str, request: pytest.FixtureRequest
) -> None:
    running = await platform(log=log)
    await populate(running, people=6)
    running.now = clock.now()
    store = running.store("intake")
    amina, luca = await by_hand(running, site_of(running))
    note = forms.NoteForm.model_validate({"note": "Le piace lo Schnabeltier."})
    accepted(await commands.add_note(store, running.command(), amina, note))
    file = Kept("application/pdf", b"%PDF-1.7 Aminquerida Xanthoprasky Schnabeltier")
    accepted(await commands.attach(store, running.command(), amina, "cv", file))
    form = f"/intake/persone/{amina}/note"
    await drafts.save(store, "u-elena.conti", form, str(uuid4()), [("note", "Aminquerida Schnabeltier")], running.now)
    close = forms.CloseForm.model_validate({"outcome": "withdrew", "on": clock.today().isoformat()})
    accepted(await commands.close(store, running.command(), amina, close))
    await running.quiet()
    assert await marked(running) == set(HERS), "the control: before, the vaults tell all of it"
    async with store.engine.connect() as conn:
        identity = (await store.vault.latest(conn, "identity", [amina]))[amina]
    counts = await figures(running)
    before = {name: await facts(running, name) for name in SERVICES}

    accepted(await erasure.propose(store, running.command("u-paola.neri"), amina,
                                   rights_forms.ProposeForm(reasons="Aminquerida lo chiede.")))  # fmt: skip
    accepted(await erasure.confirm(store, running.command("u-elena.conti"), amina))
    accepted(await erasure.carry_out(store, running.command("u-elena.conti"), amina))
    await running.quiet()
    url = request.getfixturevalue("kafka_bootstrap" if log == "kafka" else "postgres_url")
    place: OnKafka | OnPostgres = OnKafka(url) if log == "kafka" else OnPostgres(url)
    await compacted(running, place, amina)

    # Vaults, indexes, tables, topics, logs, traces, dead letters.
    assert await marked(running) == set()
    assert any("brontozzi" in words for words in await opened(running)), "the control: Luca is still here"
    async with store.engine.connect() as conn:
        codes, name_and_birth = exact_tokens(identity)
        for purpose, tokens in (
            (PERSON_INDEX, search_tokens(identity)), (EXACT_INDEX, [*codes, name_and_birth]),
            (SIMILAR_INDEX, likeness.tokens(identity)),
        ):  # fmt: skip
            assert amina not in await store.vault.find_any(conn, purpose, list(tokens))
        assert await conn.scalar(text("select count(*) from drafts")) == 0
    assert await doors.find(store, reader_of("dpo"), "Xanthoprasky") == []
    assert len(await doors.find(store, reader_of("dpo"), "Brontozzi")) == 1
    assert [one.value for one in await profiles_of(running, amina)] in ([None], [])
    assert [one for one in await profiles_of(running, luca) if one.value], "the control: his profile stands"
    for name in SERVICES:
        async with running.store(name).engine.connect() as conn:
            for table in ("profiles", "profiles_out"):
                held = text(f"select count(*) from {table} where person_id = :id and data is not null")
                assert await conn.scalar(held, {"id": amina}) == 0, (name, table)
            for table in ("vault_keys", "vault_rows", "vault_index"):
                held = text(f"select count(*) from {table} where subject = :id")
                assert await conn.scalar(held, {"id": amina}) == 0, (name, table)
    assert places_of(set(TYPED) | {"Schnabeltier"}, await everything(running, watched)) == {}

    # What stood still stands: facts and numbers, counts, and a replay that says what the live views say.
    for name in SERVICES:
        assert before[name] <= await facts(running, name)
        assert running.workers[name].reader.stopped is None
        assert not running.workers[name].reader.parked_keys
    assert await figures(running) == counts
    stores: dict[str, Any] = {name: running.store(name) for name in SERVICES}
    assert (await verify(running.log, stores, {})).problems == []


async def figures(running: Running) -> list[Any]:
    """Who was here, as reporting counts them."""
    schema = db.views_schema("reporting", running.settings)
    async with running.store("reporting").engine.connect() as conn:
        table = await conn.scalar(text(f"select table_name from \"{schema}\".views where view = 'pathways'"))
        query = f'select district, age_band, count(*) from "{schema}"."{table}" group by 1, 2 order by 1, 2'
        return [tuple(row) for row in await conn.execute(text(query))]


async def facts(running: Running, name: str) -> set[Any]:
    """The facts of a service with their numbers, as they are written."""
    async with running.store(name).engine.connect() as conn:
        query = "select event_id::text, topic, partition, number, predecessor::text, data from events"
        return {tuple(row) for row in await conn.execute(text(query))}
