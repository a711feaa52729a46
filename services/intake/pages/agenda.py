"""The agenda by desk or operator, day or week; closures and absences; who has to be moved; the calendar."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake import commands, doors, forms, ics, labels, views
from services.intake.commands.agenda import moment
from services.intake.commands.appointments import Applied, apply
from services.intake.domain import parameter
from services.intake.domain.agenda import Slot, Week, free_slots, week_id, week_stream
from services.intake.domain.desks import DESKS, desk_name, desks_on
from services.intake.pages.exporting import Filing, filing, list_file
from services.intake.pages.operators import absent_of, operators_of
from services.intake.pages.public import CODE
from services.intake.views.agenda import agenda as agenda_rows
from services.intake.working_days import holidays_of
from shared import clock
from shared.decisions import Refused
from shared.envelope import Recorded
from shared.projection import Reading, Row
from shared.store import Store
from shared.store.unit import fold
from shared.web import limits
from shared.web.acts import Act, Ids, page_routes
from shared.web.app import command, get_store, name_of
from shared.web.exports import EXPORTED_AT_MOST
from shared.web.pages import Column, Errors, done, form, page
from shared.web.problems import SENTENCES, Problem
from shared.web.readers import Reader, anybody, requires
from shared.web.signing import BadToken

router = APIRouter()
ACTION = "intake.agenda"
ICS = "text/calendar; charset=utf-8"
PROPOSED = 3
"""Proposals for each appointment that has to be moved."""
LOOK_DAYS = 14
TO_MOVE = (
    Column("day", "Giorno", "date"),
    Column("at", "Ora"),
    Column("root_id", "Persona", "person"),
    Column("operator_name", "Operatore"),
    Column("away", "Operatore assente", "bool"),
    Column("desk_words", "Sportello"),
    Column("closed", "Sportello chiuso", "bool"),
)
BOOKED = (
    Column("day", "Giorno", "date"),
    Column("at", "Ora"),
    Column("root_id", "Persona", "person"),
    Column("purpose", "Motivo", labels=labels.PURPOSES),
    Column("mode", "Come", labels=labels.APPOINTMENT_MODES),
    Column("operator_name", "Operatore"),
    Column("desk_words", "Sportello"),
    Column("state", "Stato", labels=labels.APPOINTMENT_STATES),
)
TRAIL = (("Agenda", "/intake/agenda"),)


@dataclass(frozen=True)
class Shown:
    """Which appointments are asked for: of a day or a week, of one desk, one operator or all."""

    giorno: date | None = None
    vista: Literal["giorno", "settimana"] = "giorno"
    sportello: Annotated[str, Query(max_length=64)] = ""
    operatore: Annotated[str, Query(max_length=64)] = ""

    def days(self) -> tuple[date, date, date]:
        """The day asked for, the first and the last that are shown."""
        day = self.giorno if self.giorno and date(2017, 1, 1) <= self.giorno <= date(2100, 1, 1) else clock.today()
        first = day - timedelta(days=day.isoweekday() - 1) if self.vista == "settimana" else day
        return day, first, first + timedelta(days=6 if self.vista == "settimana" else 0)

    async def rows(self, reading: Reading) -> list[Row]:
        """The appointments."""
        _, first, last = self.days()
        return await agenda_rows(reading, first, last, desk=self.sportello or None, operator=self.operatore or None)


@router.get("/agenda")
async def agenda(
    request: Request,
    shown: Annotated[Shown, Depends()],
    reader: Reader = requires(ACTION),
    store: Store = Depends(get_store),
) -> Response:
    """The appointments of a day or a week, of one desk, one operator or all."""
    today = clock.today()
    day, first, last = shown.days()
    vista, sportello, operatore = shown.vista, shown.sportello, shown.operatore
    async with store.read() as reading:
        rows = await shown.rows(reading)
        closed = await views.closures(reading, first)
        away = await views.absences(reading, first)
        to_move = len(await views.colliding(reading, today))
    feasts = holidays_of(DESKS.get(sportello), first.year, last.year)
    days = [
        {
            "day": each, "rows": [row for row in rows if row["day"] == each], "feast": feasts.get(each, ""),
            "closed": [DESKS[c["desk"]].name for c in closed if _within(each, c) and sportello in ("", c["desk"])],
            "away": [name_of(a["operator"]) for a in away if _within(each, a) and operatore in ("", a["operator"])],
        }
        for each in (first + timedelta(days=n) for n in range((last - first).days + 1))
    ]  # fmt: skip
    step = timedelta(days=7 if vista == "settimana" else 1)
    return page(
        request, "intake/agenda.html", title="Agenda", days=days, labels=labels, desks=_desk_names(day),
        operators=operators_of(reader), name_of=name_of, desk_name=desk_name, to_move=to_move, view=vista,
        values={"giorno": day, "vista": vista, "sportello": sportello, "operatore": operatore},
        before=(day - step).isoformat(), after_=(day + step).isoformat(), mine=reader.account,
        now=moment(clock.now()), columns=BOOKED,
    )  # fmt: skip


@router.get("/agenda/esporta")
async def agenda_file(shown: Annotated[Shown, Depends()], out: Filing = filing(ACTION)) -> Response:
    """The same appointments as a file."""
    async with out.store.read() as reading:
        rows = await shown.rows(reading)
    return await list_file(out, "agenda", BOOKED, [_with_words(row) for row in rows])


def _with_words(row: Row) -> Row:
    return row | {"operator_name": name_of(row["operator"]), "desk_words": desk_name(row["desk"])}


def _within(day: date, row: Row) -> bool:
    return bool(row["first"] <= day <= row["last"])


def _desk_names(day: date) -> dict[str, str]:
    return {code: desk.name for code, desk in desks_on(day).items()}


# Closures and absences


async def _days_page(
    request: Request, store: Store, reader: Reader, errors: Errors | Refused | None = None
) -> Response:
    today = clock.today()
    async with store.read() as reading:
        closed, away = await views.closures(reading, today), await views.absences(reading, today)
        to_move = len(await views.colliding(reading, today))
    feasts = sorted((d, name) for d, name in holidays_of(None, today.year, today.year + 1).items() if d >= today)[:8]
    return page(
        request, "intake/agenda_days.html", title="Chiusure e assenze", errors=errors, closures=closed, absences=away,
        desks=_desk_names(today), operators=absent_of(reader), name_of=name_of, desk_name=desk_name,
        feasts=feasts, to_move=to_move, trail=TRAIL,
    )  # fmt: skip


@router.get("/agenda/chiusure")
async def days(request: Request, reader: Reader = requires(ACTION), store: Store = Depends(get_store)) -> Response:
    """What is closed and who is away."""
    return await _days_page(request, store, reader)


async def _days_again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _days_page(request, store, reader, errors)


def known_desk(desk: str) -> str:
    """The desk of the path. Raises Problem 404."""
    if desk not in DESKS:
        raise Problem(404, "desk_unknown", SENTENCES[404])
    return desk


ACTS = (
    Act(words="Chiude degli sportelli", action=ACTION, page="/agenda/chiusure", api="/closures",
        run=commands.close_desks, model=forms.ClosureForm, to="/intake/agenda/chiusure"),
    Act(words="Riapre uno sportello", action=ACTION, page="/agenda/chiusure/{closure_id}/{desk}/togli",
        api="/closures/{closure_id}/{desk}/reopening", run=commands.reopen_desk, model=forms.DaysForm,
        to="/intake/agenda/chiusure", types={"desk": Annotated[str, Depends(known_desk)]}),
    Act(words="Registra l'assenza di un operatore", action=ACTION, page="/agenda/assenze", api="/absences",
        run=commands.record_absence, model=forms.AbsenceForm, to="/intake/agenda/proposte"),
    Act(words="Toglie l'assenza di un operatore", action=ACTION, page="/agenda/assenze/{absence_id}/togli",
        api="/absences/{absence_id}/lifting", run=commands.lift_absence, model=forms.AbsenceForm,
        to="/intake/agenda/chiusure"),
)  # fmt: skip
page_routes(router, ACTS, _days_again)


# Who has to be moved


async def _weeks(store: Store, rows: list[Row], operators: dict[str, str]) -> dict[str, Week]:
    """The weeks in which these could have another time, of their desks and of everybody, with one statement."""
    ahead = {each["day"] + timedelta(days=n) for each in rows for n in range(LOOK_DAYS + 1)}
    everybody = {*operators, *(row["operator"] for row in rows)}
    streams = {
        stream.id: stream
        for day in ahead
        for stream in (
            *(week_stream("desk", desk, day) for desk in {row["desk"] for row in rows}),
            *(week_stream("operator", operator, day) for operator in everybody),
        )
    }
    recorded: dict[str, list[Recorded]] = {}
    async with store.reads.connect() as conn:
        for fact in await store.facts(conn, list(streams)):
            recorded.setdefault(fact.meta.subject, []).append(fact)
    return {id_: fold(stream, recorded.get(id_, [])) for id_, stream in streams.items()}


Free = Callable[[str, str, date, int], list[Slot]]


def _free(weeks: dict[str, Week]) -> Free:
    """Desk, operator, day, minutes -> the free times; many of those to be moved ask the same."""
    now = moment(clock.now())

    @cache
    def free(desk: str, operator: str, day: date, minutes: int) -> list[Slot]:
        week, desk_week = weeks[week_id("operator", operator, day)], weeks[week_id("desk", desk, day)]
        feasts = holidays_of(DESKS[desk], day.year, day.year)
        return free_slots(DESKS[desk], operator, day, week, desk_week, feasts, now, minutes)

    return free


def _proposals(free: Free, row: Row, operators: dict[str, str]) -> list[tuple[str, str]]:
    """Somebody else at the same time first (the person need not be told), then the next free times: with the same
    operator if only the desk is closed, else with whoever is free."""
    found: list[Slot] = []
    same = [row["operator"]] if not row["away"] else []
    others = [each for each in operators if each != row["operator"]]
    for offset in range(LOOK_DAYS + 1):
        day = row["day"] + timedelta(days=offset)
        for operator in [*same, *others] if offset else others if not row["closed"] else []:
            slots = free(row["desk"], operator, day, row["minutes"])
            chosen = [slot for slot in slots if slot.at == row["at"]] or (slots[:1] if offset else [])
            found += chosen[:1]
            if len(found) >= PROPOSED:
                return [_option(slot) for slot in found]
    return [_option(slot) for slot in found]


def _option(slot: Slot) -> tuple[str, str]:
    value = f"{slot.desk}|{slot.operator}|{slot.day.isoformat()}|{slot.at}"
    return value, f"{labels.weekday(slot.day)} {slot.day:%d/%m/%Y} alle {slot.at}, {name_of(slot.operator)}"


async def _proposals_page(
    request: Request,
    store: Store,
    reader: Reader,
    errors: Errors | Refused | None = None,
    applied: Applied | None = None,
) -> Response:
    async with store.read() as reading:
        rows = await views.colliding(reading, clock.today())
    operators = operators_of(reader)
    refused = dict(applied.refused) if applied else {}
    free = _free(await _weeks(store, rows[:50], operators))
    shown = [
        row | {"options": [] if row["session_id"] else _proposals(free, row, operators),
               "said": refused.get(row["appointment_id"], "")}
        for row in rows[:50]
    ]  # fmt: skip
    return page(
        request, "intake/proposals.html", 409 if refused else None, title="Da spostare", errors=errors, rows=shown,
        labels=labels, name_of=name_of, desk_name=desk_name, more=len(rows) - len(shown), applied=applied, trail=TRAIL,
        columns=TO_MOVE,
    )  # fmt: skip


@router.get("/agenda/proposte")
async def proposals(request: Request, reader: Reader = requires(ACTION), store: Store = Depends(get_store)) -> Response:
    """The appointments that an absence or a closure hits, each with where it could go."""
    return await _proposals_page(request, store, reader)


@router.get("/agenda/proposte/esporta")
async def proposals_file(out: Filing = filing(ACTION)) -> Response:
    """The appointments to move as a file; where each could go changes by the minute and stays on the page."""
    async with out.store.read() as reading:
        rows = await views.colliding(reading, clock.today(), EXPORTED_AT_MOST)
    return await list_file(out, "da-spostare", TO_MOVE, [_with_words(row) for row in rows])


@router.post("/agenda/proposte")
async def choose(request: Request, reader: Reader = requires(ACTION), store: Store = Depends(get_store)) -> Response:
    """Moves what was chosen; what could not be moved stays in the list with its reason."""
    values = await form(request, forms.ChoicesForm)
    if isinstance(values, Errors):
        return await _proposals_page(request, store, reader, values)
    wrong = Refused("choices", "Scegli dall'elenco dove spostare almeno un appuntamento.", "choices")
    try:
        chosen = values.parsed()
    except ValueError:
        return await _proposals_page(request, store, reader, wrong)
    async with store.read() as reading:
        rows = {row["appointment_id"]: row for row in await views.colliding(reading, clock.today())}
    picked = []
    for appointment, (desk, operator, day, at) in chosen.items():
        row = rows.get(str(appointment))
        if row is None:
            continue
        try:
            picked.append(
                forms.Choice.model_validate(
                    {"person_id": row["person_id"], "appointment_id": str(appointment), "desk": desk, "day": day,
                     "operator": operator, "at": at, "why": "operator_absent" if row["away"] else "desk_closed"}
                )
            )  # fmt: skip
        except ValueError:
            return await _proposals_page(request, store, reader, wrong)
    if not picked:
        return await _proposals_page(request, store, reader, wrong)
    applied = await apply(store, command(request, reader), picked, tuple(operators_of(reader)))
    if applied.refused or applied.last is None:
        return await _proposals_page(request, store, reader, None, applied)
    return done(request, applied.last, to="/intake/agenda/proposte")


# The calendar


@router.get("/agenda/calendario")
async def calendar_page(
    request: Request, reader: Reader = requires(ACTION), store: Store = Depends(get_store)
) -> Response:
    """The reader's own calendar: to download with the names, or to subscribe to without."""
    days_ = parameter("feed_days", clock.today())
    address = f"{store.settings.base_url}/intake/calendario/{ics.token('operator', reader.account, days_)}.ics"
    return page(
        request, "intake/calendar.html", title="Calendario", address=address, days=days_,
        until=clock.today() + timedelta(days=days_), trail=TRAIL,
    )  # fmt: skip


