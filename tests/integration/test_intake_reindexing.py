"""People who were here before the index of likenesses: the worker's chore makes them findable by it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from services.intake import commands, forms, likeness, reindexing
from services.intake.finding import SIMILAR_INDEX
from services.intake.service import SERVICE
from shared.events.intake import DuplicateProposed
from shared.store import Store
from tests.fixtures.platform import Platform, Running, accepted

AMINA: dict[str, Any] = {
    "family_name": "Haddad", "given_name": "Amina", "birth_date": "1985-06-10", "sex": "F", "citizenship": "Z330",
    "municipality": "037006", "quartiere": "navile", "education": "unknown", "channel": "parish", "on": "2024-03-04",
}  # fmt: skip


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake")


async def register(running: Running, **changes: Any) -> str:
    form = forms.RegisterForm.model_validate(AMINA | changes)
    return accepted(await commands.register(running.store("intake"), running.command(), form)).events[0].event.subject


async def forget_likenesses(store: Store) -> None:
    """The index as it was before there were likenesses."""
    async with store.engine.begin() as conn:
        await conn.execute(text("delete from vault_index where purpose = :p"), {"p": SIMILAR_INDEX})


async def alike(store: Store, **changes: Any) -> list[str]:
    identity = AMINA | changes
    async with store.engine.connect() as conn:
        return sorted(await store.vault.find_any(conn, SIMILAR_INDEX, likeness.tokens(identity)))


async def whole_pass(running: Running) -> int:
    """As the worker does it after its start; how many turns there were."""
    store, turns = running.store("intake"), 1
    reindexing._reached.pop(store, None)
    while await reindexing.step(store, running.now):
        turns += 1
    return turns


async def test_who_was_here_before_is_proposed_as_a_double(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindexing, "AT_ONCE", 2)
    store = running.store("intake")
    names = ("Luca", "Sofia", "Omar", "Irene")
    people = [await register(running)] + [await register(running, given_name=name) for name in names]
    await forget_likenesses(store)
    assert await alike(store, birth_date="1985-06-11") == [], "the control: nobody is found by a likeness"
    assert await whole_pass(running) == 3, "some people in each transaction"
    assert await alike(store, birth_date="1985-06-11") == [people[0]]
    again = await register(running, given_name="Aminah", birth_date="1985-06-11")
    proposed = [fact.event for fact in await store.history(again) if isinstance(fact.event, DuplicateProposed)]
    assert [event.other_id for event in proposed] == [people[0]]
    assert reindexing.step in SERVICE.chores


async def test_a_stopped_pass_goes_on_with_who_is_left_and_does_nobody_twice(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "AT_ONCE", 1)
    store = running.store("intake")
    amina, luca = await register(running), await register(running, given_name="Luca")
    await forget_likenesses(store)
    reindexing._reached.pop(store, None)
    assert await reindexing.step(store, running.now), "one was done, and the worker dies here"
    done: list[list[str]] = []
    index = reindexing._index

    async def counted(transaction: Any, people: list[str], now: Any) -> None:
        done.append(people)
        await index(transaction, people, now)

    monkeypatch.setattr(reindexing, "_index", counted)
    await whole_pass(running)
    assert done == [[max(amina, luca)]]
    assert await whole_pass(running) == 1
    assert len(done) == 1
    assert not await reindexing.step(store, running.now), "once after each start"


async def test_who_was_erased_is_not_indexed_again(running: Running) -> None:
    store = running.store("intake")
    amina = await register(running)
    await forget_likenesses(store)
    async with store.engine.begin() as conn:
        await conn.execute(text("delete from vault_keys where subject = :id"), {"id": amina})
    await whole_pass(running)
    assert await alike(store) == []
