"""One person with everything on one page, and the forms of what can be done next."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import text

from services.intake import commands, doors, forms, labels, tax_code
from services.intake.domain import CHECKS, measures_on, parameter, person_stream
from services.intake.domain.duplication import Provided, provided_by_facts
from services.intake.domain.rights import Rights
from services.intake.finding import Duplicate
from services.intake.pages.acts import TO_PERSON, on_person, person_act
from services.intake.pages.operators import case_managers
from services.intake.pages.sections import Looked, filled
from services.intake.pages.story import filtered, references, story
from services.intake.views import (
    OTHERS,
    PEOPLE,
    appointments_of,
    days_left,
    fold_person,
    provided_by_others,
    unknown_row,
)
from shared import clock
from shared.corrections import effective
from shared.decisions import Refused
from shared.envelope import Recorded
from shared.events.intake import CaseTransferred, PlanAgreed
from shared.projection import Row
from shared.projection.privacy import GONE
from shared.store import Accepted, Store
from shared.store.unit import fold
from shared.web.acts import Ids, page_routes
from shared.web.app import get_store, name_of
from shared.web.belonging import organisation_of
from shared.web.pages import SERVICES, Errors, page
from shared.web.problems import Problem
from shared.web.readers import Reader, may, requires

router = APIRouter()


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


async def _texts(store: Store, reader: Reader, recorded: list[Recorded]) -> dict[str, str]:
    """Event id -> text of notes, reasons, objectives that still exist, for who works the cases."""
    wanted = references(recorded) if may(reader, "intake.notes") else {}
    if not wanted:
        return {}
    async with store.engine.connect() as conn:
        found = await store.vault.read_many(conn, list(wanted.values()))
    texts = {fact: found[reference].get("text") for fact, reference in wanted.items() if reference in found}
    return {fact: words for fact, words in texts.items() if isinstance(words, str)}


@dataclass(frozen=True, slots=True)
class Case:
    """Everything about one person, as the page and the printed summary want it."""

    looked: Looked
    others: Row | None
    appointments: list[Row]
    provided: list[Provided]
    texts: dict[str, str]


async def read_case(store: Store, reader: Reader, person_id: str, purpose: str = "intake.view") -> Case:
    """Reads it once. Raises Problem 404 where nothing is known."""
    recorded = await store.history(person_id)
    if not recorded:
        raise Problem(404, "no_person", "Questa persona non è iscritta.")
    async with store.read() as reading:
        others = await reading.row(OTHERS, person_id)
        heard = await reading.facts(subjects=[person_id])
        appointments = await appointments_of(reading, person_id)
    shown = ("identity", "notes") if may(reader, "intake.notes") else ("identity",)
    found = await doors.identities(store, reader, [person_id], action="view", purpose=purpose, fields=shown)
    looked = Looked(
        store, reader, person_id, clock.today(), present_row(recorded), found.get(person_id),
        await profile(store, person_id), recorded, heard,
    )  # fmt: skip
    own = [fact.event for fact in effective(recorded)]
    provided = [
        each for each in provided_by_facts(own) + provided_by_others(others)
        if each.until is None or each.until >= looked.on
    ]  # fmt: skip
    return Case(looked, others, appointments, provided, await _texts(store, reader, recorded))


def _asked(request: Request) -> tuple[str, int]:
    """The part of the story that was asked for: a service, an episode."""
    service, episode = request.query_params.get("servizio", ""), request.query_params.get("episodio", "")
    return service if service in SERVICES else "", int(episode) if episode.isdigit() and len(episode) < 4 else 0


async def show(
    request: Request, store: Store, reader: Reader, person_id: str, errors: Errors | Refused | None = None
) -> Response:
    """The person's page; with `errors` the form that was sent says what was wrong."""
    case = await read_case(store, reader, person_id)
    looked, on, row, identity = case.looked, case.looked.on, case.looked.row, case.looked.identity
    rights = fold(person_stream(person_id), looked.recorded).rights
    cards, filling = await filled(looked)
    managers = case_managers(reader)
    told = story(looked.recorded, looked.heard, case.texts, managers)
    service, episode = _asked(request)
    context: dict[str, Any] = {
        "labels": labels, "id": person_id, "row": row, "others": case.others, "identity": identity,
        "title": _title(identity, rights), "rights": rights,
        "trail": (("Persone", "/intake/persone"),), "profile": looked.profile, "cards": cards, "checks": CHECKS,
        "warnings": _warnings(identity), "shown": looked.recorded[-1].meta.version,
        "measures": {code: labels.MEASURES[code] for code in measures_on(on)}, "managers": managers,
        "story": filtered(told, service, episode), "told": len(told), "service_asked": service,
        "episode_asked": episode, "episodes": sorted({item["episode"] for item in told}), "services": SERVICES,
        "name_of": name_of, "next_act": next_act(row), "contact_by": parameter("first_contact_days", on),
        "countries": tax_code.countries(), "on": on, "ROWS": forms.ROWS, "provided": case.provided,
        "days_left": days_left(row["registered_on"], on) if row["registered_on"] else None,
        "next_appointment": next((a for a in case.appointments if a["state"] == "booked" and a["day"] >= on), None),
        "review_days": parameter("plan_review_days", on), "tel": tel(identity),
    }  # fmt: skip
    return page(request, "intake/person.html", errors=errors, **{**filling, **context})


