"""What enterprise shows: projects, budget lines, payments, and which people it may take a project from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, assert_never

import sqlalchemy as sa

from services.enterprise.domain import parameter
from shared.envelope import Meta
from shared.events.base import Event
from shared.events.enterprise import (
    BudgetSet,
    FundingApproved,
    FundingRefused,
    FundsCommitted,
    FundsPaid,
    PaymentMade,
    ProjectSubmitted,
    TechnicalJudgementGiven,
)
from shared.events.intake import CaseTransferred, PathwayClosed, PersonRegistered, PlanAgreed, TakenInCharge
from shared.projection import Reading, Row, View
from shared.projection.aliases import ALIASES, by_person, group, root_of, rooted, roots
from shared.projection.privacy import PRIVACY

ProjectFact = ProjectSubmitted | TechnicalJudgementGiven | FundingApproved | FundingRefused | PaymentMade
BudgetFact = BudgetSet | FundsCommitted | FundsPaid
PersonFact = PersonRegistered | TakenInCharge | CaseTransferred | PlanAgreed | PathwayClosed


def _project_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("project_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text),
        sa.Column("person_id", sa.Text),
        sa.Column("organisation_id", sa.Text),
        sa.Column("sector", sa.Text),
        sa.Column("requested", sa.BigInteger),
        sa.Column("jobs", sa.Integer),
        sa.Column("card", sa.Text),
        sa.Column("submitted_on", sa.Date),
        sa.Column("outcome", sa.Text),
        sa.Column("score", sa.Integer),
        sa.Column("judged_on", sa.Date),
        sa.Column("judged_by", sa.Text),
        sa.Column("reasons", sa.Text),
        sa.Column("budget_id", sa.Text),
        sa.Column("approved", sa.BigInteger),
        sa.Column("refused", sa.Text),
        sa.Column("decided_on", sa.Date),
        sa.Column("decided_by", sa.Text),
        sa.Column("paid", sa.BigInteger, nullable=False),
        sa.Column("paid_on", sa.Date),
        sa.Column("status", sa.Text, nullable=False),
    ]


def fold_project(row: Row | None, event: ProjectFact, meta: Meta) -> Row | None:
    """All facts of a project come from its one stream, so their order is that of the decisions."""
    before = row or {column.name: None for column in _project_columns()} | {"paid": 0}
    after = before | {"project_id": event.project_id} | _told(before, event)
    return after | {"status": _status(after)}


def _told(row: Row, event: ProjectFact) -> Row:
    match event:
        case ProjectSubmitted():
            return {
                "kind": event.kind, "person_id": event.person_id, "organisation_id": event.organisation_id,
                "sector": event.sector, "requested": event.requested, "jobs": event.jobs, "card": event.card,
                "submitted_on": event.on,
            }  # fmt: skip
        case TechnicalJudgementGiven():
            return {
                "outcome": event.outcome, "score": event.score, "judged_on": event.on,
                "judged_by": event.judged_by, "reasons": event.reasons,
            }  # fmt: skip
        case FundingApproved():
            return {
                "budget_id": event.budget_id, "approved": event.amount, "decided_on": event.on,
                "decided_by": event.approved_by,
            }  # fmt: skip
        case FundingRefused():
            return {"refused": event.reason, "decided_on": event.on, "decided_by": event.decided_by}
        case PaymentMade():
            last = max(row["paid_on"] or event.on, event.on)
            return {"paid": row["paid"] + event.amount, "paid_on": last}
        case _:
            assert_never(event)


def _status(row: Row) -> str:
    if row["refused"]:
        return "refused"
    if row["approved"] is not None:
        return "paid" if row["paid"] >= row["approved"] else "to_pay"
    if row["outcome"]:
        return "to_decide" if row["outcome"] == "suitable" else "unsuitable"
    return "to_judge"


def _budget_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("budget_id", sa.Text, primary_key=True),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("committed", sa.BigInteger, nullable=False),
        sa.Column("paid", sa.BigInteger, nullable=False),
        sa.Column("set_on", sa.Date),
    ]


def fold_budget(row: Row | None, event: BudgetFact, meta: Meta) -> Row | None:
    """All facts of a line come from its one stream."""
    _, year, name = event.budget_id.split("-", 2)
    before = row or {
        "budget_id": event.budget_id, "year": int(year), "name": name, "source": None, "amount": 0,
        "committed": 0, "paid": 0, "set_on": None,
    }  # fmt: skip
    match event:
        case BudgetSet():
            return before | {"amount": event.amount, "source": event.source, "set_on": event.on}
        case FundsCommitted():
            return before | {"committed": before["committed"] + event.amount}
        case FundsPaid():
            return before | {"paid": before["paid"] + event.amount}
        case _:
            assert_never(event)


def _payment_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("payment_id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("budget_id", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("order", sa.Text, nullable=False),
        sa.Column("paid_on", sa.Date, nullable=False),
    ]


def fold_payment(row: Row | None, event: PaymentMade, meta: Meta) -> Row | None:
    """A payment is one fact."""
    return {
        "payment_id": event.payment_id, "project_id": event.project_id, "budget_id": event.budget_id,
        "amount": event.amount, "order": event.order, "paid_on": event.on,
    }  # fmt: skip


def _person_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("case_manager", sa.Text),
        sa.Column("taken_on", sa.Date),
        sa.Column("planned", sa.Boolean, nullable=False),
        sa.Column("closed_on", sa.Date),
        sa.Column("closed_outcome", sa.Text),
    ]


def fold_person(row: Row | None, event: PersonFact, meta: Meta) -> Row | None:
    """Where intake is with the person. All of it comes from intake's one stream of the person."""
    fresh: Row = {
        "person_id": event.person_id, "status": "registered", "case_manager": None, "taken_on": None,
        "planned": False, "closed_on": None, "closed_outcome": None,
    }  # fmt: skip
    before = row or fresh
    match event:
        case PersonRegistered():
            return before | fresh  # a new episode starts from nothing
        case TakenInCharge():
            taken = {"status": "in_charge", "case_manager": event.case_manager, "taken_on": event.on}
            return before | taken | {"closed_on": None, "closed_outcome": None}
        case CaseTransferred():
            return before | {"case_manager": event.to_manager}
        case PlanAgreed():
            return before | {"planned": any(action.direction == "enterprise" for action in event.actions)}
        case PathwayClosed():
            return before | {"status": "closed", "closed_on": event.on, "closed_outcome": event.outcome}
        case _:
            assert_never(event)


