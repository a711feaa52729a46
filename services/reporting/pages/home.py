"""The first page of reporting: what the programme has in hand, and where to go on from here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.reporting import figures, labels
from services.reporting.domain import Period
from services.reporting.pages.common import StoreOf
from services.reporting.views import queries
from shared import clock
from shared.web.pages import page
from shared.web.readers import Reader, requires

router = APIRouter()


@router.get("/")
async def home(request: Request, store: StoreOf, _: Annotated[Reader, requires("reporting.view")]) -> Response:
    """Figures only: how many people are at which point."""
    async with store.read() as reading:
        counts = await queries.by_status(reading)
        faulty = reading.faulty()
    current = Period.holding(clock.today())
    return page(
        request, "reporting/home.html", title="Dati e rapporti", faulty=faulty,
        pairs=[(words, counts.get(status, 0)) for status, words in labels.STATUSES.items() if status != "unknown"],
        waiting=counts.get("unknown", 0), total=sum(counts.values()),
        periods=[(p.code, figures.name_of(p)) for p in (current, current.before, current.before.before)],
    )  # fmt: skip
