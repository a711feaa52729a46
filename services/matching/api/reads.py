"""JSON routes that read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from services.matching import domain, views
from services.matching.api.common import CompanyId, PersonId, PlacementId, StoreOf, VacancyId
from services.matching.api.models import (
    Candidate,
    Candidates,
    Company,
    Placement,
    Placements,
    Proposal,
    Vacancies,
    Vacancy,
)
from services.matching.views import CANDIDATES, COMPANIES, PAGE_SIZE, PLACEMENTS, VACANCIES, PlacementState
from shared import clock
from shared.events.intake import AgeBand, District, Sex
from shared.events.matching import Contract
from shared.projection import View
from shared.store import Store
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
Viewer = Annotated[Reader, requires("matching.view")]
PageNumber = Annotated[int, Query(ge=1, le=100_000, description=f"La pagina, di {PAGE_SIZE} righe.")]


async def _one(store: Store, view: View, key: str, sentence: str) -> dict[str, Any]:
    async with store.read() as reading:
        row = await reading.row(view, key)
    if row is None:
        raise Problem(404, "not_found", sentence)
    return row


@router.get("/candidates", response_model=Candidates, summary="Elenco dei candidati")
async def candidates(
    store: StoreOf,
    reader: Viewer,
    situation: Literal["waiting", "working", "in_charge", "closed"] = "waiting",
    district: District | None = None,
    readiness: Literal["ready", "to_train"] | None = None,
    age_band: AgeBand | None = None,
    sex: Sex | None = None,
    page: PageNumber = 1,
) -> Any:
    """Waiting longest first."""
    wanted = views.CandidateFilter(situation, district, readiness, age_band, sex)
    async with store.read() as reading:
        found = await views.candidates(reading, wanted, clock.today(), page)
    return {"items": found.rows, "total": found.total}


@router.get("/candidates/{person_id}", response_model=Candidate, summary="Un candidato")
async def candidate(store: StoreOf, reader: Viewer, person_id: PersonId) -> Any:
    """What matching knows of a person."""
    return await _one(store, CANDIDATES, person_id, "Questa persona non risulta iscritta.")


@router.get("/candidates/{person_id}/proposals", response_model=list[Proposal], summary="Proposte a una persona")
async def person_proposals(store: StoreOf, reader: Viewer, person_id: PersonId) -> Any:
    """Shortlists, presentations and how they ended."""
    async with store.read() as reading:
        return await views.proposals(reading, person_id=person_id)


@router.get("/companies", response_model=list[Company], summary="Elenco delle aziende")
async def companies(store: StoreOf, reader: Viewer, district: District | None = None, board: bool | None = None) -> Any:
    """The network, without names: those stand in the vault and on the pages."""
    async with store.read() as reading:
        return await views.companies(reading, district=district, board=board)


@router.get("/companies/{company_id}", response_model=Company, summary="Un'azienda")
async def company(store: StoreOf, reader: Viewer, company_id: CompanyId) -> Any:
    """A company."""
    return await _one(store, COMPANIES, company_id, "Questa azienda non è nella rete.")


@router.get("/vacancies", response_model=Vacancies, summary="Elenco delle ricerche di personale")
async def vacancies(
    store: StoreOf,
    reader: Viewer,
    status: Literal["open", "closed", "all"] = "open",
    district: District | None = None,
    contract: Contract | None = None,
    page: PageNumber = 1,
) -> Any:
    """Those whose last day comes first stand first."""
    async with store.read() as reading:
        found = await views.vacancies(
            reading, clock.today(), status=status, district=district, contract=contract, page=page
        )
    return {"items": found.rows, "total": found.total}


@router.get("/vacancies/{vacancy_id}", response_model=Vacancy, summary="Una ricerca di personale")
async def vacancy(store: StoreOf, reader: Viewer, vacancy_id: VacancyId) -> Any:
    """A vacancy with its selections."""
    return await _one(store, VACANCIES, vacancy_id, "Questa ricerca di personale non c'è.")


@router.get("/vacancies/{vacancy_id}/proposals", response_model=list[Proposal], summary="La rosa di una ricerca")
async def vacancy_proposals(store: StoreOf, reader: Viewer, vacancy_id: VacancyId) -> Any:
    """Who was shortlisted and presented for it."""
    async with store.read() as reading:
        return await views.proposals(reading, vacancy_id=vacancy_id)


@router.get("/placements", response_model=Placements, summary="Elenco degli inserimenti")
async def placements(
    store: StoreOf,
    reader: Viewer,
    state: PlacementState = "running",
    contract: Contract | None = None,
    page: PageNumber = 1,
) -> Any:
    """Running ones by their last day; `ending` are those that end soon."""
    on = clock.today()
    days = domain.parameter("ending_soon_days", on)
    async with store.read() as reading:
        found = await views.placements(reading, on, state=state, contract=contract, ending_days=days, page=page)
    return {"items": found.rows, "total": found.total}


@router.get("/placements/{placement_id}", response_model=Placement, summary="Un inserimento")
async def placement(store: StoreOf, reader: Viewer, placement_id: PlacementId) -> Any:
    """A placement with its extensions."""
    return await _one(store, PLACEMENTS, placement_id, "Questo inserimento non c'è.")
