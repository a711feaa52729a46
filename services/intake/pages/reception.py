"""The reception of a desk: who came, who waits, who is free; live, on a telephone, and without JavaScript too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup

from services.intake import doors, forms
from services.intake.commands import reception as acts
from services.intake.domain.desks import Desk, desks_on
from services.intake.domain.reception import DeskDay, Ticket, day_stream
from services.intake.views.agenda import agenda
from shared import clock
from shared.corrections import effective
from shared.decisions import Refused
from shared.events.intake import TicketCalled, TicketTaken
from shared.projection import ViewNotReady
from shared.store import Command, Outcome, Store
from shared.store.unit import fold
from shared.web import sessions
from shared.web.app import command, get_store, name_of
from shared.web.desk_labels import STANDINGS
from shared.web.pages import Errors, done, form, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires
from shared.web.sse import stream

router = APIRouter()
HOME = "/intake/accoglienza"
PURPOSE = "intake.reception"
MINE = "insieme-sportello"
"""Cookie with the desk at which this browser stands: no personal data, only a code."""
EVERY = 1.0
PARTS = {"giornata": "_reception_day.html", "operatori": "_reception_operators.html"}
"""The parts of the page that change by themselves: element and template."""


def desk_named(code: str) -> Desk:
    """The desk as it stands today. Raises Problem 404."""
    desk = desks_on(clock.today()).get(code)
    if desk is None:
        raise Problem(404, "desk_unknown", "Questo sportello non c'è, o non è più aperto.")
    return desk


@dataclass(frozen=True, slots=True)
class Waiting:
    """A visit as the page shows it."""

    ticket: Ticket
    since: str
    """Since when it waits (hh:mm in Rome); once it was called, since when it is received."""
    minutes: int
    name: str | None
    """The person's name; None for somebody not known yet."""
    operator: str


