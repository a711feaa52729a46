"""How a course or an enrolment ends: closures, lost positions, corrections, and the same from a replay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.training import commands
from services.training.domain import person_stream
from services.training.views import COURSES, ENROLMENTS, queries
from shared import replay
from shared.events.intake import PathwayClosed
from shared.events.matching import PositionFilled, VacancyClosed
from shared.events.training import Enrolled, SeatReleased, SeatTaken
from shared.service import Service
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.training import (
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
