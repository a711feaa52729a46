"""What the JSON routes answer."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel


class Candidate(BaseModel):
    """A person as matching knows them."""

    person_id: str
    status: Literal["registered", "in_charge", "closed"]
    readiness: str | None
    district: str | None
    age_band: str | None
    sex: str | None
    first_interview_on: date | None
    in_charge_since: date | None
    closed_on: date | None
    open_presentations: int
    placements_count: int
    last_placement_on: date | None
    works_until: date | None


class Company(BaseModel):
    """A company of the network, without its card."""

    company_id: str
    size: str | None
    sector: str | None
    district: str | None
    board: bool | None
    registered_on: date | None
    vacancies_count: int
    placements_count: int
    last_placement_on: date | None


class Vacancy(BaseModel):
    """A vacancy; `selections` by id with the day on which each was opened."""

    vacancy_id: str
    company_id: str | None
    occupation: str | None
    contract: str | None
    positions: int
    open_positions: int
    opened_on: date | None
    closes_on: date | None
    selections: dict[str, date]
    closed_on: date | None
    closed_because: str | None


class Placement(BaseModel):
    """A relationship with its extensions."""

    placement_id: str
    person_id: str
    company_id: str
    vacancy_id: str | None
    contract: str
    notice: str | None
    started_on: date
    ends_on: date | None
    extensions: int
    extended_on: date | None
    ended_on: date | None
    ended_because: str | None


class Proposal(BaseModel):
    """A person for a vacancy."""

    person_id: str
    vacancy_id: str
    company_id: str
    selection_id: str | None
    status: str
    shortlisted_on: date | None
    presented_on: date | None
    answered_on: date | None
    placement_id: str | None


class Candidates(BaseModel):
    """A page of candidates."""

    items: list[Candidate]
    total: int


class Vacancies(BaseModel):
    """A page of vacancies."""

    items: list[Vacancy]
    total: int


class Placements(BaseModel):
    """A page of placements."""

    items: list[Placement]
    total: int
