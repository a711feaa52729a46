"""A fact of intake was wrong."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text

from services.intake import domain, forms
from services.intake.domain import person_stream
from shared import territory
from shared.corrections import correct, effective
from shared.decisions import Decision, Refused
from shared.events.base import Event
from shared.events.intake import (
    EligibilityChecked,
    InterviewHeld,
    PathwayClosed,
    PathwayFactCorrected,
    PersonRegistered,
    PlanAgreed,
    TakenInCharge,
)
from shared.store import Command, Outcome, Store, Unit

CORRECTABLE: dict[type[Event], str | None] = {
    PersonRegistered: "channel",
    EligibilityChecked: None,
    InterviewHeld: "mode",
    TakenInCharge: "readiness",
    PlanAgreed: None,
    PathwayClosed: "outcome",
}
"""The facts an operator can correct, and the field that can be rectified beside the date."""


async def correct_fact(
    store: Store, command: Command, person_id: str, fact_id: str, values: forms.CorrectForm
) -> Outcome:
    """A fact of intake was wrong: cancelled, or its date or main value rectified. Nothing is overwritten."""

    async def decide(unit: Unit) -> Decision:
        stream = person_stream(person_id)
        await unit.states(stream)
        fact = next((f for f in effective(unit.history(person_id)) if f.meta.id == fact_id), None)
        if fact is None or type(fact.event) not in CORRECTABLE:
            return Refused("fact_not_found", "Questo fatto non c'è o è già stato annullato.")
        changes: dict[str, Any] = {}
        if not values.cancel:
            if values.on is not None and (refused := date_of(values.on, unit.today)):
                return refused
            if values.on is not None:
                changes["on"] = values.on.isoformat()
                if isinstance(fact.event, PersonRegistered):
                    changes |= await _as_of(unit, fact.event, values.on)
            field = CORRECTABLE[type(fact.event)]
            if values.value is not None and field is not None:
                changes[field] = values.value
        return await correct(
            unit, stream, PathwayFactCorrected, fact_id=fact_id,
            corrected=None if values.cancel else changes, motive=values.motive, on=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def _as_of(unit: Unit, event: PersonRegistered, on: date) -> dict[str, Any]:
    """What in a registration depends on its date: the age band, and the union in force (Persiceto's ended)."""
    person_id = event.person_id
    changes: dict[str, Any] = {}
    identity = (await unit.store.vault.latest(unit.conn, "identity", [person_id])).get(person_id)
    if identity is not None:
        birth_date = date.fromisoformat(identity["birth_date"])
        changes["age_band"] = domain.age_band(domain.age_on(birth_date, on))
    found = await unit.conn.execute(
        text("select data ->> 'municipality' from profiles_out where person_id = :person"), {"person": person_id}
    )
    municipality = found.scalar() or ""
    if territory.is_metropolitan(municipality) and territory.district_of(municipality, on) == event.district:
        changes["union"] = territory.union_of(municipality, on)  # else the person has moved meanwhile
    return changes


def date_of(on: date, today: date) -> Refused | None:
    if on > today:
        return Refused("future_date", "La data non può essere nel futuro.", "on")
    if on < territory.PROGRAMME_START:
        return Refused("before_programme", "La data è prima dell'avvio del programma (22 maggio 2017).", "on")
    return None
