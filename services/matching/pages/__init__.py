"""Matching's pages: the day's queues, candidates, vacancies with their shortlists, companies, placements."""

from fastapi import APIRouter

from services.matching import labels
from services.matching.pages import candidates, companies, placements, today, vacancies
from shared.web import person_data

router = APIRouter()
for _part in (today, companies, vacancies, candidates, placements):
    router.include_router(_part.router)
router.include_router(person_data.router("matching", {"contract": labels.CONTRACTS, "outcome": labels.PROPOSAL_STATES}))
