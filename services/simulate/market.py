"""Matching's part of a plan: companies, vacancies, presentations, contracts and what corrects them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from services.simulate import workdays
from services.simulate.cast import DAYS, OCCUPATIONS, Company, Hire, Network, Person, Vacancy
from services.simulate.steps import Script
from shared.envelope import ordinal_id

OPERATORS = ("u-sara.galli", "u-paolo.monti")
OTHER_TERMED = ("agency", "agency", "traineeship", "on_call")
OTHER = ("agency", "on_call", "on_call", "domestic", "domestic", "collaboration", "apprenticeship", "traineeship")
LENGTHS = (30, 45, 61, 90, 90, 120, 180)
DESCRIPTIONS = (
    "Turni dal lunedì al venerdì, sede raggiungibile con i mezzi.", "Lavoro su due turni, formazione all'ingresso.",
    "Servizio in sala e cucina, anche nel fine settimana.", "Pulizie e piccola manutenzione, tempo parziale.",
)  # fmt: skip


def companies(script: Script, network: Network) -> None:
    """Registers the companies."""
    for company in network.companies:
        company.company_id = script.id_of("register_company", company.key, "company")
        script.add(
            company.recorded, "matching", "register_company", company.key, script.rng.choice(OPERATORS), (),
            network.form(company),
        )  # fmt: skip


def agree(script: Script, hire: Hire) -> None:
    """Gives a contract its kind and its last day, where the quotas left them open."""
    rng = script.rng
    if hire.sort == "permanent":
        hire.contract, hire.ends_on = "permanent", None
        return
    termed = bool(hire.extensions) or hire.ends_on is not None
    hire.contract = "fixed_term" if hire.sort == "fixed_term" else rng.choice(OTHER_TERMED if termed else OTHER)
    if hire.ends_on is None and hire.contract not in ("domestic", "collaboration", "apprenticeship"):
        hire.ends_on = hire.start + timedelta(days=rng.choice(LENGTHS))


def open_vacancies(script: Script, hires: Sequence[Hire], first: date, counted_from: date, room: int) -> list[Vacancy]:
    """Vacancies from which the contracts come: those of a company within four weeks share one. At most `room`
    companies' further selections from `counted_from` on; what does not fit was agreed without a vacancy."""
    by_company: dict[str, list[Hire]] = defaultdict(list)
    for hire in hires:
        assert hire.company is not None
        by_company[hire.company.key].append(hire)
    vacancies: list[Vacancy] = []
    counted: Counter[str] = Counter()
    for key, mine in by_company.items():
        waiting = sorted(mine, key=lambda h: (h.start, h.key))
        while waiting:
            head = waiting[0]
            group = [h for h in waiting if h.start <= head.start + timedelta(days=28)]
            waiting = waiting[len(group) :]
            company = head.company
            assert company is not None
            opened = max(
                workdays.at_or_before(head.start - timedelta(days=script.rng.randint(24, 42))),
                workdays.at_or_after(max(company.known, first)),
            )
            selected = workdays.later(opened, script.rng.randint(0, 2))
            late = selected >= counted_from
            if (head.start - selected).days < 10 or (late and counted[key] and room <= 0):
                continue
            if late:
                room -= bool(counted[key])
                counted[key] += 1
            vacancies.append(Vacancy(f"{key}/{len(vacancies)}", company, opened, selected, group))
    return vacancies


def fill_up(
    script: Script, vacancies: list[Vacancy], among: Sequence[Company], total: int, first: date, last: date
) -> list[Vacancy]:
    """More vacancies, from which nobody is hired, until the selections between the days are `total` in number
    and exactly those of `among` have some."""
    rng = script.rng
    there = [v for v in vacancies if first <= v.selected <= last]
    have = {v.company.key for v in there}
    lacking = [c for c in among if c.key not in have]
    more = total - len(there) - len(lacking)
    if more < 0:
        raise AssertionError(f"{-more} selections too many")
    added = []
    for number, company in enumerate([*lacking, *(rng.choice(among) for _ in range(more))]):
        opened = script.between(max(first, company.known), last - timedelta(days=3))
        selected = min(workdays.later(opened, rng.randint(0, 2)), workdays.at_or_before(last))
        added.append(Vacancy(f"{company.key}/more{number}", company, opened, selected))
    return added


