"""Interview, taking in charge, closure."""

from __future__ import annotations

from datetime import date
from typing import Literal

from services.intake.domain.checks import CHECK_NAMES, to_repeat
from services.intake.domain.parameters import parameter
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
    is the operator's own reasoned finding, so the reasons are required. Since when that finding is an act of its
    own, made before, is the dated parameter `separate_finding`.
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
    again = to_repeat(person, on)
    if again:
        names = ", ".join(CHECK_NAMES[name] for name in again)
        return Refused("checks_to_repeat", f"Prima della presa in carico vanno ripetute le verifiche: {names}.")
    if person.target.finding == "not_fragile":
        return Refused("strong_profile", "È stato accertato un profilo forte: la persona è fuori target.")
    if person.target.finding is None and parameter("separate_finding", on):
        return Refused("no_finding", "Prima registra l'accertamento della fragilità, nella pagina della valutazione.")
    return [TakenInCharge(on=on, person_id=person_id, case_manager=case_manager, readiness=readiness, reasons=reasons)]


def close(
    person: Person,
    *,
    person_id: str,
    outcome: Outcome,
    on: date,
    today: date,
    agreed: bool = False,
    reasons: str | None = None,
    notice_days: int = 0,
) -> Decision:
    """The pathway ends, at any time while it is open. After it only a new registration.

    `strong_profile` ("fuori target") is found at an interview only, and says whether the person agreed to be
    referred to the associations; `not_eligible` says which checks failed. With `notice_days` (a dated parameter, 0:
    not in use) a refusal needs the notice of art. 10-bis L. 241/1990 and its term over.
    """
    refused = not_open(person) or date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if outcome == "strong_profile":
        refused = _not_strong(person, on)
    elif outcome == "not_eligible":
        refused = _not_refusable(person, notice_days, on)
    if refused is not None:
        return refused
    grounds = tuple(person.checks[name].reason for name in person.failed) if outcome == "not_eligible" else ()
    return [
        PathwayClosed(
            on=on, person_id=person_id, outcome=outcome, grounds=grounds, reasons=reasons,
            referral_agreed=agreed if outcome == "strong_profile" else None,
        )
    ]  # fmt: skip


def _not_strong(person: Person, on: date) -> Refused | None:
    if not person.interviews:
        return Refused("no_interview", "Il profilo forte si valuta nel colloquio: registralo.", "outcome")
    if person.target.finding == "fragile":
        return Refused("fragile", "È stata accertata una fragilità: non è un profilo forte.", "outcome")
    if person.target.finding is None and parameter("separate_finding", on):
        return Refused("no_finding", "Prima accerta il profilo forte, nella pagina della valutazione.", "outcome")
    return None


def _not_refusable(person: Person, notice_days: int, on: date) -> Refused | None:
    if not person.failed:
        return Refused("no_failed_check", "«Non ammissibile» richiede una verifica non superata.", "outcome")
    if notice_days <= 0:
        return None
    if person.target.answer_by is None:
        return Refused(
            "notice_missing", "Prima del rifiuto manda il preavviso con i motivi (art. 10-bis L. 241/1990).", "outcome"
        )
    if on <= person.target.answer_by:
        return Refused(
            "notice_running",
            f"La persona può rispondere al preavviso fino al {person.target.answer_by:%d/%m/%Y}.",
            "on",
        )
    return None
