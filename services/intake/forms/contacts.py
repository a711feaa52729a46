"""Contacts, notes, suspension, transfer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.intake.domain.casework_log import ContactChannel, ContactOutcome
from services.intake.domain.suspension import SuspensionReason
from services.intake.domain.transfer import TransferMotive
from services.intake.forms.fields import Day, Form, Text
from shared.events.base import Code


class ContactForm(Form):
    """A try to reach the person, and how it went."""

    channel: ContactChannel
    outcome: ContactOutcome
    recall_on: Day | None = None
    note: Text | None = None
    on: Day


class NoteForm(Form):
    """A note on the case."""

    note: Text


class SuspendForm(Form):
    """The pathway rests."""

    reason: SuspensionReason
    expected_until: Day | None = None
    note: Text | None = None
    on: Day


class ResumeForm(Form):
    """The pathway goes on."""

    on: Day


class TransferForm(Form):
    """Another operator follows the person."""

    to_manager: Code
    motive: TransferMotive


class HandOverForm(Form):
    """All the cases of one operator go to others, in turn."""

    from_manager: Code
    to_managers: Annotated[tuple[Code, ...], Field(min_length=1, max_length=50)]
    motive: TransferMotive
