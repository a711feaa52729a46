"""A person's rights over their data: the requests with their terms, restriction, the copy of everything, erasure."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import text

from services.intake import labels, own_data, paper, views
from services.intake.commands import erasure
from services.intake.commands import rights as commands
from services.intake.domain import person_stream
from services.intake.domain.retention import RULES, duties, elsewhere, rule, rules_on
from services.intake.domain.rights import REFUSALS
from services.intake.domain.state import Person
from services.intake.doors import identities
from services.intake.forms import rights as forms
from services.intake.pages.acts import person_act
from services.intake.pages.exporting import Filing, filing, list_file
from services.intake.scopes import those_in_scope
from shared import clock
from shared.decisions import Refused
from shared.events import SERVICES as ALL_SERVICES
from shared.projection import Reading, Row
from shared.projection.aliases import group, root_of
from shared.store import Command, Store
from shared.web import person_data, tickets
from shared.web.acts import Ids, page_routes
from shared.web.app import command, get_store, name_of
from shared.web.exports import EXPORTED_AT_MOST
from shared.web.formats import day
from shared.web.pages import SERVICES, Column, Errors, form, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires
from shared.web.signing import BadToken

router = APIRouter()
HERE = "/intake/persone/{person_id}/diritti"
TRAIL = (("Richieste sui dati", "/intake/diritti"),)
OTHERS = tuple(service for service in ALL_SERVICES if service != "intake")
MANY = 200
REQUESTS = (
    Column("person_id", "Persona", "person"),
    Column("right", "Richiesta", labels=labels.RIGHTS),
    Column("requested_on", "Ricevuta il", "date"),
    Column("due_on", "Risposta entro il", "date"),
    Column("extended_on", "Prorogata il", "date"),
    Column("late", "Scaduta", "bool"),
    Column("outcome", "Risposta", labels=labels.RIGHT_OUTCOMES),
    Column("answered_on", "Risposta del", "date"),
)
ERASURES = (
    Column("person_id", "Persona", "person"),
    Column("state", "Stato", labels=labels.ERASURE_STATES),
    Column("ground", "Motivo", labels=labels.ERASURE_GROUNDS),
    Column("rule", "Regola di conservazione"),
    Column("by", "Proposta da"),
    Column("proposed_on", "Proposta il", "date"),
    Column("confirmed_by", "Confermata da"),
    Column("decided_on", "Decisa il", "date"),
    Column("execute_on", "Da eseguire il", "date"),
    Column("erased_on", "Dati cancellati il", "date"),
    Column("scope", "Che cosa", labels=labels.ERASURE_SCOPES),
    Column("kept", "Che cosa si conserva"),
)


@router.get("/diritti")
async def rights(
    request: Request,
    tutte: Annotated[bool, Query()] = False,
    reader: Reader = requires("intake.rights"),
    store: Store = Depends(get_store),
) -> Response:
    """What people asked about their data: those that wait by their term; with ?tutte=1 the answered ones too."""
    rows = await _requests(store, reader, tutte, MANY)
    return page(
        request, "intake/rights.html", title="Richieste sui dati", labels=labels, all=tutte, rows=rows,
        columns=REQUESTS,
    )  # fmt: skip


async def _requests(store: Store, reader: Reader, answered_too: bool, limit: int) -> list[dict[str, Any]]:
    """The requests of the people in the reader's scope, each with whether its term has passed."""
    on = clock.today()
    async with store.read() as reading:
        rows = await views.rights_requested(reading, waiting=None if answered_too else True, limit=limit)
    inside = set(await those_in_scope(store, reader, "intake.rights", [row["person_id"] for row in rows]))
    return [row | {"late": views.overdue(row, on)} for row in rows if row["person_id"] in inside]


@router.get("/diritti/esporta")
async def rights_file(tutte: Annotated[bool, Query()] = False, out: Filing = filing("intake.rights")) -> Response:
    """The same list as a file."""
    rows = await _requests(out.store, out.reader, tutte, EXPORTED_AT_MOST)
    return await list_file(out, "richieste-sui-dati", REQUESTS, rows)


def _rule_words(code: str, on: date) -> dict[str, str]:
    one = rule(code, on)
    return {"words": one.words, "source": one.source}


def _kept(person: Person, found: Any, on: date) -> list[dict[str, Any]]:
    return [{"until": duty.until, "since": duty.since, **_rule_words(duty.rule, on)} for duty in found]


