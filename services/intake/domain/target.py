"""Whether the person is in the target, beside the three checks: what the Region said, what a sampled declaration
asks to check again, a notice of refusal, the finding of fragility. The state of it, and how it is folded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, assert_never

from shared.events.intake import (
    ConcurrentMeasureReported,
    DeclarationVerified,
    EligibilityChecked,
    FragilityFound,
    RefusalNoticed,
)

TargetFact = ConcurrentMeasureReported | DeclarationVerified | RefusalNoticed | FragilityFound


@dataclass(frozen=True, slots=True)
class Report:
    """What the Region last said about a measure of the person, from its first day on."""

    measure: str
    since: date
    until: date | None
    said_on: date
    withdrawn: bool

    def holds(self, on: date) -> bool:
        """Whether the person is in the measure on that date, as far as the Region said."""
        return not self.withdrawn and self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class Target:
    """Of the present episode, but for what the Region said, which is true of the person whatever the episode."""

    reports: Mapping[tuple[str, date], Report] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    """Checks to be done again because a declaration was not confirmed."""
    verified: frozenset[str] = frozenset()
    """Event ids of the declarations that were verified already."""
    answer_by: date | None = None
    """Last day for observations after a notice of refusal."""
    finding: Literal["fragile", "not_fragile"] | None = None
    found_on: date | None = None


def renewed_target(target: Target) -> Target:
    """What survives a new episode."""
    return Target(reports=target.reports, verified=target.verified)


def checked_again(target: Target, check: EligibilityChecked) -> Target:
    """A check that was done answers what asked for it."""
    return replace(target, asked=target.asked - {check.check})


def evolve_target(target: Target, own: TargetFact) -> Target:
    """The target after one more fact. Of two reports about the same measure the later reading holds."""
    match own:
        case ConcurrentMeasureReported():
            key = (own.measure, own.since)
            known = target.reports.get(key)
            if known is not None and known.said_on > own.said_on:
                return target
            report = Report(own.measure, own.since, own.until, own.said_on, own.withdrawn)
            return replace(target, reports={**target.reports, key: report})
        case DeclarationVerified():
            asked = target.asked | {own.check} if own.outcome == "recheck" else target.asked
            return replace(target, asked=asked, verified=target.verified | {own.fact_id})
        case RefusalNoticed():
            return replace(target, answer_by=own.answer_by)
        case FragilityFound():
            return replace(target, finding=own.outcome, found_on=own.on)
        case _:
            assert_never(own)
