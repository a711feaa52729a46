"""The rules of intake, told as given(facts).when(decision).then(facts | refusal)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.intake import domain
from services.intake.domain import Person, Registration, WorkSituation
from shared.decisions import Decision, Refused
from shared.events import intake as facts
from tests.fixtures.gwt import given
from tests.fixtures.intake_facts import (
    AMINA,
    FOLLOWED,
    READY,
    REF,
    STREAM,
    TODAY,
    charge,
    checked,
    close,
    closed,
    day,
    domicile,
    interview,
    measures,
    registered,
    status,
)


def values(**changes: Any) -> Registration:
    base: dict[str, Any] = {
        "channel": "parish", "entry": "assisted", "birth_date": day("1985-06-10"), "sex": "F",
        "citizenship_area": "africa", "education": "upper_secondary", "municipality": "037006",
        "quartiere": "navile",
    }  # fmt: skip
    return Registration(**(base | changes))


JANUARY = day("2024-01-08")


def register(person: Person, on: date = JANUARY, **changes: Any) -> Decision:
    return domain.register(person, person_id=AMINA, values=values(**changes), identity=REF, on=on, today=TODAY)


# Registration


def test_amina_registers_and_only_coarse_facts_leave_the_vault() -> None:
    given(STREAM).when(register).then(registered())


def test_the_union_is_the_one_in_force_on_the_day() -> None:
    def persiceto(on: str) -> Decision:
        return domain.register(
            Person(), person_id=AMINA, values=values(municipality="037053", quartiere=None), identity=REF,
            on=day(on), today=day("2026-02-01"),
        )  # fmt: skip

    expected: dict[str, Any] = {"district": "pianura-ovest", "in_capital": False, "age_band": "40-49"}
    given(STREAM).when(lambda _: persiceto("2025-12-31")).then(
        registered("2025-12-31", union="unione-terred-acqua", **expected)
    )
    given(STREAM).when(lambda _: persiceto("2026-01-01")).then(registered("2026-01-01", union=None, **expected))


def test_who_lives_outside_is_registered_and_the_check_of_the_domicile_says_so() -> None:
    decision = given(STREAM).when(lambda p: register(p, municipality="036023", quartiere=None)).decision
    assert not isinstance(decision, Refused)
    (fact,) = decision
    assert isinstance(fact, facts.PersonRegistered)
    assert (fact.district, fact.union, fact.in_capital) == ("outside", None, False)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"quartiere": None}, "quartiere_missing", "quartiere"),
        ({"quartiere": "corticella"}, "quartiere_unknown", "quartiere"),
        ({"municipality": "037053"}, "quartiere_not_bologna", "quartiere"),
        ({"birth_date": day("2009-01-09")}, "too_young", "birth_date"),
        ({"birth_date": day("1890-01-09")}, "birth_date", "birth_date"),
        ({"on": day("2024-03-21")}, "future_date", "on"),
        ({"on": day("2017-05-21")}, "before_programme", "on"),
    ],
)
def test_a_registration_that_cannot_be_names_its_field(changes: dict[str, Any], code: str, field: str) -> None:
    assert given(STREAM).when(lambda p: register(p, **changes)).refused(code).field == field


def test_the_quartiere_may_be_unknown_and_fifteen_is_old_enough() -> None:
    given(STREAM).when(lambda p: register(p, quartiere="unknown", birth_date=day("2009-01-08"))).then(
        registered(age_band="15-19")
    )


def test_an_open_pathway_refuses_a_second_registration() -> None:
    given(STREAM, registered()).when(register).refused("already_open")


def test_after_closure_only_a_new_episode() -> None:
    history = (*READY, closed("2024-02-20"))
    given(STREAM, *history).when(lambda p: register(p, on=day("2024-02-19"))).refused("before_closure")
    given(STREAM, *history).when(lambda p: register(p, on=day("2024-03-01"))).then(registered("2024-03-01", episode=2))
    given(STREAM, *history).when(interview).refused("pathway_closed")
    given(STREAM, *history).when(charge).refused("pathway_closed")
    given(STREAM, *history).when(close).refused("pathway_closed")


def test_a_new_episode_starts_without_the_old_checks() -> None:
    given(STREAM, *FOLLOWED, closed(), registered("2024-03-01", episode=2)).when(
        lambda p: charge(p, on="2024-03-05")
    ).refused("checks_lacking")


@pytest.mark.parametrize(
    ("age", "band"), [(15, "15-19"), (19, "15-19"), (20, "20-29"), (59, "50-59"), (69, "60-69"), (70, "70+")]
)
def test_age_bands(age: int, band: str) -> None:
    assert domain.age_band(age) == band


def test_age_counts_completed_years() -> None:
    assert domain.age_on(day("2000-02-29"), day("2018-02-28")) == 17
    assert domain.age_on(day("2000-02-29"), day("2018-03-01")) == 18


@pytest.mark.parametrize(
    ("situation", "outcome", "reason"),
    [
        (WorkSituation("never_worked"), "passed", "status.never_worked"),
        (WorkSituation("unemployed"), "passed", "status.unemployed"),
        (WorkSituation("unemployed", immediately_available=False), "failed", "status.no_did"),
        (WorkSituation("employee", employee_pay=850_000), "passed", "status.low_income"),
        (WorkSituation("employee", employee_pay=850_001), "failed", "status.working"),
        (WorkSituation("employee", employee_pay=2_000_000, contract_days=180), "passed", "status.suspended"),
        (WorkSituation("employee", employee_pay=2_000_000, contract_days=181), "failed", "status.working"),
        (WorkSituation("own_account", own_account_pay=550_000), "passed", "status.low_income"),
        (WorkSituation("own_account", own_account_pay=550_001), "failed", "status.working"),
        (WorkSituation("both", employee_pay=1, own_account_pay=600_000), "failed", "status.working"),
    ],
)
def test_the_status_check(situation: WorkSituation, outcome: str, reason: str) -> None:
    (person,) = given(STREAM, registered()).states
    (fact,) = status(situation)(person)
    assert (fact.check, fact.outcome, fact.reason) == ("status", outcome, reason)


def test_the_income_threshold_is_the_one_of_the_day() -> None:
    assert domain.parameter("income_employee_cents", day("2021-12-31")) == 814_500
    assert domain.parameter("income_employee_cents", day("2022-01-01")) == 850_000
    with pytest.raises(KeyError):
        domain.parameter("no_such_thing", TODAY)


def test_a_negative_income_is_a_mistake() -> None:
    given(STREAM, registered()).when(status(WorkSituation("employee", employee_pay=-1))).refused("negative_pay")


@pytest.mark.parametrize(
    ("measure", "motive", "outcome", "reason"),
    [
        ("none", None, "passed", "measures.none"),
        ("income_support", None, "passed", "measures.income_support"),
        ("gol", None, "failed", "measures.gol"),
        ("gol", "complementary", "passed_with_motive", "measures.gol.complementary"),
        ("regional_traineeship", None, "failed", "measures.regional_traineeship"),
    ],
)
def test_the_measures_check(measure: str, motive: Any, outcome: str, reason: str) -> None:
    given(STREAM, registered()).when(measures(measure, motive)).then(
        checked("measures", outcome).model_copy(update={"reason": reason})
    )


def test_a_measure_that_did_not_exist_yet_is_refused() -> None:
    given(STREAM, registered("2021-01-08")).when(measures("gol", on="2021-02-01")).refused("unknown_measure")


def test_the_domicile_check_knows_the_fifty_five() -> None:
    expected = checked("domicile").model_copy(update={"evidence": "service_report"})
    given(STREAM, registered()).when(domicile("037062")).then(
        expected.model_copy(
            update={
                "reason": "domicile.dormitory",
                "district": "appennino-bolognese",
                "union": None,
            }
        )
    )
    given(STREAM, registered()).when(domicile(None)).then(
        expected.model_copy(update={"reason": "domicile.outside", "outcome": "failed"})
    )


def test_a_check_is_of_its_time() -> None:
    given(STREAM).when(domicile("037006")).refused("not_registered")
    given(STREAM, registered()).when(domicile("037006", on="2024-01-07")).refused("before_registration")
    given(STREAM, registered()).when(domicile("037006", evidence_on="2024-01-11")).refused("evidence_later")
