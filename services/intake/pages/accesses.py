"""Who saw this person, what somebody looked at, and who signed in: for the data protection officer."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.accesses import Asked, looks, sign_ins
from services.intake.domain import parameter
from shared import clock
from shared.projection.aliases import group
from shared.store import Store
from shared.web import desk_labels
from shared.web.app import get_store, name_of
from shared.web.pages import page
from shared.web.readers import Reader, actions, requires, roles

router = APIRouter()
PER_PAGE = 50
SHOWN_PEOPLE = 20
"""How many of a row's persons a list shows; the row has all."""


def _asked(request: Request, people: tuple[str, ...] = ()) -> tuple[Asked, dict[str, Any]]:
    """What the filters say: the last thirty days unless asked otherwise."""
    query = request.query_params
    today = clock.today()
    since = _day(query.get("dal"), today - timedelta(days=30))
    until = _day(query.get("al"), today)
    account = (query.get("operatore") or "").strip()[:64] or None
    values = {"dal": since, "al": until, "operatore": account or "", "persona": people[0] if people else ""}
    return Asked(_at(since), _at(until + timedelta(days=1)), account, people), values


def _day(typed: str | None, otherwise: date) -> date:
    try:
        found = date.fromisoformat(typed) if typed else otherwise
    except ValueError:
        return otherwise
    return min(max(found, date(2017, 1, 1)), date(2100, 1, 1))


def _at(day: date) -> datetime:
    return datetime.combine(day, time(), clock.ROME)


def purpose_words(purpose: str) -> str:
    """What an access was for: the action's own words."""
    return actions().get(purpose, purpose)


@router.get("/accessi")
async def accesses(
    request: Request,
    persona: UUID | None = None,
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
    reader: Reader = requires("intake.accesses"),
    store: Store = Depends(get_store),
) -> Response:
    """The access log, of a person or of an operator."""
    people: tuple[str, ...] = ()
    if persona is not None:
        async with store.read() as reading:
            people = await group(reading, str(persona))
    asked, values = _asked(request, people)
    rows, total = await looks(store, asked, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
    return page(
        request, "intake/accesses.html", title="Chi ha visto i dati", rows=rows, total=total, number=number,
        count=-(-total // PER_PAGE), values=values, people=people, name_of=name_of, roles=roles(),
        what=desk_labels.ACCESS_ACTIONS, fields_words=desk_labels.ACCESS_FIELDS, purpose=purpose_words,
        shown_people=SHOWN_PEOPLE, days=parameter("access_log_days", clock.today()),
    )  # fmt: skip


@router.get("/accessi/utenti")
async def users(
    request: Request,
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
    reader: Reader = requires("intake.accesses"),
    store: Store = Depends(get_store),
) -> Response:
    """Who signed in, was refused or signed out."""
    asked, values = _asked(request)
    rows, total = await sign_ins(store, asked, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
    return page(
        request, "intake/sign_ins.html", title="Accessi degli utenti", rows=rows, total=total, number=number,
        count=-(-total // PER_PAGE), values=values, name_of=name_of, roles=roles(), events=desk_labels.SIGN_IN_EVENTS,
        days=parameter("sign_in_days", clock.today()),
    )  # fmt: skip
