"""JSON routes of enterprise. Amounts are cents. A POST carries an Idempotency-Key: sent twice, it counts once."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.responses import Response

from services.enterprise import commands, views
from shared.decisions import Refused
from shared.events.base import Id
from shared.events.enterprise import BudgetId, Kind
from shared.store import Outcome, Store
from shared.web.app import command, get_store
from shared.web.problems import Problem, problem
from shared.web.readers import Reader, requires

router = APIRouter(tags=["imprese"])
StoreOf = Annotated[Store, Depends(get_store)]
Viewer = Annotated[Reader, requires("enterprise.view")]
Submitter = Annotated[Reader, requires("enterprise.submit")]
Judge = Annotated[Reader, requires("enterprise.judge")]
Manager = Annotated[Reader, requires("enterprise.approve")]
Payer = Annotated[Reader, requires("enterprise.pay")]
Planner = Annotated[Reader, requires("enterprise.budget")]
Corrector = Annotated[Reader, requires("enterprise.correct")]
ProjectId = Annotated[Id, Path(description="Il progetto.")]
LineId = Annotated[BudgetId, Path(description="La linea di bilancio di un anno.")]
Limit = Annotated[int, Query(ge=1, le=500, description="Quante righe.")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="Da quale riga.")]
Year = Annotated[int | None, Query(ge=2017, le=2100, description="L'anno.")]
Status = Literal["to_judge", "to_decide", "to_pay", "paid", "unsuitable", "refused"]


class Project(BaseModel):
    """A project as its list shows it."""

    project_id: str
    kind: str | None
    person_id: str | None
    organisation_id: str | None
    sector: str | None
    requested: int | None
    jobs: int | None
    submitted_on: date | None
    outcome: str | None
    score: int | None
    judged_on: date | None
    budget_id: str | None
    approved: int | None
    refused: str | None
    decided_on: date | None
    paid: int
    paid_on: date | None
    status: str


class Line(BaseModel):
    """A budget line of a year."""

    budget_id: str
    year: int
    name: str
    source: str | None
    amount: int
    committed: int
    paid: int
    left: int


class Payment(BaseModel):
    """A payment."""

    payment_id: str
    project_id: str
    budget_id: str
    amount: int
    order: str
    paid_on: date


class Person(BaseModel):
    """A person, as far as enterprise needs to know."""

    person_id: str
    status: str
    taken_on: date | None
    planned: bool
    closed_on: date | None
    projects: int


class Fact(BaseModel):
    """A fact that now holds."""

    id: str
    type: str
    subject: str
    number: int


class Recorded(BaseModel):
    """What a command recorded; `repeated` if it had been recorded already."""

    facts: list[Fact]
    repeated: bool


@router.get("/projects", response_model=list[Project], summary="Elenco dei progetti")
async def list_projects(
    store: StoreOf, _: Viewer, status: Status | None = None, kind: Kind | None = None, year: Year = None,
    person: Id | None = None, limit: Limit = 100, offset: Offset = 0,
) -> Any:  # fmt: skip
    """The longest waiting first."""
    async with store.read() as reading:
        return await views.projects(
            reading, status=status, kind=kind, year=year, person_id=person, limit=limit, offset=offset
        )


@router.get("/projects/{project_id}", response_model=Project, summary="Un progetto")
async def get_project(store: StoreOf, _: Viewer, project_id: ProjectId) -> Any:
    """One project; 404 if there is none of that id."""
    async with store.read() as reading:
        row = await reading.row(views.PROJECTS, project_id)
    if row is None:
        raise Problem(404, "no_project", "Questo progetto non esiste.")
    return row


@router.get("/budgets", response_model=list[Line], summary="Linee di bilancio")
async def list_budgets(store: StoreOf, _: Viewer, year: Year = None) -> Any:
    """The latest year first."""
    async with store.read() as reading:
        return await views.budgets(reading, year)


@router.get("/payments", response_model=list[Payment], summary="Pagamenti")
async def list_payments(store: StoreOf, _: Viewer, year: Year = None) -> Any:
    """The latest first."""
    async with store.read() as reading:
        return await views.payments(reading, year)


@router.get("/people", response_model=list[Person], summary="Persone che possono proporre un progetto")
async def list_people(
    store: StoreOf, _: Viewer, planned: bool | None = None, limit: Limit = 100, offset: Offset = 0
) -> Any:
    """People in charge, those whose plan names this line first."""
    async with store.read() as reading:
        return await views.people(reading, planned=planned, limit=limit, offset=offset)


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


@router.post("/budgets", summary="Fissa l'importo di una linea", **WRITTEN)
async def set_budget(request: Request, store: StoreOf, values: commands.BudgetForm, reader: Planner) -> Any:
    """A later amount replaces it; never below what is committed."""
    return said(await commands.set_budget(store, command(request, reader), values))


@router.post("/projects", summary="Registra la domanda di un progetto", **WRITTEN)
async def submit(request: Request, store: StoreOf, values: commands.ProjectForm, reader: Submitter) -> Any:
    """Of a person in charge, or of a social enterprise."""
    return said(await commands.submit_project(store, command(request, reader), values))


@router.post("/projects/{project_id}/judgement", summary="Registra il giudizio tecnico", **WRITTEN)
async def judge(
    request: Request, store: StoreOf, project_id: ProjectId, values: commands.JudgementForm, reader: Judge
) -> Any:
    """By the Comitato di valutazione, once."""
    by = command(request, reader)
    return said(await commands.judge_project(store, by, project_id, values, role=reader.role))


@router.post("/projects/{project_id}/approval", summary="Approva e finanzia", **WRITTEN)
async def approve(
    request: Request, store: StoreOf, project_id: ProjectId, values: commands.ApprovalForm, reader: Manager
) -> Any:
    """By the Comitato di gestione, within the year's line."""
    by = command(request, reader)
    return said(await commands.approve_funding(store, by, project_id, values, role=reader.role))


