"""A backup and its keys: the archive alone tells no name, and none at all once its generation is destroyed."""

from __future__ import annotations

import base64
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from sqlalchemy import text

from deploy import archive, archive_keys, backup
from shared import db, keys, rotation
from shared.events import SERVICES
from shared.settings import Settings, settings
from shared.store import Store
from shared.vault import Pending
from tests.fixtures.platform import NOON, Platform, Running
from tests.fixtures.toy import person

Targets = Callable[[Settings, str], Settings]
LATER = NOON + timedelta(days=1 + keys.kept_days(NOON.date()))


def quietly(_: str) -> None:
    """Says nothing."""


@pytest.fixture
async def running(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """All five, with secrets and keys of their own: other tests go on with theirs."""
    folder = tmp_path / "source"
    folder.mkdir()
    secrets = folder / "secrets.json"
    secrets.write_text(settings.secrets_path.read_text())
    monkeypatch.setattr("tests.fixtures.platform.settings", replace(settings, secrets_path=secrets, keys_path=None))
    return await platform()


async def known(store: Store, name: str) -> str:
    """Somebody with an identity in the vault."""
    async with store.engine.begin() as conn:
        pending = Pending()
        values = {"family_name": "Haddad", "given_name": name}
        await store.vault.seal(conn, pending, str(uuid4()), "identity", person(name), values, new=True)
        await store.vault.write(conn, pending, NOON)
    return person(name)


async def names(current: Settings) -> set[str]:
    """Whom intake's vault at this place can name."""
    store = Store("intake", db.service_engine("intake", current, pool_size=2), current)
    try:
        async with store.engine.connect() as conn:
            people = list((await conn.execute(text("select distinct subject from vault_rows"))).scalars())
            return {str(one["given_name"]) for one in (await store.vault.latest(conn, "identity", people)).values()}
    finally:
        await store.close()


async def untouched(current: Settings) -> bool:
    """Whether nothing is there: no table even."""
    engine = db.admin_engine(current)
    async with engine.connect() as conn:
        there = await conn.scalar(
            text("select count(*) from pg_tables where schemaname = :s"), {"s": db.schema_name("intake", current)}
        )
    await engine.dispose()
    return bool(there == 0)


@dataclass(frozen=True)
class Saved:
    """A backup, with what was in its archive and in its file of keys."""

    file: Path
    archive: bytes
    keys: bytes


async def saved(running: Running, file: Path) -> Saved:
    await backup.backup(file, running.settings, quietly)
    return Saved(file, file.read_bytes(), archive_keys.beside(file).read_bytes())


async def test_the_archive_opens_with_the_newest_keys_and_with_none_after_the_destruction(
    running: Running, targets: Targets, tmp_path: Path
) -> None:
    store = running.store("intake")
    await known(store, "Amina")
    old = await saved(running, tmp_path / "old.backup")
    secrets = json.loads(running.settings.secrets_path.read_text())
    for name in ("master_key", "index_key", "signing_key", "door_key_matching"):
        assert secrets[name].encode() in old.keys
        for form in (secrets[name].encode(), base64.b64decode(secrets[name])):
            assert form not in old.archive, f"the archive holds {name}"
    assert archive_keys.beside(old.file).stat().st_mode & 0o777 == 0o600

    await rotation.rotate(store, NOON)
    await known(store, "Luca")
    newer = await saved(running, tmp_path / "newer.backup")
    archive_keys.beside(old.file).unlink()  # as its keepers should: only the newest file of keys stays

    bare = targets(running.settings, "embedded")
    with pytest.raises(archive.Refused, match=r"Mancano le chiavi .*generazione 1.*old\.backup\.keys"):
        await backup.restore(old.file, bare, quietly)
    assert await untouched(bare)

    # The control: within the days the older archive opens, by the newest keys.
    await backup.restore(old.file, bare, quietly, keys_file=archive_keys.beside(newer.file))
    there = replace(bare)
    assert await names(there) == {"Amina"}
    assert [one.state for one in keys.ring(there, "intake")] == ["old", "current"]
    restored = Store("intake", db.service_engine("intake", there, pool_size=2), there)
    await rotation.care(restored, NOON)
    assert await rotation.under(restored) == {2: 1}, "and what came back is wrapped again"
    await restored.close()

    # Amina is erased; the generation under which the old archive has her key is destroyed.
    async with store.engine.begin() as conn:
        await store.vault.erase(conn, person("Amina"))
    await rotation.care(store, NOON)
    assert await rotation.care(store, LATER) == [1]
    newest = await saved(running, tmp_path / "newest.backup")
    assert base64.b64encode(store.settings.secret("master_key")) in newest.keys, "four services still need it"

    empty = targets(running.settings, "embedded")
    with pytest.raises(archive.Refused, match=r"intake, generazione 1\) sono state distrutte il .* non si ripristina"):
        await backup.restore(old.file, empty, quietly, keys_file=archive_keys.beside(newest.file))
    # At the place itself not even somebody's old file of keys brings it back.
    kept = tmp_path / "kept.keys"
    kept.write_bytes(old.keys)
    with pytest.raises(archive.Refused, match="sono state distrutte"):
        await backup.restore(old.file, replace(empty, keys_path=running.settings.keys_folder), quietly, keys_file=kept)
    kept.write_bytes(old.keys[:-30])
    with pytest.raises(archive.Refused, match="non è leggibile"):
        await backup.restore(old.file, empty, quietly, keys_file=kept)


async def test_the_master_key_leaves_the_secrets_and_no_restore_brings_it_back(
    running: Running, targets: Targets, tmp_path: Path
) -> None:
    await known(running.store("intake"), "Amina")
    first = await saved(running, tmp_path / "first.backup")
    before = json.loads(running.settings.secrets_path.read_text())["master_key"]
    for service in SERVICES:
        await rotation.rotate(running.store(service), NOON)
        await rotation.care(running.store(service), NOON)
        assert await rotation.care(running.store(service), LATER) == [1]
    last = await saved(running, tmp_path / "last.backup")
    assert before.encode() in first.keys
    assert before.encode() not in last.keys
    theirs = archive_keys.read({"format": 2}, tmp_path, archive_keys.beside(first.file), running.settings)
    assert archive_keys.joined(theirs, running.settings).secrets["master_key"] != before
    there = targets(running.settings, "embedded")
    await backup.restore(last.file, there, quietly)
    assert await names(replace(there)) == {"Amina"}


async def test_an_archive_of_before_opens_as_it_did(running: Running, targets: Targets, tmp_path: Path) -> None:
    """Format 1 had the secrets inside."""
    await known(running.store("intake"), "Amina")
    made = await saved(running, tmp_path / "new.backup")
    folder = tmp_path / "format1"
    folder.mkdir()
    with tarfile.open(made.file) as tar:
        tar.extractall(folder, filter="data")
    secrets = json.loads(running.settings.secrets_path.read_text())
    of_then = {name: value for name, value in secrets.items() if not name.startswith("door_key")}
    (folder / archive.SECRETS).write_text(json.dumps(of_then))
    manifest = orjson.loads((folder / archive.MANIFEST).read_bytes())
    del manifest["generations"]
    manifest["format"] = 1
    manifest["files"][archive.SECRETS] = archive.sha256(folder / archive.SECRETS)
    (folder / archive.MANIFEST).write_bytes(orjson.dumps(manifest))
    file = tmp_path / "old.backup"
    archive.pack(folder, [archive.MANIFEST, *manifest["files"]], file)
    there = targets(running.settings, "embedded")
    await backup.restore(file, there, quietly)
    assert await names(replace(there)) == {"Amina"}
    after = json.loads(there.secrets_path.read_text())
    assert after["master_key"] == secrets["master_key"]
    assert after["door_key_matching"] != secrets["door_key_matching"], "a secret of later stays the place's own"
