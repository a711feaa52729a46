"""Possible doubles: the list, two people side by side, and the decision: one person, or two, or two after all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake import commands, doors, forms, labels, tax_code
from services.intake.domain import person_stream
from services.intake.pages.exporting import Filing, filing, list_file
from services.intake.pages.person import present_row
from services.intake.views.duplicates import joined, pair, waiting
from shared.decisions import Refused
from shared.projection import Row
from shared.store import Store
from shared.web.acts import Ids, acts_under, page_routes
from shared.web.app import get_store, name_of
from shared.web.exports import EXPORTED_AT_MOST
from shared.web.formats import day
from shared.web.pages import Column, Errors, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
HOME = "/intake/doppioni"
PAIRS = (
    Column("first_id", "Scheda", "person"),
    Column("second_id", "Somiglia a", "person"),
    Column("likeness", "In che cosa", labels=labels.LIKENESSES),
    Column("proposed_on", "Dal", "date"),
)
JOINED = (
    Column("person_id", "Scheda unita", "person"),
    Column("root_id", "Scheda che resta", "person"),
    Column("joined_on", "Unite il", "date"),
)
TRAIL = (("Possibili doppioni", HOME),)


@router.get("/doppioni")
async def duplicates(
    request: Request, reader: Reader = requires("intake.join"), store: Store = Depends(get_store)
) -> Response:
    """Pairs that wait for somebody to look at them, and the latest joined."""
    async with store.read() as reading:
        rows, total = await waiting(reading)
        one = await joined(reading)
    return page(
        request, "intake/duplicates.html", title="Possibili doppioni", rows=rows, total=total, columns=PAIRS,
        joined=one, joined_columns=JOINED,
    )  # fmt: skip


@router.get("/doppioni/esporta")
async def duplicates_file(out: Filing = filing("intake.join")) -> Response:
    """The pairs that wait, as a file."""
    async with out.store.read() as reading:
        rows, _ = await waiting(reading, limit=EXPORTED_AT_MOST)
    return await list_file(out, "possibili-doppioni", PAIRS, rows)


@router.get("/doppioni/unite/esporta")
async def joined_file(out: Filing = filing("intake.join")) -> Response:
    """Who was joined to whom, as a file."""
    async with out.store.read() as reading:
        rows = await joined(reading, EXPORTED_AT_MOST)
    return await list_file(out, "schede-unite", JOINED, rows)


@router.get("/persone/{person_id}/confronta")
async def compare_with(
    request: Request,
    person_id: UUID,
    q: str = Query(default="", max_length=100),
    reader: Reader = requires("intake.join"),
    store: Store = Depends(get_store),
) -> Response:
    """Somebody whom nobody proposed: found by name, then looked at beside this person."""
    found = await doors.find(store, reader, q) if q.strip() else []
    people = [one for one in found if one["person_id"] != str(person_id)]
    return page(
        request, "intake/compare_with.html", title="Confronta con un'altra scheda", id=str(person_id), people=people,
        searched=bool(q.strip()), values={"q": q}, trail=(("Scheda", f"/intake/persone/{person_id}"),),
    )  # fmt: skip


LINES: tuple[tuple[str, str], ...] = (
    ("family_name", "Cognome"), ("given_name", "Nome"), ("birth_date", "Nata/o il"),
    ("birth_place", "Luogo di nascita"), ("sex", "Sesso"), ("citizenship", "Cittadinanza"),
    ("tax_code", "Codice fiscale"), ("phone", "Telefono"), ("email", "Posta elettronica"), ("address", "Indirizzo"),
    ("document_type", "Documento"), ("document_number", "Numero del documento"),
)  # fmt: skip


def _said(name: str, identity: dict[str, Any]) -> str:
    value = identity.get(name)
    if value is None:
        return ""
    match name:
        case "birth_date":
            return day(date.fromisoformat(value))
        case "sex":
            return str(labels.SEXES.get(value, value))
        case "citizenship":
            return str(tax_code.countries().get(value, value))
        case "document_type":
            return str(labels.DOCUMENT_TYPES.get(value, value))
        case _:
            return str(value)


def _lines(first: dict[str, Any], second: dict[str, Any], rows: tuple[Row, Row]) -> list[dict[str, Any]]:
    """What is known of both, line by line, and whether they say the same."""
    found = [
        {"label": label, "first": _said(name, first), "second": _said(name, second)} for name, label in LINES
    ]  # fmt: skip
    about: tuple[tuple[str, Callable[[Row], str]], ...] = (
        ("Situazione", lambda row: labels.STAGES[row["stage"]]),
        ("Iscritta/o il", lambda row: day(row["registered_on"])),
        ("Canale", lambda row: labels.CHANNELS.get(row["channel"], "")),
        ("Operatore di riferimento", lambda row: name_of(row["case_manager"]) if row["case_manager"] else ""),
    )  # fmt: skip
    found += [{"label": label, "first": say(rows[0]), "second": say(rows[1])} for label, say in about]
    said = [line for line in found if line["first"] or line["second"]]
    return [line | {"same": line["first"].casefold() == line["second"].casefold()} for line in said]


async def show_pair(
    request: Request, store: Store, reader: Reader, ids: tuple[str, str], errors: Errors | Refused | None = None
) -> Response:
    """Two people side by side. Raises Problem 404 where one of them is not there."""
    histories = [await store.history(one) for one in ids]
    found = await doors.identities(
        store, reader, ids, action="view", purpose="intake.join", fields=("identity",)
    )  # fmt: skip
    if not all(histories) or len(found) != 2 or ids[0] == ids[1]:
        raise Problem(404, "no_pair", "Una delle due schede non c'è, o i suoi dati sono stati cancellati.")
    states = [(await store.state(person_stream(one)))[0] for one in ids]
    rows = (present_row(histories[0]), present_row(histories[1]))
    alias = next((n for n in (0, 1) if states[n].identity.joined_into == ids[1 - n]), None)
    return page(
        request, "intake/duplicate.html", title="Due schede a confronto", errors=errors, ids=ids, labels=labels,
        names=[doors.full_name(found[one]) for one in ids], lines=_lines(found[ids[0]], found[ids[1]], rows),
        alias=ids[alias] if alias is not None else None, root=ids[1 - alias] if alias is not None else None,
        elsewhere=[one for one, state in zip(ids, states, strict=True) if state.identity.joined_into],
        different=ids[1] in states[0].identity.different, base=f"{HOME}/{ids[0]}/{ids[1]}", trail=TRAIL,
        advised=ids[1] if not states[0].in_charge and (states[1].in_charge or states[1].is_open) else ids[0],
    )  # fmt: skip


@router.get("/doppioni/{one_id}/{other_id}")
async def duplicate(
    request: Request,
    one_id: UUID,
    other_id: UUID,
    reader: Reader = requires("intake.join"),
    store: Store = Depends(get_store),
) -> Response:
    """The two, side by side."""
    return await show_pair(request, store, reader, pair(str(one_id), str(other_id)))


async def _again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await show_pair(request, store, reader, pair(ids["one_id"], ids["other_id"]), errors)


def _to_root(outcome: Any, _: Ids) -> str:
    return f"/intake/persone/{outcome.events[0].event.root_id}"


_act = acts_under("/doppioni/{one_id}/{other_id}", "/people/{one_id}/doubles/{other_id}", action="intake.join")
ACTS = (
    _act("Unisce due schede della stessa persona", "unisci", "joining", commands.join_persons, forms.JoinForm,
         to=_to_root),
    _act("Tiene distinte due schede", "diverse", "dismissal", commands.dismiss_duplicate, forms.DismissForm, to=HOME),
    _act("Divide due schede unite", "dividi", "parting", commands.part_persons, forms.PartForm,
         to=HOME + "/{one_id}/{other_id}"),
)  # fmt: skip
page_routes(router, ACTS, _again)
