"""What the forms about a person's rights hold."""

from __future__ import annotations

from pydantic import Field

from services.intake.forms.fields import Form, Text
from shared.events.base import Code, Id
from shared.events.intake import Answer, DropGround, RestrictionGround, Right


class RequestForm(Form):
    """Which right the person exercises."""

    right: Right


class ReasonsForm(Form):
    """Why, in words for the person."""

    reasons: Text


class AnswerForm(Form):
    """The answer to a request."""

    outcome: Answer
    grounds: list[Code] = Field(default_factory=list)
    reasons: Text | None = None


class RestrictForm(Form):
    """Why the data may only be kept."""

    ground: RestrictionGround


class ProposeForm(Form):
    """Why the data should be erased."""

    reasons: Text


class DropForm(Form):
    """Why the data are not erased."""

    ground: DropGround
    reasons: Text | None = None


class ManyForm(Form):
    """Several people's erasures, decided at once."""

    people: list[Id] = Field(default_factory=list)