async def _others(reading: Reading, ids: tuple[str, ...]) -> list[Row | None]:
    return [await reading.row(views.OTHERS, one) for one in ids]


async def show(
    request: Request, store: Store, reader: Reader, person_id: str, errors: Errors | Refused | None = None
) -> Response:
    """One person's rights: requests, restriction, erasure, the copy of everything. Raises Problem 404."""
    person, shown = await store.state(person_stream(person_id))
    if shown == 0:
        raise Problem(404, "no_person", "Questa persona non è iscritta.")
    on = clock.today()
    async with store.read() as reading:
        root = await root_of(reading, person_id)
        others = await _others(reading, await group(reading, person_id))
        row = await reading.row(views.ERASURES, person_id)
        words = await _reasons(store, reading, person_id)
    proposal = person.rights.proposal
    kept = person.rights.kept if person.rights.erased_on else duties(others, on)
    return page(
        request, "intake/person_rights.html", title="Diritti sui dati", trail=TRAIL, errors=errors, labels=labels,
        id=person_id, root=root, person_state=person, rights=person.rights, proposal=proposal, shown=shown, on=on,
        kept=_kept(person, kept, on), elsewhere=[_rule_words(code, on) for code in elsewhere(others)],
        grounds={one: labels.RIGHT_GROUNDS[one] for grounds in REFUSALS.values() for one in grounds},
        grounds_of={
            right: {code: labels.RIGHT_GROUNDS[code] for code in codes} for right, codes in REFUSALS.items()
        },
        drop_grounds={
            code: labels.RIGHT_GROUNDS[code]
            for code in ("withdrawn", "mistake", "legal_duty", "public_task", "archiving", "claims")
        },
        row=row, reasons=words, name_of=name_of, services=SERVICES, account=reader.account,
    )  # fmt: skip


async def _reasons(store: Store, reading: Reading, person_id: str) -> dict[str, str]:
    """Reasons of proposals and answers that still exist, by the id of what they are about."""
    found: dict[str, str] = {}
    for fact in await store.facts(reading.conn, [person_id]):
        reference = getattr(fact.event, "reasons", None)
        about = getattr(fact.event, "proposal_id", None) or getattr(fact.event, "request_id", None)
        if reference and about:
            values = await store.vault.read(reading.conn, reference)
            if values:
                found[about] = str(values.get("text", ""))
    return found


@router.get("/persone/{person_id}/diritti")
async def person_rights(
    request: Request, person_id: UUID, reader: Reader = requires("intake.rights"), store: Store = Depends(get_store)
) -> Response:
    """One person's rights."""
    return await show(request, store, reader, str(person_id))


async def _again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await show(request, store, reader, ids["person_id"], errors)


ACTS = (
    person_act("Registra una richiesta sui dati", "intake.rights", "diritti/richiesta", "rights",
               commands.request, forms.RequestForm, to=HERE),
    person_act("Proroga il termine di una richiesta", "intake.rights", "diritti/{request_id}/proroga",
               "rights/{request_id}/extension", commands.extend, forms.ReasonsForm, to=HERE),
    person_act("Risponde a una richiesta", "intake.rights", "diritti/{request_id}/risposta",
               "rights/{request_id}/answer", commands.answer, forms.AnswerForm, to=HERE),
    person_act("Limita il trattamento", "intake.rights", "diritti/limitazione", "restriction", commands.restrict,
               forms.RestrictForm, to=HERE),
    person_act("Toglie la limitazione", "intake.rights", "diritti/limitazione/fine", "restriction/end",
               commands.lift, to=HERE),
    person_act("Propone la cancellazione", "intake.erase_propose", "diritti/cancellazione", "erasure",
               erasure.propose, forms.ProposeForm, to=HERE),
    person_act("Conferma la cancellazione", "intake.erase_confirm", "diritti/cancellazione/conferma",
               "erasure/confirmation", erasure.confirm, to=HERE),
    person_act("Non cancella, con i motivi", "intake.erase_confirm", "diritti/cancellazione/rinuncia",
               "erasure/refusal", erasure.drop, forms.DropForm, to=HERE),
    person_act("Esegue la cancellazione confermata", "intake.erase_confirm", "diritti/cancellazione/esegui",
               "erasure/execution", erasure.carry_out, to=HERE),
)  # fmt: skip
page_routes(router, ACTS, _again)


