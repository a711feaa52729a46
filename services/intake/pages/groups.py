"""Group sessions: the list, a session with whom it invites, who came, and the outcome for all."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake import commands, forms, labels, views
from services.intake.commands.agenda import moment
from services.intake.domain import person_stream
from services.intake.domain.agenda import Slot
from services.intake.domain.desks import DESKS, desk_name, desks_on
from services.intake.domain.groups import Session, session_stream
from services.intake.pages.acts import operators
from services.intake.pages.exporting import Filing, filing, list_file
from services.intake.pages.operators import operators_of
from shared import clock
from shared.decisions import Refused
from shared.store import Store
from shared.store.unit import fold
from shared.web.acts import Act, Ids, acts_under, page_routes
from shared.web.app import get_store, name_of
from shared.web.pages import Column, Errors, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
ACTION = "intake.agenda"
LISTED = 60
"""Persons offered for the invitation at a time."""
SINCE = timedelta(days=60)
SESSIONS = (
    Column("day", "Giorno", "date"),
    Column("at", "Ora"),
    Column("theme", "Tema", labels=labels.THEMES),
    Column("desk", "Sportello", labels={code: desk.name for code, desk in DESKS.items()}),
    Column("operator_name", "Operatore"),
    Column("invited_count", "Invitati", "int"),
    Column("seats", "Posti", "int"),
    Column("cancelled", "Annullato", "bool"),
)
INVITED = (
    Column("person_id", "Persona", "person"),
    Column("state", "Presenza", labels=labels.APPOINTMENT_STATES),
)


async def _list(request: Request, store: Store, reader: Reader, errors: Errors | Refused | None = None) -> Response:
    today = clock.today()
    async with store.read() as reading:
        rows = await views.sessions(reading, today - SINCE)
    return page(
        request, "intake/sessions.html", title="Incontri di gruppo", errors=errors, labels=labels, name_of=name_of,
        coming=[row for row in rows if row["day"] >= today and not row["cancelled"]],
        past=[row for row in reversed(rows) if row["day"] < today or row["cancelled"]],
        desks={code: desk.name for code, desk in desks_on(today).items()}, operators=operators_of(reader),
        all_desks={code: desk.name for code, desk in DESKS.items()},
        trail=(("Agenda", "/intake/agenda"),), mine=reader.account,
    )  # fmt: skip


@router.get("/incontri")
async def sessions(request: Request, reader: Reader = requires(ACTION), store: Store = Depends(get_store)) -> Response:
    """The sessions to come and of the last two months, and the form of a new one."""
    return await _list(request, store, reader)


@router.get("/incontri/esporta")
async def sessions_file(out: Filing = filing(ACTION)) -> Response:
    """The page's sessions as a file, by day."""
    async with out.store.read() as reading:
        rows = await views.sessions(reading, clock.today() - SINCE)
    shown = [
        row | {"operator_name": name_of(row["operator"]), "invited_count": len(row["invited"])} for row in rows
    ]  # fmt: skip
    return await list_file(out, "incontri", SESSIONS, shown)


async def _session(store: Store, session_id: str) -> tuple[Session, Slot, int, list[dict[str, Any]]]:
    """The session, when and where it is, its version, and whom it invites with how each stands. Raises Problem 404."""
    session, version = await store.state(session_stream(session_id))
    if session.slot is None:
        raise Problem(404, "no_session", "Questo incontro non c'è.")
    async with store.engine.connect() as conn:
        recorded = await store.facts(conn, list(session.invited))
    people = {
        person: fold(person_stream(person), [r for r in recorded if r.meta.subject == person])
        for person in session.invited
    }
    invited = [
        {"person_id": person, "state": people[person].appointments.by_id[appointment].standing}
        for person, appointment in session.invited.items()
        if appointment in people[person].appointments.by_id
    ]
    return session, session.slot, version, invited


async def _one(
    request: Request, store: Store, reader: Reader, session_id: str, errors: Errors | Refused | None = None
) -> Response:
    session, slot, version, invited = await _session(store, session_id)
    query = request.query_params
    stage = query.get("stage", "") if query.get("stage", "") in ("to_contact", "to_interview", "in_charge") else ""
    now = moment(clock.now())
    async with store.read() as reading:
        districts = () if query.get("tutti") else reader.districts
        rows = await views.invitable(reading, districts, stage or None, LISTED)
    candidates = [row for row in rows if row["person_id"] not in session.invited]
    return page(
        request, "intake/session.html", title=f"Incontro: {labels.THEMES[session.theme]}", errors=errors,
        labels=labels, session=session, slot=slot, id=session_id, shown=version, name_of=name_of,
        desk=desk_name(slot.desk), weekday=labels.weekday(slot.day), invited=invited, columns=INVITED,
        candidates=candidates, left=session.seats - len(session.invited), stage=stage, own=bool(reader.districts),
        everybody=bool(query.get("tutti")), begun=(slot.day, slot.at) <= (now.day, now.at),
        trail=(("Incontri", "/intake/incontri"),),
    )  # fmt: skip


@router.get("/incontri/{session_id}")
async def session(
    request: Request,
    session_id: UUID,
    stage: Annotated[str, Query(max_length=20)] = "",
    reader: Reader = requires(ACTION),
    store: Store = Depends(get_store),
) -> Response:
    """One session: who is invited, who came, whom to invite."""
    return await _one(request, store, reader, str(session_id))


@router.get("/incontri/{session_id}/esporta")
async def session_file(session_id: UUID, out: Filing = filing(ACTION)) -> Response:
    """Who is invited to one session, and who came, as a file."""
    _, _, _, invited = await _session(out.store, str(session_id))
    return await list_file(out, "presenze", INVITED, invited)


async def _list_again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _list(request, store, reader, errors)


async def _again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _one(request, store, reader, ids["session_id"], errors)


def _to_session(outcome: Any, _: Ids) -> str:
    session = next(each.event.subject for each in outcome.events if each.event.SUBJECT == "session_id")
    return f"/intake/incontri/{session}"


PLANNED = (
    Act(words="Programma un incontro di gruppo", action=ACTION, page="/incontri", api="/sessions",
        run=commands.plan_session, model=forms.SessionForm, also=operators, to=_to_session),
)  # fmt: skip


_act = acts_under("/incontri/{session_id}", "/sessions/{session_id}", action=ACTION, to="/intake/incontri/{session_id}")
HELD = (
    _act("Invita delle persone a un incontro", "invita", "invitations", commands.invite, forms.InviteForm),
    _act("Registra le presenze a un incontro", "presenze", "attendance", commands.attendance, forms.AttendanceForm),
    _act("Annulla un incontro", "annulla", "cancellation", commands.cancel_session),
)
page_routes(router, PLANNED, _list_again)
page_routes(router, HELD, _again)
ACTS = PLANNED + HELD
