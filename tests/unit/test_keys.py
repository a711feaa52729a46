"""Generations of master keys in their file: what opens what, what is destroyed, what a restore may bring back."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from deploy.local.home import SECRET_NAMES
from shared import keys
from shared.events import SERVICES
from shared.settings import Settings, settings

NOW = datetime(2024, 5, 6, 10, 0, tzinfo=UTC)
KEY = b"k" * 32


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    return make_place(tmp_path / "here")


def make_place(folder: Path) -> Settings:
    """Secrets of its own, no file of keys yet."""
    folder.mkdir()
    file = folder / "secrets.json"
    file.write_text(json.dumps({name: base64.b64encode(os.urandom(32)).decode() for name in SECRET_NAMES}))
    return replace(settings, secrets_path=file, keys_path=None)


def states(at: Settings, service: str = "intake") -> list[str]:
    return [one.state for one in keys.ring(at, service)]


def test_todays_master_key_is_generation_1_byte_for_byte(place: Settings) -> None:
    """A key that the platform wrapped before there were generations opens, and the other way round."""
    before = AESGCM(keys.derived_key(place.secret("master_key"), "vault/intake/1"))
    nonce = os.urandom(12)
    assert keys.unwrap(place, "intake", 1, "amina", nonce + before.encrypt(nonce, KEY, b"amina")) == KEY
    generation, wrapped = keys.wrap(place, "intake", "amina", KEY)
    assert generation == 1
    assert before.decrypt(wrapped[:12], wrapped[12:], b"amina") == KEY
    assert not place.keys_folder.exists(), "nothing is written before the first rotation"


def test_a_new_generation_wraps_and_the_old_one_still_opens(place: Settings) -> None:
    _, old = keys.wrap(place, "intake", "amina", KEY)
    assert keys.add(place, "intake", NOW) == 2
    assert states(place) == ["old", "current"]
    generation, new = keys.wrap(place, "intake", "amina", KEY)
    assert generation == 2
    assert keys.unwrap(place, "intake", 1, "amina", old) == keys.unwrap(place, "intake", 2, "amina", new) == KEY
    for wrong_generation, wrapped in ((2, old), (1, new)):
        with pytest.raises(keys.Tampered):
            keys.unwrap(place, "intake", wrong_generation, "amina", wrapped)
    assert states(place, "training") == ["current"], "each service has its own"


def test_a_key_opens_for_its_subject_and_its_service_only(place: Settings) -> None:
    _, wrapped = keys.wrap(place, "intake", "amina", KEY)
    for service, subject in (("intake", "luca"), ("training", "amina")):
        with pytest.raises(keys.Tampered):
            keys.unwrap(place, service, 1, subject, wrapped)
    for cut in (b"", wrapped[:5], wrapped[:12], wrapped[:-1]):
        with pytest.raises(keys.Tampered):
            keys.unwrap(place, "intake", 1, "amina", cut)


def test_a_process_that_runs_sees_the_new_generation_without_restart(place: Settings) -> None:
    """As another process would: what it holds is read again when the file changed, even within one clock tick."""
    keys.add(place, "intake", NOW)
    elsewhere = replace(place)
    for expected in (3, 4, 5):
        keys.add(place, "intake", NOW)
        assert keys.current(elsewhere, "intake") == expected


def test_a_destroyed_generation_opens_nothing_and_leaves_no_secret(place: Settings) -> None:
    secret = keys.ring(place, "intake")[0].secret
    assert secret is not None
    _, wrapped = keys.wrap(place, "intake", "amina", KEY)
    keys.add(place, "intake", NOW)
    file = place.keys_folder / "intake.json"
    assert base64.b64encode(secret).decode() in file.read_text(), "the control of the search below"
    with pytest.raises(ValueError, match="current"):
        keys.destroy(place, "intake", 2, NOW)
    keys.destroy(place, "intake", 1, NOW)
    with pytest.raises(keys.KeyGone):
        keys.unwrap(place, "intake", 1, "amina", wrapped)
    assert states(place) == ["destroyed", "current"]
    assert keys.ring(place, "intake")[0].destroyed_at == NOW
    assert all(base64.b64encode(secret) not in one.read_bytes() for one in place.keys_folder.iterdir())
    assert file.stat().st_mode & 0o777 == 0o600
    assert place.keys_folder.stat().st_mode & 0o777 == 0o700


def test_the_master_key_goes_when_the_last_service_destroyed_it(place: Settings) -> None:
    before = after = json.loads(place.secrets_path.read_text())
    for number, service in enumerate(SERVICES, 1):
        keys.add(place, service, NOW)
        keys.destroy(place, service, 1, NOW)
        after = json.loads(place.secrets_path.read_text())
        assert (after["master_key"] == before["master_key"]) == (number < len(SERVICES)), service
    assert after | {"master_key": ""} == before | {"master_key": ""}
    assert place.secrets_path.stat().st_mode & 0o777 == 0o600


def test_what_is_sealed_for_days_opens_with_any_living_generation(place: Settings) -> None:
    (first,) = keys.derived(place, "intake", "drafts")
    keys.add(place, "intake", NOW)
    newest, older = keys.derived(place, "intake", "drafts")
    assert older == first != newest
    keys.destroy(place, "intake", 1, NOW)
    assert keys.derived(place, "intake", "drafts") == [newest]


def test_no_two_purposes_share_a_key(place: Settings) -> None:
    secret = place.secret("master_key")
    purposes = [f"{use}/{service}/1" for use in ("vault", "drafts") for service in SERVICES] + ["check"]
    assert len({keys.derived_key(secret, purpose) for purpose in purposes}) == len(purposes)


def test_a_folder_that_cannot_be_written_is_said_and_nothing_changes(place: Settings) -> None:
    blocked = replace(place, keys_path=place.secrets_path / "keys")  # a file stands where the folder should be
    with pytest.raises(keys.NotWritable, match="non si può scrivere"):
        keys.add(blocked, "intake", NOW)


def test_the_file_says_what_it_said(place: Settings) -> None:
    keys.add(place, "intake", NOW)
    keys.note_empty(place, "intake", 1, NOW)
    assert keys.load(json.loads(json.dumps(keys.dump(keys.ring(place, "intake"))))) == keys.ring(place, "intake")
    secret = keys.ring(place, "intake")[1].secret
    assert secret is not None
    assert repr(secret) not in repr(keys.ring(place, "intake")), "a trace-back must not show it"


def test_a_restore_brings_no_destroyed_generation_back(place: Settings, tmp_path: Path) -> None:
    keys.add(place, "intake", NOW)
    saved = keys.ring(place, "intake")
    keys.add(place, "intake", NOW)
    keys.destroy(place, "intake", 1, NOW)
    here = keys.merged(keys.ring(place, "intake"), saved)
    assert [(one.id, one.state, one.secret is None) for one in here] == [
        (1, "destroyed", True), (2, "old", False), (3, "current", False)
    ]  # fmt: skip
    elsewhere = keys.merged(keys.ring(make_place(tmp_path / "there"), "intake"), saved)
    assert tuple(elsewhere) == saved, "another place knows nothing of it: there the saved keys are all there is"


def test_the_days_are_longer_than_a_month_of_backups() -> None:
    assert keys.kept_days(date(2024, 5, 6)) == 35
    assert [since for since, _, _ in keys.KEPT] == sorted(since for since, _, _ in keys.KEPT)
