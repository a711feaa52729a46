"""Reception, and the registration with the fewest fields."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from services.intake import domain
from services.intake.forms.fields import Form
from services.intake.forms.identity import RegisterForm
from shared import territory
from shared.events.base import Code, Id
from shared.events.intake import Education


class CallForm(Form):
    """Who shall receive; nobody named: whoever presses the button."""

    operator: Code | None = None


class StandForm(Form):
    """Whether the operator can receive."""

    standing: Literal["free", "busy", "away"]


class QuickForm(RegisterForm):
    """What a registration cannot do without; the rest is asked later and is missing until then."""

    education: Education = "unknown"
    desk: Code | None = None
    """The desk whose queue the person is in,"""
    visit: Id | None = None
    """and their visit there: the number in the queue gets a name."""

    @model_validator(mode="after")
    def _unknown_quartiere(self) -> QuickForm:
        if self.municipality == territory.CAPITAL and self.quartiere is None:
            object.__setattr__(self, "quartiere", domain.UNKNOWN_QUARTIERE)
        return self
