"""Training's pages: the courses, one course with everything on it, a person on a course, the people to train."""

from fastapi import APIRouter

from services.training import labels
from services.training.pages import corrections, course, lists, people
from shared.web import person_data

router = APIRouter()
for part in (lists, course, people, corrections):
    router.include_router(part.router)
router.include_router(person_data.router("training", {"line": labels.LINES}))

__all__ = ["router"]
