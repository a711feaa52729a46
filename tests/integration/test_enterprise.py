"""Enterprise on a real PostgreSQL and the embedded log: from the submission to the last payment, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, cast
from uuid import uuid4

import pytest

from services.enterprise import commands, domain, views
from services.enterprise.domain import budget_stream, path_stream, project_stream
from shared.decisions import Decision, Refused, Stream
from shared.events import Event
from shared.events.intake import PathwayClosed, TakenInCharge
from shared.service import Service
from shared.store import Accepted, Command, Outcome, Store, Unit
from tests.fixtures.platform import Platform, Running

NOW = datetime(2024, 6, 30, 10, tzinfo=UTC)
ANNA, CARLO, MARIA, LUCA = "u-anna.serra", "u-carlo.fabbri", "u-maria.landi", "u-luca.bassi"
REFERENCE = f"{uuid4()}:1:{'0' * 64}"


INTAKE = Service("intake", views=(), reactions={})
"""An intake that only speaks: what enterprise hears is its facts."""


@dataclass
class House:
    """Enterprise with its worker, and intake's voice."""

    running: Running

    @property
    def store(self) -> Store:
        return self.running.store("enterprise")

    async def quiet(self) -> None:
        """Everything published, read and folded."""
        await self.running.quiet()

    async def said_by_intake(self, *facts: Event) -> None:
        """Intake's facts, in its own store and through the log."""

        async def decide(unit: Unit) -> Decision:
            await unit.states(Stream(facts[0].subject, None, lambda state, _: state))
            return list(facts)

        await accepted(self.running.store("intake").execute(command("u-giulia.rossi"), decide))
        await self.quiet()

    async def rows(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        """One of the view's queries."""
        async with self.store.read() as reading:
            return cast(list[dict[str, Any]], await getattr(views, query)(reading, **arguments))

    async def project(self, project_id: str) -> domain.Project:
        """Its state as it is now."""
        return (await self.store.state(project_stream(project_id)))[0]


def command(actor: str, shown: int | None = None, cause: str | None = None) -> Command:
    return Command(cause or str(uuid4()), actor, NOW, shown)


@pytest.fixture
async def house(platform: Platform) -> House:
    return House(await platform("intake", "enterprise", definitions={"intake": INTAKE}))


async def accepted(outcome: Awaitable[Outcome]) -> Accepted:
    found = await outcome
    assert isinstance(found, Accepted), found
    return found


async def refused(outcome: Awaitable[Outcome]) -> str:
    found = await outcome
    assert isinstance(found, Refused), found
    return found.code


async def amina_in_charge(house: House) -> str:
    amina = str(uuid4())
    await house.said_by_intake(
        TakenInCharge(
            person_id=amina, case_manager="u-giulia.rossi", readiness="ready", reasons=REFERENCE,
            on=date(2024, 1, 15),
        )
    )  # fmt: skip
    return amina


def bakery(person_id: str | None, requested: int = 1_200_000) -> commands.ProjectForm:
    return commands.ProjectForm(
        kind="self_employment", person_id=person_id, sector="crafts", requested=requested, jobs=1,
        title="Forno di quartiere", description="Pane e dolci della tradizione.", on=date(2024, 2, 1),
    )  # fmt: skip


async def submitted(house: House, person_id: str, **changes: Any) -> str:
    done = await accepted(commands.submit_project(house.store, command(LUCA), bakery(person_id, **changes)))
    return done.events[-1].event.subject


async def judged(house: House, project_id: str, actor: str = ANNA) -> None:
    form = commands.JudgementForm(
        outcome="suitable", score=75, reasons="Piano economico credibile.", on=date(2024, 3, 1)
    )
    await accepted(commands.judge_project(house.store, command(actor), project_id, form, role=domain.JUDGES))


async def line(house: House, amount: int = 5_000_000) -> str:
    form = commands.BudgetForm(year=2024, name="fsp", amount=amount, source="fsp", on=date(2024, 1, 10))
    await accepted(commands.set_budget(house.store, command(MARIA), form))
    return "budget-2024-fsp"


def approve(
    house: House, project_id: str, budget_id: str, amount: int, actor: str = MARIA, shown: int | None = None
) -> Awaitable[Outcome]:
    form = commands.ApprovalForm(budget_id=budget_id, amount=amount, on=date(2024, 4, 1))
    by = command(actor, shown)
    return commands.approve_funding(house.store, by, project_id, form, role=domain.MANAGERS)


def pay(house: House, project_id: str, amount: int, order: str) -> Awaitable[Outcome]:
    form = commands.PaymentForm(amount=amount, order=order, on=date(2024, 5, 2))
    return commands.make_payment(house.store, command(LUCA), project_id, form)


async def fact_id(house: House, stream_id: str, type_name: str) -> str:
    return next(r.meta.id for r in await house.store.history(stream_id) if r.meta.type.endswith(type_name))


async def funded(house: House, amount: int = 1_000_000) -> tuple[str, str]:
    """Amina's bakery, judged and approved."""
    amina, budget_id = await amina_in_charge(house), await line(house)
    project_id = await submitted(house, amina)
    await judged(house, project_id)
    await accepted(approve(house, project_id, budget_id, amount))
    return amina, project_id


async def test_from_the_submission_to_the_last_payment(house: House) -> None:
    amina, project_id = await funded(house)
    await accepted(pay(house, project_id, 600_000, "2024-17"))
    await accepted(pay(house, project_id, 400_000, "2024-18"))
    await house.quiet()
    (row,) = await house.rows("projects", person_id=amina)
    assert (row["status"], row["approved"], row["paid"]) == ("paid", 1_000_000, 1_000_000)
    assert row["closed_on"] is None
    (budget,) = await house.rows("budgets", year=2024)
    assert (budget["committed"], budget["paid"], budget["left"]) == (1_000_000, 1_000_000, 4_000_000)
    path, _ = await house.store.state(path_stream(amina))
    assert path == domain.Path((project_id,), (project_id,))
    assert [p["order"] for p in await house.rows("payments", year=2024)] == ["2024-17", "2024-18"]
    (grant,) = await house.rows("grants", year=2024, today=date(2024, 6, 30))
    assert grant["natural"] is True


async def test_the_texts_are_in_the_vault_and_not_in_the_log(house: House) -> None:
    amina = await amina_in_charge(house)
    project_id = await submitted(house, amina)
    submission = (await house.project(project_id)).submission
    assert submission is not None
    async with house.store.read() as reading:
        card = await house.store.vault.read(reading.conn, submission.card)
    assert card is not None
    assert card["title"] == "Forno di quartiere"
    facts = await house.store.history(project_id)
    assert not any("Forno" in fact.event.model_dump_json() for fact in facts)


async def test_only_a_person_in_charge_and_a_closed_pathway_is_shown(house: House) -> None:
    amina = await amina_in_charge(house)
    await submitted(house, amina)
    await house.said_by_intake(PathwayClosed(person_id=amina, outcome="found_work", on=date(2024, 2, 20)))
    (row,) = await house.rows("projects", person_id=amina)
    assert (row["status"], row["closed_on"]) == ("to_judge", date(2024, 2, 20))
    late = bakery(amina).model_copy(update={"on": date(2024, 2, 21)})
    assert await refused(commands.submit_project(house.store, command(LUCA), late)) == "pathway_closed"
    luca = str(uuid4())
    assert await refused(commands.submit_project(house.store, command(LUCA), bakery(luca))) == "not_in_charge"


async def test_two_approvals_at_once_do_not_overdraw_the_line(house: House) -> None:
    budget_id = await line(house, 1_500_000)
    projects = []
    for _ in range(4):
        project_id = await submitted(house, await amina_in_charge(house))
        await judged(house, project_id)
        projects.append(project_id)
    outcomes = await asyncio.gather(*(approve(house, p, budget_id, 700_000) for p in projects))
    codes = sorted(o.code if isinstance(o, Refused) else "ok" for o in outcomes)
    assert codes == ["ok", "ok", "over_budget", "over_budget"]
    budget, _ = await house.store.state(budget_stream(budget_id))
    assert budget.committed == 1_400_000


async def test_two_keys(house: House) -> None:
    budget_id, project_id = await line(house), await submitted(house, await amina_in_charge(house))
    await judged(house, project_id, actor=MARIA)
    assert await refused(approve(house, project_id, budget_id, 1)) == "two_keys"
    form = commands.ApprovalForm(budget_id=budget_id, amount=1, on=date(2024, 4, 1))
    by_judge = commands.approve_funding(house.store, command(CARLO), project_id, form, role=domain.JUDGES)
    assert await refused(by_judge) == "not_the_manager"


async def test_the_same_payment_order_twice_at_once(house: House) -> None:
    _, first = await funded(house)
    second = await submitted(house, await amina_in_charge(house))
    await judged(house, second)
    await accepted(approve(house, second, "budget-2024-fsp", 500_000))
    outcomes = await asyncio.gather(pay(house, first, 1_000, "2024-17"), pay(house, second, 1_000, "2024-17"))
    assert sorted(o.code if isinstance(o, Refused) else "ok" for o in outcomes) == ["ok", "order_used"]


async def test_a_double_submit_is_one_project_and_a_stale_page_is_told(house: House) -> None:
    amina, cause = await amina_in_charge(house), str(uuid4())
    first = await accepted(commands.submit_project(house.store, command(LUCA, cause=cause), bakery(amina)))
    again = await accepted(commands.submit_project(house.store, command(LUCA, cause=cause), bakery(amina)))
    assert again.repeated
    assert {r.meta.id for r in first.events} == {r.meta.id for r in again.events}
    project_id, budget_id = first.events[-1].event.subject, await line(house)
    await judged(house, project_id)
    assert await refused(approve(house, project_id, budget_id, 1_000, shown=1)) == "stale_page"
    await accepted(approve(house, project_id, budget_id, 1_000, shown=2))


async def test_cancelling_an_approval_frees_the_money_everywhere(house: House) -> None:
    amina, project_id = await funded(house)
    form = commands.CorrectionForm(
        fact_id=await fact_id(house, project_id, "funding-approved"), motive="wrong_value", cancel=True
    )
    by_operator = commands.correct_project(house.store, command(LUCA), project_id, form, role="enterprise_operator")
    assert await refused(by_operator) == "other_committee"
    by_judge = commands.correct_project(house.store, command(ANNA), project_id, form, role=domain.MANAGERS)
    assert await refused(by_judge) == "two_keys"
    done = await accepted(
        commands.correct_project(house.store, command(MARIA, shown=3), project_id, form, role=domain.MANAGERS)
    )
    assert len(done.events) == 3
    await house.quiet()
    (row,) = await house.rows("projects", person_id=amina)
    assert (row["status"], row["approved"]) == ("to_decide", None)
    (budget,) = await house.rows("budgets", year=2024)
    assert (budget["committed"], budget["left"]) == (0, 5_000_000)
    assert (await house.store.state(path_stream(amina)))[0].funded == ()
    await accepted(approve(house, project_id, "budget-2024-fsp", 900_000))


async def test_an_approval_under_a_payment_stays_until_the_payment_is_cancelled(house: House) -> None:
    _, project_id = await funded(house)
    await accepted(pay(house, project_id, 600_000, "2024-17"))
    approval = await fact_id(house, project_id, "funding-approved")

    def correct(fact: str, role: str, **values: Any) -> Awaitable[Outcome]:
        form = commands.CorrectionForm.model_validate({"fact_id": fact, "motive": "wrong_value"} | values)
        return commands.correct_project(house.store, command(MARIA), project_id, form, role=role)

    assert await refused(correct(approval, domain.MANAGERS, cancel=True)) == "already_paid"
    assert await refused(correct(approval, domain.MANAGERS, amount=599_999)) == "over_approved"
    assert await refused(correct(approval, domain.MANAGERS, amount=2_000_000)) == "over_requested"
    await accepted(correct(approval, domain.MANAGERS, amount=600_000))
    payment = await fact_id(house, project_id, "payment-made")
    await accepted(correct(payment, "enterprise_operator", cancel=True))
    await accepted(correct(approval, domain.MANAGERS, cancel=True))
    await house.quiet()
    (budget,) = await house.rows("budgets", year=2024)
    assert (budget["committed"], budget["paid"]) == (0, 0)
    assert await house.rows("payments", year=2024) == []


async def test_a_cancelled_submission_leaves_the_pathway_too(house: House) -> None:
    amina = await amina_in_charge(house)
    project_id = await submitted(house, amina)
    form = commands.CorrectionForm(
        fact_id=await fact_id(house, project_id, "project-submitted"), motive="wrong_person", cancel=True
    )
    role = "enterprise_operator"
    await accepted(commands.correct_project(house.store, command(LUCA), project_id, form, role=role))
    await house.quiet()
    assert await house.rows("projects", person_id=amina) == []
    assert (await house.store.state(path_stream(amina)))[0] == domain.Path()


async def test_a_line_is_not_corrected_below_what_is_bound(house: House) -> None:
    await funded(house)
    fact = await fact_id(house, "budget-2024-fsp", "budget-set")

    def correct(**values: Any) -> Awaitable[Outcome]:
        form = commands.CorrectionForm.model_validate({"fact_id": fact, "motive": "wrong_value"} | values)
        return commands.correct_budget(house.store, command(MARIA), "budget-2024-fsp", form, role=domain.MANAGERS)

    assert await refused(correct(amount=999_999)) == "over_budget"
    assert await refused(correct(cancel=True)) == "no_budget"
    await accepted(correct(amount=1_000_000))
    await house.quiet()
    (budget,) = await house.rows("budgets")
    assert budget["left"] == 0
