"""Messages to persons: switched on, refused, reminded, tried again, and never sent twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.intake import commands, forms, views
from services.intake import gateway as gateway_module
from services.intake.commands import appointments as appointment_commands
from services.intake.commands import messages as message_commands
from services.intake.domain.messages import Handed
from services.intake.gateway import HttpSms, Outgoing
from shared.decisions import Decision, Stream
from shared.events import enterprise, matching, training
from shared.events.base import Event
from shared.events.intake import MessageQueued
from shared.service import Service
from shared.settings import settings
from shared.store import Unit
from shared.web.app import name_of
from tests.fixtures.agenda import (
    GIULIA,
    LUCA,
    MARCO,
    booked,
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


async def test_nothing_is_queued_until_the_office_switches_messages_on(running: Running) -> None:
    amina, luca = await register(running), await register(running, LUCA)
    await booked(running, amina)
    assert await messages(running, amina) == []
    await switch(running)
    await booked(running, luca, operator=MARCO)
    assert await messages(running, luca) == ["appointment_booked queued"]
    await turn(running)
    assert await messages(running, luca) == ["appointment_booked sent"]
    async with running.store("intake").read() as reading:
        rows, total = await views.messages(reading)
    assert (total, rows[0]["channel"], rows[0]["delivery_id"][:5]) == (1, "email", "sink-")
    async with running.store("intake").engine.connect() as conn:
        text = await running.store("intake").vault.read(conn, rows[0]["text"])
    assert text is not None
    assert "Ciao Luca, ti aspettiamo il 07/05/2024 alle 09:30: Palazzo Malvezzi." in text["text"]
    assert "/intake/messaggi/basta/" in text["text"]


async def test_a_refused_channel_gets_nothing_and_the_code_finds_its_person(running: Running) -> None:
    luca = await register(running, LUCA | {"phone": "339 7654321"})
    await switch(running)
    store = running.store("intake")
    await booked(running, luca)
    code = message_commands.stop_code(store, luca)
    assert await commands.person_of_code(store, code.lower()) == luca
    assert await commands.person_of_code(store, "ABCD-EFGH-JKMN") is None
    accepted(await commands.set_wish(store, running.command("public"), luca, "sms", False, "person"))
    await turn(running)
    assert await messages(running, luca) == ["appointment_booked failed"], "refused while it waited"
    await booked(running, luca, day="2024-05-14")
    message = list((await state(running, luca)).messages.by_id.values())[-1]
    assert message.channel == "email"
    accepted(await commands.set_wish(store, running.command(), luca, "email", False))
    await booked(running, luca, day="2024-05-21")
    assert len(await messages(running, luca)) == 2, "both refused: no message"


async def test_reminders_come_once_the_day_before_and_can_be_suspended(running: Running) -> None:
    amina, luca = await register(running), await register(running, LUCA)
    await switch(running)
    await booked(running, amina, day="2024-05-14")
    await booked(running, luca, day="2024-05-14", operator=MARCO, desk="malvezzi")
    wishes = forms.WishesForm(sms=True, email=True, reminders=False)
    accepted(await commands.set_wishes(running.store("intake"), running.command(), luca, wishes))
    running.now = datetime(2024, 5, 13, 7, 0, tzinfo=UTC)  # 9:00 in Rome: 24 hours and a half before
    await turn(running)
    assert len(await messages(running, amina)) == 1
    running.now += timedelta(minutes=45)
    await turn(running)
    await turn(running)
    assert await messages(running, amina) == ["appointment_booked sent", "appointment_reminder sent"]
    assert await messages(running, luca) == ["appointment_booked sent"], "this person wants no reminders"


async def test_a_desk_can_be_kept_quiet(running: Running) -> None:
    amina = await register(running)
    await switch(running, quiet_desks=["malvezzi"])
    await booked(running, amina, day="2024-05-14")
    running.now = datetime(2024, 5, 13, 8, 0, tzinfo=UTC)
    await turn(running)
    assert await messages(running, amina) == ["appointment_booked sent"]
    await switch(running)
    await turn(running)
    assert await messages(running, amina) == ["appointment_booked sent", "appointment_reminder queued"]


async def test_the_hour_of_a_reminder_follows_the_civil_clock_over_the_change(running: Running) -> None:
    """31 March 2024 has 23 hours in Rome: 9:30 on 1 April is 7:30 UTC, 9:30 on 29 March was 8:30 UTC."""
    assert appointment_commands.instant(date(2024, 3, 29), "09:30").astimezone(UTC).hour == 8
    assert appointment_commands.instant(date(2024, 4, 2), "09:30").astimezone(UTC).hour == 7
    running.now = datetime(2024, 10, 21, 8, 0, tzinfo=UTC)
    amina = await register(running)
    await switch(running)
    await booked(running, amina, day="2024-10-28")  # the day after the clocks go back: 9:30 is 8:30 UTC
    running.now = datetime(2024, 10, 27, 8, 29, tzinfo=UTC)
    await turn(running)
    assert len(await messages(running, amina)) == 1
    running.now = datetime(2024, 10, 27, 8, 31, tzinfo=UTC)
    await turn(running)
    assert await messages(running, amina) == ["appointment_booked sent", "appointment_reminder queued"]


class Flaky:
    """A gateway that answers as it is told."""

    def __init__(self, *answers: Handed | Exception) -> None:
        self.answers, self.sent = list(answers), list[Outgoing]()

    async def send(self, message: Outgoing) -> Handed:
        self.sent.append(message)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def arrived(self, delivery_id: str) -> bool | None:
        return None


def through(monkeypatch: pytest.MonkeyPatch, one: Any) -> None:
    monkeypatch.setattr(message_commands, "gateways", lambda current: {"sms": one, "email": one})


async def test_a_clear_no_is_tried_again_with_growing_pauses(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    flaky = Flaky(Handed(reason="busy", again=True), Handed(reason="no_answer", again=True), Handed("id-1"))
    through(monkeypatch, flaky)
    amina = await register(running)
    await switch(running)
    await booked(running, amina)
    for minutes, count in ((0, 1), (4, 1), (2, 2), (20, 2), (11, 3), (60, 3)):
        running.now += timedelta(minutes=minutes)
        await turn(running)
        assert len(flaky.sent) == count
    assert await messages(running, amina) == ["appointment_booked sent"]
    assert {one.to for one in flaky.sent} == {"+393331234567"}


@pytest.mark.parametrize(
    ("answer", "state", "fact"),
    [(True, "delivered", "intake.message-delivered"), (False, "failed", "intake.message-failed")],
)
async def test_the_gateway_says_later_whether_it_arrived(
    running: Running, monkeypatch: pytest.MonkeyPatch, answer: bool, state: str, fact: str
) -> None:
    asked: list[str] = []

    class Later(Flaky):
        said: bool | None = None

        async def arrived(self, delivery_id: str) -> bool | None:
            asked.append(delivery_id)
            return self.said

    gateway = Later(Handed("id-1"))
    through(monkeypatch, gateway)
    amina = await register(running)
    await switch(running)
    await booked(running, amina)
    await turn(running)
    await turn(running)
    assert await messages(running, amina) == ["appointment_booked sent"], "the control: nobody knows yet"
    gateway.said = answer
    await turn(running)
    assert await messages(running, amina) == [f"appointment_booked {state}"]
    assert (await running.store("intake").history(amina))[-1].meta.type == fact
    async with running.store("intake").read() as reading:
        ((row,), _) = await views.messages(reading, person_id=amina)
    assert row["state"] == state
    count = len(asked)
    await turn(running)
    assert (len(asked), set(asked)) == (count, {"id-1"}), "nobody asks again, and nothing is sent twice"
    assert len(gateway.sent) == 1


async def test_a_sender_that_dies_between_sending_and_recording_never_sends_twice(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    flaky = Flaky(RuntimeError("killed here"), Handed("never"))
    through(monkeypatch, flaky)
    amina = await register(running)
    await switch(running)
    await booked(running, amina)
    with pytest.raises(RuntimeError, match="killed here"):
        await turn(running)
    assert await messages(running, amina) == ["appointment_booked sending"], "the attempt was recorded first"
    await turn(running)  # its successor, which remembers nothing
    assert await messages(running, amina) == ["appointment_booked failed"]
    await turn(running)
    assert len(flaky.sent) == 1


async def test_a_decision_that_is_taken_again_does_not_send_again(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody records a wish of the person while the gateway has the message: the outcome is decided again."""
    amina = await register(running)
    await switch(running)
    await booked(running, amina)
    store = running.store("intake")

    class Meanwhile(Flaky):
        async def send(self, message: Outgoing) -> Handed:
            accepted(await commands.set_wish(store, running.command(), amina, "email", False))
            return await super().send(message)

    flaky = Meanwhile(Handed("id-1"), Handed("id-2"))
    through(monkeypatch, flaky)
    await turn(running)
    assert await messages(running, amina) == ["appointment_booked sent"]
    assert len(flaky.sent) == 1


