"""Files about a person: which, and how many."""

from __future__ import annotations

from datetime import date

from services.intake.domain.parameters import parameter
from services.intake.domain.rules import joined
from services.intake.domain.state import Person
from shared.decisions import Decision, Refused
from shared.events.intake import AttachmentAdded, AttachmentKind, AttachmentRemoved


def attach(
    person: Person, *, person_id: str, attachment_id: str, kind: AttachmentKind, reference: str, today: date
) -> Decision:
    """A file goes into the vault. A closed pathway takes one too: a document may come late."""
    if refused := joined(person):
        return refused
    if person.registered_on is None:
        return Refused("not_registered", "Questa persona non è iscritta.")
    most = parameter("attachments_per_person", today)
    if len(person.identity.attachments) >= most:
        return Refused("too_many_files", f"Ci sono già {most} documenti: togline uno prima.", "file")
    return [
        AttachmentAdded(
            on=today, person_id=person_id, attachment_id=attachment_id, kind=kind, reference=reference
        )
    ]  # fmt: skip


def detach(person: Person, *, person_id: str, attachment_id: str, today: date) -> Decision:
    """The file leaves the vault: it opens no more."""
    if attachment_id not in person.identity.attachments:
        return Refused("no_attachment", "Questo documento non c'è più: ricarica la pagina.")
    return [AttachmentRemoved(on=today, person_id=person_id, attachment_id=attachment_id)]
