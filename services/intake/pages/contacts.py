"""'Domande dal sito': the unverified contacts, and what an operator makes of them; the requests about one's data;
the code for the person's own page, and the declaration that the person signed."""

from __future__ import annotations

from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake import codes, doors, labels, questionnaire, tax_code, translations, views
from services.intake.commands import person_page, self_registration
from services.intake.domain.self_registration import contact_stream
from services.intake.finding import EXACT_INDEX, PERSON_INDEX, exact_tokens, phone_digits
from services.intake.forms import self_registration as forms
from services.intake.pages.acts import on_person, person_act
from services.intake.pages.exporting import Filing, filing, names_wanted, told_file
from services.intake.pages.person import show as show_person
from services.intake.pages.self_registration import CALL_AT
from shared import clock
from shared.decisions import Refused
from shared.events.intake import PersonCodeGiven
from shared.projection import Row
from shared.store import Store
from shared.web.acts import Act, Ids, NoForm, page_routes
from shared.web.app import command, get_store
from shared.web.desk_labels import DISCARD_REASONS as REASONS
from shared.web.exports import EXPORTED_AT_MOST
from shared.web.pages import Column, Errors, form, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires
from shared.web.scopes import OWN_DISTRICT, Scoped, within

router = APIRouter()
PER_PAGE = 50
STATUSES = {"received": "Da leggere", "accepted": "Accolte", "discarded": "Scartate"}
COLUMNS = (
    Column("contact_id", "Chi scrive", "person"),
    Column("received_on", "Arrivata il", "date"),
    Column("district", "Distretto", labels=labels.DISTRICTS),
    Column("language", "Lingua", labels=labels.LANGUAGES),
    Column("channel", "Canale", labels=labels.CHANNELS),
    Column("status", "Stato", labels=STATUSES),
    Column("decided_on", "Decisa il", "date"),
    Column("reason", "Motivo dello scarto", labels=REASONS),
    Column("person_id", "Scheda della persona"),
)


