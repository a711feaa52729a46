"""'Oggi', which is what somebody with a queue wants first, and the list of people with filters."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake import doors, labels, views
from services.intake.domain import parameter
from shared import clock
from shared.projection import Row
from shared.store import Store
from shared.web.app import get_store, name_of
from shared.web.pages import Column, export, page
from shared.web.readers import Reader, may, requires

router = APIRouter()
PER_PAGE = 50
EXPORTED_AT_MOST = 20_000

COLUMNS = (
    Column("person_id", "Persona", "person"),
    Column("stage", "Situazione", labels=labels.STAGES),
    Column("registered_on", "Iscritta il", "date"),
    Column("channel", "Canale", labels=labels.CHANNELS),
    Column("district", "Distretto", labels=labels.DISTRICTS),
    Column("age_band", "Età", labels=labels.AGE_BANDS),
    Column("first_interview_on", "Primo colloquio", "date"),
    Column("in_charge_on", "In carico dal", "date"),
    Column("manager", "Operatore"),
    Column("closed_on", "Chiusa il", "date"),
    Column("outcome", "Esito", labels=labels.OUTCOMES),
)
QUEUES: dict[str, tuple[str, str, str]] = {
    "to_contact": ("Da contattare", "registered_on", "Nessuna persona aspetta il primo contatto."),
    "to_interview": ("Da colloquiare", "registered_on", "Nessun colloquio da fare."),
    "to_decide": ("Da decidere", "last_on", "Nessuna decisione in sospeso."),
    "to_plan": ("In carico, senza piano", "in_charge_on", "Ogni persona in carico ha un piano."),
    "due": ("Azioni del piano scadute", "next_due_on", "Nessuna azione del piano è scaduta."),
    "recently_closed": ("Chiusi di recente", "closed_on", "Nessun percorso chiuso di recente."),
}


def with_names(rows: list[Row]) -> list[dict[str, Any]]:
    """Rows as the tables show them: the case manager's name instead of the account."""
    return [row | {"manager": name_of(row["case_manager"]) if row["case_manager"] else ""} for row in rows]


@router.get("/")
async def today(
    request: Request,
    tutti: bool = False,
    reader: Reader = requires("intake.view"),
    store: Store = Depends(get_store),
) -> Response:
    """The day's queues, of the reader's own districts unless all are asked for."""
    on = clock.today()
    districts = () if tutti else reader.districts
    async with store.read() as reading:
        queues = await views.worklist(reading, on, districts)
    limit = parameter("first_contact_days", on)
    for row in queues["to_contact"]["rows"]:
        row["waiting"] = (on - row["registered_on"]).days
        row["late"] = row["waiting"] > limit
    return page(
        request, "intake/today.html", title="Oggi", queues=queues, names=QUEUES, labels=labels, limit=limit,
        own=bool(reader.districts), everybody=tutti,
    )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


async def _filters(request: Request, reader: Reader, store: Store) -> dict[str, Any]:
    query = request.query_params
    vocabularies = {"stage": labels.STAGES, "district": labels.DISTRICTS, "channel": labels.CHANNELS}
    found: dict[str, Any] = {name: query.get(name) for name, known in vocabularies.items() if query.get(name) in known}
    found["case_manager"] = (query.get("case_manager") or "")[:64]
    found |= {"since": _day(query.get("since", "")), "until": _day(query.get("until", ""))}
    if (words := query.get("q", "").strip()) and may(reader, "intake.find"):
        found["q"] = words[:100]
        found["ids"] = [person["person_id"] for person in await doors.find(store, reader, words[:100])]
    return found


@router.get("/persone")
async def people(
    request: Request,
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    reader: Reader = requires("intake.view"),
    store: Store = Depends(get_store),
) -> Response:
    """The list of people, filtered."""
    filters = await _filters(request, reader, store)
    async with store.read() as reading:
        rows, total = await views.people(reading, filters, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
        managers = await views.case_managers(reading)
    return page(
        request, "intake/people.html", title="Persone", rows=with_names(rows), columns=COLUMNS, total=total,
        number=number, count=-(-total // PER_PAGE), labels=labels, values=filters,
        managers={account: name_of(account) for account in managers}, query=request.url.query,
    )  # fmt: skip


@router.get("/persone/esporta")
async def people_file(
    request: Request,
    formato: Literal["csv", "xlsx"] = "csv",
    reader: Reader = requires("intake.export"),
    store: Store = Depends(get_store),
) -> Response:
    """The same list as a file."""
    filters = await _filters(request, reader, store)
    async with store.read() as reading:
        rows, _ = await views.people(reading, filters, limit=EXPORTED_AT_MOST)
    return await export(request, "persone", COLUMNS, with_names(rows), formato)
