"""A person's rights over their data, as the data protection officer and the desks handle them."""

from __future__ import annotations

from services.intake.commands.messages import queue
from services.intake.domain import Person, person_stream
from services.intake.domain import rights as rules
from services.intake.forms import rights as forms
from shared.decisions import Decision, Refused
from shared.projection.aliases import ids_of
from shared.store import Command, Outcome, Store, Unit

REASONS = "rights"
"""Kind of the vault rows with reasons and answers."""


async def _reasons(unit: Unit, person_id: str, text: str | None) -> str | None:
    return await unit.vault.write(REASONS, person_id, {"text": text}) if text else None


async def group_of(unit: Unit, person_id: str) -> tuple[Person, dict[str, Person]]:
    """The person and whoever else is the same person, by id."""
    others = [one for one in await ids_of(unit, person_id) if one != person_id]
    person, *same = await unit.states(*map(person_stream, (person_id, *others)))
    return person, dict(zip(others, same, strict=True))


async def request(store: Store, command: Command, person_id: str, values: forms.RequestForm) -> Outcome:
    """An operator enters what the person asked for aloud or on paper."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return rules.request(
            person, person_id=person_id, request_id=unit.new_id("request"), right=values.right, by="operator",
            today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def extend(store: Store, command: Command, person_id: str, request_id: str, values: forms.ReasonsForm) -> Outcome:
    """The term is prolonged, with reasons."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        reasons = await unit.vault.write(REASONS, person_id, {"text": values.reasons})
        return rules.extend(person, person_id=person_id, request_id=request_id, reasons=reasons, today=unit.today)

    return await store.execute(command, decide)


async def answer(store: Store, command: Command, person_id: str, request_id: str, values: forms.AnswerForm) -> Outcome:
    """The request is answered; the person is told by a message where one may go out."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        decision = rules.answer(
            person, person_id=person_id, request_id=request_id, outcome=values.outcome, grounds=tuple(values.grounds),
            reasons=await _reasons(unit, person_id, values.reasons), today=unit.today,
        )  # fmt: skip
        if isinstance(decision, Refused):
            return decision
        return [*decision, *await queue(unit, person, person_id, "right_answered", {}, about_rights=True)]

    return await store.execute(command, decide)


async def restrict(store: Store, command: Command, person_id: str, values: forms.RestrictForm) -> Outcome:
    """The data are only kept from now on, under all ids of the person."""

    async def decide(unit: Unit) -> Decision:
        person, members = await group_of(unit, person_id)
        return rules.restrict(person, members, person_id=person_id, ground=values.ground, today=unit.today)

    return await store.execute(command, decide)


async def lift(store: Store, command: Command, person_id: str) -> Outcome:
    """The data are used again; the person is told."""

    async def decide(unit: Unit) -> Decision:
        person, members = await group_of(unit, person_id)
        decision = rules.lift(person, members, person_id=person_id, today=unit.today)
        if isinstance(decision, Refused):
            return decision
        return [*decision, *await queue(unit, person, person_id, "restriction_lifted", {}, about_rights=True)]

    return await store.execute(command, decide)
