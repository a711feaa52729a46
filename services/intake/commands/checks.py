"""The three checks before the interview, and the notice before a refusal."""

from __future__ import annotations

from typing import Any

from services.intake import domain, forms
from services.intake.domain import parameter, person_stream
from services.intake.domain.conclusions import notice_refusal as decide_notice
from services.intake.working_days import festive
from shared.decisions import Decision
from shared.store import Command, Outcome, Store, Unit


async def _details(unit: Unit, person_id: str, values: dict[str, Any]) -> str | None:
    """What was declared or read, into the vault; nothing where there is nothing to keep."""
    kept = {name: value for name, value in values.items() if value not in (None, 0, [], False)}
    return await unit.vault.write("check", person_id, kept) if kept else None


async def check_domicile(store: Store, command: Command, person_id: str, values: forms.DomicileForm) -> Outcome:
    """First check."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        details = await _details(
            unit, person_id,
            {"municipality": values.inside, "quartiere": values.quartiere, "address": values.address},
        )  # fmt: skip
        return domain.assess_domicile(
            person, person_id=person_id, municipality=values.inside, dwelling=values.dwelling,
            evidence=values.evidence, evidence_on=values.evidence_on, on=values.on, today=unit.today,
            details=details,
        )  # fmt: skip

    return await store.execute(command, decide)


async def check_status(store: Store, command: Command, person_id: str, values: forms.StatusForm) -> Outcome:
    """Second check."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        past = zip(values.past_from, values.past_until, strict=True)
        details = await _details(
            unit, person_id,
            {
                "employee_pay": values.employee_pay, "own_account_pay": values.own_account_pay,
                "did_on": values.did_on and values.did_on.isoformat(), "contract_days": values.contract_days,
                "contract_from": values.contract_from and values.contract_from.isoformat(),
                "contract_until": values.contract_until and values.contract_until.isoformat(),
                "extended": values.extended, "past": [[a.isoformat(), b.isoformat()] for a, b in past],
            },
        )  # fmt: skip
        return domain.assess_status(
            person, person_id=person_id, situation=values.situation(), evidence=values.evidence,
            evidence_on=values.evidence_on, on=values.on, today=unit.today, details=details,
        )  # fmt: skip

    return await store.execute(command, decide)


async def check_measures(store: Store, command: Command, person_id: str, values: forms.MeasuresForm) -> Outcome:
    """Third check."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return domain.assess_measures(
            person, person_id=person_id, measure=values.measure, motive=values.motive,
            evidence=values.evidence, evidence_on=values.evidence_on, on=values.on, today=unit.today,
            details=await _details(unit, person_id, {"note": values.note}),
        )  # fmt: skip

    return await store.execute(command, decide)


async def notice_refusal(store: Store, command: Command, person_id: str, values: forms.NoticeForm) -> Outcome:
    """The notice before a refusal, where the parameter says that one is needed."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        text = await unit.vault.write("notice", person_id, {"text": values.text}) if values.text else None
        return decide_notice(
            person, person_id=person_id, days=parameter("refusal_notice_days", values.on), text=text,
            on=values.on, today=unit.today, festive=festive(values.on.year, values.on.year + 1),
        )  # fmt: skip

    return await store.execute(command, decide)
