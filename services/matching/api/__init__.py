"""JSON routes of matching."""

from fastapi import APIRouter

from services.matching.api import reads, writes

router = APIRouter(tags=["domanda e offerta"])
for _part in (reads, writes):
    router.include_router(_part.router)
