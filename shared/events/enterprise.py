"""What enterprise says: projects, judged by one committee and funded by another, and the year's budget lines
(`projects`), and what that means for the person who proposed one (`pathway`)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from shared.events.base import Cents, Code, Correction, Event, Id, Reference

BudgetId = Annotated[str, StringConstraints(pattern=r"^budget-20[0-9]{2}-[a-z0-9-]{1,30}$")]
"""A budget line of one year, as `budget-2024-fsp`: streams end, so each year has its own."""
Kind = Literal["self_employment", "social_innovation"]
ProjectSector = Literal[
    "crafts", "trade", "services", "community_welfare", "ethical_food", "ethical_fashion", "social_farming",
    "sport_culture_regeneration",
]  # fmt: skip


class BudgetSet(Event):
    """The year's amount of a funding line, as the work plan gives it. A later one replaces the one before."""

    TYPE: ClassVar[str] = "enterprise.budget-set"
    TOPIC: ClassVar[str] = "projects"
    SUBJECT: ClassVar[str] = "budget_id"

    budget_id: BudgetId = Field(description="The budget line.")
    year: int = Field(ge=2017, le=2100, description="The year.")
    amount: Cents = Field(description="What may be committed in the year.")
    source: Literal["public", "fsp"] = Field(description="Whose money: only public money counts as State aid.")


class FundsCommitted(Event):
    """An approval binds part of the year's amount (recorded together with it)."""

    TYPE: ClassVar[str] = "enterprise.funds-committed"
    TOPIC: ClassVar[str] = "projects"
    SUBJECT: ClassVar[str] = "budget_id"

    budget_id: BudgetId = Field(description="The budget line.")
    project_id: Id = Field(description="The project.")
    amount: Cents = Field(description="Amount bound.")


class FundsPaid(Event):
    """Part of what the line had bound was paid (recorded together with the payment): the line knows its orders."""

    TYPE: ClassVar[str] = "enterprise.funds-paid"
    TOPIC: ClassVar[str] = "projects"
    SUBJECT: ClassVar[str] = "budget_id"

    budget_id: BudgetId = Field(description="The budget line.")
    project_id: Id = Field(description="The project.")
    payment_id: Id = Field(description="The payment.")
    amount: Cents = Field(description="Amount paid.")
    order: Code = Field(description="Number of the payment order: used once on a line.")


class ProjectSubmitted(Event):
    """A person or a social enterprise proposed a project."""

    TYPE: ClassVar[str] = "enterprise.project-submitted"
    TOPIC: ClassVar[str] = "projects"
    SUBJECT: ClassVar[str] = "project_id"

    project_id: Id = Field(description="The project.")
    kind: Kind = Field(description="Self-employment or social innovation.")
    person_id: Id | None = Field(description="Who proposed it, if a person.")
    organisation_id: Id | None = Field(description="Who proposed it, if an organisation.")
    sector: ProjectSector = Field(description="Sector.")
    requested: Cents = Field(description="Amount asked for.")
    jobs: int = Field(ge=0, le=999, description="Jobs planned for people of the programme.")
    card: Reference = Field(description="Vault row with title, description and, if any, the organisation.")


class TechnicalJudgementGiven(Event):
    """The Comitato di valutazione judged the project. It cannot fund it."""

    TYPE: ClassVar[str] = "enterprise.technical-judgement-given"
    TOPIC: ClassVar[str] = "projects"
    SUBJECT: ClassVar[str] = "project_id"

    project_id: Id = Field(description="The project.")
    outcome: Literal["suitable", "unsuitable"] = Field(description="Whether it may be supported.")
    score: int = Field(ge=0, le=100, description="Points out of one hundred.")
    judged_by: Code = Field(description="Account that recorded the committee's judgement.")
    reasons: Reference = Field(description="Vault row with the reasons.")


class FundingApproved(Event):
    """The Comitato di gestione approved the project and bound money to it."""

    TYPE: ClassVar[str] = "enterprise.funding-approved"
    TOPIC: ClassVar[str] = "projects"
    SUBJECT: ClassVar[str] = "project_id"

    project_id: Id = Field(description="The project.")
    budget_id: BudgetId = Field(description="The budget line.")
    amount: Cents = Field(description="Amount approved.")
    approved_by: Code = Field(description="Account that recorded the committee's decision: not the judge's.")


class FundingRefused(Event):
    """The Comitato di gestione did not approve the project."""

    TYPE: ClassVar[str] = "enterprise.funding-refused"
    TOPIC: ClassVar[str] = "projects"
    SUBJECT: ClassVar[str] = "project_id"

    project_id: Id = Field(description="The project.")
    reason: Literal["budget", "duplicate_support", "priorities", "withdrawn"] = Field(description="Why.")
    decided_by: Code = Field(description="Account that recorded the decision.")


class PaymentMade(Event):
    """Part of the approved amount was paid."""

    TYPE: ClassVar[str] = "enterprise.payment-made"
    TOPIC: ClassVar[str] = "projects"
    SUBJECT: ClassVar[str] = "project_id"

    project_id: Id = Field(description="The project.")
    payment_id: Id = Field(description="The payment.")
    budget_id: BudgetId = Field(description="The budget line.")
    amount: Cents = Field(description="Amount paid.")
    order: Code = Field(description="Number of the payment order.")


class ProjectFactCorrected(Correction):
    """A fact that enterprise recorded about a project or a budget line was wrong."""

    TYPE: ClassVar[str] = "enterprise.project-fact-corrected"
    TOPIC: ClassVar[str] = "projects"


class EnterprisePathStarted(Event):
    """The person works on a project of their own (recorded together with its submission)."""

    TYPE: ClassVar[str] = "enterprise.path-started"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    project_id: Id = Field(description="The project.")
    kind: Kind = Field(description="Self-employment or social innovation.")


class EnterpriseFunded(Event):
    """The person's project was approved and funded (recorded together with the approval)."""

    TYPE: ClassVar[str] = "enterprise.funded"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    project_id: Id = Field(description="The project.")
    amount: Cents = Field(description="Amount approved.")


class PathwayFactCorrected(Correction):
    """A fact that enterprise recorded about a person was wrong."""

    TYPE: ClassVar[str] = "enterprise.pathway-fact-corrected"
    TOPIC: ClassVar[str] = "pathway"
