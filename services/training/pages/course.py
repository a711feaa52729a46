"""One course with everything on it, and the forms of what can be done next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from services.training import commands, labels
from services.training.domain import Course, course_stream, positions_needed
from services.training.pages.common import (
    Activator,
    CourseId,
    Enroller,
    Exporter,
    Planner,
    StoreOf,
    VacancyId,
    Viewer,
    cards,
    course_path,
    in_words,
)
from services.training.pages.story import story
from services.training.views import COURSES, queries
from shared import clock
from shared.corrections import effective
from shared.decisions import Refused
from shared.envelope import Recorded
from shared.projection import Row
from shared.store import Outcome, Store, fold
from shared.web.app import command
from shared.web.labels import CONTRACTS, DISTRICTS, READINESS, occupation
from shared.web.pages import Column, Errors, done, export, form, page
from shared.web.problems import Problem

router = APIRouter()
F = TypeVar("F", bound=BaseModel)
CANDIDATES = 25
PARTICIPANTS = (
    Column("person_id", "Persona", "person"),
    Column("status", "Situazione", labels=labels.ENROLMENT_STATUSES),
    Column("enrolled_on", "Iscritta il", "date"),
    Column("ended_on", "Concluso il", "date"),
    Column("hours", "Ore", "int"),
    Column("certificate", "Documento", labels=labels.CERTIFICATES),
    Column("reason", "Motivo dell'uscita", labels=labels.ALL_LEAVE_REASONS),
)
NO_COURSE = Problem(404, "unknown_course", "Questo corso non esiste: torna all'elenco dei corsi.")


def present_row(recorded: list[Recorded]) -> Row:
    """The course's row from the facts as they are now, so that one reads one's own writes.

    Raises Problem 404 where nothing holds.
    """
    row: Row | None = None
    for fact in effective(recorded):
        if type(fact.event) in COURSES.hears:
            row = COURSES.fold(row, fact.event, fact.meta)
    if row is None:
        raise NO_COURSE
    return row


async def known(store: Store, course_id: str) -> tuple[Row, list[Recorded], int]:
    """The course in words, its facts, and its version for the forms. Raises Problem 404."""
    recorded = await store.history(course_id)
    row = present_row(recorded)
    card = await cards(store, [row["card"]])
    return row | in_words(row, card.get(row["card"] or "", {})), recorded, recorded[-1].meta.version


async def show(request: Request, store: Store, course_id: str, errors: Errors | Refused | None = None) -> Response:
    """The course's page; with `errors` the form that was sent says what was wrong."""
    row, recorded, version = await known(store, course_id)
    today = clock.today()
    course: Course = fold(course_stream(course_id), recorded)
    async with store.read() as reading:
        (row,) = await queries.enriched(reading, [row], today)
        participants = await queries.participants(reading, course_id)
        heard = await queries.vacancies(reading, course.vacancies)
        offered = await queries.open_vacancies(reading) if course.line == "2b" else []
        candidates, waiting = await queries.people(
            reading, readiness=None, without_course=False, not_on=course_id, limit=CANDIDATES
        )
    return page(
        request, "training/course.html", title=row["title"], row=row, shown=version, errors=errors, labels=labels,
        contracts=CONTRACTS, occupation=occupation, districts=DISTRICTS, readiness=READINESS,
        base=course_path(course_id),
        participants=participants, vacancies=[(vacancy, heard.get(vacancy)) for vacancy in sorted(course.vacancies)],
        offered={v["vacancy_id"]: _vacancy(v) for v in offered if v["vacancy_id"] not in course.vacancies},
        needed=positions_needed(course.seats, course.activated_on if course.status == "active" else today),
        candidates=candidates, waiting=waiting, on=today, story=story(recorded),
        over=course.ends_on < today, values={"on": today},
    )  # fmt: skip


def _vacancy(row: Row) -> str:
    contract = CONTRACTS.get(row["contract"], str(row["contract"])).lower()
    job, open_, code = occupation(row["occupation"]), row["open_positions"], row["vacancy_id"][:8]
    return f"{job} · {contract} · posizioni aperte: {open_} · {code}"


@router.get("/corsi/{course_id}")
async def course(request: Request, store: StoreOf, course_id: CourseId, _: Viewer) -> Response:
    """The course's page."""
    return await show(request, store, course_id)


@router.get("/corsi/{course_id}/esporta")
async def participants_file(
    request: Request, store: StoreOf, course_id: CourseId, _: Exporter, formato: Literal["csv", "xlsx"] = "csv"
) -> Response:
    """Who is or was on the course, as a file."""
    async with store.read() as reading:
        rows = await queries.participants(reading, course_id)
    return await export(request, "partecipanti", PARTICIPANTS, rows, formato)


async def _carry_out(
    request: Request,
    store: Store,
    course_id: str,
    model: type[F],
    act: Callable[[F], Awaitable[Outcome]],
) -> Response:
    values = await form(request, model)
    if isinstance(values, Errors):
        return await show(request, store, course_id, values)
    outcome = await act(values)
    if isinstance(outcome, Refused):
        return await show(request, store, course_id, outcome)
    return done(request, outcome, to=course_path(course_id))


@router.post("/corsi/{course_id}/collega")
@router.post("/corsi/{course_id}/collega-codice")
async def link(request: Request, store: StoreOf, course_id: CourseId, reader: Planner) -> Response:
    """Ties a vacancy, from the list or by its code: it need not be known here yet."""

    async def act(values: commands.LinkForm) -> Outcome:
        return await commands.link_vacancy(store, command(request, reader), course_id, values)

    return await _carry_out(request, store, course_id, commands.LinkForm, act)


@router.post("/corsi/{course_id}/ricerche/{vacancy_id}/scollega")
async def unlink(
    request: Request, store: StoreOf, course_id: CourseId, vacancy_id: VacancyId, reader: Planner
) -> Response:
    """Unties a vacancy."""

    async def act(values: commands.DayForm) -> Outcome:
        return await commands.unlink_vacancy(store, command(request, reader), course_id, vacancy_id, values)

    return await _carry_out(request, store, course_id, commands.DayForm, act)


@router.post("/corsi/{course_id}/attiva")
async def activate(request: Request, store: StoreOf, course_id: CourseId, reader: Activator) -> Response:
    """Opens the course to enrolment."""

    async def act(values: commands.DayForm) -> Outcome:
        return await commands.activate_course(store, command(request, reader), course_id, values)

    return await _carry_out(request, store, course_id, commands.DayForm, act)


@router.post("/corsi/{course_id}/annulla")
async def cancel(request: Request, store: StoreOf, course_id: CourseId, reader: Activator) -> Response:
    """Cancels the course."""

    async def act(values: commands.CancelForm) -> Outcome:
        return await commands.cancel_course(store, command(request, reader), course_id, values)

    return await _carry_out(request, store, course_id, commands.CancelForm, act)


@router.post("/corsi/{course_id}/iscrivi")
@router.post("/corsi/{course_id}/iscrivi-codice")
async def enrol(request: Request, store: StoreOf, course_id: CourseId, reader: Enroller) -> Response:
    """Enrols somebody, from the list or by the code."""

    async def act(values: commands.EnrolForm) -> Outcome:
        return await commands.enrol(store, command(request, reader), course_id, values)

    return await _carry_out(request, store, course_id, commands.EnrolForm, act)
