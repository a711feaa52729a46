"""Referrals: the referrer's own pages, which show no other organisation's, and the operators' queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.intake import doors, forms, labels, tax_code
from services.intake.commands import referrals as acts
from services.intake.directory import organisation_called, referring_organisation
from services.intake.domain.referrals import (
    Organisation,
    disclosure,
    heard,
)
from services.intake.finding import Duplicate
from services.intake.pages.exporting import Filing, filing, names_wanted, told_file
from services.intake.scopes import those_in_scope
from services.intake.views.agenda import appointments_of
from services.intake.views.referrals import REFERRALS, of_organisation, pathway_rows, told, waiting
from shared import clock
from shared.decisions import Refused
from shared.projection import Row
from shared.store import Command, Outcome, Store
from shared.web.acts import Act, Ids, acts_under, page_routes
from shared.web.app import get_store
from shared.web.exports import EXPORTED_AT_MOST
from shared.web.pages import Column, Errors, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
MINE, QUEUE = "/intake/segnala", "/intake/segnalazioni"
HEARD_STAGES = {
    "waiting": "In attesa di risposta",
    "declined": "Non accolta",
    "unknown": "In attesa di risposta",
    "to_contact": "Accolta, da contattare",
    "to_interview": "Da colloquiare",
    "to_decide": "In valutazione",
    "in_charge": "In carico",
    "closed": "Percorso concluso",
}
HEARD_CONTACT = {"waiting": "Non ancora contattata", "contacted": "Contattata", "unreachable": "Non raggiunta"}
OWN = (
    Column("referral_id", "Segnalazione", "person"),
    Column("on", "Segnalata il", "date"),
    Column("said", "Situazione"),
)
WAITING = (
    Column("referred_id", "Persona", "person"),
    Column("by", "Ente"),
    Column("kind", "Tipo", labels=labels.REFERRER_KINDS),
    Column("referred_on", "Segnalata il", "date"),
    Column("days", "Giorni di attesa", "int"),
)
APPOINTMENT_STATES = {"booked": "fissato", "kept": "svolto", "missed": "mancato"}


async def said(
    store: Store, reader: Reader, person_ids: Sequence[str], purpose: str, action: str = "view"
) -> dict[str, dict[str, Any]]:
    """What organisations wrote of these persons, and the row of the access log in the same transaction."""
    if not person_ids:
        return {}
    async with store.engine.begin() as conn:
        found = await store.vault.latest(conn, acts.VAULT_KIND, person_ids)
        await doors.log_access(conn, reader, action, purpose, sorted(found), ("referral",))
    return found


# The referrer's own


def own_organisation(reader: Reader) -> Organisation:
    """The reader's organisation. Raises Problem 409 where it is not accredited (any more)."""
    organisation = referring_organisation(reader, clock.today())
    if organisation is None:
        raise Problem(409, "not_accredited", "Il tuo ente non è tra quelli accreditati a segnalare persone.")
    return organisation


@router.get("/segnala")
async def mine(
    request: Request, reader: Reader = requires("intake.refer"), store: Store = Depends(get_store)
) -> Response:
    """The organisation's own referrals with what it may hear of each."""
    organisation = own_organisation(reader)
    rows, names = await _own(store, reader, organisation, "view", 500)
    for row in rows:
        words = names.get(row["referral_id"])
        row["name"] = doors.full_name(words) if words else "Dati cancellati"
    return page(
        request, "intake/referrals_own.html", title="Le nostre segnalazioni", organisation=organisation, rows=rows,
        columns=OWN, mine=MINE,
    )  # fmt: skip