def _key(field: str) -> Any:
    def key(event: Event) -> str:
        value: str = getattr(event, field)
        return value

    return key


PROJECTS = View(
    name="projects", key_column="project_id", columns=_project_columns, key=_key("project_id"),
    fold=fold_project,
    hears=(ProjectSubmitted, TechnicalJudgementGiven, FundingApproved, FundingRefused, PaymentMade),
    indexes=("status", "person_id"),
)  # fmt: skip
BUDGETS = View(
    name="budgets", key_column="budget_id", columns=_budget_columns, key=_key("budget_id"), fold=fold_budget,
    hears=(BudgetSet, FundsCommitted, FundsPaid), indexes=("year",),
)  # fmt: skip
PAYMENTS = View(
    name="payments", key_column="payment_id", columns=_payment_columns, key=_key("payment_id"),
    fold=fold_payment, hears=(PaymentMade,), indexes=("project_id",),
)  # fmt: skip
PEOPLE = View(
    name="people", key_column="person_id", columns=_person_columns, key=_key("person_id"), fold=fold_person,
    hears=(PersonRegistered, TakenInCharge, CaseTransferred, PlanAgreed, PathwayClosed), indexes=("status",),
)  # fmt: skip
VIEWS = (ALIASES, PRIVACY, PROJECTS, BUDGETS, PAYMENTS, PEOPLE)


async def projects(
    reading: Reading, *, status: str | None = None, kind: str | None = None, year: int | None = None,
    person_id: str | None = None, limit: int | None = None, offset: int = 0, among: Sequence[str] | None = None,
) -> list[Row]:  # fmt: skip
    """Projects (`among` these) with what intake said about their proposer since; the longest waiting first."""
    table, people = reading.table(PROJECTS), reading.table(PEOPLE)
    query = _matching(table, status, kind, year, await _ids(reading, person_id), among)
    query = query.add_columns(people.c.closed_on, people.c.closed_outcome)
    query = query.select_from(table.outerjoin(people, people.c.person_id == rooted(reading, table.c.person_id)))
    query = query.order_by(table.c.submitted_on, table.c.project_id).offset(offset)
    return await reading.rows(query.limit(limit) if limit else query)


async def _ids(reading: Reading, person_id: str | None) -> Sequence[str]:
    """All the ids of the person asked for; none where everybody is."""
    return await group(reading, person_id) if person_id else ()


def _matching(
    table: sa.Table, status: str | None, kind: str | None, year: int | None, persons: Sequence[str],
    among: Sequence[str] | None = None,
) -> sa.Select[Any]:  # fmt: skip
    query = sa.select(table).where(table.c.submitted_on.is_not(None))
    if among is not None:
        query = query.where(table.c.project_id.in_(list(among)))
    if status:
        query = query.where(table.c.status == status)
    if kind:
        query = query.where(table.c.kind == kind)
    if year:
        query = query.where(sa.extract("year", table.c.submitted_on) == year)
    if persons:
        query = query.where(table.c.person_id.in_(persons))
    return query


