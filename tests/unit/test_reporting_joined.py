"""The half-year with people who were joined, and with who lives outside: by person, and as published before."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.reporting import figures as tables
from services.reporting.domain import half_year
from services.reporting.domain.periods import Period
from shared.events.base import Event
from shared.events.intake import InterviewHeld, PersonRegistered
from shared.events.matching import PlacementStarted

AMINA, LUCA = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
FORNO = "33333333-3333-4333-8333-333333333333"
REF = f"{LUCA}:1:{'a' * 64}"
FIRST = Period(2024, 1)


def registered(person: str, on: date, **changes: Any) -> PersonRegistered:
    base: dict[str, Any] = {
        "on": on, "person_id": person, "episode": 1, "channel": "parish", "entry": "assisted", "age_band": "50-59",
        "sex": "F", "citizenship_area": "africa", "education": "upper_secondary", "district": "imola",
        "union": "nuovo-circondario-imolese", "in_capital": False, "identity": REF,
    }  # fmt: skip
    return PersonRegistered(**(base | changes))


def met(person: str, on: date) -> InterviewHeld:
    return InterviewHeld(on=on, person_id=person, interview_id=FORNO, mode="in_person")


def placed(person: str, on: date, number: int) -> PlacementStarted:
    return PlacementStarted(
        on=on, person_id=person, placement_id=f"00000000-0000-4000-8000-{number:012d}", company_id=FORNO,
        vacancy_id=None, contract="fixed_term", ends_on=None, notice=None,
    )  # fmt: skip


FACTS: list[Event] = [
    registered(AMINA, date(2023, 11, 6)), met(AMINA, date(2023, 11, 20)), placed(AMINA, date(2023, 12, 20), 1),
    registered(LUCA, date(2024, 1, 8)), registered(AMINA, date(2024, 2, 5), episode=2), met(LUCA, date(2024, 2, 1)),
    placed(LUCA, date(2024, 3, 1), 2), placed(AMINA, date(2024, 4, 1), 3),
]  # fmt: skip


def test_a_person_under_two_ids_is_one_by_every_reading() -> None:
    apart = half_year(FACTS, FIRST.start, FIRST.end)
    assert (apart.enrolments, apart.over_50, apart.persons_placed, apart.first_placements) == (2, 2, 2, 1)
    assert (apart.acts_of_newcomers, apart.waits) == (1, 1)
    one = half_year(FACTS, FIRST.start, FIRST.end, {LUCA: AMINA})
    assert (one.enrolments, one.over_50, one.persons_placed, one.first_placements) == (1, 1, 1, 0)
    assert (one.placements, one.acts_of_newcomers, one.new_relationships, one.waits) == (2, 0, 2, 0)
    assert one.by_district["imola"] == 1
    other_way = half_year(FACTS, FIRST.start, FIRST.end, {AMINA: LUCA})
    assert other_way == one, "which id stays changes no figure"
    assert half_year(FACTS, FIRST.start, FIRST.end, {}) == apart


def test_who_lives_outside_is_counted_as_such_and_nobody_else_is_moved() -> None:
    inside = half_year([registered(AMINA, date(2024, 2, 5))], FIRST.start, FIRST.end)
    assert "outside" not in {*inside.by_district, *inside.by_union}, "published figures keep their digest"
    away = registered(LUCA, date(2024, 3, 4), district="outside", union=None)
    both = half_year([registered(AMINA, date(2024, 2, 5)), away], FIRST.start, FIRST.end)
    assert (both.by_district["outside"], both.by_union["outside"], both.by_union["none"]) == (1, 1, 0)
    shown = tables.tables(both, None, tables.Look(FIRST, small=True, demo=False))
    places = {line.label: line.value for table in shown if table.key == "distretti" for line in table.lines}
    assert places["Fuori territorio"] == 1
