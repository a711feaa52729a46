"""Interview, taking in charge, closure, correction."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.intake import domain
from services.intake.forms.fields import Day, Form, Text
from shared.events.base import Code, Motive

FieldValue = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}=[A-Za-z0-9][A-Za-z0-9_.:+-]{0,63}$")]


class InterviewForm(Form):
    """The interview."""

    mode: Literal["in_person", "phone", "video"]
    notes: Text | None = None
    on: Day


class ChargeForm(Form):
    """Taken in charge."""

    case_manager: Code
    readiness: Literal["ready", "to_train"]
    reasons: Text
    on: Day


class CloseForm(Form):
    """Closure."""

    outcome: domain.Outcome
    agreed: bool = False
    """The person agreed to be referred to the associations (a strong profile)."""
    reasons: Text | None = None
    on: Day


class CorrectForm(Form):
    """A fact was wrong: cancelled, or with another date or value."""

    cancel: bool = False
    on: Day | None = None
    """The right date; None leaves it."""
    value: Code | None = None
    """The right value of the fact's main field (see commands.CORRECTABLE); None leaves it."""
    values: tuple[FieldValue, ...] = Field(default=(), max_length=10)
    """Other right values, each as `field=code`."""
    date_field: Code | None = None
    """Which date within the fact is wrong, and ..."""
    date_value: Day | None = None
    """... the right one; None where there is none."""
    motive: Motive

    def pairs(self) -> list[tuple[str, str]]:
        """Field and code of each of `values`."""
        return [(field, code) for field, _, code in (each.partition("=") for each in self.values)]
