"""Opening a person in emergency."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from services.intake.forms.fields import Form
from shared.events.intake import EmergencyReason


class EmergencyForm(Form):
    """Why the person has to be seen; the words go to the vault."""

    reason: EmergencyReason
    motive: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=1000)]
