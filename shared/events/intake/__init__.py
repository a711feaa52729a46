"""What intake says: who came, whether they are in the target, who follows them, with which plan and outcome.

All of it is about one person, so all of it is on `pathway`. Who the person is stands in intake's vault.
"""

from shared.events.intake.pathway import (
    EligibilityChecked,
    InterviewHeld,
    PathwayClosed,
    PathwayFactCorrected,
    PersonRegistered,
    PlanAction,
    PlanActionDone,
    PlanAgreed,
    TakenInCharge,
)
from shared.events.intake.vocabulary import (
    AgeBand,
    Channel,
    CitizenshipArea,
    Direction,
    District,
    Education,
    Sex,
)

__all__ = [
    "AgeBand",
    "Channel",
    "CitizenshipArea",
    "Direction",
    "District",
    "Education",
    "EligibilityChecked",
    "InterviewHeld",
    "PathwayClosed",
    "PathwayFactCorrected",
    "PersonRegistered",
    "PlanAction",
    "PlanActionDone",
    "PlanAgreed",
    "Sex",
    "TakenInCharge",
]
