"""An accredited organisation refers a person to the programme, and hears back as much as it may.

The referred person gets an id of their own at once. If it turns out that they are known already, the
acceptance stands in the known person's stream, and the two ids are tied by the referral's.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.events.base import Code, Event, Id, Reference

ReferrerKind = Literal["parish", "caritas", "social_services", "quartiere", "union", "association"]
DisclosureLevel = Annotated[int, Field(ge=0, le=3)]
"""0 received; 1 contacted or not; 2 also the stage; 3 also directions, appointments and outcome."""


class PersonReferred(Event):
    """An accredited organisation refers somebody."""

    TYPE: ClassVar[str] = "intake.person-referred"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person, as the organisation knows them.")
    referral_id: Id = Field(description="The referral.")
    organisation: Code = Field(description="The accredited organisation.")
    kind: ReferrerKind = Field(description="Its kind on that day.")
    level: DisclosureLevel = Field(description="How much the person was told that the organisation will hear back.")
    informed_on: date = Field(description="Civil date on which the person got the privacy notice.")
    identity: Reference = Field(description="Vault row with who the person is and what the organisation says.")


class ReferralAccepted(Event):
    """The programme takes the referral up: the person is registered, or was so already."""

    TYPE: ClassVar[str] = "intake.referral-accepted"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person in the programme.")
    referral_id: Id = Field(description="The referral.")
    known: bool = Field(description="Whether the person was in the programme under another id already.")


class ReferralDeclined(Event):
    """The referral is answered without a registration."""

    TYPE: ClassVar[str] = "intake.referral-declined"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person, as the organisation knows them.")
    referral_id: Id = Field(description="The referral.")
    reason: Literal["not_domiciled", "not_in_target", "refused_by_person", "unreachable", "known_already"] = Field(
        description="Why; known_already where the acceptance stands in the stream of a person known before."
    )


class ReferralAgreementChanged(Event):
    """The person agrees that the organisation hears back, or withdraws it."""

    TYPE: ClassVar[str] = "intake.referral-agreement-changed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person, as the organisation knows them.")
    referral_id: Id = Field(description="The referral.")
    level: DisclosureLevel = Field(description="What the organisation may hear back from now on.")
