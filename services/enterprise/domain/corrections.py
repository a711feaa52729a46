"""What may be corrected, and by whom: a correction leaves the two keys where they are and every rule kept."""

from __future__ import annotations

from collections.abc import Iterable

from services.enterprise.domain.decisions import JUDGES, MANAGERS, in_charge
from services.enterprise.domain.rules import sound
from services.enterprise.domain.state import Charge, Project
from shared.decisions import Refused
from shared.events.base import Event
from shared.events.enterprise import (
    BudgetSet,
    FundingApproved,
    FundingRefused,
    PaymentMade,
    ProjectSubmitted,
    TechnicalJudgementGiven,
)

CORRECTABLE: dict[type[Event], frozenset[str]] = {
    ProjectSubmitted: frozenset({"on", "requested", "sector", "jobs"}),
    TechnicalJudgementGiven: frozenset({"on", "outcome", "score"}),
    FundingApproved: frozenset({"on", "amount"}),
    FundingRefused: frozenset({"on", "reason"}),
    PaymentMade: frozenset({"on", "amount", "order"}),
    BudgetSet: frozenset({"on", "amount"}),
}
"""The fields that can be rectified. For the rest (another person, another line) cancel and record again."""
KEYS: dict[type[Event], str] = {
    TechnicalJudgementGiven: JUDGES,
    FundingApproved: MANAGERS,
    FundingRefused: MANAGERS,
    BudgetSet: MANAGERS,
}
"""Who alone corrects it: whose decision it was. Else the two-key rule could be walked around."""


def check_correction(fact: Event, changed: Iterable[str], *, role: str) -> Refused | None:
    """Whether this role may change these fields of the fact (none of them: cancel it)."""
    if type(fact) not in CORRECTABLE:
        return Refused("not_correctable", "Questo fatto segue un altro: correggi quello.")
    key = KEYS.get(type(fact))
    if key is None and role in (JUDGES, MANAGERS):
        return Refused("not_the_office", "Lo corregge chi segue i progetti, non i comitati.")
    if key is not None and role != key:
        who = "Comitato di valutazione" if key == JUDGES else "Comitato di gestione"
        return Refused("other_committee", f"Può correggerlo solo chi lo ha deciso: il {who}.")
    if not set(changed) <= CORRECTABLE[type(fact)]:
        return Refused("field_fixed", "Questo dato non si rettifica: annulla e registra di nuovo.")
    return None


def check_project_after(
    project: Project, after: Project, fact: Event, *, by: str, charge: Charge | None
) -> Refused | None:
    """What must hold once the correction is made: every rule, on the facts that then hold."""
    if isinstance(fact, TechnicalJudgementGiven) and (project.approval or project.refusal):
        return Refused("decided", "Il Comitato di gestione ha già deciso: prima va annullata la decisione.")
    judge = project.judgement.by if project.judgement else None
    if isinstance(fact, FundingApproved | FundingRefused) and judge == by:
        return Refused("two_keys", "Chi ha registrato il giudizio tecnico non può correggere la decisione.")
    submission = after.submission
    if isinstance(fact, ProjectSubmitted) and submission is not None:
        if submission.requested <= 0:
            return Refused("nothing_requested", "L'importo richiesto deve superare lo zero.", "requested")
        if submission.person_id is not None and submission.on != fact.on:
            refused = in_charge(charge, submission.on)
            if refused:
                return refused
    if after.approval is not None and after.approval.amount <= 0:
        return Refused("nothing_approved", "L'importo approvato deve essere maggiore di zero.", "amount")
    if any(payment.amount <= 0 for payment in after.payments):
        return Refused("nothing_paid", "L'importo pagato deve essere maggiore di zero.", "amount")
    return sound(after)
