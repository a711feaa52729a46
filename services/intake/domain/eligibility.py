"""The three checks before the interview: each gives an outcome, the code of the rule and the dated values used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.intake.domain.parameters import Parameter, in_force, measures_on
from services.intake.domain.unemployment import WorkPeriod, seniority, suspension
from shared import territory
from shared.decisions import Refused
from shared.events.intake import AppliedParameter, StatusAttribute

Outcome = Literal["passed", "failed", "passed_with_motive"]
Evidence = Literal["self_declaration", "register_read", "service_report"]
Dwelling = Literal["home", "dormitory", "fictitious_street", "community", "none"]
"""All of these are domiciles: the homeless have one too (L. 1228/1954 art. 2, via fittizia)."""
Work = Literal["never_worked", "unemployed", "employee", "own_account", "both"]
Motive = Literal["complementary", "ending", "agreed_with_service"]
"""Why an operator goes on although the person is in another measure."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a check, the code of its rule, and what explains it."""

    outcome: Outcome
    reason: str
    attributes: tuple[StatusAttribute, ...] = ()
    holds_until: date | None = None
    """Last day of the outcome, where it ends by itself: a suspension."""
    applied: tuple[AppliedParameter, ...] = ()


def municipality_of(address: str) -> str | None:
    """ISTAT code of the municipality that an address ends with, else of a postcode that only one has.

    None where the address does not tell; a name in the middle (a street called after a town) tells nothing.
    """
    words = re.sub(r"\s(BO)$", "", territory.normal(address))
    named = [each for each in territory.municipalities() if f" {words}".endswith(f" {territory.normal(each.name)}")]
    if named:
        return max(named, key=lambda each: len(each.name)).code
    found = {each.code for code in re.findall(r"\b[0-9]{5}\b", address) for each in _with_postcode(code)}
    return found.pop() if len(found) == 1 else None


def _with_postcode(postcode: str) -> list[territory.Municipality]:
    return [each for each in territory.municipalities() if postcode in each.postcodes]


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
    """Length of the contract where its days are not known, None if it is permanent."""
    immediately_available: bool = True
    """Whether the person made the declaration of immediate availability (DID)."""
    did_on: date | None = None
    """Civil date of the DID; the application for NASpI or DIS-COLL counts as one [own]."""
    contract: WorkPeriod | None = None
    """The present contract as employee."""
    extended: bool = False
    """Whether a contract that began as a short one was extended beyond the limit."""
    past_works: tuple[WorkPeriod, ...] = ()
    """Work relations since the DID that suspended the status."""


def check_status(situation: WorkSituation, on: date) -> Finding | Refused:
    """Unemployed or never employed, in the sense of the law.

    Source: D.Lgs. 150/2015 art. 19; D.L. 4/2019 art. 4 c. 15-quater (income whose tax is within the
    deductions); art. 19 c. 3 (a contract of at most six months suspends, up to 180 days). The
    thresholds are dated parameters.
    """
    if situation.employee_pay < 0 or situation.own_account_pay < 0:
        return Refused("negative_pay", "Il reddito non può essere negativo.", "employee_pay")
    refused = _days_refused(situation, on)
    if refused is not None:
        return refused
    if not situation.immediately_available:
        return Finding("failed", "status.no_did")
    if situation.work in ("never_worked", "unemployed"):
        contract = situation.contract
        if contract is not None and (contract.last is None or contract.last >= on):
            return Refused(
                "contract_alive", "C'è un contratto ancora in corso: scegli «lavoro dipendente».", "contract_until"
            )
        attributes, applied = _attributes(situation, on)
        return Finding("passed", f"status.{situation.work}", attributes, None, applied)
    return _working(situation, on)


def _working(situation: WorkSituation, on: date) -> Finding:
    used = [in_force("income_employee_cents", on)]
    within = situation.employee_pay <= used[0].value
    if situation.work in ("own_account", "both"):
        used.append(in_force("income_own_cents", on))
        within = within and situation.own_account_pay <= used[-1].value
    attributes, applied = _attributes(situation, on)
    if within:
        return Finding(
            "passed", "status.low_income", (*attributes, "low_income"), None, (*map(_applied, used), *applied)
        )
    limit = in_force("suspension_days", on)
    values = (*map(_applied, used), _applied(limit), *applied)
    if situation.work == "employee" and situation.contract is not None:
        found = suspension(situation.contract, limit.value, on, situation.extended)
        if found is not None and found.now:
            return Finding("passed", "status.suspended", (*attributes, "suspended"), found.until, values)
    elif situation.work == "employee" and (situation.contract_days or limit.value + 1) <= limit.value:
        return Finding("passed", "status.suspended", (*attributes, "suspended"), None, values)
    return Finding("failed", "status.working", attributes, None, values)


def _attributes(situation: WorkSituation, on: date) -> tuple[tuple[StatusAttribute, ...], tuple[AppliedParameter, ...]]:
    """never_worked is an attribute of being unemployed since 2015 [own]; long_term is more than twelve months."""
    found: list[StatusAttribute] = ["never_worked"] if situation.work == "never_worked" else []
    if situation.did_on is None:
        return tuple(found), ()
    limit = in_force("long_term_days", on)
    if seniority(situation.did_on, suspending(situation), on) > limit.value:
        found.append("long_term")
    return tuple(found), (_applied(limit),)


def suspending(situation: WorkSituation) -> tuple[WorkPeriod, ...]:
    """All work relations since the DID, the present one included."""
    return (*situation.past_works, *((situation.contract,) if situation.contract else ()))


def _days_refused(situation: WorkSituation, on: date) -> Refused | None:
    for work in suspending(situation):
        if work.last is not None and work.last < work.first:
            return Refused("contract_order", "Un contratto non può finire prima di cominciare.", "contract_until")
    if situation.did_on is not None and situation.did_on > on:
        return Refused("did_later", "La DID non può essere successiva alla verifica.", "did_on")
    if situation.work == "never_worked" and suspending(situation):
        return Refused("never_worked", "Chi non ha mai lavorato non ha contratti: controlla.", "work")
    if situation.contract is not None and situation.contract.first > on:
        return Refused("contract_later", "Il contratto comincia dopo la verifica.", "contract_from")
    return None


def _applied(line: Parameter) -> AppliedParameter:
    return AppliedParameter(name=line.name, value=line.value, since=line.valid_from)


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
