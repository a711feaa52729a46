"""One function per decision: the facts that hold from now on, or a refusal."""

from __future__ import annotations

from datetime import date

from services.enterprise.domain.rules import sound, sound_budget
from services.enterprise.domain.state import (
    Budget,
    Charge,
    Path,
    Project,
    evolve_budget,
    evolve_project,
)
from shared.decisions import Decision, Refused
from shared.events.enterprise import (
    BudgetSet,
    EnterpriseFunded,
    EnterprisePathStarted,
    FundingApproved,
    FundingRefused,
    FundsCommitted,
    FundsPaid,
    Kind,
    PaymentMade,
    ProjectSector,
    ProjectSubmitted,
    TechnicalJudgementGiven,
)

JUDGES, MANAGERS = "evaluation_committee", "management_committee"
"""The two roles of the two-key rule (protocol, "Governance")."""


def _dated(on: date, today: date, after: date | None = None, what: str = "") -> Refused | None:
    """A fact is not in the future, and not before the fact that it answers."""
    if on > today:
        return Refused("future_date", "La data non può essere nel futuro.", "on")
    if after and on < after:
        sentence = f"La data viene prima {what} ({after:%d/%m/%Y}): controllala."
        return Refused("before_previous", sentence, "on")
    return None


def _known(project: Project) -> ProjectSubmitted | Refused:
    if project.submission is None:
        return Refused("no_project", "Questo progetto non esiste, o la sua domanda è stata annullata.")
    return project.submission


def set_budget(
    budget: Budget, *, budget_id: str, year: int, amount: int, source: str, on: date, today: date
) -> Decision:
    """The work plan gives the line its amount (protocol, "Risorse"); a later one replaces it."""
    if refused := _dated(on, today):
        return refused
    if budget.commitments and source != budget.source:
        return Refused(
            "source_fixed", "Su questa linea ci sono già impegni: la provenienza non si cambia più.",
            "source",
        )  # fmt: skip
    fact = BudgetSet.model_validate(
        {"budget_id": budget_id, "year": year, "amount": amount, "source": source, "on": on}
    )
    return sound_budget(evolve_budget(budget, fact)) or [fact]


def submit_project(
    project: Project, path: Path, charge: Charge | None, *, project_id: str, kind: Kind,
    person_id: str | None, organisation_id: str | None, sector: ProjectSector, requested: int, jobs: int,
    card: str, on: date, today: date,
) -> Decision:  # fmt: skip
    """A person in charge, or a social enterprise, proposes a project (protocol, line 3).

    `charge` is what intake said about the person; it is not looked at for an organisation.
    """
    if refused := _dated(on, today):
        return refused
    if project.submission is not None:
        return Refused("submitted", "La domanda di questo progetto è già registrata.")
    if (person_id is None) == (organisation_id is None):
        return Refused(
            "one_proposer", "Indica chi propone il progetto: una persona oppure un'impresa sociale.",
            "person_id",
        )  # fmt: skip
    if organisation_id is not None and kind == "self_employment":
        return Refused(
            "kind_of_organisation", "L'autoimpiego è di una persona: scegli «innovazione sociale».",
            "kind",
        )  # fmt: skip
    if requested <= 0:
        return Refused("nothing_requested", "L'importo richiesto deve essere maggiore di zero.", "requested")
    if person_id is not None and (refused := in_charge(charge, on)):
        return refused
    submitted = ProjectSubmitted(
        project_id=project_id, kind=kind, person_id=person_id, organisation_id=organisation_id, sector=sector,
        requested=requested, jobs=jobs, card=card, on=on,
    )  # fmt: skip
    if person_id is None:
        return [submitted]
    if project_id in path.projects:
        return Refused("submitted", "La domanda di questo progetto è già registrata.")
    return [EnterprisePathStarted(person_id=person_id, project_id=project_id, kind=kind, on=on), submitted]


def in_charge(charge: Charge | None, on: date) -> Refused | None:
    """Line 3 is for the people that the programme follows (protocol, "Target"), on the day of the fact."""
    if charge is None or charge.taken_on is None:
        return Refused(
            "not_in_charge", "La persona non è in carico a Insieme per il lavoro: va prima presa in carico"
            " dall'accoglienza.", "person_id",
        )  # fmt: skip
    if on < charge.taken_on:
        return Refused(
            "not_yet_in_charge", f"La persona è in carico dal {charge.taken_on:%d/%m/%Y}: la domanda"
            " non può essere di prima.", "on",
        )  # fmt: skip
    if charge.closed_on is not None and on > charge.closed_on:
        return Refused(
            "pathway_closed", f"Il percorso della persona si è chiuso il {charge.closed_on:%d/%m/%Y}:"
            " per un nuovo progetto va ripresa in carico.", "person_id",
        )  # fmt: skip
    return None


