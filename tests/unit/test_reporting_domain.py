"""The definitions of the half-year's figures, and when a report may be published."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.reporting import domain, figures
from services.reporting.domain import HIDDEN, HalfYear, Period, half_year, masked, period_of, report_stream
from services.reporting.domain.figures import mean_days
from services.reporting.domain.periods import parameter
from shared.events.base import Event
from shared.events.enterprise import FundingApproved, PaymentMade, ProjectSubmitted, TechnicalJudgementGiven
from shared.events.reporting import ReportPublished
from shared.events.training import CourseCompleted, Enrolled
from tests.fixtures.gwt import given
from tests.fixtures.reporting import (
    AMINA,
    BAKERY,
    LUCA,
    PIETRO,
    REFERENCE,
    SAMIRA,
    WORKSHOP,
    an_id,
    charged,
    extended,
    joined,
    met,
    placed,
    registered,
    selecting,
)

H1 = Period(2024, 1)
COURSE, PROJECT = an_id("course"), an_id("project")


def counted(*facts: Event, period: Period = H1) -> HalfYear:
    return half_year(facts, period.start, period.end)


# --- people --------------------------------------------------------------------------------------------------


def test_enrolments_are_registrations_whose_civil_date_is_in_the_half_year() -> None:
    found = counted(
        registered(AMINA, date(2023, 12, 31)), registered(LUCA, date(2024, 1, 1)),
        registered(SAMIRA, date(2024, 6, 30)), registered(PIETRO, date(2024, 7, 1)),
    )  # fmt: skip
    assert found.enrolments == 2


def test_people_are_split_by_sex_age_and_domicile_on_the_day() -> None:
    found = counted(
        registered(AMINA, sex="F", age_band="50-59", in_capital=True),
        registered(
            LUCA, sex="M", age_band="70+", in_capital=False, district="imola", union="nuovo-circondario-imolese"
        ),
        registered(SAMIRA, sex="X", age_band="40-49", in_capital=False, district="pianura-ovest", union=None),
    )  # fmt: skip
    assert (found.men, found.women, found.undeclared, found.over_50, found.in_capital) == (1, 1, 1, 2, 1)
    assert {k: n for k, n in found.by_district.items() if n} == {
        "citta-di-bologna": 1, "imola": 1, "pianura-ovest": 1,
    }  # fmt: skip
    assert {k: n for k, n in found.by_union.items() if n} == {"nuovo-circondario-imolese": 1, "none": 2}


def test_a_union_that_is_no_more_still_has_its_people() -> None:
    assert counted(registered(union="unione-scomparsa")).by_union["unione-scomparsa"] == 1


# --- placements ----------------------------------------------------------------------------------------------


def test_a_placement_is_a_contract_act_and_not_a_person() -> None:
    found = counted(placed(on=date(2024, 2, 1)), extended(on=date(2024, 4, 1)), extended(on=date(2024, 6, 1)))
    assert (found.placements, found.first_placements, found.new_relationships, found.extensions) == (3, 1, 0, 2)
    assert (found.persons_placed, found.persons_started) == (1, 1)


def test_a_second_start_is_a_new_relationship_also_when_the_first_was_years_ago() -> None:
    found = counted(placed(AMINA, date(2021, 3, 1)), placed(AMINA, date(2024, 3, 1), n=2))
    assert (found.first_placements, found.new_relationships) == (0, 1)


def test_by_person_counts_the_acts_of_whoever_had_no_placement_before_the_first_day() -> None:
    """Two readings of the same acts: a newcomer's second contract is a new relationship, and still a newcomer's."""
    found = counted(
        placed(AMINA, date(2023, 10, 1)), extended(AMINA, date(2024, 1, 10)),
        placed(LUCA, date(2024, 1, 1)), placed(LUCA, date(2024, 5, 1), n=2),
    )  # fmt: skip
    assert (found.placements, found.acts_of_newcomers, found.acts_of_others) == (3, 2, 1)
    assert (found.first_placements, found.new_relationships, found.extensions) == (1, 1, 1)


def test_the_contracts_of_the_acts_are_counted_an_extension_with_the_one_it_prolongs() -> None:
    found = counted(
        placed(AMINA, contract="permanent", ends_on=None), placed(LUCA), extended(LUCA),
        placed(SAMIRA, contract="agency"), placed(PIETRO, contract="traineeship"),
    )  # fmt: skip
    assert (found.permanent, found.fixed_term, found.other_contracts) == (1, 2, 2)


def test_of_two_starts_on_one_day_the_one_recorded_first_is_the_first() -> None:
    one, other = placed(AMINA, company_id=BAKERY), placed(AMINA, n=2, company_id=WORKSHOP)
    assert counted(one, other).first_placements == 1
    assert counted(one, one).placements == 2


def test_the_wait_runs_from_the_first_interview_to_the_start_of_the_first_placement() -> None:
    found = counted(
        met(AMINA, date(2023, 12, 1)), met(AMINA, date(2024, 1, 15)), placed(AMINA, date(2024, 2, 1)),
        placed(AMINA, date(2024, 6, 1), n=2),
    )  # fmt: skip
    assert (found.mean_wait, found.waits) == (62, 1)


def test_who_was_not_interviewed_before_has_no_wait_and_is_named() -> None:
    found = counted(placed(AMINA, date(2024, 2, 1)), met(LUCA, date(2024, 3, 1)), placed(LUCA, date(2024, 2, 1)))
    assert (found.mean_wait, found.waits, found.without_interview) == (None, 0, 2)


@pytest.mark.parametrize(("waits", "mean"), [([], None), ([0], 0), ([51, 52], 52), ([50, 51, 51], 51), ([1, 0, 0], 0)])
def test_the_mean_is_rounded_half_up(waits: list[int], mean: int | None) -> None:
    assert mean_days(waits) == mean


# --- companies, training, projects -----------------------------------------------------------------------------


def test_companies_are_counted_once_whatever_they_do() -> None:
    found = counted(
        placed(AMINA, company_id=BAKERY), extended(AMINA, company_id=BAKERY), placed(LUCA, company_id=WORKSHOP),
        selecting(BAKERY, n=1), selecting(BAKERY, n=2), selecting(WORKSHOP),
        joined(BAKERY, size="21-49"), joined(WORKSHOP, size="50-249"), joined(an_id("factory"), date(2023, 12, 1)),
    )  # fmt: skip
    assert (found.hiring_companies, found.selections, found.selecting_companies) == (2, 3, 2)
    assert (found.new_companies, found.small_new_companies) == (2, 1)


def test_training_is_counted_by_line() -> None:
    one = Enrolled(on=date(2024, 3, 1), person_id=AMINA, course_id=COURSE, line="2a")
    done = CourseCompleted(
        on=date(2024, 7, 1), person_id=AMINA, course_id=COURSE, line="2a", hours=40, certificate="attendance"
    )
    found = counted(one, done)
    assert found.courses_enrolled == {"2a": 1, "2b": 0, "2c": 0}
    assert found.courses_completed == {"2a": 0, "2b": 0, "2c": 0}
    assert counted(one, done, period=H1.after).courses_completed["2a"] == 1


def test_projects_are_counted_with_their_amounts() -> None:
    day, budget = date(2024, 3, 1), "budget-2024-fsp"
    found = counted(
        ProjectSubmitted(on=day, project_id=PROJECT, kind="self_employment", person_id=AMINA, organisation_id=None,
                         sector="crafts", requested=900_000, jobs=1, card=REFERENCE),
        TechnicalJudgementGiven(on=day, project_id=PROJECT, outcome="suitable", score=80, judged_by="u-anna.serra",
                                reasons=REFERENCE),
        FundingApproved(on=day, project_id=PROJECT, budget_id=budget, amount=800_000, approved_by="u-maria.landi"),
        PaymentMade(on=day, project_id=PROJECT, payment_id=COURSE, budget_id=budget, amount=300_000, order="m-1"),
    )  # fmt: skip
    assert (found.projects_submitted, found.projects_suitable, found.projects_approved) == (1, 1, 1)
    assert (found.amount_requested, found.amount_approved, found.amount_paid) == (900_000, 800_000, 300_000)


def test_what_nobody_did_is_empty_and_what_does_not_count_is_passed_over() -> None:
    assert counted().empty
    assert counted(charged()).empty
    assert not counted(registered()).empty


# --- properties ----------------------------------------------------------------------------------------------

PEOPLE = (AMINA, LUCA, SAMIRA, PIETRO)
DAYS = st.dates(date(2023, 7, 1), date(2024, 9, 1))


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    facts: list[Event] = []
    for person in PEOPLE:
        for n, day in enumerate(draw(st.lists(DAYS, max_size=4))):
            contract = draw(st.sampled_from(("permanent", "fixed_term", "agency")))
            facts.append(placed(person, day, n=n, contract=contract))
            if contract != "permanent" and draw(st.booleans()):
                facts.append(extended(person, day + timedelta(days=30), n=n, contract=contract))
        if draw(st.booleans()):
            facts.append(met(person, draw(DAYS)))
    return draw(st.permutations(facts))


@any_of(histories())
def test_both_readings_and_the_contracts_add_up_to_the_placements(facts: list[Event]) -> None:
    found = counted(*facts)
    assert found.first_placements + found.new_relationships + found.extensions == found.placements
    assert found.acts_of_newcomers + found.acts_of_others == found.placements
    assert found.permanent + found.fixed_term + found.other_contracts == found.placements
    assert found.waits + found.without_interview == found.first_placements
    assert found.first_placements <= found.persons_started <= found.persons_placed


@any_of(histories())
def test_the_figures_do_not_depend_on_the_order_of_recording(facts: list[Event]) -> None:
    """Where a person has two starts on one day only the company of the first could differ; no figure names it."""
    assert counted(*facts) == counted(*reversed(facts))


@any_of(histories())
def test_half_years_side_by_side_count_each_act_once(facts: list[Event]) -> None:
    halves = [Period(2023, 1), Period(2023, 2), H1, H1.after]
    acts = sum(half_year(facts, p.start, p.end).placements for p in halves)
    assert acts == half_year(facts, halves[0].start, halves[-1].end).placements


# --- small counts --------------------------------------------------------------------------------------------


def test_small_counts_are_hidden_and_noughts_are_not() -> None:
    shown = masked({"imola": 4, "savena-idice": 1, "pianura-est": 0, "citta-di-bologna": 5}, H1.end)
    assert shown == {"imola": "<5", "savena-idice": "<5", "pianura-est": 0, "citta-di-bologna": 5}


def test_a_single_small_count_does_not_follow_from_the_total() -> None:
    shown = masked({"imola": 3, "pianura-est": 8, "citta-di-bologna": 40}, H1.end)
    assert shown == {"imola": "<5", "pianura-est": HIDDEN, "citta-di-bologna": 40}


@any_of(st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 30)))
def test_nothing_under_the_threshold_is_ever_shown(counts: dict[str, int]) -> None:
    shown = masked(counts, H1.end)
    assert all(value == 0 or value >= 5 for value in shown.values() if isinstance(value, int))
    hidden = [key for key, value in shown.items() if isinstance(value, str)]
    assert len(hidden) != 1 or not any(n >= 5 for n in counts.values())


# --- periods -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["2024-3", "24-1", "2024", "2024-1x", "report-2024-1", "", "1999-1"])
def test_what_is_no_half_year_is_none(code: str) -> None:
    assert period_of(code) is None


def test_half_years_follow_each_other() -> None:
    assert period_of("2024-1") == period_of("report-2024-h1") == H1
    assert (H1.start, H1.end) == (date(2024, 1, 1), date(2024, 6, 30))
    assert H1.year_before == Period(2023, 1)
    assert H1.before == Period(2023, 2)
    assert H1.before.after == H1
    assert Period.holding(date(2024, 7, 1)) == H1.after


def test_a_parameter_that_was_not_yet_in_force_is_an_error() -> None:
    with pytest.raises(LookupError):
        parameter("small_count", date(2017, 1, 1))


# --- publication ---------------------------------------------------------------------------------------------

STREAM = report_stream(H1)
AS_OF = datetime(2024, 7, 31, 21, 59, 59, tzinfo=UTC)
PUBLISHED = ReportPublished(on=date(2024, 9, 24), report_id="report-2024-h1", as_of=AS_OF, digest="a" * 64)
TODAY = date(2024, 9, 24)


def publish(**other: Any) -> Any:
    values: dict[str, Any] = {
        "period": H1, "as_of": AS_OF, "digest": "a" * 64, "on": TODAY, "today": TODAY, "as_of_day": date(2024, 7, 31),
    }  # fmt: skip
    return lambda report: domain.publish(report, **(values | other))


def test_the_table_publishes_a_half_year_that_is_over() -> None:
    given(STREAM).when(publish()).then(PUBLISHED)


def test_a_half_year_is_published_once() -> None:
    given(STREAM, PUBLISHED).when(publish()).refused("already_published")


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"on": date(2024, 9, 25)}, "future_date"),
        ({"as_of_day": date(2024, 6, 29)}, "period_open"),
        ({"as_of_day": TODAY}, "day_not_over"),
        ({"on": date(2024, 7, 31)}, "published_too_early"),
    ],
)
def test_dates_that_cannot_be_are_refused(other: dict[str, Any], code: str) -> None:
    given(STREAM).when(publish(**other)).refused(code)


@pytest.mark.parametrize(
    ("on", "code"),
    [
        (None, None),
        (date(2024, 9, 20), None),
        (date(2024, 9, 25), "future_date"),
        (date(2024, 7, 1), "published_too_early"),
    ],
)
def test_a_publication_is_cancelled_or_gets_a_date_that_can_be(on: date | None, code: str | None) -> None:
    refused = domain.correctable(PUBLISHED, on, date(2024, 7, 31), TODAY)
    assert (refused.code if refused else None) == code


def test_what_is_no_publication_cannot_be_corrected_here() -> None:
    refused = domain.correctable(registered(), None, date(2024, 7, 31), TODAY)
    assert refused is not None
    assert refused.code == "fact_not_found"


def test_the_digest_names_period_and_instant_and_the_figures() -> None:
    found = counted(registered())
    one = figures.digest(H1, AS_OF, found)
    assert one == figures.digest(H1, AS_OF, counted(registered()))
    others = {
        figures.digest(H1.after, AS_OF, found), figures.digest(H1, AS_OF + timedelta(days=1), found),
        figures.digest(H1, AS_OF, counted()),
    }  # fmt: skip
    assert one not in others
    assert len(others) == 3


def test_the_digest_gives_no_small_count_away() -> None:
    three = [registered(p) for p in (AMINA, LUCA, SAMIRA)] + [registered(PIETRO, district="imola")]
    two = [registered(p) for p in (AMINA, LUCA)] + [registered(p, district="imola") for p in (SAMIRA, PIETRO)]
    assert figures.digest(H1, AS_OF, counted(*three)) == figures.digest(H1, AS_OF, counted(*two))


def test_the_tables_show_every_figure_once_and_name_what_is_illustrative() -> None:
    tables = figures.tables(counted(registered()), None, figures.Look(H1, small=True, demo=True))
    assert {t.key for t in tables} == {
        "persone", "inserimenti", "persone-inserite", "contratti", "aziende", "distretti", "unioni", "formazione",
        "progetti",
    }  # fmt: skip
    marked = {line.label for table in tables for line in table.lines if line.illustrative}
    assert {"uomini", "da 50 anni in su", "domiciliate a Bologna", "Imola"} <= marked
    assert "Iscrizioni" not in marked
    plain = figures.tables(counted(registered()), None, figures.Look(H1, small=True, demo=False))
    assert not any(line.illustrative for table in plain for line in table.lines)


def test_who_may_not_follow_persons_sees_no_small_count_anywhere() -> None:
    found = counted(registered(AMINA), registered(LUCA, district="imola"))
    rows = figures.rows(figures.tables(found, found, figures.Look(H1, small=False, demo=False)))
    by_place = [r for r in rows if r["group"].startswith("Iscrizioni per")]
    assert {r["value"] for r in by_place} <= {None, 0}
    assert {r["note"] for r in by_place} == {"", "semestre <5 (non mostrato), confronto <5 (non mostrato)"}
    assert figures.shown(found, H1.end, small=False)["by_district"]["imola"] == "<5"
    assert figures.shown(found, H1.end, small=True)["by_district"]["imola"] == 1


def test_every_order_of_three_facts_gives_the_same_report() -> None:
    facts = (met(AMINA, date(2024, 1, 2)), placed(AMINA, date(2024, 2, 1)), extended(AMINA, date(2024, 3, 1)))
    assert len({str(counted(*order)) for order in permutations(facts)}) == 1