@router.get("/domande")
async def contacts(
    request: Request,
    stato: str = "received",
    tutti: bool = False,
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
    reader: Reader = requires("intake.register"),
    store: Store = Depends(get_store),
) -> Response:
    """The contacts of that status, of the reader's districts unless all are asked for."""
    status = stato if stato in STATUSES else "received"
    districts = () if tutti else reader.districts
    async with store.read() as reading:
        rows, total = await views.site_contacts(
            reading, status=status, districts=districts, limit=PER_PAGE, offset=(number - 1) * PER_PAGE
        )
    seen = _seen(reader, rows)
    found = await _answers(store, reader, seen)
    on = clock.today()
    for row in rows:
        answers = found.get(row["contact_id"])
        row["name"] = f"{answers['family_name']} {answers['given_name']}" if answers else "Dati cancellati"
        if row["contact_id"] not in seen:
            row["name"] = "Di un altro distretto"
        row["waiting"] = (on - row["received_on"]).days
    return page(
        request, "intake/contacts.html", title="Domande dal sito", rows=rows, total=total, number=number,
        count=-(-total // PER_PAGE), labels=labels, chosen=status, statuses=STATUSES, reasons=REASONS,
        own=bool(reader.districts), everybody=tutti,
        languages=labels.LANGUAGES, columns=COLUMNS,
    )  # fmt: skip


def _seen(reader: Reader, rows: list[Row]) -> list[str]:
    """Those whose names the reader sees: of their districts."""
    return [row["contact_id"] for row in rows if within(reader, OWN_DISTRICT, Scoped(district=row["district"]))]


@router.get("/domande/esporta")
async def contacts_file(
    stato: str = "received", tutti: bool = False, out: Filing = filing("intake.register")
) -> Response:
    """The same list as a file."""
    named = names_wanted(out)
    status = stato if stato in STATUSES else "received"
    async with out.store.read() as reading:
        rows, _ = await views.site_contacts(
            reading, status=status, districts=() if tutti else out.reader.districts, limit=EXPORTED_AT_MOST
        )
    found = await _answers(out.store, out.reader, _seen(out.reader, rows), "export")
    return await told_file(out, "domande-dal-sito", COLUMNS, rows, found if named else None)


async def _answers(store: Store, reader: Reader, ids: list[str], action: str = "view") -> dict[str, dict[str, Any]]:
    """The answers of these contacts, with the row of the access log in the same transaction."""
    if not ids:
        return {}
    async with store.engine.begin() as conn:
        found = await store.vault.latest(conn, questionnaire.SENT_KIND, ids)
        await doors.log_access(conn, reader, action, "intake.contacts", sorted(found), ("answers",))
    return found


async def possible(store: Store, answers: dict[str, Any]) -> list[str]:
    """Who may be the same person: by tax code, name and birth date, phone or e-mail. Shown to the operator alone."""
    tax_codes, name_and_birth = exact_tokens(answers)
    reached = [f"p:{phone_digits(answers['phone'])}"] if answers.get("phone") else []
    reached += [f"e:{answers['email'].lower()}"] if answers.get("email") else []
    async with store.reads.connect() as conn:
        exact = await store.vault.find_any(conn, EXACT_INDEX, [*tax_codes, name_and_birth], 10)
        near = await store.vault.find_any(conn, PERSON_INDEX, reached, 10) if reached else {}
    return list(dict.fromkeys([*exact, *near]))


async def _contact(
    request: Request, store: Store, reader: Reader, contact_id: str, errors: Errors | Refused | None = None
) -> Response:
    contact, shown = await store.state(contact_stream(contact_id))
    if contact.received_on is None:
        raise Problem(404, "no_contact", "Questa domanda non c'è.")
    answers = (await _answers(store, reader, [contact_id])).get(contact_id)
    same = await possible(store, answers) if answers and contact.decided is None else []
    same += [one for one in getattr(errors, "people", ()) if one not in same]
    async with store.read() as reading:
        row = await reading.row(views.SITE_CONTACTS, contact_id) or {}
        rows, _ = await views.people(reading, {"ids": same}, limit=50) if same else ([], 0)
    closed = {each["person_id"]: each["person_id"][:8] for each in rows if each["stage"] in ("closed", "unknown")}
    values = forms.registration(answers or {}) | {"on": contact.received_on}
    return page(
        request, "intake/contact.html", errors=errors,
        title=f"Domanda dal sito: {doors.full_name(answers)}" if answers else "Domanda dal sito",
        labels=labels, id=contact_id, row=row, contact=contact, answers=answers, same=same,
        people={each["person_id"]: each for each in rows}, closed=closed,
        shown=shown, values=values, countries=tax_code.countries(), reasons=REASONS,
        duplicates=(), call_at=CALL_AT, trail=(("Domande dal sito", "/intake/domande"),),
        spoken=translations.spoken("it"),
    )  # fmt: skip


@router.get("/domande/{contact_id}")
async def contact(
    request: Request,
    contact_id: UUID,
    reader: Reader = requires("intake.register"),
    store: Store = Depends(get_store),
) -> Response:
    """One contact with its possible duplicates."""
    return await _contact(request, store, reader, str(contact_id))


async def _again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _contact(request, store, reader, ids["contact_id"], errors)


def _to_person(outcome: Any, _: Ids) -> str:
    return f"/intake/persone/{self_registration.accepted_as(outcome)}"


CONTACT_ACTS = (
    Act(words="Accoglie una domanda dal sito", action="intake.register", page="/domande/{contact_id}/accogli",
        api="/contacts/{contact_id}/acceptance", run=self_registration.accept_contact, model=forms.AcceptForm,
        to=_to_person),
    Act(words="Scarta una domanda dal sito", action="intake.register", page="/domande/{contact_id}/scarta",
        api="/contacts/{contact_id}/discarding", run=self_registration.discard_contact, model=forms.DiscardForm,
        to="/intake/domande"),
)  # fmt: skip
page_routes(router, CONTACT_ACTS, _again)


# The person's own page, as the operator opens and closes it


@router.post("/persone/{person_id}/codice")
async def give_code(
    request: Request, person_id: UUID, reader: Reader = requires("intake.register"), store: Store = Depends(get_store)
) -> Response:
    """A new code, shown this once on a sheet to print."""
    values = await form(request, NoForm)
    if isinstance(values, Errors):
        return await show_person(request, store, reader, str(person_id), values)
    given = command(request, reader)
    outcome = await person_page.give_code(store, given, str(person_id))
    if isinstance(outcome, Refused):
        return await show_person(request, store, reader, str(person_id), outcome)
    until = cast(PersonCodeGiven, outcome.events[0].event).expires_on
    return page(
        request, "intake/access_code.html", title="Codice per la pagina personale", id=str(person_id),
        code=codes.shown(person_page.code_for(store, given.cause)), until=until,
        trail=(("Persone", "/intake/persone"), ("Scheda", f"/intake/persone/{person_id}")),
        address=str(request.base_url.replace(path="/intake/mia")),
    )  # fmt: skip


PERSON_ACTS = (
    person_act("Revoca il codice della pagina personale", "intake.register", "codice/revoca", "code/revocation",
               person_page.revoke_code),
    person_act("Registra la firma della dichiarazione", "intake.check", "dichiarazione", "declarations",
               person_page.sign_declaration, forms.DeclarationForm),
)  # fmt: skip
page_routes(router, PERSON_ACTS, on_person)
ACTS = CONTACT_ACTS + PERSON_ACTS
