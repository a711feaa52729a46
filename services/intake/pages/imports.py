"""Files of many people: sent here, worked through by the worker, told row by row while it goes on."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from services.intake import importing
from shared import clock
from shared.store import Store
from shared.web.app import command, get_store
from shared.web.pages import Column, Errors, export, form, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
SHOWN_AT_MOST = 500
KINDS = {"questionnaire": "Questionario in rete", "archive": "Archivio degli anni precedenti"}
REPORT = (
    Column("line", "Riga", "int"),
    Column("state", "Esito", labels={"accepted": "Accettata", "already": "Già presente", "refused": "Rifiutata"}),
    Column("sentence", "Motivo o avviso"),
    Column("person_id", "Persona", "person"),
)


class ImportForm(BaseModel):
    """The file and which kind it is."""

    file: UploadFile
    kind: importing.Kind = "questionnaire"


def _columns() -> dict[str, Any]:
    return {kind: module.COLUMNS for kind, module in importing.KINDS.items()}


async def _page(request: Request, store: Store, errors: Errors | None = None) -> Response:
    return page(
        request, "intake/import.html", title="Importa da file", fields_of=_columns(), kinds=KINDS, errors=errors,
        recent=await importing.recent(store),
    )  # fmt: skip


@router.get("/importa")
async def import_form(
    request: Request, reader: Reader = requires("intake.import"), store: Store = Depends(get_store)
) -> Response:
    """How to import, and the latest imports."""
    return await _page(request, store)


@router.get("/importa/modello")
async def import_template(
    tipo: importing.Kind = "questionnaire", reader: Reader = requires("intake.import")
) -> Response:
    """A file with the right headings and one example."""
    return Response(
        importing.template(importing.KINDS[tipo].COLUMNS),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="modello-{tipo}.csv"'},
    )


@router.post("/importa")
async def import_file(
    request: Request, reader: Reader = requires("intake.import"), store: Store = Depends(get_store)
) -> Response:
    """Takes the file in; what cannot be read at all is refused here, the rest is the worker's."""
    try:
        values = await form(request, ImportForm)
        content = b"" if isinstance(values, Errors) else await values.file.read()
    finally:
        await request.close()  # the upload's temporary file
    if isinstance(values, Errors):
        return await _page(request, store, values)
    token = command(request, reader).cause
    try:
        import_id = await importing.start(store, reader.account, clock.now(), values.kind, content, token)
    except importing.NotReadable as error:
        return await _page(request, store, Errors({"file": str(error)}))
    return RedirectResponse(f"/intake/importa/{import_id}", 303)


async def _job(store: Store, import_id: UUID) -> dict[str, Any]:
    job = await importing.progress(store, str(import_id))
    if job is None:
        raise Problem(404, "no_import", "Questa importazione non c'è.")
    return job


@router.get("/importa/{import_id}")
async def import_progress(
    request: Request,
    import_id: UUID,
    reader: Reader = requires("intake.import"),
    store: Store = Depends(get_store),
) -> Response:
    """How far the import is, and what became of its rows so far."""
    job = await _job(store, import_id)
    rows = await importing.report(store, str(import_id), SHOWN_AT_MOST)
    return page(
        request, "intake/import_progress.html", title="Importazione", job=job, kinds=KINDS, rows=rows, columns=REPORT,
        trail=(("Importa da file", "/intake/importa"),),
    )  # fmt: skip


@router.get("/importa/{import_id}/esito")
async def import_report(
    request: Request,
    import_id: UUID,
    formato: Literal["csv", "xlsx"] = "csv",
    reader: Reader = requires("intake.import"),
    store: Store = Depends(get_store),
) -> Response:
    """The whole report as a file."""
    await _job(store, import_id)
    return await export(request, "esito-importazione", REPORT, await importing.report(store, str(import_id)), formato)
