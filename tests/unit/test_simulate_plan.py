"""The plan of the scenario alone: the published figures hold for every seed, by reporting's own definitions."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest

from services.intake import tax_code
from services.intake.domain import age_band, age_on
from services.matching.domain import vat_number_valid
from services.reporting.domain import HalfYear, half_year
from services.simulate import plan, workdays
from services.simulate.people import H1_2024, apportion, traits
from services.simulate.plan import Day
from services.simulate.steps import Step
from shared import territory
from shared.decisions import Refused
from shared.envelope import ordinal_id
from shared.events import Event
from shared.events.intake import InterviewHeld, PersonRegistered
from shared.events.matching import CompanyRegistered, PlacementExtended, PlacementStarted, SelectionOpened

SEEDS = range(1, 21)
REFERENCE = "00000000-0000-0000-0000-000000000000:1:" + "0" * 64
START, END = date(2024, 1, 1), date(2024, 6, 30)
MADE = frozenset(
    "register hold_interview register_company open_vacancy open_selection start_placement extend_placement"
    " cancel_placement correct_person correct_fact".split()
)
"""The commands that make or undo what is counted."""


@cache
def planned(seed: int) -> list[Day]:
    """The seed's plan, made once."""
    return plan.h1_2024(seed)


@cache
def held_of(seed: int, until: date = date.max) -> list[Event]:
    """The facts of the seed's plan, made once."""
    return facts(planned(seed), until)


def steps(days: Sequence[Day], until: date = date.max) -> Iterator[Step]:
    for day, group in days:
        if day <= until:
            yield from group


def facts(days: Sequence[Day], until: date = date.max) -> list[Event]:
    """The counted facts that hold once everything until that day was decided as planned."""
    held: dict[str, Event] = {}
    vacancies: dict[str, str] = {}
    for step in steps(days, until):
        if step.name not in MADE:
            continue
        values, fact_id = step.values, ordinal_id(step.cause, 0)
        match step.name:
            case "register":
                held[fact_id] = _registered(step)
            case "hold_interview":
                held[fact_id] = InterviewHeld(
                    person_id=step.target[0], interview_id=ordinal_id(step.cause, "interview"), mode=values["mode"],
                    on=values["on"],
                )  # fmt: skip
            case "register_company":
                held[fact_id] = CompanyRegistered(
                    company_id=ordinal_id(step.cause, "company"), card=REFERENCE,
                    **{name: values[name] for name in ("size", "sector", "district", "board", "on")},
                )  # fmt: skip
            case "open_vacancy":
                vacancies[ordinal_id(step.cause, "vacancy")] = values["company_id"]
            case "open_selection":
                (vacancy,) = step.target
                held[fact_id] = SelectionOpened(
                    vacancy_id=vacancy, selection_id=fact_id, company_id=vacancies[vacancy], on=values["on"]
                )
            case "start_placement":
                held[fact_id] = PlacementStarted.model_validate(
                    {"person_id": step.target[0], "placement_id": ordinal_id(step.cause, "placement"),
                     "vacancy_id": None, "ends_on": None} | values
                )  # fmt: skip
            case "extend_placement":
                person, placement = step.target
                start = _start(held, placement)
                held[fact_id] = PlacementExtended(
                    person_id=person,
                    placement_id=placement,
                    company_id=start.company_id,
                    contract=start.contract,
                    **values,
                )
            case "cancel_placement":
                held = {k: e for k, e in held.items() if getattr(e, "placement_id", None) != step.target[1]}
            case "correct_person" | "correct_fact":
                wrong = held.pop(step.target[1])
                if not values.get("cancel"):
                    names = {"happened_on": "on", "contract": "contract", "on": "on"}
                    right = {names[name]: value for name, value in values.items() if name in names}
                    held[step.target[1]] = wrong.model_copy(update=right)
            case _:
                pass
    return list(held.values())


def _registered(step: Step) -> PersonRegistered:
    values = step.values
    on: date = values["on"]
    return PersonRegistered.model_validate({
        "on": on, "person_id": ordinal_id(step.cause, "person"), "episode": 1, "channel": values["channel"],
        "entry": "assisted", "age_band": age_band(age_on(values["birth_date"], on)), "sex": values["sex"],
        "citizenship_area": tax_code.citizenship_area(values["citizenship"]), "education": values["education"],
        "district": territory.district_of(values["municipality"], on),
        "union": territory.union_of(values["municipality"], on),
        "in_capital": values["municipality"] == territory.CAPITAL, "identity": REFERENCE,
    })  # fmt: skip


def _start(held: dict[str, Event], placement_id: str) -> PlacementStarted:
    return next(e for e in held.values() if isinstance(e, PlacementStarted) and e.placement_id == placement_id)


def published(figures: HalfYear) -> dict[str, Any]:
    """The figures that issue 2 section 4 fixes."""
    names = (
        "enrolments men over_50 in_capital placements first_placements new_relationships extensions"
        " acts_of_newcomers permanent fixed_term other_contracts waits mean_wait hiring_companies selections"
        " selecting_companies new_companies small_new_companies"
    )
    return {name: getattr(figures, name) for name in names.split()}


