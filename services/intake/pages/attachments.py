"""Files about a person: the upload, the download, the removal. (The card is beside.)"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.intake import commands, doors, files, forms
from services.intake.pages.acts import TO_PERSON, on_person, person_act
from shared import clock
from shared.decisions import Refused
from shared.store import Command, Outcome, Store
from shared.web.acts import page_routes
from shared.web.app import get_store
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cache-control": "no-store",
}
"""What came from outside is never shown by this site: it is downloaded."""


async def _upload(store: Store, by: Command, person_id: str, values: forms.AttachmentForm) -> Outcome:
    """A file goes into the vault, beside whatever was recorded meanwhile."""
    kept = await asyncio.to_thread(files.accepted, await values.file.read(), clock.today())
    if isinstance(kept, Refused):
        return kept
    return await commands.attach(store, replace(by, shown=None), person_id, values.kind, kept)


async def _remove(store: Store, by: Command, person_id: str, attachment_id: str) -> Outcome:
    return await commands.detach(store, replace(by, shown=None), person_id, attachment_id)


HERE = f"{TO_PERSON}#card-attachments"
ACTS = (
    person_act("Aggiunge un documento", "intake.documents", "documenti", "attachments", _upload, forms.AttachmentForm,
               to=HERE),
    person_act("Toglie un documento", "intake.documents", "documenti/{attachment_id}/togli",
               "attachments/{attachment_id}/removal", _remove, to=HERE),
)  # fmt: skip
page_routes(router, ACTS, on_person)


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
