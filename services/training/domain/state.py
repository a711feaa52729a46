"""The two streams of training and their states, folded from its own facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, assert_never, cast

from shared.decisions import Stream
from shared.events.base import Event
from shared.events.privacy import PersonForgotten
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

# --- a course ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Course:
    """A course as training's own facts say. `Course()`: nothing happened yet."""

    status: Literal["unknown", "proposed", "active", "cancelled"] = "unknown"
    line: Line = "2a"
    topic: Subject = "skills_balance"
    hours: int = 0
    seats: int = 0
    attendance_percent: int = 0
    proposed_on: date = date.min
    activated_on: date = date.min
    starts_on: date = date.min
    ends_on: date = date.max
    vacancies: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()

    @property
    def seats_left(self) -> int:
        """Free seats; never under 0 even where corrections met."""
        return max(0, self.seats - len(self.taken))


CourseEvent = (
    CourseProposed
    | VacancyLinked
    | VacancyUnlinked
    | CourseActivated
    | PositionsLost
    | CourseCancelled
    | SeatTaken
    | SeatReleased
)


def evolve_course(state: Course, event: Event) -> Course:
    """The course after one more of its facts, in any sequence."""
    fact = cast(CourseEvent, event)  # the stream holds nothing else; a new event without a branch is a type error
    match fact:
        case CourseProposed():
            return replace(
                state,
                status="proposed",
                line=fact.line,
                topic=fact.topic,
                hours=fact.hours,
                seats=fact.seats,
                attendance_percent=fact.attendance_percent,
                proposed_on=fact.on,
                starts_on=fact.starts_on,
                ends_on=fact.ends_on,
            )
        case VacancyLinked():
            return replace(state, vacancies=state.vacancies | {fact.vacancy_id})
        case VacancyUnlinked():
            return replace(state, vacancies=state.vacancies - {fact.vacancy_id})
        case CourseActivated():
            return replace(state, status="active", activated_on=fact.on)
        case PositionsLost():
            return replace(state, lost=state.lost | {fact.vacancy_id})
        case CourseCancelled():
            return replace(state, status="cancelled")
        case SeatTaken():
            return replace(state, taken=state.taken | {fact.person_id})
        case SeatReleased():
            return replace(state, taken=state.taken - {fact.person_id})
        case _:
            assert_never(fact)


def course_stream(course_id: str) -> Stream[Course]:
    """The stream of one edition of a course."""
    return Stream(course_id, Course(), evolve_course, subject="course_id")


# --- a person's way through the courses --------------------------------------------------------------------


@dataclass(frozen=True)
class Attendance:
    """How the person stands towards one course."""

    status: Literal["enrolled", "completed", "left"]
    line: Line
    on: date


@dataclass(frozen=True)
class Trainee:
    """A person as training's own facts say, course by course."""

    courses: Mapping[str, Attendance] = field(default_factory=dict)

    def attends(self, course_id: str) -> bool:
        """Whether the person holds a seat and the course is not finished for them."""
        attendance = self.courses.get(course_id)
        return attendance is not None and attendance.status == "enrolled"


TraineeEvent = Enrolled | CourseCompleted | CourseLeft | PersonForgotten


def evolve_trainee(state: Trainee, event: Event) -> Trainee:
    """The person after one more of training's facts about them, in any sequence."""
    fact = cast(TraineeEvent, event)  # the stream holds nothing else
    match fact:
        case Enrolled():
            attendance = Attendance("enrolled", fact.line, fact.on)
        case CourseCompleted():
            attendance = Attendance("completed", fact.line, fact.on)
        case CourseLeft():
            attendance = Attendance("left", fact.line, fact.on)
        case PersonForgotten():
            return state  # the stream ends here; what it held was pseudonymous already
        case _:
            assert_never(fact)
    return Trainee({**state.courses, fact.course_id: attendance})


def person_stream(person_id: str) -> Stream[Trainee]:
    """Training's own facts about one person."""
    return Stream(person_id, Trainee(), evolve_trainee, subject="person_id")
