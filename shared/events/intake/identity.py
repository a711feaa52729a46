"""Who the person is, as far as the log may know: permit of stay, doubles, attachments.

Numbers, names, types of document and the motives of a stay are in the vault: here are codes and dates alone.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from shared.events.base import Event, Id, Reference

PermitKind = Literal["limited", "long_term", "request_pending"]
"""With a last day; without one (UE long-term, family of a Union citizen); only asked for. The exact type and
its motive say too much (asylum, protection): they are in the vault."""
WorkLimit = Literal["none", "part_time", "seasonal"]
"""Part time: 20 hours a week and 1,040 a year, for study (DPR 394/1999 art. 14 c. 4)."""
JoinGround = Literal["same_document", "person_says", "entered_twice", "same_tax_code", "other"]
PartGround = Literal["two_people", "joined_by_mistake", "other"]
AttachmentKind = Literal["cv", "identity_document", "permit", "signed_plan", "other"]
Likeness = Literal["sound_and_date", "date_and_name", "date_swapped", "digit_off"]


class PermitRecorded(Event):
    """The person showed a permit of stay, or the receipt of having asked for it or for its renewal."""

    TYPE: ClassVar[str] = "intake.permit-recorded"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    kind: PermitKind = Field(description="With or without a last day, or only asked for.")
    expires_on: date | None = Field(description="Last day of the permit; none if it has none.")
    may_work: bool = Field(description="Whether it allows to work.")
    work_limit: WorkLimit = Field(description="How far it limits the work.")
    renewal_asked_on: date | None = Field(description="Civil date of the receipt of the renewal, if asked for.")
    details: Reference = Field(description="Vault row with type, motive, number and receipt.")


class PermitReminderDue(Event):
    """The permit ends soon: the person and the case manager are told once."""

    TYPE: ClassVar[str] = "intake.permit-reminder-due"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    expires_on: date = Field(description="Last day of the permit.")


class DuplicateProposed(Event):
    """Two people look like one: somebody has to look at both."""

    TYPE: ClassVar[str] = "intake.duplicate-proposed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person whose data were entered.")
    other_id: Id = Field(description="The person who was there already.")
    likeness: Likeness = Field(description="In what they are alike.")


class DuplicateDismissed(Event):
    """Somebody looked at both: they are two people. Told on the streams of both."""

    TYPE: ClassVar[str] = "intake.duplicate-dismissed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="One of the two.")
    other_id: Id = Field(description="The other one.")
    reasons: Reference = Field(description="Vault row with the reasons.")


class PersonsJoined(Event):
    """Two people are one: `alias_id` is looked up under `root_id` from now on. Told on the streams of both, in one
    transaction; nothing that was recorded moves."""

    TYPE: ClassVar[str] = "intake.persons-joined"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The one of the two on whose stream this stands.")
    alias_id: Id = Field(description="The id that is looked up under the other.")
    root_id: Id = Field(description="The id under which both are shown and counted.")
    ground: JoinGround = Field(description="What the decision rests on.")
    reasons: Reference = Field(description="Vault row with the reasons.")


class PersonsParted(Event):
    """A joining is undone: they are two people after all. Told on the streams of both, in one transaction."""

    TYPE: ClassVar[str] = "intake.persons-parted"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The one of the two on whose stream this stands.")
    alias_id: Id = Field(description="The id that stands for itself again.")
    root_id: Id = Field(description="The id under which it was looked up.")
    ground: PartGround = Field(description="What the decision rests on.")
    reasons: Reference = Field(description="Vault row with the reasons.")


class AttachmentAdded(Event):
    """A file about the person was put into the vault."""

    TYPE: ClassVar[str] = "intake.attachment-added"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    attachment_id: Id = Field(description="The attachment.")
    kind: AttachmentKind = Field(description="What it is.")
    reference: Reference = Field(description="Vault row with its name and type, and where its bytes are.")


class AttachmentRemoved(Event):
    """A file was taken out of the vault: it opens no more, that it was there remains."""

    TYPE: ClassVar[str] = "intake.attachment-removed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    attachment_id: Id = Field(description="The attachment.")
