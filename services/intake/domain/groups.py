"""Group sessions: one operator, one time, many persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Literal, assert_never, cast

from services.intake.domain.agenda import Moment, Slot, free, take
from services.intake.domain.appointments import clash
from shared.decisions import Decision, Refused, Stream
from shared.events.base import Event
from shared.events.intake import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentKept,
    AppointmentMissed,
    GroupSessionCancelled,
    GroupSessionPlanned,
    SessionSeatFreed,
    SessionSeatTaken,
)

if TYPE_CHECKING:
    from services.intake.domain.state import Person

OwnSession = GroupSessionPlanned | SessionSeatTaken | SessionSeatFreed | GroupSessionCancelled
Theme = Literal["welcome", "job_search", "rights", "training_offer", "enterprise", "digital", "other"]
Presence = Literal["kept", "missed", "excused"]
NO_SESSION = Refused("no_session", "Questo incontro non c'è o è stato annullato.")


@dataclass(frozen=True, slots=True)
class Session:
    """A group session."""

    slot: Slot | None = None
    theme: Theme = "other"
    seats: int = 0
    invited: Mapping[str, str] = field(default_factory=dict)
    """Person id -> appointment id."""
    cancelled: bool = False


def evolve_session(session: Session, event: Event) -> Session:
    """The session after one more of its facts."""
    own = cast(OwnSession, event)
    match own:
        case GroupSessionPlanned():
            slot = Slot(own.desk, own.operator, own.day, own.at, own.minutes)
            return replace(session, slot=slot, theme=own.theme, seats=own.seats)
        case SessionSeatTaken():
            return replace(session, invited={**session.invited, own.person_id: own.appointment_id})
        case SessionSeatFreed():
            return replace(session, invited={k: v for k, v in session.invited.items() if k != own.person_id})
        case GroupSessionCancelled():
            return replace(session, cancelled=True)
        case _:
            assert_never(own)


def session_stream(session_id: str) -> Stream[Session]:
    """The session's stream."""
    return Stream(session_id, Session(), evolve_session, subject="session_id")


def plan_session(
    refused: Refused | None, *, session_id: str, slot: Slot, theme: Theme, seats: int, booked_by: str, today: date
) -> Decision:
    """A session takes its operator's time like any appointment."""
    if refused is not None:
        return refused
    return [
        GroupSessionPlanned(
            on=today, session_id=session_id, theme=theme, desk=slot.desk, operator=slot.operator, day=slot.day,
            at=slot.at, minutes=slot.minutes, seats=seats,
        ),
        take(slot, session_id, booked_by, today),
    ]  # fmt: skip


def invite(
    session: Session, people: Mapping[str, Person], *, session_id: str, ids: Mapping[str, str], now: Moment
) -> Decision:
    """Invites those of `people` who can come: each gets an appointment and a seat. `ids` are the appointments'.

    Who is invited already, is not open or is expected elsewhere is left out; refused only if nobody is left, or
    there are fewer seats than persons (a decision of the operator, not of the order of the list).
    """
    if session.slot is None or session.cancelled:
        return NO_SESSION
    slot, today = session.slot, now.day
    if (slot.day, slot.at) < (now.day, now.at):
        return Refused("session_past", "L'incontro è già passato.")
    can = [p for p, person in people.items() if invitable(session, p, person) is None]
    if not can:
        return Refused("nobody", "Nessuna delle persone scelte può essere invitata: sono già invitate, non hanno un "
                       "percorso aperto o hanno già un appuntamento a quell'ora.", "people")  # fmt: skip
    left = session.seats - len(session.invited)
    if len(can) > left:
        return Refused("no_seats", f"I posti liberi sono {left}: scegli meno persone.", "people")
    events: list[Event] = []
    for person in can:
        events += [
            AppointmentBooked(
                on=today, person_id=person, appointment_id=ids[person], purpose="group", mode="in_person",
                desk=slot.desk, operator=slot.operator, day=slot.day, at=slot.at, minutes=slot.minutes,
                session_id=session_id,
            ),
            SessionSeatTaken(on=today, session_id=session_id, person_id=person, appointment_id=ids[person]),
        ]  # fmt: skip
    return events


def invitable(session: Session, person_id: str, person: Person) -> Refused | None:
    """Why the person cannot be invited."""
    if person_id in session.invited:
        return Refused("invited", "È già invitata.")
    if not person.is_open:
        return Refused("not_open", "Il percorso non è aperto.")
    return clash(person, session.slot) if session.slot else NO_SESSION


def attendance(
    session: Session, people: Mapping[str, Person], *, presences: Mapping[str, Presence],
    outcome: Literal["done", "to_continue", "referred", "not_interested"], now: Moment,
) -> Decision:  # fmt: skip
    """Who came and who did not, with one outcome for all who came. Who was recorded already is left as it is."""
    if session.slot is None or session.cancelled:
        return NO_SESSION
    if (session.slot.day, session.slot.at) > (now.day, now.at):
        return Refused("not_yet", "L'incontro non è ancora cominciato.")
    events: list[Event] = []
    day = session.slot.day
    for person, presence in presences.items():
        appointment = session.invited.get(person)
        state = people[person].appointments.by_id.get(appointment) if appointment and person in people else None
        if appointment is None or state is None or state.standing != "booked":
            continue
        if presence == "kept":
            events.append(AppointmentKept(on=day, person_id=person, appointment_id=appointment, outcome=outcome))
        else:
            events.append(
                AppointmentMissed(on=day, person_id=person, appointment_id=appointment, excused=presence == "excused")
            )
    return events or Refused("nothing", "Non c'è niente da registrare: le presenze ci sono già.")


def cancel_session(session: Session, people: Mapping[str, Person], *, session_id: str, now: Moment) -> Decision:
    """The session will not be held: everybody's appointment is cancelled, the operator's time is free."""
    if session.slot is None or session.cancelled:
        return NO_SESSION
    if (session.slot.day, session.slot.at) < (now.day, now.at):
        return Refused("session_past", "L'incontro è già passato: registra le presenze.")
    events: list[Event] = [
        GroupSessionCancelled(on=now.day, session_id=session_id),
        free(session.slot, session_id, now.day),
    ]
    for person, appointment in session.invited.items():
        state = people[person].appointments.by_id.get(appointment)
        if state is not None and state.standing == "booked":
            events.append(
                AppointmentCancelled(
                    on=now.day, person_id=person, appointment_id=appointment, by="office", why="session_cancelled"
                )
            )
    return events
