"""Enterprise's part of a plan: a budget a year, projects with judgement, decision and payments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from services.simulate import workdays
from services.simulate.cast import Person
from services.simulate.steps import Script

OFFICE, JUDGES, MANAGERS = "u-luca.bassi", ("u-anna.serra", "u-carlo.fabbri"), ("u-maria.landi", "u-pietro.grandi")
PERSONAL = (
    ("crafts", "Laboratorio di sartoria", 6_000), ("trade", "Banco di ortofrutta", 8_500),
    ("services", "Piccole riparazioni a domicilio", 5_000), ("crafts", "Bottega di restauro", 9_000),
    ("trade", "Vendita ambulante di piadine", 12_000),
)  # fmt: skip
SOCIAL = (
    ("community_welfare", "Portineria di quartiere", 8_000), ("ethical_food", "Mensa solidale di stagione", 7_500),
    ("social_farming", "Orti per l'inserimento", 6_500),
)  # fmt: skip
ORGANISATIONS = ("Il Portico cooperativa sociale", "Radici Comuni impresa sociale", "La Corte cooperativa sociale")


def fund(script: Script, count: int, first: date, people: Sequence[Person]) -> None:
    """The years' budgets and `count` projects, one of three of a social enterprise."""
    for year in range(first.year, script.last.year + 1):
        on = max(workdays.at_or_after(date(year, 1, 2)), workdays.at_or_after(first))
        values = {"year": year, "name": "fsp", "amount": 6_000_000, "source": "fsp", "on": on}
        script.add(on, "enterprise", "set_budget", str(year), MANAGERS[0], (), values)
    span = (script.last - first).days
    for number in range(count):
        on = workdays.at_or_after(first + timedelta(days=35 + (span - 35) * number // count))
        _project(script, number, on, people)


def _project(script: Script, number: int, on: date, people: Sequence[Person]) -> None:
    rng = script.rng
    social = number % 3 == 2
    sector, title, euros = SOCIAL[number // 3 % len(SOCIAL)] if social else PERSONAL[number % len(PERSONAL)]
    values = {
        "kind": "social_innovation" if social else "self_employment", "sector": sector, "requested": euros * 100,
        "jobs": rng.randint(1, 3), "title": title, "description": f"{title}: piano economico su tre anni.", "on": on,
    }  # fmt: skip
    if social:
        values["organisation"] = ORGANISATIONS[number // 3 % len(ORGANISATIONS)]
    else:
        able = [p for p in people if p.fate == "ready" and p.charge_known <= on]
        if not able:
            return
        person = rng.choice(able)
        values["person_id"] = person.person_id
        person.busy(on)
    key = f"project/{number}"
    project_id = script.id_of("submit_project", key, "project")
    script.add(on, "enterprise", "submit_project", key, OFFICE, (), values)
    judged = workdays.later(on, rng.randint(12, 25))
    suitable = number % 4 != 3
    script.add(judged, "enterprise", "judge_project", key, JUDGES[number % 2], (project_id,), {
        "outcome": "suitable" if suitable else "unsuitable", "score": rng.randint(64, 92) if suitable else 48,
        "reasons": "Valutati sostenibilità su tre anni, lavoro creato e radicamento nel territorio.", "on": judged,
    })  # fmt: skip
    if not suitable:
        return
    decided = workdays.later(judged, rng.randint(5, 12))
    manager = MANAGERS[number % 2]
    if number % 7 == 5:
        values = {"reason": "priorities", "on": decided}
        script.add(decided, "enterprise", "refuse_funding", key, manager, (project_id,), values)
        return
    amount = euros * 80
    script.add(decided, "enterprise", "approve_funding", key, manager, (project_id,), {
        "budget_id": f"budget-{decided.year}-fsp", "amount": amount, "on": decided,
    })  # fmt: skip
    for part in range(2):
        paid = workdays.later(decided, 15 + 35 * part)
        script.add(paid, "enterprise", "make_payment", f"{key}/{part}", OFFICE, (project_id,), {
            "amount": amount // 2, "order": f"M-{decided.year}-{number:03d}-{part + 1}", "on": paid,
        })  # fmt: skip
