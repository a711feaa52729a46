"""Decisions about a person on a course."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from services.training.domain.checks import counted, exists, italian_date, not_future
from services.training.domain.state import Attendance, Course, Trainee
from shared.decisions import Decision, Refused
from shared.events.base import Event
from shared.events.training import CourseCompleted, CourseLeft, Enrolled, SeatReleased, SeatTaken

LeaveReason = Literal["found_work", "health", "care", "attendance", "other"]
"""Why a person leaves, as an operator may say it; the other two reasons of the contract are the system's."""
Certificate = Literal["attendance", "skills", "qualification"]


def as_one(trainees: Sequence[Trainee]) -> Trainee:
    """The person with what stands under the ids that were joined to theirs: of one course, an enrolment that holds
    before one that was left."""
    courses: dict[str, Attendance] = {}
    for trainee in reversed(trainees):
        for course_id, attendance in trainee.courses.items():
            if attendance.status != "left" or course_id not in courses:
                courses[course_id] = attendance
    return Trainee(courses)


def enrol(
    course: Course,
    trainee: Trainee,
    *,
    course_id: str,
    person_id: str,
    charged_on: date | None,
    on: date,
    today: date,
) -> Decision:
    """Gives the person a seat. `charged_on`: since when the programme follows them; None if it does not.

    Sources: protocol, Target (only whom the programme follows) and non-duplication of interventions (never
    twice on the same course); the seats are those of the proposal.
    """
    if refused := not_future(on, today) or exists(course):
        return refused
    if course.status != "active":
        state = "annullato" if course.status == "cancelled" else "non ancora attivo"
        return Refused("course_not_active", f"Il corso è {state}: non si possono iscrivere persone.")
    if charged_on is None:
        return Refused(
            "not_in_charge",
            "La persona non risulta presa in carico: prima va presa in carico nel servizio Accoglienza.",
            "person_id",
        )
    if on < charged_on:
        return Refused(
            "before_charge",
            f"La persona è stata presa in carico il {italian_date(charged_on)}: la data non torna.",
            "on",
        )
    if on < course.activated_on:
        return Refused(
            "before_activation",
            f"Il corso è attivo dal {italian_date(course.activated_on)}: la data non torna.",
            "on",
        )
    if on > course.ends_on:
        return Refused(
            "course_over",
            f"Il corso è finito il {italian_date(course.ends_on)}: non ci si iscrive più.",
            "on",
        )
    attendance = trainee.courses.get(course_id)
    if attendance is not None and attendance.status != "left":
        verb = "già iscritta a questo corso" if attendance.status == "enrolled" else "già arrivata in fondo al corso"
        return Refused("already_enrolled", f"La persona è {verb} (dal {italian_date(attendance.on)}).", "person_id")
    if course.seats_left == 0:
        return Refused(
            "course_full",
            f"Il corso è pieno: ha {counted(course.seats, 'posto', 'posti')} in tutto e nessuno è libero. "
            "Cerca un'altra edizione.",
            "person_id",
        )
    return [
        SeatTaken(on=on, course_id=course_id, person_id=person_id),
        Enrolled(on=on, person_id=person_id, course_id=course_id, line=course.line),
    ]


def _attends(trainee: Trainee, course_id: str, on: date, today: date) -> Refused | None:
    if refused := not_future(on, today):
        return refused
    attendance = trainee.courses.get(course_id)
    if attendance is None or attendance.status != "enrolled":
        return Refused("not_enrolled", "La persona non ha un'iscrizione aperta a questo corso: aggiorna la pagina.")
    if on < attendance.on:
        return Refused(
            "before_enrolment",
            f"La persona è iscritta dal {italian_date(attendance.on)}: la data non torna.",
            "on",
        )
    return None


def leave(trainee: Trainee, *, course_id: str, person_id: str, reason: LeaveReason, on: date, today: date) -> Decision:
    """The person leaves and the seat is free again, for somebody else who needs it."""
    if refused := _attends(trainee, course_id, on, today):
        return refused
    return leaves(trainee, course_id, person_id, reason, on)


def leaves(
    trainee: Trainee,
    course_id: str,
    person_id: str,
    reason: LeaveReason | Literal["pathway_closed", "course_cancelled"],
    on: date,
) -> list[Event]:
    line = trainee.courses[course_id].line
    return [
        SeatReleased(on=on, course_id=course_id, person_id=person_id),
        CourseLeft(on=on, person_id=person_id, course_id=course_id, line=line, reason=reason),
    ]


def complete(
    course: Course,
    trainee: Trainee,
    *,
    course_id: str,
    person_id: str,
    hours: int,
    certificate: Certificate,
    on: date,
    today: date,
) -> Decision:
    """The person attended enough of the hours. The seat stays theirs.

    Sources: the course's own share of hours (DGR 739/2013 courses: by use 70 % [own]; safety: Accordo
    Stato-Regioni 17/4/2025 n. 59/CSR, 90 % [own]); certificates as in the SRFC (DGR 530/2006).
    """
    if refused := exists(course) or _attends(trainee, course_id, on, today):
        return refused
    if on < course.starts_on:
        return Refused(
            "before_start",
            f"Il corso comincia il {italian_date(course.starts_on)}: non può essere già finito.",
            "on",
        )
    if refused := check_hours(course, hours):
        return refused
    line = trainee.courses[course_id].line
    return [
        CourseCompleted(
            on=on,
            person_id=person_id,
            course_id=course_id,
            line=line,
            hours=hours,
            certificate=certificate,
            topic=course.topic,
        )
    ]


def check_hours(course: Course, hours: int) -> Refused | None:
    """Whether so many hours complete the course. Sources: as `complete`."""
    if hours > course.hours:
        return Refused(
            "hours_over",
            f"Il corso dura {counted(course.hours, 'ora', 'ore')}: non se ne possono frequentare {hours}.",
            "hours",
        )
    if hours * 100 < course.hours * course.attendance_percent:
        needed = -(-course.hours * course.attendance_percent // 100)
        return Refused(
            "attendance_short",
            f"Servono almeno {needed} ore su {course.hours} ({course.attendance_percent}%), "
            f"ne risultano {hours}. "
            "Se la persona non recupera, registra l'uscita per frequenza insufficiente.",
            "hours",
        )
    return None


def end_enrolments(trainee: Trainee, *, person_id: str, since: date | None, on: date) -> list[Event]:
    """The pathway was closed: every open enrolment of the person ends and its seat is free.

    `since`: the person was taken in charge again on that day, before the closure came to be handled here;
    what began since then belongs to the new episode and stays. Source: protocol, Target: the programme trains
    whom it follows.
    """
    events: list[Event] = []
    for course_id, attendance in sorted(trainee.courses.items()):
        if attendance.status == "enrolled" and (since is None or attendance.on < since):
            events += leaves(trainee, course_id, person_id, "pathway_closed", max(on, attendance.on))
    return events
