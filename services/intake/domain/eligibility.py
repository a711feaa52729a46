"""The three checks before the interview: each gives an outcome and the code of the rule that gave it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.intake.domain.parameters import measures_on, parameter
from shared import territory
from shared.decisions import Refused

Outcome = Literal["passed", "failed", "passed_with_motive"]
Evidence = Literal["self_declaration", "register_read", "service_report"]
Dwelling = Literal["home", "dormitory", "fictitious_street", "community", "none"]
"""All of these are domiciles: the homeless have one too (L. 1228/1954 art. 2, via fittizia)."""
Work = Literal["never_worked", "unemployed", "employee", "own_account", "both"]
Motive = Literal["complementary", "ending", "agreed_with_service"]
"""Why an operator goes on although the person is in another measure."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a check and the code of its rule."""

    outcome: Outcome
    reason: str


def check_domicile(municipality: str | None, dwelling: Dwelling) -> Finding:
    """Domicile (not residence) in one of the 55 municipalities. None: outside them.

    Source: the protocol ("vivono sul territorio" of the Citta' metropolitana); L. 56/2014 for the territory.
    """
    if municipality is None or not territory.is_metropolitan(municipality):
        return Finding("failed", "domicile.outside")
    return Finding("passed", f"domicile.{dwelling}")


@dataclass(frozen=True, slots=True)
class WorkSituation:
    """What the person does for a living now. Pay is gross euro cents a year, contract length in days."""

    work: Work
    employee_pay: int = 0
    own_account_pay: int = 0
    contract_days: int | None = None
    """Length of the contract, None if it is permanent."""
    immediately_available: bool = True
    """Whether the person made the declaration of immediate availability (DID)."""


def check_status(situation: WorkSituation, on: date) -> Finding | Refused:
    """Unemployed or never employed, in the sense of the law.

    Source: D.Lgs. 150/2015 art. 19; D.L. 4/2019 art. 4 c. 15-quater (income whose tax is within the
    deductions); art. 19 c. 3 (a contract of at most six months suspends, up to 180 days). The
    thresholds are dated parameters.
    """
    if situation.employee_pay < 0 or situation.own_account_pay < 0:
        return Refused("negative_pay", "Il reddito non può essere negativo.", "employee_pay")
    if not situation.immediately_available:
        return Finding("failed", "status.no_did")
    if situation.work in ("never_worked", "unemployed"):
        return Finding("passed", f"status.{situation.work}")
    within = situation.employee_pay <= parameter("income_employee_cents", on)
    if situation.work in ("own_account", "both"):
        within = within and situation.own_account_pay <= parameter("income_own_cents", on)
    if within:
        return Finding("passed", "status.low_income")
    short = situation.contract_days is not None and situation.contract_days <= parameter("suspension_days", on)
    if situation.work == "employee" and short:
        return Finding("passed", "status.suspended")
    return Finding("failed", "status.working")


def check_measures(measure: str, motive: Motive | None, on: date) -> Finding | Refused:
    """No other active measure for the same need, or a compatible one, or a motive to go on.

    Source: the protocol (non-duplication of interventions); the dated table MEASURES.
    """
    verdict = measures_on(on).get(measure)
    if verdict is None:
        return Refused("unknown_measure", "Questa misura non era in vigore a quella data.", "measure")
    if verdict == "compatible":
        return Finding("passed", f"measures.{measure}")
    if motive is not None:
        return Finding("passed_with_motive", f"measures.{measure}.{motive}")
    return Finding("failed", f"measures.{measure}")
