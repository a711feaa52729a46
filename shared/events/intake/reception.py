"""A day at a desk: who came, in which order, who received them.

The day is a stream of its own on `desks` (`malvezzi:2026-11-23`), which ends with the day. Whoever is not
known yet is a number in it; what happens to somebody known is also a fact about them, on `pathway`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.events.base import Code, Correction, Event, Id

TicketNumber = Annotated[int, Field(ge=1, le=9999)]
VisitOutcome = Literal["served", "left", "not_recorded"]
Standing = Literal["free", "busy", "away"]


class TicketTaken(Event):
    """Somebody came to the desk and waits."""

    TYPE: ClassVar[str] = "intake.ticket-taken"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "desk_day"

    desk_day: Code = Field(description="The desk and its day: `<desk>:<civil date>`.")
    visit_id: Id = Field(description="This visit.")
    ticket: TicketNumber = Field(description="Place in the order of arrival, counted from 1 each day.")
    person_id: Id | None = Field(description="Who it is, where already known.")


class TicketIdentified(Event):
    """Who waits under this number is known from now on: found, or registered."""

    TYPE: ClassVar[str] = "intake.ticket-identified"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "desk_day"

    desk_day: Code = Field(description="The desk and its day.")
    visit_id: Id = Field(description="The visit.")
    person_id: Id = Field(description="The person.")


class TicketCalled(Event):
    """An operator calls the number and receives whoever has it."""

    TYPE: ClassVar[str] = "intake.ticket-called"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "desk_day"

    desk_day: Code = Field(description="The desk and its day.")
    visit_id: Id = Field(description="The visit.")
    operator: Code = Field(description="Account of the operator who receives.")


class TicketReturned(Event):
    """A called number waits again, in its old place."""

    TYPE: ClassVar[str] = "intake.ticket-returned"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "desk_day"

    desk_day: Code = Field(description="The desk and its day.")
    visit_id: Id = Field(description="The visit.")


class TicketClosed(Event):
    """The visit is over."""

    TYPE: ClassVar[str] = "intake.ticket-closed"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "desk_day"

    desk_day: Code = Field(description="The desk and its day.")
    visit_id: Id = Field(description="The visit.")
    outcome: VisitOutcome = Field(
        description="Received, gone without being seen, or nobody said by the end of the day."
    )


class OperatorStood(Event):
    """An operator of the desk is free, busy or away."""

    TYPE: ClassVar[str] = "intake.operator-stood"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "desk_day"

    desk_day: Code = Field(description="The desk and its day.")
    operator: Code = Field(description="Account of the operator.")
    standing: Standing = Field(description="Whether they can receive somebody.")


class PersonArrived(Event):
    """Somebody known came to a desk."""

    TYPE: ClassVar[str] = "intake.person-arrived"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    visit_id: Id = Field(description="The visit.")
    desk: Code = Field(description="The desk.")


class VisitEnded(Event):
    """The visit of somebody known is over."""

    TYPE: ClassVar[str] = "intake.visit-ended"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    visit_id: Id = Field(description="The visit.")
    outcome: VisitOutcome = Field(
        description="Received, gone without being seen, or nobody said by the end of the day."
    )


class RegisteredQuickly(Event):
    """The registration was made with the fewest fields, since others waited: the rest is still to be asked."""

    TYPE: ClassVar[str] = "intake.registered-quickly"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")


class DeskFactCorrected(Correction):
    """A fact that intake recorded about a desk was wrong."""

    TYPE: ClassVar[str] = "intake.desk-fact-corrected"
    TOPIC: ClassVar[str] = "desks"
