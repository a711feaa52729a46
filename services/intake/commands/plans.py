"""The plan: agreed, signed, reviewed, an action confirmed."""

from __future__ import annotations

from services.intake import domain, forms
from services.intake.domain import duplication, person_stream
from services.intake.domain import plans as rules
from services.intake.domain.duplication import Provided
from services.intake.forms import plans as plan_forms
from services.intake.views import OTHERS, provided_by_others
from shared.corrections import effective
from shared.decisions import Decision
from shared.store import Command, Outcome, Store, Unit


async def known_to(unit: Unit, person_id: str) -> list[Provided]:
    """What others already provide, as far as is known here and now."""
    own = [fact.event for fact in effective(unit.history(person_id))]
    return duplication.provided_by_facts(own) + provided_by_others(await unit.row(OTHERS, person_id))


async def agree_plan(store: Store, command: Command, person_id: str, values: forms.PlanForm) -> Outcome:
    """A plan with its actions; the objectives stay in the vault."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        objectives = None
        if values.objectives:
            objectives = await unit.vault.write("objectives", person_id, {"text": values.objectives})
        short = [rules.Step("", direction, due_on) for direction, due_on in plan_forms.due(values)]
        full = [
            rules.Step("", step.direction, step.due_on, step.kind, step.by, step.partner, step.motive)
            for step in values.steps
        ]
        steps = [
            rules.Step(unit.new_id(f"action/{number}"), step.direction, step.due_on, step.kind, step.by,
                       step.partner, step.motive)
            for number, step in enumerate([*short, *full])
        ]  # fmt: skip
        return domain.agree_plan(
            person, person_id=person_id, plan_id=unit.new_id("plan"), steps=steps, objectives=objectives,
            on=values.on, today=unit.today, review_on=values.review_on, known=await known_to(unit, person_id),
            signed=values.signed, operator=unit.actor,
        )  # fmt: skip

    return await store.execute(command, decide)


async def sign_plan(store: Store, command: Command, person_id: str, values: plan_forms.SignForm) -> Outcome:
    """A signature that was still missing; the operator who signs is the one who records it."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return rules.sign_plan(
            person, person_id=person_id, by=values.by, way=values.way, operator=unit.actor, on=values.on,
            today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def review_plan(store: Store, command: Command, person_id: str, values: plan_forms.ReviewForm) -> Outcome:
    """The plan was looked at again; the notes stay in the vault."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        notes = await unit.vault.write("notes", person_id, {"text": values.notes}) if values.notes else None
        return rules.review_plan(
            person, person_id=person_id, review_id=unit.new_id("review"), outcome=values.outcome,
            next_on=values.next_on, notes=notes, on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def confirm_action(store: Store, command: Command, person_id: str, values: plan_forms.ConfirmForm) -> Outcome:
    """How an action ended that no service tells of."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        note = await unit.vault.write("notes", person_id, {"text": values.note}) if values.note else None
        return rules.confirm_action(
            person, person_id=person_id, action_id=values.action_id, outcome=values.outcome, evidence=values.evidence,
            note=note, on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)
