"""What a person wants to be sent, and what goes out at all."""

from __future__ import annotations

from pydantic import Field

from services.intake.forms.fields import Form
from shared.events.base import Code


class WishesForm(Form):
    """As the person said at a desk."""

    sms: bool = False
    email: bool = False
    reminders: bool = False


class MessagingForm(Form):
    """The switchboard."""

    sending: bool = False
    reminders: bool = False
    quiet_desks: tuple[Code, ...] = Field(default=(), max_length=100)
