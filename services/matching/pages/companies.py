"""Companies of the network: list, card, new vacancy."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.matching import commands, labels, views
from services.matching.commands.forms import CancelForm, CompanyCorrectionForm, CompanyForm, VacancyForm
from services.matching.pages.common import (
    Blank,
    FileFormat,
    Of,
    PageNumber,
    StoreOf,
    Wrong,
    first_subject,
    fresh,
    submit,
    told,
    vacancy_rows,
    with_companies,
)
from services.matching.pages.lists import COMPANY, PLACEMENT, VACANCY_SHOWN
from services.matching.views import COMPANIES, PAGE_SIZE
from shared import clock
from shared.events.intake import District
from shared.projection import Reading, Row
from shared.store import Store
from shared.web.pages import export, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
Viewer = Annotated[Reader, requires("matching.view")]
Registrar = Annotated[Reader, requires("matching.company")]
DistrictFilter = Annotated[District | None, Blank]
Words = Annotated[str, Query(max_length=100)]
BoardFilter = Annotated[bool | None, Blank]
TRAIL = (("Aziende", "/matching/aziende"),)


async def directory(
    store: Store, reading: Reading, *, district: District | None = None, board: bool | None = None, words: str = ""
) -> list[Row]:
    """The network by name, with what the cards say; `words` must all stand in name or VAT number."""
    rows = await views.companies(reading, district=district, board=board)
    opened = await store.vault.read_many(reading.conn, [row["card"] for row in rows if row["card"]])
    empty: dict[str, Any] = {"name": "", "vat_number": ""}
    named = [row | {**empty, **opened.get(row["card"], {})} for row in rows]
    parts = words.casefold().split()
    found = [row for row in named if all(part in f"{row['name']} {row['vat_number']}".casefold() for part in parts)]
    return sorted(found, key=lambda row: (row["name"].casefold(), row["company_id"]))


@router.get("/aziende")
async def companies(
    request: Request,
    store: StoreOf,
    reader: Viewer,
    district: DistrictFilter = None,
    board: BoardFilter = None,
    q: Words = "",
    number: PageNumber = 1,
) -> Response:
    """The list of companies."""
    async with store.read() as reading:
        rows = await directory(store, reading, district=district, board=board, words=q)
    start = (number - 1) * PAGE_SIZE
    return page(
        request, "matching/companies.html", title="Aziende", labels=labels, columns=COMPANY,
        rows=rows[start : start + PAGE_SIZE], total=len(rows), number=number, pages=-(-len(rows) // PAGE_SIZE),
        chosen={"district": district, "board": board, "q": q},
    )  # fmt: skip


@router.get("/aziende/esporta")
async def companies_file(
    request: Request,
    store: StoreOf,
    reader: Annotated[Reader, requires("matching.export")],
    district: DistrictFilter = None,
    board: BoardFilter = None,
    q: Words = "",
    formato: FileFormat = "csv",
) -> Response:
    """The same list as a file."""
    async with store.read() as reading:
        rows = await directory(store, reading, district=district, board=board, words=q)
    return await export(request, "aziende", COMPANY, rows, formato)


async def _new(request: Request, errors: Wrong = None) -> Response:
    return page(
        request, "matching/company_form.html", title="Nuova azienda", trail=TRAIL, labels=labels, errors=errors,
        action="/matching/aziende/nuova", shown=0, correcting=False, values={"on": clock.today()},
    )  # fmt: skip


@router.get("/aziende/nuova")
async def new_company(request: Request, reader: Registrar) -> Response:
    """The form of a company that joins."""
    return await _new(request)


@router.post("/aziende/nuova")
async def register_company(request: Request, store: StoreOf, reader: Registrar) -> Response:
    """A company joins the network."""
    return await submit(
        request, reader, CompanyForm, lambda command, values: commands.register_company(store, command, values),
        to=lambda outcome: f"/matching/aziende/{first_subject(outcome)}",
        again=lambda errors: _new(request, errors),
    )  # fmt: skip


async def _card(store: Store, company_id: str) -> tuple[Row, dict[str, Any], int]:
    """The company as it is now, its card, its version. Raises Problem 404."""
    recorded = await store.history(company_id)
    row = fresh(COMPANIES, recorded, company_id)
    if row is None or row["card"] is None:
        raise Problem(404, "no_company", "Questa azienda non è nella rete, o è stata annullata.")
    async with store.engine.connect() as conn:
        card = await store.vault.read(conn, row["card"])
    return row, card or {}, recorded[-1].meta.version


async def show(request: Request, store: Store, company_id: str, errors: Wrong = None) -> Response:
    """The company's page."""
    on = clock.today()
    row, card, shown = await _card(store, company_id)
    recorded = await store.history(company_id)
    async with store.read() as reading:
        found = await views.vacancies(reading, on, status="all", company_id=company_id, page=None)
        vacancies = await vacancy_rows(store, reading, found.rows)
        placed = await views.placements(reading, on, state="all", company_id=company_id, page=None)
        placements = await with_companies(store, reading, placed.rows)
    return page(
        request, "matching/company.html", title=card.get("name") or f"Azienda {company_id[:8]}", trail=TRAIL,
        errors=errors, labels=labels, id=company_id, row=row, card=card, shown=shown, facts=told(recorded),
        vacancies=vacancies, vacancy_columns=VACANCY_SHOWN, placements=placements, placement_columns=PLACEMENT,
    )  # fmt: skip


