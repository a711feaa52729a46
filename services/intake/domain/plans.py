"""The plan: agreed, signed, reviewed, and done because other services say so or an operator saw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from services.intake.domain.duplication import Planned, Provided, need_of
from services.intake.domain.rules import date_refused, not_open
from services.intake.domain.state import Person
from shared.decisions import Decision, Refused
from shared.events.intake import (
    Direction,
    Doer,
    PlanAction,
    PlanActionConfirmed,
    PlanActionDone,
    PlanAgreed,
    PlanReviewed,
    PlanSigned,
    SupportAction,
)

KINDS: dict[str, tuple[str, ...]] = {
    "matching": (
        "matching.placement", "matching.traineeship", "matching.cv", "matching.search", "matching.employment_centre",
        "matching.ips",
    ),
    "training": (
        "training.course", "training.italian", "training.soft_skills", "training.safety", "training.digital",
        "training.skills_balance", "training.school", "training.licence",
    ),
    "enterprise": ("enterprise.start", "enterprise.idea", "enterprise.business_plan", "enterprise.credit"),
    "support": (
        "support.childcare", "support.elder_care", "support.school", "support.transport", "support.hours",
        "support.household",
    ),
}  # fmt: skip
"""What an action can be, by direction; `support` is family support for reconciling work and care, with Caritas."""
TOLD = frozenset({
    "matching.placement", "matching.traineeship", "training.course", "training.italian", "training.soft_skills",
    "training.safety", "training.digital", "training.skills_balance", "enterprise.start",
})  # fmt: skip
"""The kinds that become done because a service says so; the others are confirmed by hand, with evidence."""
Way = Literal["paper", "on_screen"]
Evidence = Literal["document_seen", "partner_told", "person_told", "operator_did"]
REVIEW_AT_MOST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Step:
    """One action as it was asked for, before it is known to be allowed."""

    action_id: str
    direction: str
    due_on: date
    kind: str | None = None
    by: Doer | None = None
    partner: str | None = None
    motive: str | None = None


def told_by_service(action: PlanAction | SupportAction) -> bool:
    """Whether a service's fact will say that the action is done; so too where its kind was never named."""
    return isinstance(action, PlanAction) and (action.kind is None or action.kind in TOLD)


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
        if action.action_id in person.done or action.action_id in person.plan.confirmed or not told_by_service(action):
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


def _action(step: Step, on: date, known: Sequence[Provided], place: int) -> PlanAction | SupportAction | Refused:
    """The action with what others already provide for it, or why it cannot be in the plan."""
    if not on <= step.due_on <= on + timedelta(days=3 * 366):
        return Refused("due_date", "La scadenza di un'azione va dalla data del piano a tre anni dopo.", "actions")
    if step.kind is not None and step.kind not in KINDS.get(step.direction, ()):
        return Refused("action_kind", f"Azione {place}: questo intervento non è della direzione indicata.", "actions")
    if (step.by == "partner") != (step.partner is not None):
        return Refused(
            "partner", f"Azione {place}: se la svolge un altro ente indica quale; altrimenti lascia vuoto.", "actions"
        )
    action: PlanAction | SupportAction
    if step.direction == "support":
        if step.kind is None or step.by is None:
            return Refused("support_kind", f"Azione {place}: indica che cosa si fa e chi lo fa.", "actions")
        action = SupportAction(
            action_id=step.action_id, kind=step.kind, due_on=step.due_on, by=step.by, partner=step.partner,
            motive=step.motive,
        )  # fmt: skip
    else:
        action = PlanAction.model_validate(
            {
                "action_id": step.action_id, "direction": step.direction, "due_on": step.due_on, "kind": step.kind,
                "by": step.by, "partner": step.partner, "motive": step.motive,
            }
        )  # fmt: skip
    others = [
        each for each in known
        if each.meets(need_of(action), on, step.due_on) and (each.measure, each.source) != (step.kind, step.partner)
    ]  # fmt: skip
    if not others:
        return action.model_copy(update={"motive": None})
    motive = step.motive or next((each.motive for each in others if each.motive), None)
    if motive is None or (step.motive is None and any(each.motive is None for each in others)):
        return Refused(
            "already_provided",
            f"Azione {place}: per lo stesso bisogno, nello stesso periodo, c'è già un intervento di altri. "
            "Indica il motivo per cui resta nel piano, oppure togli l'azione.",
            "actions",
        )
    return action.model_copy(update={"already": tuple(each.told() for each in others), "motive": motive})


