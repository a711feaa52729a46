"""The lists: projects by state, payments, people, what must be published; each can be downloaded."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.enterprise import labels, views
from services.enterprise.pages.common import PAGE, Exporter, Formato, PageNumber, StoreOf, Viewer, Year, titled
from services.enterprise.scopes import seen
from shared import clock
from shared.events.base import Id
from shared.events.enterprise import Kind
from shared.projection import Row
from shared.store import Store
from shared.web.exports import Column, export
from shared.web.labels import OUTCOMES
from shared.web.pages import page
from shared.web.readers import Reader, may

router = APIRouter()
Status = Literal["all", "to_judge", "to_decide", "to_pay", "paid", "unsuitable", "refused"]
Planned = Annotated[Literal["true", "false"] | None, Query()]
TABS = ("to_judge", "to_decide", "to_pay", "paid", "unsuitable", "refused")
PROJECT_COLUMNS = {
    "title": Column("title", "Progetto"),
    "person_id": Column("person_id", "Persona", "person"),
    "organisation": Column("organisation", "Impresa sociale"),
    "kind": Column("kind", "Tipo", labels=labels.KINDS),
    "submitted_on": Column("submitted_on", "Domanda", "date"),
    "requested": Column("requested", "Richiesto", "cents"),
    "judged_on": Column("judged_on", "Giudizio", "date"),
    "score": Column("score", "Punti", "int"),
    "decided_on": Column("decided_on", "Decisione", "date"),
    "approved": Column("approved", "Approvato", "cents"),
    "paid": Column("paid", "Pagato", "cents"),
    "refused": Column("refused", "Motivo", labels=labels.REASONS),
    "closed_on": Column("closed_on", "Percorso chiuso", "date"),
    "status": Column("status", "Stato", labels=labels.STATUSES),
}
WHO = ("title", "person_id", "organisation")
SHOWN = {
    "to_judge": (*WHO, "kind", "submitted_on", "requested", "closed_on"),
    "to_decide": (*WHO, "kind", "judged_on", "score", "requested", "closed_on"),
    "to_pay": (*WHO, "decided_on", "approved", "paid", "closed_on"),
    "paid": (*WHO, "decided_on", "approved", "paid"),
    "unsuitable": (*WHO, "kind", "judged_on", "score"),
    "refused": (*WHO, "kind", "decided_on", "refused"),
    "all": (*WHO, "submitted_on", "requested", "approved", "status"),
}
"""What each queue needs to see; the download has everything."""
EXPORT_COLUMNS = (
    Column("project_id", "Codice"),
    *PROJECT_COLUMNS.values(),
    Column("closed_outcome", "Esito del percorso", labels=OUTCOMES),
    Column("sector", "Settore", labels=labels.SECTORS),
    Column("jobs", "Posti di lavoro previsti", "int"),
    Column("outcome", "Giudizio", labels=labels.JUDGEMENTS),
    Column("budget_id", "Linea di bilancio"),
    Column("paid_on", "Ultimo pagamento", "date"),
)
PAYMENT_COLUMNS = (
    Column("order", "Mandato"),
    Column("paid_on", "Pagato il", "date"),
    Column("title", "Progetto"),
    Column("line", "Linea"),
    Column("amount", "Importo", "cents"),
)
PEOPLE_COLUMNS = (
    Column("person_id", "Persona", "person"),
    Column("status", "Situazione", labels=labels.PEOPLE),
    Column("planned", "Impresa nel piano", "bool"),
    Column("taken_on", "In carico dal", "date"),
    Column("case_manager_name", "Operatore di riferimento"),
    Column("projects", "Progetti", "int"),
)
PUBLISHED_COLUMNS = (
    Column("decided_on", "Data dell'atto", "date"),
    Column("beneficiary", "Beneficiario"),
    Column("tax_code", "Codice fiscale o partita IVA"),
    Column("approved", "Importo", "cents"),
    Column("basis", "Norma o titolo"),
    Column("office", "Ufficio e responsabile del procedimento"),
    Column("method", "Modalità di individuazione"),
    Column("public_title", "Progetto"),
)
BASIS = "Protocollo «Insieme per il lavoro», linea 3: autoimprenditorialità e innovazione sociale"
OFFICE = "Area sviluppo economico della Città metropolitana di Bologna"
METHOD = "Giudizio tecnico del Comitato di valutazione e approvazione del Comitato di gestione"
REDACTED = "Persona fisica, identità omessa (D.Lgs. 33/2013, art. 26 c. 4)"


def own_queue(reader: Reader) -> str:
    """The state that waits for this reader: what their list opens on."""
    if may(reader, "enterprise.judge"):
        return "to_judge"
    return "to_decide" if may(reader, "enterprise.approve") else "all"


@router.get("/")
async def projects(
    request: Request, store: StoreOf, reader: Viewer, status: Status | None = None, kind: Kind | None = None,
    year: Year = None, person: Id | None = None, page_number: PageNumber = 1,
) -> Response:  # fmt: skip
    """Projects by state, opened on the reader's own queue."""
    shown = status or ("all" if person else own_queue(reader))
    async with store.read() as reading:
        among = await seen(reading, reader)
        counts = await views.count_by_status(reading, kind=kind, year=year, person_id=person, among=among)
        rows = await views.projects(
            reading, status=None if shown == "all" else shown, kind=kind, year=year, person_id=person,
            limit=PAGE, offset=(page_number - 1) * PAGE, among=among,
        )  # fmt: skip
        rows = await titled(store, reading, rows)
    total = sum(counts.values()) if shown == "all" else counts.get(shown, 0)
    return page(
        request, "enterprise/projects.html", title="Progetti d'impresa", rows=rows, shown=shown,
        columns=[PROJECT_COLUMNS[name] for name in SHOWN[shown]], total=total, counts=counts, tabs=TABS,
        statuses=labels.STATUSES, kinds=labels.KINDS,
        number=page_number, pages=-(-total // PAGE), person_id=person,
        values={"kind": kind, "year": year, "person": person},
    )  # fmt: skip


@router.get("/projects/export")
async def export_projects(
    request: Request, store: StoreOf, _: Exporter, formato: Formato, status: Status = "all",
    kind: Kind | None = None, year: Year = None, person: Id | None = None,
) -> Response:  # fmt: skip
    """The list as it is filtered, whole."""
    async with store.read() as reading:
        rows = await views.projects(
            reading, status=None if status == "all" else status, kind=kind, year=year, person_id=person
        )
        rows = await titled(store, reading, rows)
    return await export(request, "progetti", EXPORT_COLUMNS, rows, formato)


async def _payments(store: Store, reader: Reader, year: int | None) -> list[Row]:
    async with store.read() as reading:
        rows, among = await views.payments(reading, year), await seen(reading, reader)
        if among is not None:
            rows = [row for row in rows if row["project_id"] in set(among)]
        cards = await views.cards(reading, [row["project_id"] for row in rows])
        named = await titled(store, reading, [row | {"card": cards.get(row["project_id"])} for row in rows])
    return [row | {"line": labels.line_name(row["budget_id"])} for row in named]


@router.get("/payments")
async def payments(request: Request, store: StoreOf, reader: Viewer, year: Year = None) -> Response:
    """Payments, the latest first."""
    rows = await _payments(store, reader, year)
    return page(
        request, "enterprise/payments.html", title="Pagamenti", rows=rows, columns=PAYMENT_COLUMNS,
        values={"year": year}, year=year,
    )  # fmt: skip


@router.get("/payments/export")
async def export_payments(
    request: Request, store: StoreOf, reader: Exporter, formato: Formato, year: Year = None
) -> Response:
    """All payments of the year."""
    return await export(request, "pagamenti", PAYMENT_COLUMNS, await _payments(store, reader, year), formato)


@router.get("/people")
async def people(
    request: Request, store: StoreOf, _: Viewer, planned: Planned = None, person: Id | None = None,
    page_number: PageNumber = 1,
) -> Response:  # fmt: skip
    """People in charge: those whose plan names this line first."""
    async with store.read() as reading:
        rows = await views.people(
            reading, status=None if person else "in_charge", planned=None if planned is None else planned == "true",
            person_id=person, limit=PAGE, offset=(page_number - 1) * PAGE,
        )  # fmt: skip
    total = rows[0]["total"] if rows else 0
    return page(
        request, "enterprise/people.html", title="Persone in carico", rows=_named(store, rows),
        columns=PEOPLE_COLUMNS, planned_labels=labels.PLANNED, number=page_number, pages=-(-total // PAGE),
        total=total, values={"planned": planned}, planned=planned,
    )  # fmt: skip


@router.get("/people/export")
async def export_people(
    request: Request, store: StoreOf, _: Exporter, formato: Formato, planned: Planned = None
) -> Response:
    """People in charge, as filtered."""
    async with store.read() as reading:
        rows = await views.people(reading, planned=None if planned is None else planned == "true")
    return await export(request, "persone-in-carico", PEOPLE_COLUMNS, _named(store, rows), formato)


def _named(store: Store, rows: list[Row]) -> list[Row]:
    return [
        row | {"case_manager_name": store.name_of(row["case_manager"]) if row["case_manager"] else ""} for row in rows
    ]


async def _published(store: Store, year: int) -> list[Row]:
    async with store.read() as reading:
        rows = await titled(store, reading, await views.grants(reading, year, clock.today()))
    fixed = {"basis": BASIS, "office": OFFICE, "method": METHOD}
    return [row | fixed | _beneficiary(row) for row in rows]


def _beneficiary(row: Row) -> Row:
    if row["natural"]:
        return {"beneficiary": REDACTED, "tax_code": None, "public_title": f"Pratica {row['project_id'][:8]}"}
    name = row["organisation"] or f"Persona {(row['person_id'] or '')[:8]}"
    return {"beneficiary": name, "tax_code": row["tax_code"], "public_title": row["title"]}


@router.get("/publication")
async def publication(request: Request, store: StoreOf, _: Viewer, year: Year = None) -> Response:
    """The list of art. 27 D.Lgs. 33/2013 for a year."""
    chosen = year or clock.today().year
    return page(
        request, "enterprise/publication.html", title=f"Atti da pubblicare nel {chosen}", year=chosen,
        rows=await _published(store, chosen), columns=PUBLISHED_COLUMNS, years=_years(), values={"year": chosen},
    )  # fmt: skip


@router.get("/publication/export")
async def export_publication(
    request: Request, store: StoreOf, _: Exporter, formato: Formato, year: Year = None
) -> Response:
    """The same as a file for the transparency site."""
    chosen = year or clock.today().year
    name = f"sovvenzioni-{chosen}"
    return await export(request, name, PUBLISHED_COLUMNS, await _published(store, chosen), formato)


def _years(today: date | None = None) -> dict[str, str]:
    last = (today or clock.today()).year
    return {str(year): str(year) for year in range(last, 2016, -1)}
