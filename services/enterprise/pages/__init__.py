"""The operators' pages of enterprise: lists, one project, the budget."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from fastapi import APIRouter

from services.enterprise.pages import budget, lists, project, submission
from services.enterprise.views import PROJECTS
from shared.projection import Reading
from shared.store import Store
from shared.web import person_data


async def _projects(store: Store, reading: Reading, ids: Sequence[str]) -> Sequence[str]:
    """The projects that the person proposed: their facts stand under ids of their own."""
    table = reading.table(PROJECTS)
    rows = await reading.rows(sa.select(table.c.project_id).where(table.c.person_id.in_(list(ids))))
    return [row["project_id"] for row in rows]


router = APIRouter()
for part in (lists, submission, budget, project):
    router.include_router(part.router)
router.include_router(person_data.router("enterprise", more=_projects))
