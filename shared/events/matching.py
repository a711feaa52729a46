"""What matching says: companies and their vacancies (`supply`), and what happens between them and a person
(`pathway`)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from shared.events.base import Code, Correction, Event, Id, Reference
from shared.events.intake import District

Contract = Literal[
    "permanent", "fixed_term", "on_call", "agency", "apprenticeship", "domestic", "collaboration", "traineeship"
]
Size = Literal["0-5", "6-20", "21-49", "50-249", "250+"]
"""Employees of the company."""
Occupation = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}$")]
"""ISCO-08 code, one to four digits."""
Sector = Annotated[str, StringConstraints(pattern=r"^[A-V]$")]
"""ATECO 2025 section."""


class CompanyRegistered(Event):
    """A company joined the network. Its name and contacts stand in matching's vault."""

    TYPE: ClassVar[str] = "matching.company-registered"
    TOPIC: ClassVar[str] = "supply"
    SUBJECT: ClassVar[str] = "company_id"

    company_id: Id = Field(description="The company.")
    size: Size = Field(description="Employees.")
    sector: Sector = Field(description="ATECO 2025 section.")
    district: District | None = Field(description="District of the seat; none outside the metropolitan area.")
    board: bool = Field(default=False, description="Whether it sits in the Board of companies.")
    card: Reference = Field(description="Vault row with name, VAT number and contacts.")


class VacancyOpened(Event):
    """A company looks for people."""

    TYPE: ClassVar[str] = "matching.vacancy-opened"
    TOPIC: ClassVar[str] = "supply"
    SUBJECT: ClassVar[str] = "vacancy_id"

    vacancy_id: Id = Field(description="The vacancy.")
    company_id: Id = Field(description="The company.")
    occupation: Occupation = Field(description="ISCO-08 code of the job.")
    contract: Contract = Field(description="Contract offered.")
    positions: int = Field(ge=1, le=999, description="How many people are sought.")
    closes_on: date | None = Field(description="Last civil date for candidates, if any.")
    description: Reference | None = Field(default=None, description="Vault row with the description.")


class SelectionOpened(Event):
    """The programme started to look for people for a vacancy: a selection, as the half-year table counts it."""

    TYPE: ClassVar[str] = "matching.selection-opened"
    TOPIC: ClassVar[str] = "supply"
    SUBJECT: ClassVar[str] = "vacancy_id"

    vacancy_id: Id = Field(description="The vacancy.")
    selection_id: Id = Field(description="The selection.")
    company_id: Id = Field(description="The company.")


class PositionFilled(Event):
    """A position of the vacancy was taken by a placement (recorded together with it)."""

    TYPE: ClassVar[str] = "matching.position-filled"
    TOPIC: ClassVar[str] = "supply"
    SUBJECT: ClassVar[str] = "vacancy_id"

    vacancy_id: Id = Field(description="The vacancy.")
    placement_id: Id = Field(description="The placement.")


class VacancyClosed(Event):
    """The company looks no more."""

    TYPE: ClassVar[str] = "matching.vacancy-closed"
    TOPIC: ClassVar[str] = "supply"
    SUBJECT: ClassVar[str] = "vacancy_id"

    vacancy_id: Id = Field(description="The vacancy.")
    reason: Literal["filled", "withdrawn", "expired"] = Field(description="Why.")


class SupplyFactCorrected(Correction):
    """A fact that matching recorded about a company or a vacancy was wrong."""

    TYPE: ClassVar[str] = "matching.supply-fact-corrected"
    TOPIC: ClassVar[str] = "supply"


class Shortlisted(Event):
    """An operator put the person on the shortlist of a selection."""

    TYPE: ClassVar[str] = "matching.shortlisted"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    vacancy_id: Id = Field(description="The vacancy.")
    selection_id: Id = Field(description="The selection.")
    company_id: Id = Field(description="The company.")


class Presented(Event):
    """The person, who agreed, was presented to the company."""

    TYPE: ClassVar[str] = "matching.presented"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    vacancy_id: Id = Field(description="The vacancy.")
    company_id: Id = Field(description="The company.")


class PresentationAnswered(Event):
    """How a presentation ended, short of a placement."""

    TYPE: ClassVar[str] = "matching.presentation-answered"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    vacancy_id: Id = Field(description="The vacancy.")
    outcome: Literal["refused_by_company", "refused_by_person", "withdrawn", "no_answer"] = Field(
        description="Who said no; withdrawn by the programme, as when the pathway was closed."
    )


class PlacementStarted(Event):
    """A contract began (its civil date is the start): a new relationship, the person's first or a further one."""

    TYPE: ClassVar[str] = "matching.placement-started"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    placement_id: Id = Field(description="The placement: one relationship with its extensions.")
    company_id: Id = Field(description="The company.")
    vacancy_id: Id | None = Field(description="The vacancy, if it came from one.")
    contract: Contract = Field(description="Contract.")
    ends_on: date | None = Field(description="Last day agreed; none if permanent.")
    notice: Code | None = Field(default=None, description="Code of the compulsory communication, once known.")


class PlacementExtended(Event):
    """The same contract was prolonged (proroga). Never to a permanent one: that is a transformation."""

    TYPE: ClassVar[str] = "matching.placement-extended"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    placement_id: Id = Field(description="The placement.")
    company_id: Id = Field(description="The company.")
    contract: Contract = Field(description="Contract of the placement, as it stands.")
    ends_on: date = Field(description="New last day agreed.")


class PlacementEnded(Event):
    """The relationship ended."""

    TYPE: ClassVar[str] = "matching.placement-ended"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    placement_id: Id = Field(description="The placement.")
    company_id: Id = Field(description="The company.")
    reason: Literal["term", "resigned", "dismissed", "agreed", "other"] = Field(description="Why.")


class PathwayFactCorrected(Correction):
    """A fact that matching recorded about a person was wrong (wrong person, hire that never started ...)."""

    TYPE: ClassVar[str] = "matching.pathway-fact-corrected"
    TOPIC: ClassVar[str] = "pathway"
