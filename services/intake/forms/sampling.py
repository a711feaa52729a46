"""The draw of declarations, the outcome of each, and the notice before a refusal."""

from __future__ import annotations

from services.intake.domain.sampling import VerifiedAs
from services.intake.forms.fields import Day, Form, Text
from shared.events.intake import SamplePeriod


class DrawForm(Form):
    """Which half-year."""

    sample_id: SamplePeriod


class VerifyForm(Form):
    """What the comparison with a register or an office gave."""

    outcome: VerifiedAs
    notes: Text | None = None
    on: Day


class NoticeForm(Form):
    """The notice of refusal."""

    text: Text | None = None
    on: Day
