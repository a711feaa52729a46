"""Group sessions: the list, a session with whom it invites, who came, and the outcome for all."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake import commands, forms, labels, views
from services.intake.commands.agenda import moment
from services.intake.domain import person_stream
from services.intake.domain.desks import DESKS, desk_name, desks_on
from services.intake.domain.groups import session_stream
from services.intake.pages.acts import operators
from services.intake.pages.operators import operators_of
from shared import clock
from shared.decisions import Refused
from shared.store import Store
from shared.store.unit import fold
from shared.web.acts import Act, Ids, acts_under, page_routes
from shared.web.app import get_store, name_of
from shared.web.pages import Errors, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
ACTION = "intake.agenda"
LISTED = 60
"""Persons offered for the invitation at a time."""


async def _list(request: Request, store: Store, reader: Reader, errors: Errors | Refused | None = None) -> Response:
    today = clock.today()
    async with store.read() as reading:
        rows = await views.sessions(reading, today - timedelta(days=60))
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


async def _one(
    request: Request, store: Store, reader: Reader, session_id: str, errors: Errors | Refused | None = None
) -> Response:
    session, version = await store.state(session_stream(session_id))
    if session.slot is None:
        raise Problem(404, "no_session", "Questo incontro non c'è.")
    query = request.query_params
    stage = query.get("stage", "") if query.get("stage", "") in ("to_contact", "to_interview", "in_charge") else ""
    async with store.engine.connect() as conn:
        recorded = await store.facts(conn, list(session.invited))
    people = {
        person: fold(person_stream(person), [r for r in recorded if r.meta.subject == person])
        for person in session.invited
    }
    now = moment(clock.now())
    async with store.read() as reading:
        districts = () if query.get("tutti") else reader.districts
        rows = await views.invitable(reading, districts, stage or None, LISTED)
    candidates = [row for row in rows if row["person_id"] not in session.invited]
    return page(
        request, "intake/session.html", title=f"Incontro: {labels.THEMES[session.theme]}", errors=errors,
        labels=labels, session=session, slot=session.slot, id=session_id, shown=version, name_of=name_of,
        desk=desk_name(session.slot.desk),
        weekday=labels.weekday(session.slot.day),
        invited=[
            {"person_id": person, "state": people[person].appointments.by_id[appointment].standing}
            for person, appointment in session.invited.items()
            if appointment in people[person].appointments.by_id
        ],
        candidates=candidates, left=session.seats - len(session.invited), stage=stage, own=bool(reader.districts),
        everybody=bool(query.get("tutti")), begun=(session.slot.day, session.slot.at) <= (now.day, now.at),
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
