"""Files about a person: the upload, the download, the removal. (The card is beside.)"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.intake import commands, doors, files, forms
from services.intake.pages import person as person_pages
from shared import clock
from shared.decisions import Refused
from shared.store import Store
from shared.web.app import command, get_store
from shared.web.pages import Errors, done, form
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cache-control": "no-store",
}
"""What came from outside is never shown by this site: it is downloaded."""


@router.post("/persone/{person_id}/documenti")
async def upload(
    request: Request,
    person_id: UUID,
    reader: Reader = requires("intake.documents"),
    store: Store = Depends(get_store),
) -> Response:
    """A file goes into the vault."""
    try:
        values = await form(request, forms.AttachmentForm)
        content = b"" if isinstance(values, Errors) else await values.file.read()
    finally:
        await request.close()  # the upload's temporary file
    if isinstance(values, Errors):
        return await person_pages.show(request, store, reader, str(person_id), values)
    kept = await asyncio.to_thread(files.accepted, content, clock.today())
    if isinstance(kept, Refused):
        return await person_pages.show(request, store, reader, str(person_id), kept)
    wanted = replace(command(request, reader), shown=None)  # a file is added beside whatever was recorded meanwhile
    outcome = await commands.attach(store, wanted, str(person_id), values.kind, kept)
    if isinstance(outcome, Refused):
        return await person_pages.show(request, store, reader, str(person_id), outcome)
    return done(request, outcome, to=f"/intake/persone/{person_id}#card-attachments")


@router.get("/persone/{person_id}/documenti/{attachment_id}")
async def download(
    person_id: UUID,
    attachment_id: UUID,
    reader: Reader = requires("intake.documents"),
    store: Store = Depends(get_store),
) -> Response:
    """The file, as a download; who took it stands in the access log."""
    found = await commands.opened(store, str(person_id), str(attachment_id))
    if found is None:
        raise Problem(404, "no_attachment", "Questo documento non c'è più.")
    kind, kept = found
    async with store.engine.begin() as conn:
        await doors.log_access(conn, reader, "attachment", "intake.documents", [str(person_id)], [kind])
    name = f"{kind}-{str(attachment_id)[:8]}.{files.ENDINGS[kept.media_type]}"
    return Response(
        kept.content,
        media_type=kept.media_type,
        headers=SAFE | {"content-disposition": f'attachment; filename="{name}"'},
    )


@router.post("/persone/{person_id}/documenti/{attachment_id}/togli")
async def remove(
    request: Request,
    person_id: UUID,
    attachment_id: UUID,
    reader: Reader = requires("intake.documents"),
    store: Store = Depends(get_store),
) -> Response:
    """The file leaves the vault."""
    values = await form(request, forms.RemoveForm)
    if isinstance(values, Errors):
        return await person_pages.show(request, store, reader, str(person_id), values)
    wanted = replace(command(request, reader), shown=None)
    outcome = await commands.detach(store, wanted, str(person_id), str(attachment_id))
    if isinstance(outcome, Refused):
        return await person_pages.show(request, store, reader, str(person_id), outcome)
    return done(request, outcome, to=f"/intake/persone/{person_id}#card-attachments")
