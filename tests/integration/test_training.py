"""Training on real parts: its commands, what it hears, its views and reactions."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from services.training import commands
from services.training.domain import course_stream, person_stream
from shared.corrections import correct
from shared.decisions import Decision, Refused, Stream
from shared.events.base import Event
from shared.events.matching import PositionFilled, SupplyFactCorrected, VacancyClosed
from shared.events.training import CourseLeft, Enrolled, SeatTaken
from shared.service import Service
from shared.store import Accepted, Unit
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.training import (
    DAY,
    TODAY,
    activate,
    active_2b,
    charged,
    enrol,
    lasting,
    link,
    opened,
    proposed,
    refused,
    row,
    say,
)


@pytest.fixture
async def running(platform: Platform) -> Running:
    """Training for real; intake and matching only say what the tests make them say."""
    silent = {name: Service(name, (), {}) for name in ("intake", "matching")}
    return await platform("intake", "matching", "training", definitions=silent)


async def test_a_course_of_each_line_and_its_words_in_the_vault(running: Running) -> None:
    for line in ("2a", "2b", "2c"):
        course = await proposed(running, line, description="Per chi comincia")
        await running.quiet()
        found = await row(running, course)
        store = running.store("training")
        async with store.engine.connect() as conn:
            words = await store.vault.read(conn, found["card"])
        assert words == {"title": "Panificazione", "description": "Per chi comincia"}
        assert (found["line"], found["status"], found["seats_left"]) == (line, "proposed", 4)
        if line != "2b":
            accepted(await activate(running, course))


@pytest.mark.parametrize("order", ["vacancy_first", "link_first"])
async def test_a_2b_course_waits_for_its_positions(running: Running, order: str) -> None:
    vacancy, course = str(uuid4()), await proposed(running)
    if order == "link_first":
        accepted(await link(running, course, vacancy))
        sentence = refused(await activate(running, course), "positions_missing").sentence
        assert "almeno 2" in sentence
        assert "non è ancora arrivata notizia" in sentence
        await say(running, "matching", opened(vacancy, 2))
    else:
        await say(running, "matching", opened(vacancy, 2))
        assert "nessuna ricerca" in refused(await activate(running, course), "positions_missing").sentence
        accepted(await link(running, course, vacancy))
        # matching has said it, but training has not heard it: not yet heard = 0 positions
        assert "aperte 0" in refused(await activate(running, course), "positions_missing").sentence
    await running.quiet()
    outcome = accepted(await activate(running, course))
    assert outcome.events[0].event.model_dump()["positions"] == 2


@pytest.mark.parametrize("gone", ["filled", "closed"])
async def test_positions_that_are_gone_do_not_count(running: Running, gone: str) -> None:
    vacancy, course = str(uuid4()), await proposed(running)
    facts: list[Event] = [opened(vacancy, 2)]
    if gone == "filled":
        facts.append(PositionFilled(on=DAY, vacancy_id=vacancy, placement_id=str(uuid4())))
    else:
        facts.append(VacancyClosed(on=DAY, vacancy_id=vacancy, reason="withdrawn"))
    ids = await say(running, "matching", *facts)
    accepted(await link(running, course, vacancy))
    await running.quiet()
    refused(await activate(running, course), "positions_missing")

    async def undo(unit: Unit) -> Decision:
        stream: Stream[None] = Stream(vacancy, None, lambda state, _: state)
        return await correct(
            unit, stream, SupplyFactCorrected, fact_id=ids[1], corrected=None, motive="never_started", on=TODAY
        )

    accepted(await running.execute("matching", undo))
    await running.quiet()
    accepted(await activate(running, course))


async def test_seat_and_enrolment_together_and_never_twice(running: Running) -> None:
    course, _ = await active_2b(running)
    amina = await charged(running)
    refused(await enrol(running, course, amina), "not_in_charge")  # not heard of yet
    await running.quiet()
    cause = str(uuid4())
    outcome = accepted(await enrol(running, course, amina, cause=cause))
    assert [type(r.event) for r in outcome.events] == [SeatTaken, Enrolled]
    again = accepted(await enrol(running, course, amina, cause=cause))
    assert again.repeated
    refused(await enrol(running, course, amina), "already_enrolled")
    await running.quiet()
    assert (await row(running, course))["seats_left"] == 3


async def test_the_last_seat_has_one_winner(running: Running) -> None:
    course, _ = await active_2b(running, seats=1)
    people = [await charged(running) for _ in range(4)]
    await running.quiet()
    outcomes = await asyncio.gather(*(enrol(running, course, person) for person in people))
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 1
    losers = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert {loser.code for loser in losers} == {"course_full"}
    assert "ha 1 posto in tutto" in losers[0].sentence
    assert len((await lasting(running, course_stream(course))).taken) == 1


async def test_a_page_that_is_a_moment_old_may_still_enrol(running: Running) -> None:
    course, _ = await active_2b(running)
    amina, luca = await charged(running), await charged(running)
    await running.quiet()
    shown = await running.store("training").version(course)
    accepted(await enrol(running, course, amina, shown=shown))
    accepted(await enrol(running, course, luca, shown=shown))
    # but what changes the course itself is refused: somebody enrolled Amina and Luca meanwhile
    form = commands.CancelForm(reason="provider", on=TODAY)
    store = running.store("training")
    refused(await commands.cancel_course(store, running.command(shown=shown), course, form), "stale_page")


async def test_leaving_frees_the_seat_and_completing_keeps_it(running: Running) -> None:
    course, _ = await active_2b(running, seats=2)
    amina, luca = await charged(running), await charged(running)
    await running.quiet()
    store = running.store("training")
    for person in (amina, luca):
        accepted(await enrol(running, course, person))
    out = commands.LeaveForm(reason="health", on=TODAY)
    accepted(await commands.leave(store, running.command(), course, amina, out))
    short = commands.CompletionForm(hours=69, certificate="skills", on=TODAY)
    refused(await commands.complete(store, running.command(), course, luca, short), "attendance_short")
    enough = short.model_copy(update={"hours": 70})
    accepted(await commands.complete(store, running.command(), course, luca, enough))
    await running.quiet()
    found = await row(running, course)
    assert (found["seats_left"], found["completed"], found["taken"]) == (1, 1, [luca])


async def test_a_cancelled_course_is_left_and_its_cancellation_can_be_undone(running: Running) -> None:
    course, _ = await active_2b(running)
    amina, luca = await charged(running), await charged(running)
    await running.quiet()
    store = running.store("training")
    for person in (amina, luca):
        accepted(await enrol(running, course, person))
    shown = await store.version(course)
    form = commands.CancelForm(reason="provider", on=TODAY)
    outcome = accepted(await commands.cancel_course(store, running.command(shown=shown), course, form))
    assert len([r for r in outcome.events if isinstance(r.event, CourseLeft)]) == 2
    await running.quiet()
    assert (await row(running, course))["status"] == "cancelled"
    undo = commands.CourseCorrectionForm(action="cancel", motive="other")
    shown = await store.version(course)
    accepted(
        await commands.correct_course(store, running.command(shown=shown), course, outcome.events[0].meta.id, undo)
    )
    await running.quiet()
    found = await row(running, course)
    assert (found["status"], found["taken"], found["attending"]) == ("active", sorted([amina, luca]), 2)
    assert (await lasting(running, person_stream(amina))).attends(course)
