"""A person's appointments: the card of their page, booking, moving, and what became of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake import commands, forms, ics, labels
from services.intake.commands.agenda import moment
from services.intake.domain import parameter, person_stream
from services.intake.domain.agenda import clock_time, free_slots, week_stream
from services.intake.domain.appointments import Appointment, booked
from services.intake.domain.desks import DESKS, desk_name, desks_on
from services.intake.pages.acts import on_person, operators, person_act
from services.intake.pages.operators import operators_of
from services.intake.working_days import holidays_of
from shared import clock
from shared.decisions import Refused
from shared.store import Store
from shared.store.unit import fold
from shared.web.acts import Ids, page_routes
from shared.web.app import get_store, name_of
from shared.web.pages import Errors, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

if TYPE_CHECKING:
    from services.intake.pages.sections import Looked

router = APIRouter()
ACTION = "intake.agenda"
PURPOSES = {code: words for code, words in labels.PURPOSES.items() if code != "group"}
"""What a single appointment can be for."""


def line(appointment_id: str, one: Appointment) -> dict[str, Any]:
    """An appointment as the card shows it."""
    return {
        "id": appointment_id, "day": one.slot.day, "weekday": labels.weekday(one.slot.day), "at": one.slot.at,
        "until": clock_time(one.slot.span[1]), "desk": desk_name(one.slot.desk),
        "operator": name_of(one.slot.operator), "purpose": labels.PURPOSES[one.purpose],
        "mode": labels.APPOINTMENT_MODES[one.mode], "state": one.standing, "moves": one.moves,
        "session": one.session_id,
    }  # fmt: skip


async def fill(looked: Looked) -> dict[str, Any] | None:
    """What the card shows: what comes first, then the last ones that were; nothing for who was never registered."""
    person = fold(person_stream(looked.person_id), looked.recorded)
    if person.episode == 0:
        return None
    now = moment(clock.now())
    coming = [line(name, one) for name, one in person.appointments.booked.items()]
    elsewhere = []
    for member in sorted(person.identity.members):
        joined, _ = await looked.store.state(person_stream(member))
        elsewhere += [line(name, one) | {"person_id": member} for name, one in joined.appointments.booked.items()]
    past = [line(name, one) for name, one in person.appointments.by_id.items() if one.standing != "booked"]
    past.sort(key=lambda one: (one["day"], one["at"]), reverse=True)
    for one in coming:
        one["begun"] = (one["day"], one["at"]) <= (now.day, now.at)
        one["today"] = one["day"] <= now.day
    days = parameter("feed_days", looked.on)
    return {
        "coming": coming, "elsewhere": elsewhere, "past": past[:5], "more": max(len(past) - 5, 0),
        "open": person.is_open,
        "missed": sum(one["state"] == "missed" for one in past), "outcomes": labels.KEPT_OUTCOMES,
        "reasons": labels.CANCEL_REASONS, "states": labels.APPOINTMENT_STATES,
        "feed": f"/intake/calendario/{ics.token('person', looked.person_id, days)}.ics" if coming else "",
        "wishes": {"sms": "sms" not in person.messages.refused, "email": "email" not in person.messages.refused,
                   "reminders": person.messages.reminders},
        "messages": len(person.messages.by_id),
    }  # fmt: skip


async def _book_page(
    request: Request,
    store: Store,
    reader: Reader,
    person_id: str,
    errors: Errors | Refused | None = None,
    appointment_id: str | None = None,
) -> Response:
    recorded = await store.history(person_id)
    person = fold(person_stream(person_id), recorded)
    if person.episode == 0:
        raise Problem(404, "no_person", "Questa persona non è iscritta.")
    moving = booked(person, appointment_id) if appointment_id else None
    if isinstance(moving, Refused):
        raise Problem(404, moving.code, moving.sentence)
    query = getattr(request.state, "typed", None) or request.query_params
    bookable, today = operators_of(reader), clock.today()
    desks = {code: desk.name for code, desk in desks_on(today).items()}
    before = moving.slot if moving else None
    desk = str(query.get("desk") or (before.desk if before else next(iter(desks))))
    mine = person.case_manager if person.case_manager in bookable else reader.account
    operator = str(query.get("operator") or (before.operator if before else mine))
    day = _day(str(query.get("day") or "")) or (before.day if before else today)
    minutes = before.minutes if before else parameter("slot_minutes", day)
    offered = await _offered(store, desk, operator, max(day, today), minutes) if desk in DESKS else []
    path = f"/intake/persone/{person_id}" + (f"/appuntamenti/{appointment_id}/sposta" if moving else "/appuntamento")
    return page(
        request, "intake/book.html", title="Sposta l'appuntamento" if moving else "Nuovo appuntamento", errors=errors,
        labels=labels, id=person_id, path=path, purposes=PURPOSES, desks=desks,
        operators=bookable, offered=offered, moving=moving,
        name_of=name_of, chosen={"desk": desk, "operator": operator, "day": max(day, today)},
        closed=_why_closed(desk, max(day, today)), shown=recorded[-1].meta.version, last=today + timedelta(days=180),
        trail=(("Persone", "/intake/persone"), ("Scheda", f"/intake/persone/{person_id}")),
    )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(2017, 1, 1) <= found <= date(2100, 1, 1) else None


def _why_closed(desk: str, day: date) -> str:
    known = DESKS.get(desk)
    return holidays_of(known, day.year).get(day, "") if known else ""


async def _offered(store: Store, desk: str, operator: str, day: date, minutes: int) -> list[tuple[date, list[str]]]:
    """The free times of that day and of the next ones on which there are some."""
    now = moment(clock.now())
    feasts = holidays_of(DESKS[desk], day.year, day.year + 1)
    found: list[tuple[date, list[str]]] = []
    weeks: dict[str, Any] = {}
    for offset in range(15):
        each = day + timedelta(days=offset)
        streams = (week_stream("operator", operator, each), week_stream("desk", desk, each))
        for stream in streams:
            if stream.id not in weeks:
                weeks[stream.id] = (await store.state(stream))[0]
        week, desk_week = (weeks[stream.id] for stream in streams)
        free = free_slots(DESKS[desk], operator, each, week, desk_week, feasts, now, minutes)
        if free or not offset:
            found.append((each, [slot.at for slot in free]))
        if len(found) == 4:
            break
    return found


@router.get("/persone/{person_id}/appuntamento")
async def new(
    request: Request,
    person_id: UUID,
    desk: Annotated[str, Query(max_length=64)] = "",
    operator: Annotated[str, Query(max_length=64)] = "",
    day: Annotated[str, Query(max_length=10)] = "",
    reader: Reader = requires(ACTION),
    store: Store = Depends(get_store),
) -> Response:
    """Desk, operator and day, and the free times there."""
    return await _book_page(request, store, reader, str(person_id))


@router.get("/persone/{person_id}/appuntamenti/{appointment_id}/sposta")
async def other_time(
    request: Request,
    person_id: UUID,
    appointment_id: UUID,
    reader: Reader = requires(ACTION),
    store: Store = Depends(get_store),
) -> Response:
    """The same, for an appointment that is to be moved."""
    return await _book_page(request, store, reader, str(person_id), None, str(appointment_id))


async def _book_again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _book_page(request, store, reader, ids["person_id"], errors, ids.get("appointment_id"))


ONE = "appuntamenti/{appointment_id}"
ONE_JSON = "appointments/{appointment_id}"
BOOKED = (
    person_act("Fissa un appuntamento", ACTION, "appuntamento", "appointments", commands.book, forms.BookForm,
               also=operators),
    person_act("Sposta un appuntamento", ACTION, f"{ONE}/sposta", f"{ONE_JSON}/moving", commands.move, forms.MoveForm,
               also=operators),
)  # fmt: skip
ENDED = (
    person_act("Registra un appuntamento svolto", ACTION, f"{ONE}/tenuto", f"{ONE_JSON}/keeping", commands.keep,
               forms.KeptForm),
    person_act("Registra un'assenza all'appuntamento", ACTION, f"{ONE}/mancato", f"{ONE_JSON}/missing", commands.miss,
               forms.MissedForm),
    person_act("Disdice un appuntamento", ACTION, f"{ONE}/disdici", f"{ONE_JSON}/cancellation", commands.cancel,
               forms.CancelForm),
)  # fmt: skip
page_routes(router, BOOKED, _book_again)
page_routes(router, ENDED, on_person)
ACTS = BOOKED + ENDED
