"""The budget: the lines of a year with bars, one line with its history, its amount and its correction."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from services.enterprise import commands, labels, views
from services.enterprise.pages.common import (
    HOME,
    Exporter,
    Formato,
    StoreOf,
    Viewer,
    Year,
    story,
    titled,
    typed,
)
from shared import clock
from shared.corrections import effective
from shared.decisions import Refused
from shared.events.base import Event, Id
from shared.events.enterprise import BudgetId, BudgetSet
from shared.projection import Row
from shared.store import Store
from shared.web.app import command
from shared.web.exports import Column, export
from shared.web.forms import Errors, form
from shared.web.labels import MOTIVES
from shared.web.pages import done, page
from shared.web.problems import Problem
from shared.web.readers import Reader, may, requires

router = APIRouter()
Planner = Annotated[Reader, requires("enterprise.budget")]
COLUMNS = (
    Column("name", "Linea"),
    Column("year", "Anno"),
    Column("source", "Provenienza", labels=labels.SOURCES),
    Column("amount", "Importo", "cents"),
    Column("committed", "Impegnato", "cents"),
    Column("paid", "Pagato", "cents"),
    Column("left", "Residuo", "cents"),
)


@router.get("/budgets")
async def budgets(request: Request, store: StoreOf, reader: Viewer, year: Year = None) -> Response:
    """The lines, and the form for a new one."""
    return await _lines(request, store, year)


async def _lines(
    request: Request, store: Store, year: int | None = None, errors: Errors | Refused | None = None
) -> HTMLResponse:
    async with store.read() as reading:
        rows = await views.budgets(reading, year)
    return page(
        request, "enterprise/budgets.html", title="Bilancio", errors=errors, rows=rows, columns=COLUMNS,
        year=year, sources=labels.SOURCES, values={"year": year or clock.today().year, "on": clock.today()},
    )  # fmt: skip


@router.get("/budgets/export")
async def export_budgets(
    request: Request, store: StoreOf, _: Exporter, formato: Formato, year: Year = None
) -> Response:
    """The lines as a file."""
    async with store.read() as reading:
        rows = await views.budgets(reading, year)
    return await export(request, "bilancio", COLUMNS, rows, formato)


@router.post("/budgets")
async def set_budget(request: Request, store: StoreOf, reader: Planner) -> Response:
    """Gives a line its amount."""
    values = await form(request, commands.BudgetForm)
    if isinstance(values, Errors):
        return await _lines(request, store, errors=values)
    outcome = await commands.set_budget(store, command(request, reader), values)
    if isinstance(outcome, Refused):
        return await _lines(request, store, errors=outcome)
    return done(request, outcome, to=f"{HOME}/budgets/budget-{values.year}-{values.name}")


async def _row(store: Store, budget_id: str) -> Row:
    """The line as it is now, from its own facts: fresh also before the view has seen them."""
    recorded = await store.history(budget_id)
    if not recorded:
        raise Problem(404, "no_budget", "Questa linea di bilancio non esiste.")
    row: Row | None = None
    for fact in effective(recorded):
        row = views.BUDGETS.fold(row, fact.event, fact.meta)
    _, year, name = budget_id.split("-", 2)
    empty = {"year": int(year), "name": name, "source": None, "amount": 0, "committed": 0, "paid": 0}
    return row or empty


@router.get("/budgets/{budget_id}")
async def budget(request: Request, store: StoreOf, reader: Viewer, budget_id: BudgetId) -> Response:
    """One line: what it has, what it is bound to, its history."""
    return await _line(request, store, reader, budget_id)


async def _line(
    request: Request, store: Store, reader: Reader, budget_id: str, errors: Errors | Refused | None = None
) -> HTMLResponse:
    row = await _row(store, budget_id)
    recorded = await store.history(budget_id)
    correctable: dict[type[Event], str] = {BudgetSet: ""} if may(reader, "enterprise.budget") else {}
    async with store.read() as reading:
        funded = [r for r in await views.projects(reading) if r["budget_id"] == budget_id]
        funded = await titled(store, reading, funded)
    base = f"{HOME}/budgets/{budget_id}"
    return page(
        request, "enterprise/budget.html", title=f"Linea {labels.line_name(budget_id)}", errors=errors, row=row,
        budget_id=budget_id, funded=funded, items=story(store, recorded, correctable, base), sources=labels.SOURCES,
        version=recorded[-1].meta.version, trail=(("Bilancio", f"{HOME}/budgets"),),
        values={"on": clock.today(), "amount": typed(row["amount"]), "source": row["source"]},
    )  # fmt: skip


@router.post("/budgets/{budget_id}")
async def change_budget(request: Request, store: StoreOf, reader: Planner, budget_id: BudgetId) -> Response:
    """A later amount for the line."""
    values = await form(request, commands.BudgetForm)
    if isinstance(values, Errors):
        return await _line(request, store, reader, budget_id, values)
    outcome = await commands.set_budget(store, command(request, reader), values)
    if isinstance(outcome, Refused):
        return await _line(request, store, reader, budget_id, outcome)
    return done(request, outcome, to=f"{HOME}/budgets/{budget_id}")


@router.get("/budgets/{budget_id}/facts/{fact_id}")
async def correction(request: Request, store: StoreOf, _: Planner, budget_id: BudgetId, fact_id: Id) -> Response:
    """The form with which an amount is corrected."""
    return await _correction(request, store, budget_id, fact_id, None)


async def _correction(
    request: Request, store: Store, budget_id: str, fact_id: str, errors: Errors | Refused | None
) -> HTMLResponse:
    recorded = await store.history(budget_id)
    fact = next((r for r in effective(recorded) if r.meta.id == fact_id), None)
    if fact is None or not isinstance(fact.event, BudgetSet):
        raise Problem(404, "fact_not_found", "Questo fatto non c'è o è già stato annullato.")
    values: dict[str, Any] = {"happened_on": fact.event.on, "amount": typed(fact.event.amount)}
    return page(
        request, "enterprise/correction.html", title="Correggi l'importo della linea", errors=errors, values=values,
        action=f"{HOME}/budgets/{budget_id}/facts/{fact_id}", fact_id=fact_id, inputs=("happened_on", "amount"),
        motives=MOTIVES, version=recorded[-1].meta.version, choices={},
        trail=(("Bilancio", f"{HOME}/budgets"), (labels.line_name(budget_id), f"{HOME}/budgets/{budget_id}")),
    )  # fmt: skip


@router.post("/budgets/{budget_id}/facts/{fact_id}")
async def correct(request: Request, store: StoreOf, reader: Planner, budget_id: BudgetId, fact_id: Id) -> Response:
    """Corrects it."""
    values = await form(request, commands.CorrectionForm)
    if isinstance(values, Errors):
        return await _correction(request, store, budget_id, fact_id, values)
    by = command(request, reader)
    outcome = await commands.correct_budget(store, by, budget_id, values, role=reader.role)
    if isinstance(outcome, Refused):
        return await _correction(request, store, budget_id, fact_id, outcome)
    return done(request, outcome, to=f"{HOME}/budgets/{budget_id}")
