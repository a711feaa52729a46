"""The rules of enterprise: two keys, the year's money, payments within what was approved."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.enterprise import domain
from services.enterprise.domain import Charge, budget_stream, path_stream, project_stream
from shared.decisions import Decision
from shared.events.enterprise import (
    EnterprisePathStarted,
    FundingRefused,
)
from tests.fixtures.enterprise import (
    AMINA,
    BAKERY,
    CARD,
    COOPERATIVE,
    GIORGIO,
    LINE,
    TODAY,
    budget,
    committed,
    judge,
    judged,
    of_cooperative,
    submitted,
)
from tests.fixtures.gwt import given


def submit(project: domain.Project, path: domain.Path, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "project_id": BAKERY, "kind": "self_employment", "person_id": AMINA, "organisation_id": None,
        "sector": "crafts", "requested": 1_200_000, "jobs": 1, "card": CARD, "on": date(2024, 2, 1),
        "today": TODAY, "charge": Charge(taken_on=date(2024, 1, 15)),
    }  # fmt: skip
    values |= changes
    return domain.submit_project(project, path, values.pop("charge"), **values)


def set_line(line: domain.Budget, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "budget_id": LINE, "year": 2024, "amount": 5_000_000, "source": "fsp", "on": date(2024, 1, 10),
        "today": TODAY,
    }  # fmt: skip
    return domain.set_budget(line, **(values | changes))


NOBODY = given(project_stream(BAKERY)).given(path_stream(AMINA))


class TestBudget:
    def test_a_line_gets_its_amount(self) -> None:
        given(budget_stream(LINE)).when(set_line).then(budget())

    def test_a_later_amount_replaces_the_one_before(self) -> None:
        line = given(budget_stream(LINE), budget(5_000_000), committed(1_000_000), budget(1_000_000))
        line.when(set_line).then(budget(5_000_000))
        assert line.states[0].amount == 1_000_000

    def test_not_below_what_is_committed(self) -> None:
        line = given(budget_stream(LINE), budget(), committed(1_000_000))
        line.when(lambda state: set_line(state, amount=999_999)).refused("over_budget")
        line.when(lambda state: set_line(state, amount=1_000_000)).then(budget(1_000_000))

    def test_the_source_is_fixed_by_the_first_commitment(self) -> None:
        set_public = {"source": "public"}
        given(budget_stream(LINE), budget()).when(lambda state: set_line(state, **set_public)).then(
            budget(source="public")
        )
        bound = given(budget_stream(LINE), budget(), committed(1))
        bound.when(lambda state: set_line(state, **set_public)).refused("source_fixed")

    def test_not_in_the_future(self) -> None:
        tomorrow = date(2024, 7, 1)
        given(budget_stream(LINE)).when(lambda state: set_line(state, on=tomorrow)).refused("future_date")


class TestSubmission:
    def test_amina_proposes_a_bakery(self) -> None:
        started = EnterprisePathStarted(person_id=AMINA, project_id=BAKERY, kind="self_employment", on=date(2024, 2, 1))
        NOBODY.when(submit).then(started, submitted())

    def test_a_social_enterprise_proposes_without_being_in_charge(self) -> None:
        changes: dict[str, Any] = {
            "kind": "social_innovation",
            "person_id": None,
            "organisation_id": COOPERATIVE,
            "charge": None,
        }
        NOBODY.when(lambda project, path: submit(project, path, **changes)).then(of_cooperative())

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"charge": None}, "not_in_charge"),
            ({"charge": Charge()}, "not_in_charge"),
            ({"charge": Charge(date(2024, 2, 2))}, "not_yet_in_charge"),
            ({"charge": Charge(date(2024, 1, 2), date(2024, 1, 31))}, "pathway_closed"),
            ({"organisation_id": COOPERATIVE}, "one_proposer"),
            ({"person_id": None}, "one_proposer"),
            ({"person_id": None, "organisation_id": COOPERATIVE}, "kind_of_organisation"),
            ({"requested": 0}, "nothing_requested"),
            ({"on": date(2024, 7, 1)}, "future_date"),
        ],
    )
    def test_refused(self, changes: dict[str, Any], code: str) -> None:
        NOBODY.when(lambda project, path: submit(project, path, **changes)).refused(code)

    def test_reported_late_of_a_day_when_she_was_in_charge(self) -> None:
        closed = Charge(date(2024, 1, 2), date(2024, 5, 31))
        decided = NOBODY.when(lambda project, path: submit(project, path, charge=closed))
        assert isinstance(decided.decision, list)

    def test_once(self) -> None:
        given(project_stream(BAKERY), submitted()).given(path_stream(AMINA)).when(submit).refused("submitted")


class TestJudgement:
    def test_the_committee_judges(self) -> None:
        given(project_stream(BAKERY), submitted()).when(judge).then(judged())

    def test_at_the_threshold_it_is_suitable_below_it_is_not(self) -> None:
        project = given(project_stream(BAKERY), submitted())
        project.when(lambda state: judge(state, score=60)).then(judged(score=60))
        project.when(lambda state: judge(state, score=59)).refused("below_threshold")
        unsuitable = project.when(lambda state: judge(state, score=59, outcome="unsuitable"))
        unsuitable.then(judged("unsuitable", 59))

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"role": domain.MANAGERS}, "not_the_judge"),
            ({"on": date(2024, 1, 31)}, "before_previous"),
            ({"on": date(2024, 7, 1)}, "future_date"),
        ],
    )
    def test_refused(self, changes: dict[str, Any], code: str) -> None:
        given(project_stream(BAKERY), submitted()).when(lambda state: judge(state, **changes)).refused(code)

    def test_once(self) -> None:
        given(project_stream(BAKERY), submitted(), judged()).when(judge).refused("judged")

    def test_only_what_was_submitted_and_is_open(self) -> None:
        given(project_stream(BAKERY)).when(judge).refused("no_project")
        withdrawn = FundingRefused(project_id=BAKERY, reason="withdrawn", decided_by=GIORGIO, on=date(2024, 2, 10))
        given(project_stream(BAKERY), submitted(), withdrawn).when(judge).refused("decided")
