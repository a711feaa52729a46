"""The keys of a backup: a small file beside the archive, kept elsewhere and written anew with each backup.

An archive without it tells no name. Were the keys inside, destroying a generation would destroy nothing: whoever
keeps an old archive would have the old key. So only the newest file of keys is worth keeping (it opens every archive
that can still be opened), and older ones must be thrown away.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from deploy.archive import SECRETS, Refused, write_private
from shared import keys
from shared.events import SERVICES
from shared.keys import Generation
from shared.settings import Settings

OF_THE_PLACE = ("database_password",)
"""Secrets of the database server, not of the data in it: a restore keeps those of the place it restores to."""
Rings = dict[str, Sequence[Generation]]


@dataclass(frozen=True)
class Held:
    """Secrets by name, and each service's generations."""

    secrets: dict[str, str]
    rings: Rings


def beside(file: Path) -> Path:
    """Where an archive's keys are unless told otherwise."""
    return file.with_name(file.name + ".keys")


def write(file: Path, current: Settings) -> None:
    """The keys of this platform as they are now, mode 600."""
    held = _held_here(current)
    values = {
        "format": 1, "made_at": datetime.now(UTC).isoformat(), "secrets": held.secrets,
        "keys": {service: keys.dump(ring) for service, ring in held.rings.items()},
    }  # fmt: skip
    write_private(file, orjson.dumps(values, option=orjson.OPT_INDENT_2) + b"\n")


def checks(current: Settings, service: str, used: Sequence[int]) -> dict[str, str]:
    """For the manifest: which generations wrap the archive's keys."""
    return {str(one.id): one.check for one in keys.ring(current, service) if one.id in used}


def wanted(manifest: Mapping[str, Any], held: Held) -> dict[str, dict[str, str]]:
    """Which generations the archive needs, by service. An archive of format 1 needs its own `master_key`."""
    if manifest["format"] == 1:
        return {service: {"1": held.rings[service][0].check} for service in SERVICES}
    found: dict[str, dict[str, str]] = manifest["generations"]
    return found


def read(manifest: Mapping[str, Any], folder: Path, file: Path, current: Settings) -> Held:
    """The archive's secrets and generations: of format 1 inside it, later from the file of keys, and where there is
    none those of this place. Raises Refused."""
    try:
        if manifest["format"] == 1:
            secrets: dict[str, str] = orjson.loads((folder / SECRETS).read_bytes())
            ring = (keys.first(base64.b64decode(secrets["master_key"])),)
            return Held(secrets, dict.fromkeys(SERVICES, ring))
        if file.exists():
            values = orjson.loads(file.read_bytes())
            return Held(dict(values["secrets"]), {name: keys.load(values["keys"][name]) for name in SERVICES})
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"Il file delle chiavi {file} non è leggibile: nulla è stato toccato.") from error
    return _held_here(current)


def joined(theirs: Held, current: Settings) -> Held:
    """What the place will hold after the restore: the archive's, but for what this place has destroyed since."""
    mine = _held_here(current)
    rings: Rings = {name: keys.merged(mine.rings[name], theirs.rings[name]) for name in SERVICES}
    stays = [*OF_THE_PLACE] + (["master_key"] if all(ring[0].secret is None for ring in rings.values()) else [])
    kept = {name: mine.secrets[name] for name in stays if name in mine.secrets}
    return Held(mine.secrets | theirs.secrets | kept, rings)


def refuse_unless_openable(needed: Mapping[str, Mapping[str, str]], held: Held, file: Path) -> None:
    """Says plainly, before anything is written, that an archive's vault can no longer be opened, or not from here."""
    for service, generations in needed.items():
        for number, check in generations.items():
            one = next((g for g in held.rings[service] if str(g.id) == number and g.check == check), None)
            if one is None:
                raise Refused(
                    f"Mancano le chiavi di questo archivio ({service}, generazione {number}): serve il file delle "
                    f"chiavi ({file}, oppure --keys); nulla è stato toccato."
                )
            if one.destroyed_at is not None:
                raise Refused(
                    f"Le chiavi di questo archivio ({service}, generazione {number}) sono state distrutte il "
                    f"{one.destroyed_at:%d/%m/%Y}: i dati delle persone che contiene non si possono più leggere, e "
                    "l'archivio non si ripristina; nulla è stato toccato."
                )


def bring(held: Held, current: Settings) -> None:
    """Writes secrets and generations where this place has them. Raises Refused."""
    write_private(current.secrets_path, orjson.dumps(held.secrets, option=orjson.OPT_INDENT_2) + b"\n")
    try:
        for service, ring in held.rings.items():
            if len(ring) > 1 or (current.keys_folder / f"{service}.json").exists():
                keys.adopt(current, service, ring)
    except keys.NotWritable as error:
        raise Refused(str(error)) from error


def _held_here(current: Settings) -> Held:
    secrets: dict[str, str] = orjson.loads(current.secrets_path.read_bytes())
    return Held(secrets, {service: keys.ring(current, service) for service in SERVICES})
