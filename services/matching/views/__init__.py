"""Matching's read models and the queries on them."""

from services.matching.views.folds import CANDIDATES, COMPANIES, PLACEMENTS, PROPOSALS, VACANCIES, VIEWS
from services.matching.views.queries import (
    PAGE_SIZE,
    CandidateFilter,
    PlacementState,
    Rows,
    addable,
    candidates,
    cards,
    companies,
    expired,
    people,
    placements,
    proposals,
    standing,
    unanswered,
    vacancies,
    waiting_days,
)

__all__ = [
    "CANDIDATES", "COMPANIES", "PAGE_SIZE", "PLACEMENTS", "PROPOSALS", "VACANCIES", "VIEWS",
    "CandidateFilter",
    "PlacementState", "Rows", "addable", "candidates", "cards", "companies", "expired", "people", "placements",
    "proposals",
    "standing", "unanswered", "vacancies", "waiting_days",
]  # fmt: skip
