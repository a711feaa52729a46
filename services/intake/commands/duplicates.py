"""Two people looked at: joined, found to be two, or parted again. Both streams in one transaction."""

from __future__ import annotations

from services.intake import domain, forms
from services.intake.domain import person_stream
from shared.decisions import Decision, Refused
from shared.store import Command, Outcome, Store, Unit


async def _reasons(unit: Unit, ids: tuple[str, str], text: str) -> tuple[str, str]:
    """The reasons under each person's own key: erased with the one, they stay with the other."""
    first = await unit.vault.write("joining", ids[0], {"text": text})
    return first, await unit.vault.write("joining", ids[1], {"text": text})


async def join_persons(
    store: Store, command: Command, person_id: str, other_id: str, values: forms.JoinForm
) -> Outcome:
    """The two are one; `keep` says which id stays."""

    async def decide(unit: Unit) -> Decision:
        if values.keep not in (person_id, other_id):
            return Refused("keep_unknown", "Scegli quale delle due schede resta.", "keep")
        ids = (other_id, person_id) if values.keep == person_id else (person_id, other_id)
        states = dict(zip(sorted(ids), await unit.states(*map(person_stream, sorted(ids))), strict=True))
        reasons = await _reasons(unit, ids, values.reasons)
        return domain.join(
            states[ids[0]], states[ids[1]], ids=ids, ground=values.ground, reasons=reasons, on=unit.today,
            today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def dismiss_duplicate(
    store: Store, command: Command, person_id: str, other_id: str, values: forms.DismissForm
) -> Outcome:
    """They are two people, and nobody need look again."""

    async def decide(unit: Unit) -> Decision:
        ids = (min(person_id, other_id), max(person_id, other_id))
        first, second = await unit.states(person_stream(ids[0]), person_stream(ids[1]))
        reasons = await _reasons(unit, ids, values.reasons)
        return domain.dismiss(first, second, ids=ids, reasons=reasons, on=unit.today, today=unit.today)

    return await store.execute(command, decide)


async def part_persons(store: Store, command: Command, alias_id: str, root_id: str, values: forms.PartForm) -> Outcome:
    """The joining is undone."""

    async def decide(unit: Unit) -> Decision:
        ids = (alias_id, root_id)
        states = dict(zip(sorted(ids), await unit.states(*map(person_stream, sorted(ids))), strict=True))
        reasons = await _reasons(unit, ids, values.reasons)
        return domain.part(
            states[alias_id], states[root_id], ids=ids, ground=values.ground, reasons=reasons, on=unit.today,
            today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)
