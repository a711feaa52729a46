"""Looking at somebody whom one does not follow: opened with a motive and for a time, and looked at afterwards."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.events.base import Code, Event, Id, Reference

EmergencyReason = Literal["absence", "urgent", "at_the_desk", "duplicate", "mistake", "request", "other"]


class EmergencyOpened(Event):
    """An operator opened a person outside their own scope ("breaking the glass"), for some hours from the recording."""

    TYPE: ClassVar[str] = "intake.emergency-opened"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    emergency_id: Id = Field(description="The opening.")
    account: Code = Field(description="The account to which the person is open.")
    reason: EmergencyReason = Field(description="Why, coarsely.")
    motive: Reference = Field(description="Vault row with the motive in words.")
    hours: int = Field(ge=1, le=72, description="For how many hours from the instant of the recording.")
    case_manager: Code | None = Field(default=None, description="Who followed the person then, if anybody.")


class EmergencyReviewed(Event):
    """The data protection officer looked at such an opening."""

    TYPE: ClassVar[str] = "intake.emergency-reviewed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    emergency_id: Id = Field(description="The opening.")
