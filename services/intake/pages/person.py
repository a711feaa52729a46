"""One person with everything on one page, and the forms of what can be done next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy import text

from services.intake import commands, doors, forms, labels, tax_code
from services.intake.domain import CHECKS, measures_on, parameter
from services.intake.finding import Duplicate
from services.intake.pages.sections import Looked, filled
from services.intake.pages.story import story
from services.intake.views import OTHERS, PEOPLE, fold_person, unknown_row
from shared import clock
from shared.corrections import effective
from shared.decisions import Refused
from shared.envelope import Recorded
from shared.events.intake import InterviewHeld, PlanAgreed, TakenInCharge
from shared.projection import Row
from shared.store import Command, Outcome, Store
from shared.web.app import command, get_store, name_of
from shared.web.pages import Errors, done, form, page
from shared.web.problems import Problem
from shared.web.readers import Reader, accounts, may, requires, role_may

router = APIRouter()


def case_managers(reader: Reader) -> dict[str, str]:
    """Who may follow people: the known accounts with that right, and the reader."""
    known = {each.account: each.name for each in accounts().values() if role_may(each.role, "intake.charge")}
    return known | ({reader.account: reader.name} if may(reader, "intake.charge") else {})


async def known_values(store: Store, reader: Reader, person_id: str) -> dict[str, Any]:
    """Identity and profile as the forms hold them. Raises Problem 404 where nothing is known."""
    found = await doors.identities(
        store, reader, [person_id], action="view", purpose="intake.view", fields=("identity",)
    )
    if person_id not in found:
        raise Problem(404, "no_person", "Questa persona non c'è, o i suoi dati sono stati cancellati.")
    return found[person_id] | await profile(store, person_id)


async def profile(store: Store, person_id: str) -> dict[str, Any]:
    """The fine attributes as last written here: newer than what has come back through the log."""
    async with store.engine.connect() as conn:
        data = await conn.scalar(text("select data from profiles_out where person_id = :person"), {"person": person_id})
    return dict(data) if data else {}


def present_row(recorded: list[Recorded]) -> Row:
    """The person's row from the facts as they are now, so that one reads one's own writes."""
    row: Row | None = None
    for fact in effective(recorded):
        if type(fact.event) in PEOPLE.hears:
            row = fold_person(row, fact.event, fact.meta)
    if row is None:  # the registration itself was cancelled
        row = unknown_row(recorded[0].meta.subject, recorded[0].event.on)
    return row


async def _texts(store: Store, recorded: list[Recorded]) -> dict[str, str]:
    """Event id -> text of notes, reasons, objectives that still exist."""
    wanted: dict[str, str] = {}
    for fact in recorded:
        match fact.event:
            case InterviewHeld(notes=str(reference)) | PlanAgreed(objectives=str(reference)):
                wanted[fact.meta.id] = reference
            case TakenInCharge(reasons=reference):
                wanted[fact.meta.id] = reference
            case _:
                pass
    if not wanted:
        return {}
    async with store.engine.connect() as conn:
        found = await store.vault.read_many(conn, list(wanted.values()))
    return {fact: found[reference]["text"] for fact, reference in wanted.items() if reference in found}


async def show(
    request: Request, store: Store, reader: Reader, person_id: str, errors: Errors | Refused | None = None
) -> Response:
    """The person's page; with `errors` the form that was sent says what was wrong."""
    recorded = await store.history(person_id)
    if not recorded:
        raise Problem(404, "no_person", "Questa persona non è iscritta.")
    async with store.read() as reading:
        others = await reading.row(OTHERS, person_id)
        heard = await reading.facts(subjects=[person_id])
    on = clock.today()
    row = present_row(recorded)
    found = await doors.identities(
        store, reader, [person_id], action="view", purpose="intake.view", fields=("identity",)
    )
    identity, known = found.get(person_id), await profile(store, person_id)
    templates, cards = await filled(Looked(store, reader, person_id, on, row, identity, known, recorded, heard))
    return page(
        request, "intake/person.html", errors=errors, labels=labels, id=person_id, row=row, others=others,
        title=doors.full_name(identity) if identity else "Persona senza dati identificativi",
        trail=(("Persone", "/intake/persone"),), identity=identity, profile=known, sections=templates, **cards,
        warnings=_warnings(identity), shown=recorded[-1].meta.version, checks=CHECKS,
        measures={code: labels.MEASURES[code] for code in measures_on(on)}, managers=case_managers(reader),
        story=story(recorded, heard, await _texts(store, recorded)), name_of=name_of,
        next_act=next_act(row), contact_by=parameter("first_contact_days", on), countries=tax_code.countries(), on=on,
    )  # fmt: skip


def next_act(row: Row) -> str:
    """The form that is the next sensible step, by the end of its path; none once there is a plan."""
    match row["stage"]:
        case "to_contact":
            paths = {"domicile": "/verifiche/domicilio", "status": "/verifiche/stato", "measures": "/verifiche/misure"}
            return next(path for check, path in paths.items() if check not in row["checks"])
        case "to_interview":
            return "/colloquio"
        case "to_decide":
            failed = any(check["outcome"] == "failed" for check in row["checks"].values())
            return "/chiusura" if failed else "/presa-in-carico"
        case "in_charge" if row["plan"] is None:
            return "/piano"
        case _:
            return ""


