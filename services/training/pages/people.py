"""A person on a course, with what can be recorded next; and a person's way through all courses."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from services.training import commands, labels
from services.training.domain import person_stream
from services.training.pages.common import (
    Completer,
    CourseId,
    Enroller,
    PersonId,
    StoreOf,
    Viewer,
    cards,
    course_path,
    in_words,
    participant_path,
)
from services.training.pages.course import known
from services.training.pages.story import on_course, story
from services.training.views import PEOPLE, queries
from shared import clock
from shared.decisions import Refused
from shared.events.base import Id
from shared.projection.aliases import root_of
from shared.store import Outcome, Store, fold
from shared.web.app import command, name_of
from shared.web.labels import PERSON_DISTRICTS, READINESS
from shared.web.pages import Errors, done, form, page
from shared.web.problems import Problem

router = APIRouter()


async def show_participant(
    request: Request, store: Store, course_id: str, person_id: str, errors: Errors | Refused | None = None
) -> Response:
    """The page of a person on a course. Raises Problem 404 where they never were on it."""
    row, _, _ = await known(store, course_id)
    recorded = await store.history(person_id)
    items = story(on_course(recorded, course_id))
    if not items:
        raise Problem(404, "not_on_course", "Questa persona non è mai stata iscritta a questo corso.")
    attendance = fold(person_stream(person_id), recorded).courses.get(course_id)
    return page(
        request, "training/participant.html", title="Partecipante", person_id=person_id, row=row, errors=errors,
        trail=((row["title"], course_path(course_id)),), labels=labels, base=participant_path(course_id, person_id),
        course=course_path(course_id), attendance=attendance, story=items, shown=recorded[-1].meta.version,
        values={"on": clock.today()}, needed=-(-(row["hours"] or 0) * (row["attendance_percent"] or 0) // 100),
    )  # fmt: skip


@router.get("/corsi/{course_id}/persone/{person_id}")
async def participant(
    request: Request, store: StoreOf, course_id: CourseId, person_id: PersonId, _: Viewer
) -> Response:
    """The person on the course."""
    return await show_participant(request, store, course_id, person_id)


@router.post("/corsi/{course_id}/persone/{person_id}/completa")
async def complete(
    request: Request, store: StoreOf, course_id: CourseId, person_id: PersonId, reader: Completer
) -> Response:
    """Records that the person attended enough."""
    values = await form(request, commands.CompletionForm)
    if isinstance(values, Errors):
        return await show_participant(request, store, course_id, person_id, values)
    outcome = await commands.complete(store, command(request, reader), course_id, person_id, values)
    return await _after(request, store, course_id, person_id, outcome)


@router.post("/corsi/{course_id}/persone/{person_id}/esci")
async def leave(
    request: Request, store: StoreOf, course_id: CourseId, person_id: PersonId, reader: Completer
) -> Response:
    """Records that the person left."""
    values = await form(request, commands.LeaveForm)
    if isinstance(values, Errors):
        return await show_participant(request, store, course_id, person_id, values)
    outcome = await commands.leave(store, command(request, reader), course_id, person_id, values)
    return await _after(request, store, course_id, person_id, outcome)


async def _after(request: Request, store: Store, course_id: str, person_id: str, outcome: Outcome) -> Response:
    if isinstance(outcome, Refused):
        return await show_participant(request, store, course_id, person_id, outcome)
    return done(request, outcome, to=course_path(course_id))


# --- a person and all the courses ---------------------------------------------------------------------------


class ChoiceForm(BaseModel):
    """The course that the person shall attend."""

    model_config = ConfigDict(extra="forbid")

    course_id: Id = Field(description="Corso.")
    on: commands.Day = Field(description="Data di iscrizione.")


async def show_person(
    request: Request, store: Store, person_id: str, errors: Errors | Refused | None = None
) -> Response:
    """The person's way through the courses. Raises Problem 404 where training has not heard of them."""
    today = clock.today()
    async with store.read() as reading:
        row = await reading.row(PEOPLE, person_id)
        enrolments = await queries.enrolments_of(reading, person_id)
        offered = await queries.courses_with_seats(reading, today)
    if row is None:
        raise Problem(404, "unknown_person", "Di questa persona la formazione non ha ancora notizia.")
    words = await cards(store, [e["card"] for e in (*enrolments, *offered)])
    attended = {e["course_id"] for e in enrolments if e["status"] != "left"}
    choices: dict[str, Any] = {}
    for one in offered:
        if one["course_id"] not in attended:
            title = in_words(one, words.get(one["card"] or "", {}))["title"]
            choices[one["course_id"]] = f"{title} · {labels.LINES[one['line']]} · posti liberi {one['seats_left']}"
    return page(
        request, "training/person.html", title="Persona e corsi", trail=(("Persone da formare", "/training/persone"),),
        row=row, person_id=person_id, errors=errors, labels=labels, choices=choices, districts=PERSON_DISTRICTS,
        readiness=READINESS, manager=name_of(row["case_manager"] or ""), course_path=course_path,
        enrolments=[e | in_words(e, words.get(e["card"] or "", {})) for e in enrolments],
        participant_path=participant_path, values={"on": today},
    )  # fmt: skip


@router.get("/persone/{person_id}")
async def person(request: Request, store: StoreOf, person_id: PersonId, _: Viewer) -> Response:
    """The person's page; who was joined to another is on the other's."""
    async with store.read() as reading:
        root = await root_of(reading, person_id)
    if root != person_id:
        return RedirectResponse(f"/training/persone/{root}", 303)
    return await show_person(request, store, person_id)


@router.post("/persone/{person_id}/iscrivi")
async def enrol(request: Request, store: StoreOf, person_id: PersonId, reader: Enroller) -> Response:
    """Enrols the person on the chosen course."""
    values = await form(request, ChoiceForm)
    if isinstance(values, Errors):
        return await show_person(request, store, person_id, values)
    wanted = commands.EnrolForm(person_id=person_id, on=values.on)
    outcome = await commands.enrol(store, command(request, reader), values.course_id, wanted)
    if isinstance(outcome, Refused):
        return await show_person(request, store, person_id, outcome)
    return done(request, outcome, to=f"/training/persone/{person_id}")