@router.get("/persone/{person_id}/diritti/lettera")
async def letter(
    request: Request, person_id: UUID, reader: Reader = requires("intake.rights"), store: Store = Depends(get_store)
) -> Response:
    """The letter to the person, while there still is an address: what goes, what is kept and why (art. 12(3), 17)."""
    one, on = str(person_id), clock.today()
    person, _ = await store.state(person_stream(one))
    proposal = person.rights.deciding
    if proposal is None or proposal.execute_on is None:
        raise Problem(404, "no_letter", "La lettera c'è fra la conferma della cancellazione e la sua esecuzione.")
    found = await identities(store, reader, [one], action="letter", purpose="intake.rights", fields=("name", "address"))
    async with store.read() as reading:
        others = await _others(reading, await group(reading, one))
    return page(
        request, "intake/erasure_letter.html", title="Lettera alla persona", id=one, identity=found.get(one),
        kept=_kept(person, duties(others, on), on), execute_on=proposal.execute_on, on=on,
        elsewhere=[_rule_words(code, on) for code in elsewhere(others)], trail=TRAIL,
    )  # fmt: skip


# The copy of everything


@router.get("/persone/{person_id}/diritti/copia")
async def copy(
    request: Request, person_id: UUID, reader: Reader = requires("intake.rights"), store: Store = Depends(get_store)
) -> Response:
    """Where the browser gathers the services' parts."""
    parts = [(name, SERVICES[name][0], f"/{name}/persone/{person_id}/dati-personali") for name in OTHERS]
    return page(
        request, "intake/data_copy.html", title="Copia dei dati", id=str(person_id), parts=parts,
        trail=(*TRAIL, ("Diritti sui dati", f"/intake/persone/{person_id}/diritti")),
    )  # fmt: skip


class CopyForm(BaseModel):
    """The parts that the other services signed, and how the copy is wanted."""

    documents: list[Annotated[str, Field(max_length=4_000_000)]] = Field(default_factory=list, max_length=8)
    fmt: Literal["pdf", "json"] = "pdf"


@router.post("/persone/{person_id}/diritti/copia")
async def composed(
    request: Request, person_id: UUID, reader: Reader = requires("intake.rights"), store: Store = Depends(get_store)
) -> Response:
    """Everything about the person as one file. Raises Problem where a part is missing or no service signed it."""
    values = await form(request, CopyForm)
    if isinstance(values, Errors):
        raise Problem(422, "parts", "I dati degli altri servizi non sono arrivati: riapri la pagina e riprova.")
    own = await own_data.own_part(store, reader, str(person_id))
    parts = _parts(values.documents, reader, set(own["ids"]))
    data = own_data.everything(own, parts, clock.today())
    name = f"dati-personali-{person_id}.{values.fmt}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    if values.fmt == "json":
        body = orjson.dumps(data, option=orjson.OPT_INDENT_2)
        return Response(body, media_type="application/json", headers=headers)
    return Response(paper.own_data_pdf(data), media_type="application/pdf", headers=headers)


