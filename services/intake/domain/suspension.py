"""The pathway rests and goes on again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from services.intake.domain.parameters import parameter
from services.intake.domain.rules import date_refused, not_open
from services.intake.domain.state import Person
from shared.decisions import Decision, Refused
from shared.events.intake import PathwayResumed, PathwaySuspended

SuspensionReason = Literal["personal", "short_work", "away", "other_measure", "other"]


def suspend(
    person: Person,
    *,
    person_id: str,
    reason: SuspensionReason,
    expected_until: date | None,
    note: str | None,
    on: date,
    today: date,
) -> Decision:
    """Nothing is proposed to the person until it is resumed: suspended persons are not shortlisted ([own] rule)."""
    refused = not_open(person) or date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if person.rest.since is not None:
        return Refused("already_suspended", f"Il percorso è già sospeso dal {person.rest.since:%d/%m/%Y}.")
    most = parameter("suspension_most_days", on)
    if expected_until is not None and not on <= expected_until <= on + timedelta(days=most):
        return Refused(
            "suspension_end", f"La fine prevista va dal giorno della sospensione a {most} giorni dopo.",
            "expected_until",
        )  # fmt: skip
    return [PathwaySuspended(on=on, person_id=person_id, reason=reason, expected_until=expected_until, note=note)]


def resume(person: Person, *, person_id: str, on: date, today: date) -> Decision:
    """The pathway goes on."""
    refused = not_open(person)
    if refused is not None:
        return refused
    if person.rest.since is None:
        return Refused("not_suspended", "Il percorso non è sospeso.")
    refused = date_refused(on, today, person.rest.since, "suspension")
    return refused or [PathwayResumed(on=on, person_id=person_id)]
