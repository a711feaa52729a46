"""The three checks in depth: days of unemployment, thresholds of their day, reports in either order, samples."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest

from services.intake import domain, explaining
from services.intake.domain import Person, WorkSituation, conclusions, person_stream
from services.intake.domain.checks import to_repeat, unanswered
from services.intake.domain.eligibility import check_status, municipality_of
from services.intake.domain.reports import report_measure
from services.intake.domain.rules import last_day
from services.intake.domain.sampling import Sample, bounds, digest, draw, sample, verify
from services.intake.domain.unemployment import Suspension, WorkPeriod, seniority, suspension
from services.intake.working_days import festive
from shared.decisions import Refused
from shared.events import intake as facts
from shared.events.base import Event
from tests.fixtures.gwt import given

AMINA = "11111111-1111-4111-8111-111111111111"
REF = "22222222-2222-4222-8222-222222222222:1:" + "a" * 64
FACT = "33333333-3333-4333-8333-333333333333"
TODAY = date(2024, 6, 20)
STREAM = person_stream(AMINA)


def day(text: str) -> date:
    return date.fromisoformat(text)


def registered(on: str = "2024-01-08", episode: int = 1) -> facts.PersonRegistered:
    return facts.PersonRegistered.model_validate({
        "on": on, "person_id": AMINA, "episode": episode, "channel": "parish", "entry": "assisted",
        "age_band": "30-39", "sex": "F", "citizenship_area": "africa", "education": "upper_secondary",
        "district": "citta-di-bologna", "union": None, "in_capital": True, "identity": REF,
    })  # fmt: skip


def checked(check: str, on: str = "2024-01-10", **changes: Any) -> facts.EligibilityChecked:
    return facts.EligibilityChecked.model_validate({
        "on": on, "person_id": AMINA, "check": check, "outcome": "passed", "evidence": "self_declaration",
        "evidence_on": on, "reason": f"{check}.none",
    } | changes)  # fmt: skip


def interviewed(on: str = "2024-01-20") -> facts.InterviewHeld:
    return facts.InterviewHeld(on=day(on), person_id=AMINA, interview_id=FACT, mode="in_person")


PASSED = (registered(), checked("domicile"), checked("status"), checked("measures"))


def person(*history: Event) -> Person:
    state: Person = given(STREAM, *history).states[0]
    return state


# Territory


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("via Zamboni 13, 40126 Bologna (BO)", "037006"),
        ("via Bologna 12, 40033 Casalecchio di Reno", "037011"),
        ("via Imola 3, San Lazzaro di Savena", "037054"),
        ("via Bologna 12, Modena", None),
        ("via senza comune 4", None),
    ],
)
def test_the_municipality_is_read_where_the_address_ends(address: str, code: str | None) -> None:
    assert municipality_of(address) == code


def test_the_domicile_keeps_the_union_in_force_on_its_day() -> None:
    """San Giovanni in Persiceto left its union on 1 January 2026."""
    for on, union in (("2025-12-31", "unione-terred-acqua"), ("2026-01-01", None)):
        decision = domain.assess_domicile(
            person(registered()), person_id=AMINA, municipality="037053", dwelling="home",
            evidence="register_read", evidence_on=day(on), on=day(on), today=day(on),
        )  # fmt: skip
        assert not isinstance(decision, Refused)
        (fact,) = decision
        assert isinstance(fact, facts.EligibilityChecked)
        assert (fact.district, fact.union) == ("pianura-ovest", union)


# Days of unemployment


def test_a_suspension_counts_its_first_and_its_last_day() -> None:
    work = WorkPeriod(day("2024-03-01"), day("2024-03-10"))
    assert work.days() == 10
    assert [suspension(work, 180, day(on)) for on in ("2024-02-29", "2024-03-01", "2024-03-10", "2024-03-11")] == [
        Suspension(day("2024-03-10"), 0, False), Suspension(day("2024-03-10"), 1, True),
        Suspension(day("2024-03-10"), 10, True), Suspension(day("2024-03-10"), 10, False),
    ]  # fmt: skip


def test_a_suspension_ends_with_the_days_that_the_law_allows() -> None:
    exact = WorkPeriod(day("2024-01-01"), day("2024-06-28"))
    assert exact.days() == 180
    assert suspension(exact, 180, day("2024-06-28")) is not None
    longer = WorkPeriod(day("2024-01-01"), day("2024-06-29"))
    assert suspension(longer, 180, day("2024-06-28")) is None
    found = suspension(longer, 180, day("2024-06-29"), extended=True)
    assert found is not None
    assert (found.until, found.days, found.now) == (day("2024-06-28"), 180, False)
    assert suspension(WorkPeriod(day("2024-01-01")), 180, TODAY) is None


def test_seniority_leaves_out_the_suspended_days_once() -> None:
    did = day("2024-01-01")
    assert seniority(did, (), did) == 0
    assert seniority(did, (), day("2024-01-31")) == 30
    march = WorkPeriod(day("2024-03-01"), day("2024-03-10"))
    overlap = WorkPeriod(day("2024-03-05"), day("2024-03-12"))
    assert seniority(did, (march, overlap), day("2024-04-01")) == 91 - 12
    assert seniority(did, (WorkPeriod(day("2023-01-01"), day("2024-01-02")),), day("2024-01-31")) == 28


def test_the_status_follows_the_contract_over_time() -> None:
    contract = WorkPeriod(day("2024-01-01"), day("2024-06-28"))
    situation = WorkSituation("employee", employee_pay=2_000_000, contract=contract, did_on=day("2023-01-01"))
    found = check_status(situation, day("2024-06-28"))
    assert not isinstance(found, Refused)
    assert (found.outcome, found.reason, found.holds_until) == ("passed", "status.suspended", day("2024-06-28"))
    assert found.attributes == ("suspended",)  # 365 days before the contract: not more than twelve months
    assert [(each.name, each.value, each.since) for each in found.applied] == [
        ("income_employee_cents", 850_000, day("2022-01-01")), ("suspension_days", 180, day("2015-09-24")),
        ("long_term_days", 365, day("2015-09-24")),
    ]  # fmt: skip
    longer = WorkSituation("employee", 2_000_000, contract=WorkPeriod(day("2024-01-01"), day("2024-06-29")))
    lost = check_status(longer, TODAY)
    assert not isinstance(lost, Refused)
    assert (lost.outcome, lost.reason) == ("failed", "status.working")


def test_long_term_is_more_than_twelve_months() -> None:
    for on, attributes in (("2024-12-31", ()), ("2025-01-01", ("long_term",))):
        found = check_status(WorkSituation("unemployed", did_on=day("2024-01-01")), day(on))
        assert not isinstance(found, Refused)
        assert found.attributes == attributes


@pytest.mark.parametrize(
    ("situation", "code"),
    [
        (WorkSituation("unemployed", contract=WorkPeriod(day("2024-01-01"))), "contract_alive"),
        (WorkSituation("employee", contract=WorkPeriod(day("2024-02-01"), day("2024-01-01"))), "contract_order"),
        (WorkSituation("employee", contract=WorkPeriod(day("2024-12-01"))), "contract_later"),
        (WorkSituation("unemployed", did_on=day("2024-12-01")), "did_later"),
        (WorkSituation("never_worked", contract=WorkPeriod(day("2024-01-01"))), "never_worked"),
    ],
)
def test_days_that_cannot_be(situation: WorkSituation, code: str) -> None:
    found = check_status(situation, TODAY)
    assert isinstance(found, Refused)
    assert found.code == code


def test_a_check_says_which_threshold_of_which_day() -> None:
    found = check_status(WorkSituation("employee", employee_pay=820_000), day("2021-06-01"))
    assert not isinstance(found, Refused)
    event = checked("status", "2021-06-01", outcome=found.outcome, reason=found.reason, applied=found.applied)
    told = explaining.explain(event, {"employee_pay": 8200}, TODAY)
    assert "supera la soglia di 8.145,00 € in vigore dal 01/01/2019" in " ".join(told.lines).replace("\xa0", " ")
    later = check_status(WorkSituation("employee", employee_pay=820_000), day("2022-06-01"))
    assert not isinstance(later, Refused)
    assert (found.outcome, later.outcome) == ("failed", "passed")


# What the Region says


def reported(measure: str = "gol", said_on: str = "2024-02-01", **changes: Any) -> facts.ConcurrentMeasureReported:
    return facts.ConcurrentMeasureReported.model_validate({
        "on": said_on, "person_id": AMINA, "measure": measure, "since": "2024-01-15", "said_on": said_on,
    } | changes)  # fmt: skip


def test_a_report_asks_for_the_check_again_in_whatever_order() -> None:
    for report_first in (True, False):
        check, report = checked("measures"), reported()
        history = (registered(), report, check) if report_first else (registered(), check, report)
        assert to_repeat(person(*history), TODAY) == {"measures": "reported"}
    closed = facts.PathwayClosed(on=TODAY, person_id=AMINA, outcome="withdrew")
    again = (registered("2024-06-20", 2), checked("measures"))
    assert to_repeat(person(registered(), reported(), closed, *again), TODAY) == {"measures": "reported"}
    assert unanswered(person(registered(), reported(), closed, again[0]), TODAY)


@pytest.mark.parametrize(
    "answer",
    [
        checked("measures", "2024-02-10", reason="measures.gol.complementary", outcome="passed_with_motive"),
        checked("measures", "2024-02-10", evidence="register_read"),
    ],
    ids=["named", "contradicted by a register"],
)
def test_a_report_is_answered_in_whatever_order(answer: facts.EligibilityChecked) -> None:
    for order in permutations((reported(), answer)):
        assert to_repeat(person(registered(), *order), TODAY) == {}


def test_a_declaration_does_not_outweigh_a_report_and_what_is_over_asks_nothing() -> None:
    def declare(state: Person, measure: str = "none", evidence: Any = "self_declaration") -> Any:
        return domain.assess_measures(
            state, person_id=AMINA, measure=measure, motive=None, evidence=evidence,
            evidence_on=day("2024-02-10"), on=day("2024-02-10"), today=TODAY,
        )  # fmt: skip

    given(STREAM, registered(), reported()).when(declare).refused("reported_by_region")
    assert not isinstance(declare(person(registered(), reported()), "gol"), Refused)
    assert not isinstance(declare(person(registered(), reported()), evidence="register_read"), Refused)
    for quiet in (
        reported("income_support"), reported(until="2024-01-31"), reported(withdrawn=True),
    ):  # fmt: skip
        assert to_repeat(person(*PASSED, quiet), TODAY) == {}
    # An older reading does not come back over a newer one.
    assert to_repeat(person(*PASSED, reported(withdrawn=True, said_on="2024-03-01"), reported()), TODAY) == {}


def test_nobody_is_taken_in_charge_over_an_unanswered_report_or_an_ended_suspension() -> None:
    def charge(state: Person) -> Any:
        return domain.take_in_charge(
            state, person_id=AMINA, case_manager="u-giulia.rossi", readiness="ready", reasons=REF, on=day("2024-03-01"),
            today=TODAY,
        )  # fmt: skip

    given(STREAM, *PASSED, interviewed(), reported()).when(charge).refused("checks_to_repeat")
    ended = checked("status", reason="status.suspended", holds_until="2024-02-29")
    given(STREAM, *PASSED, ended, interviewed()).when(charge).refused("checks_to_repeat")
    assert not isinstance(charge(person(*PASSED, interviewed())), Refused)


def test_a_report_of_an_unknown_measure_is_other_and_of_nobody_is_nothing() -> None:
    values: dict[str, Any] = {"since": TODAY, "until": None, "said_on": TODAY, "withdrawn": False}
    assert report_measure(Person(), person_id=AMINA, measure="gol", **values) == []
    decision = report_measure(person(registered()), person_id=AMINA, measure="nuova", **values)
    assert not isinstance(decision, Refused)
    assert [getattr(fact, "measure", "") for fact in decision] == ["other"]


# Samples


def test_a_draw_is_the_smallest_hashes_and_can_be_drawn_again() -> None:
    population = [f"00000000-0000-4000-8000-{n:012d}" for n in range(41)]
    drawn = draw(population, 7, 5)
    assert len(drawn) == 3  # 2.05, rounded up
    assert drawn == draw(reversed(population), 7, 5)
    hashes = {one: hashlib.sha256(f"7:{one}".encode()).hexdigest() for one in population}
    assert set(drawn) == set(sorted(population, key=hashes.__getitem__)[:3])
    assert drawn != draw(population, 8, 5)
    assert digest(population) == digest(reversed(population)) != digest(population[1:])


def test_a_half_year_is_drawn_once_and_when_it_is_over() -> None:
    def run(state: Sample, today: date, population: Any = (FACT,)) -> Any:
        return sample(
            state, sample_id="declarations-2024-h1", population=population, seed=1, share_percent=5, today=today
        )

    assert bounds("declarations-2024-h1") == (day("2024-01-01"), day("2024-06-30"))
    for state, today, code in (
        (Sample(), day("2024-06-30"), "period_open"), (Sample(()), day("2024-07-01"), "already_drawn"),
    ):  # fmt: skip
        assert run(state, today).code == code
    assert run(Sample(), day("2024-07-01"), ()).code == "no_declaration"
    (fact,) = run(Sample(), day("2024-07-01"))
    assert fact.drawn == (FACT,)


def test_a_declaration_that_is_untrue_fails_its_check_and_one_unconfirmed_asks_for_it_again() -> None:
    def run(state: Person, outcome: Any, drawn: Sample | None = None) -> Any:
        return verify(
            state, drawn or Sample((FACT,)), person_id=AMINA, sample_id="declarations-2024-h1", fact_id=FACT,
            check="status", declared_on=day("2024-01-10"), outcome=outcome, notes=None, on=TODAY, today=TODAY,
        )  # fmt: skip

    state = person(*PASSED)
    assert run(state, "confirmed", Sample(("x",))).code == "not_drawn"
    assert to_repeat(person(*PASSED, *run(state, "confirmed")), TODAY) == {}
    assert to_repeat(person(*PASSED, *run(state, "recheck")), TODAY) == {"status": "sample"}
    assert to_repeat(person(*PASSED, *run(state, "recheck"), checked("status", "2024-06-20")), TODAY) == {}
    lapsed = person(*PASSED, *run(state, "lapsed"))
    assert lapsed.failed == ("status",)
    assert run(lapsed, "confirmed").code == "already_verified"


# The notice before a refusal


def test_a_refusal_waits_for_the_notice_where_it_is_in_use() -> None:
    failed = checked("domicile", outcome="failed", reason="domicile.outside")

    def close(state: Person, on: str, days: int = 10) -> Any:
        return domain.close(state, person_id=AMINA, outcome="not_eligible", on=day(on), today=TODAY, notice_days=days)

    def notice(state: Person, days: int = 10) -> Any:
        return conclusions.notice_refusal(
            state, person_id=AMINA, days=days, text=None, on=day("2024-02-01"), today=TODAY, festive=()
        )

    assert close(person(registered(), failed), "2024-02-01", 0)[0].grounds == ("domicile.outside",)
    given(STREAM, registered(), failed).when(lambda p: close(p, "2024-02-01")).refused("notice_missing")
    given(STREAM, registered(), failed).when(lambda p: notice(p, 0)).refused("notice_not_used")
    given(STREAM, *PASSED).when(notice).refused("no_failed_check")
    (told,) = notice(person(registered(), failed))
    assert told.answer_by == day("2024-02-12")  # the tenth day is a Sunday
    given(STREAM, registered(), failed, told).when(lambda p: close(p, "2024-02-12")).refused("notice_running")
    assert not isinstance(close(person(registered(), failed, told), "2024-02-13"), Refused)
    assert domain.parameter("refusal_notice_days", TODAY) == 0


@pytest.mark.parametrize(
    ("on", "last"),
    [
        ("2024-02-02", "2024-02-12"),  # a Monday
        ("2024-02-01", "2024-02-12"),  # a Sunday: the Monday
        ("2024-02-07", "2024-02-17"),  # a Saturday stays
        ("2024-03-21", "2024-04-02"),  # Easter and the Monday after it: the Tuesday
        ("2024-12-15", "2024-12-27"),  # Christmas and Santo Stefano
        ("2025-09-24", "2025-10-04"),  # a Saturday and the patron of Bologna alone: no feast of all Italy ...
        ("2027-09-24", "2027-10-05"),  # ... and from 2026 on one (L. 151/2025)
    ],
)
def test_a_term_that_ends_on_a_festive_day_ends_on_the_next_that_is_none(on: str, last: str) -> None:
    known = festive(day(on).year, day(on).year + 1)
    assert last_day(day(on), 10, known) == day(last)
    assert (last_day(day(on), 10, ()) == day(last)) == (not known & {day(on) + timedelta(days=10)}), "the control"