def judge_project(
    project: Project, *, outcome: str, score: int, reasons: str, by: str, role: str, on: date, today: date
) -> Decision:
    """The Comitato di valutazione judges, once (protocol, "Governance"). Threshold: `judgement.threshold`."""
    submission = _known(project)
    if isinstance(submission, Refused):
        return submission
    if role != JUDGES:
        return Refused("not_the_judge", "Il giudizio tecnico spetta al Comitato di valutazione.")
    if project.judgement:
        return Refused("judged", "Il giudizio tecnico c'è già e si dà una volta: se è sbagliato si corregge.")
    if project.refusal:
        return Refused("decided", "Il progetto è già chiuso: non c'è più nulla da giudicare.")
    if refused := _dated(on, today, submission.on, "della domanda"):
        return refused
    fact = TechnicalJudgementGiven.model_validate({
        "project_id": submission.project_id, "outcome": outcome, "score": score, "judged_by": by,
        "reasons": reasons, "on": on,
    })  # fmt: skip
    return sound(evolve_project(project, fact)) or [fact]


def _undecided(project: Project, role: str) -> ProjectSubmitted | Refused:
    submission = _known(project)
    if isinstance(submission, Refused):
        return submission
    if role != MANAGERS:
        return Refused("not_the_manager", "Approvare e finanziare spetta al Comitato di gestione.")
    if project.approval or project.refusal:
        return Refused("decided", "Il Comitato di gestione ha già deciso su questo progetto.")
    return submission


def approve_funding(
    project: Project, budget: Budget, *, budget_id: str, amount: int, by: str, role: str, on: date,
    today: date,
) -> Decision:  # fmt: skip
    """The Comitato di gestione approves and binds money of the year's line (protocol, "Governance").

    Two keys: another account and role than the judge's. The commitment and, for a person, what the person's
    pathway says about it, are part of the same decision.
    """
    submission = _undecided(project, role)
    if isinstance(submission, Refused):
        return submission
    if project.judgement is None:
        return Refused("not_judged", "Prima serve il giudizio tecnico del Comitato di valutazione.")
    if refused := _dated(on, today, project.judgement.on, "del giudizio tecnico"):
        return refused
    if amount <= 0:
        return Refused("nothing_approved", "L'importo approvato deve essere maggiore di zero.", "amount")
    approved = FundingApproved(
        project_id=submission.project_id, budget_id=budget_id, amount=amount, approved_by=by, on=on
    )
    committed = FundsCommitted(budget_id=budget_id, project_id=submission.project_id, amount=amount, on=on)
    refused = sound(evolve_project(project, approved)) or sound_budget(evolve_budget(budget, committed))
    if refused:
        return refused
    funded = [
        EnterpriseFunded(person_id=person_id, project_id=submission.project_id, amount=amount, on=on)
        for person_id in [submission.person_id] if person_id
    ]  # fmt: skip
    return [*funded, approved, committed]


def refuse_funding(project: Project, *, reason: str, by: str, role: str, on: date, today: date) -> Decision:
    """The Comitato di gestione says no, with a reason; a withdrawal may come before the judgement."""
    submission = _undecided(project, role)
    if isinstance(submission, Refused):
        return submission
    if reason != "withdrawn":
        if project.judgement is None:
            return Refused("not_judged", "Prima serve il giudizio tecnico del Comitato di valutazione.")
        if not project.judgement.suitable:
            return Refused("unsuitable", "Il progetto non è idoneo: non c'è un finanziamento da decidere.")
    after = project.judgement.on if project.judgement else submission.on
    if refused := _dated(on, today, after, "del passo precedente"):
        return refused
    return [FundingRefused.model_validate(
        {"project_id": submission.project_id, "reason": reason, "decided_by": by, "on": on}
    )]  # fmt: skip


def make_payment(
    project: Project, budget: Budget, *, payment_id: str, amount: int, order: str, on: date, today: date
) -> Decision:
    """Pays part of the approved amount. The order number is used once on a line (art. 185 TUEL: each order of
    payment is numbered and names one creditor [own])."""
    submission = _known(project)
    if isinstance(submission, Refused):
        return submission
    if project.approval is None:
        return Refused("not_approved", "Si paga solo un progetto approvato dal Comitato di gestione.")
    if refused := _dated(on, today, project.approval.on, "dell'approvazione"):
        return refused
    if amount <= 0:
        return Refused("nothing_paid", "L'importo pagato deve essere maggiore di zero.", "amount")
    paid = PaymentMade(
        project_id=submission.project_id, payment_id=payment_id, budget_id=project.approval.budget_id,
        amount=amount, order=order, on=on,
    )  # fmt: skip
    booked = FundsPaid(
        budget_id=project.approval.budget_id, project_id=submission.project_id, payment_id=payment_id,
        amount=amount, order=order, on=on,
    )  # fmt: skip
    refused = sound_budget(evolve_budget(budget, booked)) or sound(evolve_project(project, paid))
    return refused or [paid, booked]
