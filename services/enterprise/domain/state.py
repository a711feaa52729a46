"""State, folded from the service's own facts. Amounts are euro cents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never, cast

from shared.decisions import Stream
from shared.events.base import Event
from shared.events.enterprise import (
    BudgetSet,
    EnterpriseFunded,
    EnterprisePathStarted,
    FundingApproved,
    FundingRefused,
    FundsCommitted,
    FundsPaid,
    PaymentMade,
    ProjectSubmitted,
    TechnicalJudgementGiven,
)
from shared.events.privacy import PersonForgotten


@dataclass(frozen=True)
class Judgement:
    suitable: bool
    score: int
    by: str
    on: date


@dataclass(frozen=True)
class Approval:
    budget_id: str
    amount: int
    by: str
    on: date


@dataclass(frozen=True)
class Refusal:
    reason: str
    by: str
    on: date


@dataclass(frozen=True)
class Payment:
    payment_id: str
    amount: int
    order: str
    on: date


@dataclass(frozen=True)
class Project:
    """A project, as its own facts tell it. `Project()` is one that nobody submitted."""

    submission: ProjectSubmitted | None = None
    judgement: Judgement | None = None
    approval: Approval | None = None
    refusal: Refusal | None = None
    payments: tuple[Payment, ...] = ()

    @property
    def paid(self) -> int:
        """What was paid so far, in cents."""
        return sum(payment.amount for payment in self.payments)


@dataclass(frozen=True)
class Budget:
    """One line of one year: its amount (None: not set), what approvals bound, the payment orders used."""

    amount: int | None = None
    source: str | None = None
    commitments: tuple[FundsCommitted, ...] = ()
    payments: tuple[FundsPaid, ...] = ()

    @property
    def committed(self) -> int:
        """What is bound, in cents."""
        return sum(commitment.amount for commitment in self.commitments)


@dataclass(frozen=True)
class Path:
    """What enterprise said about a person: the projects they proposed and those that were funded."""

    projects: tuple[str, ...] = ()
    funded: tuple[str, ...] = ()
    forgotten: bool = False
    """The person was erased."""
    kept: bool = False
    """A duty keeps what stands here about them."""


@dataclass(frozen=True)
class Charge:
    """What intake said about a person: since when the programme follows them, and until when."""

    taken_on: date | None = None
    closed_on: date | None = None


ProjectFact = ProjectSubmitted | TechnicalJudgementGiven | FundingApproved | FundingRefused | PaymentMade
BudgetFact = BudgetSet | FundsCommitted | FundsPaid
PathFact = EnterprisePathStarted | EnterpriseFunded | PersonForgotten


def evolve_project(state: Project, event: Event) -> Project:
    """The project after one more of its facts."""
    fact = cast(ProjectFact, event)
    match fact:
        case ProjectSubmitted():
            return replace(state, submission=fact)
        case TechnicalJudgementGiven():
            judgement = Judgement(fact.outcome == "suitable", fact.score, fact.judged_by, fact.on)
            return replace(state, judgement=judgement)
        case FundingApproved():
            approval = Approval(fact.budget_id, fact.amount, fact.approved_by, fact.on)
            return replace(state, approval=approval)
        case FundingRefused():
            return replace(state, refusal=Refusal(fact.reason, fact.decided_by, fact.on))
        case PaymentMade():
            payment = Payment(fact.payment_id, fact.amount, fact.order, fact.on)
            return replace(state, payments=(*state.payments, payment))
        case _:
            assert_never(fact)


def evolve_budget(state: Budget, event: Event) -> Budget:
    """The budget line after one more of its facts."""
    fact = cast(BudgetFact, event)
    match fact:
        case BudgetSet():
            return replace(state, amount=fact.amount, source=fact.source)
        case FundsCommitted():
            return replace(state, commitments=(*state.commitments, fact))
        case FundsPaid():
            return replace(state, payments=(*state.payments, fact))
        case _:
            assert_never(fact)


def evolve_path(state: Path, event: Event) -> Path:
    """The person's way through enterprise after one more fact."""
    fact = cast(PathFact, event)
    match fact:
        case EnterprisePathStarted():
            return replace(state, projects=(*state.projects, fact.project_id))
        case EnterpriseFunded():
            return replace(state, funded=(*state.funded, fact.project_id))
        case PersonForgotten():
            return replace(state, forgotten=True, kept=fact.kept)
        case _:
            assert_never(fact)


def project_stream(project_id: str) -> Stream[Project]:
    """The stream of one project."""
    return Stream(project_id, Project(), evolve_project, subject="project_id")


def budget_stream(budget_id: str) -> Stream[Budget]:
    """The stream of one budget line of one year."""
    return Stream(budget_id, Budget(), evolve_budget, subject="budget_id")


def path_stream(person_id: str) -> Stream[Path]:
    """Enterprise's own facts about a person."""
    return Stream(person_id, Path(), evolve_path, subject="person_id")


def status(project: Project) -> str:
    """Where the project stands: the code that lists filter by."""
    if project.refusal:
        return "refused"
    if project.approval:
        return "paid" if project.paid >= project.approval.amount else "to_pay"
    if project.judgement:
        return "to_decide" if project.judgement.suitable else "unsuitable"
    return "to_judge" if project.submission else "cancelled"
