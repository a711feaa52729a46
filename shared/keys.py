"""The master keys of a service's vault, in generations: wrap, unwrap, add, destroy.

A person's key is wrapped by the current generation. A new generation takes over at once; the old one opens what is
not wrapped again yet and what a backup brings back, until it is destroyed (shared/rotation.py says when). A service
has one file, `<service>.json` in the folder of keys (`INSIEME_KEYS`), read again whenever it changes. As long as
there is none, the secret `master_key` is generation 1, as it always was.

Whatever keeps master keys elsewhere (a KMS) takes the place of this module's functions; nothing else sees a secret.
"""

from __future__ import annotations

import base64
import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.events import SERVICES
from shared.settings import Settings

logger = logging.getLogger(__name__)
NONCE = 12
"""Bytes of a nonce: random, since no key here encrypts anything near 2**32 times (docs/adr/0017-vault.md)."""
KEPT: tuple[tuple[date, int, str], ...] = (
    (date(2017, 1, 1), 35, "[own] cinque settimane: le copie si tengono un mese e devono potersi riaprire"),
)
"""For how many days after nothing is wrapped by it an old generation is kept, in force from a day on. It must be
longer than the time for which a backup should be restorable: with the generation goes every older backup's vault."""


class Tampered(Exception):
    """What is sealed did not open under this identity, or is not the text that the fact committed to."""


class KeyGone(Exception):
    """The generation that wraps this key was destroyed, or is not in this platform's file of keys."""


class NotWritable(Exception):
    """The folder of keys cannot be written from here. The text is an Italian sentence."""


@dataclass(frozen=True, slots=True)
class Generation:
    """A master key: `made_at` is None for the first (older than the file), `secret` once it was destroyed.

    `empty_since`: when it was first seen that nothing is wrapped by it any more; the days until its end count from
    there. `check` tells two generations with the same number apart and gives nothing of the secret away.
    """

    id: int
    state: Literal["current", "old", "destroyed"]
    check: str
    made_at: datetime | None = None
    empty_since: datetime | None = None
    destroyed_at: datetime | None = None
    secret: bytes | None = field(default=None, repr=False)


