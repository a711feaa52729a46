"""What a service says about its own reading: notices on `dead-letters`, pointers without content."""

from __future__ import annotations

import uuid
from datetime import datetime

from shared import clock
from shared.decisions import Decision, Stream
from shared.events.base import Event
from shared.events.operations import Notice, ViewFaulty, ViewReplayed
from shared.store import Command, Transaction, Unit

NAMESPACE = uuid.UUID("6b1f5f2e-3a0e-5c1e-9f38-1d6a4f0f7c55")


def _nothing(state: None, event: Event) -> None:
    return None


async def notice(
    transaction: Transaction, kind: type[Notice], where: str, reason: str, now: datetime, view: str | None = None
) -> None:
    """Appends a notice, once for each (kind, place, reason), in the caller's transaction."""
    service = transaction.store.service
    cause = str(uuid.uuid5(NAMESPACE, f"{service}/{kind.TYPE}/{where}/{reason}/{view}"))
    on = clock.civil(now)
    stream = Stream(f"operations-{service}-{on:%Y-%m}", None, _nothing)

    async def decide(unit: Unit) -> Decision:
        await unit.states(stream)
        values = {"on": on, "stream_id": stream.id, "service": service, "where": where, "reason": reason}
        if kind in (ViewFaulty, ViewReplayed):
            values["view"] = view or ""
        return [kind.model_validate(values)]

    await transaction.run(Command(cause, f"system:{service}", now), decide)
