"""Whether a person is in the target: what others report, notices before a refusal, fragility, sampled declarations."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.events.base import Code, Correction, Event, Id, Reference

CheckName = Literal["domicile", "status", "measures"]
StatusAttribute = Literal["never_worked", "long_term", "suspended", "low_income"]
"""never_worked: 'inoccupato'; long_term: unemployed for more than twelve months; suspended: a short contract."""
SamplePeriod = Annotated[str, StringConstraints(pattern=r"^declarations-20[0-9]{2}-h[12]$")]


class AppliedParameter(BaseModel):
    """A dated value by which a check was decided, so that the fact explains itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: Code = Field(description="Which parameter.")
    value: int = Field(description="Its value: days, or euro cents a year.")
    since: date = Field(description="First day on which that value is in force.")


class ConcurrentMeasureReported(Event):
    """The Region says that the person is, was, or is no longer in another active employment policy measure."""

    TYPE: ClassVar[str] = "intake.concurrent-measure-reported"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    measure: Code = Field(description="Code of the measure in intake's dated table.")
    since: date = Field(description="First day of the measure.")
    until: date | None = Field(default=None, description="Last day of the measure, if it is known.")
    said_on: date = Field(description="Civil date on which the Region read it in its register.")
    withdrawn: bool = Field(default=False, description="Whether the Region takes back what it had said.")


class RefusalNoticed(Event):
    """The person was told, before a refusal, why the request cannot be granted (art. 10-bis L. 241/1990)."""

    TYPE: ClassVar[str] = "intake.refusal-noticed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    reasons: tuple[Code, ...] = Field(min_length=1, description="Codes of the rules that stand in the way.")
    answer_by: date = Field(description="Last civil day for the person's observations.")
    text: Reference | None = Field(default=None, description="Vault row with the words of the notice.")


class FragilityFound(Event):
    """The operator's reasoned finding after an interview: fragile, or a strong profile ('fuori target').

    Which dimensions it rests on stands in the vault: health and social difficulties do not go into the log.
    """

    TYPE: ClassVar[str] = "intake.fragility-found"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    outcome: Literal["fragile", "not_fragile"] = Field(description="What the operator found.")
    lr14_index: Literal["present", "absent"] = Field(description="Whether the index of L.R. 14/2015 was made.")
    lr14_index_on: date | None = Field(default=None, description="Civil date of that index.")
    reasons: Reference = Field(description="Vault row with the dimensions and the reasons.")


class DeclarationsSampled(Event):
    """The declarations of a half-year to be checked were drawn (DPR 445/2000 art. 71).

    Anybody can draw them again: of the population, the `size` facts with the smallest SHA-256 of
    `<seed>:<fact id>`.
    """

    TYPE: ClassVar[str] = "intake.declarations-sampled"
    TOPIC: ClassVar[str] = "governance"
    SUBJECT: ClassVar[str] = "sample_id"

    sample_id: SamplePeriod = Field(description="The half-year of the declarations.")
    seed: int = Field(description="The seed in force.")
    share_percent: int = Field(ge=0, le=100, description="The share in force.")
    population: int = Field(ge=0, description="How many declarations the half-year has.")
    population_digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="SHA-256 of the sorted event ids of the population, joined by line feeds."
    )
    drawn: tuple[Id, ...] = Field(description="Event ids of the declarations drawn.")


class DeclarationVerified(Event):
    """A declaration was compared with registers or offices (DPR 445/2000 artt. 71 and 75)."""

    TYPE: ClassVar[str] = "intake.declaration-verified"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    sample_id: SamplePeriod | None = Field(default=None, description="The draw; none where a doubt was the cause.")
    fact_id: Id = Field(description="Event id of the check that rests on the declaration.")
    check: CheckName = Field(description="Which check.")
    outcome: Literal["confirmed", "recheck", "lapsed"] = Field(
        description="Confirmed; not confirmed and to be checked again; untrue, so that the benefits lapse (art. 75)."
    )
    notes: Reference | None = Field(default=None, description="Vault row with what was found.")


class GovernanceFactCorrected(Correction):
    """A draw of declarations was recorded wrongly."""

    TYPE: ClassVar[str] = "intake.governance-fact-corrected"
    TOPIC: ClassVar[str] = "governance"
