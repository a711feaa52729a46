"""The rules of training, told as given / when / then."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.training import domain
from services.training.domain import Course, Trainee, course_stream, person_stream, positions_needed
from shared.decisions import Decision, Refused
from shared.events.base import Event
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
from tests.fixtures.gwt import given

COURSE = "00000000-0000-4000-8000-00000000c001"
AMINA = "00000000-0000-4000-8000-00000000a001"
LUCA = "00000000-0000-4000-8000-00000000a002"
BAKERY = "00000000-0000-4000-8000-00000000b001"
WORKSHOP = "00000000-0000-4000-8000-00000000b002"
DAY = date(2024, 3, 1)
TODAY = date(2024, 3, 20)


def proposed(line: Line = "2b", topic: Subject = "vocational", **other: Any) -> CourseProposed:
    values: dict[str, Any] = {
        "on": DAY, "course_id": COURSE, "line": line, "topic": topic, "hours": 100, "seats": 2,
        "starts_on": date(2024, 3, 4), "ends_on": date(2024, 4, 30), "provider": "cefal",
        "attendance_percent": 70,
    }  # fmt: skip
    return CourseProposed(**(values | other))


def propose(**other: Any) -> Any:
    values: dict[str, Any] = {
        "course_id": COURSE, "line": "2a", "topic": "italian", "hours": 40, "seats": 12,
        "starts_on": date(2024, 4, 1), "ends_on": date(2024, 5, 1), "provider": "cefal",
        "attendance_percent": None, "card": None, "on": DAY, "today": TODAY,
    }  # fmt: skip
    return lambda course: domain.propose_course(course, **(values | other))


def linked(vacancy: str = BAKERY) -> VacancyLinked:
    return VacancyLinked(on=DAY, course_id=COURSE, vacancy_id=vacancy)


ACTIVE = CourseActivated(on=DAY, course_id=COURSE, positions=2)
SEAT = SeatTaken(on=DAY, course_id=COURSE, person_id=AMINA)
ENROLLED = Enrolled(on=DAY, person_id=AMINA, course_id=COURSE, line="2b")
DONE = CourseCompleted(on=TODAY, person_id=AMINA, course_id=COURSE, line="2b", hours=90, certificate="attendance")
SEAT_FREE = SeatReleased(on=TODAY, course_id=COURSE, person_id=AMINA)


def seat(person: str) -> SeatTaken:
    return SeatTaken(on=DAY, course_id=COURSE, person_id=person)


def left(reason: Any, on: date = TODAY, person: str = AMINA) -> CourseLeft:
    return CourseLeft(on=on, person_id=person, course_id=COURSE, line="2b", reason=reason)


def activate(positions: domain.Positions, on: date = TODAY) -> Any:
    return lambda course: domain.activate_course(course, course_id=COURSE, positions=positions, on=on, today=TODAY)


def enrol(person: str = AMINA, charged_on: date | None = DAY, on: date = DAY) -> Any:
    return lambda course, trainee: domain.enrol(
        course, trainee, course_id=COURSE, person_id=person, charged_on=charged_on, on=on, today=TODAY
    )


class TestProposal:
    @pytest.mark.parametrize(
        ("line", "topic", "percent"),
        [("2a", "italian", 70), ("2a", "safety", 90), ("2c", "market_profile", 70)],
    )
    def test_each_line_with_the_attendance_of_its_subject(self, line: Line, topic: Subject, percent: int) -> None:
        decided = given(course_stream(COURSE)).when(propose(line=line, topic=topic))
        decided.then(
            proposed(line, topic, hours=40, seats=12, starts_on=date(2024, 4, 1), ends_on=date(2024, 5, 1),
                     attendance_percent=percent)
        )  # fmt: skip

    def test_the_course_may_ask_for_its_own_attendance(self) -> None:
        decision = propose(attendance_percent=80)(Course())
        assert decision[0].attendance_percent == 80

    @pytest.mark.parametrize(
        ("code", "field", "values"),
        [
            ("future_date", "on", {"on": TODAY + timedelta(1)}),
            ("ends_before_start", "ends_on", {"ends_on": date(2024, 3, 31)}),
            ("topic_not_of_line", "topic", {"line": "2a", "topic": "vocational"}),
            ("topic_not_of_line", "topic", {"line": "2b", "topic": "italian"}),
            ("attendance_below_rule", "attendance_percent", {"topic": "safety", "attendance_percent": 70}),
        ],
    )
    def test_what_is_refused(self, code: str, field: str, values: dict[str, Any]) -> None:
        assert given(course_stream(COURSE)).when(propose(**values)).refused(code).field == field

    def test_a_safety_class_has_its_size_from_the_accord_on(self) -> None:
        later = {"topic": "safety", "seats": 31, "starts_on": date(2025, 6, 1), "ends_on": date(2025, 6, 2)}
        given(course_stream(COURSE)).when(propose(**later)).refused("class_too_large")
        before = {"topic": "safety", "seats": 31}
        assert not isinstance(propose(**before)(Course()), Refused)

    def test_not_twice(self) -> None:
        given(course_stream(COURSE), proposed()).when(propose()).refused("course_exists")


class TestActivation:
    @pytest.mark.parametrize(("seats", "needed"), [(1, 1), (2, 1), (3, 2), (12, 6), (15, 8)])
    def test_positions_needed(self, seats: int, needed: int) -> None:
        assert positions_needed(seats, TODAY) == needed

    def test_with_enough_positions(self) -> None:
        given(course_stream(COURSE), proposed(seats=4), linked(), linked(WORKSHOP)).when(
            activate({BAKERY: 1, WORKSHOP: 1})
        ).then(CourseActivated(on=TODAY, course_id=COURSE, positions=2))

    def test_refused_with_the_numbers(self) -> None:
        refused = (
            given(course_stream(COURSE), proposed(seats=12), linked())
            .when(activate({BAKERY: 5}))
            .refused("positions_missing")
        )
        assert "12 posti" in refused.sentence
        assert "almeno 6" in refused.sentence
        assert "aperte 5" in refused.sentence

    def test_a_vacancy_not_heard_of_counts_nothing_and_the_reason_says_so(self) -> None:
        refused = (
            given(course_stream(COURSE), proposed(), linked())
            .when(activate({BAKERY: None}))
            .refused("positions_missing")
        )
        assert "Di 1 ricerca non è ancora arrivata notizia" in refused.sentence

    def test_without_any_vacancy(self) -> None:
        refused = given(course_stream(COURSE), proposed()).when(activate({})).refused("positions_missing")
        assert "nessuna ricerca è collegata" in refused.sentence

    @pytest.mark.parametrize(("line", "topic"), [("2a", "cv"), ("2c", "market_profile")])
    def test_the_other_lines_need_no_positions(self, line: Line, topic: Subject) -> None:
        given(course_stream(COURSE), proposed(line, topic)).when(activate({})).then(
            CourseActivated(on=TODAY, course_id=COURSE, positions=0)
        )

    def test_what_else_is_refused(self) -> None:
        cancelled = CourseCancelled(on=DAY, course_id=COURSE, reason="other")
        stream = course_stream(COURSE)
        given(stream).when(activate({})).refused("unknown_course")
        given(stream, proposed(), ACTIVE).when(activate({BAKERY: 9})).refused("already_active")
        given(stream, proposed(), cancelled).when(activate({BAKERY: 9})).refused("course_cancelled")
        given(stream, proposed()).when(activate({BAKERY: 9}, DAY - timedelta(1))).refused("before_proposal")
        given(stream, proposed()).when(activate({BAKERY: 9}, TODAY + timedelta(1))).refused("future_date")
        over = proposed(ends_on=date(2024, 3, 10))
        given(stream, over).when(activate({BAKERY: 9})).refused("course_over")


class TestVacancies:
    def link(self, vacancy: str = BAKERY) -> Any:
        return lambda course: domain.link_vacancy(course, course_id=COURSE, vacancy_id=vacancy, on=DAY, today=TODAY)

    def unlink(self, positions: domain.Positions) -> Any:
        return lambda course: domain.unlink_vacancy(
            course, course_id=COURSE, vacancy_id=BAKERY, positions=positions, on=DAY, today=TODAY
        )

    def lose(self, positions: domain.Positions, completed: bool = False, on: date = TODAY) -> Any:
        return lambda course: domain.lose_positions(
            course, course_id=COURSE, vacancy_id=BAKERY, positions=positions, completed=completed, on=on
        )

    def test_a_vacancy_nobody_has_heard_of_can_be_linked_once(self) -> None:
        given(course_stream(COURSE), proposed()).when(self.link()).then(linked())
        given(course_stream(COURSE), proposed(), linked()).when(self.link()).refused("already_linked")

    def test_only_a_2b_course_leads_to_vacancies(self) -> None:
        given(course_stream(COURSE), proposed("2a", "cv")).when(self.link()).refused("not_2b")

    def test_unlinked_unless_the_active_course_lives_of_it(self) -> None:
        gone = VacancyUnlinked(on=DAY, course_id=COURSE, vacancy_id=BAKERY)
        stream = course_stream(COURSE)
        given(stream, proposed(), linked()).when(self.unlink({BAKERY: 3})).then(gone)
        given(stream, proposed(), linked(), ACTIVE).when(self.unlink({BAKERY: 3})).refused("positions_needed")
        given(stream, proposed(), linked(), ACTIVE).when(self.unlink({BAKERY: 3, WORKSHOP: 1})).then(gone)
        given(stream, proposed(), linked(), ACTIVE).when(self.unlink({BAKERY: 0})).then(gone)
        given(stream, proposed()).when(self.unlink({})).refused("not_linked")

    def test_positions_lost_once_per_vacancy(self) -> None:
        lost = PositionsLost(on=TODAY, course_id=COURSE, vacancy_id=BAKERY, positions=0)
        before = (proposed(), linked(), ACTIVE)
        given(course_stream(COURSE), *before).when(self.lose({BAKERY: 0})).then(lost)
        given(course_stream(COURSE), *before, lost).when(self.lose({BAKERY: 0})).then()

    def test_nothing_is_lost_where_nothing_is_missing(self) -> None:
        active = (proposed(), linked(), ACTIVE)
        given(course_stream(COURSE), *active).when(self.lose({BAKERY: 0, WORKSHOP: 1})).then()
        given(course_stream(COURSE), *active).when(self.lose({BAKERY: 0}, completed=True)).then()
        given(course_stream(COURSE), *active).when(self.lose({BAKERY: 0}, on=date(2024, 5, 1))).then()
        given(course_stream(COURSE), proposed(), linked()).when(self.lose({BAKERY: 0})).then()
        given(course_stream(COURSE), proposed(), ACTIVE).when(self.lose({WORKSHOP: 0})).then()


class TestEnrolment:
    before = (proposed(), linked(), ACTIVE)

    def test_seat_and_enrolment_in_one_decision(self) -> None:
        given(course_stream(COURSE), *self.before).given(person_stream(AMINA)).when(enrol()).then(SEAT, ENROLLED)

    def test_the_seats_are_the_limit(self) -> None:
        refused = (
            given(course_stream(COURSE), *self.before, SEAT, seat(LUCA))
            .given(person_stream(AMINA))
            .when(enrol("00000000-0000-4000-8000-00000000a003"))
            .refused("course_full")
        )
        assert "2 posti" in refused.sentence

    @pytest.mark.parametrize("end", [(), (DONE,)])
    def test_never_twice(self, end: tuple[Event, ...]) -> None:
        given(course_stream(COURSE), *self.before, SEAT).given(person_stream(AMINA), ENROLLED, *end).when(
            enrol()
        ).refused("already_enrolled")

    def test_who_left_may_come_back(self) -> None:
        given(course_stream(COURSE), *self.before, SEAT, SEAT_FREE).given(
            person_stream(AMINA), ENROLLED, left("health")
        ).when(enrol(on=TODAY)).then(
            SeatTaken(on=TODAY, course_id=COURSE, person_id=AMINA),
            Enrolled(on=TODAY, person_id=AMINA, course_id=COURSE, line="2b"),
        )

    def test_who_and_when(self) -> None:
        ready = given(course_stream(COURSE), *self.before).given(person_stream(AMINA))
        ready.when(enrol(charged_on=None)).refused("not_in_charge")
        ready.when(enrol(charged_on=TODAY)).refused("before_charge")
        ready.when(enrol(charged_on=date(2024, 2, 1), on=date(2024, 2, 20))).refused("before_activation")
        ready.when(enrol(on=TODAY + timedelta(1))).refused("future_date")
        given(course_stream(COURSE), proposed()).given(person_stream(AMINA)).when(enrol()).refused("course_not_active")
        over = proposed(ends_on=date(2024, 3, 10))
        given(course_stream(COURSE), over, ACTIVE).given(person_stream(AMINA)).when(enrol(on=TODAY)).refused(
            "course_over"
        )


class TestEnd:
    def leave(self, on: date = TODAY) -> Any:
        return lambda trainee: domain.leave(
            trainee, course_id=COURSE, person_id=AMINA, reason="health", on=on, today=TODAY
        )

    def complete(self, hours: int, on: date = TODAY) -> Any:
        return lambda course, trainee: domain.complete(
            course,
            trainee,
            course_id=COURSE,
            person_id=AMINA,
            hours=hours,
            certificate="skills",
            on=on,
            today=TODAY,
        )

    def test_leaving_frees_the_seat(self) -> None:
        given(person_stream(AMINA), ENROLLED).when(self.leave()).then(SEAT_FREE, left("health"))
        given(person_stream(AMINA)).when(self.leave()).refused("not_enrolled")
        given(person_stream(AMINA), ENROLLED, left("care")).when(self.leave()).refused("not_enrolled")
        given(person_stream(AMINA), ENROLLED).when(self.leave(date(2024, 2, 1))).refused("before_enrolment")

    def test_completed_with_just_enough_hours(self) -> None:
        done = CourseCompleted(
            on=TODAY, person_id=AMINA, course_id=COURSE, line="2b", hours=70, certificate="skills",
            topic=proposed().topic,
        )  # fmt: skip
        both = given(course_stream(COURSE), proposed(), ACTIVE, SEAT).given(person_stream(AMINA), ENROLLED)
        both.when(self.complete(70)).then(done)
        refused = both.when(self.complete(69)).refused("attendance_short")
        assert "almeno 70 ore su 100 (70%)" in refused.sentence
        both.when(self.complete(101)).refused("hours_over")
        both.when(self.complete(70, date(2024, 3, 2))).refused("before_start")

    def cancel(self, trainees: dict[str, Trainee]) -> Any:
        return lambda course: domain.cancel_course(
            course, trainees, course_id=COURSE, reason="too_few_enrolled", on=TODAY, today=TODAY
        )

    def trainee(self, person: str, *facts: Event) -> Trainee:
        state = Trainee()
        for fact in facts:
            state = person_stream(person).evolve(state, fact)
        return state

    def test_a_cancelled_course_is_left_by_everybody(self) -> None:
        trainees = {AMINA: self.trainee(AMINA, ENROLLED)}
        given(course_stream(COURSE), proposed(), ACTIVE, SEAT).when(self.cancel(trainees)).then(
            CourseCancelled(on=TODAY, course_id=COURSE, reason="too_few_enrolled"),
            SEAT_FREE,
            left("course_cancelled"),
        )

    def test_a_completed_course_is_not_cancelled(self) -> None:
        done = CourseCompleted(on=TODAY, person_id=AMINA, course_id=COURSE, line="2b", hours=70, certificate="skills")
        trainees = {AMINA: self.trainee(AMINA, ENROLLED, done)}
        given(course_stream(COURSE), proposed(), ACTIVE, SEAT).when(self.cancel(trainees)).refused("already_completed")

    def test_a_closed_pathway_ends_open_enrolments_only(self) -> None:
        def end(trainee: Trainee) -> Decision:
            return domain.end_enrolments(trainee, person_id=AMINA, since=None, on=TODAY)

        given(person_stream(AMINA), ENROLLED).when(end).then(SEAT_FREE, left("pathway_closed"))
        given(person_stream(AMINA), ENROLLED, left("care")).when(end).then()

    def test_an_enrolment_of_a_newer_episode_stays(self) -> None:
        def end(trainee: Trainee) -> Decision:
            return domain.end_enrolments(trainee, person_id=AMINA, since=DAY, on=TODAY)

        given(person_stream(AMINA), ENROLLED).when(end).then()
