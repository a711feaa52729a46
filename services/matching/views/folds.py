"""Matching's read models: rows folded from the log. (The queries are beside: changing them rebuilds nothing.)

A candidate's row is fed by intake and by matching, whose facts about one person come in no order between the
two: each owner has columns of its own. In JSON columns stand only JSON's own types.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from shared.envelope import Meta
from shared.events import Event
from shared.events.intake import (
    CaseTransferred,
    InterviewHeld,
    PathwayClosed,
    PathwayResumed,
    PathwaySuspended,
    PersonRegistered,
    ProposalAnswered,
    ReadinessChanged,
    TakenInCharge,
)
from shared.events.matching import (
    CompanyRegistered,
    PlacementEnded,
    PlacementExtended,
    PlacementStarted,
    PositionFilled,
    PresentationAnswered,
    Presented,
    SelectionOpened,
    Shortlisted,
    VacancyClosed,
    VacancyOpened,
)
from shared.projection import Row, View
from shared.projection.aliases import ALIASES
from shared.projection.privacy import PRIVACY

FOREVER = date(9999, 12, 31)
"""The last day of a contract that states none, so that «works on day D» is one comparison."""


def _text(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, **options)


def _day(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Date)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, JSONB, nullable=False)


# --- candidates ------------------------------------------------------------------------------------------


def candidate_columns() -> list[sa.Column[Any]]:
    """Who can be proposed: what intake said, then what matching did."""
    return [
        _text("person_id", primary_key=True),
        _text("status", nullable=False),
        _day("registered_on"), _text("district"), _text("union_code"), sa.Column("in_capital", sa.Boolean),
        _text("age_band"), _text("sex"), _text("education"), _day("first_interview_on"),
        _text("readiness"), _text("case_manager"), _day("first_charge_on"), _day("in_charge_since"),
        _day("closed_on"),
        _text("closed_outcome"), _day("suspended_on"), _day("suspended_until"),
        _json("shortlists"), _json("presentations"), _number("open_presentations"),
        _json("placements"), _number("placements_count"), _day("last_placement_on"), _day("works_until"),
    ]  # fmt: skip


def _candidate(person_id: str) -> Row:
    row: Row = {column.name: None for column in candidate_columns()}
    return row | {
        "person_id": person_id, "status": "registered", "shortlists": {}, "presentations": {},
        "open_presentations": 0, "placements": {}, "placements_count": 0,
    }  # fmt: skip


def fold_candidate(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """A person as matching sees them; `status` is registered, in_charge or closed."""
    match event:
        case PersonRegistered():
            # The last charge and closure stay until the next: late facts of that episode still come.
            return (row or _candidate(event.person_id)) | {
                "status": "registered", "registered_on": event.on, "district": event.district,
                "union_code": event.union, "in_capital": event.in_capital, "age_band": event.age_band,
                "sex": event.sex, "education": event.education, "first_interview_on": None, "readiness": None,
                "case_manager": None, "suspended_on": None, "suspended_until": None,
            }  # fmt: skip
        case InterviewHeld():
            row = row or _candidate(event.person_id)
            first = row["first_interview_on"]
            return row | {"first_interview_on": event.on if first is None else min(first, event.on)}
        case TakenInCharge():
            row = row or _candidate(event.person_id)
            first = row["first_charge_on"]
            return row | {
                "status": "in_charge", "readiness": event.readiness, "case_manager": event.case_manager,
                "in_charge_since": event.on, "closed_on": None, "closed_outcome": None,
                "first_charge_on": event.on if first is None else min(first, event.on),
            }  # fmt: skip
        case CaseTransferred():
            return (row or _candidate(event.person_id)) | {"case_manager": event.to_manager}
        case PathwaySuspended():
            rest = {"suspended_on": event.on, "suspended_until": event.expected_until}
            return (row or _candidate(event.person_id)) | rest
        case PathwayResumed():
            return (row or _candidate(event.person_id)) | {"suspended_on": None, "suspended_until": None}
        case ReadinessChanged():
            return (row or _candidate(event.person_id)) | {"readiness": event.readiness}
        case PathwayClosed():
            closed = {"status": "closed", "closed_on": event.on, "closed_outcome": event.outcome}
            return (row or _candidate(event.person_id)) | closed
        case Shortlisted():
            row = row or _candidate(event.person_id)
            return row | {"shortlists": {**row["shortlists"], event.vacancy_id: event.selection_id}}
        case Presented():
            return _with_presentation(row or _candidate(event.person_id), event.vacancy_id, None)
        case PresentationAnswered():
            return _without_shortlist(
                _with_presentation(row or _candidate(event.person_id), event.vacancy_id, event.outcome),
                event.vacancy_id,
            )
        case PlacementStarted():
            row = row or _candidate(event.person_id)
            if event.vacancy_id is not None:
                row = _without_shortlist(_with_presentation(row, event.vacancy_id, "placed"), event.vacancy_id)
            return _with_placement(row, event.placement_id, event.on, event.ends_on or FOREVER)
        case PlacementExtended():
            return _with_placement(row or _candidate(event.person_id), event.placement_id, None, event.ends_on)
        case PlacementEnded():
            return _with_placement(row or _candidate(event.person_id), event.placement_id, None, event.on)
        case _:
            return row


def _with_presentation(row: Row, vacancy_id: str, outcome: str | None) -> Row:
    presentations = {**row["presentations"], vacancy_id: outcome}
    waiting = sum(1 for known in presentations.values() if known is None)
    return row | {"presentations": presentations, "open_presentations": waiting}


def _without_shortlist(row: Row, vacancy_id: str) -> Row:
    return row | {"shortlists": {k: v for k, v in row["shortlists"].items() if k != vacancy_id}}


def _with_placement(row: Row, placement_id: str, started_on: date | None, until: date) -> Row:
    known = row["placements"].get(placement_id)
    if started_on is None and known is None:
        return row  # an extension or end whose start was cancelled
    start = started_on.isoformat() if started_on is not None else known[0]
    placements = {**row["placements"], placement_id: [start, until.isoformat()]}
    return row | {
        "placements": placements,
        "placements_count": len(placements),
        "last_placement_on": date.fromisoformat(max(first for first, _ in placements.values())),
        "works_until": date.fromisoformat(max(last for _, last in placements.values())),
    }


CANDIDATES = View(
    name="candidates",
    key_column="person_id",
    columns=candidate_columns,
    hears=(
        PersonRegistered, InterviewHeld, TakenInCharge, CaseTransferred, PathwaySuspended, PathwayResumed,
        PathwayClosed, ReadinessChanged, Shortlisted, Presented,
        PresentationAnswered,
        PlacementStarted, PlacementExtended, PlacementEnded,
    ),
    key=lambda event: str(event.person_id),
    fold=fold_candidate,
    indexes=("status", "district"),
)  # fmt: skip


# --- companies -------------------------------------------------------------------------------------------


def company_columns() -> list[sa.Column[Any]]:
    """A company of the network and how much it does with the programme."""
    return [
        _text("company_id", primary_key=True), _text("size"), _text("sector"), _text("district"),
        sa.Column("board", sa.Boolean), _text("card"), _day("registered_on"),
        _json("vacancies"), _number("vacancies_count"), _json("placements"), _number("placements_count"),
        _day("last_placement_on"),
    ]  # fmt: skip


def _company(company_id: str) -> Row:
    row: Row = {column.name: None for column in company_columns()}
    empty = {"vacancies": [], "vacancies_count": 0, "placements": [], "placements_count": 0}
    return row | {"company_id": company_id} | empty


def fold_company(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """A company; vacancies and placements are sorted sets, since their streams come in any order."""
    match event:
        case CompanyRegistered():
            return (row or _company(event.company_id)) | {
                "size": event.size, "sector": event.sector, "district": event.district, "board": event.board,
                "card": event.card, "registered_on": event.on,
            }  # fmt: skip
        case VacancyOpened():
            row = row or _company(event.company_id)
            known = sorted({*row["vacancies"], event.vacancy_id})
            return row | {"vacancies": known, "vacancies_count": len(known)}
        case PlacementStarted():
            row = row or _company(event.company_id)
            known = sorted({*row["placements"], event.placement_id})
            last = max(row["last_placement_on"] or event.on, event.on)
            return row | {"placements": known, "placements_count": len(known), "last_placement_on": last}
        case _:
            return row


COMPANIES = View(
    name="companies",
    key_column="company_id",
    columns=company_columns,
    hears=(CompanyRegistered, VacancyOpened, PlacementStarted),
    key=lambda event: str(event.company_id),
    fold=fold_company,
    indexes=("district",),
)


# --- vacancies -------------------------------------------------------------------------------------------


def vacancy_columns() -> list[sa.Column[Any]]:
    """What is sought; open_positions are the positions that no placement took."""
    return [
        _text("vacancy_id", primary_key=True), _text("company_id"), _text("occupation"), _text("contract"),
        _number("positions"), _day("opened_on"), _day("closes_on"), _text("description"),
        _json("selections"), _number("selections_count"), _json("filled"), _number("open_positions"),
        _day("closed_on"), _text("closed_because"),
    ]  # fmt: skip


def _vacancy(vacancy_id: str) -> Row:
    row: Row = {column.name: None for column in vacancy_columns()}
    empty = {"positions": 0, "selections": {}, "selections_count": 0, "filled": [], "open_positions": 0}
    return row | {"vacancy_id": vacancy_id} | empty


def fold_vacancy(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """A vacancy, from its own stream on `supply` alone."""
    match event:
        case VacancyOpened():
            row = (row or _vacancy(event.vacancy_id)) | {
                "company_id": event.company_id, "occupation": event.occupation, "contract": event.contract,
                "positions": event.positions, "opened_on": event.on, "closes_on": event.closes_on,
                "description": event.description,
            }  # fmt: skip
        case SelectionOpened():
            row = row or _vacancy(event.vacancy_id)
            selections = {**row["selections"], event.selection_id: event.on.isoformat()}
            return row | {"selections": selections, "selections_count": len(selections)}
        case PositionFilled():
            row = row or _vacancy(event.vacancy_id)
            row = row | {"filled": sorted({*row["filled"], event.placement_id})}
        case VacancyClosed():
            return (row or _vacancy(event.vacancy_id)) | {
                "closed_on": event.on,
                "closed_because": event.reason,
            }
        case _:
            return row
    return row | {"open_positions": max(0, row["positions"] - len(row["filled"]))}


VACANCIES = View(
    name="vacancies",
    key_column="vacancy_id",
    columns=vacancy_columns,
    hears=(VacancyOpened, SelectionOpened, PositionFilled, VacancyClosed),
    key=lambda event: str(event.vacancy_id),
    fold=fold_vacancy,
    indexes=("company_id",),
)


# --- proposals: a person for a vacancy -------------------------------------------------------------------


def proposal_columns() -> list[sa.Column[Any]]:
    """A person for a vacancy: shortlisted, presented, then answered or placed."""
    return [
        _text("proposal_id", primary_key=True), _text("person_id"), _text("vacancy_id"), _text("company_id"),
        _text("selection_id"), _text("status"), _day("shortlisted_on"), _day("presented_on"),
        _day("answered_on"),
        _text("placement_id"), _text("person_answer"), _day("person_answered_on"),
    ]  # fmt: skip


def _proposal_key(event: Any) -> str | None:
    return f"{event.person_id}:{event.vacancy_id}" if event.vacancy_id is not None else None


def fold_proposal(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """`status` is shortlisted, presented, placed, or the outcome of the answer."""
    blank: Row = {column.name: None for column in proposal_columns()}
    match event:
        case Shortlisted():
            return blank | {
                "proposal_id": _proposal_key(event), "person_id": event.person_id,
                "vacancy_id": event.vacancy_id,
                "company_id": event.company_id, "selection_id": event.selection_id, "status": "shortlisted",
                "shortlisted_on": event.on,
            }  # fmt: skip
        case Presented() | PlacementStarted():
            row = row or blank | {
                "proposal_id": _proposal_key(event), "person_id": event.person_id,
                "vacancy_id": event.vacancy_id,
                "company_id": event.company_id,
            }  # fmt: skip
            if isinstance(event, Presented):
                return row | {"status": "presented", "presented_on": event.on, "answered_on": None}
            return row | {"status": "placed", "answered_on": event.on, "placement_id": event.placement_id}
        case PresentationAnswered():
            return row | {"status": event.outcome, "answered_on": event.on} if row else None
        case ProposalAnswered():
            return row | {"person_answer": event.answer, "person_answered_on": event.on} if row else None
        case _:
            return row


PROPOSALS = View(
    name="proposals",
    key_column="proposal_id",
    columns=proposal_columns,
    hears=(Shortlisted, Presented, PresentationAnswered, PlacementStarted, ProposalAnswered),
    key=_proposal_key,
    fold=fold_proposal,
    indexes=("vacancy_id", "person_id", "status"),
)


# --- placements ------------------------------------------------------------------------------------------


def placement_columns() -> list[sa.Column[Any]]:
    """A relationship with its extensions; `until` is its last day as far as is known."""
    return [
        _text("placement_id", primary_key=True), _text("person_id"), _text("company_id"), _text("vacancy_id"),
        _text("contract"), _text("notice"), _day("started_on"), _day("ends_on"), _number("extensions"),
        _day("extended_on"), _day("ended_on"), _text("ended_because"), sa.Column("until", sa.Date,
        nullable=False),
    ]  # fmt: skip


def fold_placement(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """A placement exists from its start: what follows a cancelled start leaves no row."""
    match event:
        case PlacementStarted():
            blank: Row = {column.name: None for column in placement_columns()}
            return blank | {
                "placement_id": event.placement_id, "person_id": event.person_id,
                "company_id": event.company_id,
                "vacancy_id": event.vacancy_id, "contract": event.contract, "notice": event.notice,
                "started_on": event.on, "ends_on": event.ends_on, "extensions": 0,
                "until": event.ends_on or FOREVER,
            }  # fmt: skip
        case PlacementExtended() if row is not None:
            return row | {
                "ends_on": event.ends_on, "extensions": row["extensions"] + 1, "extended_on": event.on,
                "until": event.ends_on,
            }  # fmt: skip
        case PlacementEnded() if row is not None:
            return row | {"ended_on": event.on, "ended_because": event.reason, "until": event.on}
        case _:
            return row


PLACEMENTS = View(
    name="placements",
    key_column="placement_id",
    columns=placement_columns,
    hears=(PlacementStarted, PlacementExtended, PlacementEnded),
    key=lambda event: str(event.placement_id),
    fold=fold_placement,
    indexes=("person_id", "company_id", "vacancy_id", "until"),
)

VIEWS = (ALIASES, PRIVACY, CANDIDATES, COMPANIES, VACANCIES, PROPOSALS, PLACEMENTS)
