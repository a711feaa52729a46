"""A backup under load, brought back elsewhere: the same facts and texts, and everything goes on."""

from __future__ import annotations

import asyncio
import json
import os
import tarfile
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from sqlalchemy import text

from deploy import archive, backup
from deploy.local import home
from services.intake import commands, forms
from services.intake.domain import person_stream
from shared import db, topics
from shared.decisions import Decision
from shared.events import SERVICES
from shared.events.intake import InterviewHeld
from shared.keys import Tampered
from shared.log import Message, open_log
from shared.projection.reading import ViewNotReady
from shared.pump import to_quiet
from shared.settings import Settings
from shared.store import Command, DatabaseUnchecked, Store, Unit
from shared.vault import Vault
from shared.worker import Worker
from tests.chaos.verify import service, verify
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.population import populate

FACTS = sa.text(
    "select event_id::text, stream_id, version, type, topic, partition, number, predecessor::text, recorded_at, actor,"
    " cause::text, correlation::text, causation::text, hops, data from events order by topic, partition, number"
)
NAMES = ("Amina", "Luca", "Samira", "Pietro")


def quietly(_: str) -> None:
    """Says nothing."""


def form(number: int) -> forms.RegisterForm:
    """Somebody else for each number."""
    values: dict[str, Any] = {
        "family_name": "Ferri", "given_name": NAMES[number % 4], "tax_code": None,
        "birth_date": (date(1960, 1, 1) + timedelta(days=number)).isoformat(), "birth_place": "Bologna", "sex": "F",
        "citizenship": "IT", "phone": f"+39 333 {1000000 + number}", "municipality": "037006", "quartiere": "navile",
        "education": "upper_secondary", "languages": ["it"], "commute_minutes": 45, "channel": "parish",
        "on": "2024-03-04", "declared": True,
    }  # fmt: skip
    return forms.RegisterForm.model_validate(values)


async def register(store: Store, running: Running, number: int) -> str:
    """Somebody new at the desk; the person's id."""
    command = Command(str(uuid.uuid4()), "u-elena.conti", running.now)
    return accepted(await commands.register(store, command, form(number))).events[0].event.subject


async def _met(unit: Unit) -> Decision:
    """A fact for which no view is read."""
    person, interview = unit.new_id("person"), unit.new_id("interview")
    await unit.states(person_stream(person))
    return [InterviewHeld(on=unit.today, person_id=person, interview_id=interview, mode="phone")]


@dataclass
class Restored:
    """The platform elsewhere, with workers started."""

    workers: dict[str, Worker]
    stores: dict[str, Store]


@asynccontextmanager
async def started(current: Settings, running: Running) -> AsyncIterator[tuple[Restored, Any]]:
    """Workers on the restored platform, as `make up` starts them."""
    log = open_log(current.log_url, current.namespace)
    await log.start()
    workers: dict[str, Worker] = {}
    try:
        for name in SERVICES:
            store = Store(name, db.service_engine(name, current, pool_size=4), current)
            workers[name] = Worker(service(name), store, log, now=lambda: running.now)
            await workers[name].start()
        yield Restored(workers, {name: worker.store for name, worker in workers.items()}), log
    finally:
        for worker in workers.values():
            await worker.close()
            await worker.store.close()
        await log.stop()


async def next_turn() -> None:
    """Lets the others go on."""
    await asyncio.sleep(0.01)


async def facts(store: Store) -> list[tuple[Any, ...]]:
    async with store.engine.connect() as conn:
        return [tuple(row) for row in await conn.execute(FACTS)]


async def texts(store: Store) -> dict[str, Any]:
    """Every text that a fact refers to, opened: each reference of the newest rows, with what it says."""
    async with store.engine.connect() as conn:
        subjects: dict[str, list[str]] = {}
        for kind, subject in await conn.execute(text("select distinct kind, subject from vault_rows")):
            subjects.setdefault(kind, []).append(subject)
        return {kind: await store.vault.latest(conn, kind, people) for kind, people in sorted(subjects.items())}


