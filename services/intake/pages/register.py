"""Assisted registration, a known person's new episode, and the import of the online questionnaire."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response, UploadFile
from pydantic import BaseModel

from services.intake import commands, forms, importing, labels, tax_code
from services.intake.finding import Duplicate
from services.intake.pages import person as person_pages
from shared import clock
from shared.decisions import Refused
from shared.store import Store
from shared.web.app import command, get_store
from shared.web.pages import Column, Errors, done, export, form, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
SHOWN_AT_MOST = 500


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


# Import

REPORT = (
    Column("line", "Riga", "int"),
    Column("state", "Esito", labels={"accepted": "Accettata", "already": "Già presente", "refused": "Rifiutata"}),
    Column("sentence", "Motivo o avviso"),
    Column("person_id", "Persona", "person"),
)


class ImportForm(BaseModel):
    """The file of the questionnaire; `report` asks for the outcome as a file."""

    file: UploadFile
    report: bool = False


@router.get("/importa")
async def import_form(request: Request, reader: Reader = requires("intake.import")) -> Response:
    """How to import."""
    return page(
        request, "intake/import.html", title="Importa il questionario", fields_of=importing.COLUMNS, results=None
    )


@router.get("/importa/modello")
async def import_template(reader: Reader = requires("intake.import")) -> Response:
    """An empty file with the right headings."""
    return Response(
        importing.template(),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="modello-questionario.csv"'},
    )


@router.post("/importa")
async def import_file(
    request: Request, reader: Reader = requires("intake.import"), store: Store = Depends(get_store)
) -> Response:
    """Imports the file and reports row by row. The same file twice adds nothing."""
    try:
        values = await form(request, ImportForm)
        content = b"" if isinstance(values, Errors) else await values.file.read()
    finally:
        await request.close()  # the upload's temporary file
    context: dict[str, Any] = {"title": "Importa il questionario", "fields_of": importing.COLUMNS}
    if isinstance(values, Errors):
        return page(request, "intake/import.html", errors=values, results=None, **context)
    try:
        results = await importing.run(store, reader.account, clock.now(), content)
    except importing.NotReadable as error:
        errors = Errors({"file": str(error)})
        return page(request, "intake/import.html", errors=errors, results=None, **context)
    rows = [{"line": r.line, "state": r.state, "sentence": r.sentence, "person_id": r.person_id} for r in results]
    if values.report:
        return await export(request, "esito-importazione", REPORT, rows, "csv")
    rows.sort(key=lambda row: row["state"] != "refused")
    return page(
        request, "intake/import.html", results=rows[:SHOWN_AT_MOST], total=len(rows), columns=REPORT,
        counts=Counter(row["state"] for row in rows), **context,
    )  # fmt: skip
