"""Group sessions: planned, filled, held, called off; every person's appointment in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence

from services.intake import forms
from services.intake.commands.agenda import moment, slot_refused
from services.intake.commands.messages import queue
from services.intake.domain import Person, person_stream
from services.intake.domain import groups as rules
from services.intake.domain.agenda import week_stream
from services.intake.domain.desks import desk_name
from services.intake.domain.groups import Session, session_stream
from shared.decisions import Decision, Refused
from shared.envelope import ordinal_id
from shared.events.base import Event
from shared.events.intake import AppointmentBooked, AppointmentCancelled, Template
from shared.store import Command, Outcome, Store, Unit
from shared.web.formats import day as written


async def plan_session(store: Store, command: Command, values: forms.SessionForm, operators: Sequence[str]) -> Outcome:
    """A session takes its operator's time."""

    async def decide(unit: Unit) -> Decision:
        if values.operator not in operators:
            return Refused("operator_unknown", "Scegli l'operatore dall'elenco.", "operator")
        session_id = unit.new_id("session")
        await unit.states(session_stream(session_id))
        slot = values.slot(values.minutes)
        refused = await slot_refused(unit, slot, "in_person")
        return rules.plan_session(
            refused, session_id=session_id, slot=slot, theme=values.theme, seats=values.seats, booked_by=unit.actor,
            today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def _people(unit: Unit, ids: Sequence[str]) -> dict[str, Person]:
    states = await unit.states(*(person_stream(person) for person in ids))
    return dict(zip(ids, states, strict=True))


async def _told(unit: Unit, session: Session, people: dict[str, Person], events: Sequence[Event]) -> list[Event]:
    """The message to each person of whom these facts speak."""
    templates: dict[type[Event], Template] = {
        AppointmentBooked: "appointment_booked", AppointmentCancelled: "appointment_cancelled"
    }  # fmt: skip
    assert session.slot is not None
    values = {"day": written(session.slot.day), "at": session.slot.at, "desk": desk_name(session.slot.desk)}
    told: list[Event] = []
    for number, event in enumerate(events):
        template = templates.get(type(event))
        if template is not None:
            because = ordinal_id(unit.command.cause, number)
            told += await queue(
                unit, people[event.subject], event.subject, template, values, because=because,
                keep_until=session.slot.day,
            )  # fmt: skip
    return told


async def invite(store: Store, command: Command, session_id: str, values: forms.InviteForm) -> Outcome:
    """Invites many from a list; who cannot come (another appointment, closed meanwhile) is left out."""

    async def decide(unit: Unit) -> Decision:
        (session,) = await unit.states(session_stream(session_id))
        people = await _people(unit, [str(person) for person in values.people])
        ids = {person: unit.new_id(f"appointment/{person}") for person in people}
        decision = rules.invite(session, people, session_id=session_id, ids=ids, now=moment(unit.now))
        if isinstance(decision, Refused):
            return decision
        return [*decision, *await _told(unit, session, people, decision)]

    return await store.execute(command, decide)


async def attendance(store: Store, command: Command, session_id: str, values: forms.AttendanceForm) -> Outcome:
    """Who came, and one outcome for all who did."""

    async def decide(unit: Unit) -> Decision:
        (session,) = await unit.states(session_stream(session_id))
        presences = values.presences()
        people = await _people(unit, list(presences))
        return rules.attendance(session, people, presences=presences, outcome=values.outcome, now=moment(unit.now))

    return await store.execute(command, decide)


async def cancel_session(store: Store, command: Command, session_id: str) -> Outcome:
    """The session will not be held; everybody invited is told."""

    async def decide(unit: Unit) -> Decision:
        (session,) = await unit.states(session_stream(session_id))
        people = await _people(unit, list(session.invited))
        if session.slot is not None:
            await unit.states(week_stream("operator", session.slot.operator, session.slot.day))
        decision = rules.cancel_session(session, people, session_id=session_id, now=moment(unit.now))
        if isinstance(decision, Refused):
            return decision
        return [*decision, *await _told(unit, session, people, decision)]

    return await store.execute(command, decide)