async def emptiness(current: Settings) -> list[int]:
    """How many facts, texts and records there are."""
    engine = db.admin_engine(current)
    async with engine.connect() as conn:
        counts = [
            int(await conn.scalar(text(f'select count(*) from "{db.schema_name(name, current)}".{table}')) or 0)
            for name in SERVICES
            for table in ("events", "vault_rows")
        ]
    await engine.dispose()
    log = open_log(current.log_url, current.namespace)
    await log.start()
    await topics.create(log)
    ends = await log.ends(archive.PLACES)
    await log.stop()
    return [sum(counts), sum(ends.values())]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        pytest.param("kafka", "embedded", marks=pytest.mark.kafka),
        pytest.param("embedded", "kafka", marks=pytest.mark.kafka),
    ],
)
async def test_a_backup_under_load_comes_back_elsewhere(
    platform: Platform, targets: Any, tmp_path: Path, source: str, target: str
) -> None:
    running = await platform(log=source)
    await populate(running, people=8, last=date(2024, 3, 15))
    intake = running.store("intake")
    stop, registered = asyncio.Event(), [await register(intake, running, 0)]

    async def desk(first: int) -> None:
        number = first
        while not stop.is_set():
            registered.append(await register(intake, running, number))
            number += 2
            await asyncio.sleep(0.05)  # the slower the machine, the more there would be to bring back

    async def pump() -> None:
        while not stop.is_set():
            await to_quiet(list(running.workers.values()))
            await asyncio.sleep(0)

    load = [asyncio.create_task(one) for one in (desk(1), desk(2), pump())]
    file = tmp_path / "copie" / "insieme.backup"
    before = len(registered)
    fingerprint = await backup.backup(file, running.settings, quietly)
    async with asyncio.timeout(30):
        while len(registered) < before + 3:
            await next_turn()
    stop.set()
    await asyncio.gather(*load)
    assert file.stat().st_mode & 0o777 == 0o600
    await running.quiet()
    assert all(worker.reader.stopped is None for worker in running.workers.values())

    there = targets(running.settings, target)
    own_password = json.loads(there.secrets_path.read_text())["database_password"]
    await backup.restore(file, there, quietly, fingerprint)
    secrets, originals = (json.loads(s.secrets_path.read_text()) for s in (there, running.settings))
    assert secrets["database_password"] == own_password
    assert secrets["master_key"] == originals["master_key"] != own_password

    there = replace(there)  # as another process: the secrets are read anew
    async with started(there, running) as (restored, log):
        for name, store in restored.stores.items():
            mine, theirs = await facts(running.store(name)), await facts(store)
            kept = {row[0] for row in theirs}
            assert theirs or name == "reporting"
            assert theirs == [row for row in mine if row[0] in kept], name
            by_place: dict[tuple[str, int], list[int]] = {}
            for row in theirs:
                by_place.setdefault((row[4], row[5]), []).append(row[6])
            assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in by_place.values())
            words, originally = await texts(store), await texts(running.store(name))
            for kind, people in words.items():
                assert people
                assert people == {who: originally[kind][who] for who in people}, (name, kind)
        known = {row[1] for row in await facts(restored.stores["intake"])}
        assert registered[0] in known
        opened = (await texts(restored.stores["intake"]))["identity"]
        assert set(opened) == {who for who in known if who in (await texts(intake))["identity"]}, (
            "each fact has its text"
        )
        await to_quiet(list(restored.workers.values()))
        assert all(worker.reader.stopped is None for worker in restored.workers.values())
        verdict = await verify(log, restored.stores, {})
        assert verdict.problems == []
        # Everything goes on: a command, its number after the last one, heard by everybody.
        ids = [await register(restored.stores["intake"], running, 500 + n) for n in range(4)]
        await to_quiet(list(restored.workers.values()))
        verdict = await verify(log, restored.stores, {})
        assert verdict.problems == []
        async with restored.stores["reporting"].read() as reading:
            assert {fact.meta.subject for fact in await reading.facts(subjects=ids)} == set(ids)

    with pytest.raises(archive.Refused, match="contiene già dati"):
        await backup.restore(file, there, quietly)


