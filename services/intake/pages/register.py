"""Assisted registration: whole, or quick while others wait; and a known person's new episode."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request, Response

from services.intake import commands, forms, labels, tax_code
from services.intake.commands.reception import register_quickly
from services.intake.domain.desks import desks_on
from services.intake.finding import Duplicate
from services.intake.pages import person as person_pages
from services.intake.pages.acts import person_act
from services.intake.pages.exporting import Filing, filing, list_file
from services.intake.views.reception import to_complete
from shared import clock
from shared.decisions import Refused
from shared.store import Command, Outcome, Store
from shared.web.acts import Act, Ids, page_routes
from shared.web.app import get_store
from shared.web.exports import EXPORTED_AT_MOST
from shared.web.pages import Column, Errors, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
TO_COMPLETE = (
    Column("person_id", "Persona", "person"),
    Column("registered_on", "Iscritta il", "date"),
    Column("district", "Distretto", labels=labels.DISTRICTS),
    Column("missing", "Manca", labels=labels.TO_COMPLETE),
)


def _page(request: Request, person_id: str | None, errors: Errors | Refused | None, **context: Any) -> Response:
    people = errors.people if isinstance(errors, Duplicate) else ()
    return page(
        request, "intake/register.html", title="Nuova iscrizione", errors=errors, labels=labels, known=person_id,
        countries=tax_code.countries(), duplicates=people, **context,
    )  # fmt: skip


@router.get("/registra")
async def new(request: Request, reader: Reader = requires("intake.register")) -> Response:
    """The empty form."""
    values = {"on": clock.today(), "citizenship": tax_code.ITALY}
    return _page(request, None, None, values=values, shown=None)


@router.get("/persone/{person_id}/iscrizione")
async def again(
    request: Request,
    person_id: UUID,
    reader: Reader = requires("intake.register"),
    store: Store = Depends(get_store),
) -> Response:
    """The form for somebody who comes back: what is known is filled in."""
    known = await person_pages.known_values(store, reader, str(person_id))
    values = known | {"on": clock.today(), "another_person": True}
    return _page(request, str(person_id), None, values=values, shown=await store.version(str(person_id)))


# Quick registration


def _quick_page(request: Request, errors: Errors | Refused | None, **context: Any) -> Response:
    people = errors.people if isinstance(errors, Duplicate) else ()
    return page(
        request, "intake/quick.html", title="Iscrizione rapida", errors=errors, labels=labels,
        countries=tax_code.countries(), duplicates=people, action="/intake/registra/rapida", **context,
    )  # fmt: skip


@router.get("/registra/rapida")
async def quick(request: Request, reader: Reader = requires("intake.register")) -> Response:
    """The form with the fewest fields; `sportello` and `visita` say who in a queue it is for."""
    query = request.query_params
    desk = desks_on(clock.today()).get(query.get("sportello", ""))
    values = {
        "on": clock.today(), "citizenship": tax_code.ITALY, "channel": desk.channel if desk else None,
        "desk": desk.code if desk else None, "visit": query.get("visita") if desk else None,
    }  # fmt: skip
    return _quick_page(request, None, values=values)


async def _again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    if person_id := ids.get("person_id"):
        return _page(request, person_id, errors, shown=await _shown(store, person_id))
    return _page(request, None, errors, shown=None)


async def _quick_again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return _quick_page(request, errors)


async def _shown(store: Store, person_id: str) -> int:
    shown = await store.version(person_id)
    if not shown:
        raise Problem(404, "no_person", "Questa persona non è iscritta.")
    return shown


async def _register_again(store: Store, by: Command, person_id: str, values: forms.RegisterForm) -> Outcome:
    await _shown(store, person_id)
    return await commands.register(store, by, values, person_id)


def _to_person(outcome: Any, _: Ids) -> str:
    return f"/intake/persone/{outcome.events[0].event.subject}"


WHOLE = (
    Act(words="Iscrive una persona", action="intake.register", page="/registra", api="/people", to=_to_person,
        run=commands.register, model=forms.RegisterForm),
    person_act("Iscrive di nuovo una persona conosciuta", "intake.register", "iscrizione", "registrations",
               _register_again, forms.RegisterForm),
)  # fmt: skip
QUICK = (
    Act(words="Iscrive una persona con i dati indispensabili", action="intake.register", page="/registra/rapida",
        api="/quick-registrations", to=_to_person, run=register_quickly, model=forms.QuickForm),
)  # fmt: skip
page_routes(router, WHOLE, _again)
page_routes(router, QUICK, _quick_again)
ACTS = WHOLE + QUICK


@router.get("/luoghi/{code}")
async def place(code: str, reader: Reader = requires("intake.register")) -> Response:
    """The name that a cadastral code has today: {"name": ...}, empty if it has none."""
    return Response(orjson.dumps({"name": tax_code.place_name(code)}), media_type="application/json")


@router.get("/da-completare")
async def incomplete(
    request: Request,
    tutti: bool = False,
    reader: Reader = requires("intake.register"),
    store: Store = Depends(get_store),
) -> Response:
    """Who was registered quickly and still lacks something, of the reader's own districts unless all are asked."""
    async with store.read() as reading:
        rows = await to_complete(reading, () if tutti else reader.districts)
    return page(
        request, "intake/to_complete.html", title="Iscrizioni da completare", rows=rows, labels=labels,
        own=bool(reader.districts), everybody=tutti, columns=TO_COMPLETE,
    )  # fmt: skip


@router.get("/da-completare/esporta")
async def incomplete_file(tutti: bool = False, out: Filing = filing("intake.register")) -> Response:
    """The same list as a file."""
    async with out.store.read() as reading:
        rows = await to_complete(reading, () if tutti else out.reader.districts, EXPORTED_AT_MOST)
    return await list_file(out, "da-completare", TO_COMPLETE, rows)
