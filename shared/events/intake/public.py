"""What comes over the public pages: an unverified contact until an operator accepts it, and what a person who holds
a code from the operator does on a page of their own.

A contact is nobody yet: it has a stream of its own, and its answers stay in the vault. Nothing of it says who is
registered; only `ContactAccepted` ties it to a person.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from shared.events.base import Code, Event, Id, Reference
from shared.events.intake.vocabulary import Channel, District

Right = Literal["access", "rectification", "restriction", "objection", "erasure", "portability"]
"""Regulation (EU) 2016/679: art. 15, 16, 18, 21, 17, 20."""


class ContactReceived(Event):
    """Somebody filled in the public questionnaire and says to be this person. Nothing of it was verified."""

    TYPE: ClassVar[str] = "intake.contact-received"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "contact_id"

    contact_id: Id = Field(description="The contact.")
    language: Code = Field(description="Language in which the questionnaire was filled in (ISO 639-1).")
    notice: Code = Field(description="Version of the privacy notice that was acknowledged.")
    channel: Channel = Field(description="How the person says to have heard of the programme.")
    district: District = Field(description="District of the declared domicile on the day.")
    answers: Reference = Field(description="Vault row with the answers.")


class ContactAccepted(Event):
    """An operator made the contact a registration: of a new person, or a new episode of a known one."""

    TYPE: ClassVar[str] = "intake.contact-accepted"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "contact_id"

    contact_id: Id = Field(description="The contact.")
    person_id: Id = Field(description="The person whom it became.")


class ContactDiscarded(Event):
    """An operator laid the contact aside."""

    TYPE: ClassVar[str] = "intake.contact-discarded"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "contact_id"

    contact_id: Id = Field(description="The contact.")
    reason: Literal["spam", "duplicate", "not_interested", "unreachable"] = Field(description="Why.")
    person_id: Id | None = Field(description="Of a duplicate: the person who is registered already.")


class DeclarationSigned(Event):
    """The person signed, before an operator, the declaration in place of certificates (DPR 445/2000, art. 46-47):
    from this day what was declared is evidence."""

    TYPE: ClassVar[str] = "intake.declaration-signed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")


class PersonCodeGiven(Event):
    """An operator gave the person a code for their own page; the one before it is worth nothing any more."""

    TYPE: ClassVar[str] = "intake.person-code-given"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    code_id: Id = Field(description="The code's id; the code itself is kept as a keyed hash only.")
    expires_on: date = Field(description="Last civil date on which it opens the page.")


class PersonCodeRevoked(Event):
    """The person's code opens nothing any more."""

    TYPE: ClassVar[str] = "intake.person-code-revoked"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    code_id: Id = Field(description="The code's id.")
    reason: Literal["revoked", "locked"] = Field(description="By an operator, or after too many wrong tries.")


class ProposalAnswered(Event):
    """The person said, on their own page, whether a proposed job interests them."""

    TYPE: ClassVar[str] = "intake.proposal-answered"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    vacancy_id: Id = Field(description="The vacancy for which they were proposed.")
    answer: Literal["accepted", "declined"] = Field(description="What the person said.")


class RightRequested(Event):
    """The person exercised a right over their data; the answer is due within a month."""

    TYPE: ClassVar[str] = "intake.right-requested"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    request_id: Id = Field(description="The request.")
    right: Right = Field(description="Which right.")
    due_on: date = Field(description="Last civil date for the answer (Regulation 2016/679, art. 12(3)).")
    by: Literal["person", "operator"] = Field(default="person", description="Who entered it: a wish may be told aloud.")
