"""Interview, taking in charge, plan, closure, correction."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from services.intake import domain
from services.intake.forms.fields import Day, Form, Text
from shared.events.base import Code, Motive
from shared.events.intake import Direction


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


class PlanForm(Form):
    """A plan: up to five actions on the page, each with a direction and a due date."""

    directions: tuple[Direction, ...] = Field(min_length=1, max_length=20)
    due_dates: tuple[Day, ...] = Field(min_length=1, max_length=20)
    objectives: Text | None = None
    on: Day

    @model_validator(mode="after")
    def _pairs(self) -> PlanForm:
        if len(self.directions) != len(self.due_dates):
            raise ValueError("Ogni azione ha una direzione e una scadenza.")
        return self

    def actions(self) -> list[tuple[Direction, date]]:
        """Direction and due date of each action."""
        return list(zip(self.directions, self.due_dates, strict=True))


class CloseForm(Form):
    """Closure."""

    outcome: domain.Outcome
    on: Day


class CorrectForm(Form):
    """A fact was wrong: cancelled, or with another date or value."""

    cancel: bool = False
    on: Day | None = None
    """The right date; None leaves it."""
    value: Code | None = None
    """The right value of the fact's main field (see commands.CORRECTABLE); None leaves it."""
    motive: Motive
