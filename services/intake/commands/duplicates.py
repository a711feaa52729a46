"""Two people looked at: joined, found to be two, or parted again. Both streams in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from services.intake import domain, forms
from services.intake.domain import Person, person_stream
from services.intake.domain.duplicates import Pair
from shared.decisions import Decision, Refused
from shared.store import Command, Outcome, Store, Unit

Rule = Callable[[dict[str, Person], Pair, Pair, date], Decision]
"""Both people by id, the ids in their order, the references of the reasons in the same order, the day."""
Order = Callable[[dict[str, Person]], Pair]


async def _decided(store: Store, command: Command, order: Order, text: str, pair: Pair, rule: Rule) -> Outcome:
    """Both streams read, the reasons kept under each person's own key (erased with the one, they stay with the
    other), and what the rule says appended to both."""

    async def decide(unit: Unit) -> Decision:
        if pair[0] == pair[1]:
            return Refused("same_person", "È la stessa scheda.")
        states = dict(zip(sorted(pair), await unit.states(*map(person_stream, sorted(pair))), strict=True))
        ids = order(states)
        first = await unit.vault.write("joining", ids[0], {"text": text})
        second = await unit.vault.write("joining", ids[1], {"text": text})
        return rule(states, ids, (first, second), unit.today)

    return await store.execute(command, decide)


async def join_persons(
    store: Store, command: Command, person_id: str, other_id: str, values: forms.JoinForm
) -> Outcome:
    """The two are one; `keep` says which id stays."""

    def rule(states: dict[str, Person], ids: Pair, reasons: Pair, on: date) -> Decision:
        if values.keep not in ids:
            return Refused("keep_unknown", "Scegli quale delle due schede resta.", "keep")
        return domain.join(
            states[ids[0]], states[ids[1]], ids=ids, ground=values.ground, reasons=reasons, on=on, today=on
        )

    ids = (other_id, person_id) if values.keep == person_id else (person_id, other_id)
    return await _decided(store, command, lambda _: ids, values.reasons, ids, rule)


async def dismiss_duplicate(
    store: Store, command: Command, person_id: str, other_id: str, values: forms.DismissForm
) -> Outcome:
    """They are two people, and nobody need look again."""

    def rule(states: dict[str, Person], ids: Pair, reasons: Pair, on: date) -> Decision:
        return domain.dismiss(states[ids[0]], states[ids[1]], ids=ids, reasons=reasons, on=on, today=on)

    ids = (min(person_id, other_id), max(person_id, other_id))
    return await _decided(store, command, lambda _: ids, values.reasons, ids, rule)


async def part_persons(
    store: Store, command: Command, person_id: str, other_id: str, values: forms.PartForm
) -> Outcome:
    """The joining is undone, whichever of the two was joined into the other."""

    def order(states: dict[str, Person]) -> Pair:
        first = states[person_id].identity.joined_into == other_id
        return (person_id, other_id) if first else (other_id, person_id)

    def rule(states: dict[str, Person], ids: Pair, reasons: Pair, on: date) -> Decision:
        return domain.part(
            states[ids[0]], states[ids[1]], ids=ids, ground=values.ground, reasons=reasons, on=on, today=on
        )

    return await _decided(store, command, order, values.reasons, (person_id, other_id), rule)
