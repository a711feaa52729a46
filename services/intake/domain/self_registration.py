"""An unverified contact from the public questionnaire: received, then accepted or discarded by an operator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never, cast

from services.intake.domain.parameters import parameter
from services.intake.domain.rules import age_on
from shared import territory
from shared.decisions import Decision, Refused, Stream
from shared.events.base import Event
from shared.events.intake import Channel, ContactAccepted, ContactDiscarded, ContactReceived

DiscardReason = Literal["spam", "duplicate", "not_interested", "unreachable"]


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact; `decided` says how it ended."""

    received_on: date | None = None
    answers: str = ""
    decided: Literal["accepted", "discarded"] | None = None


def evolve_contact(contact: Contact, event: Event) -> Contact:
    """The contact after one more fact."""
    own = cast(ContactReceived | ContactAccepted | ContactDiscarded, event)
    match own:
        case ContactReceived():
            return Contact(own.on, own.answers)
        case ContactAccepted():
            return replace(contact, decided="accepted")
        case ContactDiscarded():
            return replace(contact, decided="discarded")
        case _:
            assert_never(own)


def contact_stream(contact_id: str) -> Stream[Contact]:
    """The stream of one contact."""
    return Stream(contact_id, Contact(), evolve_contact, subject="contact_id")


def answers_refused(birth_date: date | None, municipality: str | None, today: date) -> Refused | None:
    """What can be said to anybody without knowing who is registered: age and domicile, as declared.

    Source: protocol (target: who lives in the 55 municipalities); ages by parameter `minimum_age`.
    """
    if birth_date is not None:
        age = age_on(birth_date, today)
        if age < parameter("minimum_age", today):
            return Refused(
                "too_young", "Hai meno anni di quanti ne servono per partecipare al programma.", "birth_date"
            )
        if age > 110:
            return Refused("birth_date", "Controlla la data di nascita.", "birth_date")
    if municipality is not None and not territory.is_metropolitan(municipality):
        return Refused(
            "domicile_outside",
            "Il programma è per chi vive in uno dei 55 comuni della Città metropolitana di Bologna. Per cercare "
            "lavoro rivolgiti al Centro per l'impiego della zona in cui vivi.",
            "municipality",
        )
    return None


def receive_contact(
    contact: Contact,
    *,
    contact_id: str,
    language: str,
    notice: str,
    channel: Channel,
    municipality: str,
    answers: str,
    on: date,
) -> Decision:
    """The questionnaire was sent. Nobody looks here whether the person is known: the answer must not tell."""
    if contact.received_on is not None:
        return []
    return [
        ContactReceived(
            on=on, contact_id=contact_id, language=language, notice=notice, channel=channel,
            district=territory.district_of(municipality, on), answers=answers,
        )
    ]  # fmt: skip


def _waiting(contact: Contact) -> Refused | None:
    if contact.received_on is None:
        return Refused("no_contact", "Questa domanda non c'è.")
    if contact.decided is not None:
        return Refused("contact_decided", "Questa domanda è già stata accolta o scartata.")
    return None


def accept_contact(contact: Contact, *, contact_id: str, person_id: str, on: date) -> Decision:
    """An operator makes it a registration (whose own rules decide as for anybody at the desk)."""
    return _waiting(contact) or [ContactAccepted(on=on, contact_id=contact_id, person_id=person_id)]


def discard_contact(
    contact: Contact, *, contact_id: str, reason: DiscardReason, person_id: str | None, known: bool, on: date
) -> Decision:
    """An operator lays it aside; a duplicate names the person (`known`: they are registered)."""
    refused = _waiting(contact)
    if refused is not None:
        return refused
    if reason == "duplicate" and (person_id is None or not known):
        return Refused(
            "duplicate_of", "Indica la persona già iscritta di cui questa domanda è un doppione.", "person_id"
        )
    of = person_id if reason == "duplicate" else None
    return [ContactDiscarded(on=on, contact_id=contact_id, reason=reason, person_id=of)]
