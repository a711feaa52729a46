"""The plan: agreed, and done because other services say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.intake.domain.rules import date_refused, not_open
from services.intake.domain.state import Person
from shared.decisions import Decision, Refused
from shared.events.intake import (
    Direction,
    PlanAction,
    PlanActionDone,
    PlanAgreed,
)


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """A fact of another service that fulfils an action of its direction."""

    event_id: str
    direction: Direction
    on: date


def fulfil(person: Person, person_id: str, facts: Sequence[Fulfilment]) -> list[PlanActionDone]:
    """The actions that became done, each by one fact not older than the plan; nothing twice.

    The earliest fact goes to the action that falls due first, so the result does not depend on the order in
    which facts arrive. Source: issue "a plan naming the directions"; the pairing is [own].
    """
    if not person.in_charge or person.plan_on is None:
        return []
    free = sorted((f for f in facts if f.event_id not in person.used), key=lambda f: (f.on, f.event_id))
    done: list[PlanActionDone] = []
    for action in sorted(person.actions, key=lambda a: (a.due_on, a.action_id)):
        if action.action_id in person.done:
            continue
        for fact in free:
            if fact.direction == action.direction and fact.on >= person.plan_on:
                free.remove(fact)
                done.append(
                    PlanActionDone(on=fact.on, person_id=person_id, action_id=action.action_id, because=fact.event_id)
                )
                break
    return done


def undone(person: Person, facts: Sequence[Fulfilment]) -> tuple[str, ...]:
    """The actions that are open again, because the fact that fulfilled them does not hold any more."""
    known = {fact.event_id for fact in facts}
    return tuple(action for action, because in person.done.items() if because not in known)


def without(person: Person, actions: Sequence[str]) -> Person:
    """The person as if those actions had not been done."""
    gone: Mapping[str, str] = {action: person.done[action] for action in actions}
    kept = {action: because for action, because in person.done.items() if action not in gone}
    return replace(person, done=kept, used=person.used - set(gone.values()))


def agree_plan(
    person: Person,
    *,
    person_id: str,
    plan_id: str,
    actions: Sequence[PlanAction],
    objectives: str | None,
    on: date,
    today: date,
) -> Decision:
    """Person and operator agreed what to do next. A later plan replaces the one before.

    Source: protocol, the three lines.
    """
    refused = not_open(person)
    if refused is not None:
        return refused
    if person.in_charge_on is None:
        return Refused("not_in_charge", "Il piano si concorda dopo la presa in carico.")
    refused = date_refused(on, today, person.in_charge_on, "charge")
    if refused is not None:
        return refused
    if not actions:
        return Refused("no_action", "Indica almeno un'azione, con direzione e scadenza.", "actions")
    if len(actions) > 20:
        return Refused("too_many_actions", "Un piano ha al massimo 20 azioni.", "actions")
    for action in actions:
        if not on <= action.due_on <= on + timedelta(days=3 * 366):
            return Refused("due_date", "La scadenza di un'azione va dalla data del piano a tre anni dopo.", "actions")
    return [PlanAgreed(on=on, person_id=person_id, plan_id=plan_id, actions=tuple(actions), objectives=objectives)]
