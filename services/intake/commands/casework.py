"""Interview, taking in charge, closure."""

from __future__ import annotations

from collections.abc import Sequence

from services.intake import domain, forms
from services.intake.domain import person_stream
from shared.decisions import Decision, Refused
from shared.store import Command, Outcome, Store, Unit


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


async def close(store: Store, command: Command, person_id: str, values: forms.CloseForm) -> Outcome:
    """Closure."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        reasons = await unit.vault.write("closure", person_id, {"text": values.reasons}) if values.reasons else None
        return domain.close(
            person, person_id=person_id, outcome=values.outcome, on=values.on, today=unit.today,
            agreed=values.agreed, reasons=reasons, notice_days=domain.parameter("refusal_notice_days", values.on),
        )  # fmt: skip

    return await store.execute(command, decide)
