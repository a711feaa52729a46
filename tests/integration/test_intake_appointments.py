"""Appointments on a real PostgreSQL: one slot for one, absences, group sessions, what a closure leaves."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.intake import commands, forms, views
from services.intake.commands import appointments as appointment_commands
from services.intake.domain.agenda import week_stream
from services.intake.domain.groups import session_stream
from services.intake.domain.messages import Handed
from services.intake.gateway import HttpSms, Outgoing
from shared.decisions import Refused
from shared.web.app import name_of
from tests.fixtures.agenda import (
    ELENA,
    GIULIA,
    LUCA,
    MARCO,
    OPERATORS,
    TUESDAY,
    book,
    booked,
    code_of,
    messages,
    register,
    state,
    switch,
    turn,
)
from tests.fixtures.platform import Platform, Running, accepted


@pytest.fixture
async def running(platform: Platform) -> Running:
    made = await platform("intake")
    made.store("intake").name_of = name_of
    return made


async def test_of_two_who_book_the_same_slot_at_once_one_is_told_who_was_faster(running: Running) -> None:
    amina, luca = await register(running), await register(running, LUCA)
    outcomes = await asyncio.gather(book(running, amina, ELENA), book(running, luca, MARCO))
    refused = [one for one in outcomes if isinstance(one, Refused)]
    assert [one.code for one in refused] == ["slot_taken"]
    winner = "Elena Conti" if isinstance(outcomes[1], Refused) else "Marco Ferri"
    assert f"Giulia Rossi ha già un appuntamento: l'ha fissato {winner}" in refused[0].sentence
    week, _ = await running.store("intake").state(week_stream("operator", GIULIA, date(2024, 5, 7)))
    assert len(week.taken) == 1
    # The control: another operator at the same time, and the same one half an hour later, are free.
    loser = luca if isinstance(outcomes[1], Refused) else amina
    accepted(await book(running, loser, at="10:00"))
    assert not isinstance(await book(running, amina, operator=MARCO, at="11:00"), Refused)


async def test_moved_and_cancelled_appointments_free_their_slots(running: Running) -> None:
    amina, luca = await register(running), await register(running, LUCA)
    appointment = await booked(running, amina)
    store = running.store("intake")
    move = forms.MoveForm.model_validate({"desk": "malvezzi", "operator": MARCO, "day": "2024-05-14", "at": "15:00"})
    accepted(await commands.move(store, running.command(), amina, appointment, move, OPERATORS))
    other = await booked(running, luca)  # the old slot is free
    cancel = forms.CancelForm(why="asked")
    accepted(await commands.cancel(store, running.command(), luca, other, cancel))
    assert isinstance(await commands.cancel(store, running.command(), luca, other, cancel), Refused)
    await booked(running, luca)
    await running.quiet()
    async with store.read() as reading:
        rows = await views.appointments_of(reading, amina)
        assert [(row["day"], row["at"], row["moves"]) for row in rows] == [(date(2024, 5, 14), "15:00", 1)]
        due = await views.due_today(reading, date(2024, 5, 7), GIULIA)
        assert [row["person_id"] for row in due] == [luca]


async def test_a_double_submit_books_once(running: Running) -> None:
    amina = await register(running)
    form = forms.BookForm.model_validate(
        {"desk": "malvezzi", "operator": GIULIA, "day": TUESDAY, "at": "09:30", "purpose": "interview", "mode": "phone"}
    )
    cause = str(uuid4())
    store = running.store("intake")
    first = accepted(await commands.book(store, running.command(cause=cause), amina, form, OPERATORS))
    again = accepted(await commands.book(store, running.command(cause=cause), amina, form, OPERATORS))
    assert again.repeated
    assert [f.meta.id for f in first.events] == [f.meta.id for f in again.events]
    week, _ = await store.state(week_stream("operator", GIULIA, date(2024, 5, 7)))
    assert len(week.taken) == 1


async def test_absence_and_closure_propose_who_has_to_be_moved(running: Running) -> None:
    amina, luca = await register(running), await register(running, LUCA)
    appointment = await booked(running, amina, day="2024-05-09")
    await booked(running, luca, operator=MARCO, day="2024-05-10")
    store = running.store("intake")
    absence = forms.AbsenceForm.model_validate({"operator": GIULIA, "first": "2024-05-08", "last": "2024-05-15"})
    recorded = accepted(await commands.record_absence(store, running.command(), absence))
    assert len(recorded.events) == 2, "one fact for each week"
    closure = forms.ClosureForm.model_validate({"desks": ["malvezzi"], "first": "2024-05-10", "last": "2024-05-10"})
    accepted(await commands.close_desks(store, running.command(), closure))
    refused = await book(running, luca, day="2024-05-13", at="10:00")
    assert code_of(refused) == "operator_absent"
    refused = await book(running, luca, operator=ELENA, day="2024-05-10", at="10:00")
    assert code_of(refused) == "desk_closed"
    await running.quiet()
    async with store.read() as reading:
        rows = await views.colliding(reading, date(2024, 5, 6))
    found = [(row["person_id"], row["away"], row["closed"]) for row in rows]
    assert found == [(amina, True, False), (luca, False, True)]
    choice = forms.Choice(
        person_id=amina, appointment_id=appointment, desk="malvezzi", operator=ELENA, day=date(2024, 5, 9), at="09:30",
        why="operator_absent",
    )  # fmt: skip
    applied = await appointment_commands.apply(store, running.command(), [choice], OPERATORS)
    assert (applied.done, applied.refused) == (1, ())
    await running.quiet()
    async with store.read() as reading:
        assert [row["person_id"] for row in await views.colliding(reading, date(2024, 5, 6))] == [luca]
        absence_id = (await views.absences(reading, date(2024, 5, 6)))[0]["absence_id"]
    accepted(await commands.lift_absence(store, running.command(), absence_id, absence))
    accepted(await book(running, luca, day="2024-05-13", at="10:00"))


async def test_a_group_session_from_the_invitation_to_the_outcome(running: Running) -> None:
    amina, luca = await register(running), await register(running, LUCA)
    await switch(running)
    store = running.store("intake")
    form = forms.SessionForm.model_validate(
        {"desk": "malvezzi", "operator": GIULIA, "day": TUESDAY, "at": "10:00", "minutes": 90, "seats": 2}
        | {"theme": "rights"}
    )
    planned = accepted(await commands.plan_session(store, running.command(), form, OPERATORS))
    session = planned.events[0].event.subject
    refused = await book(running, amina, at="11:00")
    assert code_of(refused) == "slot_taken"
    invite = forms.InviteForm.model_validate({"people": [amina, luca]})
    accepted(await commands.invite(store, running.command(), session, invite))
    assert isinstance(await commands.invite(store, running.command(), session, invite), Refused), "invited once"
    assert await messages(running, amina) == await messages(running, luca) == ["appointment_booked queued"]
    marks = forms.AttendanceForm.model_validate({"marks": [f"{amina}:kept", f"{luca}:missed"], "outcome": "referred"})
    early = await commands.attendance(store, running.command(), session, marks)
    assert code_of(early) == "not_yet"
    running.now = datetime(2024, 5, 7, 10, 0, tzinfo=UTC)
    accepted(await commands.attendance(store, running.command(), session, marks))
    again = await commands.attendance(store, running.command(), session, marks)
    assert code_of(again) == "nothing"
    standing = [a.standing for p in (amina, luca) for a in (await state(running, p)).appointments.by_id.values()]
    assert standing == ["kept", "missed"]
    held, _ = await store.state(session_stream(session))
    assert set(held.invited) == {amina, luca}


async def test_a_closed_pathway_leaves_no_appointment_behind(running: Running) -> None:
    amina = await register(running)
    await booked(running, amina)
    close = forms.CloseForm.model_validate({"outcome": "withdrew", "on": "2024-05-06"})
    accepted(await commands.close(running.store("intake"), running.command(GIULIA), amina, close))
    await turn(running)
    assert [a.standing for a in (await state(running, amina)).appointments.by_id.values()] == ["cancelled"]
    week, _ = await running.store("intake").state(week_stream("operator", GIULIA, date(2024, 5, 7)))
    assert week.taken == {}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (202, {"id": "abc-1"}, Handed(delivery_id="abc-1")),
        (200, {"id": "with space"}, Handed(delivery_id="m-1")),
        (429, {}, Handed(reason="busy", again=True)),
        (503, {}, Handed(reason="busy", again=True)),
        (422, {}, Handed(reason="bad_address")),
        (401, {}, Handed(reason="refused")),
    ],
)
async def test_what_the_sms_gateways_answers_mean(status: int, body: Any, expected: Handed) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.headers["idempotency-key"] == "m-1"
        return httpx2.Response(status, json=body)

    gateway = HttpSms("https://sms.example/send", "secret", httpx2.MockTransport(answer))
    assert await gateway.send(Outgoing("m-1", "sms", "+393331234567", "", "Ciao")) == expected