def _parts(documents: list[str], reader: Reader, ids: set[str]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for signed in documents:
        try:
            document = tickets.read_document(signed, reader)
        except BadToken:
            raise Problem(403, "parts", "Una delle parti è scaduta: riapri la pagina e riprova.") from None
        service = tickets.service_of(document.purpose)
        if document.template != person_data.TEMPLATE or not set(document.slots) & ids:
            raise Problem(422, "parts", "Una delle parti è di un'altra persona: riapri la pagina e riprova.")
        if document.data.get("service") != service:
            raise Problem(422, "parts", "Una delle parti non è del servizio che l'ha firmata.")
        found[service] = document.data
    missing = [SERVICES[name][0] for name in OTHERS if name not in found]
    if missing:
        raise Problem(422, "parts", f"Mancano i dati di: {', '.join(missing)}. Una risposta incompleta non vale.")
    return [found[name] for name in OTHERS]


# Erasures, many at once


@router.get("/cancellazioni")
async def erasures(
    request: Request, reader: Reader = requires("intake.erase_confirm"), store: Store = Depends(get_store)
) -> Response:
    """What was proposed, what was confirmed, what was done and who has answered."""
    return await _erasures(request, store, reader)


async def _erasures(
    request: Request, store: Store, reader: Reader, told: list[tuple[str, str]] | None = None, status: int = 200
) -> Response:
    on = clock.today()
    rows, done = await _decided(store, reader, MANY, 50)
    rules = {code: one.words for code, one in rules_on(on, RULES).items()}
    return page(
        request, "intake/erasures.html", status, title="Cancellazioni", labels=labels, rules=rules, name_of=name_of,
        open=[row for row in rows if row["state"] == "open"], done=done, others=OTHERS, services=SERVICES,
        confirmed=[row for row in rows if row["state"] == "confirmed"], told=told or [], account=reader.account, on=on,
        columns=ERASURES,
    )  # fmt: skip


async def _decided(store: Store, reader: Reader, waiting: int, over: int) -> tuple[list[Row], list[Row]]:
    """At most so many erasures that wait, and that are over, of the people in the reader's scope."""
    async with store.read() as reading:
        rows = await views.erasures(reading, ("open", "confirmed"), limit=waiting)
        done = await views.erasures(reading, ("done", "dropped"), limit=over)
    people = [row["person_id"] for row in (*rows, *done)]
    inside = set(await those_in_scope(store, reader, "intake.erase_confirm", people))
    rows, done = ([row for row in each if row["person_id"] in inside] for each in (rows, done))
    return rows, done


@router.get("/cancellazioni/esporta")
async def erasures_file(out: Filing = filing("intake.erase_confirm")) -> Response:
    """The page's three lists as one file."""
    rows, done = await _decided(out.store, out.reader, EXPORTED_AT_MOST, EXPORTED_AT_MOST)
    rules = {code: one.words for code, one in rules_on(clock.today(), RULES).items()}
    shown = [
        row | {
            "rule": rules.get(row["rule"], row["rule"]), "by": name_of(row["by"]) if row["by"] else "",
            "confirmed_by": [name_of(one) for one in row["confirmed_by"]],
            "kept": [
                rules.get(duty["rule"], duty["rule"]) + (f" fino al {day(duty['until'])}" if duty.get("until") else "")
                for duty in row["kept"]
            ],
        }
        for row in (*rows, *done)
    ]  # fmt: skip
    return await list_file(out, "cancellazioni", ERASURES, shown)


@router.post("/cancellazioni")
async def confirm_many(
    request: Request, reader: Reader = requires("intake.erase_confirm"), store: Store = Depends(get_store)
) -> Response:
    """Confirms the chosen ones, each in a decision of its own; what could not be confirmed is said by person."""
    values = await form(request, forms.ManyForm)
    if isinstance(values, Errors) or not values.people:
        return await _erasures(request, store, reader, [("", "Scegli almeno una persona.")], 422)
    given = command(request, reader)
    told: list[tuple[str, str]] = []
    inside = set(await those_in_scope(store, reader, "intake.erase_confirm", values.people))
    for person_id in dict.fromkeys(values.people[:MANY]):
        if person_id not in inside:
            told.append((person_id, "Non è nel tuo ambito."))
            continue
        each = Command(str(uuid5(NAMESPACE_URL, f"{given.cause}/{person_id}")), given.actor, given.now)
        outcome = await erasure.confirm(store, each, person_id)
        told.append((person_id, outcome.sentence if isinstance(outcome, Refused) else "Confermata."))
    return await _erasures(request, store, reader, told)


KEPT = text("select 1 from vault_rows where subject = :id and kind = 'kept' limit 1")


@router.get("/persone/{person_id}/diritti/conservati")
async def kept_identity(
    request: Request, person_id: UUID, reader: Reader = requires("intake.rights"), store: Store = Depends(get_store)
) -> Response:
    """Who it was, after a partial erasure: for the duty that kept it; the access log says who asked."""
    one = str(person_id)
    person, _ = await store.state(person_stream(one))
    if person.rights.scope != "partial":
        raise Problem(404, "nothing_kept", "Di questa persona non si conserva l'identità.")
    from services.intake.doors import log_access

    async with store.engine.begin() as conn:
        found = (await store.vault.latest(conn, erasure.KEPT, [one])).get(one, {})
        await log_access(conn, reader, "kept", "intake.rights", [one], list(erasure.SMALLEST))
    return page(
        request, "intake/kept_identity.html", title="Identità conservata per legge", id=one, identity=found,
        kept=_kept(person, person.rights.kept, clock.today()), trail=TRAIL,
    )  # fmt: skip
