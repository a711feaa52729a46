"""The plan."""

from __future__ import annotations

from services.intake import domain, forms
from services.intake.domain import person_stream
from shared.decisions import Decision
from shared.events.intake import (
    PlanAction,
)
from shared.store import Command, Outcome, Store, Unit


async def agree_plan(store: Store, command: Command, person_id: str, values: forms.PlanForm) -> Outcome:
    """A plan with its directions."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        objectives = None
        if values.objectives:
            objectives = await unit.vault.write("objectives", person_id, {"text": values.objectives})
        actions = [
            PlanAction(action_id=unit.new_id(f"action/{number}"), direction=direction, due_on=due_on)
            for number, (direction, due_on) in enumerate(values.actions())
        ]
        return domain.agree_plan(
            person, person_id=person_id, plan_id=unit.new_id("plan"), actions=actions, objectives=objectives,
            on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)
