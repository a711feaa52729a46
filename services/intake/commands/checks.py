"""The three checks before the interview."""

from __future__ import annotations

from services.intake import domain, forms
from services.intake.domain import WorkSituation, person_stream
from shared.decisions import Decision
from shared.store import Command, Outcome, Store, Unit


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
