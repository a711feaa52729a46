"""Matching's pages: the day's queues, candidates, vacancies with their shortlists, companies, placements."""

from fastapi import APIRouter

from services.matching.pages import candidates, companies, placements, today, vacancies

router = APIRouter()
for _part in (today, companies, vacancies, candidates, placements):
    router.include_router(_part.router)