@dataclass
class Look:
    """What the page and its live part show of one desk on one day. Names are read once a look, with their row
    in the access log."""

    store: Store
    reader: Reader
    desk: Desk
    names: dict[str, str]

    async def now(self) -> dict[str, Any]:
        """The queue, those who are received, the operators."""
        stream_ = day_stream(self.desk.code, clock.today())
        recorded = await self.store.history(stream_.id)
        day = fold(stream_, recorded)
        came: dict[str, datetime] = {}
        called: dict[str, datetime] = {}
        for fact in effective(recorded):
            match fact.event:
                case TicketTaken(visit_id=visit):
                    came[visit] = fact.meta.time
                case TicketCalled(visit_id=visit):
                    called[visit] = fact.meta.time
                case _:
                    pass
        await self.read_names([t.person_id for t in day.open if t.person_id is not None])
        received = [ticket for ticket in day.open if ticket.operator is not None]
        return {
            "base": f"{HOME}/{self.desk.code}",
            "desk": self.desk,
            "me": self.reader.account,
            "queue": [self._shown(ticket, came) for ticket in day.queue],
            "received": [self._shown(ticket, called) for ticket in received],
            "operators": [(a, name_of(a), s, STANDINGS[s]) for a, s in sorted(day.standing.items())],
            "standing": day.standing.get(self.reader.account),
            "standings": STANDINGS,
            "receiving": day.receives(self.reader.account),
            "figures": self._figures(day),
        }

    async def read_names(self, ids: list[str]) -> None:
        new = [person for person in ids if person not in self.names]
        if new:
            found = await doors.names(self.store, self.reader, new, purpose=PURPOSE)
            self.names |= {person: found.get(person, {}).get("name", "Senza nome") for person in new}

    def _shown(self, ticket: Ticket, times: dict[str, datetime]) -> Waiting:
        since = times[ticket.visit_id]
        minutes = max(0, int((clock.now() - since).total_seconds() // 60))
        name = self.names[ticket.person_id] if ticket.person_id else None
        at = f"{since.astimezone(clock.ROME):%H:%M}"
        return Waiting(ticket, at, minutes, name, name_of(ticket.operator) if ticket.operator else "")

    @staticmethod
    def _figures(day: DeskDay) -> list[tuple[str, int]]:
        outcomes = [ticket.outcome for ticket in day.tickets.values()]
        return [
            ("In coda", len(day.queue)),
            ("Arrivati oggi", len(day.tickets)),
            ("Ricevuti", outcomes.count("served")),
            ("Andati via", outcomes.count("left")),
        ]


async def _expected(store: Store, reader: Reader, desk: Desk, look: Look) -> list[dict[str, Any]]:
    """Who has an appointment here today and has not been met, by time; nothing while that view is being built."""
    on = clock.today()
    try:
        async with store.read() as reading:
            rows = await agenda(reading, on, on, desk=desk.code)
    except ViewNotReady:
        return []
    booked = [row for row in rows if row["state"] == "booked"]
    await look.read_names([row["person_id"] for row in booked])
    return [row | {"name": look.names[row["person_id"]], "with": name_of(row["operator"])} for row in booked]


async def show(
    request: Request, store: Store, reader: Reader, code: str, errors: Errors | Refused | None = None
) -> Response:
    """The desk's page of today."""
    desk = desk_named(code)
    look = Look(store, reader, desk, {})
    now = await look.now()
    query = request.query_params.get("q", "").strip()[:100]
    visit = request.query_params.get("visita", "")
    waiting = next((w for w in (*now["queue"], *now["received"]) if w.ticket.visit_id == visit and not w.name), None)
    response = page(
        request, "intake/reception.html", title=desk.name, errors=errors, trail=(("Reception", HOME),),
        found=await doors.find(store, reader, query) if query else None, q=query, whose=waiting,
        expected=await _expected(store, reader, desk, look), spans=desk.spans(clock.today()), **now,
    )  # fmt: skip
    response.headers.append("set-cookie", sessions.cookie(MINE, desk.code, 180 * 86_400))
    return response


@router.get("/accoglienza")
async def choose(
    request: Request, reader: Reader = requires("intake.reception"), store: Store = Depends(get_store)
) -> Response:
    """The desks; the one of this browser comes first."""
    mine = request.cookies.get(MINE, "")
    desks = sorted(desks_on(clock.today()).values(), key=lambda desk: (desk.code != mine, desk.name))
    return page(
        request, "intake/reception_desks.html", title="Reception", desks=desks, mine=mine, home=HOME, day=clock.today()
    )


@router.get("/accoglienza/{desk}")
async def reception(
    request: Request, desk: str, reader: Reader = requires("intake.reception"), store: Store = Depends(get_store)
) -> Response:
    """The desk of today."""
    return await show(request, store, reader, desk)


@router.get("/accoglienza/{desk}/flusso")
async def pushed(
    request: Request, desk: str, reader: Reader = requires("intake.reception"), store: Store = Depends(get_store)
) -> Response:
    """Server-sent events: the live part, each time something changed or a minute went by."""
    return stream(request, pieces(request, Look(store, reader, desk_named(desk), {})))


async def pieces(request: Request, look: Look, every: float = EVERY) -> AsyncIterator[tuple[str, str]]:
    """The element's id and its new content. The day's version is one small query a second."""
    templates = {name: request.app.state.templates.get_template(f"intake/{file}") for name, file in PARTS.items()}
    seen: Any = None
    while True:
        version = await look.store.version(day_stream(look.desk.code, clock.today()).id)
        mark = (version, clock.now().replace(second=0, microsecond=0))
        if mark != seen:
            seen = mark
            shown = await look.now()
            for name, template in templates.items():
                yield name, str(Markup(template.render(**shown)))
        await asyncio.sleep(every)


async def _act(
    request: Request, store: Store, reader: Reader, desk: str, run: Callable[[Command], Awaitable[Outcome]]
) -> Response:
    outcome = await run(command(request, reader))
    if isinstance(outcome, Refused):
        return await show(request, store, reader, desk, outcome)
    return done(request, outcome, to=f"{HOME}/{desk}")


@router.post("/accoglienza/{desk}/arrivi")
async def arrive_new(
    request: Request, desk: str, reader: Reader = requires("intake.reception"), store: Store = Depends(get_store)
) -> Response:
    """Somebody not known yet comes: a number."""
    desk_named(desk)
    await form(request, forms.Nothing)
    return await _act(request, store, reader, desk, lambda c: acts.arrive(store, c, desk, None))


@router.post("/accoglienza/{desk}/arrivi/{person_id}")
async def arrive(
    request: Request,
    desk: str,
    person_id: UUID,
    reader: Reader = requires("intake.reception"),
    store: Store = Depends(get_store),
) -> Response:
    """Somebody known comes."""
    desk_named(desk)
    await form(request, forms.Nothing)
    return await _act(request, store, reader, desk, lambda c: acts.arrive(store, c, desk, str(person_id)))


@router.post("/accoglienza/{desk}/prossimo")
async def call_next(
    request: Request, desk: str, reader: Reader = requires("intake.reception"), store: Store = Depends(get_store)
) -> Response:
    """The next in order, for whoever presses the button or for a free colleague."""
    desk_named(desk)
    values = await form(request, forms.CallForm)
    if isinstance(values, Errors):
        return await show(request, store, reader, desk, values)
    return await _act(request, store, reader, desk, lambda c: acts.call(store, c, desk, None, values.operator))


@router.post("/accoglienza/{desk}/stato")
async def stand(
    request: Request, desk: str, reader: Reader = requires("intake.reception"), store: Store = Depends(get_store)
) -> Response:
    """Free, busy or away."""
    desk_named(desk)
    values = await form(request, forms.StandForm)
    if isinstance(values, Errors):
        return await show(request, store, reader, desk, values)
    return await _act(request, store, reader, desk, lambda c: acts.stand(store, c, desk, values))


Verb = Literal["chiama", "rimetti", "ricevuta", "via"]


@router.post("/accoglienza/{desk}/visite/{visit_id}/persona/{person_id}")
async def identify(
    request: Request,
    desk: str,
    visit_id: UUID,
    person_id: UUID,
    reader: Reader = requires("intake.reception"),
    store: Store = Depends(get_store),
) -> Response:
    """The number gets a name."""
    desk_named(desk)
    await form(request, forms.Nothing)
    return await _act(
        request, store, reader, desk, lambda c: acts.identify(store, c, desk, str(visit_id), str(person_id))
    )


@router.post("/accoglienza/{desk}/visite/{visit_id}/{verb}")
async def visit(
    request: Request,
    desk: str,
    visit_id: UUID,
    verb: Verb,
    reader: Reader = requires("intake.reception"),
    store: Store = Depends(get_store),
) -> Response:
    """Called out of turn, put back, received, gone."""
    desk_named(desk)
    await form(request, forms.Nothing)
    one = str(visit_id)
    runs: dict[Verb, Callable[[Command], Awaitable[Outcome]]] = {
        "chiama": lambda c: acts.call(store, c, desk, one, None),
        "rimetti": lambda c: acts.put_back(store, c, desk, one),
        "ricevuta": lambda c: acts.end_visit(store, c, desk, one, "served"),
        "via": lambda c: acts.end_visit(store, c, desk, one, "left"),
    }
    return await _act(request, store, reader, desk, runs[verb])