def recruit(script: Script, vacancies: Sequence[Vacancy], people: Sequence[Person]) -> None:
    """Opens the vacancies with their selections; presents those who are hired and some who are not."""
    rng = script.rng
    followed = [p for p in people if p.fate in ("ready", "to_train") and p.charge_known < date.max]
    for vacancy in sorted(vacancies, key=lambda v: (v.opened, v.key)):
        company, actor = vacancy.company, rng.choice(OPERATORS)
        known = script.recorded(vacancy.opened, company.known)
        vacancy.vacancy_id = script.id_of("open_vacancy", vacancy.key, "vacancy")
        vacancy.selection_id = script.id_of("open_selection", vacancy.key, "selection")
        vacancy.ready = script.recorded(vacancy.selected, known)
        head = min((h.start for h in vacancy.hires), default=None)
        until = workdays.at_or_before(head - timedelta(days=2)) if head else workdays.later(vacancy.ready, 12)
        hired = [h for h in vacancy.hires if _present(script, vacancy, h.person, h.start - DAYS, actor)]
        for hire in hired:
            hire.vacancy = vacancy
        others = [p for p in followed if p.charge_known < until - timedelta(days=4)]
        present = [
            p for p in rng.sample(others, min(len(others), rng.randint(2, 4)))
            if _present(script, vacancy, p, until, actor)
        ]  # fmt: skip
        values = {
            "company_id": company.company_id, "occupation": rng.choice(OCCUPATIONS),
            "contract": hired[0].contract if hired else "fixed_term", "positions": len(hired) + rng.choice((0, 0, 1))
            if hired else rng.randint(1, 3), "description": rng.choice(DESCRIPTIONS), "on": vacancy.opened,
        }  # fmt: skip
        end = max(until, vacancy.ready, *(h.start for h in hired)) if hired else until
        expires = not hired and rng.random() < 0.5
        if expires:
            values["closes_on"] = workdays.later(end, rng.randint(5, 15))
        script.add(known, "matching", "open_vacancy", vacancy.key, actor, (), values)
        script.add(
            vacancy.ready,
            "matching",
            "open_selection",
            vacancy.key,
            actor,
            (vacancy.vacancy_id,),
            {"on": vacancy.selected},
        )
        answered = [_answer(script, vacancy, p, end, actor) for p in present]
        if hired and values["positions"] == len(hired) and rng.random() < 0.7:
            day = workdays.later(max([end, *answered]), 12)
            _close(script, vacancy, "filled", day, actor)
        elif not expires and rng.random() < 0.4:
            _close(script, vacancy, "withdrawn", workdays.later(max([end, *answered]), rng.randint(12, 25)), actor)


def _close(script: Script, vacancy: Vacancy, reason: str, day: date, actor: str) -> None:
    values = {"reason": reason, "on": day}
    script.add(day, "matching", "close_vacancy", vacancy.key, actor, (vacancy.vacancy_id,), values)


def _present(script: Script, vacancy: Vacancy, person: Person, until: date, actor: str) -> bool:
    """Shortlist and presentation, both by `until` at the latest; False if there is no time for them."""
    rng = script.rng
    if person.charge_known == date.max:
        return False
    listed = workdays.later(max(vacancy.ready, person.charge_known), rng.randint(0, 2))
    shown = workdays.later(listed, rng.randint(0, 2))
    if shown > until:
        return False
    key = f"{vacancy.key}/{person.key}"
    target = (vacancy.vacancy_id, person.person_id)
    values = {"selection_id": vacancy.selection_id, "on": listed}
    script.add(listed, "matching", "shortlist", key, actor, target, values)
    script.add(shown, "matching", "present", key, actor, target, {"agreed": True, "on": shown})
    person.busy(shown)
    return True


