"""Placements: running ones, those to extend soon; and one with its extensions and its end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from services.matching import commands, domain, labels, views
from services.matching.commands.forms import CancelForm, EndForm, ExtensionForm
from services.matching.pages.common import (
    Blank,
    FileFormat,
    Of,
    OnlyOf,
    PageNumber,
    StoreOf,
    Wrong,
    company_names,
    fresh,
    submit,
    told,
    with_companies,
)
from services.matching.pages.lists import PLACEMENT
from services.matching.views import PAGE_SIZE, PLACEMENTS, VACANCIES, PlacementState
from shared import clock
from shared.events.matching import Contract
from shared.store import Store
from shared.web.pages import export, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
Viewer = Annotated[Reader, requires("matching.view")]
Placer = Annotated[Reader, requires("matching.place")]
StateFilter = Annotated[PlacementState | None, Blank]
ContractFilter = Annotated[Contract | None, Blank]


@router.get("/inserimenti")
async def placements(
    request: Request,
    store: StoreOf,
    reader: Viewer,
    state: StateFilter = None,
    contract: ContractFilter = None,
    number: PageNumber = 1,
) -> Response:
    """The list of placements."""
    on = clock.today()
    days = domain.parameter("ending_soon_days", on)
    async with store.read() as reading:
        found = await views.placements(
            reading, on, state=state or "running", contract=contract, ending_days=days, page=number
        )
        rows = await with_companies(store, reading, found.rows)
    return page(
        request, "matching/placements.html", title="Inserimenti", labels=labels, columns=PLACEMENT, rows=rows,
        total=found.total, number=number, pages=-(-found.total // PAGE_SIZE), days=days,
        chosen={"state": state or "running", "contract": contract},
    )  # fmt: skip


@router.get("/inserimenti/esporta")
async def placements_file(
    request: Request,
    store: StoreOf,
    reader: Annotated[Reader, requires("matching.export")],
    state: StateFilter = None,
    contract: ContractFilter = None,
    company_id: OnlyOf = None,
    person_id: OnlyOf = None,
    formato: FileFormat = "csv",
) -> Response:
    """The same list as a file; or that of the page of a company or of a candidate."""
    on = clock.today()
    async with store.read() as reading:
        found = await views.placements(
            reading, on, state=state or "running", contract=contract, page=None, company_id=company_id,
            person_id=person_id, ending_days=domain.parameter("ending_soon_days", on),
        )  # fmt: skip
        rows = await with_companies(store, reading, found.rows)
    return await export(request, "inserimenti", PLACEMENT, rows, formato)


async def show(request: Request, store: Store, person_id: str, placement_id: str, errors: Wrong = None) -> Response:
    """One placement."""
    recorded = await store.history(person_id)
    row = fresh(PLACEMENTS, recorded, placement_id)
    facts = told(recorded, lambda event: getattr(event, "placement_id", None) == placement_id)
    if row is None and not facts:
        raise Problem(404, "no_placement", "Questo inserimento non c'è.")
    company, job = "", ""
    if row is not None:
        async with store.read() as reading:
            company = (await company_names(store, reading, [row["company_id"]]))[row["company_id"]]
            vacancy = await reading.row(VACANCIES, row["vacancy_id"]) if row["vacancy_id"] else None
            job = labels.occupation(vacancy["occupation"]) if vacancy else ""
    return page(
        request, "matching/placement.html", title=f"Inserimento {placement_id[:8]}", errors=errors, labels=labels,
        trail=(("Inserimenti", "/matching/inserimenti"),), id=placement_id, person_id=person_id, row=row,
        company=company, job=job, facts=facts, on=clock.today(), shown=recorded[-1].meta.version if recorded else 0,
        here=f"/matching/candidati/{person_id}/inserimenti/{placement_id}",
    )  # fmt: skip


@router.get("/candidati/{person_id}/inserimenti/{placement_id}")
async def placement(request: Request, store: StoreOf, reader: Viewer, person_id: Of, placement_id: Of) -> Response:
    """The placement's page."""
    return await show(request, store, person_id, placement_id)


@router.post("/candidati/{person_id}/inserimenti/{placement_id}/proroga")
async def extend(request: Request, store: StoreOf, reader: Placer, person_id: Of, placement_id: Of) -> Response:
    """The contract is prolonged."""
    return await submit(
        request, reader, ExtensionForm,
        lambda command, values: commands.extend_placement(store, command, person_id, placement_id, values),
        to=lambda _: f"/matching/candidati/{person_id}/inserimenti/{placement_id}",
        again=lambda errors: show(request, store, person_id, placement_id, errors),
    )  # fmt: skip


@router.post("/candidati/{person_id}/inserimenti/{placement_id}/fine")
async def end(request: Request, store: StoreOf, reader: Placer, person_id: Of, placement_id: Of) -> Response:
    """The relationship ended."""
    return await submit(
        request, reader, EndForm,
        lambda command, values: commands.end_placement(store, command, person_id, placement_id, values),
        to=lambda _: f"/matching/candidati/{person_id}/inserimenti/{placement_id}",
        again=lambda errors: show(request, store, person_id, placement_id, errors),
    )  # fmt: skip


@router.post("/candidati/{person_id}/inserimenti/{placement_id}/annulla")
async def cancel(
    request: Request,
    store: StoreOf,
    reader: Annotated[Reader, requires("matching.correct")],
    person_id: Of,
    placement_id: Of,
) -> Response:
    """The placement never started."""
    return await submit(
        request, reader, CancelForm,
        lambda command, values: commands.cancel_placement(store, command, person_id, placement_id, values),
        to=lambda _: f"/matching/candidati/{person_id}/inserimenti/{placement_id}",
        again=lambda errors: show(request, store, person_id, placement_id, errors),
    )  # fmt: skip
