"""The live page: what is recorded now, per minute, day and week, pushed as it changes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.reporting import labels, live, windows
from services.reporting.live import Live, Now
from services.reporting.pages.common import HOME, Formato, StoreOf
from shared import clock
from shared.store import Store
from shared.web.exports import Column, export
from shared.web.labels import DIRECTIONS
from shared.web.pages import page
from shared.web.readers import Reader, requires
from shared.web.sse import stream

router = APIRouter()
Watcher = Annotated[Reader, requires("reporting.live")]
Exporter = Annotated[Reader, requires("reporting.live")]
WINDOWS = {windows.MINUTE: "Questo minuto", windows.DAY: "Oggi", windows.WEEK: "Questa settimana"}
DIMENSIONS = {
    windows.SERVICE: ("Per servizio", {k: v for k, v in labels.SERVICES.items() if k != "reporting"}),
    windows.DIRECTION: ("Per direzione", DIRECTIONS),
    windows.DISTRICT: ("Per distretto", labels.DISTRICT_LABELS),
}
COLUMNS = (
    Column("dimension", "Tabella"),
    Column("label", "Voce"),
    Column("minute", "Questo minuto", "int"),
    Column("day", "Oggi", "int"),
    Column("week", "Questa settimana", "int"),
)


def live_of(request: Request, store: Store) -> Live:
    """The one that tails for this process."""
    state = request.app.state
    if not hasattr(state, "live"):
        state.live = Live(store)
    found: Live = state.live
    return found


async def fragment(store: Store, known: Now | None) -> dict[str, Any]:
    """What the page shows: the stream's figures where there are some, else the journal's; and whether both agree."""
    now = clock.now()
    async with store.read() as reading:
        today = await live.today(reading, now)
        streamed = known is not None and known.from_stream and bool(known.counts)
        counts = known.counts if known is not None and known.counts else (await live.journal(reading, now)).counts
    agree, sentence = live.agreement(counts, today, now) if streamed else (True, "")
    return {"streamed": streamed, "agree": agree, "sentence": sentence, "at": now, **shown(counts, now)}


def shown(counts: dict[windows.Cell, int], now: datetime) -> dict[str, Any]:
    """The figures as tables and bars."""
    by = {(w, d): windows.figures(counts, now, w, d) for w in WINDOWS for d in DIMENSIONS}
    return {
        "windows": WINDOWS,
        "totals": {w: sum(by[w, windows.SERVICE].values()) for w in WINDOWS},
        "tables": [
            (title, [(words, [by[w, d].get(code, 0) for w in WINDOWS]) for code, words in codes.items()])
            for d, (title, codes) in DIMENSIONS.items()
        ],
        "minutes": windows.course(counts, now, windows.MINUTE),
        "days": windows.course(counts, now, windows.DAY),
    }  # fmt: skip


@router.get("/adesso")
async def now_page(request: Request, store: StoreOf, _: Watcher) -> Response:
    """The page as it is now; its content is replaced by what the stream of events pushes."""
    return page(
        request, "reporting/now.html", title="Che cosa accade adesso", stream=f"{HOME}/adesso/flusso",
        export=f"{HOME}/adesso/export", **await fragment(store, None),
    )  # fmt: skip


@router.get("/adesso/flusso")
async def pushed(request: Request, store: StoreOf, _: Watcher) -> Response:
    """Server-sent events: the content of the page, each time something changed."""
    return stream(request, pieces(request, store))


async def pieces(request: Request, store: Store) -> AsyncGenerator[tuple[str, str]]:
    """The element's id and its new content."""
    template = request.app.state.templates.get_template("reporting/_now.html")
    async with aclosing(live_of(request, store).changes()) as changes:
        async for known in changes:
            yield "adesso", template.render(**await fragment(store, known))


@router.get("/adesso/export")
async def export_now(request: Request, store: StoreOf, _: Exporter, formato: Formato) -> Response:
    """The present windows as a file."""
    found = await fragment(store, None)
    rows = [
        {"dimension": title, "label": label, "minute": n[0], "day": n[1], "week": n[2]}
        for title, lines in found["tables"]
        for label, n in lines
    ]
    return await export(request, "adesso", COLUMNS, rows, formato)