def _answer(script: Script, vacancy: Vacancy, person: Person, end: date, actor: str) -> date:
    """Who was not hired gets an answer, mostly."""
    rng = script.rng
    if rng.random() < 0.15:
        return end
    on = workdays.later(end, rng.randint(0, 6))
    outcome = rng.choices(("refused_by_company", "refused_by_person", "no_answer"), (60, 15, 25))[0]
    target = (vacancy.vacancy_id, person.person_id)
    key = f"{vacancy.key}/{person.key}"
    script.add(on, "matching", "answer_presentation", key, actor, target, {"outcome": outcome, "on": on})
    person.busy(on)
    return on


def employ(script: Script, hires: Sequence[Hire]) -> None:
    """Records the contracts, their extensions and ends."""
    rng = script.rng
    for hire in sorted(hires, key=lambda h: (h.start, h.key)):
        person, company, actor = hire.person, hire.company, rng.choice(OPERATORS)
        assert company is not None
        known = script.recorded(hire.start, max(company.known, person.charge_known), "late")
        target = (person.person_id, script.id_of("start_placement", hire.key, "placement"))
        wrong = _wrong(hire)
        script.add(known, "matching", "start_placement", hire.key, actor, target[:1], {
            "company_id": company.company_id, "vacancy_id": hire.vacancy.vacancy_id if hire.vacancy else None,
            "contract": hire.contract, "ends_on": hire.ends_on, "on": hire.start,
        } | wrong)  # fmt: skip
        if wrong:
            known = max(known, min(workdays.later(known, 3), workdays.quarter_end(hire.start)))
            fact = ordinal_id(script.cause("start_placement", hire.key), 0)
            right = {"happened_on": hire.start} if "on" in wrong else {"contract": hire.contract}
            script.add(known, "matching", "correct_person", hire.key, actor, (person.person_id, fact), {
                "motive": f"wrong_{hire.mistake}", **right,
            })  # fmt: skip
        for number, (on, ends_on) in enumerate(hire.extensions):
            known = script.recorded(on, known, "late")
            values = {"ends_on": ends_on, "on": on}
            script.add(known, "matching", "extend_placement", f"{hire.key}/{number}", actor, target, values)
        person.busy(known)
        day, reason = hire.last_day, "term"
        if hire.sort == "permanent" and rng.random() < 0.06:
            day, reason = workdays.later(hire.start, rng.randint(20, 80)), rng.choice(("resigned", "dismissed"))
        if day is not None and (hire is not person.hires[-1] or rng.random() < 0.8):
            ended = max(workdays.at_or_after(day), script.recorded(day, known, "late"))
            script.add(ended, "matching", "end_placement", hire.key, actor, target, {"reason": reason, "on": day})
            if ended <= script.last:
                person.busy(ended)


def _wrong(hire: Hire) -> dict[str, Any]:
    """What was first recorded instead, in the same quarter."""
    if hire.mistake == "contract" and hire.contract == "agency":
        return {"contract": "fixed_term"}
    if hire.mistake == "date" and hire.vacancy is None:
        assert hire.company is not None
        before = workdays.at_or_before(hire.start - DAYS)
        if workdays.quarter_end(before) == workdays.quarter_end(hire.start) and before >= hire.company.joined:
            return {"on": before}
    return {}


def never_started(
    script: Script, people: Sequence[Person], companies: Sequence[Company], starts: Sequence[date]
) -> None:
    """Contracts that were recorded and then cancelled, since they never began: no figure may move."""
    rng = script.rng
    free = [p for p in people if p.fate == "ready" and p.charge_known < date.max]
    for number, start in enumerate(starts):
        able = [p for p in free if p.charge_known <= start]
        known = [c for c in companies if c.known <= start]
        if not able or not known:
            continue
        person = rng.choice(able)
        free.remove(person)
        key, actor = f"never/{number}", rng.choice(OPERATORS)
        target = (person.person_id, script.id_of("start_placement", key, "placement"))
        script.add(start, "matching", "start_placement", key, actor, target[:1], {
            "company_id": rng.choice(known).company_id, "contract": "permanent", "on": start,
        })  # fmt: skip
        gone = workdays.later(start, rng.randint(1, 4))
        script.add(gone, "matching", "cancel_placement", key, actor, target, {"motive": "never_started"})
        person.busy(gone)
