"""The rules of matching, each with the case it must let through and the one it must stop."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.matching import domain
from services.matching.domain import Company, Person, Standing, Vacancy
from shared.decisions import Decision, Refused
from tests.fixtures.gwt import given
from tests.fixtures.matching import (
    AMINA,
    BAKER,
    CARD,
    EXPIRED,
    FILLED,
    FORNO,
    IN_CHARGE,
    JOINED,
    KNOWN,
    LISTED,
    OFFICINA,
    OPENED,
    PERSON,
    SECOND,
    SELECTING,
    SELECTION,
    SHOWN,
    TODAY,
    VACANCY,
    WITHDRAWN,
    no_answer,
    seeking,
)

COMPANY = domain.company_stream(FORNO)


# --- companies -------------------------------------------------------------------------------------------


def register(company: Company, **changed: Any) -> Decision:
    values: dict[str, Any] = {
        "company_id": FORNO, "size": "6-20", "sector": "C", "district": "pianura-est", "board": False,
        "card": CARD, "vat_number": "01234567897", "same_vat": None, "on": JOINED.on, "today": TODAY,
    }  # fmt: skip
    return domain.register_company(company, **(values | changed))


def test_a_company_joins_once() -> None:
    given(COMPANY).when(register).then(JOINED)
    given(COMPANY, JOINED).when(register).refused("already_registered")
    assert (
        given(COMPANY).when(lambda c: register(c, same_vat=OFFICINA)).refused("already_registered").field
        == "vat_number"
    )


def test_nothing_happens_in_the_future() -> None:
    assert given(COMPANY).when(lambda c: register(c, on=date(2024, 6, 29))).refused("future_date").field == "on"
    assert not isinstance(register(Company(), on=TODAY), Refused)


@pytest.mark.parametrize("number", ["01234567898", "0123456789", "00000000000", "0123456789a", "٠١٢٣٤٥", ""])
def test_a_wrong_vat_number_is_refused(number: str) -> None:
    assert given(COMPANY).when(lambda c: register(c, vat_number=number)).refused("vat_number").field == "vat_number"


@any_of(st.integers(min_value=10_000, max_value=10**10 - 1), st.integers(0, 10), st.integers(1, 9))
def test_one_wrong_digit_never_passes_luhn(body: int, place: int, shift: int) -> None:
    digits = f"{body:010d}"
    valid = [f"{digits}{check}" for check in range(10) if domain.vat_number_valid(f"{digits}{check}")]
    assert len(valid) == 1
    wrong = list(valid[0])
    wrong[place] = str((int(wrong[place]) + shift) % 10)
    assert not domain.vat_number_valid("".join(wrong))


# --- vacancies -------------------------------------------------------------------------------------------


def open_vacancy(vacancy: Vacancy, company: Company = KNOWN, **changed: Any) -> Decision:
    values: dict[str, Any] = {
        "vacancy_id": BAKER, "company_id": FORNO, "occupation": "7512", "contract": "fixed_term",
        "positions": 1,
        "closes_on": date(2024, 5, 31), "description": None, "on": OPENED.on, "today": TODAY,
    }  # fmt: skip
    return domain.open_vacancy(vacancy, company, **(values | changed))


def test_a_company_of_the_network_opens_a_vacancy() -> None:
    given(VACANCY).when(open_vacancy).then(OPENED)
    given(VACANCY, OPENED).when(open_vacancy).refused("already_open")
    given(VACANCY).when(lambda v: open_vacancy(v, Company())).refused("company_unknown")
    given(VACANCY).when(lambda v: open_vacancy(v, closes_on=date(2024, 1, 31))).refused("closes_before_opening")


def select(on: date) -> Any:
    return lambda v: domain.open_selection(v, selection_id=SELECTION, on=on, today=TODAY)


def test_a_selection_opens_while_the_company_looks() -> None:
    given(VACANCY, OPENED).when(select(SELECTING.on)).then(SELECTING)
    given(VACANCY).when(select(SELECTING.on)).refused("vacancy_unknown")
    given(VACANCY, OPENED).when(select(date(2024, 1, 31))).refused("before_opening")
    given(VACANCY, OPENED, FILLED).when(select(date(2024, 4, 1))).refused("no_position_left")
    given(VACANCY, OPENED, WITHDRAWN).when(select(date(2024, 4, 1))).refused("vacancy_closed")
    given(VACANCY, OPENED).when(select(date(2024, 6, 1))).refused("past_closing_date")


def close(reason: Any, on: date) -> Any:
    return lambda v: domain.close_vacancy(v, reason=reason, on=on, today=TODAY)


def test_a_vacancy_closes_once_and_expires_only_after_its_last_day() -> None:
    given(VACANCY, OPENED).when(close("withdrawn", WITHDRAWN.on)).then(WITHDRAWN)
    given(VACANCY, OPENED).when(close("expired", date(2024, 6, 1))).then(EXPIRED)
    given(VACANCY, OPENED).when(close("expired", date(2024, 5, 31))).refused("not_expired")
    given(VACANCY, OPENED, WITHDRAWN).when(close("filled", TODAY)).refused("already_closed")
    given(VACANCY).when(close("filled", TODAY)).refused("vacancy_unknown")
    given(VACANCY, OPENED).when(close("filled", date(2024, 1, 1))).refused("before_opening")


# --- shortlist and presentation --------------------------------------------------------------------------


def listing(vacancy: Vacancy, standing: Standing = IN_CHARGE, on: date = LISTED.on, selection: str = SELECTION) -> Any:
    return lambda p: domain.shortlist(p, vacancy, standing, person_id=AMINA, selection_id=selection, on=on, today=TODAY)


def test_who_is_in_charge_is_shortlisted_for_a_selection() -> None:
    given(PERSON).when(listing(seeking())).then(LISTED)
    given(PERSON, LISTED).when(listing(seeking())).refused("already_shortlisted")
    given(PERSON).when(listing(seeking(), Standing())).refused("not_in_charge")
    given(PERSON).when(listing(seeking(), replace(IN_CHARGE, closed_on=TODAY))).refused("pathway_closed")
    given(PERSON).when(listing(seeking(), Standing(date(2024, 2, 11)))).refused("before_charge")
    resting = Standing(date(2024, 1, 20), suspended_on=date(2024, 2, 1))
    given(PERSON).when(listing(seeking(), resting)).refused("pathway_suspended")
    given(PERSON).when(listing(seeking(), selection=SECOND)).refused("selection_unknown")
    given(PERSON).when(listing(seeking(), on=date(2024, 2, 4))).refused("before_selection")


def presenting(vacancy: Vacancy, standing: Standing = IN_CHARGE, on: date = SHOWN.on, agreed: bool = True) -> Any:
    return lambda p: domain.present(p, vacancy, standing, person_id=AMINA, agreed=agreed, on=on, today=TODAY)


def test_only_the_shortlisted_who_agree_are_presented() -> None:
    given(PERSON, LISTED).when(presenting(seeking())).then(SHOWN)
    given(PERSON).when(presenting(seeking())).refused("not_shortlisted")
    given(PERSON, LISTED).when(presenting(seeking(), agreed=False)).refused("not_agreed")
    given(PERSON, LISTED).when(presenting(seeking(), on=date(2024, 2, 9))).refused("before_shortlist")
    given(PERSON, LISTED, SHOWN).when(presenting(seeking())).refused("already_presented")


def test_only_a_person_in_charge_and_not_closed_is_presented() -> None:
    given(PERSON, LISTED).when(presenting(seeking(), Standing())).refused("not_in_charge")
    given(PERSON, LISTED).when(presenting(seeking(), replace(IN_CHARGE, closed_on=TODAY))).refused("pathway_closed")


def answer(person: Person) -> Decision:
    on = date(2024, 2, 25)
    return domain.answer_presentation(
        person, person_id=AMINA, vacancy_id=BAKER, outcome="refused_by_company", on=on, today=TODAY
    )


def test_an_answer_ends_the_presentation_and_frees_the_shortlist() -> None:
    given(PERSON, LISTED, SHOWN).when(answer).then(no_answer("refused_by_company"))
    given(PERSON, LISTED).when(answer).refused("no_open_presentation")
    given(PERSON, LISTED, SHOWN, no_answer("no_answer")).when(answer).refused("no_open_presentation")
    given(PERSON, LISTED, SHOWN, no_answer("no_answer")).when(listing(seeking())).then(LISTED)
    later = SHOWN.model_copy(update={"on": date(2024, 2, 26)})
    given(PERSON, LISTED, later).when(answer).refused("before_presentation")


def withdraw(on: date) -> Any:
    return lambda person: domain.withdraw_presentations(person, person_id=AMINA, on=on)


def test_a_closed_pathway_withdraws_what_waits_for_an_answer() -> None:
    closed = date(2024, 2, 25)
    given(PERSON, LISTED, SHOWN).when(withdraw(closed)).then(no_answer("withdrawn"))
    given(PERSON, LISTED).when(withdraw(closed)).then()
    given(PERSON, LISTED, SHOWN, no_answer("no_answer")).when(withdraw(closed)).then()
    on_the_day = no_answer("withdrawn").model_copy(update={"on": SHOWN.on})
    given(PERSON, LISTED, SHOWN).when(withdraw(date(2024, 2, 1))).then(on_the_day)
