"""The three doors as routes: POST /doors/tags, GET /doors/find and /cerca, POST /doors/compose."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from services.intake import doors, labels, views
from shared.store import Store
from shared.web import exports, tickets
from shared.web.app import get_store
from shared.web.pages import Errors, form, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires
from shared.web.signing import BadToken

logger = logging.getLogger(__name__)
router = APIRouter()
OUTSIDE_AT_MOST = 10
NO_STORE = {"cache-control": "no-store"}


class Tags(BaseModel):
    """A page's ticket; `ids` narrows it to those still without a name."""

    ticket: Annotated[str, Field(max_length=200_000)]
    ids: Annotated[list[str], Field(max_length=1000)] | None = None


def _json(values: object) -> Response:
    return Response(orjson.dumps(values), media_type="application/json", headers=NO_STORE)


@router.post("/doors/tags")
async def tags(body: Tags, reader: Reader = requires("intake.tags"), store: Store = Depends(get_store)) -> Response:
    """The names of a page's persons, to the reader whom its ticket names: {"tags": {id: {field: value}}}."""
    try:
        ticket = tickets.read_ticket(body.ticket, reader)
    except BadToken as bad:
        logger.warning("tags refused: %s", bad)
        raise Problem(403, "ticket", "Il permesso di vedere i nomi è scaduto: ricarica la pagina.") from None
    if not doors.may_ask(tickets.service_of(ticket.purpose), ticket.fields):
        raise Problem(403, "fields", "Questa pagina non può chiedere questi dati delle persone.")
    wanted = None if body.ids is None else set(body.ids)
    ids = [each for each in ticket.ids if wanted is None or each in wanted]
    if len(ids) > doors.TAGS_AT_MOST:
        raise Problem(422, "too_many", f"Si possono chiedere al più {doors.TAGS_AT_MOST} nomi alla volta.")
    names = await doors.names(store, reader, ids, purpose=ticket.purpose, fields=ticket.fields)
    return _json({"tags": names})


@router.get("/doors/find")
async def find(
    q: Annotated[str, Query(max_length=100)] = "",
    reader: Reader = requires("intake.find"),
    store: Store = Depends(get_store),
) -> Response:
    """Ids with names of those who match: {"people": [{person_id, name, birth_date}]}."""
    return _json({"people": await doors.find(store, reader, q)})


@router.get("/cerca")
async def search(
    request: Request,
    q: Annotated[str, Query(max_length=100)] = "",
    reader: Reader = requires("intake.find"),
    store: Store = Depends(get_store),
) -> Response:
    """The header's search as a page, with the stage of each person."""
    searched = await doors.search(store, reader, q)
    found = searched.people
    async with store.read() as reading:
        rows, _ = await views.people(reading, {"ids": [p["person_id"] for p in found]}, limit=doors.FOUND_AT_MOST)
    stages = {row["person_id"]: row for row in rows}
    people = [person | {"row": stages.get(person["person_id"])} for person in found]
    return page(
        request, "intake/search.html", title="Cerca una persona", people=people, q=q, labels=labels,
        outside=searched.outside[:OUTSIDE_AT_MOST],
        full=len(people) == doors.FOUND_AT_MOST,
    )  # fmt: skip


class ComposeForm(BaseModel):
    """A document signed by another service."""

    document: Annotated[str, Field(max_length=9_000_000)]


@router.post("/doors/compose")
async def compose(
    request: Request, reader: Reader = requires("intake.compose"), store: Store = Depends(get_store)
) -> Response:
    """The signed table with the names in it, as the file that was asked for."""
    values = await form(request, ComposeForm)
    if isinstance(values, Errors):
        raise Problem(422, "document", "Il documento da comporre manca: torna all'elenco e riprova.")
    try:
        document = tickets.read_document(values.document, reader)
    except BadToken as bad:
        logger.warning("compose refused: %s", bad)
        raise Problem(403, "document", "Il documento da comporre è scaduto: torna all'elenco e riprova.") from None
    if document.template != "table":
        raise Problem(422, "template", "Questo tipo di documento non è previsto.")
    exports.table(document)  # what cannot be composed shows no name and logs no access
    if len(document.slots) > exports.COMPOSED_AT_MOST:
        raise Problem(422, "too_many", "L'elenco è troppo lungo per i nomi: restringi i filtri.")
    names = await doors.compose_names(store, reader, document.slots, document.purpose)
    return await asyncio.to_thread(exports.composed, document, names)
