"""Rectified and cancelled facts: one mechanism for every service, stream and view.

A correction is a later fact that carries the wrong one as it was recorded. Nothing is overwritten: states and
views are folded from the *effective* facts, in which a cancelled fact is left out and a rectified one stands
corrected in its old place. So no `evolve` and no `fold` knows of corrections.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from shared.decisions import Decision, Refused, Stream
from shared.envelope import Recorded
from shared.events.base import Correction, Motive

if TYPE_CHECKING:
    from shared.store import Unit


def effective(recorded: Iterable[Recorded]) -> list[Recorded]:
    """The facts that hold: in order, without the cancelled ones, the rectified ones in place.

    A fact may be corrected more than once: the last correction decides.
    """
    facts = list(recorded)
    last: dict[str, Correction] = {
        fact.event.fact_id: fact.event for fact in facts if isinstance(fact.event, Correction)
    }
    if not last:
        return facts
    held = []
    for fact in facts:
        if isinstance(fact.event, Correction):
            continue
        correction = last.get(fact.meta.id)
        if correction is None:
            held.append(fact)
        elif (replacement := correction.replacement()) is not None:
            held.append(replace(fact, event=replacement))
    return held


async def correct(
    unit: Unit,
    stream: Stream[Any],
    correction: type[Correction],
    *,
    fact_id: str,
    corrected: dict[str, Any] | None,
    motive: Motive,
    on: date,
) -> Decision:
    """Decides a correction: of a fact of this stream that still holds. `corrected` names the changed fields
    (None cancels); its subject cannot change: for the wrong person cancel, and record for the right one."""
    await unit.states(stream)
    facts = {fact.meta.id: fact for fact in effective(unit.history(stream.id))}
    fact = facts.get(fact_id)
    if fact is None:
        return Refused("fact_not_found", "Questo fatto non c'è o è già stato annullato.")
    if fact.event.TOPIC != correction.TOPIC:
        return Refused("wrong_topic", "Questo fatto non si corregge da qui.")
    original = next(r for r in unit.history(stream.id) if r.meta.id == fact_id).event
    replacement = None
    if corrected is not None:
        values = fact.event.model_dump(mode="json") | corrected
        try:
            replacement = type(fact.event).model_validate(values)
        except ValidationError as error:
            field = str(error.errors()[0]["loc"][0]) if error.errors()[0]["loc"] else None
            return Refused("invalid_correction", "Il valore corretto non è valido.", field)
        if replacement.subject != fact.event.subject:
            return Refused("subject_fixed", "Per cambiare persona annulla il fatto e registralo per quella giusta.")
        if replacement == fact.event:
            return Refused("nothing_changed", "Non è cambiato niente: indica il valore giusto.")
    if on > unit.today:
        return Refused("future_date", "La data non può essere nel futuro.", "on")
    return [
        correction(
            on=on,
            subject_id=fact.event.subject,
            fact_id=fact_id,
            fact_type=fact.event.TYPE,
            fact_version=fact.event.VERSION,
            fact=cast(Any, original.model_dump(mode="json")),
            corrected=cast(Any, replacement.model_dump(mode="json")) if replacement else None,
            motive=motive,
        )
    ]
