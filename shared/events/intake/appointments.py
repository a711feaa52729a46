"""Appointments: a fact of the person (`pathway`) and of the operator's week, and group sessions (`desks`).

A slot is civil time in Rome: a day, a time of the clock, minutes. Nobody is booked in the hour that the change of
clocks repeats or leaves out, so the civil time names one instant.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from shared.events.base import Code, Event, Id

WeekId = Annotated[
    str, StringConstraints(pattern=r"^(desk|operator):[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}:20[0-9]{2}-w[0-9]{2}$")
]
"""The ISO week of a desk or of an operator, as `operator:u-elena.conti:2024-w19`: streams end."""
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time of the clock in Rome, as `09:30`."""
Purpose = Literal["welcome", "interview", "follow_up", "plan", "documents", "group", "other"]
Mode = Literal["in_person", "phone", "video"]
Who = Literal["person", "office"]
"""At whose wish."""


class AppointmentBooked(Event):
    """The person and an operator will meet (recorded together with the slot of the operator's week)."""

    TYPE: ClassVar[str] = "intake.appointment-booked"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    appointment_id: Id = Field(description="The appointment.")
    purpose: Purpose = Field(description="What for.")
    mode: Mode = Field(description="How it is held.")
    desk: Code = Field(description="Code of the desk.")
    operator: Code = Field(description="Account of the operator who will meet the person.")
    day: date = Field(description="Civil date of the appointment.")
    at: ClockTime = Field(description="When it begins.")
    minutes: int = Field(ge=5, le=480, description="How long it lasts.")
    session_id: Id | None = Field(default=None, description="The group session, if it is one.")


class AppointmentMoved(Event):
    """Another time, another desk or another operator; the appointment stays the same one."""

    TYPE: ClassVar[str] = "intake.appointment-moved"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    appointment_id: Id = Field(description="The appointment.")
    desk: Code = Field(description="Code of the desk.")
    operator: Code = Field(description="Account of the operator.")
    day: date = Field(description="Civil date of the appointment.")
    at: ClockTime = Field(description="When it begins.")
    minutes: int = Field(ge=5, le=480, description="How long it lasts.")
    why: Literal["person", "operator_absent", "desk_closed", "office"] = Field(description="Why it was moved.")


class AppointmentKept(Event):
    """They met. What came out of it is an interview, a check or a note of its own."""

    TYPE: ClassVar[str] = "intake.appointment-kept"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    appointment_id: Id = Field(description="The appointment.")
    outcome: Literal["done", "to_continue", "referred", "not_interested"] = Field(
        default="done", description="How it ended."
    )


class AppointmentMissed(Event):
    """The person did not come."""

    TYPE: ClassVar[str] = "intake.appointment-missed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    appointment_id: Id = Field(description="The appointment.")
    excused: bool = Field(default=False, description="Whether the person gave a reason that the office accepts.")


class AppointmentCancelled(Event):
    """It will not be held, and the slot is free again."""

    TYPE: ClassVar[str] = "intake.appointment-cancelled"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    appointment_id: Id = Field(description="The appointment.")
    by: Who = Field(description="Who cancelled it.")
    why: Literal["asked", "operator_absent", "desk_closed", "session_cancelled", "pathway_closed", "other"] = Field(
        description="Why."
    )


class SlotTaken(Event):
    """A time of an operator's week is taken (recorded together with the appointment or the group session)."""

    TYPE: ClassVar[str] = "intake.slot-taken"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "week_id"

    week_id: WeekId = Field(description="The operator's week.")
    slot_id: Id = Field(description="The appointment or the group session that takes it.")
    desk: Code = Field(description="Code of the desk.")
    day: date = Field(description="Civil date.")
    at: ClockTime = Field(description="When it begins.")
    minutes: int = Field(ge=5, le=480, description="How long it lasts.")
    booked_by: Code = Field(description="Account that booked it: who comes second is told.")


class SlotFreed(Event):
    """The time is free again."""

    TYPE: ClassVar[str] = "intake.slot-freed"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "week_id"

    week_id: WeekId = Field(description="The operator's week.")
    slot_id: Id = Field(description="The appointment or the group session that had it.")


class OperatorAbsent(Event):
    """An operator is away; one fact for each week that the absence touches."""

    TYPE: ClassVar[str] = "intake.operator-absent"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "week_id"

    week_id: WeekId = Field(description="The operator's week.")
    absence_id: Id = Field(description="The absence, the same in all its weeks.")
    operator: Code = Field(description="Account of the operator.")
    first: date = Field(description="First day, of this week.")
    last: date = Field(description="Last day, of this week.")


class AbsenceLifted(Event):
    """The operator is there after all."""

    TYPE: ClassVar[str] = "intake.absence-lifted"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "week_id"

    week_id: WeekId = Field(description="The operator's week.")
    absence_id: Id = Field(description="The absence.")


class DeskClosed(Event):
    """A desk does not open on days on which it would (August, works, patron of its own); one fact a week."""

    TYPE: ClassVar[str] = "intake.desk-closed"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "week_id"

    week_id: WeekId = Field(description="The desk's week.")
    closure_id: Id = Field(description="The closure, the same in all its weeks.")
    desk: Code = Field(description="Code of the desk.")
    first: date = Field(description="First day, of this week.")
    last: date = Field(description="Last day, of this week.")


class DeskReopened(Event):
    """The desk opens on those days after all."""

    TYPE: ClassVar[str] = "intake.desk-reopened"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "week_id"

    week_id: WeekId = Field(description="The desk's week.")
    closure_id: Id = Field(description="The closure.")


class GroupSessionPlanned(Event):
    """A meeting of an operator with several persons, at a desk."""

    TYPE: ClassVar[str] = "intake.group-session-planned"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "session_id"

    session_id: Id = Field(description="The session.")
    theme: Literal["welcome", "job_search", "rights", "training_offer", "enterprise", "digital", "other"] = Field(
        description="What it is about."
    )
    desk: Code = Field(description="Code of the desk.")
    operator: Code = Field(description="Account of the operator who leads it.")
    day: date = Field(description="Civil date.")
    at: ClockTime = Field(description="When it begins.")
    minutes: int = Field(ge=5, le=480, description="How long it lasts.")
    seats: int = Field(ge=1, le=200, description="How many persons it can take.")


class SessionSeatTaken(Event):
    """A person is invited (recorded together with the person's appointment)."""

    TYPE: ClassVar[str] = "intake.session-seat-taken"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "session_id"

    session_id: Id = Field(description="The session.")
    person_id: Id = Field(description="The person.")
    appointment_id: Id = Field(description="The person's appointment.")


class SessionSeatFreed(Event):
    """The person will not come; the seat is free again."""

    TYPE: ClassVar[str] = "intake.session-seat-freed"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "session_id"

    session_id: Id = Field(description="The session.")
    person_id: Id = Field(description="The person.")


class GroupSessionCancelled(Event):
    """The session will not be held."""

    TYPE: ClassVar[str] = "intake.group-session-cancelled"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "session_id"

    session_id: Id = Field(description="The session.")