def _warnings(identity: dict[str, Any] | None) -> list[str]:
    if not identity or not identity.get("tax_code"):
        return []
    return tax_code.warnings(
        tax_code.TaxCode(identity["tax_code"]),
        family_name=identity["family_name"],
        given_name=identity["given_name"],
        birth_date=date.fromisoformat(identity["birth_date"]),
        sex=identity["sex"],
        birth_place=identity["birth_place"],
    )


@router.get("/persone/{person_id}")
async def person(
    request: Request,
    person_id: UUID,
    reader: Reader = requires("intake.view"),
    store: Store = Depends(get_store),
) -> Response:
    """The person's page."""
    return await show(request, store, reader, str(person_id))


@dataclass(frozen=True)
class Act:
    """One of the person page's forms."""

    path: str
    action: str
    model: type[BaseModel]
    run: Callable[[Store, Command, str, Any], Awaitable[Outcome]]


ACTS = (
    Act("verifiche/domicilio", "intake.check", forms.DomicileForm, commands.check_domicile),
    Act("verifiche/stato", "intake.check", forms.StatusForm, commands.check_status),
    Act("verifiche/misure", "intake.check", forms.MeasuresForm, commands.check_measures),
    Act("colloquio", "intake.interview", forms.InterviewForm, commands.hold_interview),
    Act("piano", "intake.plan", forms.PlanForm, commands.agree_plan),
    Act("chiusura", "intake.close", forms.CloseForm, commands.close),
)


def _route(act: Act) -> None:
    async def post(
        request: Request,
        person_id: UUID,
        reader: Reader = requires(act.action),
        store: Store = Depends(get_store),
    ) -> Response:
        values = await form(request, act.model)
        if isinstance(values, Errors):
            return await show(request, store, reader, str(person_id), values)
        outcome = await act.run(store, command(request, reader), str(person_id), values)
        if isinstance(outcome, Refused):
            return await show(request, store, reader, str(person_id), outcome)
        return done(request, outcome, to=f"/intake/persone/{person_id}")

    router.add_api_route(f"/persone/{{person_id}}/{act.path}", post, methods=["POST"])


for each in ACTS:
    _route(each)


@router.post("/persone/{person_id}/presa-in-carico")
async def take_in_charge(
    request: Request,
    person_id: UUID,
    reader: Reader = requires("intake.charge"),
    store: Store = Depends(get_store),
) -> Response:
    """Taken in charge by one of those who may follow people."""
    values = await form(request, forms.ChargeForm)
    if isinstance(values, Errors):
        return await show(request, store, reader, str(person_id), values)
    managers = tuple(case_managers(reader))
    outcome = await commands.take_in_charge(store, command(request, reader), str(person_id), values, managers)
    if isinstance(outcome, Refused):
        return await show(request, store, reader, str(person_id), outcome)
    return done(request, outcome, to=f"/intake/persone/{person_id}")


@router.post("/persone/{person_id}/correggi/{fact_id}")
async def correct(
    request: Request,
    person_id: UUID,
    fact_id: UUID,
    reader: Reader = requires("intake.correct"),
    store: Store = Depends(get_store),
) -> Response:
    """A fact was wrong: cancelled, or its date or value rectified."""
    values = await form(request, forms.CorrectForm)
    if isinstance(values, Errors):
        return await show(request, store, reader, str(person_id), values)
    outcome = await commands.correct_fact(store, command(request, reader), str(person_id), str(fact_id), values)
    if isinstance(outcome, Refused):
        return await show(request, store, reader, str(person_id), outcome)
    return done(request, outcome, to=f"/intake/persone/{person_id}#storia")


async def _identity_page(
    request: Request, store: Store, reader: Reader, person_id: str, errors: Errors | Refused | None
) -> Response:
    values = await known_values(store, reader, person_id)
    people = errors.people if isinstance(errors, Duplicate) else ()
    return page(
        request, "intake/identity.html", title="Dati della persona", errors=errors, labels=labels, id=person_id,
        values=values, shown=await store.version(person_id), countries=tax_code.countries(), duplicates=people,
        trail=(("Persone", "/intake/persone"), ("Scheda", f"/intake/persone/{person_id}")),
    )  # fmt: skip


@router.get("/persone/{person_id}/anagrafica")
async def identity(
    request: Request,
    person_id: UUID,
    reader: Reader = requires("intake.register"),
    store: Store = Depends(get_store),
) -> Response:
    """Name, contacts, domicile: the form."""
    return await _identity_page(request, store, reader, str(person_id), None)


@router.post("/persone/{person_id}/anagrafica")
async def save_identity(
    request: Request,
    person_id: UUID,
    reader: Reader = requires("intake.register"),
    store: Store = Depends(get_store),
) -> Response:
    """Name, contacts, domicile: saved."""
    values = await form(request, forms.IdentityForm)
    if isinstance(values, Errors):
        return await _identity_page(request, store, reader, str(person_id), values)
    outcome = await commands.update_identity(store, command(request, reader), str(person_id), values)
    if isinstance(outcome, Refused):
        return await _identity_page(request, store, reader, str(person_id), outcome)
    return done(request, outcome, to=f"/intake/persone/{person_id}")
