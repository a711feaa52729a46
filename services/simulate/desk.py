"""Intake's part of a plan: registration, checks, interview, charge, plan, closure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from services.simulate import workdays
from services.simulate.cast import DAYS, Person
from services.simulate.people import Registry
from services.simulate.steps import Script

DESKS = ("u-elena.conti", "u-marco.ferri")
MANAGERS = ("u-giulia.rossi", "u-davide.neri")
FATES = (
    ("waiting", 14), ("unreachable", 14), ("withdrew", 6), ("not_eligible", 5), ("strong_profile", 9),
    ("referred", 8), ("ready", 24), ("to_train", 20),
)  # fmt: skip
"""What becomes of those who find no work in the period (domain facts 1.3: of 1,500 who ask 910 are interviewed,
553 suitable, of whom two in three ready)."""
IN_CHARGE = ("placed", "ready", "to_train")
REASONS = (
    "Disoccupazione da oltre dodici mesi e rete familiare assente.",
    "Oltre cinquant'anni, qualifica superata, reddito del nucleo sotto la soglia.",
    "Titolo di studio non riconosciuto e conoscenza limitata della lingua.",
    "Carichi di cura e lungo periodo fuori dal mercato del lavoro.",
    "Debiti e alloggio precario; motivazione buona.",
)
NOTES = (
    "Disponibile al turno di mattina; esperienza in magazzino e pulizie.",
    "Cerca un lavoro vicino a casa; ha seguito un corso di italiano.",
    "Esperienza in cucina; chiede aiuto per il curriculum.",
    "Ha lavorato in fabbrica per vent'anni; disponibile anche a tempo parziale.",
)


def enter(script: Script, person: Person, registry: Registry) -> None:
    """Writes the person's way through intake, up to the plan. Needs `registered` and, by fate, the other dates."""
    rng = script.rng
    assert person.registered is not None
    assert person.traits is not None
    values = registry.form(person.traits, person.registered)
    on = person.registered
    online = values["channel"] in ("web", "press", "word_of_mouth") and rng.random() < 0.6
    declared = not online and rng.random() < 0.6
    known = script.recorded(on, pace="soon")
    if person.interview is not None:
        known = min(known, person.interview)
    actor = rng.choice(DESKS)
    person.person_id = script.id_of("register", person.key, "person")
    script.add(
        known, "intake", "register", person.key, actor, ("questionnaire" if online else "assisted",),
        values | {"on": on, "declared": declared},
    )  # fmt: skip
    person.busy(known)
    if person.fate == "waiting" or person.fate == "unreachable":
        return
    checked = _checks(script, person, known, values, declared)
    if person.interview is None:
        return
    known = script.recorded(person.interview, max(known, checked))
    seen: dict[str, Any] = {"mode": rng.choice(("in_person", "in_person", "in_person", "phone", "video"))}
    if rng.random() < 0.25:
        seen["notes"] = rng.choice(NOTES)
    manager = rng.choice(MANAGERS)
    script.add(
        known, "intake", "hold_interview", person.key, manager, (person.person_id,), seen | {"on": person.interview}
    )
    person.busy(known)
    if person.charge is None:
        return
    known = script.recorded(person.charge, known)
    ready = "to_train" if person.fate == "to_train" else "ready"
    script.add(known, "intake", "take_in_charge", person.key, manager, (person.person_id,), {
        "case_manager": manager, "readiness": ready, "reasons": rng.choice(REASONS), "on": person.charge,
    })  # fmt: skip
    if known <= script.last:
        person.charge_known = workdays.later(known, 1)
    directions = ["training", "matching"] if person.fate == "to_train" else ["matching"]
    due = [person.charge + timedelta(days=90 * (n + 1)) for n in range(len(directions))]
    script.add(known, "intake", "agree_plan", person.key, manager, (person.person_id,), {
        "directions": directions, "due_dates": due, "on": person.charge,
    })  # fmt: skip
    person.busy(known)


