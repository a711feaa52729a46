"""What may be corrected: only what leaves a lawful story behind. Whatever rests on a fact is undone first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.training.domain.checks import italian_date, not_future
from services.training.domain.courses import Positions, check_proposal, missing, open_positions
from services.training.domain.enrolments import check_hours
from services.training.domain.parameters import positions_needed
from services.training.domain.state import Course
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
    SeatReleased,
    SeatTaken,
    VacancyLinked,
)


def check_enrolment_correction(
    course: Course, story: Sequence[Event], fact: Event, replacement: Event | None, today: date
) -> Refused | None:
    """Whether the person's story on this course, `story`, holds with `replacement` for `fact` (or without).

    Sources: those of `enrol`, `leave` and `complete`, whose rules a corrected story has to keep.
    """
    if isinstance(fact, CourseLeft) and replacement is None:
        if course.status == "cancelled":
            return Refused("course_cancelled", "Il corso è annullato: annulla prima l'annullamento del corso.")
        if course.seats_left == 0:
            return Refused(
                "course_full", "Intanto il posto è stato dato ad altri e il corso è pieno: aumenta prima i posti."
            )
    before: Event | None = None
    for now in story:
        if now is fact:
            if replacement is None:
                continue
            now = replacement
        if refused := not_future(now.on, today) or _follows(course, before, now):
            return refused
        before = now
    return None


def _follows(course: Course, before: Event | None, now: Event) -> Refused | None:
    if isinstance(now, Enrolled):
        if isinstance(before, Enrolled | CourseCompleted):
            return Refused("story_broken", "La persona risulterebbe iscritta due volte: annulla prima l'altro fatto.")
        if now.on < course.activated_on:
            day = italian_date(course.activated_on)
            return Refused("before_activation", f"Il corso è attivo dal {day}: la data non torna.", "on")
    elif not isinstance(before, Enrolled):
        return Refused(
            "story_broken",
            "L'uscita o il completamento si basa su questa iscrizione: annulla prima quel fatto.",
        )
    if before is not None and now.on < before.on:
        return Refused("out_of_order", f"Il fatto precedente è del {italian_date(before.on)}: la data non torna.", "on")
    if isinstance(now, CourseCompleted):
        return check_hours(course, now.hours)
    return None


def check_course_correction(
    before: Course,
    after: Course,
    fact: Event,
    replacement: Event | None,
    *,
    positions: Positions,
    first_seat_on: date | None,
    today: date,
) -> Refused | None:
    """Whether the course may be `after` (with `replacement` for `fact`) instead of `before`.

    Sources: those of `propose_course`, `activate_course` and `unlink_vacancy`.
    """
    if isinstance(fact, SeatTaken | SeatReleased):
        return Refused(
            "correct_enrolment", "Il posto si corregge insieme all'iscrizione: usa «Correggi» sulla persona."
        )
    if isinstance(fact, PositionsLost):
        return Refused("system_fact", "L'allarme nasce dalle ricerche: correggi la ricerca a cui si riferisce.")
    if replacement is not None and (refused := not_future(replacement.on, today)):
        return refused
    if isinstance(fact, CourseProposed) and (refused := _proposal(before, after, replacement)):
        return refused
    if isinstance(fact, CourseActivated):
        return _activation(before, replacement, first_seat_on)
    if isinstance(fact, CourseCancelled) and replacement is not None and replacement.on < before.activated_on:
        return Refused("before_activation", "A quella data il corso non era ancora attivo: la data non torna.", "on")
    if isinstance(fact, VacancyLinked) and replacement is None and before.status == "active":
        return _positions(after, {id_: open_ for id_, open_ in positions.items() if id_ != fact.vacancy_id})
    if after.status == "active" and after.line == "2b" and after.seats > before.seats:
        return _positions(after, positions)
    return None


def _proposal(before: Course, after: Course, replacement: Event | None) -> Refused | None:
    if replacement is None:
        if before.status != "proposed" or before.vacancies:
            return Refused("course_in_use", "Il corso ha già altri fatti: annulla il corso invece della proposta.")
        return None
    assert isinstance(replacement, CourseProposed)
    if refused := check_proposal(
        after.line,
        after.topic,
        after.seats,
        after.starts_on,
        after.ends_on,
        after.attendance_percent,
    ):
        return refused
    if after.seats < len(before.taken):
        return Refused(
            "seats_taken",
            f"I posti occupati sono già {len(before.taken)}: non possono essere meno.",
            "seats",
        )
    if before.status != "proposed" and replacement.on > before.activated_on:
        day = italian_date(before.activated_on)
        return Refused("out_of_order", f"Il corso è attivo dal {day}: la proposta viene prima.", "on")
    return None


def _activation(before: Course, replacement: Event | None, first_seat_on: date | None) -> Refused | None:
    if replacement is None:
        if before.taken or before.status == "cancelled":
            return Refused("course_in_use", "Il corso ha iscritti o è annullato: annulla prima quei fatti.")
        return None
    if replacement.on < before.proposed_on:
        day = italian_date(before.proposed_on)
        return Refused("before_proposal", f"Il corso è stato proposto il {day}: la data non torna.", "on")
    if first_seat_on is not None and replacement.on > first_seat_on:
        day = italian_date(first_seat_on)
        return Refused("out_of_order", f"C'è un'iscrizione del {day}: l'attivazione viene prima.", "on")
    return None


def _positions(after: Course, positions: Positions) -> Refused | None:
    found, needed = open_positions(positions), positions_needed(after.seats, after.activated_on)
    if found < needed:
        return Refused("positions_missing", missing(positions, found, needed, after.seats))
    return None
