"""JSON routes of reporting. A POST carries an Idempotency-Key: sent twice, it counts once."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from services.reporting import commands, figures, live, windows
from services.reporting.pages.common import AsOf, StoreOf, instant_of, the_period, words
from services.reporting.pages.pathways import wanted
from services.reporting.timeline import entries, things_in
from services.reporting.views import queries
from services.reporting.views.queries import Filter
from shared import clock
from shared.events.base import Id
from shared.store import Command, Outcome, Store
from shared.web.acts import Act, json_routes
from shared.web.problems import Problem
from shared.web.readers import Reader, may, requires

router = APIRouter(tags=["dati e rapporti"])
Follower = Annotated[Reader, requires("reporting.pathway")]
Member = Annotated[Reader, requires("reporting.halfyear")]
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


async def _publish(store: Store, by: Command, code: str, values: commands.PublishForm) -> Outcome:
    return await commands.publish(store, by, the_period(code), values)


async def _correct(store: Store, by: Command, code: str, values: commands.CorrectForm) -> Outcome:
    return await commands.correct_publication(store, by, the_period(code), values)


json_routes(router, (
    Act(words="Pubblica il rapporto", action="reporting.publish", api="/semestre/{code}/pubblicazione", run=_publish,
        model=commands.PublishForm, types={"code": Code}),
    Act(words="Corregge o annulla la pubblicazione", action="reporting.publish", api="/semestre/{code}/correzioni",
        run=_correct, model=commands.CorrectForm, types={"code": Code}),
))  # fmt: skip
