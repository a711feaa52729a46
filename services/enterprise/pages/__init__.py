"""The operators' pages of enterprise: lists, one project, the budget."""

from __future__ import annotations

from fastapi import APIRouter

from services.enterprise.pages import budget, lists, project, submission

router = APIRouter()
for part in (lists, submission, budget, project):
    router.include_router(part.router)
