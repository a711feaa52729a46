"""A person comes in, comes back, or has other data: identity into the vault, coarse facts into the log."""

from __future__ import annotations

from typing import Literal

from services.intake import domain, forms, tax_code
from services.intake.domain import Person, Registration, person_stream
from services.intake.finding import EXACT_INDEX, PERSON_INDEX, duplicates, exact_tokens, search_tokens
from shared.corrections import correct, effective
from shared.decisions import Decision, Refused
from shared.events.intake import (
    PathwayFactCorrected,
    PersonRegistered,
)
from shared.store import Command, Outcome, Store, Unit

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
