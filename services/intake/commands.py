"""One function per command: reads what the decision needs, writes texts to the vault, appends the facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, TypeVar

from sqlalchemy import text

from services.intake import domain, forms, tax_code
from services.intake.domain import Person, Registration, WorkSituation, person_stream
from services.intake.finding import EXACT_INDEX, PERSON_INDEX, duplicates, exact_tokens, search_tokens
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
    PlanAction,
    PlanAgreed,
    TakenInCharge,
)
from shared.store import Command, Outcome, Store, Unit

T = TypeVar("T")
Entry = Literal["assisted", "questionnaire", "archive"]


async def _keep_identity(unit: Unit, person_id: str, values: forms.IdentityForm, row_id: str | None) -> str:
    identity = values.identity()
    reference = await unit.vault.write("identity", person_id, identity, row_id)
    unit.vault.index(PERSON_INDEX, person_id, search_tokens(identity))
    unit.vault.index(EXACT_INDEX, person_id, [token for token in exact_tokens(identity) if token])
    unit.profile(person_id, values.profile())
    return reference


async def register_in(
    unit: Unit, values: forms.RegisterForm, person_id: str | None, entry: Entry = "assisted"
) -> Decision:
    """The decision of a registration, for a form and for each row of an import."""
    person_id = person_id or unit.new_id("person")
    (person,) = await unit.states(person_stream(person_id))
    duplicate = await duplicates(unit, person_id, values.identity(), values.another_person)
    if duplicate is not None:
        return duplicate
    reference = await _keep_identity(unit, person_id, values, _row_of(unit, person_id))
    decision = domain.register(
        person,
        person_id=person_id,
        values=Registration(
            channel=values.channel,
            entry=entry,
            birth_date=values.birth_date,
            sex=values.sex,
            citizenship_area=tax_code.citizenship_area(values.citizenship),
            education=values.education,
            municipality=values.municipality,
            quartiere=values.quartiere,
        ),
        identity=reference,
        on=values.on,
        today=unit.today,
    )
    if isinstance(decision, Refused) or not values.declared:
        return decision
    check = domain.assess_domicile(
        domain.evolve(Person(), decision[0]),
        person_id=person_id,
        municipality=values.municipality,
        dwelling="home",
        evidence="self_declaration",
        evidence_on=values.on,
        on=values.on,
        today=unit.today,
    )
    return check if isinstance(check, Refused) else [*decision, *check]


def _row_of(unit: Unit, person_id: str) -> str | None:
    """The vault row of the person's identity, if there is one: the new text is its next version."""
    for fact in reversed(unit.history(person_id)):
        if isinstance(fact.event, PersonRegistered):
            return fact.event.identity.split(":", 1)[0]
    return None


async def register(store: Store, command: Command, values: forms.RegisterForm, person_id: str | None = None) -> Outcome:
    """A person comes in; `person_id` is given where somebody known comes back after a closure."""

    async def decide(unit: Unit) -> Decision:
        return await register_in(unit, values, person_id)

    return await store.execute(command, decide, whole=True)


async def update_identity(store: Store, command: Command, person_id: str, values: forms.IdentityForm) -> Outcome:
    """Name, contacts, domicile as they are now. Coarse facts that had been registered wrongly are rectified
    in the log; a domicile that changed is not a mistake and moves only the profile."""

    async def decide(unit: Unit) -> Decision:
        stream = person_stream(person_id)
        (person,) = await unit.states(stream)
        if person.registered_on is None:
            return Refused("not_registered", "Questa persona non è iscritta.")
        refused = domain.domicile_refused(values.municipality, values.quartiere)
        if refused is not None:
            return refused
        duplicate = await duplicates(unit, person_id, values.identity(), another_person=True)
        if duplicate is not None:
            return duplicate
        reference = await _keep_identity(unit, person_id, values, _row_of(unit, person_id))
        registration = [
            fact for fact in effective(unit.history(person_id)) if isinstance(fact.event, PersonRegistered)
        ][-1]
        coarse = {
            "age_band": domain.age_band(domain.age_on(values.birth_date, registration.event.on)),
            "sex": values.sex,
            "citizenship_area": tax_code.citizenship_area(values.citizenship),
            "education": values.education,
        }
        wrong = {name: value for name, value in coarse.items() if getattr(registration.event, name) != value}
        if not wrong:
            return []
        return await correct(
            unit, stream, PathwayFactCorrected, fact_id=registration.meta.id,
            corrected=wrong | {"identity": reference}, motive="wrong_value", on=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide, whole=True)


