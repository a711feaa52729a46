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
from services.intake.views.reception import to_complete
from shared import clock
from shared.decisions import Refused
from shared.store import Store
from shared.web.app import command, get_store
from shared.web.pages import Errors, done, form, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()


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


@router.post("/registra")
async def create(
    request: Request, reader: Reader = requires("intake.register"), store: Store = Depends(get_store)
) -> Response:
    """Registers, or shows the form again."""
    values = await form(request, forms.RegisterForm)
    if isinstance(values, Errors):
        return _page(request, None, values, shown=None)
    outcome = await commands.register(store, command(request, reader), values)
    if isinstance(outcome, Refused):
        return _page(request, None, outcome, shown=None)
    return done(request, outcome, to=f"/intake/persone/{outcome.events[0].event.subject}")


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
    shown = await store.version(str(person_id))
    return _page(request, str(person_id), None, values=values, shown=shown)


@router.post("/persone/{person_id}/iscrizione")
async def create_again(
    request: Request,
    person_id: UUID,
    reader: Reader = requires("intake.register"),
    store: Store = Depends(get_store),
) -> Response:
    """A new episode of the same person."""
    values = await form(request, forms.RegisterForm)
    shown = await store.version(str(person_id))
    if not shown:
        raise Problem(404, "no_person", "Questa persona non è iscritta.")
    if isinstance(values, Errors):
        return _page(request, str(person_id), values, shown=shown)
    outcome = await commands.register(store, command(request, reader), values, str(person_id))
    if isinstance(outcome, Refused):
        return _page(request, str(person_id), outcome, shown=shown)
    return done(request, outcome, to=f"/intake/persone/{person_id}")


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


@router.post("/registra/rapida")
async def create_quickly(
    request: Request, reader: Reader = requires("intake.register"), store: Store = Depends(get_store)
) -> Response:
    """Registers with what there is; back to the queue where the person came from it."""
    values = await form(request, forms.QuickForm)
    if isinstance(values, Errors):
        return _quick_page(request, values)
    outcome = await register_quickly(store, command(request, reader), values)
    if isinstance(outcome, Refused):
        return _quick_page(request, outcome)
    return done(request, outcome, to=f"/intake/persone/{outcome.events[0].event.subject}")


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
        own=bool(reader.districts), everybody=tutti,
    )  # fmt: skip
