"""JSON routes of reporting. A POST carries an Idempotency-Key: sent twice, it counts once."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.responses import Response

from services.reporting import commands, figures, live, windows
from services.reporting.pages.common import AsOf, StoreOf, instant_of, the_period, words
from services.reporting.pages.pathways import wanted
from services.reporting.timeline import entries, things_in
from services.reporting.views import queries
from services.reporting.views.queries import Filter
from shared import clock
from shared.decisions import Refused
from shared.events.base import Id
from shared.store import Outcome
from shared.web.app import command
from shared.web.problems import Problem, problem
from shared.web.readers import Reader, may, requires

router = APIRouter(tags=["dati e rapporti"])
Follower = Annotated[Reader, requires("reporting.pathway")]
Member = Annotated[Reader, requires("reporting.halfyear")]
Publisher = Annotated[Reader, requires("reporting.publish")]
Watcher = Annotated[Reader, requires("reporting.live")]
PersonId = Annotated[Id, Path(description="La persona.")]
Code = Annotated[str, Path(pattern=r"^20[0-9]{2}-[12]$", description="Il semestre, come 2024-1.")]
Limit = Annotated[int, Query(ge=1, le=500, description="Quante righe.")]
DIMENSIONS = (windows.SERVICE, windows.DIRECTION, windows.DISTRICT)
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="Da quale riga.")]


class Pathway(BaseModel):
    """A pathway as its list shows it."""

    person_id: str
    status: str
    episode: int | None
    district: str | None
    union_code: str | None
    in_capital: bool | None
    sex: str | None
    age_band: str | None
    channel: str | None
    registered_on: date | None
    first_interview_on: date | None
    charged_on: date | None
    case_manager: str | None
    readiness: str | None
    closed_on: date | None
    outcome: str | None
    first_placement_on: date | None
    last_type: str | None
    last_on: date | None
    last_at: datetime | None


class Entry(BaseModel):
    """One line of a timeline, in words; `struck` if the fact no longer holds as it was recorded."""

    id: str
    on: date
    at: datetime
    service: str
    title: str
    text: str
    by: str
    struck: bool
    correction: str
    place: str


class HalfYear(BaseModel):
    """The figures of a half-year as of an instant. Amounts are euro cents, waits are days; counts by district and
    union may be `<5` or `n.d.` for who may not see small ones; `digest` is of the figures without small counts."""

    period: str
    start: date
    end: date
    as_of: datetime
    figures: dict[str, int | str | dict[str, int | str] | None]
    digest: str


class Window(BaseModel):
    """The facts recorded in one present window, by code."""

    start: datetime
    by_service: dict[str, int]
    by_direction: dict[str, int]
    by_district: dict[str, int]


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


@router.get("/percorsi", response_model=list[Pathway], summary="Elenco dei percorsi")
async def list_pathways(
    store: StoreOf, _: Follower, chosen: Annotated[Filter, Depends(wanted)], limit: Limit = 100, offset: Offset = 0
) -> Any:
    """The pathways that fit, those in which something happened last first."""
    async with store.read() as reading:
        rows, _total = await queries.pathways(reading, chosen, limit=limit, offset=offset)
    return rows


@router.get("/percorsi/{person_id}", response_model=list[Entry], summary="Un percorso attraverso i servizi")
async def get_pathway(store: StoreOf, _: Follower, person_id: PersonId, al: AsOf = None) -> Any:
    """The timeline in the order of the log, with what was recorded by the end of the day `al`. 404 if unknown."""
    as_of = instant_of(al) if al else None
    async with store.read() as reading:
        facts = await queries.story(reading, person_id, as_of)
        if not facts:
            raise Problem(404, "unknown_pathway", "Di questo percorso non è arrivato ancora nulla.")
        things = await queries.things(reading, sorted(things_in(facts)))
    return [Entry(**vars(entry)) for entry in entries(facts, words(store, things))]


@router.get("/semestre/{code}", response_model=HalfYear, summary="Le cifre di un semestre")
async def get_half_year(store: StoreOf, reader: Member, code: Code, al: AsOf = None) -> Any:
    """The figures of the report, from events alone, as of the end of the day `al` (now if none is given)."""
    period, as_of = the_period(code), instant_of(al)
    async with store.read() as reading:
        (found,) = await queries.half_years(reading, [period], as_of)
    return HalfYear(
        period=period.code, start=period.start, end=period.end, as_of=as_of,
        figures=figures.shown(found, period.end, small=may(reader, "reporting.pathway")),
        digest=figures.digest(period, as_of, found),
    )  # fmt: skip


@router.get("/adesso", response_model=dict[str, Window], summary="Che cosa accade adesso")
async def get_now(store: StoreOf, _: Watcher) -> Any:
    """The present minute, day and week, counted from the journal."""
    now = clock.now()
    async with store.read() as reading:
        counts = (await live.journal(reading, now)).counts
    return {
        window: Window(
            start=windows.instant_of(window, windows.start_of(window, windows.moment(window, now))),
            **{f"by_{dimension}": windows.figures(counts, now, window, dimension) for dimension in DIMENSIONS},
        )
        for window in windows.SECONDS
    }


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


@router.post("/semestre/{code}/pubblicazione", summary="Pubblica il rapporto", **WRITTEN)
async def publish(request: Request, store: StoreOf, reader: Publisher, code: Code, values: commands.PublishForm) -> Any:
    """Once per half-year, as of a day that is over."""
    return said(await commands.publish(store, command(request, reader), the_period(code), values))


@router.post("/semestre/{code}/correzioni", summary="Corregge o annulla la pubblicazione", **WRITTEN)
async def correct(request: Request, store: StoreOf, reader: Publisher, code: Code, values: commands.CorrectForm) -> Any:
    """Rectifies its date or cancels it, with a motive."""
    outcome = await commands.correct_publication(store, command(request, reader), the_period(code), values)
    return said(outcome)
