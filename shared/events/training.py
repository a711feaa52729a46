"""What training says: courses and their seats (`courses`), and a person's way through them (`pathway`)."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from shared.events.base import Code, Correction, Event, Id, Reference

Line = Literal["2a", "2b", "2c"]
"""2.a basic skills; 2.b targeted, only where positions were identified beforehand; 2.c short experimental."""
Subject = Literal["skills_balance", "italian", "soft_skills", "safety", "cv", "vocational", "market_profile", "digital"]


class CourseProposed(Event):
    """A course of the plan, not yet open to enrolment."""

    TYPE: ClassVar[str] = "training.course-proposed"
    TOPIC: ClassVar[str] = "courses"
    SUBJECT: ClassVar[str] = "course_id"

    course_id: Id = Field(description="The course (one edition).")
    line: Line = Field(description="Line of the protocol.")
    topic: Subject = Field(description="What it teaches.")
    hours: int = Field(ge=1, le=600, description="Hours of the course.")
    seats: int = Field(ge=1, le=100, description="Seats.")
    starts_on: date = Field(description="First day.")
    ends_on: date = Field(description="Last day.")
    provider: Code = Field(description="Code of the accredited body.")
    attendance_percent: int = Field(ge=0, le=100, description="Share of the hours needed to complete it.")
    card: Reference | None = Field(default=None, description="Vault row with title and description.")


class VacancyLinked(Event):
    """A vacancy towards which the course leads: a position identified beforehand (protocol, 2.b)."""

    TYPE: ClassVar[str] = "training.vacancy-linked"
    TOPIC: ClassVar[str] = "courses"
    SUBJECT: ClassVar[str] = "course_id"

    course_id: Id = Field(description="The course.")
    vacancy_id: Id = Field(description="The vacancy.")


class VacancyUnlinked(Event):
    """The course no longer leads to that vacancy."""

    TYPE: ClassVar[str] = "training.vacancy-unlinked"
    TOPIC: ClassVar[str] = "courses"
    SUBJECT: ClassVar[str] = "course_id"

    course_id: Id = Field(description="The course.")
    vacancy_id: Id = Field(description="The vacancy.")


class CourseActivated(Event):
    """The course is open to enrolment."""

    TYPE: ClassVar[str] = "training.course-activated"
    TOPIC: ClassVar[str] = "courses"
    SUBJECT: ClassVar[str] = "course_id"

    course_id: Id = Field(description="The course.")
    positions: int = Field(ge=0, description="Open positions in the linked vacancies on that day (2.b).")


class PositionsLost(Event):
    """The vacancies of an active 2.b course no longer have enough open positions: somebody must look."""

    TYPE: ClassVar[str] = "training.positions-lost"
    TOPIC: ClassVar[str] = "courses"
    SUBJECT: ClassVar[str] = "course_id"

    course_id: Id = Field(description="The course.")
    vacancy_id: Id = Field(description="The vacancy that closed or filled.")
    positions: int = Field(ge=0, description="Open positions that are left.")


class CourseCancelled(Event):
    """The course will not be held."""

    TYPE: ClassVar[str] = "training.course-cancelled"
    TOPIC: ClassVar[str] = "courses"
    SUBJECT: ClassVar[str] = "course_id"

    course_id: Id = Field(description="The course.")
    reason: Literal["positions_lost", "too_few_enrolled", "provider", "other"] = Field(description="Why.")


class SeatTaken(Event):
    """A seat is taken (recorded together with the enrolment)."""

    TYPE: ClassVar[str] = "training.seat-taken"
    TOPIC: ClassVar[str] = "courses"
    SUBJECT: ClassVar[str] = "course_id"

    course_id: Id = Field(description="The course.")
    person_id: Id = Field(description="The person.")


class SeatReleased(Event):
    """A seat is free again (recorded together with the withdrawal)."""

    TYPE: ClassVar[str] = "training.seat-released"
    TOPIC: ClassVar[str] = "courses"
    SUBJECT: ClassVar[str] = "course_id"

    course_id: Id = Field(description="The course.")
    person_id: Id = Field(description="The person.")


class CourseFactCorrected(Correction):
    """A fact that training recorded about a course was wrong."""

    TYPE: ClassVar[str] = "training.course-fact-corrected"
    TOPIC: ClassVar[str] = "courses"


class Enrolled(Event):
    """The person has a seat."""

    TYPE: ClassVar[str] = "training.enrolled"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    course_id: Id = Field(description="The course.")
    line: Line = Field(description="Line of the protocol.")


class CourseCompleted(Event):
    """The person attended enough of the course."""

    TYPE: ClassVar[str] = "training.course-completed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    course_id: Id = Field(description="The course.")
    line: Line = Field(description="Line of the protocol.")
    hours: int = Field(ge=0, le=600, description="Hours attended.")
    certificate: Literal["attendance", "skills", "qualification"] = Field(description="What was issued.")
    topic: Subject | None = Field(default=None, description="What the course taught (a balance of skills is one).")


class CourseLeft(Event):
    """The person left the course, or did not attend enough of it."""

    TYPE: ClassVar[str] = "training.course-left"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    course_id: Id = Field(description="The course.")
    line: Line = Field(description="Line of the protocol.")
    reason: Literal["found_work", "health", "care", "attendance", "pathway_closed", "course_cancelled", "other"] = (
        Field(description="Why.")
    )


class PathwayFactCorrected(Correction):
    """A fact that training recorded about a person was wrong."""

    TYPE: ClassVar[str] = "training.pathway-fact-corrected"
    TOPIC: ClassVar[str] = "pathway"
