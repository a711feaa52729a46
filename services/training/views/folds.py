"""What training remembers of what it heard: courses, enrolments, the people in charge, the vacancies.

A row is created by whichever fact comes first; what several facts add is kept as sets, so that no order but
that within a stream matters.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from shared.envelope import Meta
from shared.events.base import Event
from shared.events.intake import (
    CaseTransferred,
    PathwayClosed,
    PersonRegistered,
    PlanAgreed,
    ReadinessChanged,
    TakenInCharge,
)
from shared.events.matching import PositionFilled, VacancyClosed, VacancyOpened
from shared.events.training import (
    CourseActivated,
    CourseCancelled,
    CourseCompleted,
    CourseLeft,
    CourseProposed,
    Enrolled,
    PositionsLost,
    SeatReleased,
    SeatTaken,
    VacancyLinked,
    VacancyUnlinked,
)
from shared.projection import Row, View
from shared.projection.aliases import ALIASES
from shared.projection.privacy import PRIVACY


def _columns(key: str, **types: Any) -> list[sa.Column[Any]]:
    others = [sa.Column(name, type_) for name, type_ in types.items()]
    return [sa.Column(key, sa.Text, primary_key=True), *others]


def _with(names: list[str], one: str) -> list[str]:
    return sorted({*names, one})


def _without(names: list[str], one: str) -> list[str]:
    return sorted({*names} - {one})


# --- courses ------------------------------------------------------------------------------------------------


def _course_columns() -> list[sa.Column[Any]]:
    return _columns(
        "course_id",
        status=sa.Text,
        line=sa.Text,
        topic=sa.Text,
        hours=sa.Integer,
        seats=sa.Integer,
        starts_on=sa.Date,
        ends_on=sa.Date,
        provider=sa.Text,
        attendance_percent=sa.Integer,
        card=sa.Text,
        proposed_on=sa.Date,
        activated_on=sa.Date,
        cancelled_on=sa.Date,
        cancel_reason=sa.Text,
        vacancies=sa.ARRAY(sa.Text),
        taken=sa.ARRAY(sa.Text),
        lost=sa.ARRAY(sa.Text),
        lost_on=sa.Date,
        seats_left=sa.Integer,
    )


def _new_course(course_id: str) -> Row:
    row: Row = {column.name: None for column in _course_columns()}
    return row | {"course_id": course_id, "status": "unknown", "vacancies": [], "taken": [], "lost": []}


def fold_course(row: Row | None, event: Event, meta: Meta) -> Row:
    """A course as its list and its page show it."""
    assert isinstance(event, COURSE_FACTS)
    row = row or _new_course(event.course_id)
    match event:
        case CourseProposed():
            values = event.model_dump(exclude={"on", "course_id"})
            row = row | values | {"proposed_on": event.on, "status": "proposed"}
        case VacancyLinked():
            row = row | {"vacancies": _with(row["vacancies"], event.vacancy_id)}
        case VacancyUnlinked():
            row = row | {"vacancies": _without(row["vacancies"], event.vacancy_id)}
        case CourseActivated():
            row = row | {"status": "active", "activated_on": event.on}
        case PositionsLost():
            row = row | {"lost": _with(row["lost"], event.vacancy_id), "lost_on": event.on}
        case CourseCancelled():
            row = row | {"status": "cancelled", "cancelled_on": event.on, "cancel_reason": event.reason}
        case SeatTaken():
            row = row | {"taken": _with(row["taken"], event.person_id)}
        case SeatReleased():
            row = row | {"taken": _without(row["taken"], event.person_id)}
    seats = row["seats"]
    return row | {"seats_left": None if seats is None else max(0, seats - len(row["taken"]))}


COURSE_FACTS = (
    CourseProposed,
    VacancyLinked,
    VacancyUnlinked,
    CourseActivated,
    PositionsLost,
    CourseCancelled,
    SeatTaken,
    SeatReleased,
)
COURSES = View(
    name="courses",
    key_column="course_id",
    columns=_course_columns,
    hears=COURSE_FACTS,
    key=lambda event: event.course_id,
    fold=fold_course,
    indexes=("status", "starts_on"),
)


# --- enrolments ---------------------------------------------------------------------------------------------


def _enrolment_columns() -> list[sa.Column[Any]]:
    return _columns(
        "enrolment_id",
        person_id=sa.Text,
        course_id=sa.Text,
        line=sa.Text,
        status=sa.Text,
        enrolled_on=sa.Date,
        ended_on=sa.Date,
        reason=sa.Text,
        hours=sa.Integer,
        certificate=sa.Text,
        enrol_fact=sa.Text,
        end_fact=sa.Text,
    )


def fold_enrolment(row: Row | None, event: Event, meta: Meta) -> Row:
    """One person on one course; who left and came back shows the last time. The ids of the facts serve
    'Correggi'."""
    assert isinstance(event, ENROLMENT_FACTS)
    if row is None:
        row = {column.name: None for column in _enrolment_columns()}
        row |= {
            "enrolment_id": enrolment_id(event),
            "person_id": event.person_id,
            "course_id": event.course_id,
        }
    row = row | {"line": event.line}
    ended = {"ended_on": event.on, "reason": None, "hours": None, "certificate": None, "end_fact": meta.id}
    match event:
        case Enrolled():
            ended |= {"ended_on": None, "end_fact": None}
            return row | ended | {"status": "enrolled", "enrolled_on": event.on, "enrol_fact": meta.id}
        case CourseCompleted():
            done = {"status": "completed", "hours": event.hours, "certificate": event.certificate}
            return row | ended | done
        case CourseLeft():
            return row | ended | {"status": "left", "reason": event.reason}


def enrolment_id(event: Any) -> str:
    """The row of a person on a course."""
    return f"{event.person_id}/{event.course_id}"


ENROLMENT_FACTS = (Enrolled, CourseCompleted, CourseLeft)
ENROLMENTS = View(
    name="enrolments",
    key_column="enrolment_id",
    columns=_enrolment_columns,
    hears=ENROLMENT_FACTS,
    key=enrolment_id,
    fold=fold_enrolment,
    indexes=("course_id", "person_id"),
)


# --- people -------------------------------------------------------------------------------------------------


def _person_columns() -> list[sa.Column[Any]]:
    return _columns(
        "person_id",
        in_charge=sa.Boolean,
        readiness=sa.Text,
        case_manager=sa.Text,
        charged_on=sa.Date,
        closed_on=sa.Date,
        district=sa.Text,
        training_due=sa.Date,
    )


def fold_person(row: Row | None, event: Event, meta: Meta) -> Row:
    """Whom the programme follows, and by when the plan wants a course."""
    assert isinstance(event, PERSON_FACTS)
    if row is None:
        row = {column.name: None for column in _person_columns()}
        row |= {"person_id": event.person_id, "in_charge": False}
    match event:
        case PersonRegistered():
            return row | {"district": event.district}
        case TakenInCharge():
            charged = {"in_charge": True, "charged_on": event.on, "closed_on": None}
            return row | charged | {"readiness": event.readiness, "case_manager": event.case_manager}
        case CaseTransferred():
            return row | {"case_manager": event.to_manager}
        case PlanAgreed():
            due = [action.due_on for action in event.actions if action.direction == "training"]
            return row | {"training_due": min(due, default=None)}
        case ReadinessChanged():
            return row | {"readiness": event.readiness}
        case PathwayClosed():
            return row | {"in_charge": False, "closed_on": event.on, "training_due": None}


PERSON_FACTS = (PersonRegistered, TakenInCharge, ReadinessChanged, CaseTransferred, PlanAgreed, PathwayClosed)
PEOPLE = View(
    name="people",
    key_column="person_id",
    columns=_person_columns,
    hears=PERSON_FACTS,
    key=lambda event: event.person_id,
    fold=fold_person,
    indexes=("in_charge",),
)


# --- vacancies ----------------------------------------------------------------------------------------------


def _vacancy_columns() -> list[sa.Column[Any]]:
    return _columns(
        "vacancy_id",
        company_id=sa.Text,
        occupation=sa.Text,
        contract=sa.Text,
        positions=sa.Integer,
        opened_on=sa.Date,
        closes_on=sa.Date,
        filled=sa.ARRAY(sa.Text),
        closed_on=sa.Date,
        closed_reason=sa.Text,
        open_positions=sa.Integer,
    )


def fold_vacancy(row: Row | None, event: Event, meta: Meta) -> Row:
    """How many positions are still open; 0 while its opening has not been heard or once it closed."""
    assert isinstance(event, VACANCY_FACTS)
    if row is None:
        row = {column.name: None for column in _vacancy_columns()}
        row |= {"vacancy_id": event.vacancy_id, "filled": []}
    match event:
        case VacancyOpened():
            row = row | event.model_dump(exclude={"on", "vacancy_id", "description"}) | {"opened_on": event.on}
        case PositionFilled():
            row = row | {"filled": _with(row["filled"], event.placement_id)}
        case VacancyClosed():
            row = row | {"closed_on": event.on, "closed_reason": event.reason}
    is_open = row["positions"] is not None and row["closed_on"] is None
    return row | {"open_positions": max(0, row["positions"] - len(row["filled"])) if is_open else 0}


VACANCY_FACTS = (VacancyOpened, PositionFilled, VacancyClosed)
VACANCIES = View(
    name="vacancies",
    key_column="vacancy_id",
    columns=_vacancy_columns,
    hears=VACANCY_FACTS,
    key=lambda event: event.vacancy_id,
    fold=fold_vacancy,
    indexes=("open_positions",),
)

VIEWS = (ALIASES, PRIVACY, COURSES, ENROLMENTS, PEOPLE, VACANCIES)
