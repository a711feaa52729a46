"""Working a case: contacts, notes, who follows it, and when it rests."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from shared.events.base import Code, Event, Id, Reference


class ContactLogged(Event):
    """Somebody tried to reach the person, or reached them."""

    TYPE: ClassVar[str] = "intake.contact-logged"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    contact_id: Id = Field(description="The contact.")
    channel: Literal["call", "sms", "email", "whatsapp", "visit"] = Field(description="How.")
    outcome: Literal["answered", "no_answer", "wrong_number", "message_left", "refused"] = Field(
        description="How it went; refused: the person answered and did not want to talk."
    )
    recall_on: date | None = Field(default=None, description="Civil date on which to try again or to call back.")
    note: Reference | None = Field(default=None, description="Vault row with what was said.")


class NoteAdded(Event):
    """An operator wrote a note on the case. Its text stays in the vault; nothing replaces it."""

    TYPE: ClassVar[str] = "intake.note-added"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    note_id: Id = Field(description="The note.")
    note: Reference = Field(description="Vault row with the text.")


class CaseTransferred(Event):
    """Another operator follows the person from now on."""

    TYPE: ClassVar[str] = "intake.case-transferred"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    from_manager: Code = Field(description="Account of the operator who followed the person until now.")
    to_manager: Code = Field(description="Account of the operator who follows the person from now on.")
    motive: Literal["leaver", "absence", "workload", "area", "language", "asked_by_person", "other"] = Field(
        description="Why."
    )


class PathwaySuspended(Event):
    """The pathway rests: nothing is proposed to the person meanwhile. Health and family reasons are one word."""

    TYPE: ClassVar[str] = "intake.pathway-suspended"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    reason: Literal["personal", "short_work", "away", "other_measure", "other"] = Field(description="Why, coarsely.")
    expected_until: date | None = Field(description="Last civil date expected; none if nobody knows.")
    note: Reference | None = Field(default=None, description="Vault row with the details.")


class PathwayResumed(Event):
    """The pathway goes on."""

    TYPE: ClassVar[str] = "intake.pathway-resumed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