async def _own(
    store: Store, reader: Reader, organisation: Organisation, action: str, limit: int
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """The organisation's referrals with what it may hear of each, and what it wrote of them, by referral."""
    async with store.read() as reading:
        rows = await of_organisation(reading, organisation.code, limit)
        people = await pathway_rows(reading, [row["person_id"] for row in rows if row["person_id"]])
    names = await said(store, reader, [row["referred_id"] for row in rows], "intake.refer", action)
    shown = [
        {"referral_id": row["referral_id"], "on": row["referred_on"], "said": _heard(row, people)} for row in rows
    ]  # fmt: skip
    return shown, {row["referral_id"]: names[row["referred_id"]] for row in rows if row["referred_id"] in names}


def _heard(row: Row, people: dict[str, Row]) -> str:
    level = heard(row["kind"], row["level"], clock.today())
    known = told(row, people.get(row["person_id"] or ""), [], min(level, 2))
    if "stage" in known:
        return HEARD_STAGES[known["stage"]]
    return HEARD_CONTACT[known["contact"]] if "contact" in known else "Ricevuta"


@router.get("/segnala/esporta")
async def mine_file(out: Filing = filing("intake.refer")) -> Response:
    """The organisation's own referrals as a file."""
    named, organisation = names_wanted(out), own_organisation(out.reader)
    rows, names = await _own(out.store, out.reader, organisation, "export", EXPORTED_AT_MOST)
    return await told_file(out, "le-nostre-segnalazioni", OWN, rows, names if named else None)


def _refer_page(
    request: Request, reader: Reader, organisation: Organisation, errors: Errors | Refused | None = None
) -> Response:
    return page(
        request, "intake/refer.html", title="Segnala una persona", errors=errors, organisation=organisation,
        line=disclosure(organisation.kind, clock.today()), labels=labels, mine=MINE,
        trail=(("Le nostre segnalazioni", MINE),), values={"informed_on": clock.today()},
    )  # fmt: skip


@router.get("/segnala/nuova")
async def new(request: Request, reader: Reader = requires("intake.refer")) -> Response:
    """The empty form."""
    return _refer_page(request, reader, own_organisation(reader))


async def _refer_again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return _refer_page(request, reader, own_organisation(reader), errors)


async def _refer(store: Store, by: Command, values: forms.ReferForm, organisation: Organisation) -> Outcome:
    return await acts.refer(store, by, organisation, values)


REFERRED = (
    Act(words="Segnala una persona", action="intake.refer", page="/segnala/nuova", api="/own-referrals", run=_refer,
        model=forms.ReferForm, also=lambda reader: (own_organisation(reader),), to=MINE),
)  # fmt: skip
page_routes(router, REFERRED, _refer_again)


@router.get("/segnala/{referral_id}")
async def one(
    request: Request,
    referral_id: UUID,
    reader: Reader = requires("intake.refer"),
    store: Store = Depends(get_store),
) -> Response:
    """One of the organisation's own; another's is not there (404), whoever asks."""
    organisation = own_organisation(reader)
    async with store.read() as reading:
        row = await reading.row(REFERRALS, str(referral_id))
        if row is None or row["organisation"] != organisation.code:
            raise Problem(404, "no_referral", "Questa segnalazione non c'è.")
        level = heard(row["kind"], row["level"], clock.today())
        people = await pathway_rows(reading, [row["person_id"]] if row["person_id"] else [])
        meetings = await appointments_of(reading, row["person_id"]) if row["person_id"] and level >= 3 else []
    names = await said(store, reader, [row["referred_id"]], "intake.refer")
    identity = names.get(row["referred_id"])
    return page(
        request, "intake/referral_own.html", title=doors.full_name(identity) if identity else "Dati cancellati",
        trail=(("Le nostre segnalazioni", MINE),), row=row, identity=identity, labels=labels, organisation=organisation,
        told=told(row, people.get(row["person_id"] or ""), meetings, level), stages=HEARD_STAGES,
        contact=HEARD_CONTACT, states=APPOINTMENT_STATES,
    )  # fmt: skip


# The operators'


@router.get("/segnalazioni")
async def queue(
    request: Request, reader: Reader = requires("intake.referrals"), store: Store = Depends(get_store)
) -> Response:
    """Who was referred and has no answer yet, the oldest first."""
    rows, names = await _waiting(store, reader, "view", 200)
    shown = [row | {"name": doors.full_name(names[row["referred_id"]])} for row in rows]
    return page(
        request, "intake/referrals.html", title="Segnalazioni", rows=shown, labels=labels, queue=QUEUE,
        columns=WAITING,
    )  # fmt: skip


async def _waiting(
    store: Store, reader: Reader, action: str, limit: int
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """The rows, but of those whose data were erased, and what was written of them."""
    async with store.read() as reading:
        rows = await waiting(reading, limit)
    names = await said(store, reader, [row["referred_id"] for row in rows], "intake.referrals", action)
    shown = [
        row | {"by": organisation_called(row["organisation"]), "days": (clock.today() - row["referred_on"]).days}
        for row in rows if row["referred_id"] in names
    ]  # fmt: skip
    return shown, names


@router.get("/segnalazioni/esporta")
async def queue_file(out: Filing = filing("intake.referrals")) -> Response:
    """The same as a file."""
    named = names_wanted(out)
    rows, names = await _waiting(out.store, out.reader, "export", EXPORTED_AT_MOST)
    inside = await those_in_scope(out.store, out.reader, "intake.compose", sorted(names)) if named else []
    return await told_file(out, "segnalazioni", WAITING, rows, {one: names[one] for one in inside} if named else None)


async def _show(
    request: Request, store: Store, reader: Reader, person_id: str, referral_id: str,
    errors: Errors | Refused | None = None,
) -> Response:  # fmt: skip
    made = await acts.referral_of(store, person_id, referral_id)
    words = (await said(store, reader, [person_id], "intake.referrals")).get(person_id)
    if made is None or words is None:
        raise Problem(404, "no_referral", "Questa segnalazione non c'è, o i suoi dati sono stati cancellati.")
    async with store.read() as reading:
        row = await reading.row(REFERRALS, referral_id)
    line = disclosure(made.kind, clock.today())
    query = request.query_params.get("q", "").strip()[:100] or doors.full_name(words)
    values = {name: words.get(name) for name in ("family_name", "given_name", "birth_date", "phone", "municipality")}
    return page(
        request, "intake/referral.html", title=f"Segnalazione: {doors.full_name(words)}", errors=errors, labels=labels,
        trail=(("Segnalazioni", QUEUE),), base=f"{QUEUE}/{person_id}/{referral_id}", referral=words, made=made,
        by=organisation_called(made.organisation), row=row, line=line, q=query,
        found=[p for p in await doors.find(store, reader, query) if p["person_id"] != person_id],
        countries=tax_code.countries(), duplicates=errors.people if isinstance(errors, Duplicate) else (),
        level=heard(made.kind, row["level"] if row and row["level"] is not None else made.level, clock.today()),
        values=values | {"on": clock.today(), "channel": line.channel, "citizenship": tax_code.ITALY},
    )  # fmt: skip


@router.get("/segnalazioni/{person_id}/{referral_id}")
async def referral(
    request: Request,
    person_id: UUID,
    referral_id: UUID,
    reader: Reader = requires("intake.referrals"),
    store: Store = Depends(get_store),
) -> Response:
    """What the organisation said, and the ways to answer."""
    return await _show(request, store, reader, str(person_id), str(referral_id))


async def _again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _show(request, store, reader, ids["person_id"], ids["referral_id"], errors)


def _to_person(outcome: Any, _: Ids) -> str:
    return f"/intake/persone/{outcome.events[-1].event.subject}"


_answer = acts_under(
    "/segnalazioni/{person_id}/{referral_id}", "/people/{person_id}/referrals/{referral_id}", action="intake.referrals"
)
ANSWERS = (
    _answer("Accoglie una segnalazione e iscrive la persona", "accogli", "acceptance", acts.accept, forms.QuickForm,
            to=_to_person),
    _answer("Riconosce una persona già iscritta", "conosciuta", "recognition", acts.accept_known, forms.KnownForm,
            to=_to_person),
    _answer("Risponde a una segnalazione senza iscrivere", "rispondi", "declining", acts.decline, forms.DeclineForm,
            to=QUEUE),
    _answer("Registra il consenso a riferire all'ente", "consenso", "agreement", acts.change_agreement,
            forms.AgreementForm, to=QUEUE + "/{person_id}/{referral_id}"),
)  # fmt: skip
page_routes(router, ANSWERS, _again)
ACTS = REFERRED + ANSWERS
