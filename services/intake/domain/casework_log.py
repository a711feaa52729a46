"""Contacts and notes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from services.intake.domain.casefile import REACHED
from services.intake.domain.rules import date_refused
from services.intake.domain.state import Person
from shared.decisions import Decision, Refused
from shared.events.intake import ContactLogged, NoteAdded

ContactChannel = Literal["call", "sms", "email", "whatsapp", "visit"]
ContactOutcome = Literal["answered", "no_answer", "wrong_number", "message_left", "refused"]
RECALL_AT_MOST = timedelta(days=366)
_UNKNOWN = Refused("not_registered", "Questa persona non è iscritta.")


def log_contact(
    person: Person,
    *,
    person_id: str,
    contact_id: str,
    channel: ContactChannel,
    outcome: ContactOutcome,
    recall_on: date | None,
    note: str | None,
    on: date,
    today: date,
) -> Decision:
    """Somebody tried to reach the person. After a closure too (a call back is work), but then without a recall."""
    if person.registered_on is None:
        return _UNKNOWN
    refused = date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if outcome == "wrong_number" and channel == "visit":
        return Refused("visit_number", "Una visita non ha un numero sbagliato: scegli un altro esito.", "outcome")
    if recall_on is not None:
        if not person.is_open:
            return Refused("recall_closed", "Il percorso è chiuso: non si può fissare un richiamo.", "recall_on")
        if not on <= recall_on <= today + RECALL_AT_MOST:
            return Refused("recall_date", "Il richiamo va dal giorno del contatto a un anno da oggi.", "recall_on")
    return [
        ContactLogged(
            on=on, person_id=person_id, contact_id=contact_id, channel=channel, outcome=outcome, recall_on=recall_on,
            note=note,
        )
    ]  # fmt: skip


def add_note(person: Person, *, person_id: str, note_id: str, note: str, on: date, today: date) -> Decision:
    """A note on the case: never changed, never taken away but with the person."""
    if person.registered_on is None:
        return _UNKNOWN
    refused = date_refused(on, today, None, "registration")
    return refused or [NoteAdded(on=on, person_id=person_id, note_id=note_id, note=note)]


__all__ = ["REACHED", "ContactChannel", "ContactOutcome", "add_note", "log_contact"]
