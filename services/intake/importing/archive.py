"""The archive of the years before the platform: a row is one pathway with its original dates.

Layout: docs/import-archivio.md. `id_archivio` is the archive's own number of the pathway: the same number twice
is the same pathway, in whatever file. A person who stands in several rows is one person with several episodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import cast

from services.intake import commands, domain
from services.intake.domain import person_stream
from services.intake.finding import Duplicate
from services.intake.forms import RegisterForm
from services.intake.importing.questionnaire import PERSON, registration
from services.intake.importing.table import Field, cells
from shared.decisions import Decision, Refused
from shared.events.base import Event
from shared.store import Unit

COLUMNS: tuple[Field, ...] = (
    Field("id_archivio", "archive_id", True, "2019-0457", "Numero del percorso nell'archivio, sempre lo stesso"),
    Field("data_iscrizione", "on", True, "15/01/2019", "Giorno dell'iscrizione (gg/mm/aaaa)"),
    *PERSON,
    Field("primo_colloquio", "interview_on", False, "02/02/2019", "Giorno del primo colloquio (gg/mm/aaaa)"),
    Field("presa_in_carico", "charge_on", False, "02/02/2019", "Giorno della presa in carico (gg/mm/aaaa)"),
    Field("operatore", "case_manager", False, "u-giulia.rossi", "Account di chi segue la persona"),
    Field("valutazione", "readiness", False, "Pronta al lavoro", "Pronta al lavoro, o Da formare"),
    Field("motivazione", "reasons", False, "", "Motivazione della presa in carico; resta cifrata"),
    Field("chiusura", "closed_on", False, "30/06/2019", "Giorno della chiusura (gg/mm/aaaa)"),
    Field("esito", "outcome", False, "Ha trovato lavoro", "Come nell'elenco degli esiti; serve con la chiusura"),
)
LATER = ("archive_id", "interview_on", "charge_on", "case_manager", "readiness", "reasons", "closed_on", "outcome")
NO_REASONS = "Dall'archivio, che non riporta la motivazione."


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """A pathway of the archive."""

    archive_id: str
    registration: RegisterForm
    past: domain.Past
    reasons: str


def read_row(row: dict[str, str]) -> ArchiveRow | str:
    """A row of the file, or the Italian reason why not."""
    values = cells(row, COLUMNS)
    if isinstance(values, str):
        return values
    later = {name: values.pop(name) for name in LATER if name in values}
    form = registration(values)
    if isinstance(form, str):
        return form
    past = domain.Past(
        interview_on=cast(date | None, later.get("interview_on")),
        charge_on=cast(date | None, later.get("charge_on")),
        case_manager=str(later.get("case_manager") or ""),
        readiness=cast(domain.Readiness, later.get("readiness") or "ready"),
        closed_on=cast(date | None, later.get("closed_on")),
        outcome=cast(domain.Outcome | None, later.get("outcome")),
    )
    return ArchiveRow(str(later["archive_id"]), form, past, str(later.get("reasons") or NO_REASONS))


def cause(row: ArchiveRow) -> str:
    """What makes a row the same row in another file: the archive's number."""
    return f"archive/{row.archive_id}"


async def decide(unit: Unit, row: ArchiveRow) -> Decision:
    """Registration and what followed it, of a new person or as one more episode of a known one."""
    decision = await commands.register_in(unit, row.registration, None, entry="archive")
    if isinstance(decision, Duplicate) and len(decision.people) == 1:
        decision = await commands.register_in(unit, row.registration, decision.people[0], entry="archive")
    if isinstance(decision, Refused):
        return decision
    registered = decision[0]
    person_id = registered.subject
    (before,) = await unit.states(person_stream(person_id))
    reference = await unit.vault.write("reasons", person_id, {"text": row.reasons}) if row.past.charge_on else None
    followed = domain.followed(
        domain.evolve(before, registered), person_id=person_id, past=row.past, reasons=reference,
        interview_id=unit.new_id("interview"), today=unit.today,
    )  # fmt: skip
    if isinstance(followed, Refused):
        return followed
    facts: list[Event] = [registered, *followed]
    return facts


def remark(row: ArchiveRow) -> str:
    """What the operator should look at although the row was accepted."""
    return " ".join(row.registration.warnings())
