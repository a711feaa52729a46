"""Intake's pages: the day's queues and the list, registration and import, the person, the three doors."""

from fastapi import APIRouter

from services.intake.pages import doors, lists, person, register

router = APIRouter()
for part in (lists, register, person, doors):
    router.include_router(part.router)

__all__ = ["router"]
