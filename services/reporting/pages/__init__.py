"""The pages of reporting: pathways, the half-year report, what happens now, the platform's own state."""

from __future__ import annotations

from fastapi import APIRouter

from services.reporting.pages import half_year, home, now, operations, pathways
from shared.web import person_data

router = APIRouter()
for part in (home, pathways, half_year, now, operations):
    router.include_router(part.router)
router.include_router(person_data.router("reporting"))
