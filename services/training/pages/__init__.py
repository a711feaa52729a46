"""Training's pages: the courses, one course with everything on it, a person on a course, the people to train."""

from fastapi import APIRouter

from services.training.pages import corrections, course, lists, people

router = APIRouter()
for part in (lists, course, people, corrections):
    router.include_router(part.router)

__all__ = ["router"]
