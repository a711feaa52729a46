"""Booking, moving, and what became of an appointment."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.intake.domain.appointments import CancelReason, KeptOutcome, MoveReason
from services.intake.forms.agenda import At, SlotForm
from services.intake.forms.fields import Day, Form
from shared.events.base import Code
from shared.events.intake import Mode, Purpose


class BookForm(SlotForm):
    """A new appointment."""

    purpose: Purpose
    mode: Mode


class MoveForm(SlotForm):
    """Another time, desk or operator."""

    why: MoveReason = "person"


class KeptForm(Form):
    """They met."""

    outcome: KeptOutcome = "done"


class MissedForm(Form):
    """The person did not come."""

    excused: bool = False


class CancelForm(Form):
    """It will not be held."""

    why: CancelReason


class Choice(Form):
    """One line of the list of proposals: this appointment goes there."""

    person_id: str
    appointment_id: str
    desk: Code
    operator: Code
    day: Day
    at: At
    why: MoveReason


class ChoicesForm(Form):
    """The list of proposals as it is sent: `appointment|desk|operator|day|time`, or nothing to leave one as it is."""

    choices: tuple[Annotated[str, Field(max_length=250)], ...] = Field(default=(), max_length=200)

    def parsed(self) -> dict[UUID, tuple[str, ...]]:
        """Appointment -> the chosen place. Raises ValueError."""
        found: dict[UUID, tuple[str, ...]] = {}
        for choice in self.choices:
            appointment, *place = choice.split("|")
            if len(place) != 4:
                raise ValueError(choice)
            found[UUID(appointment)] = tuple(place)
        return found
