"""A day at a desk: one queue in order of arrival, and the operators who receive from it.

The desk's day is a stream of its own, which ends with the day. A visit of somebody known is also a fact
about them, so those decisions read and append both streams.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import assert_never, cast

from services.intake.domain.desks import DESKS
from shared.decisions import Decision, Refused, Stream
from shared.events.base import Event
from shared.events.intake.reception import (
    OperatorStood,
    PersonArrived,
    RegisteredQuickly,
    Standing,
    TicketCalled,
    TicketClosed,
    TicketIdentified,
    TicketReturned,
    TicketTaken,
    VisitEnded,
    VisitOutcome,
)

OfDay = TicketTaken | TicketIdentified | TicketCalled | TicketReturned | TicketClosed | OperatorStood
OfPerson = PersonArrived | VisitEnded | RegisteredQuickly


@dataclass(frozen=True, slots=True)
class Ticket:
    """One visit of the day."""

    visit_id: str
    number: int
    person_id: str | None = None
    operator: str | None = None
    outcome: VisitOutcome | None = None

    @property
    def waits(self) -> bool:
        return self.operator is None and self.outcome is None


@dataclass(frozen=True, slots=True)
class DeskDay:
    """One desk on one day."""

    tickets: Mapping[str, Ticket] = field(default_factory=dict)
    """By visit, in order of arrival."""
    standing: Mapping[str, Standing] = field(default_factory=dict)
    """By operator's account."""

    @property
    def queue(self) -> tuple[Ticket, ...]:
        """Who waits, first come first."""
        return tuple(sorted((t for t in self.tickets.values() if t.waits), key=lambda ticket: ticket.number))

    @property
    def open(self) -> tuple[Ticket, ...]:
        """Who has not left yet, waiting or received."""
        return tuple(ticket for ticket in self.tickets.values() if ticket.outcome is None)

    def receives(self, operator: str) -> Ticket | None:
        """The visit that the operator has called and not closed."""
        return next((ticket for ticket in self.open if ticket.operator == operator), None)

    def of(self, person_id: str) -> Ticket | None:
        """The person's open visit here."""
        return next((ticket for ticket in self.open if ticket.person_id == person_id), None)


@dataclass(frozen=True, slots=True)
class Visits:
    """What a person's own facts say of their visits."""

    open_on: Mapping[str, date] = field(default_factory=dict)
    """Visit -> its day."""
    quick: bool = False
    """Whether the present registration was made with the fewest fields."""


def evolve_day(day: DeskDay, event: Event) -> DeskDay:
    """The desk's day after one more fact."""
    own = cast(OfDay, event)
    match own:
        case TicketTaken():
            return _put(day, Ticket(own.visit_id, own.ticket, own.person_id))
        case OperatorStood():
            return replace(day, standing={**day.standing, own.operator: own.standing})
        case TicketIdentified() | TicketCalled() | TicketReturned() | TicketClosed():
            ticket = day.tickets.get(own.visit_id)
            return day if ticket is None else _moved(day, ticket, own)
        case _:
            assert_never(own)


def _moved(
    day: DeskDay, ticket: Ticket, own: TicketIdentified | TicketCalled | TicketReturned | TicketClosed
) -> DeskDay:
    match own:
        case TicketIdentified():
            return _put(day, replace(ticket, person_id=own.person_id))
        case TicketCalled():
            return _stands(_put(day, replace(ticket, operator=own.operator)), own.operator, "busy")
        case TicketReturned():
            return _stands(_put(day, replace(ticket, operator=None)), ticket.operator, "free")
        case TicketClosed():
            return _stands(_put(day, replace(ticket, outcome=own.outcome)), ticket.operator, "free")
        case _:
            assert_never(own)


def _put(day: DeskDay, ticket: Ticket) -> DeskDay:
    return replace(day, tickets={**day.tickets, ticket.visit_id: ticket})


def _stands(day: DeskDay, operator: str | None, standing: Standing) -> DeskDay:
    return day if operator is None else replace(day, standing={**day.standing, operator: standing})


def evolve_visits(visits: Visits, own: OfPerson) -> Visits:
    """A person's visits after one more fact about them."""
    match own:
        case PersonArrived():
            return replace(visits, open_on={**visits.open_on, own.visit_id: own.on})
        case VisitEnded():
            return replace(visits, open_on={v: on for v, on in visits.open_on.items() if v != own.visit_id})
        case RegisteredQuickly():
            return replace(visits, quick=True)
        case _:
            assert_never(own)


def desk_day(desk: str, on: date) -> str:
    """The stream of a desk's day."""
    return f"{desk}:{on.isoformat()}"


def desk_of(day: str) -> tuple[str, date]:
    """Desk and day of such a stream. Raises ValueError for another one."""
    desk, _, on = day.rpartition(":")
    return desk, date.fromisoformat(on)


def day_stream(desk: str, on: date) -> Stream[DeskDay]:
    """The stream of that day."""
    return Stream(desk_day(desk, on), DeskDay(), evolve_day, subject="desk_day")


NOT_HERE = Refused("visit_unknown", "Questa visita non è nella coda di oggi: ricarica la pagina.")


