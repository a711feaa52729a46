"""The folds of enterprise, fed by hand: what its pages show."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from services.enterprise import labels
from services.enterprise.commands import PaymentForm
from services.enterprise.views import (
    VIEWS,
    fold_budget,
    fold_payment,
    fold_person,
    fold_project,
    publishable,
)
from shared.envelope import Meta
from shared.events.base import Event
from shared.events.enterprise import (
    BudgetSet,
    FundingApproved,
    FundingRefused,
    FundsCommitted,
    FundsPaid,
    PaymentMade,
    ProjectSubmitted,
    TechnicalJudgementGiven,
)
from shared.events.intake import PathwayClosed, PersonRegistered, PlanAction, PlanAgreed, TakenInCharge
from shared.projection import View
from shared.projection.aliases import ALIASES
from shared.projection.privacy import PRIVACY

AMINA = "00000000-0000-4000-8000-00000000a001"
BAKERY = "00000000-0000-4000-8000-00000000b001"
CARD = f"{BAKERY}:1:{'0' * 64}"
LINE = "budget-2024-fsp"
DAY = date(2024, 3, 1)
META = Meta(
    id=BAKERY, source="enterprise", type="x", type_version=1, subject=BAKERY,
    time=datetime(2024, 3, 1, tzinfo=UTC), topic="projects", partition=0, number=1, predecessor=None,
    actor="u-luca.bassi", cause=BAKERY,
    correlation=BAKERY, causation=None, hops=0,
)  # fmt: skip

SUBMITTED = ProjectSubmitted(
    project_id=BAKERY, kind="self_employment", person_id=AMINA, organisation_id=None, sector="crafts",
    requested=1_200_000, jobs=1, card=CARD, on=DAY,
)  # fmt: skip
JUDGED = TechnicalJudgementGiven(
    project_id=BAKERY, outcome="suitable", score=80, judged_by="u-anna.serra", reasons=CARD, on=DAY
)
APPROVED = FundingApproved(project_id=BAKERY, budget_id=LINE, amount=1_000_000, approved_by="u-maria.landi", on=DAY)


def payment(amount: int, order: str) -> PaymentMade:
    return PaymentMade(
        project_id=BAKERY, payment_id=AMINA, budget_id=LINE, amount=amount, order=order, on=date(2024, 5, 2)
    )


def row_of(fold: Any, *facts: Event) -> dict[str, Any]:
    row = None
    for fact in facts:
        row = fold(row, fact, META)
    assert row is not None
    return dict(row)


def test_a_project_moves_from_queue_to_queue() -> None:
    steps: list[Event] = [SUBMITTED, JUDGED, APPROVED, payment(400_000, "17"), payment(600_000, "18")]
    seen = [row_of(fold_project, *steps[: count + 1])["status"] for count in range(len(steps))]
    assert seen == ["to_judge", "to_decide", "to_pay", "to_pay", "paid"]
    last = row_of(fold_project, *steps)
    assert (last["paid"], last["approved"], last["paid_on"]) == (1_000_000, 1_000_000, date(2024, 5, 2))


def test_a_project_that_is_not_funded() -> None:
    no = FundingRefused(project_id=BAKERY, reason="budget", decided_by="u-maria.landi", on=DAY)
    assert row_of(fold_project, SUBMITTED, JUDGED, no)["status"] == "refused"
    unsuitable = JUDGED.model_copy(update={"outcome": "unsuitable", "score": 20})
    assert row_of(fold_project, SUBMITTED, unsuitable)["status"] == "unsuitable"


def test_a_budget_line() -> None:
    facts = [
        BudgetSet(budget_id=LINE, year=2024, amount=1, source="fsp", on=DAY),
        BudgetSet(budget_id=LINE, year=2024, amount=5_000_000, source="fsp", on=DAY),
        FundsCommitted(budget_id=LINE, project_id=BAKERY, amount=1_000_000, on=DAY),
        FundsPaid(
            budget_id=LINE, project_id=BAKERY, payment_id=AMINA, amount=400_000, order="17", on=DAY
        ),
    ]  # fmt: skip
    row = row_of(fold_budget, *facts)
    assert (row["year"], row["name"], row["amount"]) == (2024, "fsp", 5_000_000)
    assert (row["committed"], row["paid"]) == (1_000_000, 400_000)


def test_a_payment_is_a_row() -> None:
    assert row_of(fold_payment, payment(400_000, "2024-17"))["order"] == "2024-17"


def test_a_person_is_in_charge_until_the_pathway_closes_and_again_in_a_new_episode() -> None:
    registered = PersonRegistered(
        person_id=AMINA, episode=1, channel="parish", entry="assisted", age_band="30-39", sex="F",
        citizenship_area="africa", education="tertiary", district="imola", union=None, in_capital=False,
        identity=CARD, on=DAY,
    )  # fmt: skip
    taken = TakenInCharge(
        person_id=AMINA, case_manager="u-giulia.rossi", readiness="ready", reasons=CARD, on=date(2024, 3, 5)
    )
    plan = PlanAgreed(
        person_id=AMINA, plan_id=BAKERY, on=DAY,
        actions=(PlanAction(action_id=BAKERY, direction="enterprise", due_on=DAY),),
    )  # fmt: skip
    closed = PathwayClosed(person_id=AMINA, outcome="found_work", on=date(2024, 6, 1))
    steps: list[Event] = [registered, taken, plan, closed]
    seen = [row_of(fold_person, *steps[: count + 1])["status"] for count in range(len(steps))]
    assert seen == ["registered", "in_charge", "in_charge", "closed"]
    row = row_of(fold_person, *steps)
    assert (row["taken_on"], row["closed_on"], row["planned"]) == (date(2024, 3, 5), date(2024, 6, 1), True)
    again = row_of(fold_person, *steps, registered.model_copy(update={"episode": 2}))
    assert (again["status"], again["taken_on"], again["planned"]) == ("registered", None, False)


OWN_VIEWS = [view for view in VIEWS if view not in (ALIASES, PRIVACY)]
"""Those whose fold is here: who stands under another id or was erased is folded by all services alike (test_aliases,
test_rights_domain)."""


@pytest.mark.parametrize("view", OWN_VIEWS, ids=lambda view: str(view.name))
def test_rows_hold_all_columns_and_folds_leave_the_old_row_alone(view: View) -> None:
    firsts = {"projects": SUBMITTED, "payments": payment(1, "1"),
              "budgets": BudgetSet(budget_id=LINE, year=2024, amount=1, source="fsp", on=DAY),
              "people": PathwayClosed(person_id=AMINA, outcome="withdrew", on=DAY)}  # fmt: skip
    row = view.fold(None, firsts[view.name], META)
    assert row is not None
    assert set(row) == set(view.column_names)
    kept = dict(row)
    view.fold(row, firsts[view.name], META)
    assert row == kept


def test_the_list_to_publish_sums_by_beneficiary_and_leaves_out_the_small_ones() -> None:
    def grant(beneficiary: str, amount: int, natural: bool) -> dict[str, Any]:
        person, other = (beneficiary, None) if natural else (None, beneficiary)
        return {"person_id": person, "organisation_id": other, "approved": amount}

    rows = [grant("amina", 60_000, True), grant("amina", 40_001, True), grant("coop", 100_000, False)]
    shown = publishable(rows, threshold=100_000, redact=1)
    assert [(row["approved"], row["natural"]) for row in shown] == [(60_000, True), (40_001, True)]
    assert not any(row["natural"] for row in publishable(rows, threshold=0, redact=0))


@pytest.mark.parametrize(
    ("typed", "read"),
    [("1.234,56", 123_456), ("1234,5", 123_450), ("8.000 €", 800_000), ("0,07", 7), (5, 5)],
)
def test_amounts_are_typed_in_italian(typed: Any, read: int) -> None:
    assert PaymentForm(amount=typed, order="2024-17", on=DAY).amount == read


@pytest.mark.parametrize("typed", ["", "tanto", "1,234", "12,345,6", "-1,00", "€", "1e5"])
def test_what_is_no_amount_is_refused(typed: Any) -> None:
    with pytest.raises(ValidationError):
        PaymentForm(amount=typed, order="2024-17", on=DAY)


def test_every_code_of_a_project_has_italian_words() -> None:
    seen = {"kind": labels.KINDS, "sector": labels.SECTORS}
    for field, words in seen.items():
        assert set(get_args(ProjectSubmitted.model_fields[field].annotation)) == set(words)
    assert set(get_args(FundingRefused.model_fields["reason"].annotation)) == set(labels.REASONS)
    assert set(get_args(BudgetSet.model_fields["source"].annotation)) == set(labels.SOURCES)
    assert labels.line_name(LINE) == "fsp 2024"
