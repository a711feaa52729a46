"""Training's part of a plan: courses of the three lines, enrolments, completions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from services.simulate import workdays
from services.simulate.cast import OCCUPATIONS, Company, Person
from services.simulate.market import OPERATORS
from services.simulate.steps import Script

TRAINER = "u-irene.villa"
KINDS = (
    ("2a", "italian", "Italiano per il lavoro", 60), ("2b", "vocational", "Addetti alla logistica", 120),
    ("2a", "skills_balance", "Bilancio di competenze", 24), ("2c", "digital", "Competenze digitali essenziali", 20),
    ("2a", "cv", "Curriculum e colloquio", 12), ("2a", "safety", "Sicurezza sul lavoro", 8),
    ("2b", "vocational", "Aiuto cuoco", 160), ("2c", "market_profile", "Panificazione: laboratorio breve", 32),
)  # fmt: skip
PROVIDERS = ("ente-0101", "ente-0202", "ente-0303")


def teach(script: Script, count: int, first: date, people: Sequence[Person], companies: Sequence[Company]) -> None:
    """`count` courses, spread over the time from `first` on. Those in charge who are to be trained come first."""
    rng = script.rng
    span = (script.last - first).days
    for number in range(count):
        line, topic, title, hours = KINDS[number % len(KINDS)]
        known = [c for c in companies if c.known < first + timedelta(days=5 + (span - 25) * number // count)]
        if line == "2b" and not known:
            line = "2c"
        starts = workdays.at_or_after(first + timedelta(days=25 + (span - 25) * number // count))
        ends = workdays.later(starts, max(3, hours // 6))
        proposed = workdays.at_or_after(starts - timedelta(days=20))
        key, seats = f"course/{number}", rng.randint(8, 14)
        course_id = script.id_of("propose_course", key, "course")
        script.add(proposed, "training", "propose_course", key, TRAINER, (), {
            "line": line, "topic": topic, "title": f"{title}, edizione {number + 1}", "hours": hours, "seats": seats,
            "starts_on": starts, "ends_on": ends, "provider": rng.choice(PROVIDERS), "on": proposed,
        })  # fmt: skip
        if line == "2b":
            _positions(script, key, course_id, seats, proposed, known)
        active = workdays.later(proposed, 3)
        script.add(active, "training", "activate_course", key, TRAINER, (course_id,), {"on": active})
        for person in _class(script, people, seats, active, starts):
            _attend(script, person, key, course_id, hours, active, starts, ends)


def _positions(
    script: Script, key: str, course_id: str, seats: int, proposed: date, companies: Sequence[Company]
) -> None:
    """A 2.b course needs positions identified beforehand: a vacancy of a company that waits for its people."""
    rng = script.rng
    company, actor = rng.choice(companies), rng.choice(OPERATORS)
    vacancy_id = script.id_of("open_vacancy", key, "vacancy")
    script.add(proposed, "matching", "open_vacancy", key, actor, (), {
        "company_id": company.company_id, "occupation": rng.choice(OCCUPATIONS), "contract": "fixed_term",
        "positions": seats, "on": proposed,
    })  # fmt: skip
    linked = workdays.later(proposed, 1)
    values = {"vacancy_id": vacancy_id, "on": linked}
    script.add(linked, "training", "link_vacancy", key, TRAINER, (course_id,), values)


def _class(script: Script, people: Sequence[Person], seats: int, active: date, starts: date) -> list[Person]:
    able = [
        p for p in people
        if p.fate in ("to_train", "ready") and p.charge_known <= starts - timedelta(days=2)
        and p.charge_known > active - timedelta(days=120)
    ]  # fmt: skip
    script.rng.shuffle(able)
    able.sort(key=lambda p: p.fate != "to_train")
    return able[: script.rng.randint(max(1, seats - 4), seats)]


def _attend(
    script: Script, person: Person, key: str, course_id: str, hours: int, active: date, starts: date, ends: date
) -> None:
    rng = script.rng
    on = script.between(max(active, person.charge_known), starts)
    one = f"{key}/{person.key}"
    script.add(on, "training", "enrol", one, TRAINER, (course_id,), {"person_id": person.person_id, "on": on})
    person.busy(on)
    target = (course_id, person.person_id)
    if rng.random() < 0.14:
        left = workdays.later(max(starts, on), rng.randint(1, 4))
        values: dict[str, Any] = {"reason": rng.choice(("health", "care", "attendance", "other")), "on": left}
        person.busy(script.add(left, "training", "leave", one, TRAINER, target, values))
        return
    done = script.recorded(ends, pace="late")
    attended = hours - rng.randint(0, hours // 12)
    values = {"hours": attended, "certificate": rng.choice(("attendance", "attendance", "skills")), "on": ends}
    person.busy(script.add(done, "training", "complete", one, TRAINER, target, values))
