"""Decisions about a course."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from services.training.domain.checks import counted, exists, italian_date, not_future
from services.training.domain.enrolments import leaves
from services.training.domain.parameters import attendance_default, parameter, positions_needed
from services.training.domain.state import Course, Trainee
from shared.decisions import Decision, Refused
from shared.events.base import Event, Reference
from shared.events.training import (
    CourseActivated,
    CourseCancelled,
    CourseProposed,
    Line,
    PositionsLost,
    Subject,
    VacancyLinked,
    VacancyUnlinked,
)

CancelReason = Literal["positions_lost", "too_few_enrolled", "provider", "other"]

BASIC: frozenset[str] = frozenset({"skills_balance", "italian", "soft_skills", "cv"})
"""Subjects that the protocol names under 2.a only; safety and digital skills may be part of any line."""
TARGETED: frozenset[str] = frozenset({"vocational", "market_profile"})
"""Subjects that lead to one profile: 2.b and 2.c."""


def propose_course(
    course: Course,
    *,
    course_id: str,
    line: Line,
    topic: Subject,
    hours: int,
    seats: int,
    starts_on: date,
    ends_on: date,
    provider: str,
    attendance_percent: int | None,
    card: Reference | None,
    on: date,
    today: date,
) -> Decision:
    """A course enters the plan. The share of hours to attend defaults to the parameter of its subject.

    Sources: protocol, 2.a/2.b/2.c for what each line teaches; Accordo Stato-Regioni 17/4/2025 n. 59/CSR for
    safety (attendance, size of a class) [own].
    """
    if refused := not_future(on, today):
        return refused
    if course.status != "unknown":
        return Refused("course_exists", "Questo corso è già stato proposto.")
    if refused := check_proposal(line, topic, seats, starts_on, ends_on, attendance_percent):
        return refused
    percent = attendance_default(topic, starts_on) if attendance_percent is None else attendance_percent
    return [
        CourseProposed(
            on=on,
            course_id=course_id,
            line=line,
            topic=topic,
            hours=hours,
            seats=seats,
            starts_on=starts_on,
            ends_on=ends_on,
            provider=provider,
            attendance_percent=percent,
            card=card,
        )
    ]


def check_proposal(
    line: Line, topic: Subject, seats: int, starts_on: date, ends_on: date, attendance_percent: int | None
) -> Refused | None:
    """What holds for every proposal, new or rectified. Sources: as `propose_course`."""
    if ends_on < starts_on:
        return Refused("ends_before_start", "L'ultimo giorno non può venire prima del primo.", "ends_on")
    if line == "2a" and topic in TARGETED:
        return Refused(
            "topic_not_of_line",
            "La linea 2.a dà competenze trasversali di base: per una professione usa la linea 2.b o 2.c.",
            "topic",
        )
    if line != "2a" and topic in BASIC:
        return Refused(
            "topic_not_of_line",
            "Questa materia è tra le competenze trasversali di base: il corso va proposto sulla linea 2.a.",
            "topic",
        )
    if topic == "safety":
        percent = attendance_default(topic, starts_on)
        if attendance_percent is not None and attendance_percent < percent:
            return Refused(
                "attendance_below_rule",
                f"Per i corsi di sicurezza la frequenza minima è {percent}% delle ore: non si può abbassare.",
                "attendance_percent",
            )
        largest = parameter("seats_safety", starts_on)
        if largest is not None and seats > largest:
            return Refused(
                "class_too_large",
                f"Un corso di sicurezza può avere al massimo {largest} posti: dividilo in più edizioni.",
                "seats",
            )
    return None


def link_vacancy(course: Course, *, course_id: str, vacancy_id: str, on: date, today: date) -> Decision:
    """Ties the course to a position identified beforehand (protocol, 2.b); the vacancy may be unknown yet."""
    if refused := not_future(on, today) or exists(course):
        return refused
    if course.line != "2b":
        return Refused("not_2b", "Solo i corsi della linea 2.b si collegano alle ricerche di personale.")
    if course.status == "cancelled":
        return Refused("course_cancelled", "Il corso è stato annullato: non si può più collegare una ricerca.")
    if vacancy_id in course.vacancies:
        return Refused("already_linked", "Questa ricerca è già collegata al corso.", "vacancy_id")
    return [VacancyLinked(on=on, course_id=course_id, vacancy_id=vacancy_id)]


Positions = Mapping[str, int | None]
"""Open positions of each linked vacancy as training has heard; None: not heard of yet, which counts as 0."""


def open_positions(positions: Positions) -> int:
    """All open positions together."""
    return sum(open_ or 0 for open_ in positions.values())


def unlink_vacancy(
    course: Course, *, course_id: str, vacancy_id: str, positions: Positions, on: date, today: date
) -> Decision:
    """Unties a vacancy. An active 2.b course keeps enough positions, or it would have been activated in vain.

    Source: protocol, 2.b.
    """
    if refused := not_future(on, today) or exists(course):
        return refused
    if vacancy_id not in course.vacancies:
        return Refused("not_linked", "Questa ricerca non è collegata al corso.", "vacancy_id")
    left = open_positions({id_: open_ for id_, open_ in positions.items() if id_ != vacancy_id})
    needed = positions_needed(course.seats, course.activated_on)
    if course.status == "active" and left < min(needed, open_positions(positions)):
        return Refused(
            "positions_needed",
            f"Il corso attivo ha bisogno di {counted(needed, 'posizione aperta', 'posizioni aperte')}: senza questa "
            f"ricerca ne avrebbe {left}. "
            "Collega prima un'altra ricerca, oppure annulla il corso.",
        )
    return [VacancyUnlinked(on=on, course_id=course_id, vacancy_id=vacancy_id)]


def activate_course(course: Course, *, course_id: str, positions: Positions, on: date, today: date) -> Decision:
    """Opens the course to enrolment; a 2.b course only with enough open positions in its vacancies.

    Source: protocol, 2.b ("si attiva solo laddove siano state preventivamente individuate le posizioni di
    lavoro verso cui orientare l'inserimento").
    """
    if refused := not_future(on, today) or exists(course):
        return refused
    if course.status == "active":
        return Refused("already_active", f"Il corso è già attivo dal {italian_date(course.activated_on)}.")
    if course.status == "cancelled":
        return Refused("course_cancelled", "Il corso è stato annullato: proponine una nuova edizione.")
    if on < course.proposed_on:
        return Refused(
            "before_proposal",
            f"Il corso è stato proposto il {italian_date(course.proposed_on)}: la data non torna.",
            "on",
        )
    if on > course.ends_on:
        return Refused("course_over", f"Il corso è finito il {italian_date(course.ends_on)}: non si può più attivare.")
    if course.line != "2b":
        return [CourseActivated(on=on, course_id=course_id, positions=0)]
    found, needed = open_positions(positions), positions_needed(course.seats, on)
    if found < needed:
        return Refused("positions_missing", missing(positions, found, needed, course.seats))
    return [CourseActivated(on=on, course_id=course_id, positions=found)]


def missing(positions: Positions, found: int, needed: int, seats: int) -> str:
    """Why the positions do not suffice, with the numbers and what to do."""
    start = (
        "Un corso 2.b è attivo solo con le posizioni di lavoro già individuate: "
        f"per {counted(seats, 'posto', 'posti')} ne {'serve' if needed == 1 else 'servono'} almeno {needed}, "
    )
    if not positions:
        return start + "ma nessuna ricerca è collegata. Collega le ricerche a cui il corso prepara."
    unheard = sum(open_ is None for open_ in positions.values())
    end = f"ma le {len(positions)} ricerche collegate ne hanno aperte {found}."
    if len(positions) == 1:
        end = f"ma la ricerca collegata ne ha aperte {found}."
    if unheard:
        end += f" Di {counted(unheard, 'ricerca', 'ricerche')} non è ancora arrivata notizia: riprova più tardi."
    else:
        end += " Collega altre ricerche o riduci i posti."
    return start + end


def lose_positions(
    course: Course, *, course_id: str, vacancy_id: str, positions: Positions, completed: bool, on: date
) -> Decision:
    """A linked vacancy closed or filled: if an active 2.b course is left without enough positions, somebody
    must look; once per vacancy. Not after somebody completed it: filled positions are then its success.

    Source: protocol, 2.b.
    """
    left = open_positions(positions)
    if (
        course.status != "active"
        or course.line != "2b"
        or completed
        or on > course.ends_on
        or vacancy_id not in course.vacancies
        or vacancy_id in course.lost
        or left >= positions_needed(course.seats, course.activated_on)
    ):
        return []
    return [PositionsLost(on=on, course_id=course_id, vacancy_id=vacancy_id, positions=left)]


def cancel_course(
    course: Course,
    trainees: Mapping[str, Trainee],
    *,
    course_id: str,
    reason: CancelReason,
    on: date,
    today: date,
) -> Decision:
    """The course is not held: whoever has a seat leaves it. `trainees`: all who hold one, by person id."""
    if refused := not_future(on, today) or exists(course):
        return refused
    if course.status == "cancelled":
        return Refused("course_cancelled", "Il corso è già stato annullato.")
    if on < max(course.proposed_on, course.activated_on):
        return Refused(
            "before_activation",
            "A quella data il corso non era ancora proposto o attivo: la data non torna.",
            "on",
        )
    if any(
        trainees[person_id].courses[course_id].status == "completed"
        for person_id in _known(course, trainees, course_id)
    ):
        return Refused("already_completed", "Qualcuno ha già completato il corso: non si può più annullare.")
    events: list[Event] = [CourseCancelled(on=on, course_id=course_id, reason=reason)]
    for person_id in _known(course, trainees, course_id):
        if trainees[person_id].attends(course_id):
            left_on = max(on, trainees[person_id].courses[course_id].on)
            events += leaves(trainees[person_id], course_id, person_id, "course_cancelled", left_on)
    return events


def _known(course: Course, trainees: Mapping[str, Trainee], course_id: str) -> list[str]:
    return sorted(id_ for id_ in course.taken if course_id in trainees[id_].courses)
