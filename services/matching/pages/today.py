"""What somebody with a queue wants first: whom to call, which company to chase, which contract is ending."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from services.matching import domain, labels, views
from services.matching.pages.common import StoreOf, vacancy_rows, with_companies
from services.matching.pages.lists import CANDIDATE, PLACEMENT, PROPOSAL, VACANCY_SHOWN, candidate_rows
from shared import clock
from shared.web.pages import page
from shared.web.readers import Reader, requires

router = APIRouter()
SHOWN = 10


@router.get("/")
async def today(request: Request, store: StoreOf, reader: Annotated[Reader, requires("matching.view")]) -> Response:
    """The day's queues, each with the way to the whole list."""
    on = clock.today()
    unanswered_days = domain.parameter("unanswered_days", on)
    ending_days = domain.parameter("ending_soon_days", on)
    async with store.read() as reading:
        waiting = await views.candidates(reading, views.CandidateFilter(readiness="ready"), on)
        unanswered = await views.unanswered(reading, on, unanswered_days)
        ending = await views.placements(reading, on, state="ending", ending_days=ending_days)
        open_now = await views.vacancies(reading, on)
        chase = await with_companies(store, reading, unanswered[:SHOWN])
        ending_rows = await with_companies(store, reading, ending.rows[:SHOWN])
        vacancies = await vacancy_rows(store, reading, open_now.rows[:SHOWN])
    return page(
        request, "matching/today.html", title="Oggi", labels=labels, on=on, unanswered_days=unanswered_days,
        ending_days=ending_days, waiting=candidate_rows(waiting.rows[:SHOWN], on), waiting_total=waiting.total,
        unanswered=chase, unanswered_total=len(unanswered), ending=ending_rows, ending_total=ending.total,
        vacancies=vacancies, vacancies_total=open_now.total, candidate_columns=CANDIDATE,
        proposal_columns=PROPOSAL, placement_columns=PLACEMENT, vacancy_columns=VACANCY_SHOWN,
    )  # fmt: skip
