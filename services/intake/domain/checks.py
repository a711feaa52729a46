"""The three checks as decisions about a person, and when one has to be done again."""

from __future__ import annotations

from datetime import date
from typing import Literal

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
from services.intake.domain.parameters import measures_on
from services.intake.domain.rules import date_refused, not_open
from services.intake.domain.state import Check, CheckResult, Person
from services.intake.domain.target import Report
from shared import territory
from shared.decisions import Decision, Refused
from shared.events.intake import EligibilityChecked

CHECK_NAMES: dict[str, str] = {"domicile": "domicilio", "status": "stato", "measures": "altre misure"}
Why = Literal["expired", "reported", "sample"]


def unanswered(person: Person, on: date) -> tuple[Report, ...]:
    """What the Region says about a measure in force that does not go together with ours, and that no check answers.

    Answered is what a later check names, or what a register or a service contradicts on or after the day of the
    Region's reading: a declaration alone does not outweigh it. So the order of report and check does not matter.
    """
    verdicts = measures_on(on)
    return tuple(
        report
        for report in person.target.reports.values()
        if report.holds(on)
        and verdicts.get(report.measure, "to_discuss") != "compatible"
        and not _answers(person.checks.get("measures"), report)
    )


def _answers(check: CheckResult | None, report: Report) -> bool:
    if check is None or check.evidence_on is None:
        return False
    if check.reason.split(".")[1:2] == [report.measure]:
        return True
    return check.evidence != "self_declaration" and check.evidence_on >= report.said_on


def to_repeat(person: Person, on: date) -> dict[Check, Why]:
    """The checks that are there but have to be done again, and why."""
    found: dict[Check, Why] = {}
    for name in ("domicile", "status", "measures"):
        check = person.checks.get(name)
        if check is None or not check.passed:
            continue
        if check.holds_until is not None and check.holds_until < on:
            found[name] = "expired"
        if name in person.target.asked:
            found[name] = "sample"
    if person.checks.get("measures") is not None and unanswered(person, on):
        found["measures"] = "reported"
    return found


def _check(
    person: Person,
    person_id: str,
    check: Check,
    finding: Finding | Refused,
    evidence: Evidence,
    evidence_on: date,
    on: date,
    today: date,
    details: str | None,
    municipality: str | None = None,
) -> Decision:
    """Every check rests on dated evidence: a declaration (DPR 445/2000 artt. 46-47), a reading, a report."""
    refused = not_open(person) or date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if isinstance(finding, Refused):
        return finding
    if evidence_on > on:
        return Refused("evidence_later", "La dichiarazione o la lettura non può seguire la verifica.", "evidence_on")
    inside = municipality is not None and territory.is_metropolitan(municipality)
    return [
        EligibilityChecked(
            on=on,
            person_id=person_id,
            check=check,
            outcome=finding.outcome,
            evidence=evidence,
            evidence_on=evidence_on,
            reason=finding.reason,
            district=territory.district_of(municipality or "", on) if inside else None,
            union=territory.union_of(municipality or "", on) if inside else None,
            attributes=finding.attributes,
            holds_until=finding.holds_until,
            applied=finding.applied,
            details=details,
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
    details: str | None = None,
) -> Decision:
    """First check (see eligibility.check_domicile); district and union as in force on the day of the check."""
    finding = check_domicile(municipality, dwelling)
    return _check(
        person, person_id, "domicile", finding, evidence, evidence_on, on, today, details, municipality
    )  # fmt: skip


def assess_status(
    person: Person,
    *,
    person_id: str,
    situation: WorkSituation,
    evidence: Evidence,
    evidence_on: date,
    on: date,
    today: date,
    details: str | None = None,
) -> Decision:
    """Second check (see eligibility.check_status)."""
    finding = check_status(situation, on)
    return _check(person, person_id, "status", finding, evidence, evidence_on, on, today, details)


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
    details: str | None = None,
) -> Decision:
    """Third check (see eligibility.check_measures). What the Region reported is named or contradicted by a register."""
    finding = check_measures(measure, motive, on)
    if isinstance(finding, Finding) and evidence == "self_declaration":
        said = {report.measure for report in unanswered(person, on)} - {measure}
        if said:
            return Refused(
                "reported_by_region",
                "La Regione segnala un'altra misura in corso: indicala qui, oppure appoggia la verifica a una lettura "
                "del registro o a una relazione successiva alla segnalazione.",
                "measure",
            )
    return _check(person, person_id, "measures", finding, evidence, evidence_on, on, today, details)