def _title(identity: dict[str, Any] | None, rights: Rights) -> str:
    if identity is not None:
        return doors.full_name(identity)
    return GONE.format(rights.erased_on).capitalize() if rights.erased_on else "Persona senza dati identificativi"


def tel(identity: dict[str, Any] | None) -> str:
    """The number as a telephone dials it."""
    return re.sub(r"[^0-9+]", "", str((identity or {}).get("phone") or ""))


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


def _managers(reader: Reader) -> tuple[tuple[str, ...]]:
    return (tuple(case_managers(reader)),)


def _identity_again(
    request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused
) -> Awaitable[Response]:
    return _identity_page(request, store, reader, ids["person_id"], errors)


def _after_transfer(outcome: Accepted, ids: Ids) -> str:
    """Whoever passes a case to another organisation has no more to do with it."""
    for fact in outcome.events:
        if isinstance(fact.event, CaseTransferred) and (
            organisation_of(fact.event.to_manager) != organisation_of(fact.meta.actor)
        ):
            return "/intake/?vista=mie"
    return TO_PERSON.format(**ids)


ON_PAGE = (
    person_act("Registra un colloquio", "intake.interview", "colloquio", "interviews", commands.hold_interview,
               forms.InterviewForm),
    person_act("Prende in carico", "intake.charge", "presa-in-carico", "charge", commands.take_in_charge,
               forms.ChargeForm, also=_managers),
    person_act("Concorda un piano", "intake.plan", "piano", "plans", commands.agree_plan, forms.PlanForm,
               sheet=forms.PlanSheet),
    person_act("Registra una firma del piano", "intake.plan", "piano/firma", "plans/signatures", commands.sign_plan,
               forms.SignForm),
    person_act("Riesamina il piano", "intake.plan", "piano/revisione", "plans/reviews", commands.review_plan,
               forms.ReviewForm),
    person_act("Conferma com'è finita un'azione del piano", "intake.plan", "piano/azione", "plans/actions",
               commands.confirm_action, forms.ConfirmForm),
    person_act("Registra un contatto", "intake.contact", "contatti", "contacts", commands.log_contact,
               forms.ContactForm),
    person_act("Aggiunge una nota", "intake.notes", "note", "notes", commands.add_note, forms.NoteForm),
    person_act("Sospende il percorso", "intake.suspend", "sospensione", "suspension", commands.suspend,
               forms.SuspendForm),
    person_act("Riprende il percorso", "intake.suspend", "ripresa", "resumption", commands.resume, forms.ResumeForm),
    person_act("Passa il caso a un collega", "intake.transfer", "passaggio", "transfer", commands.transfer,
               forms.TransferForm, also=_managers, to=_after_transfer),
    person_act("Registra un permesso di soggiorno", "intake.register", "permesso", "permits", commands.record_permit,
               forms.PermitForm),
    person_act("Chiude il percorso", "intake.close", "chiusura", "closure", commands.close, forms.CloseForm),
    person_act("Corregge o annulla un fatto", "intake.correct", "correggi/{fact_id}", "corrections/{fact_id}",
               commands.correct_fact, forms.CorrectForm, also=_managers, to=f"{TO_PERSON}#storia"),
)  # fmt: skip
IDENTITY = (
    person_act("Corregge i dati della persona", "intake.register", "anagrafica", "identity", commands.update_identity,
               forms.IdentityForm),
)  # fmt: skip
page_routes(router, ON_PAGE, on_person)
page_routes(router, IDENTITY, _identity_again)
ACTS = ON_PAGE + IDENTITY


@router.get("/persone/{person_id}/riepilogo")
async def summary(
    request: Request,
    person_id: UUID,
    reader: Reader = requires("intake.summary"),
    store: Store = Depends(get_store),
) -> Response:
    """The case on paper, without the notes; the log of accesses says who printed it."""
    case = await read_case(store, reader, str(person_id), "intake.summary")
    looked = case.looked
    told = story(looked.recorded, looked.heard, {})
    return page(
        request, "intake/summary.html", labels=labels, id=str(person_id), row=looked.row, others=case.others,
        title=f"Riepilogo: {doors.full_name(looked.identity)}" if looked.identity else "Riepilogo",
        trail=(("Persone", "/intake/persone"), ("Scheda", f"/intake/persone/{person_id}")), identity=looked.identity,
        profile=looked.profile, checks=CHECKS, name_of=name_of, on=looked.on, story=told,
        countries=tax_code.countries(), objectives=_objectives(case), appointments=case.appointments[:5],
    )  # fmt: skip


def _objectives(case: Case) -> str:
    plans = [fact.meta.id for fact in effective(case.looked.recorded) if isinstance(fact.event, PlanAgreed)]
    return case.texts.get(plans[-1], "") if plans else ""


async def _identity_page(
    request: Request, store: Store, reader: Reader, person_id: str, errors: Errors | Refused | None
) -> Response:
    values = await known_values(store, reader, person_id)
    people = errors.people if isinstance(errors, Duplicate) else ()
    return page(
        request, "intake/identity.html", title="Dati della persona", errors=errors, labels=labels, id=person_id,
        values=values, shown=await store.version(person_id), countries=tax_code.countries(), duplicates=people,
        former_code=values.get("tax_code"),
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