async def check_domicile(store: Store, command: Command, person_id: str, values: forms.DomicileForm) -> Outcome:
    """First check."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        inside = None if values.municipality == forms.OUTSIDE else values.municipality
        return domain.assess_domicile(
            person, person_id=person_id, municipality=inside, dwelling=values.dwelling,
            evidence=values.evidence, evidence_on=values.evidence_on, on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def check_status(store: Store, command: Command, person_id: str, values: forms.StatusForm) -> Outcome:
    """Second check."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        situation = WorkSituation(
            values.work, values.employee_pay * 100, values.own_account_pay * 100, values.contract_days,
            values.immediately_available,
        )  # fmt: skip
        return domain.assess_status(
            person, person_id=person_id, situation=situation, evidence=values.evidence,
            evidence_on=values.evidence_on, on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def check_measures(store: Store, command: Command, person_id: str, values: forms.MeasuresForm) -> Outcome:
    """Third check."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return domain.assess_measures(
            person, person_id=person_id, measure=values.measure, motive=values.motive,
            evidence=values.evidence, evidence_on=values.evidence_on, on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def hold_interview(store: Store, command: Command, person_id: str, values: forms.InterviewForm) -> Outcome:
    """The interview; its notes stay in the vault."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        notes = None
        if values.notes:
            notes = await unit.vault.write("notes", person_id, {"text": values.notes})
        return domain.hold_interview(
            person, person_id=person_id, interview_id=unit.new_id("interview"), mode=values.mode, notes=notes,
            on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def take_in_charge(
    store: Store, command: Command, person_id: str, values: forms.ChargeForm, managers: Sequence[str]
) -> Outcome:
    """Taken in charge by one of `managers`, the accounts that may follow people."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        if values.case_manager not in managers:
            return Refused("case_manager", "Scegli l'operatore di riferimento dall'elenco.", "case_manager")
        reasons = await unit.vault.write("reasons", person_id, {"text": values.reasons})
        return domain.take_in_charge(
            person, person_id=person_id, case_manager=values.case_manager, readiness=values.readiness,
            reasons=reasons, on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def agree_plan(store: Store, command: Command, person_id: str, values: forms.PlanForm) -> Outcome:
    """A plan with its directions."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        objectives = None
        if values.objectives:
            objectives = await unit.vault.write("objectives", person_id, {"text": values.objectives})
        actions = [
            PlanAction(action_id=unit.new_id(f"action/{number}"), direction=direction, due_on=due_on)
            for number, (direction, due_on) in enumerate(values.actions())
        ]
        return domain.agree_plan(
            person, person_id=person_id, plan_id=unit.new_id("plan"), actions=actions, objectives=objectives,
            on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def close(store: Store, command: Command, person_id: str, values: forms.CloseForm) -> Outcome:
    """Closure."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return domain.close(person, person_id=person_id, outcome=values.outcome, on=values.on, today=unit.today)

    return await store.execute(command, decide)


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
            if values.on is not None and (refused := _date_of(values.on, unit.today)):
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


def _date_of(on: date, today: date) -> Refused | None:
    if on > today:
        return Refused("future_date", "La data non può essere nel futuro.", "on")
    if on < territory.PROGRAMME_START:
        return Refused("before_programme", "La data è prima dell'avvio del programma (22 maggio 2017).", "on")
    return None
