"""JSON routes that record. Each carries an Idempotency-Key: sent twice, it counts once."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from services.matching import commands
from services.matching.api.common import CompanyId, FactId, PersonId, PlacementId, StoreOf, VacancyId
from services.matching.api.models import Fact, Recorded
from services.matching.commands import forms
from shared.decisions import Refused
from shared.store import Outcome
from shared.web.app import command
from shared.web.problems import problem
from shared.web.readers import Reader, requires

router = APIRouter()
Registrar = Annotated[Reader, requires("matching.company")]
Opener = Annotated[Reader, requires("matching.vacancy")]
Lister = Annotated[Reader, requires("matching.shortlist")]
Presenter = Annotated[Reader, requires("matching.present")]
Placer = Annotated[Reader, requires("matching.place")]
Corrector = Annotated[Reader, requires("matching.correct")]


def said(outcome: Outcome) -> Response:
    """The outcome of a command: 201 with the facts, 409 for a rule, 422 for a field."""
    if isinstance(outcome, Refused):
        if outcome.field is None:
            return problem(409, outcome.code, outcome.sentence)
        errors = [{"field": outcome.field, "sentence": outcome.sentence}]
        return problem(422, outcome.code, outcome.sentence, errors=errors)
    facts = [Fact(id=r.meta.id, type=r.meta.type, subject=r.meta.subject, number=r.meta.number) for r in outcome.events]
    return JSONResponse(Recorded(facts=facts, repeated=outcome.repeated).model_dump(), 201)


WRITTEN: dict[str, Any] = {"status_code": 201, "response_model": Recorded}


@router.post("/companies", summary="Registra un'azienda", **WRITTEN)
async def register_company(request: Request, store: StoreOf, values: forms.CompanyForm, reader: Registrar) -> Any:
    """One card a VAT number."""
    return said(await commands.register_company(store, command(request, reader), values))


@router.post("/companies/{company_id}/correction", summary="Corregge la scheda di un'azienda", **WRITTEN)
async def correct_company(
    request: Request,
    store: StoreOf,
    company_id: CompanyId,
    values: forms.CompanyCorrectionForm,
    reader: Corrector,
) -> Any:
    """The card as it should be."""
    return said(await commands.correct_company(store, command(request, reader), company_id, values))


@router.post("/companies/{company_id}/cancellation", summary="Annulla un'azienda", **WRITTEN)
async def cancel_company(
    request: Request, store: StoreOf, company_id: CompanyId, values: forms.CancelForm, reader: Corrector
) -> Any:
    """Only while nothing hangs on it."""
    return said(await commands.cancel_company(store, command(request, reader), company_id, values))


@router.post("/vacancies", summary="Apre una ricerca di personale", **WRITTEN)
async def open_vacancy(request: Request, store: StoreOf, values: forms.VacancyForm, reader: Opener) -> Any:
    """Of a company of the network."""
    return said(await commands.open_vacancy(store, command(request, reader), values))


@router.post("/vacancies/{vacancy_id}/selections", summary="Apre una selezione", **WRITTEN)
async def open_selection(
    request: Request, store: StoreOf, vacancy_id: VacancyId, values: forms.SelectionForm, reader: Opener
) -> Any:
    """The programme starts to look for people."""
    return said(await commands.open_selection(store, command(request, reader), vacancy_id, values))


@router.post("/vacancies/{vacancy_id}/closing", summary="Chiude una ricerca", **WRITTEN)
async def close_vacancy(
    request: Request, store: StoreOf, vacancy_id: VacancyId, values: forms.CloseForm, reader: Opener
) -> Any:
    """The company looks no more."""
    return said(await commands.close_vacancy(store, command(request, reader), vacancy_id, values))


@router.post("/vacancies/{vacancy_id}/corrections/{fact_id}", summary="Corregge un fatto", **WRITTEN)
async def correct_vacancy(
    request: Request,
    store: StoreOf,
    vacancy_id: VacancyId,
    fact_id: FactId,
    values: forms.CorrectionForm,
    reader: Corrector,
) -> Any:
    """A fact of the vacancy is rectified, or cancelled."""
    return said(await commands.correct_vacancy(store, command(request, reader), vacancy_id, fact_id, values))


PROPOSED = "/vacancies/{vacancy_id}/candidates/{person_id}"


@router.post(f"{PROPOSED}/shortlisting", summary="Mette una persona in rosa", **WRITTEN)
async def shortlist(
    request: Request,
    store: StoreOf,
    vacancy_id: VacancyId,
    person_id: PersonId,
    values: forms.ShortlistForm,
    reader: Lister,
) -> Any:
    """Only a person in charge."""
    return said(await commands.shortlist(store, command(request, reader), vacancy_id, person_id, values))


@router.post(f"{PROPOSED}/presentation", summary="Presenta una persona all'azienda", **WRITTEN)
async def present(
    request: Request,
    store: StoreOf,
    vacancy_id: VacancyId,
    person_id: PersonId,
    values: forms.PresentForm,
    reader: Presenter,
) -> Any:
    """Only from the shortlist, with the person's agreement."""
    return said(await commands.present(store, command(request, reader), vacancy_id, person_id, values))