async def count_by_status(
    reading: Reading, *, kind: str | None = None, year: int | None = None, person_id: str | None = None,
    among: Sequence[str] | None = None,
) -> dict[str, int]:  # fmt: skip
    """How many projects (`among` these) stand where."""
    found = _matching(reading.table(PROJECTS), None, kind, year, await _ids(reading, person_id), among).subquery()
    rows = await reading.rows(sa.select(found.c.status, sa.func.count().label("n")).group_by(found.c.status))
    return {row["status"]: row["n"] for row in rows}


async def cards(reading: Reading, project_ids: Sequence[str]) -> dict[str, str]:
    """The vault references of these projects' cards."""
    table = reading.table(PROJECTS)
    query = sa.select(table.c.project_id, table.c.card).where(table.c.project_id.in_(list(project_ids)))
    return {row["project_id"]: row["card"] for row in await reading.rows(query) if row["card"]}


async def organisations(reading: Reading) -> dict[str, str]:
    """The organisations that proposed something: id -> vault reference of their latest project's card."""
    table = reading.table(PROJECTS)
    query = sa.select(table.c.organisation_id, table.c.card).where(table.c.organisation_id.is_not(None))
    rows = await reading.rows(query.order_by(table.c.submitted_on))
    return {row["organisation_id"]: row["card"] for row in rows}


async def budgets(reading: Reading, year: int | None = None) -> list[Row]:
    """The budget lines, latest year first, with what is left of each."""
    table = reading.table(BUDGETS)
    query = sa.select(table, (table.c.amount - table.c.committed).label("left"))
    if year:
        query = query.where(table.c.year == year)
    return await reading.rows(query.order_by(table.c.year.desc(), table.c.name))


async def payments(reading: Reading, year: int | None = None, project_id: str | None = None) -> list[Row]:
    """Payments, the latest first."""
    table = reading.table(PAYMENTS)
    query = sa.select(table).order_by(table.c.paid_on.desc(), table.c.order)
    if year:
        query = query.where(sa.extract("year", table.c.paid_on) == year)
    if project_id:
        query = query.where(table.c.project_id == project_id)
    return await reading.rows(query)


async def people(
    reading: Reading, *, status: str | None = "in_charge", planned: bool | None = None,
    person_id: str | None = None, limit: int | None = None, offset: int = 0,
) -> list[Row]:  # fmt: skip
    """People and how many projects each has; those whose plan names this line first."""
    table, project = by_person(reading, PEOPLE), reading.table(PROJECTS)
    theirs = rooted(reading, project.c.person_id) == table.c.person_id
    number = sa.select(sa.func.count()).select_from(project).where(theirs).scalar_subquery()
    query = sa.select(table, number.label("projects"), sa.func.count().over().label("total"))
    if status:
        query = query.where(table.c.status == status)
    if planned is not None:
        query = query.where(table.c.planned.is_(planned))
    if person_id:
        query = query.where(table.c.person_id == await root_of(reading, person_id))
    query = query.order_by(table.c.planned.desc(), table.c.taken_on.desc(), table.c.person_id).offset(offset)
    return await reading.rows(query.limit(limit) if limit else query)


async def grants(reading: Reading, year: int, today: date) -> list[Row]:
    """The year's approvals to publish: those whose beneficiary got more than the threshold in it.

    D.Lgs. 33/2013 art. 26 c. 2-3 (acts over EUR 1,000 in the year to the same beneficiary), art. 27 (what
    the list says). `natural` marks those whose identity is left out (art. 26 c. 4).
    """
    table = reading.table(PROJECTS)
    approved = table.c.approved.is_not(None) & (sa.extract("year", table.c.decided_on) == year)
    query = sa.select(table).where(approved).order_by(table.c.decided_on, table.c.project_id)
    known = await roots(reading)
    rows = [row | {"beneficiary": known.get(row["person_id"], row["person_id"])} for row in await reading.rows(query)]
    last = min(date(year, 12, 31), today)
    threshold, redact = (parameter(f"publication.{name}", last) for name in ("threshold", "redact_persons"))
    return publishable(rows, threshold, redact)


def publishable(rows: Sequence[Row], threshold: int, redact: int) -> list[Row]:
    """The approvals of those who got more than `threshold` cents in all; `natural` as `redact` says."""
    totals: dict[str, int] = {}
    for row in rows:
        totals[_beneficiary(row)] = totals.get(_beneficiary(row), 0) + row["approved"]
    return [
        row | {"natural": bool(redact and row["person_id"])} for row in rows if totals[_beneficiary(row)] > threshold
    ]


def _beneficiary(row: Row) -> str:
    return str(row.get("beneficiary") or row["person_id"] or row["organisation_id"])
