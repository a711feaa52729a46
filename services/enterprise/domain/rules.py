"""What holds of a project and of a budget line after every decision and every correction."""

from __future__ import annotations

from services.enterprise.domain.parameters import euros, parameter
from services.enterprise.domain.state import Budget, Project
from shared.decisions import Refused
from shared.events.enterprise import ProjectSubmitted


def sound_budget(budget: Budget) -> Refused | None:
    """What holds of a budget line after every decision and every correction: never more bound than the
    year has (protocol, "Risorse"), each payment order once."""
    orders = [payment.order.casefold() for payment in budget.payments]
    if len(set(orders)) < len(orders):
        return Refused("order_used", "Questo numero di mandato è già stato usato su questa linea di bilancio.", "order")
    if budget.amount is None:
        if budget.commitments:
            return Refused("no_budget", "Questa linea non ha un importo per l'anno: va prima registrato.", "budget_id")
        return None
    if budget.committed > budget.amount:
        over = euros(budget.committed - budget.amount)
        return Refused(
            "over_budget", f"La linea ha {euros(budget.amount)} e gli impegni sarebbero"
            f" {euros(budget.committed)}: mancano {over}.", "amount",
        )  # fmt: skip
    return None


def sound(project: Project) -> Refused | None:
    """What holds of a project after every decision and every correction (sources: at each rule)."""
    submission = project.submission
    if submission is None:
        later = project.judgement or project.approval or project.refusal or project.payments
        if later:
            return Refused("has_later_facts", "Sulla domanda poggiano altri atti: correggi prima quelli.")
        return None
    return (
        _sound_dates(project, submission)
        or _sound_judgement(project)
        or _sound_approval(project, submission)
        or _sound_payments(project)
    )


def _sound_dates(project: Project, submission: ProjectSubmitted) -> Refused | None:
    decided = project.approval or project.refusal
    steps = [submission.on]
    steps += [project.judgement.on] if project.judgement else []
    steps += [decided.on] if decided else []
    if steps != sorted(steps) or any(payment.on < steps[-1] for payment in project.payments):
        return Refused("dates_out_of_order", "Le date devono seguire: domanda, giudizio, decisione, pagamenti.", "on")
    return None


def _sound_judgement(project: Project) -> Refused | None:
    judgement = project.judgement
    least = parameter("judgement.threshold", judgement.on) if judgement else 0
    if judgement and judgement.suitable and judgement.score < least:
        return Refused(
            "below_threshold", f"Per l'idoneità servono almeno {least} punti su 100: con {judgement.score}"
            " il progetto non è idoneo.", "score",
        )  # fmt: skip
    refused = project.refusal and project.refusal.reason != "withdrawn"
    if (project.approval or refused) and not (judgement and judgement.suitable):
        return Refused(
            "unsuitable", "Il Comitato di gestione può decidere solo su un progetto che il Comitato di"
            " valutazione ha giudicato idoneo.",
        )  # fmt: skip
    return None


def _sound_approval(project: Project, submission: ProjectSubmitted) -> Refused | None:
    approval, judgement = project.approval, project.judgement
    if approval is None or judgement is None:
        return None
    if approval.by == judgement.by:
        return Refused(
            "two_keys", "Chi ha registrato il giudizio tecnico non può registrare anche l'approvazione:"
            " serve un'altra persona, del Comitato di gestione.",
        )  # fmt: skip
    if approval.amount > submission.requested:
        return Refused(
            "over_requested", f"L'importo supera quello richiesto ({euros(submission.requested)}).", "amount"
        )
    ceiling = parameter(f"ceiling.{submission.kind}", approval.on)
    if approval.amount > ceiling:
        return Refused("over_ceiling", f"L'importo supera il massimo previsto ({euros(ceiling)}).", "amount")
    if not approval.budget_id.startswith(f"budget-{approval.on.year}-"):
        return Refused(
            "other_year", f"La decisione è del {approval.on.year}: serve una linea di quell'anno.",
            "budget_id",
        )  # fmt: skip
    return None


def _sound_payments(project: Project) -> Refused | None:
    if not project.payments:
        return None
    if project.approval is None:
        return Refused(
            "already_paid", "Qualcosa è già stato pagato: l'approvazione non si può annullare finché i"
            " pagamenti restano registrati.",
        )  # fmt: skip
    if project.paid > project.approval.amount:
        return Refused(
            "over_approved", f"I pagamenti ({euros(project.paid)}) supererebbero l'importo approvato"
            f" ({euros(project.approval.amount)}).", "amount",
        )  # fmt: skip
    return None
