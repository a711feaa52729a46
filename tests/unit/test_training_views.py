"""The folds of training, fed by hand: what its pages show, whatever came first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any, get_args
from uuid import uuid4

import pytest

from services.training import labels
from services.training.domain import CancelReason, Certificate, LeaveReason
from services.training.views import VIEWS, fold_course, fold_enrolment, fold_person, fold_vacancy
from shared.envelope import Meta
from shared.events.base import Event
from shared.events.intake import PathwayClosed, PersonRegistered, PlanAction, PlanAgreed, TakenInCharge
from shared.events.matching import PositionFilled, VacancyClosed, VacancyOpened
from shared.events.training import (
    CourseActivated,
    CourseCancelled,
    CourseCompleted,
    CourseLeft,
    CourseProposed,
    Enrolled,
    Line,
    PositionsLost,
    SeatReleased,
    SeatTaken,
    Subject,
    VacancyLinked,
    VacancyUnlinked,
)
from shared.projection import Row, View
from shared.projection.aliases import ALIASES
from shared.projection.privacy import PRIVACY

COURSE = "00000000-0000-4000-8000-00000000c001"
AMINA = "00000000-0000-4000-8000-00000000a001"
LUCA = "00000000-0000-4000-8000-00000000a002"
BAKERY = "00000000-0000-4000-8000-00000000b001"
HIRE = "00000000-0000-4000-8000-00000000d001"
CARD = f"{BAKERY}:1:{'0' * 64}"
DAY = date(2024, 3, 1)
LATER = date(2024, 3, 20)


def meta(event: Event) -> Meta:
    id_ = str(uuid4())
    return Meta(
        id=id_, source=event.TYPE.split(".")[0], type=event.TYPE, type_version=event.VERSION,
        subject=event.subject, time=datetime(2024, 3, 20, tzinfo=UTC), topic=event.TOPIC, partition=0,
        number=1, predecessor=None, actor="u-luca", cause=id_, correlation=id_, causation=None, hops=0,
    )  # fmt: skip


def folded(fold: Callable[[Row | None, Event, Meta], Row], events: Sequence[Event]) -> Row:
    row: Row | None = None
    for event in events:
        row = fold(row, event, meta(event))
    assert row is not None
    return row


PROPOSED = CourseProposed(
    on=DAY, course_id=COURSE, line="2b", topic="vocational", hours=100, seats=2, starts_on=DAY, ends_on=LATER,
    provider="cefal", attendance_percent=70, card=CARD,
)  # fmt: skip
OPENED = VacancyOpened(
    on=DAY, vacancy_id=BAKERY, company_id=HIRE, occupation="7512", contract="permanent", positions=2,
    closes_on=None,
)  # fmt: skip
FILLED = PositionFilled(on=LATER, vacancy_id=BAKERY, placement_id=HIRE)
CLOSED = VacancyClosed(on=LATER, vacancy_id=BAKERY, reason="withdrawn")


def test_a_course_from_proposal_to_alarm() -> None:
    row = folded(
        fold_course,
        [
            PROPOSED,
            VacancyLinked(on=DAY, course_id=COURSE, vacancy_id=BAKERY),
            CourseActivated(on=DAY, course_id=COURSE, positions=2),
            SeatTaken(on=DAY, course_id=COURSE, person_id=AMINA),
            PositionsLost(on=LATER, course_id=COURSE, vacancy_id=BAKERY, positions=0),
        ],
    )
    assert (row["status"], row["seats_left"], row["taken"], row["vacancies"]) == (
        "active",
        1,
        [AMINA],
        [BAKERY],
    )
    assert (row["lost"], row["lost_on"], row["activated_on"]) == ([BAKERY], LATER, DAY)


def test_released_unlinked_cancelled() -> None:
    row = folded(
        fold_course,
        [
            PROPOSED,
            VacancyLinked(on=DAY, course_id=COURSE, vacancy_id=BAKERY),
            VacancyUnlinked(on=DAY, course_id=COURSE, vacancy_id=BAKERY),
            SeatTaken(on=DAY, course_id=COURSE, person_id=AMINA),
            CourseCancelled(on=LATER, course_id=COURSE, reason="provider"),
            SeatReleased(on=LATER, course_id=COURSE, person_id=AMINA),
        ],
    )
    assert (row["status"], row["seats_left"], row["vacancies"]) == ("cancelled", 2, [])
    assert row["cancel_reason"] == "provider"


def test_an_enrolment_ends_and_may_begin_again() -> None:
    enrolled = Enrolled(on=DAY, person_id=AMINA, course_id=COURSE, line="2b")
    left = CourseLeft(on=LATER, person_id=AMINA, course_id=COURSE, line="2b", reason="care")
    row = folded(fold_enrolment, [enrolled, left])
    assert (row["status"], row["ended_on"], row["reason"]) == ("left", LATER, "care")
    again = folded(fold_enrolment, [enrolled, left, enrolled.model_copy(update={"on": LATER})])
    assert (again["status"], again["enrolled_on"], again["ended_on"], again["reason"]) == (
        "enrolled",
        LATER,
        None,
        None,
    )
    done = CourseCompleted(on=LATER, person_id=AMINA, course_id=COURSE, line="2b", hours=80, certificate="skills")
    row = folded(fold_enrolment, [enrolled, done])
    assert (row["status"], row["hours"], row["certificate"], row["reason"]) == (
        "completed",
        80,
        "skills",
        None,
    )
    assert row["enrol_fact"] != row["end_fact"]


def test_a_person_through_two_episodes() -> None:
    charged = TakenInCharge(on=DAY, person_id=AMINA, case_manager="u-luca", readiness="to_train", reasons=CARD)
    plan = PlanAgreed(
        on=DAY, person_id=AMINA, plan_id=HIRE,
        actions=(
            PlanAction(action_id=HIRE, direction="training", due_on=LATER),
            PlanAction(action_id=COURSE, direction="matching", due_on=DAY),
        ),
    )  # fmt: skip
    registered = PersonRegistered(
        on=DAY, person_id=AMINA, episode=1, channel="parish", entry="assisted", age_band="30-39", sex="F",
        citizenship_area="africa", education="none", district="imola", union=None, in_capital=False,
        identity=CARD,
    )  # fmt: skip
    row = folded(fold_person, [registered, charged, plan])
    assert (row["in_charge"], row["charged_on"], row["training_due"], row["district"]) == (
        True,
        DAY,
        LATER,
        "imola",
    )
    closed = PathwayClosed(on=LATER, person_id=AMINA, outcome="found_work")
    row = folded(fold_person, [registered, charged, plan, closed])
    assert (row["in_charge"], row["closed_on"], row["training_due"]) == (False, LATER, None)
    row = folded(fold_person, [charged, closed, charged.model_copy(update={"on": LATER})])
    assert (row["in_charge"], row["charged_on"], row["closed_on"]) == (True, LATER, None)


@pytest.mark.parametrize(
    ("facts", "open_positions"),
    [
        ((OPENED,), 2),
        ((OPENED, FILLED), 1),
        ((OPENED, CLOSED), 0),
        ((FILLED,), 0),
        ((OPENED, FILLED, FILLED), 1),
    ],
)
def test_open_positions_whatever_the_order(facts: tuple[Event, ...], open_positions: int) -> None:
    rows = [folded(fold_vacancy, order) for order in permutations(facts)]
    assert {row["open_positions"] for row in rows} == {open_positions}
    assert all(row == rows[0] for row in rows)


OWN_VIEWS = [view for view in VIEWS if view not in (ALIASES, PRIVACY)]
"""Those whose fold is here: who stands under another id or was erased is folded by all services alike (test_aliases,
test_rights_domain)."""


@pytest.mark.parametrize("view", OWN_VIEWS, ids=lambda view: view.name)
def test_every_row_has_all_its_columns(view: View) -> None:
    facts: list[Any] = [
        PROPOSED, OPENED, Enrolled(on=DAY, person_id=AMINA, course_id=COURSE, line="2b"),
        PathwayClosed(on=DAY, person_id=LUCA, outcome="withdrew"),
    ]  # fmt: skip
    fact = next(fact for fact in facts if isinstance(fact, view.hears))
    row = view.fold(None, fact, meta(fact))
    assert row is not None
    assert set(row) == set(view.column_names)
    assert row[view.key_column] == view.key(fact)


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (Line, labels.LINES), (Subject, labels.TOPICS), (LeaveReason, labels.LEAVE_REASONS),
        (CancelReason, labels.CANCEL_REASONS), (Certificate, labels.CERTIFICATES),
        (CourseLeft.model_fields["reason"].annotation, labels.ALL_LEAVE_REASONS),
        (VacancyClosed.model_fields["reason"].annotation, labels.CLOSED_REASONS),
    ],
)  # fmt: skip
def test_every_code_has_its_words(codes: Any, words: dict[str, str]) -> None:
    assert set(get_args(codes)) == set(words)
