"""JSON routes of enterprise. Amounts are cents. A POST carries an Idempotency-Key: sent twice, it counts once."""

from __future__ import annotations

from datetime import date
from functools import wraps
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from services.enterprise import commands, views
from services.enterprise.scopes import seen
from shared.events.base import Id
from shared.events.enterprise import BudgetId, Kind
from shared.store import Command, Outcome, Store
from shared.web.acts import Act, json_routes
from shared.web.app import get_store
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter(tags=["imprese"])
StoreOf = Annotated[Store, Depends(get_store)]
Viewer = Annotated[Reader, requires("enterprise.view")]
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


@router.get("/projects", response_model=list[Project], summary="Elenco dei progetti")
async def list_projects(
    store: StoreOf, reader: Viewer, status: Status | None = None, kind: Kind | None = None, year: Year = None,
    person: Id | None = None, limit: Limit = 100, offset: Offset = 0,
) -> Any:  # fmt: skip
    """The longest waiting first."""
    async with store.read() as reading:
        return await views.projects(
            reading, status=status, kind=kind, year=year, person_id=person, limit=limit, offset=offset,
            among=await seen(reading, reader),
        )  # fmt: skip


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


def _for(run: Any) -> Any:
    """The command for the committee in whose role one decides."""

    @wraps(run)
    async def decided(store: Store, by: Command, id_: str, values: Any, role: str) -> Outcome:
        outcome: Outcome = await run(store, by, id_, values, role=role)
        return outcome

    return decided


def _act(words: str, action: str, api: str, run: Any, model: type[BaseModel], **more: Any) -> Act:
    return Act(words=words, action=f"enterprise.{action}", api=api, run=run, model=model, **more)


def _role(reader: Reader) -> tuple[str]:
    return (reader.role,)


PROJECT = "/projects/{project_id}"
json_routes(router, (
    _act("Fissa l'importo di una linea", "budget", "/budgets", commands.set_budget, commands.BudgetForm),
    _act("Registra la domanda di un progetto", "submit", "/projects", commands.submit_project, commands.ProjectForm),
    _act("Registra il giudizio tecnico", "judge", f"{PROJECT}/judgement", _for(commands.judge_project),
         commands.JudgementForm, also=_role),
    _act("Approva e finanzia", "approve", f"{PROJECT}/approval", _for(commands.approve_funding), commands.ApprovalForm,
         also=_role),
    _act("Non finanzia", "approve", f"{PROJECT}/refusal", _for(commands.refuse_funding), commands.RefusalForm,
         also=_role),
    _act("Registra un pagamento", "pay", f"{PROJECT}/payments", commands.make_payment, commands.PaymentForm),
    _act("Corregge domanda o pagamento", "correct", f"{PROJECT}/corrections", _for(commands.correct_project),
         commands.CorrectionForm, also=_role),
    _act("Corregge il giudizio tecnico", "judge", f"{PROJECT}/judgement/corrections", _for(commands.correct_project),
         commands.CorrectionForm, also=_role),
    _act("Corregge la decisione", "approve", f"{PROJECT}/decision/corrections", _for(commands.correct_project),
         commands.CorrectionForm, also=_role),
    _act("Corregge l'importo di una linea", "budget", "/budgets/{budget_id}/corrections",
         _for(commands.correct_budget), commands.CorrectionForm, also=_role, types={"budget_id": LineId}),
))  # fmt: skip
