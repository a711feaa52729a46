"""The assessment: dimensions, the level of a language, the finding of fragility, ready or to be trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, assert_never, get_args

from shared.events.intake import AssessmentConcluded, LanguageAssessed, Level, Readiness, ReadinessChanged

AssessmentFact = AssessmentConcluded | LanguageAssessed | ReadinessChanged
Dimension = Literal["work", "social", "health", "housing", "care", "language", "digital"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
Obstacle = Literal["no_obstacle", "some", "serious"]
"""How a dimension stands. In the vault alone: of health and social ties nothing goes into the log."""
LEVELS: tuple[Level, ...] = get_args(Level)
Skill = Literal["listening", "reading", "spoken_interaction", "spoken_production", "writing"]
SKILLS: tuple[Skill, ...] = get_args(Skill)
LanguageEvidence = Literal["self", "test", "certificate"]
FragilityDimension = Literal["work", "social", "health"]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the operator concluded in the present episode."""

    concluded_on: date | None = None
    conclusion: Readiness | None = None
    """Of the last assessment; before the taking in charge it proposes the readiness, after it changes it."""
    readiness: Readiness | None = None
    """What holds since the taking in charge."""
    languages: Mapping[str, date] = field(default_factory=dict)
    """Language -> day of its evidence."""


def evolve_assessment(assessment: Assessment, own: AssessmentFact) -> Assessment:
    """The assessment after one more fact."""
    match own:
        case AssessmentConcluded():
            return replace(assessment, concluded_on=own.on, conclusion=own.readiness)
        case LanguageAssessed():
            return replace(assessment, languages={**assessment.languages, own.language: own.evidence_on})
        case ReadinessChanged():
            return replace(assessment, readiness=own.readiness)
        case _:
            assert_never(own)


def overall(levels: Mapping[Skill, Level]) -> Level | None:
    """The level that may be spoken of as one: the lowest of the skills that were looked at [own]."""
    return min(levels.values(), key=LEVELS.index, default=None)


def fragile(dimensions: Sequence[FragilityDimension]) -> bool:
    """Work and, beside it, social or health difficulties together.

    Source: L.R. Emilia-Romagna 14/2015 art. 2 (co-presence of problems of the work dimension with the social and/or
    health dimension). The programme's own finding, not the index of that law.
    """
    return "work" in dimensions and bool({"social", "health"} & set(dimensions))
