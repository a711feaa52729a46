"""What the pages ask of the views. Each list: filters, an order that puts the urgent first, a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from services.matching.domain import Standing
from services.matching.views.folds import CANDIDATES, COMPANIES, PLACEMENTS, PROPOSALS, VACANCIES
from shared.projection import Reading, Row
from shared.projection.aliases import by_person, group, rooted

PAGE_SIZE = 50


@dataclass(frozen=True)
class Rows:
    """One page of a list and how long the list is."""

    rows: list[Row]
    total: int


def standing(row: Row | None) -> Standing:
    """What intake said of a candidate, as decisions want it."""
    if row is None:
        return Standing()
    return Standing(
        first_charge_on=row["first_charge_on"],
        in_charge_since=row["in_charge_since"],
        closed_on=row["closed_on"],
        suspended_on=row["suspended_on"],
    )


async def _page(reading: Reading, query: sa.Select[Any], page: int | None) -> Rows:
    """A page of a query; all of it without a page (exports)."""
    if page is None:
        rows = await reading.rows(query)
        return Rows(rows, len(rows))
    counted = await reading.rows(sa.select(sa.func.count().label("n")).select_from(query.order_by(None).subquery()))
    return Rows(await reading.rows(query.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)), int(counted[0]["n"]))


@dataclass(frozen=True)
class CandidateFilter:
    """`situation`: waiting (not at work today), working, closed, or all in charge."""

    situation: Literal["waiting", "working", "in_charge", "closed"] = "waiting"
    district: str | None = None
    readiness: str | None = None
    age_band: str | None = None
    sex: str | None = None
    persons: tuple[str, ...] = ()
    """Ids found by the header's search."""


def people(reading: Reading) -> sa.Subquery:
    """The candidates, each person once: whose ids were joined is counted with all their placements."""
    return by_person(
        reading, CANDIDATES, least=("first_interview_on", "first_charge_on"),
        most=("works_until", "last_placement_on"), total=("placements_count", "open_presentations"),
    )  # fmt: skip


