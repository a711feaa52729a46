"""Training on real parts: its commands, what it hears, its views and reactions."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.training import commands
from services.training.domain import course_stream, person_stream
from services.training.views import COURSES, ENROLMENTS, queries
from shared import replay
from shared.corrections import correct
from shared.decisions import Decision, Refused, Stream
from shared.events.base import Event
from shared.events.intake import PathwayClosed, TakenInCharge
from shared.events.matching import PositionFilled, SupplyFactCorrected, VacancyClosed, VacancyOpened
from shared.events.training import CourseLeft, Enrolled, SeatReleased, SeatTaken
from shared.service import Service
from shared.store import Accepted, Outcome, Unit
from tests.fixtures.platform import Platform, Running, accepted

TODAY = date(2024, 5, 6)
DAY = date(2024, 5, 1)
CARD = f"{uuid4()}:1:{'0' * 64}"


@pytest.fixture
async def running(platform: Platform) -> Running:
    """Training for real; intake and matching only say what the tests make them say."""
    silent = {name: Service(name, (), {}) for name in ("intake", "matching")}
    return await platform("intake", "matching", "training", definitions=silent)


async def say(running: Running, service: str, *events: Event) -> list[str]:
    """Lets a service record facts; gives their ids."""

    async def decide(unit: Unit) -> Decision:
        await unit.states(*(Stream(event.subject, None, lambda state, _: state) for event in events))
        return events

    outcome = accepted(await running.execute(service, decide))
    return [recorded.meta.id for recorded in outcome.events]


async def charged(running: Running, *, readiness: Any = "to_train") -> str:
    """A person in charge since the first of May."""
    person = str(uuid4())
    await say(
        running,
        "intake",
        TakenInCharge(on=DAY, person_id=person, case_manager="u-luca", readiness=readiness, reasons=CARD),
    )
    return person


def opened(vacancy: str, positions: int) -> VacancyOpened:
    return VacancyOpened(
        on=DAY, vacancy_id=vacancy, company_id=str(uuid4()), occupation="7512", contract="fixed_term",
        positions=positions, closes_on=None,
    )  # fmt: skip


async def proposed(running: Running, line: str = "2b", **other: Any) -> str:
    """A course of the plan."""
    values = {
        "line": line, "topic": {"2a": "italian", "2b": "vocational", "2c": "market_profile"}[line],
        "title": "Panificazione", "hours": 100, "seats": 4, "starts_on": DAY, "ends_on": date(2024, 6, 30),
        "provider": "cefal", "on": DAY,
    }  # fmt: skip
    form = commands.ProposalForm.model_validate(values | other)
    outcome = accepted(await commands.propose_course(running.store("training"), running.command(), form))
    return outcome.events[0].meta.subject


async def link(running: Running, course: str, vacancy: str) -> Outcome:
    form = commands.LinkForm(vacancy_id=vacancy, on=DAY)
    return await commands.link_vacancy(running.store("training"), running.command(), course, form)


async def activate(running: Running, course: str) -> Outcome:
    form = commands.DayForm(on=DAY)
    return await commands.activate_course(running.store("training"), running.command(), course, form)


async def enrol(running: Running, course: str, person: str, **command: Any) -> Outcome:
    form = commands.EnrolForm(person_id=person, on=TODAY)
    return await commands.enrol(running.store("training"), running.command(**command), course, form)


async def active_2b(running: Running, positions: int = 2, seats: int = 4) -> tuple[str, str]:
    """An active 2.b course and its vacancy."""
    vacancy = str(uuid4())
    await say(running, "matching", opened(vacancy, positions))
    course = await proposed(running, seats=seats)
    accepted(await link(running, course, vacancy))
    await running.quiet()
    accepted(await activate(running, course))
    await running.quiet()
    return course, vacancy


async def row(running: Running, course: str) -> dict[str, Any]:
    async with running.store("training").read() as reading:
        found = await queries.course(reading, course, TODAY)
    assert found is not None
    return found


async def lasting(running: Running, stream: Stream[Any]) -> Any:
    return (await running.store("training").state(stream))[0]


def refused(outcome: Outcome, code: str) -> Refused:
    assert isinstance(outcome, Refused), outcome
    assert outcome.code == code
    return outcome


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


async def test_a_closed_pathway_ends_the_enrolment(running: Running) -> None:
    course, _ = await active_2b(running)
    amina, luca = await charged(running), await charged(running)
    await running.quiet()
    accepted(await enrol(running, course, amina))
    accepted(await enrol(running, course, luca))
    await say(running, "intake", PathwayClosed(on=TODAY, person_id=amina, outcome="found_work"))
    await running.quiet()
    async with running.store("training").read() as reading:
        people = {r["person_id"]: r for r in await queries.participants(reading, course)}
    assert (people[amina]["status"], people[amina]["reason"]) == ("left", "pathway_closed")
    assert people[luca]["status"] == "enrolled"
    assert (await row(running, course))["taken"] == [luca]


async def test_an_enrolment_beside_a_pathway_that_just_closed_ends_too(running: Running) -> None:
    course, _ = await active_2b(running)
    amina = await charged(running)
    await running.quiet()
    await say(running, "intake", PathwayClosed(on=TODAY, person_id=amina, outcome="withdrew"))
    await running.workers["intake"].publish()  # in the log, before the enrolment, but not heard yet
    accepted(await enrol(running, course, amina))
    await running.quiet()
    assert not (await lasting(running, person_stream(amina))).attends(course)
    history = await running.store("training").history(course)
    assert [type(r.event) for r in history if isinstance(r.event, SeatTaken | SeatReleased)] == [
        SeatTaken,
        SeatReleased,
    ]


async def test_the_alarm_of_lost_positions_once_a_vacancy(running: Running) -> None:
    course, vacancy = await active_2b(running)
    assert not (await row(running, course))["alarm"]
    filled = PositionFilled(on=TODAY, vacancy_id=vacancy, placement_id=str(uuid4()))
    await say(running, "matching", filled)
    await running.quiet()
    found = await row(running, course)
    assert (found["alarm"], found["lost"], found["open_positions"], found["needed"]) == (True, [vacancy], 1, 2)
    await say(running, "matching", VacancyClosed(on=TODAY, vacancy_id=vacancy, reason="withdrawn"))
    await running.quiet()
    history = await running.store("training").history(course)
    assert [r.meta.type for r in history].count("training.positions-lost") == 1
    other = str(uuid4())
    await say(running, "matching", opened(other, 2))
    accepted(await link(running, course, other))
    await running.quiet()
    assert not (await row(running, course))["alarm"]  # enough positions again


async def test_no_alarm_once_somebody_completed(running: Running) -> None:
    course, vacancy = await active_2b(running)
    amina = await charged(running)
    await running.quiet()
    accepted(await enrol(running, course, amina))
    done = commands.CompletionForm(hours=90, certificate="skills", on=TODAY)
    accepted(await commands.complete(running.store("training"), running.command(), course, amina, done))
    await running.quiet()
    await say(running, "matching", PositionFilled(on=TODAY, vacancy_id=vacancy, placement_id=str(uuid4())))
    await running.quiet()
    assert (await row(running, course))["lost"] == []


async def test_a_vacancy_that_closed_while_its_course_was_activated(running: Running) -> None:
    vacancy, course = str(uuid4()), await proposed(running)
    await say(running, "matching", opened(vacancy, 2))
    accepted(await link(running, course, vacancy))
    await running.quiet()
    await say(running, "matching", VacancyClosed(on=TODAY, vacancy_id=vacancy, reason="withdrawn"))
    accepted(await activate(running, course))  # training has not heard of the closing yet
    await running.quiet()
    assert (await row(running, course))["alarm"]


async def test_the_wrong_person_is_corrected_with_the_seat(running: Running) -> None:
    course, _ = await active_2b(running, seats=1)
    amina, luca = await charged(running), await charged(running)
    await running.quiet()
    store = running.store("training")
    outcome = accepted(await enrol(running, course, amina))
    fact = next(r.meta.id for r in outcome.events if isinstance(r.event, Enrolled))
    earlier = commands.EnrolmentCorrectionForm(action="rectify", motive="wrong_date", on=TODAY - timedelta(2))
    moved = accepted(await commands.correct_enrolment(store, running.command(), course, amina, fact, earlier))
    assert len(moved.events) == 2
    await running.quiet()
    async with store.read() as reading:
        table = reading.table(ENROLMENTS)
        assert (await reading.rows(sa.select(table.c.enrolled_on)))[0]["enrolled_on"] == TODAY - timedelta(2)
    wrong = earlier.model_copy(update={"action": "cancel", "motive": "wrong_person", "on": None})
    accepted(await commands.correct_enrolment(store, running.command(), course, amina, fact, wrong))
    refused(await commands.correct_enrolment(store, running.command(), course, amina, fact, wrong), "fact_not_found")
    accepted(await enrol(running, course, luca))
    await running.quiet()
    assert (await row(running, course))["taken"] == [luca]
    async with store.read() as reading:
        assert [r["person_id"] for r in await queries.participants(reading, course)] == [luca]


async def test_what_rests_on_a_fact_is_undone_first(running: Running) -> None:
    course, _ = await active_2b(running)
    amina = await charged(running)
    await running.quiet()
    store = running.store("training")
    fact = accepted(await enrol(running, course, amina)).events[1].meta.id
    done = commands.CompletionForm(hours=90, certificate="skills", on=TODAY)
    accepted(await commands.complete(store, running.command(), course, amina, done))
    cancel = commands.EnrolmentCorrectionForm(action="cancel", motive="duplicate")
    refused(await commands.correct_enrolment(store, running.command(), course, amina, fact, cancel), "story_broken")


async def test_views_equal_a_replay(running: Running) -> None:
    course, vacancy = await active_2b(running)
    amina = await charged(running)
    await running.quiet()
    fact = accepted(await enrol(running, course, amina)).events[1].meta.id
    await running.quiet()
    cancel = commands.EnrolmentCorrectionForm(action="cancel", motive="duplicate")
    store = running.store("training")
    accepted(await commands.correct_enrolment(store, running.command(), course, amina, fact, cancel))
    accepted(await enrol(running, course, amina))
    await say(running, "matching", PositionFilled(on=TODAY, vacancy_id=vacancy, placement_id=str(uuid4())))
    await running.quiet()
    before = await everything(running)
    await replay.replay(running.workers["training"].service, store, running.log)
    assert await everything(running) == before


async def everything(running: Running) -> dict[str, list[dict[str, Any]]]:
    async with running.store("training").read() as reading:
        found = {}
        for view in running.workers["training"].service.views:
            table = reading.table(view)
            found[view.name] = await reading.rows(sa.select(table).order_by(table.c[view.key_column]))
    assert found[COURSES.name]
    return found


async def test_people_to_train_without_a_course_come_first(running: Running) -> None:
    course, _ = await active_2b(running)
    amina, luca = await charged(running), await charged(running)
    await charged(running, readiness="ready")
    await running.quiet()
    accepted(await enrol(running, course, amina))
    await running.quiet()
    async with running.store("training").read() as reading:
        rows, total = await queries.people(reading)
        assert ([r["person_id"] for r in rows], total) == ([luca], 1)
        rows, total = await queries.people(reading, without_course=False)
        assert ([r["person_id"] for r in rows], total) == ([luca, amina], 2)
        rows, total = await queries.people(reading, readiness=None, without_course=False, not_on=course)
        assert (rows[0]["person_id"], total) == (luca, 2)