@lru_cache(maxsize=256)
def derived_key(secret: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose (HKDF-SHA-256)."""
    return HKDF(SHA256(), 32, salt=None, info=f"insieme/{purpose}".encode()).derive(secret)


def kept_days(on: date) -> int:
    """The days of `KEPT` that are in force on a civil date."""
    return next(days for since, days, _ in reversed(KEPT) if since <= on)


def ring(settings: Settings, service: str) -> tuple[Generation, ...]:
    """The service's generations, the oldest first; the last one is current."""
    file = _file(settings, service)
    try:
        found = file.stat()
    except FileNotFoundError:
        return (first(settings.secret("master_key")),)
    stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
    known = _known.get(file)
    if known is None or known[0] != stamp:
        known = _known[file] = (stamp, load(orjson.loads(file.read_bytes())))
        _cipher.cache_clear()  # what was destroyed is not kept in memory either
        derived_key.cache_clear()
    return known[1]


def current(settings: Settings, service: str) -> int:
    """The generation that wraps what is new."""
    return ring(settings, service)[-1].id


def wrap(settings: Settings, service: str, subject: str, key: bytes) -> tuple[int, bytes]:
    """The subject's key wrapped by the current generation, and which that is."""
    newest = ring(settings, service)[-1]
    nonce = os.urandom(NONCE)
    return newest.id, nonce + _cipher(newest, service).encrypt(nonce, key, subject.encode())


def unwrap(settings: Settings, service: str, generation: int, subject: str, wrapped: bytes) -> bytes:
    """The subject's key. Raises KeyGone and Tampered."""
    held = next((one for one in ring(settings, service) if one.id == generation), None)
    if held is None or held.secret is None:
        raise KeyGone(f"{service}, generation {generation}")
    try:
        return _cipher(held, service).decrypt(wrapped[:NONCE], wrapped[NONCE:], subject.encode())
    except (InvalidTag, ValueError) as error:
        raise Tampered("a key that its generation does not open") from error


def derived(settings: Settings, service: str, purpose: str) -> list[bytes]:
    """For what is sealed without a subject's key and soon gone: a key from each living generation, the current one
    first. Write with the first, read with any."""
    living = [one for one in reversed(ring(settings, service)) if one.secret is not None]
    return [derived_key(cast(bytes, one.secret), f"{purpose}/{service}/{one.id}") for one in living]


def add(settings: Settings, service: str, now: datetime) -> int:
    """Makes a new generation, current at once for every process that reads the file. Raises NotWritable."""
    with _changing(settings, service) as generations:
        secret = os.urandom(32)
        generations[-1] = replace(generations[-1], state="old")
        generations.append(Generation(generations[-1].id + 1, "current", _check(secret), now, secret=secret))
    logger.info("%s: key generation %d made", service, generations[-1].id)
    return generations[-1].id


def note_empty(settings: Settings, service: str, generation: int, since: datetime | None) -> None:
    """Notes since when nothing is wrapped by this old generation (None: something is again). Raises NotWritable."""
    with _changing(settings, service) as generations:
        at = _at(generations, generation)
        generations[at] = replace(generations[at], empty_since=since)


def destroy(settings: Settings, service: str, generation: int, now: datetime) -> None:
    """Forgets an old generation's secret for ever; that it was, and when it ended, stays. Raises NotWritable and
    ValueError for the current one."""
    with _changing(settings, service) as generations:
        at = _at(generations, generation)
        if generations[at].state == "current":
            raise ValueError("the current generation cannot be destroyed")
        generations[at] = replace(generations[at], state="destroyed", destroyed_at=now, secret=None)
    logger.warning("%s: key generation %d destroyed; older backups' vaults no longer open", service, generation)
    if generation == 1:
        _forget_master(settings)


def adopt(settings: Settings, service: str, generations: Sequence[Generation]) -> None:
    """After a restore: these generations and no others. Raises NotWritable."""
    with _changing(settings, service) as ours:
        ours[:] = generations


def first(secret: bytes) -> Generation:
    """The generation that a `master_key` is while there is no file."""
    return Generation(1, "current", _check(secret), secret=secret)


def merged(ours: Sequence[Generation], theirs: Sequence[Generation]) -> list[Generation]:
    """Which generations a place has after an archive's were brought to it. A place that knows the archive's first one
    is the platform that made it: what it destroyed since stays destroyed, what it made since stays."""
    if not theirs or ours[0].check != theirs[0].check:
        return list(theirs or ours)
    by_id = {one.id: one for one in (*theirs, *(one for one in ours if one.state != "destroyed"))}
    by_id |= {one.id: one for one in (*ours, *theirs) if one.state == "destroyed"}
    newest = max(by_id)
    return [
        one if one.state == "destroyed" else replace(one, state="current" if one.id == newest else "old")
        for _, one in sorted(by_id.items())
    ]


def dump(generations: Sequence[Generation]) -> list[dict[str, Any]]:
    """The generations as the file holds them."""
    return [
        {
            "id": one.id, "state": one.state, "check": one.check, "made_at": _iso(one.made_at),
            "empty_since": _iso(one.empty_since), "destroyed_at": _iso(one.destroyed_at),
            "secret": None if one.secret is None else base64.b64encode(one.secret).decode(),
        }
        for one in generations
    ]  # fmt: skip


def load(values: list[dict[str, Any]]) -> tuple[Generation, ...]:
    """The generations that `dump` wrote. Raises ValueError, KeyError and TypeError for anything else."""
    return tuple(
        Generation(
            int(one["id"]), one["state"], str(one["check"]), _instant(one["made_at"]), _instant(one["empty_since"]),
            _instant(one["destroyed_at"]), None if one["secret"] is None else base64.b64decode(one["secret"]),
        )
        for one in values
    )  # fmt: skip


def _file(settings: Settings, service: str) -> Path:
    return settings.keys_folder / f"{service}.json"


_known: dict[Path, tuple[tuple[int, int, int], tuple[Generation, ...]]] = {}
"""What each file said when it was last read, and which file that was."""


@lru_cache(maxsize=64)
def _cipher(generation: Generation, service: str) -> AESGCM:
    assert generation.secret is not None
    return AESGCM(derived_key(generation.secret, f"vault/{service}/{generation.id}"))


def _check(secret: bytes) -> str:
    return derived_key(secret, "check")[:8].hex()


def _at(generations: list[Generation], generation: int) -> int:
    return [one.id for one in generations].index(generation)


@contextmanager
def _changing(settings: Settings, service: str) -> Iterator[list[Generation]]:
    """The generations to change; written whole or not at all, by one process at a time."""
    file = _file(settings, service)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            generations = list(ring(settings, service))
            yield generations
            _write(file, orjson.dumps(dump(generations), option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        raise NotWritable(
            f"Il file delle chiavi {file} non si può scrivere da qui ({type(error).__name__}): nulla è cambiato."
        ) from error


def _write(file: Path, content: bytes) -> None:
    beside = file.with_name(file.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the old file's name must not come back after a power cut: it holds what was destroyed
    finally:
        os.close(folder)


def _forget_master(settings: Settings) -> None:
    """`master_key` is generation 1 of every service: it goes when the last of them has destroyed it."""
    if any(ring(settings, service)[0].secret is not None for service in SERVICES):
        logger.warning("master_key stays in the secrets file until every service has destroyed its generation 1")
        return
    try:
        secrets = orjson.loads(settings.secrets_path.read_bytes())
        secrets["master_key"] = base64.b64encode(os.urandom(32)).decode()  # opens nothing; the name must be there
        _write(settings.secrets_path, orjson.dumps(secrets, option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        logger.warning("generation 1 still stands in the secrets file as master_key: %s", type(error).__name__)


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
