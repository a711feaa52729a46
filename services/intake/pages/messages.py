"""Messages: what went out or would have, the switchboard, a person's wishes, and the page that refuses more."""

from __future__ import annotations

import time
import uuid
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake import commands, doors, forms, labels, views
from services.intake.commands.messages import STOP
from services.intake.domain import person_stream
from services.intake.domain.desks import DESKS, desks_on
from services.intake.domain.messages import CHANNELS, MESSAGING
from services.intake.gateway import Nowhere, Sink, gateways
from services.intake.pages.acts import on_person, person_act
from services.intake.pages.exporting import Filing, filing, list_file
from services.intake.pages.public import CODE, actor
from services.intake.scopes import those_in_scope
from shared import clock
from shared.decisions import Refused
from shared.projection import Row
from shared.store import Command, Store
from shared.web import limits
from shared.web.acts import Act, Ids, page_routes
from shared.web.app import get_store
from shared.web.exports import EXPORTED_AT_MOST
from shared.web.pages import Column, Errors, page
from shared.web.problems import Problem
from shared.web.readers import Reader, anybody, requires

router = APIRouter()
ACTION = "intake.messages"
PER_PAGE = 50
COLUMNS = (
    Column("queued_at", "Quando", "instant"),
    Column("person_id", "Persona", "person"),
    Column("template", "Messaggio", labels=labels.TEMPLATES),
    Column("channel", "Canale", labels=labels.MESSAGE_CHANNELS),
    Column("language", "Lingua", labels=labels.LANGUAGES),
    Column("state", "Stato", labels=labels.MESSAGE_STATES),
    Column("reason", "Motivo", labels=labels.FAILURES),
    Column("again_at", "Di nuovo alle", "instant"),
)
"""What a file has of a message. Its text, which says who the person is, stays on the page."""
STOP_ID = uuid.UUID("5b8d0c5a-7a52-5c4e-8a43-0a4f6d0e7b11")


async def _texts(store: Store, reader: Reader, rows: list[Row]) -> dict[str, dict[str, str]]:
    """The texts that still exist, and the row of the access log that says who read them."""
    seen = set(await those_in_scope(store, reader, ACTION, [row["person_id"] for row in rows]))
    rows = [row for row in rows if row["person_id"] in seen]
    if not rows:
        return {}
    async with store.engine.begin() as conn:
        found = await store.vault.read_many(conn, [row["text"] for row in rows])
        subjects = sorted({row["person_id"] for row in rows if row["text"] in found})
        await doors.log_access(conn, reader, "view", ACTION, subjects, ("messages",))
    return {row["message_id"]: found[row["text"]] for row in rows if row["text"] in found}


async def _page(request: Request, store: Store, reader: Reader, errors: Errors | Refused | None = None) -> Response:
    query = request.query_params
    state, person = _asked(request)
    number = max(int(query.get("page", "1")) if query.get("page", "1").isdigit() else 1, 1)
    async with store.read() as reading:
        rows, total = await views.messages(
            reading, state=state or None, person_id=person, limit=PER_PAGE, offset=(number - 1) * PER_PAGE
        )
    switchboard, version = await store.state(MESSAGING)
    taken = gateways(store.settings)
    return page(
        request, "intake/messages.html", title="Messaggi", errors=errors, rows=rows, total=total, number=number,
        count=-(-total // PER_PAGE), texts=await _texts(store, reader, rows), labels=labels, switchboard=switchboard,
        shown=version, desks={code: desk.name for code, desk in desks_on(clock.today()).items()}, desk_of=DESKS,
        sink=[channel for channel in CHANNELS if isinstance(taken[channel], Sink)],
        nowhere=[channel for channel in CHANNELS if isinstance(taken[channel], Nowhere)],
        values={"stato": state}, person_id=person, columns=COLUMNS,
    )  # fmt: skip


def _asked(request: Request) -> tuple[str, str | None]:
    """The state and the person of the filters."""
    state = request.query_params.get("stato", "")
    return state if state in labels.MESSAGE_STATES else "", _uuid(request.query_params.get("persona", ""))


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


@router.get("/messaggi")
async def messages(
    request: Request,
    stato: Annotated[str, Query(max_length=20)] = "",
    reader: Reader = requires(ACTION),
    store: Store = Depends(get_store),
) -> Response:
    """What went out, waits or failed, with its text; and what goes out at all."""
    return await _page(request, store, reader)


@router.get("/messaggi/esporta")
async def messages_file(out: Filing = filing(ACTION)) -> Response:
    """The same list as a file."""
    state, person = _asked(out.request)
    async with out.store.read() as reading:
        rows, _ = await views.messages(reading, state=state or None, person_id=person, limit=EXPORTED_AT_MOST)
    return await list_file(out, "messaggi", COLUMNS, rows)


async def _again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _page(request, store, reader, errors)


SWITCHES = (
    Act(words="Imposta che cosa parte", action=ACTION, page="/messaggi", api="/messaging", run=commands.set_messaging,
        model=forms.MessagingForm, to="/intake/messaggi"),
)  # fmt: skip
WISHES = (
    person_act("Registra quali messaggi vuole la persona", ACTION, "messaggi", "message-wishes", commands.set_wishes,
               forms.WishesForm),
)  # fmt: skip
page_routes(router, SWITCHES, _again)
page_routes(router, WISHES, on_person)
ACTS = SWITCHES + WISHES


async def _limited(request: Request) -> None:
    limits.COUNTERS.take(CODE, limits.address_of(request), time.monotonic())


async def _stop_page(request: Request, store: Store, code: str, said: bool) -> Response:
    person_id = await commands.person_of_code(store, code)
    state: dict[str, Any] = {}
    if person_id is not None:
        person, _ = await store.state(person_stream(person_id))
        state = {channel: channel not in person.messages.refused for channel in CHANNELS}
    elif not said:
        raise Problem(404, STOP, "Questo indirizzo non vale: rivolgiti allo sportello.")
    return page(
        request, "intake/stop.html", title="Messaggi", code=code, state_of=state, said=said, labels=labels,
        path=f"/intake/messaggi/basta/{code}",
    )  # fmt: skip


@router.get("/messaggi/basta/{code}", dependencies=[anybody(_limited)])
async def stop_page(request: Request, code: str, store: Store = Depends(get_store)) -> Response:
    """The link at the end of each message: which channels to refuse, in four languages, without sign-in."""
    return await _stop_page(request, store, code, said="fatto" in request.query_params)


@router.post("/messaggi/basta/{code}", dependencies=[anybody(_limited)])
async def stop(request: Request, code: str, store: Store = Depends(get_store)) -> Response:
    """The person's wish. The code itself is what entitles: nobody else has it, so no session is asked for."""
    person_id = await commands.person_of_code(store, code)
    if person_id is None:
        raise Problem(404, STOP, "Questo indirizzo non vale: rivolgiti allo sportello.")
    typed = await request.form(max_fields=10)
    for channel in CHANNELS:
        cause = str(uuid.uuid5(STOP_ID, f"{person_id}/{channel}/{await store.version(person_id)}"))
        wanted = channel in typed.getlist("channels")
        await commands.set_wish(store, Command(cause, actor(), clock.now()), person_id, channel, wanted, "person")
    return await _stop_page(request, store, code, said=True)