def arrive(
    day: DeskDay, visits: Visits, *, desk: str, visit_id: str, person_id: str | None, on: date, today: date
) -> Decision:
    """Somebody comes to the desk and gets the next number; `person_id` where they are known."""
    refused = _desk_refused(desk, on, today)
    if refused is not None:
        return refused
    number = len(day.tickets) + 1
    taken = TicketTaken(on=on, desk_day=desk_day(desk, on), visit_id=visit_id, ticket=number, person_id=person_id)
    if person_id is None:
        return [taken]
    waits = _waits_already(visits, on)
    return waits or [taken, PersonArrived(on=on, person_id=person_id, visit_id=visit_id, desk=desk)]


def _desk_refused(desk: str, on: date, today: date) -> Refused | None:
    known = DESKS.get(desk)
    if known is None or not known.holds(on):
        return Refused("desk_unknown", "Questo sportello non c'è, o non è più aperto.")
    if on != today:
        return Refused("day_over", "La giornata è finita: apri la coda di oggi.")
    return None


def _waits_already(visits: Visits, on: date) -> Refused | None:
    if on in visits.open_on.values():
        return Refused("already_waiting", "Questa persona è già in coda, qui o in un altro sportello.")
    return None


def identify(day: DeskDay, visits: Visits, *, desk: str, visit_id: str, person_id: str, on: date) -> Decision:
    """Who waits under the number is known from now on."""
    ticket = day.tickets.get(visit_id)
    if ticket is None or ticket.outcome is not None:
        return NOT_HERE
    if ticket.person_id is not None:
        return Refused("already_identified", "Questo numero ha già il nome di una persona.")
    return _waits_already(visits, on) or [
        TicketIdentified(on=on, desk_day=desk_day(desk, on), visit_id=visit_id, person_id=person_id),
        PersonArrived(on=on, person_id=person_id, visit_id=visit_id, desk=desk),
    ]


def call(day: DeskDay, *, desk: str, visit_id: str | None, operator: str, on: date, today: date) -> Decision:
    """The operator receives the next in order, or whom they chose. One at a time."""
    refused = _desk_refused(desk, on, today)
    if refused is not None:
        return refused
    present = day.receives(operator)
    if present is not None:
        return Refused("operator_busy", f"Hai già chiamato il numero {present.number}: prima chiudi la sua visita.")
    if visit_id is None:
        if not day.queue:
            return Refused("queue_empty", "In coda non c'è nessuno.")
        ticket = day.queue[0]
    else:
        found = day.tickets.get(visit_id)
        if found is None:
            return NOT_HERE
        if not found.waits:
            return Refused("not_waiting", f"Il numero {found.number} è già stato chiamato.")
        ticket = found
    return [TicketCalled(on=on, desk_day=desk_day(desk, on), visit_id=ticket.visit_id, operator=operator)]


def put_back(day: DeskDay, *, desk: str, visit_id: str, on: date) -> Decision:
    """Called by mistake, or not there at the moment: the number waits again in its old place."""
    ticket = day.tickets.get(visit_id)
    if ticket is None or ticket.outcome is not None:
        return NOT_HERE
    if ticket.operator is None:
        return Refused("not_called", f"Il numero {ticket.number} è già in coda.")
    return [TicketReturned(on=on, desk_day=desk_day(desk, on), visit_id=visit_id)]


def end_visit(day: DeskDay, *, desk: str, visit_id: str, outcome: VisitOutcome, on: date) -> Decision:
    """Received, gone without being seen; or, after the day's end, nobody said."""
    ticket = day.tickets.get(visit_id)
    if ticket is None:
        return NOT_HERE
    if ticket.outcome is not None:
        return Refused("visit_over", f"La visita del numero {ticket.number} è già chiusa.")
    if outcome == "served" and ticket.operator is None:
        return Refused("not_called", f"Prima chiama il numero {ticket.number}, poi chiudi la sua visita.")
    closed = TicketClosed(on=on, desk_day=desk_day(desk, on), visit_id=visit_id, outcome=outcome)
    if ticket.person_id is None:
        return [closed]
    return [closed, VisitEnded(on=on, person_id=ticket.person_id, visit_id=visit_id, outcome=outcome)]


def stand(day: DeskDay, *, desk: str, operator: str, standing: Standing, on: date, today: date) -> Decision:
    """The operator says whether they can receive."""
    refused = _desk_refused(desk, on, today)
    if refused is not None:
        return refused
    present = day.receives(operator)
    if present is not None and standing != "busy":
        return Refused("operator_busy", f"Stai ricevendo il numero {present.number}: prima chiudi la sua visita.")
    if day.standing.get(operator) == standing:
        return []
    return [OperatorStood(on=on, desk_day=desk_day(desk, on), operator=operator, standing=standing)]


def end_day(day: DeskDay, *, desk: str, on: date) -> list[Event]:
    """After the day: what nobody closed is closed as not recorded, on the day it happened."""
    events: list[Event] = []
    for ticket in day.open:
        decision = end_visit(day, desk=desk, visit_id=ticket.visit_id, outcome="not_recorded", on=on)
        events += [] if isinstance(decision, Refused) else decision
    return events
