"""Funding by its rules: approval, refusal, payments, soundness, corrections."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.enterprise import domain
from services.enterprise.domain import budget_stream, project_stream
from shared.decisions import Decision
from shared.events.base import Event
from shared.events.enterprise import (
    EnterpriseFunded,
    FundingApproved,
    FundingRefused,
    FundsPaid,
    PaymentMade,
)
from shared.web.readers import role_may, roles
from tests.fixtures.enterprise import (
    AMINA,
    BAKERY,
    ELENA,
    GIORGIO,
    LINE,
    TODAY,
    budget,
    committed,
    judged,
    of_cooperative,
    submitted,
)
from tests.fixtures.gwt import given

TAILORS = "00000000-0000-4000-8000-00000000b002"


FIRST, SECOND = "00000000-0000-4000-8000-00000000d001", "00000000-0000-4000-8000-00000000d002"


def approved(amount: int = 1_000_000) -> FundingApproved:
    return FundingApproved(project_id=BAKERY, budget_id=LINE, amount=amount, approved_by=GIORGIO, on=date(2024, 4, 1))


def paid(amount: int, payment_id: str = FIRST, order: str = "2024-17", on: date = date(2024, 5, 2)) -> PaymentMade:
    return PaymentMade(project_id=BAKERY, payment_id=payment_id, budget_id=LINE, amount=amount, order=order, on=on)


def booked(
    amount: int, payment_id: str = FIRST, order: str = "2024-17", on: date = date(2024, 5, 2),
    project: str = BAKERY,
) -> FundsPaid:  # fmt: skip
    return FundsPaid(budget_id=LINE, project_id=project, payment_id=payment_id, amount=amount, order=order, on=on)


def approve(project: domain.Project, line: domain.Budget, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "budget_id": LINE, "amount": 1_000_000, "by": GIORGIO, "role": domain.MANAGERS,
        "on": date(2024, 4, 1), "today": TODAY,
    }  # fmt: skip
    return domain.approve_funding(project, line, **(values | changes))


def refuse(project: domain.Project, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "reason": "priorities",
        "by": GIORGIO,
        "role": domain.MANAGERS,
        "on": date(2024, 4, 1),
        "today": TODAY,
    }
    return domain.refuse_funding(project, **(values | changes))


def pay(project: domain.Project, line: domain.Budget, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "payment_id": SECOND,
        "amount": 400_000,
        "order": "2024-18",
        "on": date(2024, 5, 20),
        "today": TODAY,
    }
    return domain.make_payment(project, line, **(values | changes))


class TestApproval:
    ready = given(project_stream(BAKERY), submitted(), judged()).given(budget_stream(LINE), budget())

    def test_the_money_is_bound_and_the_pathway_says_so(self) -> None:
        funded = EnterpriseFunded(person_id=AMINA, project_id=BAKERY, amount=1_000_000, on=date(2024, 4, 1))
        self.ready.when(approve).then(funded, approved(), committed(1_000_000))

    def test_a_social_enterprise_has_no_pathway(self) -> None:
        project = given(project_stream(BAKERY), of_cooperative(), judged())
        project = project.given(budget_stream(LINE), budget())
        project.when(lambda state, line: approve(state, line, amount=800_000)).then(
            approved(800_000), committed(800_000)
        )

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"by": ELENA}, "two_keys"),
            ({"role": domain.JUDGES}, "not_the_manager"),
            ({"amount": 1_200_001}, "over_requested"),
            ({"amount": 0}, "nothing_approved"),
            ({"on": date(2024, 2, 28)}, "before_previous"),
            ({"on": date(2024, 7, 1)}, "future_date"),
            ({"budget_id": "budget-2023-fsp"}, "other_year"),
        ],
    )
    def test_refused(self, changes: dict[str, Any], code: str) -> None:
        self.ready.when(lambda state, line: approve(state, line, **changes)).refused(code)

    def test_only_after_a_suitable_judgement(self) -> None:
        line = budget_stream(LINE), budget()
        given(project_stream(BAKERY)).given(*line).when(approve).refused("no_project")
        given(project_stream(BAKERY), submitted()).given(*line).when(approve).refused("not_judged")
        unsuitable = given(project_stream(BAKERY), submitted(), judged("unsuitable", 40))
        unsuitable.given(*line).when(approve).refused("unsuitable")

    def test_once(self) -> None:
        project = given(project_stream(BAKERY), submitted(), judged(), approved())
        project.given(budget_stream(LINE), budget()).when(approve).refused("decided")

    def test_the_ceilings_are_those_of_the_kind(self) -> None:
        line = budget_stream(LINE), budget()
        micro = given(project_stream(BAKERY), submitted(requested=3_000_000), judged()).given(*line)
        micro.when(lambda state, line: approve(state, line, amount=2_500_001)).refused("over_ceiling")
        most = micro.when(lambda state, line: approve(state, line, amount=2_500_000))
        assert isinstance(most.decision, list)
        grant = given(project_stream(BAKERY), of_cooperative(), judged()).given(*line)
        grant.when(lambda state, line: approve(state, line, amount=800_001)).refused("over_ceiling")

    def test_within_the_years_line(self) -> None:
        project = given(project_stream(BAKERY), submitted(), judged())
        tight = project.given(budget_stream(LINE), budget(1_500_000), committed(500_001, TAILORS))
        assert "0,01" in tight.when(approve).refused("over_budget").sentence
        fits = project.given(budget_stream(LINE), budget(1_500_000), committed(500_000, TAILORS))
        assert isinstance(fits.when(approve).decision, list)
        project.given(budget_stream(LINE)).when(approve).refused("no_budget")


class TestRefusal:
    def test_with_a_reason(self) -> None:
        given(project_stream(BAKERY), submitted(), judged()).when(refuse).then(
            FundingRefused(project_id=BAKERY, reason="priorities", decided_by=GIORGIO, on=date(2024, 4, 1))
        )

    def test_a_withdrawal_may_come_before_the_judgement_the_rest_may_not(self) -> None:
        project = given(project_stream(BAKERY), submitted())
        project.when(refuse).refused("not_judged")
        by_judge = project.when(lambda state: refuse(state, role=domain.JUDGES, reason="withdrawn"))
        by_judge.refused("not_the_manager")
        assert isinstance(project.when(lambda state: refuse(state, reason="withdrawn")).decision, list)

    def test_an_unsuitable_project_has_nothing_left_to_refuse(self) -> None:
        project = given(project_stream(BAKERY), submitted(), judged("unsuitable", 30))
        project.when(refuse).refused("unsuitable")

    def test_not_once_approved(self) -> None:
        given(project_stream(BAKERY), submitted(), judged(), approved()).when(refuse).refused("decided")


class TestPayment:
    funded = given(project_stream(BAKERY), submitted(), judged(), approved(), paid(600_000)).given(
        budget_stream(LINE), budget(), committed(1_000_000), booked(600_000)
    )

    def test_the_rest_is_paid(self) -> None:
        rest = (400_000, SECOND, "2024-18", date(2024, 5, 20))
        self.funded.when(pay).then(paid(*rest), booked(*rest))

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"amount": 400_001}, "over_approved"),
            ({"amount": 0}, "nothing_paid"),
            ({"order": "2024-17"}, "order_used"),
            ({"on": date(2024, 3, 31)}, "before_previous"),
            ({"on": date(2024, 7, 1)}, "future_date"),
        ],
    )
    def test_refused(self, changes: dict[str, Any], code: str) -> None:
        self.funded.when(lambda state, line: pay(state, line, **changes)).refused(code)

    def test_the_order_number_is_used_once_on_the_line_also_by_another_project(self) -> None:
        project = given(project_stream(BAKERY), submitted(), judged(), approved())
        other = booked(1, order="2024-18", project=TAILORS)
        taken = project.given(budget_stream(LINE), budget(), committed(1), other)
        taken.when(pay).refused("order_used")

    def test_only_what_was_approved(self) -> None:
        project = given(project_stream(BAKERY), submitted(), judged())
        project.given(budget_stream(LINE), budget()).when(pay).refused("not_approved")


class TestSoundness:
    """What a correction must leave behind it: the same invariants, on the facts that then hold."""

    def test_cancelling_the_approval_frees_the_project_unless_something_was_paid(self) -> None:
        stream = project_stream(BAKERY)
        without = given(stream, submitted(), judged()).states[0]
        assert domain.sound(without) is None
        assert domain.status(without) == "to_decide"
        given(stream, submitted(), judged(), paid(1)).when(lambda state: domain.sound(state) or []).refused(
            "already_paid"
        )

    def test_the_submission_carries_the_rest(self) -> None:
        given(project_stream(BAKERY), judged()).when(lambda state: domain.sound(state) or []).refused("has_later_facts")

    def test_a_judgement_under_a_decision_stays_suitable(self) -> None:
        given(project_stream(BAKERY), submitted(), judged("unsuitable", 20), approved()).when(
            lambda state: domain.sound(state) or []
        ).refused("unsuitable")

    def test_dates_stay_in_order(self) -> None:
        given(project_stream(BAKERY), submitted(), judged(on=date(2024, 4, 2)), approved()).when(
            lambda state: domain.sound(state) or []
        ).refused("dates_out_of_order")

    def test_a_line_whose_amount_is_cancelled_had_no_commitments(self) -> None:
        given(budget_stream(LINE), committed(1)).when(lambda line: domain.sound_budget(line) or []).refused("no_budget")


def test_parameters_hold_from_their_day_on() -> None:
    assert domain.parameter("ceiling.social_innovation", date(2024, 1, 1)) == 800_000
    with pytest.raises(LookupError):
        domain.parameter("ceiling.social_innovation", date(2016, 12, 31))
    assert all(row.source for row in domain.PARAMETERS)


def test_status_follows_the_facts() -> None:
    stream = project_stream(BAKERY)
    steps = [submitted(), judged(), approved(), paid(600_000), paid(400_000, SECOND, "2024-18")]
    seen = [domain.status(given(stream, *steps[:count]).states[0]) for count in range(len(steps) + 1)]
    assert seen == ["cancelled", "to_judge", "to_decide", "to_pay", "to_pay", "paid"]


def test_no_role_holds_both_keys_and_the_rules_know_the_roles_by_name() -> None:
    for role in roles():
        assert not (role_may(role, "enterprise.judge") and role_may(role, "enterprise.approve")), role
    assert role_may(domain.JUDGES, "enterprise.judge")
    assert role_may(domain.MANAGERS, "enterprise.approve")


@pytest.mark.parametrize(
    ("fact", "changed", "role", "code"),
    [
        (judged(), ["score"], domain.MANAGERS, "other_committee"),
        (approved(), [], domain.JUDGES, "other_committee"),
        (approved(), [], "enterprise_operator", "other_committee"),
        (submitted(), ["requested"], domain.JUDGES, "not_the_office"),
        (submitted(), ["person_id"], "enterprise_operator", "field_fixed"),
        (committed(1), [], domain.MANAGERS, "not_correctable"),
    ],
)
def test_only_who_decided_corrects_and_not_everything(fact: Event, changed: list[str], role: str, code: str) -> None:
    refused = domain.check_correction(fact, changed, role=role)
    assert refused is not None
    assert refused.code == code
    assert domain.check_correction(approved(), ["amount"], role=domain.MANAGERS) is None


def test_a_judgement_under_a_decision_is_not_corrected() -> None:
    project = given(project_stream(BAKERY), submitted(), judged(), approved()).states[0]
    refused = domain.check_project_after(project, project, judged(), by=ELENA, charge=None)
    assert refused is not None
    assert refused.code == "decided"
    free = given(project_stream(BAKERY), submitted(), judged()).states[0]
    assert domain.check_project_after(free, free, judged(), by=ELENA, charge=None) is None
