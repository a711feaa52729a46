"""What may be corrected in training: only what leaves a lawful story behind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce
from typing import Any

import pytest

from services.training.domain import (
    Course,
    Positions,
    check_course_correction,
    check_enrolment_correction,
    course_stream,
)
from shared.decisions import Refused
from shared.events.base import Event
from shared.events.training import (
    CourseActivated,
    CourseCancelled,
    CourseCompleted,
    CourseLeft,
    CourseProposed,
    Enrolled,
    PositionsLost,
    SeatTaken,
    VacancyLinked,
)

COURSE = "00000000-0000-4000-8000-00000000c001"
AMINA = "00000000-0000-4000-8000-00000000a001"
BAKERY = "00000000-0000-4000-8000-00000000b001"
DAY, LATER, TODAY = date(2024, 3, 1), date(2024, 3, 10), date(2024, 3, 20)
PROPOSED = CourseProposed(
    on=DAY, course_id=COURSE, line="2b", topic="vocational", hours=100, seats=2, starts_on=DAY,
    ends_on=date(2024, 4, 30), provider="cefal", attendance_percent=70,
)  # fmt: skip
LINKED = VacancyLinked(on=DAY, course_id=COURSE, vacancy_id=BAKERY)
ACTIVE = CourseActivated(on=DAY, course_id=COURSE, positions=1)
SEAT = SeatTaken(on=LATER, course_id=COURSE, person_id=AMINA)
CANCELLED = CourseCancelled(on=LATER, course_id=COURSE, reason="other")
ENROLLED = Enrolled(on=LATER, person_id=AMINA, course_id=COURSE, line="2b")
DONE = CourseCompleted(on=TODAY, person_id=AMINA, course_id=COURSE, line="2b", hours=80, certificate="skills")
LEFT = CourseLeft(on=TODAY, person_id=AMINA, course_id=COURSE, line="2b", reason="health")


def folded(*facts: Event) -> Course:
    return reduce(course_stream(COURSE).evolve, facts, Course())


def corrected(
    facts: Sequence[Event], fact: Event, positions: Positions | None = None, **changes: Any
) -> Refused | None:
    """The answer to correcting one of the course's facts; without changes it is cancelled."""
    replacement = fact.model_copy(update=changes) if changes else None
    after = [replacement if one is fact else one for one in facts]
    return check_course_correction(
        folded(*facts),
        folded(*(one for one in after if one is not None)),
        fact,
        replacement,
        positions={BAKERY: 1} if positions is None else positions,
        first_seat_on=min((one.on for one in facts if isinstance(one, SeatTaken)), default=None),
        today=TODAY,
    )


def code(refused: Refused | None) -> str | None:
    return refused.code if refused else None


FULL = (PROPOSED, LINKED, ACTIVE, SEAT)


@pytest.mark.parametrize(
    ("expected", "facts", "fact", "changes"),
    [
        (None, FULL, PROPOSED, {"ends_on": date(2024, 5, 31)}),
        ("ends_before_start", FULL, PROPOSED, {"ends_on": date(2024, 2, 1)}),
        ("seats_taken", (*FULL, SEAT.model_copy(update={"person_id": BAKERY})), PROPOSED, {"seats": 1}),
        ("positions_missing", FULL, PROPOSED, {"seats": 4}),
        (None, (PROPOSED, LINKED), PROPOSED, {"seats": 4}),
        ("out_of_order", FULL, PROPOSED, {"on": LATER}),
        ("future_date", FULL, PROPOSED, {"on": date(2024, 3, 21)}),
        ("course_in_use", FULL, PROPOSED, {}),
        (None, (PROPOSED,), PROPOSED, {}),
        (None, FULL, ACTIVE, {"on": date(2024, 3, 5)}),
        ("out_of_order", FULL, ACTIVE, {"on": TODAY}),
        ("before_proposal", FULL, ACTIVE, {"on": date(2024, 2, 1)}),
        ("course_in_use", FULL, ACTIVE, {}),
        (None, (PROPOSED, LINKED, ACTIVE), ACTIVE, {}),
        ("positions_missing", FULL, LINKED, {}),
        (None, (PROPOSED, LINKED), LINKED, {}),
        ("correct_enrolment", FULL, SEAT, {}),
        ("before_activation", (PROPOSED, LINKED, ACTIVE, CANCELLED), CANCELLED, {"on": date(2024, 2, 1)}),
        (None, (PROPOSED, LINKED, ACTIVE, CANCELLED), CANCELLED, {}),
    ],
)
def test_a_fact_of_the_course(
    expected: str | None, facts: Sequence[Event], fact: Event, changes: dict[str, Any]
) -> None:
    assert code(corrected(facts, fact, **changes)) == expected


def test_an_alarm_is_not_corrected_here() -> None:
    lost = PositionsLost(on=LATER, course_id=COURSE, vacancy_id=BAKERY, positions=0)
    assert code(corrected((PROPOSED, LINKED, ACTIVE, lost), lost)) == "system_fact"


@pytest.mark.parametrize(
    ("expected", "story", "fact", "changes"),
    [
        (None, (ENROLLED,), ENROLLED, {}),
        (None, (ENROLLED,), ENROLLED, {"on": DAY}),
        ("before_activation", (ENROLLED,), ENROLLED, {"on": date(2024, 2, 1)}),
        ("story_broken", (ENROLLED, DONE), ENROLLED, {}),
        ("out_of_order", (ENROLLED, DONE), DONE, {"on": DAY}),
        ("future_date", (ENROLLED, DONE), DONE, {"on": date(2024, 3, 21)}),
        ("attendance_short", (ENROLLED, DONE), DONE, {"hours": 60}),
        (None, (ENROLLED, DONE), DONE, {"hours": 75}),
        (None, (ENROLLED, LEFT), LEFT, {}),
        ("story_broken", (ENROLLED, LEFT, ENROLLED.model_copy(update={"on": TODAY})), LEFT, {}),
    ],
)
def test_a_fact_about_a_person(
    expected: str | None, story: Sequence[Event], fact: Event, changes: dict[str, Any]
) -> None:
    replacement = fact.model_copy(update=changes) if changes else None
    assert code(check_enrolment_correction(folded(*FULL), story, fact, replacement, TODAY)) == expected


def test_a_seat_given_away_does_not_come_back() -> None:
    others = [SEAT.model_copy(update={"person_id": person}) for person in (BAKERY, COURSE)]
    full = folded(PROPOSED, LINKED, ACTIVE, *others)
    assert code(check_enrolment_correction(full, (ENROLLED, LEFT), LEFT, None, TODAY)) == "course_full"
    gone = folded(*FULL, CANCELLED)
    assert code(check_enrolment_correction(gone, (ENROLLED, LEFT), LEFT, None, TODAY)) == "course_cancelled"