def agree_plan(
    person: Person,
    *,
    person_id: str,
    plan_id: str,
    steps: Sequence[Step],
    objectives: str | None,
    on: date,
    today: date,
    review_on: date | None = None,
    known: Sequence[Provided] = (),
    signed: Way | None = None,
    operator: str | None = None,
) -> Decision:
    """Person and operator agreed what to do next; `signed` where both signed at once. A later plan replaces the
    one before.

    Source: protocol, the three lines; non-duplication of interventions ("complementary with the Region's").
    """
    refused = not_open(person)
    if refused is not None:
        return refused
    if person.in_charge_on is None:
        return Refused("not_in_charge", "Il piano si concorda dopo la presa in carico.")
    refused = date_refused(on, today, person.in_charge_on, "charge")
    if refused is not None:
        return refused
    if len(steps) > 20:
        return Refused("too_many_actions", "Un piano ha al massimo 20 azioni.", "actions")
    if review_on is not None and not on < review_on <= on + REVIEW_AT_MOST:
        return Refused("review_date", "La revisione va dal giorno dopo il piano a un anno dopo.", "review_on")
    actions: list[PlanAction] = []
    support: list[SupportAction] = []
    for place, step in enumerate(steps, 1):
        action = _action(step, on, known, place)
        match action:
            case PlanAction():
                actions.append(action)
            case SupportAction():
                support.append(action)
            case Refused():
                return action
    if not actions:
        return Refused(
            "no_action", "Indica almeno un'azione di una delle tre direzioni, con la sua scadenza.", "actions"
        )
    plan = PlanAgreed(
        on=on, person_id=person_id, plan_id=plan_id, actions=tuple(actions), objectives=objectives,
        support=tuple(support), review_on=review_on,
    )  # fmt: skip
    if signed is None:
        return [plan]
    return [plan, *_signatures(person_id, plan_id, signed, operator, on)]


def _signatures(person_id: str, plan_id: str, way: Way, operator: str | None, on: date) -> list[PlanSigned]:
    return [
        PlanSigned(on=on, person_id=person_id, plan_id=plan_id, by="person", way=way),
        PlanSigned(on=on, person_id=person_id, plan_id=plan_id, by="operator", operator=operator, way=way),
    ]


_NO_PLAN = Refused("no_plan", "Non c'è un piano: concordalo prima.")


def sign_plan(
    person: Person,
    *,
    person_id: str,
    by: Literal["person", "operator", "both"],
    way: Way,
    operator: str,
    on: date,
    today: date,
) -> Decision:
    """One of the two, or both, signed the present plan. Who has signed does not sign again."""
    plan = person.plan
    refused = not_open(person)
    if refused is not None:
        return refused
    if plan.plan_id is None:
        return _NO_PLAN
    refused = date_refused(on, today, plan.on, "plan")
    if refused is not None:
        return refused
    wanted = ("person", "operator") if by == "both" else (by,)
    signatures = [
        each for each in _signatures(person_id, plan.plan_id, way, operator, on)
        if each.by in wanted and each.by not in plan.signed
    ]  # fmt: skip
    if not signatures:
        return Refused("already_signed", "Questa firma c'è già.")
    return signatures


def review_plan(
    person: Person,
    *,
    person_id: str,
    review_id: str,
    outcome: Literal["on_track", "to_change", "reached", "given_up"],
    next_on: date | None,
    notes: str | None,
    on: date,
    today: date,
) -> Decision:
    """The plan was looked at again; it has a next review unless it has come to its end."""
    plan = person.plan
    refused = not_open(person)
    if refused is not None:
        return refused
    if plan.plan_id is None:
        return _NO_PLAN
    refused = date_refused(on, today, plan.on, "plan")
    if refused is not None:
        return refused
    ended = outcome in ("reached", "given_up")
    if next_on is None and not ended:
        return Refused("review_date", "Indica entro quando rivedere il piano.", "next_on")
    if next_on is not None and not on < next_on <= on + REVIEW_AT_MOST:
        return Refused("review_date", "La prossima revisione va dal giorno dopo a un anno dopo.", "next_on")
    return [
        PlanReviewed(
            on=on, person_id=person_id, plan_id=plan.plan_id, review_id=review_id, outcome=outcome,
            next_on=None if ended else next_on, notes=notes,
        )
    ]  # fmt: skip


def confirm_action(
    person: Person,
    *,
    person_id: str,
    action_id: str,
    outcome: Literal["done", "dropped"],
    evidence: Evidence,
    note: str | None,
    on: date,
    today: date,
) -> Decision:
    """An action that no service tells of is done, on some evidence; any open one can be dropped."""
    refused = not_open(person)
    if refused is not None:
        return refused
    planned: tuple[Planned, ...] = (*person.actions, *person.plan.support)
    action = next((a for a in planned if a.action_id == action_id), None)
    if action is None:
        return Refused("no_action", "Questa azione non è nel piano attuale: rileggi la pagina.")
    refused = date_refused(on, today, person.plan_on, "plan")
    if refused is not None:
        return refused
    if action_id in person.done or action_id in person.plan.confirmed:
        return Refused("action_closed", "Questa azione ha già il suo esito.")
    if outcome == "done" and told_by_service(action):
        return Refused(
            "told_by_service",
            "Questa azione si compie da sola quando il servizio che la svolge registra il fatto. Se non si farà più, "
            "segnala che è stata lasciata.",
            "outcome",
        )
    return [
        PlanActionConfirmed(
            on=on, person_id=person_id, action_id=action_id, outcome=outcome, evidence=evidence, note=note
        )
    ]
