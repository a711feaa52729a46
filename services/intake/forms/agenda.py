"""Closures and absences."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from services.intake.domain.agenda import Slot
from services.intake.forms.fields import Day, Form
from shared.events.base import Code

At = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time of the clock, `09:30`."""


class DaysForm(Form):
    """From a day to another, both included."""

    first: Day
    last: Day


class AbsenceForm(DaysForm):
    """An operator is away."""

    operator: Code


class ClosureForm(DaysForm):
    """Desks that do not open."""

    desks: tuple[Code, ...] = Field(min_length=1, max_length=100)


class SlotForm(Form):
    """A time of an operator at a desk."""

    desk: Code
    operator: Code
    day: Day
    at: At

    def slot(self, minutes: int) -> Slot:
        """As the agenda keeps it."""
        return Slot(self.desk, self.operator, self.day, self.at, minutes)
