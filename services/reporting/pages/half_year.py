"""The half-year report: the figures, their comparison, what they were on a past day, and their publication."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.reporting import commands, figures
from services.reporting.domain import HalfYear, Period, Report, report_stream
from services.reporting.pages.common import (
    FIRST_YEAR,
    HOME,
    AsOf,
    Blank,
    Formato,
    StoreOf,
    instant_of,
    the_period,
    words,
)
from services.reporting.timeline import entries
from services.reporting.views import queries
from shared import clock
from shared.corrections import effective
from shared.decisions import Refused
from shared.envelope import Recorded
from shared.events.reporting import ReportPublished
from shared.settings import settings
from shared.store import Store
from shared.web.app import command
from shared.web.exports import export
from shared.web.forms import Errors, form
from shared.web.labels import MOTIVES
from shared.web.pages import done, page
from shared.web.readers import Reader, may, requires

router = APIRouter()
Member = Annotated[Reader, requires("reporting.halfyear")]
Publisher = Annotated[Reader, requires("reporting.publish")]
Exporter = Annotated[Reader, requires("reporting.export")]
With = Annotated[Literal["anno", "semestre"] | None, Query(), Blank]
"""With what to compare: the same half a year before, or the half-year just before."""


@dataclass(frozen=True)
class Computed:
    """The report as computed for one reader."""

    period: Period
    compared: Period
    as_of: datetime
    now: HalfYear
    before: HalfYear | None
    tables: list[figures.Table]


async def computed(store: Store, reader: Reader, code: str, al: date | None, con: str | None) -> Computed:
    """The figures, from events alone. Raises Problem 404 or 422."""
    period, as_of = the_period(code), instant_of(al)
    compared = period.before if con == "semestre" else period.year_before
    wanted = [period, compared] if compared.year >= FIRST_YEAR else [period]
    async with store.read() as reading:
        now, *earlier = await queries.half_years(reading, wanted, as_of)
    look = figures.Look(period, small=may(reader, "reporting.pathway"), demo=settings.mode == "demo")
    before = earlier[0] if earlier and not earlier[0].empty else None
    return Computed(period, compared, as_of, now, before, figures.tables(now, before, look))


@router.get("/semestre")
async def latest(_: Member) -> Response:
    """The last half-year that is over."""
    return RedirectResponse(f"{HOME}/semestre/{Period.holding(clock.today()).before.code}", 303)


@router.get("/semestre/{code}")
async def half_year(
    request: Request, store: StoreOf, reader: Member, code: str, al: AsOf = None, con: With = None
) -> Response:
    """The report of one half-year."""
    return await _show(request, store, reader, code, al, con)


async def _show(
    request: Request, store: Store, reader: Reader, code: str, al: date | None = None, con: str | None = None,
    errors: Errors | Refused | None = None,
) -> HTMLResponse:  # fmt: skip
    report = await computed(store, reader, code, al, con)
    period, today = report.period, clock.today()
    recorded = await store.history(period.report_id)
    state, version = await store.state(report_stream(period))
    query = "&".join(f"{k}={v}" for k, v in (("al", al), ("con", con)) if v)
    return page(
        request, "reporting/half_year.html", title=f"Rapporto del {figures.name_of(period)}", errors=errors,
        report=report, period=period, span=figures.span(period), named=figures.name_of(period),
        compared=figures.name_of(report.compared), cell=figures.cell, al=al, con=con or "anno", version=version,
        motives=MOTIVES, entries=entries(recorded, words(store)), published=_held(recorded),
        verdict=await _verdict(store, period, state), over=period.end < today, started=period.start <= today,
        values={"al": al or today, "con": con or "anno", "as_of": max(period.end, al or period.end), "on": today},
        export=f"{HOME}/semestre/{period.code}/export" + (f"?{query}" if query else ""), last_day=today,
        comparisons={"anno": figures.name_of(period.year_before), "semestre": figures.name_of(period.before)},
        around=[(p.code, figures.name_of(p)) for p in (period.before, period.after)],
        trail=(("Rapporto semestrale", f"{HOME}/semestre"),),
    )  # fmt: skip


def _held(recorded: list[Recorded]) -> Recorded | None:
    """The publication that holds, if any."""
    held = [fact for fact in effective(recorded) if isinstance(fact.event, ReportPublished)]
    return held[-1] if held else None


async def _verdict(store: Store, period: Period, state: Report) -> bool | None:
    """Whether the published digest is what the log gives today as of then; None if nothing is published."""
    if state.published is None:
        return None
    async with store.read() as reading:
        (then,) = await queries.half_years(reading, [period], state.published.as_of)
    return figures.digest(period, state.published.as_of, then) == state.published.digest


@router.get("/semestre/{code}/export")
async def export_half_year(
    request: Request, store: StoreOf, reader: Exporter, code: str, formato: Formato, al: AsOf = None, con: With = None
) -> Response:
    """All the tables as one file."""
    report = await computed(store, reader, code, al, con)
    return await export(request, f"semestre-{code}", figures.COLUMNS, figures.rows(report.tables), formato)


@router.post("/semestre/{code}/pubblica")
async def publish(request: Request, store: StoreOf, reader: Publisher, code: str) -> Response:
    """Records that the table made the figures public."""
    period = the_period(code)
    values = await form(request, commands.PublishForm)
    if isinstance(values, Errors):
        return await _show(request, store, reader, code, errors=values)
    outcome = await commands.publish(store, command(request, reader), period, values)
    if isinstance(outcome, Refused):
        return await _show(request, store, reader, code, errors=outcome)
    return done(request, outcome, to=f"{HOME}/semestre/{period.code}")


@router.post("/semestre/{code}/correggi")
async def correct(request: Request, store: StoreOf, reader: Publisher, code: str) -> Response:
    """Cancels the publication, or gives it its right date."""
    period = the_period(code)
    values = await form(request, commands.CorrectForm)
    if isinstance(values, Errors):
        return await _show(request, store, reader, code, errors=values)
    outcome = await commands.correct_publication(store, command(request, reader), period, values)
    if isinstance(outcome, Refused):
        return await _show(request, store, reader, code, errors=outcome)
    return done(request, outcome, to=f"{HOME}/semestre/{period.code}")
