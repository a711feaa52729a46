"""The permit of stay as it was shown."""

from __future__ import annotations

from datetime import date

from services.intake import domain, forms
from services.intake.commands.registration import keep_profile
from services.intake.domain import person_stream
from services.intake.views.permits import ending
from shared.decisions import Decision, Refused
from shared.events.intake import PermitRecorded
from shared.projection import Reading
from shared.service import Due
from shared.store import Command, Outcome, Store, Unit


async def record_permit(store: Store, command: Command, person_id: str, values: forms.PermitForm) -> Outcome:
    """Type, motive and numbers into the vault, codes and dates into the log, the right to work onto `profiles`."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        before = person.identity.permit
        row_id = before.details.split(":", 1)[0] if before else None
        details = await unit.vault.write("permit", person_id, values.details(), row_id)
        decision = domain.record_permit(
            person, person_id=person_id, values=values.permit(), details=details, on=values.on, today=unit.today
        )
        if not isinstance(decision, Refused):
            recorded = next(fact for fact in decision if isinstance(fact, PermitRecorded))
            await keep_profile(unit, person_id, domain.work_profile(recorded))
        return decision

    return await store.execute(command, decide)


async def due(reading: Reading, today: date) -> list[Due]:
    """The permits whose end is so near that the renewal has to be asked for, and nobody was told yet."""
    rows = await reading.rows(ending(reading, today, domain.parameter("permit_reminder_days", today)))
    return [
        Due(row["person_id"], domain.reminder_on(row["expires_on"]))
        for row in rows
        if row["reminded_for"] != row["expires_on"]
    ]


async def remind(unit: Unit, due: Due) -> Decision:
    """Once for each last day; decided from the facts, since the view may be a moment behind."""
    (person,) = await unit.states(person_stream(due.key))
    return domain.remind(person, person_id=due.key, today=unit.today)
