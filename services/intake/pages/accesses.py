"""Who saw this person, what somebody looked at, and who signed in: for the data protection officer."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.accesses import Asked, looks, looks_by_person, sign_ins
from services.intake.domain import parameter
from services.intake.pages.exporting import Filing, filing, list_file
from shared import clock
from shared.projection.aliases import group
from shared.store import Store
from shared.web import desk_labels
from shared.web.app import get_store, name_of
from shared.web.exports import EXPORTED_AT_MOST
from shared.web.pages import Column, page
from shared.web.problems import Problem
from shared.web.readers import Reader, actions, requires, roles

router = APIRouter()
PER_PAGE = 50
TOO_MANY = "Il file avrebbe troppe righe, una per ogni persona: restringi le date, o scegli un utente o una persona."
WHO = (
    Column("name", "Chi"),
    Column("account", "Utente"),
    Column("role_words", "Ruolo"),
    Column("organisation", "Ente"),
)
LOOKS = (
    Column("at", "Quando", "instant"),
    *WHO,
    Column("action", "Che cosa", labels=desk_labels.ACCESS_ACTIONS),
    Column("fields", "Dati", labels=desk_labels.ACCESS_FIELDS),
    Column("purpose_words", "Per"),
    Column("person_id", "Persona", "person"),
)
"""A line for each person whom an access concerns."""
SIGN_INS = (
    Column("at", "Quando", "instant"),
    Column("event", "Che cosa", labels=desk_labels.SIGN_IN_EVENTS),
    Column("reason", "Motivo"),
    *WHO,
    Column("way", "Come"),
    Column("address", "Da dove"),
)


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


def _who(row: dict[str, Any]) -> dict[str, Any]:
    role = row["role"] or ""
    return row | {"name": name_of(row["account"]) if row["account"] else "", "role_words": roles().get(role, role)}


async def _known_as(store: Store, persona: UUID | None) -> tuple[str, ...]:
    """All ids of the person asked for; none if all people are."""
    if persona is None:
        return ()
    async with store.read() as reading:
        return await group(reading, str(persona))


@router.get("/accessi")
async def accesses(
    request: Request,
    persona: UUID | None = None,
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
    reader: Reader = requires("intake.accesses"),
    store: Store = Depends(get_store),
) -> Response:
    """The access log, of a person or of an operator."""
    people = await _known_as(store, persona)
    asked, values = _asked(request, people)
    rows, total = await looks(store, asked, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
    return page(
        request, "intake/accesses.html", title="Chi ha visto i dati", rows=rows, total=total, number=number,
        count=-(-total // PER_PAGE), values=values, people=people, name_of=name_of, roles=roles(),
        what=desk_labels.ACCESS_ACTIONS, fields_words=desk_labels.ACCESS_FIELDS, purpose=purpose_words,
        days=parameter("access_log_days", clock.today()), columns=LOOKS,
    )  # fmt: skip


@router.get("/accessi/esporta")
async def accesses_file(persona: UUID | None = None, out: Filing = filing("intake.accesses")) -> Response:
    """The same list as a file, the latest first, with a line for each person. Whole or not at all: one access to a long
    list concerns thousands."""
    asked, _ = _asked(out.request, await _known_as(out.store, persona))
    rows = await looks_by_person(out.store, asked, EXPORTED_AT_MOST + 1)
    if len(rows) > EXPORTED_AT_MOST:
        raise Problem(422, "too_many", TOO_MANY)
    shown = [_who(row) | {"purpose_words": purpose_words(row["purpose"])} for row in rows]
    return await list_file(out, "accessi", LOOKS, shown)


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


@router.get("/accessi/utenti/esporta")
async def users_file(out: Filing = filing("intake.accesses")) -> Response:
    """The same list as a file, the latest first."""
    rows, _ = await sign_ins(out.store, _asked(out.request)[0], limit=EXPORTED_AT_MOST)
    return await list_file(out, "accessi-degli-utenti", SIGN_INS, [_who(row) for row in rows])
