"""Registration, eligibility, interview, taking in charge, plan and closure of one person."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.base import Code, Correction, Event, Id, Reference
from shared.events.intake.vocabulary import AgeBand, Channel, CitizenshipArea, Direction, District, Education, Sex


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
    district: District = Field(description="Health and social district of the domicile on the day.")
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


class PlanAction(BaseModel):
    """One thing that the plan says shall happen, in one direction."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    action_id: Id = Field(description="The action.")
    direction: Direction = Field(description="Which line of the programme.")
    due_on: date = Field(description="Civil date by which it shall be done.")


class PlanAgreed(Event):
    """Person and operator agreed (both signed) what to do next. A later plan replaces the one before."""

    TYPE: ClassVar[str] = "intake.plan-agreed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    plan_id: Id = Field(description="The plan.")
    actions: tuple[PlanAction, ...] = Field(min_length=1, description="What shall be done.")
    objectives: Reference | None = Field(default=None, description="Vault row with the objectives.")


class PlanActionDone(Event):
    """An action of the plan is done, because a fact of another service says so."""

    TYPE: ClassVar[str] = "intake.plan-action-done"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    action_id: Id = Field(description="The action.")
    because: Id = Field(description="Event id of the fact that fulfils it.")


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


class PathwayFactCorrected(Correction):
    """A fact that intake recorded about a person was wrong."""

    TYPE: ClassVar[str] = "intake.pathway-fact-corrected"
    TOPIC: ClassVar[str] = "pathway"
