"""What the operator concludes of a person: the assessment, the level of a language, ready or to be trained."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from shared.events.base import Event, Id, Reference

Readiness = Literal["ready", "to_train"]
Level = Literal["alpha", "pre-a1", "a1", "a2", "b1", "b2", "c1", "c2"]
"""CEFR, with the two levels below it for adults who are learning to read and write (CPIA)."""
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


class AssessmentConcluded(Event):
    """The operator went through the dimensions with the person and concluded.

    How each dimension (work, social, health, housing, care, language, digital) stands is in the vault alone.
    """

    TYPE: ClassVar[str] = "intake.assessment-concluded"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    assessment_id: Id = Field(description="The assessment.")
    readiness: Readiness = Field(description="Ready for a job, or to be trained first.")
    sheet: Reference = Field(description="Vault row with the dimensions, their notes and the reasons.")


class LanguageAssessed(Event):
    """How well the person knows a language, skill by skill; a skill that was not looked at is absent."""

    TYPE: ClassVar[str] = "intake.language-assessed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    language: LanguageCode = Field(description="ISO 639-1 code.")
    evidence: Literal["self", "test", "certificate"] = Field(description="What the levels rest on.")
    evidence_on: date = Field(description="Civil date of the declaration, test or certificate.")
    listening: Level | None = Field(default=None, description="Listening.")
    reading: Level | None = Field(default=None, description="Reading.")
    spoken_interaction: Level | None = Field(default=None, description="Spoken interaction.")
    spoken_production: Level | None = Field(default=None, description="Spoken production.")
    writing: Level | None = Field(default=None, description="Writing.")


class ReadinessChanged(Event):
    """Since the taking in charge the person has become ready for a job, or is to be trained first."""

    TYPE: ClassVar[str] = "intake.readiness-changed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    readiness: Readiness = Field(description="What holds from now on.")
    reasons: Reference = Field(description="Vault row with the reasons.")
