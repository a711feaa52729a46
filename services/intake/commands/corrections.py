"""A fact of intake was wrong."""

from __future__ import annotations

from collections.abc import Collection
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
    AppointmentKept,
    AppointmentMissed,
    AssessmentConcluded,
    CaseTransferred,
    ContactLogged,
    DeclarationSigned,
    DeclarationVerified,
    EligibilityChecked,
    FragilityFound,
    InterviewHeld,
    LanguageAssessed,
    NoteAdded,
    PathwayClosed,
    PathwayFactCorrected,
    PathwayResumed,
    PathwaySuspended,
    PersonRegistered,
    PlanActionConfirmed,
    PlanAgreed,
    PlanReviewed,
    PlanSigned,
    ReadinessChanged,
    RefusalNoticed,
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
    AppointmentKept: None,
    AppointmentMissed: None,
    FragilityFound: None,
    AssessmentConcluded: None,
    LanguageAssessed: None,
    DeclarationSigned: None,
    NoteAdded: None,
    ReadinessChanged: None,
    RefusalNoticed: None,
    DeclarationVerified: None,
    ContactLogged: "outcome",
    CaseTransferred: "to_manager",
    PathwaySuspended: "reason",
    PathwayResumed: None,
    PlanSigned: "way",
    PlanReviewed: "outcome",
    PlanActionConfirmed: "outcome",
}
"""The facts an operator can correct, and the main field that can be rectified beside the date.

Not among them is what an act of its own undoes (an appointment is moved or cancelled, a joined person parted, a
document removed, a permit recorded anew, since other services have its profile), and what only the system or the
person says (a reminder, a right that was asked for).
"""
NOT_CORRECTABLE = Refused(
    "not_correctable",
    "Questo fatto non si corregge da qui: si registra quello che lo annulla (per esempio, l'appuntamento si sposta o"
    " si disdice).",
)
ALSO: dict[type[Event], tuple[str, ...]] = {
    PersonRegistered: ("entry",),
    EligibilityChecked: ("evidence",),
    TakenInCharge: ("case_manager",),
    ContactLogged: ("channel",),
    CaseTransferred: ("motive",),
    PlanActionConfirmed: ("evidence",),
    AssessmentConcluded: ("readiness",),
    ReadinessChanged: ("readiness",),
    LanguageAssessed: ("evidence", "listening", "reading", "spoken_interaction", "spoken_production", "writing"),
}
"""The other coarse values of a fact that an operator can rectify. What depends on a rule is not among them (the
outcome of a check, the band of the age): there the fact is cancelled and recorded again, or the identity is set right.
"""
DATES: dict[type[Event], tuple[str, ...]] = {
    EligibilityChecked: ("evidence_on",),
    PlanAgreed: ("review_on",),
    PlanReviewed: ("next_on",),
    ContactLogged: ("recall_on",),
    PathwaySuspended: ("expected_until",),
    LanguageAssessed: ("evidence_on",),
    RefusalNoticed: ("answer_by",),
}
"""The dates within a fact, beside its own, that an operator can rectify."""


def fields_of(type_: type[Event]) -> tuple[str, ...]:
    """The coarse values of such a fact that can be rectified, the main one first."""
    main = CORRECTABLE.get(type_)
    return (*((main,) if main else ()), *ALSO.get(type_, ()))


def _values(type_: type[Event], values: forms.CorrectForm) -> dict[str, Any] | Refused:
    """The changed fields as the form gave them, only those that may be."""
    found: dict[str, Any] = {}
    main = CORRECTABLE[type_]
    if values.value is not None and main is not None:
        found[main] = values.value
    for field, value in values.pairs():
        if field not in fields_of(type_):
            return Refused("field_fixed", "Questo valore non si rettifica da qui.", "values")
        found[field] = value
    if values.date_field is not None:
        if values.date_field not in DATES.get(type_, ()):
            return Refused("field_fixed", "Questa data non si rettifica da qui.", "date_field")
        found[values.date_field] = values.date_value.isoformat() if values.date_value else None
    return found


async def correct_fact(
    store: Store,
    command: Command,
    person_id: str,
    fact_id: str,
    values: forms.CorrectForm,
    managers: Collection[str] = (),
) -> Outcome:
    """A fact of intake was wrong: cancelled, or its dates or values rectified. Nothing is overwritten.

    `managers` are the accounts that may follow people: no other can be put in their place.
    """

    async def decide(unit: Unit) -> Decision:
        stream = person_stream(person_id)
        await unit.states(stream)
        fact = next((f for f in effective(unit.history(person_id)) if f.meta.id == fact_id), None)
        if fact is None:
            return Refused("fact_not_found", "Questo fatto non c'è o è già stato annullato.")
        if type(fact.event) not in CORRECTABLE:
            return NOT_CORRECTABLE
        changes: dict[str, Any] = {}
        if not values.cancel:
            if values.on is not None and (refused := date_of(values.on, unit.today)):
                return refused
            if values.on is not None:
                changes["on"] = values.on.isoformat()
                if isinstance(fact.event, PersonRegistered):
                    changes |= await _as_of(unit, fact.event, values.on)
            typed = _values(type(fact.event), values)
            if isinstance(typed, Refused):
                return typed
            if any(name in typed and typed[name] not in managers for name in ("case_manager", "to_manager")):
                return Refused("case_manager", "Scegli l'operatore di riferimento dall'elenco.", "values")
            changes |= typed
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
