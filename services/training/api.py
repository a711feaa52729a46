"""JSON routes of training. A POST carries an Idempotency-Key: sent twice, it counts once."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.responses import Response

from services.training import commands
from services.training.views import queries
from shared import clock
from shared.decisions import Refused
from shared.events.base import Id
from shared.events.intake import District
from shared.events.training import Line
from shared.store import Outcome, Store
from shared.web.app import command, get_store
from shared.web.problems import Problem, problem
from shared.web.readers import Reader, requires

router = APIRouter(tags=["formazione"])
StoreOf = Annotated[Store, Depends(get_store)]
Viewer = Annotated[Reader, requires("training.view")]
Planner = Annotated[Reader, requires("training.course")]
Activator = Annotated[Reader, requires("training.activate")]
Enroller = Annotated[Reader, requires("training.enrol")]
Recorder = Annotated[Reader, requires("training.complete")]
Corrector = Annotated[Reader, requires("training.correct")]
CourseId = Annotated[Id, Path(description="Il corso.")]
PersonId = Annotated[Id, Path(description="La persona.")]
FactId = Annotated[Id, Path(description="Il fatto da correggere.")]
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


class Fact(BaseModel):
    """A fact that now holds."""

    id: str
    type: str
    subject: str
    number: int


class Recorded(BaseModel):
    """What a command recorded; `repeated` if it had been recorded already."""

    facts: list[Fact]
    repeated: bool


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


def said(outcome: Outcome) -> Response:
    """The outcome of a command: 201 with the facts, 409 for a rule, 422 for a field."""
    if isinstance(outcome, Refused):
        if outcome.field is None:
            return problem(409, outcome.code, outcome.sentence)
        errors = [{"field": outcome.field, "sentence": outcome.sentence}]
        return problem(422, outcome.code, outcome.sentence, errors=errors)
    facts = [Fact(id=r.meta.id, type=r.meta.type, subject=r.meta.subject, number=r.meta.number) for r in outcome.events]
    return JSONResponse(Recorded(facts=facts, repeated=outcome.repeated).model_dump(), 201)


WRITTEN: dict[str, Any] = {"status_code": 201, "response_model": Recorded}


@router.post("/courses", summary="Propone un corso", **WRITTEN)
async def propose(
    request: Request,
    store: StoreOf,
    values: commands.ProposalForm,
    reader: Planner,
) -> Any:
    """A course for the plan."""
    return said(await commands.propose_course(store, command(request, reader), values))


@router.post("/courses/{course_id}/links", summary="Collega una ricerca a un corso 2.b", **WRITTEN)
async def link(
    request: Request,
    store: StoreOf,
    course_id: CourseId,
    values: commands.LinkForm,
    reader: Planner,
) -> Any:
    """The vacancy need not be known to training yet."""
    return said(await commands.link_vacancy(store, command(request, reader), course_id, values))


@router.post("/courses/{course_id}/vacancies/{vacancy_id}/unlinking", summary="Scollega una ricerca", **WRITTEN)
async def unlink(
    request: Request, store: StoreOf, course_id: CourseId, vacancy_id: Id, values: commands.DayForm, reader: Planner
) -> Any:
    """Refused where the active course lives of it."""
    return said(await commands.unlink_vacancy(store, command(request, reader), course_id, vacancy_id, values))


@router.post("/courses/{course_id}/activation", summary="Attiva un corso", **WRITTEN)
async def activate(
    request: Request, store: StoreOf, course_id: CourseId, values: commands.DayForm, reader: Activator
) -> Any:
    """A 2.b course needs enough open positions in the linked vacancies."""
    return said(await commands.activate_course(store, command(request, reader), course_id, values))


@router.post("/courses/{course_id}/cancellation", summary="Annulla un corso", **WRITTEN)
async def cancel(
    request: Request, store: StoreOf, course_id: CourseId, values: commands.CancelForm, reader: Activator
) -> Any:
    """Whoever attends it leaves."""
    return said(await commands.cancel_course(store, command(request, reader), course_id, values))


@router.post("/courses/{course_id}/people", summary="Iscrive una persona", **WRITTEN)
async def enrol(
    request: Request, store: StoreOf, course_id: CourseId, values: commands.EnrolForm, reader: Enroller
) -> Any:
    """Within the seats, once, and only who is in charge."""
    return said(await commands.enrol(store, command(request, reader), course_id, values))


@router.post("/courses/{course_id}/people/{person_id}/leaving", summary="Registra un'uscita", **WRITTEN)
async def leave(
    request: Request,
    store: StoreOf,
    course_id: CourseId,
    person_id: PersonId,
    values: commands.LeaveForm,
    reader: Recorder,
) -> Any:
    """The seat is free again."""
    return said(await commands.leave(store, command(request, reader), course_id, person_id, values))


@router.post("/courses/{course_id}/people/{person_id}/completion", summary="Registra un completamento", **WRITTEN)
async def complete(
    request: Request,
    store: StoreOf,
    course_id: CourseId,
    person_id: PersonId,
    values: commands.CompletionForm,
    reader: Recorder,
) -> Any:
    """Needs the course's share of the hours."""
    return said(await commands.complete(store, command(request, reader), course_id, person_id, values))


@router.post("/courses/{course_id}/facts/{fact_id}/correction", summary="Corregge un fatto del corso", **WRITTEN)
async def correct_course(
    request: Request,
    store: StoreOf,
    course_id: CourseId,
    fact_id: FactId,
    values: commands.CourseCorrectionForm,
    reader: Corrector,
) -> Any:
    """Rectifies or cancels, with a motive."""
    return said(await commands.correct_course(store, command(request, reader), course_id, fact_id, values))


@router.post(
    "/courses/{course_id}/people/{person_id}/facts/{fact_id}/correction",
    summary="Corregge un'iscrizione o il suo esito",
    **WRITTEN,
)
async def correct_enrolment(
    request: Request,
    store: StoreOf,
    course_id: CourseId,
    person_id: PersonId,
    fact_id: FactId,
    values: commands.EnrolmentCorrectionForm,
    reader: Corrector,
) -> Any:
    """The seat is corrected with it."""
    said_ = await commands.correct_enrolment(store, command(request, reader), course_id, person_id, fact_id, values)
    return said(said_)
