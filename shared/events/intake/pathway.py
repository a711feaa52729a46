"""Registration, eligibility, interview, taking in charge and closure of one person."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from shared.events.base import Code, Correction, Event, Id, Reference
from shared.events.intake.eligibility import AppliedParameter, StatusAttribute
from shared.events.intake.vocabulary import (
    AgeBand,
    Channel,
    CitizenshipArea,
    District,
    Education,
    RegistrationDistrict,
    Sex,
)


class PersonRegistered(Event):
    """Somebody asked for help and was entered, at a desk, by import, or in the archive."""

    TYPE: ClassVar[str] = "intake.person-registered"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person, for life.")
    episode: int = Field(ge=1, description="How many times the person has entered the programme, this one included.")
    channel: Channel = Field(description="How the person came to the programme.")
    entry: Literal["assisted", "questionnaire", "archive"] = Field(description="How the data were entered.")
    age_band: AgeBand = Field(description="Ten-year age band on the day of registration.")
    sex: Sex = Field(description="Sex as registered.")
    citizenship_area: CitizenshipArea = Field(description="Area of citizenship.")
    education: Education = Field(description="Highest level of education.")
    district: RegistrationDistrict = Field(
        description="Health and social district of the domicile on the day; outside the metropolitan area, `outside`."
    )
    union: Code | None = Field(description="Union of municipalities of the domicile on the day; none for some.")
    in_capital: bool = Field(description="Whether the domicile is in the municipality of Bologna.")
    identity: Reference = Field(description="Vault row with the person's identity.")


class EligibilityChecked(Event):
    """One of the three checks before the interview, with what it rests on."""

    TYPE: ClassVar[str] = "intake.eligibility-checked"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    check: Literal["domicile", "status", "measures"] = Field(description="Which check.")
    outcome: Literal["passed", "failed", "passed_with_motive"] = Field(description="How it went.")
    evidence: Literal["self_declaration", "register_read", "service_report"] = Field(description="What it rests on.")
    evidence_on: date = Field(description="Civil date of the declaration or of the reading.")
    reason: Code = Field(description="Code of the rule that gave the outcome.")
    district: District | None = Field(default=None, description="District of the domicile on the day (domicile).")
    union: Code | None = Field(default=None, description="Union of the domicile on the day (domicile).")
    attributes: tuple[StatusAttribute, ...] = Field(default=(), description="What else holds (status).")
    holds_until: date | None = Field(default=None, description="Last day of the outcome, where it will end by itself.")
    applied: tuple[AppliedParameter, ...] = Field(default=(), description="The dated values that decided.")
    details: Reference | None = Field(default=None, description="Vault row with what was declared or read.")


class InterviewHeld(Event):
    """The person was interviewed. The first one starts the wait that ends with the first placement."""

    TYPE: ClassVar[str] = "intake.interview-held"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    interview_id: Id = Field(description="The interview.")
    mode: Literal["in_person", "phone", "video"] = Field(description="How it was held.")
    notes: Reference | None = Field(default=None, description="Vault row with the operator's notes.")


class TakenInCharge(Event):
    """The programme follows the person from now on; an operator found the fragility, with reasons."""

    TYPE: ClassVar[str] = "intake.taken-in-charge"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    case_manager: Code = Field(description="Account of the operator who follows the person.")
    readiness: Literal["ready", "to_train"] = Field(description="Ready for a job, or to be trained first.")
    reasons: Reference = Field(description="Vault row with the reasoned finding of fragility.")


class PathwayClosed(Event):
    """The pathway ended, before or after the taking in charge."""

    TYPE: ClassVar[str] = "intake.pathway-closed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    outcome: Literal[
        "autonomous", "found_work", "strong_profile", "not_eligible", "unreachable", "withdrew", "moved_away",
        "referred", "deceased",
    ] = Field(description="Why it ended; strong_profile is 'fuori target', referred to the associations.")  # fmt: skip
    grounds: tuple[Code, ...] = Field(default=(), description="Codes of the rules not met (not_eligible).")
    referral_agreed: bool | None = Field(
        default=None, description="Whether the person agreed to be referred to the associations (strong_profile)."
    )
    reasons: Reference | None = Field(default=None, description="Vault row with the operator's reasons.")


class PathwayFactCorrected(Correction):
    """A fact that intake recorded about a person was wrong."""

    TYPE: ClassVar[str] = "intake.pathway-fact-corrected"
    TOPIC: ClassVar[str] = "pathway"
