"""The register of erasures beside a backup: who was erased, without names, kept elsewhere and written anew.

An archive is older than what was erased after it, and its own log cannot know. So `restore --erasures FILE` takes the
newest register and erases those people again, before anybody is served: as facts, which every service hears, and in
every vault at once. What a lost register cannot say, the destroyed generation of keys still does (archive_keys.py).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import text

from deploy.archive import Refused, write_private
from shared import clock, db, erasure
from shared.decisions import Decision
from shared.erasure import Erased
from shared.events.intake import PersonErased
from shared.service import Forget
from shared.settings import Settings
from shared.store import Command, Store, Unit

ACTOR = "system:restore"


def beside(file: Path) -> Path:
    """Where a backup's register is written."""
    return file.with_name(file.name + ".erasures")


async def write(file: Path, current: Settings) -> int:
    """All erasures until now, one a line; returns how many."""
    engine = db.admin_engine(current)
    try:
        async with engine.connect() as conn:
            facts = f'"{db.schema_name("intake", current)}".events'
            found = await conn.execute(
                text(
                    f"select event_id::text, recorded_at, data from {facts} where type = 'intake.person-erased'"
                    " order by recorded_at"
                )
            )
            lines = [
                orjson.dumps({"fact": id_, "at": at.isoformat(), "event": orjson.loads(data)})
                for id_, at, data in found
            ]
    finally:
        await engine.dispose()
    write_private(file, b"\n".join(lines) + b"\n" if lines else b"")
    return len(lines)


def read(file: Path) -> list[Erased]:
    """The register's erasures. Raises Refused where it is not one."""
    try:
        values: list[dict[str, Any]] = [orjson.loads(line) for line in file.read_bytes().splitlines() if line]
        return [
            Erased(one["fact"], datetime.fromisoformat(one["at"]), PersonErased.model_validate(one["event"]))
            for one in values
        ]
    except OSError:
        raise Refused(f"Il registro delle cancellazioni {file} non si legge: nulla è stato toccato.") from None
    except (ValueError, KeyError, TypeError):
        raise Refused(f"{file} non è un registro delle cancellazioni: nulla è stato toccato.") from None


def forget_of(service: str) -> Forget:
    """How the service forgets a person."""
    forget: Forget | None = importlib.import_module(f"services.{service}.service").SERVICE.forget
    assert forget is not None, service
    return forget


async def apply(stores: Mapping[str, Store], erasures: Sequence[Erased]) -> int:
    """Erases these people in databases that do not know it yet; returns how many. Facts of intake say so from now on,
    under the ids that they had, and the other services answer when they hear them."""
    erased = 0
    for one in erasures:
        erased += await _in_intake(stores["intake"], one)
    for service, store in stores.items():
        await erasure.apply(store, forget_of(service), [one.event for one in erasures])
    return erased


async def _in_intake(store: Store, one: Erased) -> int:
    event = one.event

    async def decide(unit: Unit) -> Decision:
        unit.after_end = True
        await unit.states(erasure.bare(event.person_id))
        known = unit.history(event.person_id)
        if not known or any(fact.meta.id == one.fact_id or fact.event == event for fact in known):
            return []  # registered after the backup was made, or erased before
        return [event]

    outcome = await store.execute(Command(one.fact_id, ACTOR, clock.now()), decide)
    return len(outcome.events) if hasattr(outcome, "events") else 0