@router.get("/agenda/calendario.ics")
async def calendar_file(reader: Reader = requires(ACTION), store: Store = Depends(get_store)) -> Response:
    """The reader's own appointments with the names in them, as the door `compose` does: one row of the access log."""
    rows = await _rows_of(store, "operator", reader.account)
    names = await doors.compose_names(store, reader, sorted({row["root_id"] for row in rows}), ACTION)
    return _file(ics.calendar(rows, "Insieme: la mia agenda", names), "agenda")


async def _rows_of(store: Store, kind: ics.Kind, id_: str) -> list[Row]:
    today = clock.today()
    async with store.read() as reading:
        if kind == "person":
            return [row for row in await views.appointments_of(reading, id_) if row["state"] == "booked"]
        return await agenda_rows(reading, today - timedelta(days=30), today + timedelta(days=180), operator=id_)


def _file(body: bytes, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}.ics"'}
    return Response(body, media_type=ICS, headers=headers)


async def _limited(request: Request) -> None:
    limits.COUNTERS.take(CODE, limits.address_of(request), time.monotonic())


@router.get("/calendario/{token}.ics", dependencies=[anybody(_limited)])
async def feed(token: str, store: Store = Depends(get_store)) -> Response:
    """A published calendar: whoever has its address may read it, until it ends. No name stands in it."""
    try:
        kind, id_ = ics.read_token(token)
    except BadToken:
        raise Problem(404, "calendar_over", "Questo calendario non c'è o non vale più.") from None
    rows: list[Any] = await _rows_of(store, kind, id_)
    return _file(ics.calendar(rows, "Insieme per il lavoro"), "appuntamenti")
