"""Opening a person in emergency, and looking at such an opening."""

from __future__ import annotations

from services.intake.domain import emergency, parameter, person_stream
from services.intake.forms.emergency import EmergencyForm
from shared.decisions import Decision
from shared.store import Command, Outcome, Store, Unit


async def open_in_emergency(store: Store, command: Command, person_id: str, values: EmergencyForm) -> Outcome:
    """Opens the person to whoever commands it."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        known = bool(unit.history(person_id))
        motive = await unit.vault.write("emergency", person_id, {"text": values.motive}) if known else ""
        return emergency.break_glass(
            known, person_id=person_id, emergency_id=unit.new_id("emergency"), account=unit.actor,
            reason=values.reason, motive=motive, hours=parameter("emergency_hours", unit.today),
            case_manager=person.case_manager if person.in_charge else None, on=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def review_emergency(store: Store, command: Command, person_id: str, emergency_id: str) -> Outcome:
    """The data protection officer has looked at it."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return emergency.review(person.glass, person_id=person_id, emergency_id=emergency_id, on=unit.today)

    return await store.execute(command, decide)
