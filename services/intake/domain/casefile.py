"""What working a case leaves behind, beside its stages: the plan's paper side, the contacts, the rest.

Only state: the decisions are in plans, casework_log, transfer and suspension.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import assert_never

from services.intake.domain.parameters import parameter
from shared.events.intake import (
    CaseTransferred,
    ContactLogged,
    NoteAdded,
    PathwayResumed,
    PathwaySuspended,
    PlanActionConfirmed,
    PlanAgreed,
    PlanReviewed,
    PlanSigned,
    SupportAction,
)

REACHED = frozenset({"answered", "refused"})
"""The outcomes of a contact in which the person was there."""


@dataclass(frozen=True, slots=True)
class PlanFile:
    """The present plan beside its directions: signatures, support, reviews, what was confirmed by hand."""

    plan_id: str | None = None
    on: date | None = None
    support: tuple[SupportAction, ...] = ()
    signed: Mapping[str, date] = field(default_factory=dict)
    """Who signed ("person", "operator") -> when."""
    confirmed: Mapping[str, str] = field(default_factory=dict)
    """Action id -> done or dropped, as an operator confirmed it."""
    review_on: date | None = None
    reviewed_on: date | None = None


PlanFact = PlanAgreed | PlanSigned | PlanReviewed | PlanActionConfirmed


def evolve_plan(plan: PlanFile, event: PlanFact) -> PlanFile:
    """One more fact about the plan; what is said of an older plan does not touch the present one."""
    match event:
        case PlanAgreed():
            return PlanFile(plan_id=event.plan_id, on=event.on, support=event.support, review_on=event.review_on)
        case PlanSigned():
            if event.plan_id != plan.plan_id:
                return plan
            return replace(plan, signed={**plan.signed, event.by: event.on})
        case PlanReviewed():
            if event.plan_id != plan.plan_id:
                return plan
            return replace(plan, review_on=event.next_on, reviewed_on=event.on)
        case PlanActionConfirmed():
            return replace(plan, confirmed={**plan.confirmed, event.action_id: event.outcome})
        case _:
            assert_never(event)


@dataclass(frozen=True, slots=True)
class Contacts:
    """Tries in vain since the person was last reached, and since when the person is unreachable."""

    tries: tuple[date, ...] = ()
    unreachable_on: date | None = None
    reached_on: date | None = None
    recall_on: date | None = None


def evolve_contacts(contacts: Contacts, event: ContactLogged | NoteAdded) -> Contacts:
    """One more contact. A note is none."""
    match event:
        case ContactLogged(outcome=outcome) if outcome in REACHED:
            return replace(reached(contacts, event.on), recall_on=event.recall_on)
        case ContactLogged():
            tries = tuple(sorted((*contacts.tries, event.on)))
            if contacts.reached_on is not None:
                tries = tuple(each for each in tries if each >= contacts.reached_on)
            return replace(
                contacts, tries=tries, unreachable_on=unreachable(tries, event.on), recall_on=event.recall_on
            )
        case NoteAdded():
            return contacts
        case _:
            assert_never(event)


def reached(contacts: Contacts, on: date) -> Contacts:
    """The person was there: by telephone, at an interview, at an appointment. Earlier tries no longer count."""
    tries = tuple(each for each in contacts.tries if each > on)
    last = max(on, contacts.reached_on or on)
    return replace(contacts, tries=tries, unreachable_on=unreachable(tries, on), reached_on=last)


def unreachable(tries: tuple[date, ...], on: date) -> date | None:
    """The day on which so many tries in vain stood within so many days ([own] parameters), if ever."""
    wanted, days = parameter("unreachable_tries", on), parameter("unreachable_days", on)
    for last in range(wanted - 1, len(tries)):
        if tries[last] - tries[last - wanted + 1] <= timedelta(days=days):
            return tries[last]
    return None


@dataclass(frozen=True, slots=True)
class Rest:
    """Whether the pathway rests now."""

    since: date | None = None
    until: date | None = None


def rest_of(event: PathwaySuspended | PathwayResumed) -> Rest:
    """Suspended, or going on again."""
    match event:
        case PathwaySuspended():
            return Rest(event.on, event.expected_until)
        case PathwayResumed():
            return Rest()
        case _:
            assert_never(event)


CaseFact = (
    PlanSigned
    | PlanReviewed
    | PlanActionConfirmed
    | ContactLogged
    | NoteAdded
    | CaseTransferred
    | PathwaySuspended
    | PathwayResumed
)
"""The facts that are of this module alone."""
