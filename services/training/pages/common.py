"""What the pages share: who may, the words of a course, where things are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Path

from services.training import labels
from shared.events.base import Id
from shared.projection import Row
from shared.store import Store
from shared.web.app import get_store
from shared.web.readers import Reader, requires

PER_PAGE = 50
StoreOf = Annotated[Store, Depends(get_store)]
Viewer = Annotated[Reader, requires("training.view")]
Planner = Annotated[Reader, requires("training.course")]
Activator = Annotated[Reader, requires("training.activate")]
Enroller = Annotated[Reader, requires("training.enrol")]
Completer = Annotated[Reader, requires("training.complete")]
Corrector = Annotated[Reader, requires("training.correct")]
Exporter = Annotated[Reader, requires("training.export")]
CourseId = Annotated[Id, Path()]
PersonId = Annotated[Id, Path()]
FactId = Annotated[Id, Path()]
VacancyId = Annotated[Id, Path()]


def course_path(course_id: str) -> str:
    """The page of a course."""
    return f"/training/corsi/{course_id}"


def participant_path(course_id: str, person_id: str) -> str:
    """The page of a person on a course."""
    return f"{course_path(course_id)}/persone/{person_id}"


async def cards(store: Store, references: Sequence[str | None]) -> dict[str, dict[str, Any]]:
    """Titles and descriptions by reference, as far as they still exist in the vault."""
    wanted = [reference for reference in references if reference]
    if not wanted:
        return {}
    async with store.engine.connect() as conn:
        return await store.vault.read_many(conn, wanted)


async def with_words(store: Store, rows: Sequence[Row]) -> list[Row]:
    """Courses with their title (their subject, where it was erased) and in words what the codes say."""
    words = await cards(store, [row["card"] for row in rows])
    return [row | in_words(row, words.get(row["card"] or "", {})) for row in rows]


def in_words(row: Row, card: dict[str, Any]) -> Row:
    """Title, description and provider of a course for a page."""
    return {
        "title": card.get("title") or labels.TOPICS.get(row["topic"] or "", "Corso senza titolo"),
        "description": card.get("description") or "",
        "provider_name": labels.PROVIDERS.get(row["provider"] or "", row["provider"] or ""),
    }
