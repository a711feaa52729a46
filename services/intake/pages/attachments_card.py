"""The card of the files about a person: what there is, for those who may see it. Nothing of it is opened here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake import files
from services.intake.domain import person_stream
from shared.events.intake import AttachmentAdded
from shared.store.unit import fold
from shared.web.app import name_of
from shared.web.readers import may

if TYPE_CHECKING:
    from services.intake.pages.sections import Looked


async def fill_attachments(looked: Looked) -> dict[str, Any] | None:
    """What there is, for those who may see it. Nothing of it is opened here."""
    if not may(looked.reader, "intake.documents"):
        return None
    state = fold(person_stream(looked.person_id), looked.recorded).identity
    added = {
        fact.event.attachment_id: fact for fact in looked.recorded if isinstance(fact.event, AttachmentAdded)
    }  # fmt: skip
    references = [one.reference for one in state.attachments.values()]
    async with looked.store.engine.connect() as conn:
        known = await looked.store.vault.read_many(conn, references) if references else {}
    rows = [
        {
            "id": one.attachment_id, "kind": one.kind, "on": one.on, "by": name_of(added[one.attachment_id].meta.actor),
            "kilobytes": max(1, known[one.reference]["size"] // 1000),
            "ending": files.ENDINGS[known[one.reference]["media_type"]].upper(),
        }
        for one in state.attachments.values()
        if one.reference in known
    ]  # fmt: skip
    open_here = state.joined_into is None and looked.identity is not None
    return {"rows": sorted(rows, key=lambda row: row["on"], reverse=True), "may_add": open_here}
