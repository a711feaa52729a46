"""Vacancies, and the work on one: selection, shortlist, presentations, placements."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from sqlalchemy import text

from services.matching import commands, domain, labels, views
from services.matching.commands.forms import (
    AnswerForm,
    CloseForm,
    CorrectionForm,
    PlacementForm,
    PresentForm,
    SelectionForm,
    ShortlistForm,
)
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
    vacancy_rows,
)
from services.matching.pages.lists import PROPOSAL_FILE, VACANCY, VACANCY_SHOWN, candidate_rows
from services.matching.views import PAGE_SIZE, VACANCIES
from shared import clock
from shared.events.intake import District
from shared.events.matching import Contract
from shared.projection import Reading
from shared.store import Command, Outcome, Store
from shared.web.pages import export, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
Viewer = Annotated[Reader, requires("matching.view")]
Status = Annotated[Literal["open", "closed", "all"] | None, Blank]
DistrictFilter = Annotated[District | None, Blank]
ContractFilter = Annotated[Contract | None, Blank]
ReadinessFilter = Annotated[Literal["ready", "to_train"] | None, Blank]


@router.get("/ricerche")
async def vacancies(
    request: Request,
    store: StoreOf,
    reader: Viewer,
    status: Status = None,
    district: DistrictFilter = None,
    contract: ContractFilter = None,
    number: PageNumber = 1,
) -> Response:
    """The list of vacancies."""
    on = clock.today()
    async with store.read() as reading:
        found = await views.vacancies(
            reading, on, status=status or "open", district=district, contract=contract, page=number
        )
        rows = await vacancy_rows(store, reading, found.rows)
    return page(
        request, "matching/vacancies.html", title="Ricerche di personale", labels=labels, columns=VACANCY_SHOWN,
        rows=rows,
        total=found.total, number=number, pages=-(-found.total // PAGE_SIZE),
        chosen={"status": status or "open", "district": district, "contract": contract},
    )  # fmt: skip


@router.get("/ricerche/esporta")
async def vacancies_file(
    request: Request,
    store: StoreOf,
    reader: Annotated[Reader, requires("matching.export")],
    status: Status = None,
    district: DistrictFilter = None,
    contract: ContractFilter = None,
    company_id: OnlyOf = None,
    formato: FileFormat = "csv",
) -> Response:
    """The same list as a file; or that of the page of a company."""
    async with store.read() as reading:
        found = await views.vacancies(
            reading, clock.today(), status=status or "open", district=district, contract=contract,
            company_id=company_id, page=None,
        )  # fmt: skip
        rows = await vacancy_rows(store, reading, found.rows)
    return await export(request, "ricerche", VACANCY, rows, formato)


async def _versions(reading: Reading, person_ids: list[str]) -> dict[str, int]:
    """The versions of these people's streams, for the forms that show them."""
    found = await reading.conn.execute(
        text("select stream_id, max(version) from events where stream_id = any(:ids) group by stream_id"),
        {"ids": person_ids},
    )
    return {stream: int(version) for stream, version in found}


async def show(request: Request, store: Store, vacancy_id: str, errors: Wrong = None) -> Response:
    """The vacancy's page. `district` and `readiness` in the address filter whom the shortlist could take."""
    on = clock.today()
    recorded = await store.history(vacancy_id)
    row = fresh(VACANCIES, recorded, vacancy_id)
    if row is None or row["company_id"] is None:
        raise Problem(404, "no_vacancy", "Questa ricerca di personale non c'è, o è stata annullata.")
    vacancy, shown = await store.state(domain.vacancy_stream(vacancy_id))
    district = request.query_params.get("district")
    district = district if district in labels.DISTRICTS else None
    readiness = request.query_params.get("readiness")
    readiness = readiness if readiness in labels.READINESS else None
    seeking = domain.seeking(vacancy, on)
    async with store.read() as reading:
        company = (await company_names(store, reading, [row["company_id"]]))[row["company_id"]]
        proposals = await views.proposals(reading, vacancy_id=vacancy_id)
        addable = []
        if seeking is None and row["selections"]:
            addable = candidate_rows(
                await views.addable(reading, vacancy_id, district=district, readiness=readiness, today=on), on
            )
        versions = await _versions(reading, [one["person_id"] for one in (*proposals, *addable)])
        description = None
        if row["description"]:
            description = (await store.vault.read(reading.conn, row["description"]) or {}).get("text")
    selections = sorted(row["selections"].items(), key=lambda item: item[1], reverse=True)
    return page(
        request, "matching/vacancy.html", title=labels.occupation(row["occupation"]), errors=errors, labels=labels,
        trail=(("Ricerche di personale", "/matching/ricerche"),), id=vacancy_id, row=row, company=company, on=on,
        description=description, seeking=seeking, proposals=proposals, addable=addable, versions=versions,
        selections=selections, shown=shown, facts=told(recorded),
        chosen={"district": district, "readiness": readiness},
        answers=labels.ANSWERS, proposal_columns=PROPOSAL_FILE,
    )  # fmt: skip


