"""Files about a person: into the vault, out of it."""

from __future__ import annotations

from services.intake import domain
from services.intake.domain import person_stream
from services.intake.files import ENDINGS, Kept
from shared.decisions import Decision
from shared.events.intake import AttachmentKind
from shared.store import Command, Outcome, Store, Unit


async def attach(store: Store, command: Command, person_id: str, kind: AttachmentKind, kept: Kept) -> Outcome:
    """The bytes in a row of their own, what they are in another, to which the fact points. The name that the file had
    is not kept: it may say anything."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        content = await unit.vault.write("file", person_id, kept.content)
        about = {"media_type": kept.media_type, "size": len(kept.content), "content": content}
        return domain.attach(
            person, person_id=person_id, attachment_id=unit.new_id("attachment"), kind=kind,
            reference=await unit.vault.write("attachment", person_id, about), today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def detach(store: Store, command: Command, person_id: str, attachment_id: str) -> Outcome:
    """Both rows go; the fact that there was a file stays."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        added = person.identity.attachments.get(attachment_id)
        if added is not None:
            about = await store.vault.read(unit.conn, added.reference)
            unit.vault.drop(person_id, added.reference)
            if about is not None:
                unit.vault.drop(person_id, about["content"])
        return domain.detach(person, person_id=person_id, attachment_id=attachment_id, today=unit.today)

    return await store.execute(command, decide)


async def opened(store: Store, person_id: str, attachment_id: str) -> tuple[str, Kept] | None:
    """The kind of an attachment and what it holds; None where there is none, or it was erased."""
    person, _ = await store.state(person_stream(person_id))
    added = person.identity.attachments.get(attachment_id)
    if added is None:
        return None
    async with store.engine.connect() as conn:
        about = await store.vault.read(conn, added.reference)
        content = await store.vault.read_bytes(conn, about["content"]) if about else None
    if about is None or content is None or about["media_type"] not in ENDINGS:
        return None
    return added.kind, Kept(about["media_type"], content)
