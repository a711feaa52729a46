"""A person comes in, comes back, or has other data: identity into the vault, coarse facts into the log."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import text

from services.intake import domain, forms, tax_code
from services.intake.domain import Person, Registration, person_stream
from services.intake.finding import duplicates, index, similar
from shared.corrections import correct, effective
from shared.decisions import Decision, Refused
from shared.events.intake import (
    PathwayFactCorrected,
    PersonRegistered,
)
from shared.store import Command, Outcome, Store, Unit

Entry = Literal["assisted", "questionnaire", "archive"]


async def _keep_identity(unit: Unit, person: Person, person_id: str, values: forms.IdentityForm) -> str:
    row_id = _row_of(unit, person_id)
    identity = values.identity()
    if row_id is not None:
        former = await _former_codes(unit, person_id, identity["tax_code"], values.forget_tax_code)
        identity |= {"former_tax_codes": former} if former else {}
    reference = await unit.vault.write("identity", person_id, identity, row_id)
    index(unit, person_id, identity)
    await keep_profile(unit, person_id, values.profile() | domain.work_profile(person.identity.permit))
    return reference


async def _former_codes(unit: Unit, person_id: str, code: str | None, forget: bool) -> list[str]:
    """The codes that the person had: a provisional one that became definitive, one corrected by the Agenzia. They
    still find the person; only a slip is forgotten."""
    before = (await unit.store.vault.latest(unit.conn, "identity", [person_id])).get(person_id, {})
    known = [*before.get("former_tax_codes", ()), *([] if forget else [before.get("tax_code")])]
    return [one for one in dict.fromkeys(known) if one and one != code]


async def keep_profile(unit: Unit, person_id: str, changes: dict[str, Any]) -> None:
    """Publishes the person's fine attributes: those given anew, the others as they were."""
    found = await unit.conn.execute(
        text("select data from profiles_out where person_id = :person"), {"person": person_id}
    )
    unit.profile(person_id, (found.scalar() or {}) | changes)


async def register_in(
    unit: Unit, values: forms.RegisterForm, person_id: str | None, entry: Entry = "assisted"
) -> Decision:
    """The decision of a registration, for a form and for each row of an import."""
    person_id = person_id or unit.new_id("person")
    (person,) = await unit.states(person_stream(person_id))
    duplicate = await duplicates(unit, person_id, values.identity(), values.another_person)
    if duplicate is not None:
        return duplicate
    reference = await _keep_identity(unit, person, person_id, values)
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
    if isinstance(decision, Refused):
        return decision
    alike = domain.propose(person, person_id, await similar(unit, person_id, values.identity()), values.on)
    if not values.declared:
        return [*decision, *alike]
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
    return check if isinstance(check, Refused) else [*decision, *check, *alike]


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
        refused = domain.joined(person) or domain.domicile_refused(values.municipality, values.quartiere)
        if refused is not None:
            return refused
        duplicate = await duplicates(unit, person_id, values.identity(), another_person=True)
        if duplicate is not None:
            return duplicate
        reference = await _keep_identity(unit, person, person_id, values)
        alike = domain.propose(person, person_id, await similar(unit, person_id, values.identity()), unit.today)
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
            return alike
        decision = await correct(
            unit, stream, PathwayFactCorrected, fact_id=registration.meta.id,
            corrected=wrong | {"identity": reference}, motive="wrong_value", on=unit.today,
        )  # fmt: skip
        return decision if isinstance(decision, Refused) else [*decision, *alike]

    return await store.execute(command, decide, whole=True)