async def said(running: Running, service: str, fact: Event) -> None:
    async def decide(unit: Unit) -> Decision:
        await unit.states(Stream(fact.subject, None, lambda held, _: held))
        return [fact]

    accepted(await running.execute(service, decide))
    await running.quiet()


def presented(person: str, on: date) -> matching.Presented:
    values = {"on": on, "person_id": person} | {
        name: str(uuid4()) for name in matching.Presented.model_fields if name.endswith("_id") and name != "person_id"
    }
    return matching.Presented.model_validate(values)


async def test_other_services_facts_are_told_when_they_are_news(platform: Platform) -> None:
    mute = {name: Service(name, (), {}) for name in ("matching", "training", "enterprise")}
    running = await platform("intake", *mute, definitions=mute)
    amina, luca = await register(running), await register(running, LUCA | {"spoken_language": "fr"})
    today = running.now.date()
    await said(running, "matching", presented(amina, today))
    assert await messages(running, amina) == [], "messages are off"
    await switch(running)
    await said(running, "matching", presented(amina, today - timedelta(days=10)))
    assert await messages(running, amina) == [], "history is told to nobody"
    await said(running, "matching", presented(amina, today))
    enrolled = training.Enrolled(on=today, person_id=luca, course_id=str(uuid4()), line="2a")
    await said(running, "training", enrolled)
    funded = enterprise.EnterpriseFunded(on=today, person_id=luca, project_id=str(uuid4()), amount=100)
    await said(running, "enterprise", funded)
    assert await messages(running, amina) == ["proposal queued"]
    assert await messages(running, luca) == ["course_enrolled queued", "enterprise_funded queued"]
    queued = [r.event for r in await running.store("intake").history(luca) if isinstance(r.event, MessageQueued)]
    assert {one.language for one in queued} == {"fr"}
    close = forms.CloseForm.model_validate({"outcome": "withdrew", "on": today.isoformat()})
    accepted(await commands.close(running.store("intake"), running.command(GIULIA), amina, close))
    await said(running, "matching", presented(amina, today))
    assert await messages(running, amina) == ["proposal queued"], "nobody writes to somebody who left"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx2.ConnectError("no"), Handed(reason="no_answer", again=True)),
        (httpx2.ReadTimeout("silence"), Handed(reason="unclear")),
    ],
)
async def test_silence_after_handing_over_is_no_no(error: Exception, expected: Handed) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise error

    gateway = HttpSms("https://sms.example/send", "", httpx2.MockTransport(answer))
    assert await gateway.send(Outgoing("m-1", "sms", "+393331234567", "", "Ciao")) == expected


def test_in_production_without_a_gateway_nothing_pretends() -> None:
    current = replace(settings, mode="production")
    assert all(isinstance(one, gateway_module.Nowhere) for one in gateway_module.gateways(current).values())
