"""JSON routes of training. A POST carries an Idempotency-Key: sent twice, it counts once."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from services.training import commands
from services.training.views import queries
from shared import clock
from shared.events.base import Id
from shared.events.intake import District
from shared.events.training import Line
from shared.store import Store
from shared.web.acts import Act, json_routes
from shared.web.app import get_store
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter(tags=["formazione"])
StoreOf = Annotated[Store, Depends(get_store)]
Viewer = Annotated[Reader, requires("training.view")]
CourseId = Annotated[Id, Path(description="Il corso.")]
Limit = Annotated[int, Query(ge=1, le=500, description="Quante righe.")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="Da quale riga.")]


class Course(BaseModel):
    """A course as its list shows it."""

    course_id: str
    status: str
    line: str | None
    topic: str | None
    hours: int | None
    seats: int | None
    seats_left: int | None
    starts_on: date | None
    ends_on: date | None
    provider: str | None
    attendance_percent: int | None
    activated_on: date | None
    vacancies: list[str]
    open_positions: int
    needed: int | None
    attending: int
    completed: int
    alarm: bool


class Enrolment(BaseModel):
    """One person on one course."""

    person_id: str
    course_id: str
    line: str | None
    status: str | None
    enrolled_on: date | None
    ended_on: date | None
    reason: str | None
    hours: int | None
    certificate: str | None


class CourseWithPeople(Course):
    """A course with whoever is or was on it."""

    participants: list[Enrolment]


class Person(BaseModel):
    """A person in charge, as far as training needs to know."""

    person_id: str
    readiness: str | None
    charged_on: date | None
    district: str | None
    training_due: date | None
    has_course: bool


@router.get("/courses", response_model=list[Course], summary="Elenco dei corsi")
async def list_courses(
    store: StoreOf,
    _: Viewer,
    status: Literal["proposed", "active", "cancelled"] | None = None,
    line: Line | None = None,
    only: queries.Only | None = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Any:
    """The courses, the latest first."""
    async with store.read() as reading:
        rows, _total = await queries.courses(
            reading, today=clock.today(), status=status, line=line, only=only, limit=limit, offset=offset
        )
    return rows


@router.get("/courses/{course_id}", response_model=CourseWithPeople, summary="Un corso con chi vi partecipa")
async def get_course(store: StoreOf, _: Viewer, course_id: CourseId) -> Any:
    """One course. 404 if training has not heard of it."""
    async with store.read() as reading:
        row = await queries.course(reading, course_id, clock.today())
        if row is None:
            raise Problem(404, "unknown_course", "Questo corso non esiste.")
        return row | {"participants": await queries.participants(reading, course_id)}


@router.get("/people", response_model=list[Person], summary="Persone da formare")
async def list_people(
    store: StoreOf,
    _: Viewer,
    district: District | None = None,
    without_course: bool = True,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Any:
    """People in charge who are to be trained, by urgency."""
    async with store.read() as reading:
        rows, _total = await queries.people(
            reading, district=district, without_course=without_course, limit=limit, offset=offset
        )
    return rows


def _act(words: str, action: str, api: str, run: Any, model: type[BaseModel]) -> Act:
    return Act(words=words, action=f"training.{action}", api=api, run=run, model=model)


COURSE = "/courses/{course_id}"
PARTICIPANT = f"{COURSE}/people/{{person_id}}"
json_routes(router, (
    _act("Propone un corso", "course", "/courses", commands.propose_course, commands.ProposalForm),
    _act("Collega una ricerca a un corso 2.b", "course", f"{COURSE}/links", commands.link_vacancy, commands.LinkForm),
    _act("Scollega una ricerca", "course", f"{COURSE}/vacancies/{{vacancy_id}}/unlinking", commands.unlink_vacancy,
         commands.DayForm),
    _act("Attiva un corso", "activate", f"{COURSE}/activation", commands.activate_course, commands.DayForm),
    _act("Annulla un corso", "activate", f"{COURSE}/cancellation", commands.cancel_course, commands.CancelForm),
    _act("Iscrive una persona", "enrol", f"{COURSE}/people", commands.enrol, commands.EnrolForm),
    _act("Registra un'uscita", "complete", f"{PARTICIPANT}/leaving", commands.leave, commands.LeaveForm),
    _act("Registra un completamento", "complete", f"{PARTICIPANT}/completion", commands.complete,
         commands.CompletionForm),
    _act("Corregge un fatto del corso", "correct", f"{COURSE}/facts/{{fact_id}}/correction", commands.correct_course,
         commands.CourseCorrectionForm),
    _act("Corregge un'iscrizione o il suo esito", "correct", f"{PARTICIPANT}/facts/{{fact_id}}/correction",
         commands.correct_enrolment, commands.EnrolmentCorrectionForm),
))  # fmt: skip