async def test_what_is_not_whole_is_refused_and_nothing_is_touched(
    platform: Platform, targets: Any, tmp_path: Path
) -> None:
    running = await platform()
    for number in range(3):
        await register(running.store("intake"), running, number)
    await running.quiet()
    file = tmp_path / "insieme.backup"
    fingerprint = await backup.backup(file, running.settings, quietly)
    there = targets(running.settings, "embedded")
    await db.migrate(SERVICES, there)
    secrets = there.secrets_path.read_bytes()
    whole = file.read_bytes()

    def changed(offset: int) -> bytes:
        return whole[:offset] + bytes([whole[offset] ^ 0x01]) + whole[offset + 1 :]

    with tarfile.open(file) as tar:
        places = {member.name: member.offset_data + member.size // 2 for member in tar}
    broken = {f"altered {name}": changed(at) for name, at in places.items()}
    broken |= {f"cut at {at}": whole[:at] for at in (0, 100, 512, places[archive.LOG], len(whole) - 11_000)}
    broken["something else"] = os.urandom(5000)
    for how, content in broken.items():
        bad = tmp_path / "bad.backup"
        bad.write_bytes(content)
        with pytest.raises(archive.Refused, match="nulla è stato toccato"):
            await backup.restore(bad, there, quietly)
        assert await emptiness(there) == [0, 0], how
        assert there.secrets_path.read_bytes() == secrets, how
    # Who alters it knowingly also mends the list of digests: the fingerprint kept elsewhere tells.
    _forge(file, tmp_path / "forged.backup")
    with pytest.raises(archive.Refused, match="impronta"):
        await backup.restore(tmp_path / "forged.backup", there, quietly, fingerprint)
    with pytest.raises(archive.Refused, match="non c'è"):
        await backup.restore(tmp_path / "none.backup", there, quietly)
    with pytest.raises(archive.Refused, match="prefisso"):
        await backup.restore(file, replace(there, namespace="t0_"), quietly)
    assert await emptiness(there) == [0, 0]
    await backup.restore(file, there, quietly, fingerprint)
    assert all(await emptiness(there))


def _forge(file: Path, to: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with tarfile.open(file) as tar:
            tar.extractall(folder, filter="data")
        (folder / archive.DATABASE).write_bytes(b"drop table everything;")
        manifest = orjson.loads((folder / archive.MANIFEST).read_bytes())
        manifest["files"][archive.DATABASE] = archive.sha256(folder / archive.DATABASE)
        (folder / archive.MANIFEST).write_bytes(orjson.dumps(manifest))
        archive.pack(folder, [archive.MANIFEST, *manifest["files"]], to)


async def test_a_restore_that_broke_off_in_the_log_goes_on(
    platform: Platform, targets: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await platform()
    for number in range(6):
        await register(running.store("intake"), running, number)
    await running.quiet()
    file = tmp_path / "insieme.backup"
    await backup.backup(file, running.settings, quietly)
    there = targets(running.settings, "embedded")
    with monkeypatch.context() as broken:
        broken.setattr(backup, "_restore_database", _disk_full)
        with pytest.raises(OSError, match="disk"):
            await backup.restore(file, there, quietly)
    assert (await emptiness(there))[0] == 0
    store = Store("intake", db.service_engine("intake", there), there)
    with pytest.raises(ViewNotReady):  # no worker has run there: nobody can say who is joined with whom
        await register(store, running, 7)
    with pytest.raises(DatabaseUnchecked):  # what is in the log already cannot be numbered a second time
        await store.execute(running.command(), _met)
    await store.close()
    await backup.restore(file, there, quietly)
    async with started(replace(there), running) as (restored, log):
        await to_quiet(list(restored.workers.values()))
        assert (await verify(log, restored.stores, {})).problems == []
        assert len(await facts(restored.stores["intake"])) == len(await facts(running.store("intake")))


def _disk_full(*_: object) -> None:
    raise OSError("disk full")


async def test_a_log_with_other_records_is_refused(platform: Platform, targets: Any, tmp_path: Path) -> None:
    running = await platform()
    await register(running.store("intake"), running, 0)
    await running.quiet()
    file = tmp_path / "insieme.backup"
    await backup.backup(file, running.settings, quietly)
    there = targets(running.settings, "embedded")
    log = open_log(there.log_url, there.namespace)
    await log.start()
    await topics.create(log)
    await log.append("supply", 0, [Message(b"k", b"{}", (), 0)])
    await log.stop()
    with pytest.raises(archive.Refused, match="registro vuoto"):
        await backup.restore(file, there, quietly)
    assert (await emptiness(there)) == [0, 1]


async def test_another_key_opens_no_text(platform: Platform, tmp_path: Path) -> None:
    """The control of the texts above: without the archive's keys they would not have been readable."""
    running = await platform("intake")
    person = await register(running.store("intake"), running, 0)
    other = tmp_path / "secrets.json"
    home.secret_values(other)
    strange = Vault("intake", replace(running.settings, secrets_path=other))
    async with running.store("intake").engine.connect() as conn:
        with pytest.raises((InvalidTag, Tampered)):
            await strange.latest(conn, "identity", [person])
