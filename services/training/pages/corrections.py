"""'Correggi': a fact of a course, or of a person on it, is rectified or cancelled, with a motive."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from services.training import commands, labels
from services.training.pages.common import (
    Corrector,
    CourseId,
    FactId,
    PersonId,
    StoreOf,
    course_path,
    participant_path,
)
from services.training.pages.course import known
from services.training.pages.story import FOLLOWS, latest
from shared.decisions import Refused
from shared.events.base import Event
from shared.events.training import CourseCancelled, CourseProposed
from shared.store import Outcome, Store
from shared.web.app import command
from shared.web.facts import label_of
from shared.web.labels import MOTIVES
from shared.web.pages import Errors, done, form, page
from shared.web.problems import Problem

router = APIRouter()
GONE = Problem(404, "fact_not_found", "Questo fatto non c'è o è già stato annullato: torna alla pagina del corso.")


async def _fact(store: Store, stream_id: str, fact_id: str) -> tuple[Event, int]:
    recorded = await store.history(stream_id)
    event = latest(recorded, fact_id)
    if event is None or isinstance(event, FOLLOWS):
        raise GONE
    return event, recorded[-1].meta.version


async def show(
    request: Request,
    store: Store,
    course_id: str,
    fact_id: str,
    person_id: str | None = None,
    errors: Errors | Refused | None = None,
) -> Response:
    """The form for this fact, with the values that hold now. Raises Problem 404 where it holds no more."""
    row, _, _ = await known(store, course_id)
    event, version = await _fact(store, person_id or course_id, fact_id)
    back = participant_path(course_id, person_id) if person_id else course_path(course_id)
    reasons: dict[str, str] = labels.CANCEL_REASONS if isinstance(event, CourseCancelled) else labels.LEAVE_REASONS
    values: dict[str, Any] = event.model_dump() | {"action": "rectify"}
    return page(
        request, "training/correction.html", title=f"Correggi: {label_of(event.TYPE)}",
        trail=((row["title"], course_path(course_id)),), person_id=person_id, labels=labels, motives=MOTIVES,
        values=values, kind=event.TYPE, fields=("name",), proposal=isinstance(event, CourseProposed),
        reasons=reasons, back=back, action=f"{back}/fatti/{fact_id}/correggi", shown=version, errors=errors,
    )  # fmt: skip


@router.get("/corsi/{course_id}/fatti/{fact_id}/correggi")
async def course_fact(request: Request, store: StoreOf, course_id: CourseId, fact_id: FactId, _: Corrector) -> Response:
    """The form for a fact of the course."""
    return await show(request, store, course_id, fact_id)


@router.post("/corsi/{course_id}/fatti/{fact_id}/correggi")
async def correct_course(
    request: Request, store: StoreOf, course_id: CourseId, fact_id: FactId, reader: Corrector
) -> Response:
    """Corrects a fact of the course."""
    values = await form(request, commands.CourseCorrectionForm)
    if isinstance(values, Errors):
        return await show(request, store, course_id, fact_id, errors=values)
    outcome = await commands.correct_course(store, command(request, reader), course_id, fact_id, values)
    return await _after(request, store, course_id, fact_id, None, outcome)


@router.get("/corsi/{course_id}/persone/{person_id}/fatti/{fact_id}/correggi")
async def enrolment_fact(
    request: Request, store: StoreOf, course_id: CourseId, person_id: PersonId, fact_id: FactId, _: Corrector
) -> Response:
    """The form for a fact about a person on the course."""
    return await show(request, store, course_id, fact_id, person_id)


@router.post("/corsi/{course_id}/persone/{person_id}/fatti/{fact_id}/correggi")
async def correct_enrolment(
    request: Request,
    store: StoreOf,
    course_id: CourseId,
    person_id: PersonId,
    fact_id: FactId,
    reader: Corrector,
) -> Response:
    """Corrects a fact about a person on the course, and the seat with it."""
    values = await form(request, commands.EnrolmentCorrectionForm)
    if isinstance(values, Errors):
        return await show(request, store, course_id, fact_id, person_id, values)
    outcome = await commands.correct_enrolment(store, command(request, reader), course_id, person_id, fact_id, values)
    return await _after(request, store, course_id, fact_id, person_id, outcome)


async def _after(
    request: Request, store: Store, course_id: str, fact_id: str, person_id: str | None, outcome: Outcome
) -> Response:
    if isinstance(outcome, Refused):
        # Where somebody else cancelled the fact meanwhile there is no form to show again.
        if outcome.code == "fact_not_found":
            raise Problem(409, outcome.code, outcome.sentence)
        return await show(request, store, course_id, fact_id, person_id, outcome)
    return done(request, outcome, to=course_path(course_id))
