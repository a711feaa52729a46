"""Interview, taking in charge, closure."""

from __future__ import annotations

from datetime import date
from typing import Literal

from services.intake.domain.checks import CHECK_NAMES
from services.intake.domain.rules import date_refused, not_open
from services.intake.domain.state import Person
from shared.decisions import Decision, Refused
from shared.events.intake import (
    InterviewHeld,
    PathwayClosed,
    TakenInCharge,
)

Outcome = Literal[
    "autonomous",
    "found_work",
    "strong_profile",
    "not_eligible",
    "unreachable",
    "withdrew",
    "moved_away",
    "referred",
    "deceased",
]


def hold_interview(
    person: Person,
    *,
    person_id: str,
    interview_id: str,
    mode: Literal["in_person", "phone", "video"],
    notes: str | None,
    on: date,
    today: date,
) -> Decision:
    """The interview. A check may still be missing (declarations are often signed then), none may have failed.

    Source: the process as it runs (domain 1.2): contact only if domiciled and in no other measure.
    """
    refused = not_open(person) or date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if person.failed:
        names = ", ".join(CHECK_NAMES[name] for name in person.failed)
        return Refused(
            "check_failed",
            f"Verifica non superata: {names}. Ripetila se i dati sono cambiati, o chiudi il percorso come "
            "non ammissibile.",
        )
    return [InterviewHeld(on=on, person_id=person_id, interview_id=interview_id, mode=mode, notes=notes)]


def take_in_charge(
    person: Person,
    *,
    person_id: str,
    case_manager: str,
    readiness: Literal["ready", "to_train"],
    reasons: str,
    on: date,
    today: date,
) -> Decision:
    """The programme follows the person from now on: after an interview and with the three checks passed.

    Source: protocol (unemployed, fragile, domiciled here); L.R. E-R 14/2015 art. 2 for fragility, which here
    is the operator's own reasoned finding, so the reasons are required.
    """
    refused = not_open(person) or date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if person.in_charge:
        return Refused("already_in_charge", "La persona è già presa in carico.")
    lacking = person.missing + person.failed
    if lacking:
        names = ", ".join(CHECK_NAMES[name] for name in lacking)
        return Refused("checks_lacking", f"Prima della presa in carico vanno superate le verifiche: {names}.")
    if not person.interviews:
        return Refused("no_interview", "Prima della presa in carico registra almeno un colloquio.")
    refused = date_refused(on, today, min(person.interviews.values()), "interview") or date_refused(
        on, today, max(each.on for each in person.checks.values()), "checks"
    )
    if refused is not None:
        return refused
    return [TakenInCharge(on=on, person_id=person_id, case_manager=case_manager, readiness=readiness, reasons=reasons)]


def close(person: Person, *, person_id: str, outcome: Outcome, on: date, today: date) -> Decision:
    """The pathway ends, at any time while it is open. After it only a new registration.

    `strong_profile` ("fuori target") is found at an interview only; `not_eligible` says that a check failed.
    """
    refused = not_open(person) or date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if outcome == "strong_profile" and not person.interviews:
        return Refused("no_interview", "Il profilo forte si valuta nel colloquio: registralo.", "outcome")
    if outcome == "not_eligible" and not person.failed:
        return Refused("no_failed_check", "«Non ammissibile» richiede una verifica non superata.", "outcome")
    return [PathwayClosed(on=on, person_id=person_id, outcome=outcome)]
