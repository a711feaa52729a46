"""Contacts and notes, suspension and resumption."""

from __future__ import annotations

from services.intake.domain import casework_log, person_stream, suspension
from services.intake.forms import contacts as forms
from shared.decisions import Decision
from shared.store import Command, Outcome, Store, Unit


async def _kept(unit: Unit, person_id: str, text: str | None) -> str | None:
    return await unit.vault.write("notes", person_id, {"text": text}) if text else None


async def log_contact(store: Store, command: Command, person_id: str, values: forms.ContactForm) -> Outcome:
    """A try to reach the person."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return casework_log.log_contact(
            person, person_id=person_id, contact_id=unit.new_id("contact"), channel=values.channel,
            outcome=values.outcome, recall_on=values.recall_on, note=await _kept(unit, person_id, values.note),
            on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def add_note(store: Store, command: Command, person_id: str, values: forms.NoteForm) -> Outcome:
    """A note: its text stays in the vault, append only, never indexed."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        note = await unit.vault.write("notes", person_id, {"text": values.note})
        return casework_log.add_note(
            person, person_id=person_id, note_id=unit.new_id("note"), note=note, on=unit.today, today=unit.today
        )

    return await store.execute(command, decide)


async def suspend(store: Store, command: Command, person_id: str, values: forms.SuspendForm) -> Outcome:
    """The pathway rests."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return suspension.suspend(
            person, person_id=person_id, reason=values.reason, expected_until=values.expected_until,
            note=await _kept(unit, person_id, values.note), on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def resume(store: Store, command: Command, person_id: str, values: forms.ResumeForm) -> Outcome:
    """The pathway goes on."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return suspension.resume(person, person_id=person_id, on=values.on, today=unit.today)

    return await store.execute(command, decide)
