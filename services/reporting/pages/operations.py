"""The platform's own state in plain words: what each service's reader could not handle, and what to do."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.reporting import labels
from services.reporting.pages.common import HOME, Formato, StoreOf
from services.reporting.views import queries
from shared import clock
from shared.cli import request as ask_worker
from shared.projection import Row
from shared.store import Store
from shared.web.exports import Column, export
from shared.web.forms import Errors, form
from shared.web.pages import page
from shared.web.readers import Reader, requires

router = APIRouter()
Operator = Annotated[Reader, requires("reporting.operations")]
Driver = Annotated[Reader, requires("reporting.redrive")]
COLUMNS = (
    Column("service_name", "Servizio"),
    Column("kind_name", "Che cosa"),
    Column("state", "Stato"),
    Column("opened_at", "Da quando", "instant"),
    Column("closed_at", "Risolto", "instant"),
    Column("what", "Perché"),
    Column("todo", "Che cosa fare"),
    Column("place", "Posizione nel registro"),
)
SHOWN = [column for column in COLUMNS if column.key not in ("closed_at", "place")]
"""On the page; the file has all of them."""


class RedriveForm(BaseModel):
    """Nothing to choose: all that is parked is driven again."""


def told(row: Row) -> Row:
    """A trouble with its words."""
    is_open = bool(row["open"])
    return row | {
        "service_name": labels.SERVICES.get(row["service"], row["service"]),
        "kind_name": labels.TROUBLES[row["kind"]] + (f" «{row['view_name']}»" if row["view_name"] else ""),
        "state": state_of(row["kind"], is_open), "what": labels.reason(row["reason"]),
        "todo": todo(row) if is_open else "",
    }  # fmt: skip


def state_of(kind: str, is_open: bool) -> str:
    """Of a rejected record nothing is left to do; of a reader that stopped the log does not say that it goes on."""
    if kind == "rejected":
        return "Da sapere"
    if kind == "stopped" and is_open:
        return "Da verificare"
    return "Aperto" if is_open else "Risolto"


def todo(row: Row) -> str:
    """What to do about it, with the command to run."""
    module = f"python -m services.{row['service']}"
    match row["kind"]:
        case "parked":
            own = "il pulsante qui sopra oppure " if row["service"] == "reporting" else ""
            return f"Rimediata la causa, far riprendere l'evento: {own}«{module} redrive»."
        case "view":
            return f"Corretto il programma, ricostruire la vista: «{module} replay --view {row['view_name']}»."
        case "stopped":
            return stopped(row["reason"], row["place"], module)
        case _:
            return "L'evento non è stato preso: verificare chi può scrivere nel registro."


def stopped(reason: str, place: str, module: str) -> str:
    """A reader stops rather than lose something: what gets it going again depends on the cause."""
    status = f"Lo stato presente lo dice «{module} status»."
    match reason:
        case "newer-version":
            return f"Aggiornare il servizio e riavviarlo. {status}"
        case "too-many-parked":
            return f"Cercare il guasto nel servizio, poi riavviarlo e far riprendere gli eventi. {status}"
        case _:
            return (
                "Verificare il registro e, dopo un ripristino, il servizio che ha scritto l'evento («recover»); se "
                f"l'evento è estraneo, dichiararlo nullo: «{module} skip {place}». {status}"
            )


@router.get("/esercizio")
async def operations(request: Request, store: StoreOf, _: Operator) -> Response:
    """All services, the troubles of all, and reporting's own reader."""
    return await _show(request, store)


async def _show(request: Request, store: Store, asked: bool = False, errors: Errors | None = None) -> HTMLResponse:
    async with store.read() as reading:
        rows = [told(row) for row in await queries.troubles(reading)]
        counts = await queries.open_troubles(reading)
        own = await queries.own_reader(reading)
    now = clock.now()
    services = [
        {"name": words, "service": name}
        | {kind: counts.get((name, kind), 0) for kind in ("parked", "stopped", "view")}
        for name, words in labels.SERVICES.items()
    ]  # fmt: skip
    return page(
        request, "reporting/operations.html", title="Esercizio della piattaforma", rows=rows, columns=SHOWN,
        services=services, own=own, own_reason=labels.reason(own["reason"]), errors=errors,
        waiting_seconds=int((now - own["oldest"]).total_seconds()) if own["oldest"] else 0,
        asked=asked or "chiesto" in request.query_params, export=f"{HOME}/esercizio/export",
    )  # fmt: skip


@router.get("/esercizio/export")
async def export_operations(request: Request, store: StoreOf, _: Operator, formato: Formato) -> Response:
    """The troubles as a file."""
    async with store.read() as reading:
        rows = [told(row) for row in await queries.troubles(reading, limit=10_000)]
    return await export(request, "esercizio", COLUMNS, rows, formato)


@router.post("/esercizio/riprendi")
async def redrive(request: Request, store: StoreOf, reader: Driver) -> Response:
    """Asks reporting's own worker to drive its parked records again."""
    values = await form(request, RedriveForm)
    if isinstance(values, Errors):
        return await _show(request, store, errors=values)
    await ask_worker(store, "redrive", reader.account)
    return RedirectResponse(f"{HOME}/esercizio?chiesto=1", 303)