@router.post(f"{PROPOSED}/answer", summary="Registra l'esito di una presentazione", **WRITTEN)
async def answer(
    request: Request,
    store: StoreOf,
    vacancy_id: VacancyId,
    person_id: PersonId,
    values: forms.AnswerForm,
    reader: Presenter,
) -> Any:
    """Short of a placement."""
    return said(await commands.answer_presentation(store, command(request, reader), vacancy_id, person_id, values))


@router.post("/candidates/{person_id}/placements", summary="Registra un inserimento", **WRITTEN)
async def start_placement(
    request: Request, store: StoreOf, person_id: PersonId, values: forms.PlacementForm, reader: Placer
) -> Any:
    """From its first day on; from a vacancy it takes one of its positions."""
    return said(await commands.start_placement(store, command(request, reader), person_id, values))


PLACED = "/candidates/{person_id}/placements/{placement_id}"


@router.post(f"{PLACED}/extension", summary="Registra una proroga", **WRITTEN)
async def extend_placement(
    request: Request,
    store: StoreOf,
    person_id: PersonId,
    placement_id: PlacementId,
    values: forms.ExtensionForm,
    reader: Placer,
) -> Any:
    """Of a running contract with a last day."""
    by = command(request, reader)
    return said(await commands.extend_placement(store, by, person_id, placement_id, values))


@router.post(f"{PLACED}/end", summary="Registra la fine di un rapporto", **WRITTEN)
async def end_placement(
    request: Request,
    store: StoreOf,
    person_id: PersonId,
    placement_id: PlacementId,
    values: forms.EndForm,
    reader: Placer,
) -> Any:
    """`on` is its last day."""
    return said(await commands.end_placement(store, command(request, reader), person_id, placement_id, values))


@router.post(f"{PLACED}/cancellation", summary="Annulla un inserimento mai cominciato", **WRITTEN)
async def cancel_placement(
    request: Request,
    store: StoreOf,
    person_id: PersonId,
    placement_id: PlacementId,
    values: forms.CancelForm,
    reader: Corrector,
) -> Any:
    """With all that was recorded of it."""
    by = command(request, reader)
    return said(await commands.cancel_placement(store, by, person_id, placement_id, values))


@router.post("/candidates/{person_id}/corrections/{fact_id}", summary="Corregge un fatto", **WRITTEN)
async def correct_person(
    request: Request,
    store: StoreOf,
    person_id: PersonId,
    fact_id: FactId,
    values: forms.CorrectionForm,
    reader: Corrector,
) -> Any:
    """A fact about the person is rectified, or cancelled."""
    return said(await commands.correct_person(store, command(request, reader), person_id, fact_id, values))
