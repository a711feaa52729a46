"""The three checks as decisions about a person."""

from __future__ import annotations

from datetime import date

from services.intake.domain.eligibility import (
    Dwelling,
    Evidence,
    Finding,
    Motive,
    WorkSituation,
    check_domicile,
    check_measures,
    check_status,
)
from services.intake.domain.rules import date_refused, not_open
from services.intake.domain.state import Check, Person
from shared.decisions import Decision, Refused
from shared.events.intake import (
    EligibilityChecked,
)

CHECK_NAMES: dict[str, str] = {"domicile": "domicilio", "status": "stato", "measures": "altre misure"}


def _check(
    person: Person,
    person_id: str,
    check: Check,
    finding: Finding | Refused,
    evidence: Evidence,
    evidence_on: date,
    on: date,
    today: date,
) -> Decision:
    """Every check rests on dated evidence: a declaration (DPR 445/2000 artt. 46-47), a reading, a report."""
    refused = not_open(person) or date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if isinstance(finding, Refused):
        return finding
    if evidence_on > on:
        return Refused("evidence_later", "La dichiarazione o la lettura non può seguire la verifica.", "evidence_on")
    return [
        EligibilityChecked(
            on=on,
            person_id=person_id,
            check=check,
            outcome=finding.outcome,
            evidence=evidence,
            evidence_on=evidence_on,
            reason=finding.reason,
        )
    ]


def assess_domicile(
    person: Person,
    *,
    person_id: str,
    municipality: str | None,
    dwelling: Dwelling,
    evidence: Evidence,
    evidence_on: date,
    on: date,
    today: date,
) -> Decision:
    """First check (see eligibility.check_domicile)."""
    finding = check_domicile(municipality, dwelling)
    return _check(person, person_id, "domicile", finding, evidence, evidence_on, on, today)


def assess_status(
    person: Person,
    *,
    person_id: str,
    situation: WorkSituation,
    evidence: Evidence,
    evidence_on: date,
    on: date,
    today: date,
) -> Decision:
    """Second check (see eligibility.check_status)."""
    finding = check_status(situation, on)
    return _check(person, person_id, "status", finding, evidence, evidence_on, on, today)


def assess_measures(
    person: Person,
    *,
    person_id: str,
    measure: str,
    motive: Motive | None,
    evidence: Evidence,
    evidence_on: date,
    on: date,
    today: date,
) -> Decision:
    """Third check (see eligibility.check_measures)."""
    finding = check_measures(measure, motive, on)
    return _check(person, person_id, "measures", finding, evidence, evidence_on, on, today)
