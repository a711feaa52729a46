"""The reception of a desk: who came, who waits, who is free; live, on a telephone, and without JavaScript too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

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
from shared.web.acts import Ids, acts_under, page_routes
from shared.web.app import get_store, name_of
from shared.web.desk_labels import STANDINGS
from shared.web.pages import Errors, page
from shared.web.problems import Problem
from shared.web.readers import Reader, may_on, requires
from shared.web.scopes import Scoped
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
    await look.read_names([row["root_id"] for row in booked])
    return [row | {"name": look.names[row["root_id"]], "with": name_of(row["operator"])} for row in booked]


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
    """The desks where the reader may receive; the one of this browser comes first."""
    mine = request.cookies.get(MINE, "")
    known = desks_on(clock.today()).values()
    open_ = [desk for desk in known if may_on(reader, "intake.reception", Scoped(district=desk.district))]
    desks = sorted(open_, key=lambda desk: (desk.code != mine, desk.name))
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


async def pieces(request: Request, look: Look, every: float = EVERY) -> AsyncGenerator[tuple[str, str]]:
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
                yield name, template.render(**shown)
        await asyncio.sleep(every)


def known_desk(desk: str) -> str:
    """The desk of the path, which is open today. Raises Problem 404."""
    return desk_named(desk).code


async def _again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await show(request, store, reader, ids["desk"], errors)


async def _arrive_new(store: Store, by: Command, desk: str) -> Outcome:
    return await acts.arrive(store, by, desk, None)


async def _call_next(store: Store, by: Command, desk: str, values: forms.CallForm) -> Outcome:
    return await acts.call(store, by, desk, None, values.operator)


async def _call_one(store: Store, by: Command, desk: str, visit_id: str) -> Outcome:
    return await acts.call(store, by, desk, visit_id, None)


async def _served(store: Store, by: Command, desk: str, visit_id: str) -> Outcome:
    return await acts.end_visit(store, by, desk, visit_id, "served")


async def _left(store: Store, by: Command, desk: str, visit_id: str) -> Outcome:
    return await acts.end_visit(store, by, desk, visit_id, "left")


_act = acts_under(
    "/accoglienza/{desk}", "/desks/{desk}", action=PURPOSE, to=HOME + "/{desk}",
    types={"desk": Annotated[str, Depends(known_desk)]},
)  # fmt: skip
VISIT, VISIT_JSON = "visite/{visit_id}", "visits/{visit_id}"
ACTS = (
    _act("Registra l'arrivo di qualcuno", "arrivi", "arrivals", _arrive_new),
    _act("Registra l'arrivo di una persona iscritta", "arrivi/{person_id}", "arrivals/{person_id}", acts.arrive),
    _act("Chiama il prossimo", "prossimo", "calls", _call_next, forms.CallForm),
    _act("Dice se l'operatore può ricevere", "stato", "standing", acts.stand, forms.StandForm),
    _act("Dice chi aspetta con questo numero", f"{VISIT}/persona/{{person_id}}",
         f"{VISIT_JSON}/people/{{person_id}}", acts.identify),
    _act("Chiama fuori turno", f"{VISIT}/chiama", f"{VISIT_JSON}/call", _call_one),
    _act("Rimette in coda", f"{VISIT}/rimetti", f"{VISIT_JSON}/putting-back", acts.put_back),
    _act("Registra che la persona è stata ricevuta", f"{VISIT}/ricevuta", f"{VISIT_JSON}/serving", _served),
    _act("Registra che la persona è andata via", f"{VISIT}/via", f"{VISIT_JSON}/leaving", _left),
)  # fmt: skip
page_routes(router, ACTS, _again)
