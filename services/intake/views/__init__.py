"""Intake's read models: the people with their stage, and what the other services say about each of them."""

from services.intake.views.others import (
    FULFILS,
    OTHERS,
    fold_others,
    fulfilments,
)
from services.intake.views.people import (
    PEOPLE,
    fold_person,
    stage_of,
    unknown_row,
)
from services.intake.views.queries import (
    case_managers,
    people,
    worklist,
)

VIEWS = (PEOPLE, OTHERS)

__all__ = [
    "FULFILS",
    "OTHERS",
    "PEOPLE",
    "VIEWS",
    "case_managers",
    "fold_others",
    "fold_person",
    "fulfilments",
    "people",
    "stage_of",
    "unknown_row",
    "worklist",
]
