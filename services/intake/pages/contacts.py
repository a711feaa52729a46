"""'Domande dal sito': the unverified contacts, and what an operator makes of them; the requests about one's data;
the code for the person's own page, and the declaration that the person signed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake import codes, doors, labels, questionnaire, tax_code, translations, views
from services.intake.commands import person_page, self_registration
from services.intake.domain.self_registration import contact_stream
from services.intake.finding import EXACT_INDEX, PERSON_INDEX, exact_tokens, phone_digits
from services.intake.forms import self_registration as forms
from services.intake.pages.person import show as show_person
from services.intake.pages.self_registration import CALL_AT
from shared import clock
from shared.decisions import Refused
from shared.store import Store
from shared.web.app import command, get_store
from shared.web.desk_labels import DISCARD_REASONS as REASONS
from shared.web.pages import Errors, done, form, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
PER_PAGE = 50
STATUSES = {"received": "Da leggere", "accepted": "Accolte", "discarded": "Scartate"}


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
    ids = [row["contact_id"] for row in rows]
    found = await _answers(store, reader, ids)
    on = clock.today()
    for row in rows:
        answers = found.get(row["contact_id"])
        row["name"] = f"{answers['family_name']} {answers['given_name']}" if answers else "Dati cancellati"
        row["waiting"] = (on - row["received_on"]).days
    return page(
        request, "intake/contacts.html", title="Domande dal sito", rows=rows, total=total, number=number,
        count=-(-total // PER_PAGE), labels=labels, chosen=status, statuses=STATUSES, reasons=REASONS,
        own=bool(reader.districts), everybody=tutti,
        languages=labels.LANGUAGES,
    )  # fmt: skip


async def _answers(store: Store, reader: Reader, ids: list[str]) -> dict[str, dict[str, Any]]:
    """The answers of these contacts, with the row of the access log in the same transaction."""
    if not ids:
        return {}
    async with store.engine.begin() as conn:
        found = await store.vault.latest(conn, questionnaire.SENT_KIND, ids)
        await doors.log_access(conn, reader, "view", "intake.contacts", sorted(found), ("answers",))
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
        request, "intake/contact.html", title="Domanda dal sito", errors=errors, labels=labels, id=contact_id,
        row=row, contact=contact, answers=answers, same=same, people={each["person_id"]: each for each in rows},
        closed=closed, shown=shown, values=values, countries=tax_code.countries(), reasons=REASONS,
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


@router.post("/domande/{contact_id}/accogli")
async def accept(
    request: Request,
    contact_id: UUID,
    reader: Reader = requires("intake.register"),
    store: Store = Depends(get_store),
) -> Response:
    """It becomes a registration."""
    values = await form(request, forms.AcceptForm)
    if isinstance(values, Errors):
        return await _contact(request, store, reader, str(contact_id), values)
    outcome = await self_registration.accept_contact(store, command(request, reader), str(contact_id), values)
    if isinstance(outcome, Refused):
        return await _contact(request, store, reader, str(contact_id), outcome)
    return done(request, outcome, to=f"/intake/persone/{self_registration.accepted_as(outcome)}")


@router.post("/domande/{contact_id}/scarta")
async def discard(
    request: Request,
    contact_id: UUID,
    reader: Reader = requires("intake.register"),
    store: Store = Depends(get_store),
) -> Response:
    """It is laid aside."""
    values = await form(request, forms.DiscardForm)
    if isinstance(values, Errors):
        return await _contact(request, store, reader, str(contact_id), values)
    outcome = await self_registration.discard_contact(store, command(request, reader), str(contact_id), values)
    if isinstance(outcome, Refused):
        return await _contact(request, store, reader, str(contact_id), outcome)
    return done(request, outcome, to="/intake/domande")


# Rights over one's data


@router.get("/diritti")
async def rights(
    request: Request, reader: Reader = requires("intake.rights"), store: Store = Depends(get_store)
) -> Response:
    """What persons asked about their data, the most urgent first."""
    on = clock.today()
    async with store.read() as reading:
        rows = await views.rights_requested(reading)
    return page(
        request, "intake/rights.html", title="Richieste sui dati", rows=rows, on=on,
        words=labels.RIGHTS,
        late={row["request_id"] for row in rows if views.overdue(row, on)},
    )  # fmt: skip


# The person's own page, as the operator opens and closes it


@router.post("/persone/{person_id}/codice")
async def give_code(
    request: Request, person_id: UUID, reader: Reader = requires("intake.register"), store: Store = Depends(get_store)
) -> Response:
    """A new code, shown this once on a sheet to print."""
    values = await form(request, forms.NoForm)
    if isinstance(values, Errors):
        return await show_person(request, store, reader, str(person_id), values)
    given = command(request, reader)
    outcome = await person_page.give_code(store, given, str(person_id))
    if isinstance(outcome, Refused):
        return await show_person(request, store, reader, str(person_id), outcome)
    until: date = outcome.events[0].event.expires_on  # type: ignore[attr-defined]  # PersonCodeGiven
    return page(
        request, "intake/access_code.html", title="Codice per la pagina personale", id=str(person_id),
        code=codes.shown(person_page.code_for(store, given.cause)), until=until,
        trail=(("Persone", "/intake/persone"), ("Scheda", f"/intake/persone/{person_id}")),
        address=str(request.base_url.replace(path="/intake/mia")),
    )  # fmt: skip


@router.post("/persone/{person_id}/codice/revoca")
async def revoke_code(
    request: Request, person_id: UUID, reader: Reader = requires("intake.register"), store: Store = Depends(get_store)
) -> Response:
    """The code opens nothing any more."""
    values = await form(request, forms.NoForm)
    if isinstance(values, Errors):
        return await show_person(request, store, reader, str(person_id), values)
    outcome = await person_page.revoke_code(store, command(request, reader), str(person_id))
    if isinstance(outcome, Refused):
        return await show_person(request, store, reader, str(person_id), outcome)
    return done(request, outcome, to=f"/intake/persone/{person_id}")


@router.post("/persone/{person_id}/dichiarazione")
async def declaration(
    request: Request, person_id: UUID, reader: Reader = requires("intake.check"), store: Store = Depends(get_store)
) -> Response:
    """The declaration was signed."""
    values = await form(request, forms.DeclarationForm)
    if isinstance(values, Errors):
        return await show_person(request, store, reader, str(person_id), values)
    outcome = await person_page.sign_declaration(store, command(request, reader), str(person_id), values)
    if isinstance(outcome, Refused):
        return await show_person(request, store, reader, str(person_id), outcome)
    return done(request, outcome, to=f"/intake/persone/{person_id}")
