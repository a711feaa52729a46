"""The permit of stay: until when the person may stay and work, and when to remind them of the renewal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.intake.domain.parameters import parameter
from services.intake.domain.rules import date_refused, not_open
from services.intake.domain.state import Person
from shared.decisions import Decision, Refused
from shared.events.intake import PermitKind, PermitRecorded, PermitReminderDue, WorkLimit


@dataclass(frozen=True, slots=True)
class Permit:
    """What the operator reads on the document."""

    kind: PermitKind
    expires_on: date | None
    may_work: bool
    work_limit: WorkLimit
    renewal_asked_on: date | None


def record_permit(person: Person, *, person_id: str, values: Permit, details: str, on: date, today: date) -> Decision:
    """The document as it was shown; a later one replaces it.

    Sources: D.Lgs. 286/1998 art. 5 (renewal asked for sixty days before the end, c. 4; who has asked for it in time
    may go on working with the receipt, c. 9-bis); D.Lgs. 142/2015 art. 22 (who asks for protection may work
    after sixty days); DPR 394/1999 art. 14 c. 4 (study: 20 hours a week).
    """
    if refused := not_open(person) or date_refused(on, today, None, "registration"):
        return refused
    if values.kind == "limited" and values.expires_on is None:
        return Refused("permit_without_end", "Indica la scadenza del permesso.", "expires_on")
    if values.renewal_asked_on is not None and values.renewal_asked_on > on:
        return Refused("receipt_later", "La ricevuta del rinnovo non può essere nel futuro.", "renewal_asked_on")
    over = values.expires_on is not None and values.expires_on < on
    if over and values.may_work and values.renewal_asked_on is None:
        return Refused(
            "permit_expired",
            "Il permesso è scaduto: senza la ricevuta della richiesta di rinnovo non autorizza al lavoro.",
            "may_work",
        )
    if not values.may_work and values.work_limit != "none":
        return Refused("limit_without_work", "Un limite al lavoro vale solo se il permesso autorizza al lavoro.",
                       "work_limit")  # fmt: skip
    recorded = PermitRecorded(
        on=on, person_id=person_id, kind=values.kind,
        expires_on=None if values.kind == "long_term" else values.expires_on, may_work=values.may_work,
        work_limit=values.work_limit, renewal_asked_on=values.renewal_asked_on, details=details,
    )  # fmt: skip
    return [recorded]


def work_profile(permit: PermitRecorded | None) -> dict[str, Any]:
    """What of the permit goes onto `profiles`. With the receipt of a renewal the right to work goes on until the
    answer, which has no date (D.Lgs. 286/1998 art. 5 c. 9-bis)."""
    if permit is None:
        return {}
    pending = permit.renewal_asked_on is not None
    until = permit.expires_on if permit.may_work and not pending else None
    return {
        "may_work": permit.may_work,
        "may_work_until": until.isoformat() if until else None,
        "work_limit": permit.work_limit,
    }


def reminder_on(expires_on: date) -> date:
    """The day of the reminder: the renewal has to be asked for sixty days before the end (D.Lgs. 286/1998 art. 5
    c. 4)."""
    return expires_on - timedelta(days=parameter("permit_reminder_days", expires_on))


def remind(person: Person, *, person_id: str, today: date) -> Decision:
    """The reminder, once for each last day; nothing where the permit was renewed or the renewal asked for."""
    permit = person.identity.permit
    if not person.is_open or permit is None or permit.expires_on is None or permit.renewal_asked_on is not None:
        return []
    if today < reminder_on(permit.expires_on) or permit.expires_on in person.identity.reminded:
        return []
    return [PermitReminderDue(on=today, person_id=person_id, expires_on=permit.expires_on)]
