"""The list of courses, the people to train, and the proposal of a course."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query, Request, Response

from services.training import commands, labels
from services.training.domain import attendance_default
from services.training.pages.common import (
    PER_PAGE,
    Exporter,
    Planner,
    StoreOf,
    Viewer,
    course_path,
    with_words,
)
from services.training.views import queries
from shared import clock
from shared.decisions import Refused
from shared.projection import Row
from shared.store import Store
from shared.web.app import command, name_of
from shared.web.exports import EXPORTED_AT_MOST
from shared.web.labels import DISTRICTS, PERSON_DISTRICTS, READINESS
from shared.web.pages import Column, Errors, done, export, form, page

router = APIRouter()
PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]
ONLY = {"alarm": "Con allarme sulle posizioni", "to_close": "Finiti, con esiti da registrare"}
COURSES = (
    Column("title", "Corso"),
    Column("status", "Stato", labels=labels.STATUSES),
    Column("line", "Linea", labels=labels.LINES),
    Column("topic", "Materia", labels=labels.TOPICS),
    Column("starts_on", "Inizio", "date"),
    Column("ends_on", "Fine", "date"),
    Column("provider_name", "Ente"),
    Column("seats", "Posti", "int"),
    Column("seats_left", "Liberi", "int"),
    Column("attending", "Iscritti", "int"),
    Column("completed", "Completati", "int"),
    Column("warning", "Avviso"),
)
SHOWN = (
    Column("title", "Corso"),
    Column("warning", "Avviso"),
    Column("status", "Stato", labels=labels.STATUSES),
    Column("line", "Linea", labels={code: words[:3] for code, words in labels.LINES.items()}),
    Column("topic", "Materia", labels=labels.TOPICS),
    Column("starts_on", "Inizio", "date"),
    Column("ends_on", "Fine", "date"),
    Column("seats_left", "Liberi", "int"),
    Column("attending", "Iscritti", "int"),
)
"""What the list shows; the file has all the columns."""
PEOPLE = (
    Column("person_id", "Persona", "person"),
    Column("readiness", "Valutazione", labels=READINESS),
    Column("charged_on", "In carico dal", "date"),
    Column("training_due", "Formazione entro il", "date"),
    Column("district", "Distretto", labels=PERSON_DISTRICTS),
    Column("has_course", "Ha già un corso", "bool"),
    Column("manager", "Operatore di riferimento"),
)


def warning(row: Row) -> str:
    """What somebody has to look at on a course."""
    if row["alarm"]:
        return f"Posizioni: {row['open_positions']} di {row['needed']}"
    if row["status"] == "active" and row["attending"] and row["ends_on"] and row["ends_on"] < clock.today():
        return f"Esiti da registrare: {row['attending']}"
    return ""


async def _courses(request: Request, store: Store, limit: int, offset: int) -> tuple[list[Row], int, dict[str, Any]]:
    query = request.query_params
    known = {"status": labels.STATUSES, "line": labels.LINES, "only": ONLY}
    filters = {name: query.get(name) if query.get(name) in codes else None for name, codes in known.items()}
    async with store.read() as reading:
        rows, total = await queries.courses(
            reading,
            today=clock.today(),
            status=filters["status"],
            line=filters["line"],
            only=cast("queries.Only | None", filters["only"]),
            limit=limit,
            offset=offset,
        )
    words = await with_words(store, rows)
    return [row | {"warning": warning(row)} for row in words], total, filters


@router.get("/")
async def courses(request: Request, store: StoreOf, _: Viewer, number: PageNumber = 1) -> Response:
    """The courses, with what somebody has to look at first."""
    rows, total, filters = await _courses(request, store, PER_PAGE, (number - 1) * PER_PAGE)
    async with store.read() as reading:
        waiting = {
            only: (await queries.courses(reading, today=clock.today(), only=only, limit=1))[1] for only in QUEUES
        }
        to_train = (await queries.people(reading, limit=1))[1]
    return page(
        request, "training/courses.html", title="Corsi", rows=rows, columns=SHOWN, total=total, number=number,
        count=-(-total // PER_PAGE), labels=labels, only=ONLY, values=filters, waiting=waiting, to_train=to_train,
        query=request.url.query,
    )  # fmt: skip


QUEUES: tuple[queries.Only, ...] = ("alarm", "to_close")


@router.get("/esporta")
async def courses_file(
    request: Request, store: StoreOf, _: Exporter, formato: Literal["csv", "xlsx"] = "csv"
) -> Response:
    """The same list as a file."""
    rows, _total, _filters = await _courses(request, store, EXPORTED_AT_MOST, 0)
    return await export(request, "corsi", COURSES, rows, formato)


async def _people(request: Request, store: Store, limit: int, offset: int) -> tuple[list[Row], int, dict[str, Any]]:
    query = request.query_params
    district = query.get("district") if query.get("district") in DISTRICTS else None
    everybody = query.get("course") == "all"
    person = query.get("persona")
    async with store.read() as reading:
        rows, total = await queries.people(
            reading,
            district=district,
            without_course=not everybody and not person,
            readiness=None if person else "to_train",
            person_id=person,
            limit=limit,
            offset=offset,
        )
    named = [row | {"manager": name_of(row["case_manager"] or "")} for row in rows]
    return named, total, {"district": district, "course": "all" if everybody else ""}


@router.get("/persone")
async def people(request: Request, store: StoreOf, _: Viewer, number: PageNumber = 1) -> Response:
    """People in charge who are to be trained: without a course first, then by what their plan says."""
    rows, total, filters = await _people(request, store, PER_PAGE, (number - 1) * PER_PAGE)
    return page(
        request, "training/people.html", title="Persone da formare", rows=rows, columns=PEOPLE, total=total,
        number=number, count=-(-total // PER_PAGE), districts=DISTRICTS, values=filters, query=request.url.query,
    )  # fmt: skip


@router.get("/persone/esporta")
async def people_file(
    request: Request, store: StoreOf, _: Exporter, formato: Literal["csv", "xlsx"] = "csv"
) -> Response:
    """The same list as a file."""
    rows, _total, _filters = await _people(request, store, EXPORTED_AT_MOST, 0)
    return await export(request, "persone-da-formare", PEOPLE, rows, formato)


def _proposal(request: Request, errors: Errors | Refused | None = None) -> Response:
    today = clock.today()
    return page(
        request, "training/proposal.html", title="Nuovo corso", labels=labels, errors=errors,
        values={"on": today}, safety=attendance_default("safety", today), others=attendance_default("cv", today),
    )  # fmt: skip


@router.get("/corsi/nuovo")
async def proposal(request: Request, _: Planner) -> Response:
    """The form of a proposal."""
    return _proposal(request)


@router.post("/corsi/nuovo")
async def propose(request: Request, store: StoreOf, reader: Planner) -> Response:
    """Proposes a course."""
    values = await form(request, commands.ProposalForm)
    if isinstance(values, Errors):
        return _proposal(request, values)
    outcome = await commands.propose_course(store, command(request, reader), values)
    if isinstance(outcome, Refused):
        return _proposal(request, outcome)
    return done(request, outcome, to=course_path(outcome.events[0].meta.subject))
