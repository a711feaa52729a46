"""Placements by the rules: contracts, terms, one relationship at a time, and their corrections."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import reduce
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.matching import domain
from services.matching.domain import Company, Person, Standing, Vacancy
from shared.decisions import Refused
from shared.events import Event
from shared.events.matching import (
    PositionFilled,
)
from tests.fixtures.gwt import given
from tests.fixtures.matching import (
    AMINA,
    BAKER,
    ENDED,
    EXPIRED,
    EXTENDED,
    FILLED,
    FIRST,
    FORNO,
    IN_CHARGE,
    KNOWN,
    LISTED,
    OFFICINA,
    OPENED,
    PERSON,
    SECOND,
    SELECTING,
    SHOWN,
    STARTED,
    TODAY,
    VACANCY,
    WITHDRAWN,
    moved,
    no_answer,
    seeking,
)

# --- placements ------------------------------------------------------------------------------------------


def placing(vacancy: Vacancy | None, company: Company = KNOWN, standing: Standing = IN_CHARGE, **changed: Any) -> Any:
    values: dict[str, Any] = {
        "person_id": AMINA, "placement_id": FIRST, "company_id": FORNO, "contract": "fixed_term",
        "ends_on": STARTED.ends_on, "on": STARTED.on, "today": TODAY,
    }  # fmt: skip
    return lambda p: domain.start_placement(p, vacancy, company, standing, **(values | changed))


def test_a_placement_takes_a_position_of_its_vacancy() -> None:
    given(PERSON, LISTED, SHOWN).when(placing(seeking())).then(STARTED, FILLED)
    taken = seeking(PositionFilled(vacancy_id=BAKER, placement_id=SECOND, on=FILLED.on))
    given(PERSON, LISTED, SHOWN).when(placing(taken)).refused("no_position_left")
    given(PERSON, LISTED).when(placing(seeking())).refused("not_presented")
    given(PERSON, LISTED, SHOWN).when(placing(seeking(), on=date(2024, 2, 19))).refused("before_presentation")
    given(PERSON, LISTED, SHOWN, no_answer("refused_by_person")).when(placing(seeking())).refused(
        "presentation_refused"
    )
    given(PERSON, LISTED, SHOWN, no_answer("no_answer")).when(placing(seeking())).then(STARTED, FILLED)
    given(PERSON, LISTED, SHOWN).when(placing(seeking(), company_id=OFFICINA)).refused("other_company")


def test_a_placement_needs_no_vacancy() -> None:
    given(PERSON).when(placing(None)).then(STARTED.model_copy(update={"vacancy_id": None}))
    given(PERSON).when(placing(None, Company())).refused("company_unknown")
    given(PERSON).when(placing(None, Company(date(2024, 3, 2)))).refused("before_company")


def test_a_company_that_withdrew_hires_nobody_but_an_expired_vacancy_still_fills() -> None:
    late: dict[str, Any] = {"on": date(2024, 6, 20), "ends_on": date(2024, 9, 30)}
    given(PERSON, LISTED, SHOWN).when(placing(seeking(WITHDRAWN), **late)).refused("vacancy_closed")
    given(PERSON, LISTED, SHOWN).when(placing(seeking(WITHDRAWN))).then(STARTED, FILLED)
    assert not isinstance(placing(seeking(EXPIRED), **late)(reduce(PERSON.evolve, (LISTED, SHOWN), Person())), Refused)


def test_a_hire_reported_after_the_closure_counts_if_it_began_before() -> None:
    closed = replace(IN_CHARGE, closed_on=STARTED.on)
    given(PERSON).when(placing(None, standing=closed)).then(STARTED.model_copy(update={"vacancy_id": None}))
    given(PERSON).when(placing(None, standing=closed, on=date(2024, 3, 2))).refused("pathway_closed")
    given(PERSON).when(placing(None, standing=Standing())).refused("not_in_charge")
    back_again = Standing(in_charge_since=date(2024, 5, 1), first_charge_on=date(2024, 1, 20))
    without_vacancy = STARTED.model_copy(update={"vacancy_id": None})
    given(PERSON).when(placing(None, standing=back_again)).then(without_vacancy)
    later = replace(back_again, first_charge_on=TODAY)
    given(PERSON).when(placing(None, standing=later)).refused("before_charge")


@pytest.mark.parametrize(
    ("contract", "ends_on", "code"),
    [
        ("permanent", None, None),
        ("permanent", date(2024, 9, 1), "end_forbidden"),
        ("fixed_term", None, "end_required"),
        ("fixed_term", date(2024, 2, 29), "ends_before_start"),
        ("fixed_term", date(2074, 3, 1), "too_long"),
        ("fixed_term", date(2024, 3, 1), None),
        ("on_call", None, None),
        ("on_call", date(2024, 9, 1), None),
        ("traineeship", None, "end_required"),
        ("traineeship", date(2026, 2, 28), None),
        ("traineeship", date(2026, 3, 1), "traineeship_too_long"),
    ],
)
def test_each_contract_states_its_last_day_or_not(contract: str, ends_on: date | None, code: str | None) -> None:
    decision = placing(None, contract=contract, ends_on=ends_on)(Person())
    assert (decision.code if isinstance(decision, Refused) else None) == code


def test_the_table_of_contracts_has_them_all() -> None:
    from typing import get_args

    from shared.events.matching import Contract

    assert {term.contract for term in domain.CONTRACT_TERMS} == set(get_args(Contract))


def test_one_relationship_at_a_time_with_a_company() -> None:
    again: dict[str, Any] = {"placement_id": SECOND, "on": date(2024, 5, 31), "ends_on": date(2024, 8, 31)}
    given(PERSON, STARTED).when(placing(None, **again)).refused("overlapping_placement")
    after = placing(None, **(again | {"on": date(2024, 6, 1)}))
    assert not isinstance(after(reduce(PERSON.evolve, (STARTED,), Person())), Refused)
    elsewhere = placing(None, **(again | {"company_id": OFFICINA}))
    assert not isinstance(elsewhere(reduce(PERSON.evolve, (STARTED,), Person())), Refused)
    before: dict[str, Any] = {"placement_id": SECOND, "on": date(2024, 2, 1), "ends_on": date(2024, 3, 1)}
    given(PERSON, STARTED).when(placing(None, **before)).refused("overlapping_placement")


def prolonging(ends_on: date, on: date = date(2024, 6, 1), placement_id: str = FIRST) -> Any:
    return lambda p: domain.extend_placement(
        p, person_id=AMINA, placement_id=placement_id, ends_on=ends_on, on=on, today=TODAY
    )


def test_a_running_contract_with_a_last_day_is_prolonged() -> None:
    given(PERSON, STARTED).when(prolonging(EXTENDED.ends_on)).then(EXTENDED)
    given(PERSON, STARTED).when(prolonging(date(2024, 5, 31))).refused("not_longer")
    given(PERSON, STARTED).when(prolonging(EXTENDED.ends_on, date(2024, 6, 2))).refused("not_running")
    given(PERSON, STARTED).when(prolonging(EXTENDED.ends_on, date(2024, 2, 28))).refused("not_running")
    given(PERSON, STARTED, ENDED).when(prolonging(EXTENDED.ends_on)).refused("already_ended")
    given(PERSON).when(prolonging(EXTENDED.ends_on)).refused("placement_unknown")
    given(PERSON, STARTED, EXTENDED).when(prolonging(date(2024, 8, 31))).refused("not_longer")


def test_a_permanent_contract_is_never_prolonged() -> None:
    permanent = STARTED.model_copy(update={"contract": "permanent", "ends_on": None})
    given(PERSON, permanent).when(prolonging(EXTENDED.ends_on)).refused("no_term")


def test_an_extension_may_not_run_into_the_next_contract() -> None:
    following = STARTED.model_copy(
        update={"placement_id": SECOND, "on": date(2024, 6, 10), "ends_on": None, "contract": "permanent"}
    )
    given(PERSON, STARTED, following).when(prolonging(date(2024, 8, 31))).refused("overlapping_placement")
    short = EXTENDED.model_copy(update={"ends_on": date(2024, 6, 9)})
    given(PERSON, STARTED, following).when(prolonging(date(2024, 6, 9))).then(short)


def ending(reason: Any, on: date) -> Any:
    return lambda p: domain.end_placement(p, person_id=AMINA, placement_id=FIRST, reason=reason, on=on, today=TODAY)


def test_a_relationship_ends_once_and_within_its_term() -> None:
    given(PERSON, STARTED).when(ending("resigned", ENDED.on)).then(ENDED)
    given(PERSON, STARTED, ENDED).when(ending("resigned", ENDED.on)).refused("already_ended")
    given(PERSON, STARTED).when(ending("resigned", date(2024, 2, 28))).refused("before_start")
    given(PERSON, STARTED).when(ending("other", date(2024, 6, 1))).refused("after_term")
    given(PERSON, STARTED).when(ending("term", date(2024, 5, 30))).refused("not_the_term")
    given(PERSON, STARTED, EXTENDED).when(ending("agreed", date(2024, 5, 1))).refused("before_start")
    given(PERSON).when(ending("other", ENDED.on)).refused("placement_unknown")


# --- corrections -----------------------------------------------------------------------------------------


def correcting(*facts: Event, **changed: Any) -> str | None:
    person = reduce(PERSON.evolve, facts, Person())
    values: dict[str, Any] = {"contract": "fixed_term", "ends_on": STARTED.ends_on, "on": STARTED.on}
    refused = domain.check_placement_correction(
        person, seeking(FILLED), KNOWN, IN_CHARGE, person_id=AMINA, placement_id=FIRST, today=TODAY,
        **(values | changed),
    )  # fmt: skip
    return refused.code if refused else None


def test_a_corrected_start_obeys_the_rules_of_a_start() -> None:
    past = (LISTED, SHOWN, STARTED)
    assert correcting(*past, on=date(2024, 3, 4)) is None
    assert correcting(*past, contract="permanent", ends_on=None) is None
    assert correcting(*past, contract="permanent") == "end_forbidden"
    assert correcting(*past, on=date(2024, 2, 19)) == "before_presentation"
    assert correcting(*past, EXTENDED, on=date(2024, 6, 2), ends_on=date(2024, 7, 1)) == "after_later_fact"
    assert correcting(*past, EXTENDED, contract="permanent", ends_on=None) == "extended"
    assert correcting(*past, ENDED, ends_on=date(2024, 4, 1)) == "ended_later"
    assert correcting(LISTED, SHOWN) == "placement_unknown"


def test_without_its_placement_the_presentation_waits_again() -> None:
    person = reduce(PERSON.evolve, (LISTED, SHOWN, STARTED), Person())
    assert person.presentations[BAKER].outcome == "placed"
    assert domain.without_placement(person, FIRST).presentations[BAKER].outcome is None
    assert domain.without_placement(person, SECOND) is person


def refolding(stream: Any, facts: tuple[Event, ...], wrong: Event, right: Event | None) -> tuple[Any, Any]:
    before = reduce(stream.evolve, facts, stream.initial)
    held = [right if fact is wrong else fact for fact in facts]
    return before, reduce(stream.evolve, (fact for fact in held if fact is not None), stream.initial)


def about_vacancy(wrong: Event, right: Event | None, *facts: Event, used: bool = False) -> str | None:
    states = refolding(VACANCY, facts, wrong, right)
    refused = domain.check_vacancy_correction(*states, wrong, right, selection_used=used)
    return refused.code if refused else None


def test_a_vacancy_stays_sound_when_it_is_corrected() -> None:
    two = OPENED.model_copy(update={"positions": 2})
    both = (two, FILLED, FILLED.model_copy(update={"placement_id": SECOND}))
    assert about_vacancy(two, OPENED, *both) == "fewer_than_filled"
    assert about_vacancy(two, OPENED.model_copy(update={"positions": 3}), *both) is None
    assert about_vacancy(OPENED, None, OPENED) is None
    assert about_vacancy(OPENED, None, OPENED, SELECTING) == "vacancy_in_use"
    assert about_vacancy(SELECTING, None, OPENED, SELECTING) is None
    assert about_vacancy(SELECTING, None, OPENED, SELECTING, used=True) == "selection_in_use"
    assert about_vacancy(FILLED, None, OPENED, FILLED) == "with_placement"
    assert about_vacancy(WITHDRAWN, None, OPENED, WITHDRAWN) is None
    late = OPENED.model_copy(update={"on": date(2024, 2, 6)})
    assert about_vacancy(OPENED, late, OPENED, SELECTING) == "before_opening"
    short = OPENED.model_copy(update={"closes_on": date(2024, 1, 31)})
    assert about_vacancy(OPENED, short, OPENED) == "closes_before_opening"


def about_person(wrong: Event, right: Event | None, *facts: Event) -> str | None:
    refused = domain.check_person_correction(*refolding(PERSON, facts, wrong, right), wrong, right)
    return refused.code if refused else None


def test_a_person_stays_sound_when_a_fact_is_corrected() -> None:
    answered = no_answer("no_answer")
    assert about_person(LISTED, None, LISTED) is None
    assert about_person(LISTED, None, LISTED, SHOWN) == "presented_first"
    assert about_person(SHOWN, None, LISTED, SHOWN) is None
    assert about_person(SHOWN, None, LISTED, SHOWN, answered) == "answer_first"
    assert about_person(SHOWN, moved(SHOWN, date(2024, 2, 9)), LISTED, SHOWN) == "before_shortlist"
    later = moved(SHOWN, date(2024, 2, 26))
    assert about_person(SHOWN, later, LISTED, SHOWN, answered) == "before_presentation"
    assert about_person(ENDED, moved(ENDED, date(2024, 4, 20)), STARTED, ENDED) is None
    assert about_person(ENDED, moved(ENDED, date(2024, 2, 20)), STARTED, ENDED) == "end_outside"
    again = moved(EXTENDED, date(2024, 6, 20), ends_on=date(2024, 12, 31))
    assert about_person(EXTENDED, None, STARTED, EXTENDED) is None
    assert about_person(EXTENDED, None, STARTED, EXTENDED, again) == "later_extension"
    early = moved(EXTENDED, date(2024, 2, 1))
    assert about_person(EXTENDED, early, STARTED, EXTENDED) == "extension_outside"
    following = moved(STARTED, date(2024, 4, 20), placement_id=SECOND)
    assert about_person(ENDED, None, STARTED, ENDED, following) == "overlapping_placement"


# --- any sequence ----------------------------------------------------------------------------------------


@any_of(st.lists(st.sampled_from([LISTED, SHOWN, no_answer("no_answer"), STARTED, EXTENDED, ENDED]), max_size=8))
def test_whatever_corrections_leave_can_be_folded(facts: list[Event]) -> None:
    person = reduce(PERSON.evolve, facts, Person())
    assert set(person.placements) <= {FIRST}
    assert set(person.presentations) <= {BAKER}


@any_of(st.lists(st.sampled_from([OPENED, SELECTING, FILLED, WITHDRAWN, EXPIRED]), max_size=8))
def test_open_positions_are_never_negative(facts: list[Event]) -> None:
    assert reduce(VACANCY.evolve, facts, Vacancy()).open_positions >= 0


def test_parameters_are_dated() -> None:
    assert domain.parameter("ending_soon_days", date(2024, 1, 1)) == 30
    assert domain.parameter("traineeship_max_months", date(2017, 1, 1)) == 24
    with pytest.raises(KeyError):
        domain.parameter("unheard_of", TODAY)
