"""The launcher's folder: one launcher at a time, secrets made once, what was loaded, how to join in."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

SECRET_NAMES = (
    "signing_key", "master_key", "database_password", "index_key",
    # With these a service signs what it asks of intake's doors; apart, a service holds only its own, intake all.
    "door_key_intake", "door_key_matching", "door_key_training", "door_key_enterprise", "door_key_reporting",
)  # fmt: skip


class Busy(Exception):
    """Another launcher holds this folder. The text is what it wrote about itself."""


@contextmanager
def locked(home: Path, about: str) -> Iterator[None]:
    """Hold the folder while the platform runs. Raises Busy. The kernel lets go when we die, however."""
    with (home / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Busy(lock.read().strip()) from None
        lock.truncate(0)
        lock.write(about)
        lock.flush()
        yield
        lock.truncate(0)


def secret_values(file: Path) -> dict[str, str]:
    """The secrets, 32 random bytes each in base64, made once (mode 600).

    A missing name is added: the vault's master key must survive every upgrade, so nothing is ever replaced.
    """
    kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = {name: _random() for name in SECRET_NAMES if name not in kept}
    if missing:
        kept |= missing
        _write_private(file, json.dumps(kept, indent=2) + "\n")
    return kept


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True)
class Loaded:
    """Which scenario this platform was filled with, and the real instant at which that was finished.

    The demonstration clock runs on from that instant, so it is kept: a restart does not turn time back.
    """

    scenario: str
    since: str | None


def read_loaded(home: Path) -> Loaded | None:
    file = home / "scenario.json"
    return Loaded(**json.loads(file.read_text())) if file.exists() else None


def write_loaded(home: Path, loaded: Loaded) -> None:
    _write_private(home / "scenario.json", json.dumps(asdict(loaded)) + "\n")


@contextmanager
def published(home: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Keep `environment` in a file while the platform runs, for commands given beside it (make replay)."""
    file = home / "environment"
    _write_private(file, "".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items()))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def join_running(home: Path) -> None:
    """Take over the settings of the running platform, where there is one; what is set already wins."""
    file = home / "environment"
    if file.exists():
        for line in file.read_text().splitlines():
            name, _, value = line.partition("=")
            os.environ.setdefault(name, shlex.split(value)[0] if value else "")


def _write_private(file: Path, text: str) -> None:
    """Whole or not at all: written beside and moved into place."""
    beside = file.with_name(file.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)