PUBLISHED = {
    "enrolments": 1001, "men": 541, "over_50": 400, "in_capital": 551, "placements": 293, "first_placements": 114,
    "new_relationships": 102, "extensions": 77, "acts_of_newcomers": 141, "permanent": 62, "fixed_term": 171,
    "other_contracts": 60, "waits": 114, "mean_wait": 52, "hiring_companies": 73, "selections": 157,
    "selecting_companies": 110, "new_companies": 62, "small_new_companies": 56,
}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_the_published_figures_hold_for_every_seed(seed: int) -> None:
    assert published(half_year(held_of(seed), START, END)) == PUBLISHED


@pytest.mark.parametrize("seed", SEEDS)
def test_by_31_march_the_first_quarter_is_recorded(seed: int) -> None:
    march = date(2024, 3, 31)
    as_of = half_year(held_of(seed, march), START, END)
    period = half_year(held_of(seed), START, march)
    for figures in (as_of, period):
        assert (figures.placements, figures.permanent, figures.fixed_term) == (152, 29, 87)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_extension_is_permanent_and_waits_are_measured_within_bounds(seed: int) -> None:
    held = held_of(seed)
    assert not [e for e in held if isinstance(e, PlacementExtended) and e.contract == "permanent"]
    assert half_year(held, START, END).without_interview == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_is_recorded_on_a_working_day_of_the_scenario_and_not_before_it_happened(seed: int) -> None:
    for step in steps(planned(seed)):
        assert workdays.is_working(step.recorded), step
        assert date(2023, 7, 3) <= step.recorded <= date(2024, 6, 28), step
        assert step.on is None or step.on <= step.recorded, step


def test_the_municipalities_outside_bologna_follow_their_population() -> None:
    places = [who.municipality for who in traits(H1_2024, random.Random(3))]
    others = {code: weight for code, weight in territory.weights() if code != territory.CAPITAL}
    total = sum(others.values())
    for code, weight in others.items():
        assert abs(places.count(code) - 450 * weight / total) < 1, code


def test_apportion_gives_all_of_the_count() -> None:
    assert sorted(apportion(4, {"Amina": 1, "Luca": 3})) == ["Amina", "Luca", "Luca", "Luca"]


def test_some_facts_are_recorded_late_and_some_corrected() -> None:
    days = planned(1)
    late = [s for s in steps(days) if s.on is not None and s.name == "start_placement" and s.recorded > s.on]
    corrections = [s.name for s in steps(days) if s.name in ("correct_person", "correct_fact", "cancel_placement")]
    assert len(late) > 50
    assert set(corrections) == {"correct_person", "correct_fact", "cancel_placement"}
    courses = {s.values["line"] for s in steps(days) if s.name == "propose_course"}
    assert courses == {"2a", "2b", "2c"}
    assert 5 <= sum(s.name == "submit_project" for s in steps(days)) <= 10
    assert sorted(s.values["year"] for s in steps(days) if s.name == "set_budget") == [2023, 2024]


def test_people_have_valid_tax_codes_that_fit_them_and_nobody_comes_twice() -> None:
    forms = [s.values for s in steps(planned(2)) if s.name == "register" and s.values["tax_code"]]
    for values in forms:
        code = tax_code.parse(values["tax_code"])
        assert not isinstance(code, Refused)
        names = ("family_name", "given_name", "birth_date", "birth_place")
        sex = values["sex"] if values["sex"] != "X" else ""
        assert tax_code.warnings(code, sex=sex, **{name: values[name] for name in names}) == []
    assert len({values["tax_code"] for values in forms}) == len(forms)


def test_companies_have_vat_numbers_of_their_own_with_right_check_digits() -> None:
    numbers = [s.values["vat_number"] for s in steps(planned(2)) if s.name == "register_company"]
    assert all(vat_number_valid(number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_the_same_seed_gives_the_same_plan_and_another_seed_another_one() -> None:
    assert plan.h1_2024(7) == planned(7)
    assert plan.h1_2024(8) != planned(7)


def test_any_population_registers_as_many_as_asked() -> None:
    days = plan.population(date(2022, 1, 1), date(2022, 5, 31), 80, seed=5)
    assert sum(s.name == "register" for s in steps(days)) == 80
    assert max(s.recorded for s in steps(days)) <= date(2022, 5, 31)


def test_easter_and_holidays_are_no_working_days() -> None:
    assert workdays.easter(2024) == date(2024, 3, 31)
    assert not workdays.is_working(date(2024, 4, 1))
    assert not workdays.is_working(date(2023, 10, 4))
    assert workdays.is_working(date(2024, 4, 2))
    assert workdays.quarter_end(date(2024, 2, 10)) == date(2024, 3, 29)
    assert workdays.quarter_end(date(2023, 11, 2) + timedelta(days=3)) == date(2023, 12, 29)
