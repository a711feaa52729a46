"""The rules of intake: pure. State and `evolve`, the three checks, and one function per decision."""

from services.intake.domain.casework import Outcome, close, hold_interview, take_in_charge
from services.intake.domain.checks import CHECK_NAMES, assess_domicile, assess_measures, assess_status
from services.intake.domain.eligibility import Dwelling, Evidence, Finding, Motive, Work, WorkSituation
from services.intake.domain.parameters import MEASURES, PARAMETERS, measures_on, parameter
from services.intake.domain.plans import Fulfilment, agree_plan, fulfil, undone, without
from services.intake.domain.registration import UNKNOWN_QUARTIERE, Registration, domicile_refused, register
from services.intake.domain.rules import age_band, age_on
from services.intake.domain.state import (
    CHECKS,
    Check,
    CheckResult,
    Person,
    Stage,
    evolve,
    person_stream,
    stage,
)

__all__ = [
    "CHECKS",
    "CHECK_NAMES",
    "MEASURES",
    "PARAMETERS",
    "UNKNOWN_QUARTIERE",
    "Check",
    "CheckResult",
    "Dwelling",
    "Evidence",
    "Finding",
    "Fulfilment",
    "Motive",
    "Outcome",
    "Person",
    "Registration",
    "Stage",
    "Work",
    "WorkSituation",
    "age_band",
    "age_on",
    "agree_plan",
    "assess_domicile",
    "assess_measures",
    "assess_status",
    "close",
    "domicile_refused",
    "evolve",
    "fulfil",
    "hold_interview",
    "measures_on",
    "parameter",
    "person_stream",
    "register",
    "stage",
    "take_in_charge",
    "undone",
    "without",
]