@router.post("/projects/{project_id}/refusal", summary="Non finanzia", **WRITTEN)
async def refuse(
    request: Request, store: StoreOf, project_id: ProjectId, values: commands.RefusalForm, reader: Manager
) -> Any:
    """By the Comitato di gestione, with a reason."""
    by = command(request, reader)
    return said(await commands.refuse_funding(store, by, project_id, values, role=reader.role))


@router.post("/projects/{project_id}/payments", summary="Registra un pagamento", **WRITTEN)
async def pay(
    request: Request, store: StoreOf, project_id: ProjectId, values: commands.PaymentForm, reader: Payer
) -> Any:
    """Within the approved amount; an order number is used once on a line."""
    return said(await commands.make_payment(store, command(request, reader), project_id, values))


@router.post("/projects/{project_id}/corrections", summary="Corregge domanda o pagamento", **WRITTEN)
async def correct_project(
    request: Request, store: StoreOf, project_id: ProjectId, values: commands.CorrectionForm, reader: Corrector
) -> Any:  # fmt: skip
    """Rectifies or cancels, with a motive."""
    by = command(request, reader)
    return said(await commands.correct_project(store, by, project_id, values, role=reader.role))


@router.post("/projects/{project_id}/judgement/corrections", summary="Corregge il giudizio tecnico", **WRITTEN)
async def correct_judgement(
    request: Request, store: StoreOf, project_id: ProjectId, values: commands.CorrectionForm, reader: Judge
) -> Any:
    """By the committee that gave it, while nothing was decided."""
    by = command(request, reader)
    return said(await commands.correct_project(store, by, project_id, values, role=reader.role))


@router.post("/projects/{project_id}/decision/corrections", summary="Corregge la decisione", **WRITTEN)
async def correct_decision(
    request: Request, store: StoreOf, project_id: ProjectId, values: commands.CorrectionForm, reader: Manager
) -> Any:
    """By the committee that took it; cancelling frees the money unless something was paid."""
    by = command(request, reader)
    return said(await commands.correct_project(store, by, project_id, values, role=reader.role))


@router.post("/budgets/{budget_id}/corrections", summary="Corregge l'importo di una linea", **WRITTEN)
async def correct_budget(
    request: Request, store: StoreOf, budget_id: LineId, values: commands.CorrectionForm, reader: Planner
) -> Any:
    """Never below what is committed."""
    by = command(request, reader)
    return said(await commands.correct_budget(store, by, budget_id, values, role=reader.role))