@router.get("/aziende/{company_id}")
async def company(request: Request, store: StoreOf, reader: Viewer, company_id: Of) -> Response:
    """The company's page."""
    return await show(request, store, company_id)


async def _edit(request: Request, store: Store, company_id: str, errors: Wrong = None) -> Response:
    row, card, shown = await _card(store, company_id)
    values = {**row, **card, "on": row["registered_on"]}
    return page(
        request, "matching/company_form.html", title="Correggi la scheda", labels=labels, errors=errors,
        trail=(*TRAIL, (card.get("name", "Azienda"), f"/matching/aziende/{company_id}")), shown=shown,
        action=f"/matching/aziende/{company_id}/scheda", correcting=True, values=values,
    )  # fmt: skip


@router.get("/aziende/{company_id}/scheda")
async def edit_company(
    request: Request, store: StoreOf, reader: Annotated[Reader, requires("matching.correct")], company_id: Of
) -> Response:
    """The form that corrects a company's card."""
    return await _edit(request, store, company_id)


@router.post("/aziende/{company_id}/scheda")
async def correct_company(
    request: Request, store: StoreOf, reader: Annotated[Reader, requires("matching.correct")], company_id: Of
) -> Response:
    """The company's card, corrected."""
    return await submit(
        request, reader, CompanyCorrectionForm,
        lambda command, values: commands.correct_company(store, command, company_id, values),
        to=lambda _: f"/matching/aziende/{company_id}",
        again=lambda errors: _edit(request, store, company_id, errors),
    )  # fmt: skip


@router.post("/aziende/{company_id}/annulla")
async def cancel_company(
    request: Request, store: StoreOf, reader: Annotated[Reader, requires("matching.correct")], company_id: Of
) -> Response:
    """The company never joined."""
    return await submit(
        request, reader, CancelForm,
        lambda command, values: commands.cancel_company(store, command, company_id, values),
        to=lambda _: "/matching/aziende",
        again=lambda errors: show(request, store, company_id, errors),
    )  # fmt: skip


async def _new_vacancy(request: Request, store: Store, company_id: str, errors: Wrong = None) -> Response:
    _, card, _ = await _card(store, company_id)
    return page(
        request, "matching/vacancy_form.html", title="Nuova ricerca di personale", labels=labels, errors=errors,
        trail=(*TRAIL, (card.get("name", "Azienda"), f"/matching/aziende/{company_id}")), id=company_id,
        values={"on": clock.today(), "positions": 1},
    )  # fmt: skip


@router.get("/aziende/{company_id}/nuova-ricerca")
async def new_vacancy(
    request: Request, store: StoreOf, reader: Annotated[Reader, requires("matching.vacancy")], company_id: Of
) -> Response:
    """The form of a new vacancy."""
    return await _new_vacancy(request, store, company_id)


@router.post("/aziende/{company_id}/nuova-ricerca")
async def open_vacancy(
    request: Request, store: StoreOf, reader: Annotated[Reader, requires("matching.vacancy")], company_id: Of
) -> Response:
    """The company looks for people."""
    return await submit(
        request, reader, VacancyForm, lambda command, values: commands.open_vacancy(store, command, values),
        to=lambda outcome: f"/matching/ricerche/{first_subject(outcome)}",
        again=lambda errors: _new_vacancy(request, store, company_id, errors),
    )  # fmt: skip
