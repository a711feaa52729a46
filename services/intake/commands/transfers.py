"""One case, or all the cases of somebody who leaves, pass to others."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from services.intake.domain import person_stream
from services.intake.domain import transfer as rules
from services.intake.domain.transfer import TransferMotive
from services.intake.forms.contacts import TransferForm
from shared.decisions import Decision, Refused
from shared.store import Command, Outcome, Store, Unit


async def transfer(
    store: Store, command: Command, person_id: str, values: TransferForm, managers: Collection[str]
) -> Outcome:
    """One case."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return rules.transfer(
            person, person_id=person_id, to_manager=values.to_manager, motive=values.motive, managers=managers,
            today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What became of a leaver's cases: those that passed, those that need a look."""

    passed: int
    refused: tuple[tuple[str, Refused], ...]
    last: Outcome | None
    """The last one that passed: the page waits for the views to have seen it."""


async def hand_over(
    store: Store,
    command: Command,
    people: Sequence[str],
    *,
    from_manager: str,
    to_managers: Sequence[str],
    motive: TransferMotive,
    managers: Collection[str],
) -> HandedOver:
    """Each case in a transaction of its own, to the colleagues in turn.

    The cause of each is made of the command's and the person: sent again after an interruption, what had passed
    stays as it is and the rest follows. A case that is no longer the leaver's is left alone.
    """
    passed, refused, last = 0, [], None
    for place, person_id in enumerate(people):
        to_manager = to_managers[place % len(to_managers)]

        async def decide(unit: Unit, person_id: str = person_id, to_manager: str = to_manager) -> Decision:
            (person,) = await unit.states(person_stream(person_id))
            return rules.hand_over(
                person, person_id=person_id, from_manager=from_manager, to_manager=to_manager, motive=motive,
                managers=managers, today=unit.today,
            )  # fmt: skip

        cause = str(uuid.uuid5(uuid.UUID(command.cause), person_id))
        outcome = await store.execute(replace(command, cause=cause, shown=None), decide)
        if isinstance(outcome, Refused):
            refused.append((person_id, outcome))
        elif outcome.events:
            passed, last = passed + 1, outcome
    return HandedOver(passed, tuple(refused), last)