async def candidates(reading: Reading, wanted: CandidateFilter, today: date, page: int | None = 1) -> Rows:
    """Who can be proposed, waiting longest first; joined people are one."""
    table = people(reading)
    at_work = sa.func.coalesce(table.c.works_until >= today, False)
    conditions = [table.c.status == ("closed" if wanted.situation == "closed" else "in_charge")]
    if wanted.situation in ("waiting", "working"):
        conditions.append(at_work if wanted.situation == "working" else ~at_work)
    conditions += [
        table.c[name] == value
        for name in ("district", "readiness", "age_band", "sex")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.persons:
        conditions.append(table.c.person_id.in_(wanted.persons))
    since = sa.func.coalesce(table.c.first_interview_on, table.c.in_charge_since)
    query = sa.select(table, since.label("waiting_since"), at_work.label("at_work"))
    return await _page(reading, query.where(*conditions).order_by(since, table.c.person_id), page)


async def addable(
    reading: Reading,
    vacancy_id: str,
    *,
    district: str | None,
    readiness: str | None,
    today: date,
    limit: int = 30,
) -> list[Row]:
    """Who could join the vacancy's shortlist: in charge, not suspended, not at work today, not proposed for it yet."""
    table, proposals = people(reading), reading.table(PROPOSALS)
    proposed = sa.select(rooted(reading, proposals.c.person_id)).where(
        proposals.c.vacancy_id == vacancy_id, proposals.c.status.in_(("shortlisted", "presented", "placed"))
    )
    conditions = [
        table.c.status == "in_charge",
        ~sa.func.coalesce(table.c.works_until >= today, False),
        table.c.person_id.not_in(proposed),
        table.c.suspended_on.is_(None),
    ]
    if district is not None:
        conditions.append(table.c.district == district)
    if readiness is not None:
        conditions.append(table.c.readiness == readiness)
    since = sa.func.coalesce(table.c.first_interview_on, table.c.in_charge_since)
    query = sa.select(table, since.label("waiting_since")).where(*conditions)
    return await reading.rows(query.order_by(since, table.c.person_id).limit(limit))


async def companies(reading: Reading, *, district: str | None = None, board: bool | None = None) -> list[Row]:
    """The network. All of it: names are in the vault, so it is sorted and searched by whoever opened them."""
    table = reading.table(COMPANIES)
    query = sa.select(table).where(table.c.registered_on.is_not(None))
    if district is not None:
        query = query.where(table.c.district == district)
    if board is not None:
        query = query.where(table.c.board == board)
    return await reading.rows(query.order_by(table.c.registered_on, table.c.company_id))


async def cards(reading: Reading, company_ids: Sequence[str]) -> dict[str, str]:
    """The vault references of these companies' cards."""
    table = reading.table(COMPANIES)
    query = sa.select(table.c.company_id, table.c.card).where(table.c.company_id.in_(sorted(set(company_ids))))
    return {row["company_id"]: row["card"] for row in await reading.rows(query) if row["card"]}


async def vacancies(
    reading: Reading,
    today: date,
    *,
    status: Literal["open", "closed", "all"] = "open",
    district: str | None = None,
    contract: str | None = None,
    company_id: str | None = None,
    page: int | None = 1,
) -> Rows:
    """What is sought, with the company's district and how many are shortlisted, presented and placed; those
    whose last day comes first stand first."""
    table, company, proposals = (reading.table(view) for view in (VACANCIES, COMPANIES, PROPOSALS))
    counts = [
        sa.func.count().filter(proposals.c.status == status_).label(status_)
        for status_ in ("shortlisted", "presented", "placed")
    ]
    numbers = sa.select(proposals.c.vacancy_id, *counts).group_by(proposals.c.vacancy_id).subquery()
    query = (
        sa.select(
            table,
            company.c.district,
            company.c.size,
            *(sa.func.coalesce(numbers.c[count.name], 0).label(count.name) for count in counts),
        )
        .select_from(
            table.outerjoin(company, company.c.company_id == table.c.company_id).outerjoin(
                numbers, numbers.c.vacancy_id == table.c.vacancy_id
            )
        )
        .where(table.c.opened_on.is_not(None))
    )
    taking = sa.and_(
        table.c.closed_on.is_(None),
        table.c.open_positions > 0,
        sa.or_(table.c.closes_on.is_(None), table.c.closes_on >= today),
    )
    if status != "all":
        query = query.where(taking if status == "open" else ~taking)
    if district is not None:
        query = query.where(company.c.district == district)
    if contract is not None:
        query = query.where(table.c.contract == contract)
    if company_id is not None:
        query = query.where(table.c.company_id == company_id)
    order = (table.c.closes_on.asc().nulls_last(), table.c.opened_on, table.c.vacancy_id)
    if status == "closed":
        order = (table.c.opened_on.desc(), table.c.closes_on, table.c.vacancy_id)
    return await _page(reading, query.order_by(*order), page)


async def expired(reading: Reading, today: date) -> list[Row]:
    """Open vacancies whose last day for candidates has passed."""
    table = reading.table(VACANCIES)
    query = sa.select(table.c.vacancy_id, table.c.closes_on).where(
        table.c.closed_on.is_(None), table.c.closes_on < today, table.c.opened_on.is_not(None)
    )
    return await reading.rows(query)


async def proposals(reading: Reading, *, vacancy_id: str | None = None, person_id: str | None = None) -> list[Row]:
    """Who was proposed for a vacancy, or for what a person (under any of their ids) was proposed: the live ones
    first."""
    table = reading.table(PROPOSALS)
    query = sa.select(table)
    if vacancy_id is not None:
        query = query.where(table.c.vacancy_id == vacancy_id)
    if person_id is not None:
        query = query.where(table.c.person_id.in_(await group(reading, person_id)))
    live = sa.case({"presented": 0, "shortlisted": 1, "placed": 2}, value=table.c.status, else_=3)
    return await reading.rows(query.order_by(live, table.c.shortlisted_on, table.c.proposal_id))


PlacementState = Literal["running", "ending", "over", "all"]


async def placements(
    reading: Reading,
    today: date,
    *,
    state: PlacementState = "running",
    ending_days: int = 30,
    contract: str | None = None,
    company_id: str | None = None,
    person_id: str | None = None,
    page: int | None = 1,
) -> Rows:
    """Placements; `ending` are the running ones whose last day is near (a proroga?), soonest first."""
    table = reading.table(PLACEMENTS)
    query = sa.select(table)
    soonest = (table.c.until, table.c.started_on, table.c.placement_id)
    latest = (table.c.started_on.desc(), table.c.until, table.c.placement_id)
    if state in ("running", "ending"):
        query = query.where(table.c.until >= today)
    if state == "ending":
        query = query.where(table.c.until <= today + timedelta(days=ending_days), table.c.ended_on.is_(None))
    if state == "over":
        query = query.where(table.c.until < today)
    for name, value in (("contract", contract), ("company_id", company_id)):
        if value is not None:
            query = query.where(table.c[name] == value)
    if person_id is not None:
        query = query.where(table.c.person_id.in_(await group(reading, person_id)))
    return await _page(reading, query.order_by(*(soonest if state in ("running", "ending") else latest)), page)


async def unanswered(reading: Reading, today: date, days: int) -> list[Row]:
    """Presentations that a company has left without an answer for so many days: to be chased."""
    table = reading.table(PROPOSALS)
    query = sa.select(table).where(table.c.status == "presented", table.c.presented_on <= today - timedelta(days=days))
    return await reading.rows(query.order_by(table.c.presented_on, table.c.proposal_id))


def waiting_days(row: Mapping[str, Any], today: date) -> int | None:
    """How long a candidate has been waiting."""
    since = row.get("waiting_since")
    return (today - since).days if since else None
