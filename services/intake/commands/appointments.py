"""Appointments of one person: the fact about the person, the slot of the operator's week and the message, together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from services.intake import forms
from services.intake.commands.agenda import moment, slot_refused
from services.intake.commands.messages import queue
from services.intake.domain import Person, parameter, person_stream
from services.intake.domain import appointments as rules
from services.intake.domain.agenda import Slot, week_stream
from services.intake.domain.desks import desk_name
from services.intake.domain.groups import session_stream
from shared import clock
from shared.decisions import Decision, Refused
from shared.envelope import ordinal_id
from shared.events.base import Event
from shared.events.intake import SessionSeatFreed, Template, Who
from shared.store import Command, Outcome, Store, Unit
from shared.web.formats import day as written

NO_OPERATOR = Refused("operator_unknown", "Scegli l'operatore dall'elenco.", "operator")


def instant(day: date, at: str) -> datetime:
    """The instant of a civil time in Rome. No desk is open in the hour that the change of clocks repeats."""
    return datetime.combine(day, time.fromisoformat(at), clock.ROME)


async def _tell(
    unit: Unit, person: Person, person_id: str, template: Template, slot: Slot, because: str | None = None
) -> list[Event]:
    values = {"day": written(slot.day), "at": slot.at, "desk": desk_name(slot.desk)}
    return await queue(unit, person, person_id, template, values, because=because, keep_until=slot.day)


async def book(
    store: Store, command: Command, person_id: str, values: forms.BookForm, operators: Sequence[str]
) -> Outcome:
    """Books; two operators who book the same slot at once meet at the week's version: the second is told by whom."""

    async def decide(unit: Unit) -> Decision:
        if values.operator not in operators:
            return NO_OPERATOR
        slot = values.slot(parameter("slot_minutes", values.day))
        person, _, _ = await unit.states(
            person_stream(person_id), week_stream("operator", slot.operator, slot.day),
            week_stream("desk", slot.desk, slot.day),
        )  # fmt: skip
        refused = await slot_refused(unit, slot, values.mode)
        decision = rules.book(
            person, refused, person_id=person_id, appointment_id=unit.new_id("appointment"), slot=slot,
            purpose=values.purpose, mode=values.mode, booked_by=unit.actor, today=unit.today,
        )  # fmt: skip
        if isinstance(decision, Refused):
            return decision
        return [*decision, *await _tell(unit, person, person_id, "appointment_booked", slot)]

    return await store.execute(command, decide)


async def move(
    store: Store,
    command: Command,
    person_id: str,
    appointment_id: str,
    values: forms.MoveForm,
    operators: Sequence[str],
) -> Outcome:
    """The same appointment at another time, desk or operator."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        found = rules.booked(person, appointment_id)
        if isinstance(found, Refused):
            return found
        if values.operator not in operators:
            return NO_OPERATOR
        slot = values.slot(found.slot.minutes)
        await unit.states(week_stream("operator", found.slot.operator, found.slot.day))
        refused = await slot_refused(unit, slot, found.mode, appointment_id)
        decision = rules.move(
            person, refused, person_id=person_id, appointment_id=appointment_id, slot=slot, why=values.why,
            booked_by=unit.actor, today=unit.today,
        )  # fmt: skip
        if isinstance(decision, Refused):
            return decision
        if replace(slot, operator=found.slot.operator) == found.slot:
            return decision  # only somebody else will be there: the person need not be told
        return [*decision, *await _tell(unit, person, person_id, "appointment_moved", slot)]

    return await store.execute(command, decide)


async def keep(store: Store, command: Command, person_id: str, appointment_id: str, values: forms.KeptForm) -> Outcome:
    """They met."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return rules.keep(
            person, person_id=person_id, appointment_id=appointment_id, outcome=values.outcome, today=unit.today
        )

    return await store.execute(command, decide)


