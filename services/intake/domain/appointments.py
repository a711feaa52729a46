"""A person's appointments: booked, moved, kept, missed, cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Literal, assert_never

from services.intake.domain.agenda import Moment, Slot, free, take
from shared.decisions import Decision, Refused
from shared.events.base import Event
from shared.events.intake import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentKept,
    AppointmentMissed,
    AppointmentMoved,
    Mode,
    Purpose,
)

if TYPE_CHECKING:
    from services.intake.domain.state import Person

OwnAppointments = AppointmentBooked | AppointmentMoved | AppointmentKept | AppointmentMissed | AppointmentCancelled
Standing = Literal["booked", "kept", "missed", "cancelled"]
MoveReason = Literal["person", "operator_absent", "desk_closed", "office"]
CancelReason = Literal["asked", "operator_absent", "desk_closed", "session_cancelled", "pathway_closed", "other"]
KeptOutcome = Literal["done", "to_continue", "referred", "not_interested"]
NOT_FOUND = Refused("no_appointment", "Questo appuntamento non c'è.")
NOT_BOOKED = Refused("appointment_over", "Questo appuntamento è già concluso o disdetto.")


@dataclass(frozen=True, slots=True)
class Appointment:
    """One appointment as it stands."""

    slot: Slot
    purpose: Purpose
    mode: Mode
    session_id: str | None
    since: date
    """Civil date of the booking, or of the last move."""
    standing: Standing = "booked"
    moves: int = 0


@dataclass(frozen=True, slots=True)
class Appointments:
    """All that the person ever had."""

    by_id: Mapping[str, Appointment] = field(default_factory=dict)

    @property
    def booked(self) -> dict[str, Appointment]:
        """Those that are still to be met, the next one first."""
        found = [(k, a) for k, a in self.by_id.items() if a.standing == "booked"]
        return dict(sorted(found, key=lambda one: (one[1].slot.day, one[1].slot.at)))


def evolve_appointments(state: Appointments, own: OwnAppointments) -> Appointments:
    """The person's appointments after one more fact about them."""
    before = state.by_id.get(own.appointment_id)
    match own:
        case AppointmentBooked():
            slot = Slot(own.desk, own.operator, own.day, own.at, own.minutes)
            after = Appointment(slot, own.purpose, own.mode, own.session_id, own.on)
        case AppointmentMoved():
            if before is None:
                return state
            slot = Slot(own.desk, own.operator, own.day, own.at, own.minutes)
            after = replace(before, slot=slot, since=own.on, moves=before.moves + 1)
        case AppointmentKept() | AppointmentMissed() | AppointmentCancelled():
            if before is None:
                return state
            standing: dict[type[Event], Standing] = {
                AppointmentKept: "kept", AppointmentMissed: "missed", AppointmentCancelled: "cancelled"
            }  # fmt: skip
            after = replace(before, standing=standing[type(own)])
        case _:
            assert_never(own)
    return Appointments({**state.by_id, own.appointment_id: after})


def booked(person: Person, appointment_id: str) -> Appointment | Refused:
    """The appointment, if it is still to be met."""
    found = person.appointments.by_id.get(appointment_id)
    if found is None:
        return NOT_FOUND
    return found if found.standing == "booked" else NOT_BOOKED


def clash(person: Person, slot: Slot, besides: str | None = None) -> Refused | None:
    """Refuses where the person is expected somewhere at that time already."""
    for name, other in person.appointments.booked.items():
        if name != besides and other.slot.overlaps(slot):
            return Refused(
                "person_busy", f"La persona ha già un appuntamento alle {other.slot.at} del {slot.day:%d/%m/%Y}.", "at"
            )
    return None


def book(
    person: Person,
    refused: Refused | None,
    *,
    person_id: str,
    appointment_id: str,
    slot: Slot,
    purpose: Purpose,
    mode: Mode,
    booked_by: str,
    today: date,
) -> Decision:
    """The person will meet the operator; `refused` is what the agenda says of the slot."""
    if not person.is_open:
        return Refused("not_open", "Il percorso non è aperto: per fissare un appuntamento serve un'iscrizione aperta.")
    no = refused or clash(person, slot)
    if no is not None:
        return no
    return [
        AppointmentBooked(
            on=today, person_id=person_id, appointment_id=appointment_id, purpose=purpose, mode=mode, desk=slot.desk,
            operator=slot.operator, day=slot.day, at=slot.at, minutes=slot.minutes,
        ),
        take(slot, appointment_id, booked_by, today),
    ]  # fmt: skip


def move(
    person: Person,
    refused: Refused | None,
    *,
    person_id: str,
    appointment_id: str,
    slot: Slot,
    why: MoveReason,
    booked_by: str,
    today: date,
) -> Decision:
    """The same appointment at another time, desk or operator; the old slot is free again."""
    found = booked(person, appointment_id)
    if isinstance(found, Refused):
        return found
    if found.session_id is not None:
        return Refused(
            "group_fixed", "Un incontro di gruppo non si sposta per una persona: disdici e invitala a un altro."
        )
    if found.slot == slot:
        return Refused("same_slot", "L'appuntamento è già in quest'ora con questo operatore.", "at")
    no = refused or clash(person, slot, appointment_id)
    if no is not None:
        return no
    return [
        AppointmentMoved(
            on=today, person_id=person_id, appointment_id=appointment_id, desk=slot.desk, operator=slot.operator,
            day=slot.day, at=slot.at, minutes=slot.minutes, why=why,
        ),
        free(found.slot, appointment_id, today),
        take(slot, appointment_id, booked_by, today),
    ]  # fmt: skip


def keep(person: Person, *, person_id: str, appointment_id: str, outcome: KeptOutcome, today: date) -> Decision:
    """They met."""
    found = booked(person, appointment_id)
    if isinstance(found, Refused):
        return found
    if found.slot.day > today:
        return Refused("not_yet", "L'appuntamento non è ancora avvenuto.")
    return [AppointmentKept(on=found.slot.day, person_id=person_id, appointment_id=appointment_id, outcome=outcome)]


def miss(person: Person, *, person_id: str, appointment_id: str, excused: bool, now: Moment) -> Decision:
    """The person did not come: nobody can say so before the hour."""
    found = booked(person, appointment_id)
    if isinstance(found, Refused):
        return found
    if (found.slot.day, found.slot.at) > (now.day, now.at):
        return Refused("not_yet", "L'ora dell'appuntamento non è ancora arrivata.")
    return [AppointmentMissed(on=found.slot.day, person_id=person_id, appointment_id=appointment_id, excused=excused)]


def cancel(
    person: Person, *, person_id: str, appointment_id: str, by: Literal["person", "office"], why: CancelReason,
    today: date,
) -> Decision:  # fmt: skip
    """It will not be held; what was to be held before today was kept or missed."""
    found = booked(person, appointment_id)
    if isinstance(found, Refused):
        return found
    if found.slot.day < today:
        return Refused("already_past", "L'appuntamento è passato: registra se la persona è venuta.")
    cancelled = AppointmentCancelled(on=today, person_id=person_id, appointment_id=appointment_id, by=by, why=why)
    return [cancelled] if found.session_id else [cancelled, free(found.slot, appointment_id, today)]
