"""The guided assessment, the level of a language, the finding of fragility, a change of readiness."""

from __future__ import annotations

from typing import Any, Literal

from services.intake.domain.assessment import (
    DIMENSIONS,
    SKILLS,
    Dimension,
    FragilityDimension,
    LanguageEvidence,
    Obstacle,
    Skill,
)
from services.intake.forms.fields import Day, Form, Text
from shared.events.intake import LanguageCode, Level, Readiness


class FragilityForm(Form):
    """The reasoned finding: which difficulties come together, or a strong profile."""

    dimensions: tuple[FragilityDimension, ...] = ()
    strong_profile: bool = False
    lr14_index: Literal["present", "absent"] = "absent"
    lr14_index_on: Day | None = None
    reasons: Text
    on: Day


class AssessmentForm(Form):
    """Seven dimensions, each with how it stands and a note, and the conclusion with its reasons."""

    work: Obstacle | None = None
    work_note: Text | None = None
    social: Obstacle | None = None
    social_note: Text | None = None
    health: Obstacle | None = None
    health_note: Text | None = None
    housing: Obstacle | None = None
    housing_note: Text | None = None
    care: Obstacle | None = None
    care_note: Text | None = None
    language: Obstacle | None = None
    language_note: Text | None = None
    digital: Obstacle | None = None
    digital_note: Text | None = None
    readiness: Readiness
    reasons: Text
    on: Day

    def levels(self) -> dict[Dimension, Obstacle]:
        """The dimensions that were looked at."""
        return {name: getattr(self, name) for name in DIMENSIONS if getattr(self, name) is not None}

    def sheet(self) -> dict[str, Any]:
        """What goes into the vault."""
        notes = {name: getattr(self, f"{name}_note") for name in DIMENSIONS}
        return {
            "levels": self.levels(),
            "notes": {name: text for name, text in notes.items() if text},
            "text": self.reasons,
        }


class LanguageForm(Form):
    """Levels by skill and what they rest on."""

    language: LanguageCode = "it"
    listening: Level | None = None
    reading: Level | None = None
    spoken_interaction: Level | None = None
    spoken_production: Level | None = None
    writing: Level | None = None
    evidence: LanguageEvidence
    evidence_on: Day
    on: Day

    def levels(self) -> dict[Skill, Level]:
        """The skills that were looked at."""
        return {name: getattr(self, name) for name in SKILLS if getattr(self, name) is not None}


class ReadinessForm(Form):
    """Ready, or to be trained, from a day on."""

    readiness: Readiness
    reasons: Text
    on: Day
