"""Non-duplication of interventions (protocol): what others already provide for the same need in the same period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.events.base import Event
from shared.events.intake import (
    AlreadyProvided,
    ConcurrentMeasureReported,
    EligibilityChecked,
    PersonRegistered,
    PlanAction,
    PlanAgreed,
    SupportAction,
)

NEEDS: dict[str, tuple[str, ...]] = {
    "adi": ("matching", "training"),
    "sfl": ("matching", "training"),
    "reddito_di_cittadinanza": ("matching", "training"),
    "gol": ("matching", "training"),
    "lr14": ("matching", "training"),
    "regional_traineeship": ("matching",),
    "other": ("matching", "training"),
}
"""[own] Which needs another active measure meets; income support alone meets none."""


@dataclass(frozen=True, slots=True)
class Provided:
    """Something provided by others. `motive` where an operator has already said why both may go on."""

    need: str
    measure: str
    source: str
    since: date
    until: date | None = None
    fact: str | None = None
    motive: str | None = None

    def meets(self, need: str, start: date, end: date) -> bool:
        """Whether it is for that need and touches that period."""
        return self.need == need and self.since <= end and (self.until is None or self.until >= start)

    def told(self) -> AlreadyProvided:
        """As the plan records it."""
        return AlreadyProvided(measure=self.measure, source=self.source, fact=self.fact)


Planned = PlanAction | SupportAction


def need_of(action: Planned) -> str:
    """A direction is a need; each kind of family support is one of its own."""
    return action.direction if isinstance(action, PlanAction) else action.kind


def provided_by_facts(events: Sequence[Event]) -> list[Provided]:
    """What intake's own effective facts of the present episode say about others: the measures read at the check
    or reported by the Region, and what the plan before had asked of partners."""
    found: dict[str, list[Provided]] = {}
    for event in events:
        match event:
            case PersonRegistered():
                found = {}
            case EligibilityChecked(check="measures"):
                measure, _, motive = event.reason.removeprefix("measures.").partition(".")
                found["check"] = [
                    Provided(need, measure, "register", event.evidence_on, event.holds_until, motive=motive or None)
                    for need in NEEDS.get(measure, ())
                ]
            case ConcurrentMeasureReported():
                key = f"region/{event.measure}/{event.since}"
                found[key] = [
                    Provided(need, event.measure, "region", event.since, event.until)
                    for need in NEEDS.get(event.measure, ("matching", "training"))
                    if not event.withdrawn
                ]
            case PlanAgreed():
                planned: tuple[Planned, ...] = (*event.actions, *event.support)
                found["plan"] = [
                    Provided(need_of(action), action.kind or "action", action.partner, event.on, action.due_on,
                             fact=action.action_id, motive=action.motive)
                    for action in planned
                    if action.partner is not None
                ]  # fmt: skip
            case _:
                pass
    return [each for several in found.values() for each in several]