@router.get("/ricerche/{vacancy_id}")
async def vacancy(request: Request, store: StoreOf, reader: Viewer, vacancy_id: Of) -> Response:
    """The vacancy's page."""
    return await show(request, store, vacancy_id)


@dataclass(frozen=True)
class Act:
    """One of the vacancy page's forms."""

    path: str
    action: str
    model: type[BaseModel]
    run: Callable[[Store, Command, str, Any], Awaitable[Outcome]]


@dataclass(frozen=True)
class PersonAct:
    """One of the forms about a person on the vacancy's page."""

    path: str
    action: str
    model: type[BaseModel]
    run: Callable[[Store, Command, str, str, Any], Awaitable[Outcome]]


async def _place(store: Store, command: Command, vacancy_id: str, person_id: str, values: Any) -> Outcome:
    placement = values.model_copy(update={"vacancy_id": vacancy_id})
    return await commands.start_placement(store, command, person_id, placement)


ACTS = (
    Act("selezioni", "matching.vacancy", SelectionForm, commands.open_selection),
    Act("chiusura", "matching.vacancy", CloseForm, commands.close_vacancy),
)
PERSON_ACTS = (
    PersonAct("rosa", "matching.shortlist", ShortlistForm, commands.shortlist),
    PersonAct("presentazione", "matching.present", PresentForm, commands.present),
    PersonAct("esito", "matching.present", AnswerForm, commands.answer_presentation),
    PersonAct("inserimento", "matching.place", PlacementForm, _place),
)


def _route(act: Act) -> None:
    allowed = requires(act.action)

    async def post(request: Request, store: StoreOf, vacancy_id: Of, reader: Reader = allowed) -> Response:
        return await submit(
            request, reader, act.model, lambda command, values: act.run(store, command, vacancy_id, values),
            to=lambda _: f"/matching/ricerche/{vacancy_id}",
            again=lambda errors: show(request, store, vacancy_id, errors),
        )  # fmt: skip

    router.add_api_route(f"/ricerche/{{vacancy_id}}/{act.path}", post, methods=["POST"])


def _person_route(act: PersonAct) -> None:
    allowed = requires(act.action)

    async def post(
        request: Request, store: StoreOf, vacancy_id: Of, person_id: Of, reader: Reader = allowed
    ) -> Response:
        return await submit(
            request, reader, act.model,
            lambda command, values: act.run(store, command, vacancy_id, person_id, values),
            to=lambda _: f"/matching/ricerche/{vacancy_id}#rosa",
            again=lambda errors: show(request, store, vacancy_id, errors),
        )  # fmt: skip

    router.add_api_route(f"/ricerche/{{vacancy_id}}/candidati/{{person_id}}/{act.path}", post, methods=["POST"])


for _act in ACTS:
    _route(_act)
for _person_act in PERSON_ACTS:
    _person_route(_person_act)


@router.post("/ricerche/{vacancy_id}/correggi/{fact_id}")
async def correct(
    request: Request,
    store: StoreOf,
    reader: Annotated[Reader, requires("matching.correct")],
    vacancy_id: Of,
    fact_id: Of,
) -> Response:
    """A fact of the vacancy was wrong."""

    def target(outcome: Outcome) -> str:
        return f"/matching/ricerche/{vacancy_id}#storia"

    return await submit(
        request, reader, CorrectionForm,
        lambda command, values: commands.correct_vacancy(store, command, vacancy_id, fact_id, values),
        to=target, again=lambda errors: show(request, store, vacancy_id, errors),
    )  # fmt: skip