def _checks(script: Script, person: Person, known: date, values: dict[str, Any], declared: bool) -> date:
    """The three checks (domicile may have been declared at the registration); the day the last is recorded."""
    assert person.registered is not None
    rng = script.rng
    last = person.interview or person.registered + timedelta(days=21)
    day = min(workdays.later(known, rng.randint(0, 2)), last) if last >= known else known
    day = max(workdays.at_or_before(day), known)
    base = {"evidence": "self_declaration", "evidence_on": person.registered, "on": day}
    target, actor = (person.person_id,), rng.choice(DESKS)
    if not declared:
        dwelling = rng.choices(("home", "dormitory", "community", "none"), (90, 5, 4, 1))[0]
        script.add(day, "intake", "check_domicile", person.key, actor, target, base | {
            "municipality": values["municipality"], "dwelling": dwelling,
        })  # fmt: skip
    fails = person.fate == "not_eligible"
    by_status = fails and rng.random() < 0.6
    work: dict[str, Any] = {
        "work": rng.choices(("unemployed", "never_worked"), (92, 8))[0],
        "immediately_available": True,
    }
    if by_status:
        work |= {"work": "employee", "employee_pay": 18_000}
    script.add(day, "intake", "check_status", person.key, actor, target, base | {"evidence": "register_read"} | work)
    measure: dict[str, Any] = {"measure": rng.choices(("none", "income_support", "lr14"), (72, 20, 8))[0]}
    if measure["measure"] == "lr14":
        measure["motive"] = "agreed_with_service"
    if fails and not by_status:
        measure = {"measure": "regional_traineeship"}
    script.add(day, "intake", "check_measures", person.key, actor, target, base | measure)
    person.busy(day)
    return day


def leave(script: Script, person: Person) -> None:
    """Writes how the pathway ended, after all else that is planned about the person; many are still open."""
    rng = script.rng
    outcome, after = {
        "unreachable": ("unreachable", 35), "withdrew": ("withdrew", 6), "not_eligible": ("not_eligible", 3),
        "strong_profile": ("strong_profile", 1), "referred": ("referred", 12),
    }.get(person.fate, ("", 0))  # fmt: skip
    if person.fate in ("ready", "to_train") and rng.random() < 0.3:
        outcome = rng.choices(("found_work", "withdrew", "unreachable", "autonomous", "moved_away"), (4, 3, 3, 2, 1))[0]
        after = rng.randint(25, 70)
    if person.fate == "placed" and rng.random() < 0.4:
        outcome, after = "autonomous", rng.randint(15, 40)
    if outcome:
        day = workdays.later(person.busy_until + DAYS, after)
        script.add(day, "intake", "close", person.key, rng.choice(MANAGERS), (person.person_id,), {
            "outcome": outcome, "on": day,
        })  # fmt: skip
        person.busy(day)


def dates(script: Script, person: Person, first: date, last: date) -> None:
    """Dates of somebody who finds no work: registered between the two, interviewed some weeks later."""
    rng = script.rng
    person.registered = script.between(first, last)
    person.fate = rng.choices([f for f, _ in FATES], [w for _, w in FATES])[0]
    if person.fate in ("strong_profile", "referred", "ready", "to_train"):
        person.interview = workdays.later(person.registered + timedelta(days=rng.randint(7, 32)), 0)
    if person.fate in IN_CHARGE and person.interview is not None:
        person.charge = workdays.later(person.interview, rng.choice((0, 0, 1, 3, 5)))


def dates_before(script: Script, person: Person, start: date, wait: int, earliest: date) -> int:
    """Dates of somebody whose first contract starts on `start` after about `wait` days; returns the days."""
    rng = script.rng
    person.interview = max(workdays.at_or_before(start - timedelta(days=wait)), workdays.later(earliest, 4))
    person.registered = max(
        workdays.at_or_before(person.interview - timedelta(days=rng.randint(7, 30))), workdays.at_or_after(earliest)
    )
    person.charge = workdays.later(person.interview, rng.choice((0, 0, 0, 1, 2)))
    return (start - person.interview).days
