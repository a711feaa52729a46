"""What intake's own facts say about one person: folded, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, assert_never, cast

from shared.decisions import Stream
from shared.events.base import Event
from shared.events.intake import (
    EligibilityChecked,
    InterviewHeld,
    PathwayClosed,
    PersonRegistered,
    PlanAction,
    PlanActionDone,
    PlanAgreed,
    TakenInCharge,
)

Check = Literal["domicile", "status", "measures"]
CHECKS: tuple[Check, ...] = ("domicile", "status", "measures")
Stage = Literal["unknown", "to_contact", "to_interview", "to_decide", "in_charge", "closed"]
Own = (
    PersonRegistered | EligibilityChecked | InterviewHeld | TakenInCharge | PlanAgreed | PlanActionDone | PathwayClosed
)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The latest outcome of one check."""

    passed: bool
    on: date


@dataclass(frozen=True, slots=True)
class Person:
    """One person as intake knows them; what is not of the present episode is forgotten, but for the ids."""

    episode: int = 0
    registered_on: date | None = None
    checks: Mapping[str, CheckResult] = field(default_factory=dict)
    interviews: Mapping[str, date] = field(default_factory=dict)
    case_manager: str | None = None
    in_charge_on: date | None = None
    plan_on: date | None = None
    actions: tuple[PlanAction, ...] = ()
    done: Mapping[str, str] = field(default_factory=dict)
    """Action id -> event id of the fact that fulfilled it."""
    used: frozenset[str] = frozenset()
    """Every fact that ever fulfilled an action, of older plans too: one fact fulfils one action."""
    closed_on: date | None = None

    @property
    def is_open(self) -> bool:
        return self.registered_on is not None and self.closed_on is None

    @property
    def in_charge(self) -> bool:
        return self.is_open and self.in_charge_on is not None

    @property
    def failed(self) -> tuple[str, ...]:
        """The checks whose latest outcome is negative."""
        return tuple(name for name in CHECKS if name in self.checks and not self.checks[name].passed)

    @property
    def missing(self) -> tuple[str, ...]:
        """The checks not done yet."""
        return tuple(name for name in CHECKS if name not in self.checks)


def stage(person: Person) -> Stage:
    """Where the person stands, which is also what has to be done next."""
    if person.registered_on is None:
        return "unknown"
    if person.closed_on is not None:
        return "closed"
    if person.in_charge_on is not None:
        return "in_charge"
    if person.interviews or person.failed:
        return "to_decide"
    return "to_contact" if person.missing else "to_interview"


def evolve(person: Person, event: Event) -> Person:
    """The person after one more of intake's own facts, in whatever sequence corrections left."""
    own = cast(Own, event)
    match own:
        case PersonRegistered():
            return Person(episode=own.episode, registered_on=own.on, used=person.used)
        case EligibilityChecked():
            result = CheckResult(own.outcome != "failed", own.on)
            return replace(person, checks={**person.checks, own.check: result})
        case InterviewHeld():
            return replace(person, interviews={**person.interviews, own.interview_id: own.on})
        case TakenInCharge():
            return replace(person, in_charge_on=own.on, case_manager=own.case_manager)
        case PlanAgreed():
            return replace(person, plan_on=own.on, actions=own.actions, done={})
        case PlanActionDone():
            done = {**person.done, own.action_id: own.because}
            return replace(person, done=done, used=person.used | {own.because})
        case PathwayClosed():
            return replace(person, closed_on=own.on)
        case _:
            assert_never(own)


def person_stream(person_id: str) -> Stream[Person]:
    """The stream of intake's facts about the person."""
    return Stream(person_id, Person(), evolve, subject="person_id")
