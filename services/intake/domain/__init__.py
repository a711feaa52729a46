"""The rules of intake: pure. State and `evolve`, the three checks, and one function per decision."""

from services.intake.domain.archive import Past, Readiness, followed
from services.intake.domain.attachments import attach, detach
from services.intake.domain.casework import Outcome, close, hold_interview, take_in_charge
from services.intake.domain.checks import CHECK_NAMES, assess_domicile, assess_measures, assess_status
from services.intake.domain.duplicates import dismiss, join, part, propose
from services.intake.domain.eligibility import Dwelling, Evidence, Finding, Motive, Work, WorkSituation
from services.intake.domain.parameters import MEASURES, PARAMETERS, measures_on, parameter
from services.intake.domain.permits import Permit, record_permit, remind, reminder_on, work_profile
from services.intake.domain.plans import Fulfilment, agree_plan, fulfil, undone, without
from services.intake.domain.registration import UNKNOWN_QUARTIERE, Registration, domicile_refused, register
from services.intake.domain.rules import Joined, age_band, age_on, joined
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
    "Joined",
    "Motive",
    "Outcome",
    "Past",
    "Permit",
    "Person",
    "Readiness",
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
    "attach",
    "close",
    "detach",
    "dismiss",
    "domicile_refused",
    "evolve",
    "followed",
    "fulfil",
    "hold_interview",
    "join",
    "joined",
    "measures_on",
    "parameter",
    "part",
    "person_stream",
    "propose",
    "record_permit",
    "register",
    "remind",
    "reminder_on",
    "stage",
    "take_in_charge",
    "undone",
    "without",
    "work_profile",
]