async def miss(
    store: Store, command: Command, person_id: str, appointment_id: str, values: forms.MissedForm
) -> Outcome:
    """The person did not come."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return rules.miss(
            person, person_id=person_id, appointment_id=appointment_id, excused=values.excused, now=moment(unit.now)
        )

    return await store.execute(command, decide)


async def cancel_in(unit: Unit, person_id: str, appointment_id: str, by: Who, why: rules.CancelReason) -> Decision:
    """The decision of a cancellation: the slot or the seat is free again, and the person is told."""
    (person,) = await unit.states(person_stream(person_id))
    found = rules.booked(person, appointment_id)
    if isinstance(found, Refused):
        return found
    decision = rules.cancel(
        person, person_id=person_id, appointment_id=appointment_id, by=by, why=why, today=unit.today
    )
    if isinstance(decision, Refused):
        return decision
    events: list[Event] = list(decision)
    if found.session_id is not None:
        (session,) = await unit.states(session_stream(found.session_id))
        if person_id in session.invited:
            events.append(SessionSeatFreed(on=unit.today, session_id=found.session_id, person_id=person_id))
    else:
        await unit.states(week_stream("operator", found.slot.operator, found.slot.day))
    return [*events, *await _tell(unit, person, person_id, "appointment_cancelled", found.slot)]


async def cancel(
    store: Store, command: Command, person_id: str, appointment_id: str, values: forms.CancelForm
) -> Outcome:
    """It will not be held."""

    async def decide(unit: Unit) -> Decision:
        return await cancel_in(
            unit, person_id, appointment_id, "person" if values.why == "asked" else "office", values.why
        )

    return await store.execute(command, decide)


# What time alone brings


async def remind(unit: Unit, person_id: str, appointment_id: str) -> Decision:
    """The reminder, `reminder_hours` before the appointment. Not of one that was booked or moved within that time:
    its own message has only just gone out."""
    (person,) = await unit.states(person_stream(person_id))
    found = person.appointments.by_id.get(appointment_id)
    if found is None or found.standing != "booked":
        return []
    start = instant(found.slot.day, found.slot.at)
    hours = (start - unit.now).total_seconds() / 3600
    before = parameter("reminder_hours", unit.today)
    if not 0 < hours <= before or (found.slot.day - found.since).days * 24 <= before:
        return []
    values = {"day": written(found.slot.day), "at": found.slot.at, "desk": desk_name(found.slot.desk)}
    return await queue(
        unit, person, person_id, "appointment_reminder", values, because=appointment_id, keep_until=found.slot.day,
        reminder_of=found.slot.desk,
    )  # fmt: skip


async def release(unit: Unit, person_id: str, appointment_id: str) -> Decision:
    """A closed pathway has no appointments to come: slot and seat are free again, and nobody is told."""
    (person,) = await unit.states(person_stream(person_id))
    if person.closed_on is None or isinstance(rules.booked(person, appointment_id), Refused):
        return []
    return await cancel_in(unit, person_id, appointment_id, "office", "pathway_closed")


# Many at once


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a list of proposals: how many were done, and the sentences of those that were refused."""

    done: int
    refused: tuple[tuple[str, str], ...]
    last: Outcome | None


async def apply(store: Store, command: Command, choices: Sequence[forms.Choice], operators: Sequence[str]) -> Applied:
    """Moves each appointment to its chosen slot, each in a transaction of its own: one refusal stops no other."""
    done, refused, last = 0, [], None
    for choice in choices:
        own = replace(command, cause=ordinal_id(command.cause, choice.appointment_id), shown=None)
        values = forms.MoveForm(
            desk=choice.desk, operator=choice.operator, day=choice.day, at=choice.at, why=choice.why
        )
        outcome = await move(store, own, choice.person_id, choice.appointment_id, values, operators)
        if isinstance(outcome, Refused):
            refused.append((choice.appointment_id, outcome.sentence))
        else:
            done, last = done + 1, outcome
    return Applied(done, tuple(refused), last)
