"""The store on real PostgreSQL: once, in order, gapless, refused where it must be."""

from __future__ import annotations

import asyncio
import random
import uuid
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.decisions import Decision, Refused
from shared.events.intake import InterviewHeld
from shared.events.matching import VacancyClosed
from shared.store import Accepted, DatabaseUnchecked, TooLarge, Transaction, Unit
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.toy import TOY, close, interview, path, person, rows


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake", definitions={"intake": TOY})


async def numbers(running: Running) -> dict[int, list[tuple[int, str, str | None]]]:
    async with running.store("intake").engine.connect() as conn:
        found = await conn.execute(
            text(
                "select partition, number, event_id::text, predecessor::text from events where topic = 'pathway'"
                " order by partition, number"
            )
        )
        by_partition: dict[int, list[tuple[int, str, str | None]]] = {}
        for partition, number, event_id, predecessor in found:
            by_partition.setdefault(partition, []).append((number, event_id, predecessor))
        return by_partition


async def test_a_repeated_command_returns_its_first_outcome(running: Running) -> None:
    cause = str(uuid.uuid4())
    first = accepted(await interview(running, "Amina", cause=cause))
    again = accepted(await interview(running, "Amina", cause=cause))
    assert again.repeated
    assert not first.repeated
    assert [f.meta.id for f in again.events] == [f.meta.id for f in first.events]
    assert await running.store("intake").version(person("Amina")) == 1


async def test_a_double_submit_at_the_same_instant_takes_effect_once(running: Running) -> None:
    cause = str(uuid.uuid4())
    outcomes = await asyncio.gather(*(interview(running, "Amina", cause=cause) for _ in range(6)))
    assert {accepted(o).events[0].meta.id for o in outcomes} == {accepted(outcomes[0]).events[0].meta.id}
    assert sum(not accepted(o).repeated for o in outcomes) == 1
    assert await running.store("intake").version(person("Amina")) == 1


async def test_a_stale_page_is_refused_saying_who_and_what(running: Running) -> None:
    accepted(await interview(running, "Amina", actor="u-elena.conti"))
    outcome = await close(running, "Amina", actor="u-luca.rossi", shown=0)
    assert isinstance(outcome, Refused)
    assert outcome.code == "stale_page"
    assert "u-elena.conti" in outcome.sentence


async def test_a_fact_of_the_system_does_not_make_a_page_stale(running: Running) -> None:
    accepted(await interview(running, "Amina"))
    await running.quiet()  # the reaction appends its own fact
    assert await running.store("intake").version(person("Amina")) == 2
    accepted(await close(running, "Amina", shown=1))


async def test_two_operators_at_once_lose_nothing_and_decide_on_what_is(running: Running) -> None:
    outcomes = await asyncio.gather(*(close(running, "Amina", actor=f"u-{n}") for n in range(8)))
    assert sum(isinstance(o, Accepted) for o in outcomes) == 1
    assert {o.code for o in outcomes if isinstance(o, Refused)} == {"already_closed"}


async def test_numbers_are_gapless_and_chained_under_concurrency_and_rollbacks(running: Running) -> None:
    store = running.store("intake")

    async def fails(unit: Unit) -> Decision:
        raise RuntimeError("a process dies here")

    async def dies_late(n: int) -> None:
        async with store.transaction() as transaction:
            await transaction.run(running.command(), lambda unit: _interview(unit, f"perso {n}"))
            await transaction.flush()
            raise RuntimeError("and here, after the numbers were taken")

    async def one(n: int) -> None:
        if n % 5 == 0:
            with pytest.raises(RuntimeError):
                await store.execute(running.command(), fails)
        if n % 7 == 0:
            with pytest.raises(RuntimeError):
                await dies_late(n)
        accepted(await interview(running, f"persona {n}"))

    await asyncio.gather(*(one(n) for n in range(60)))
    found = await numbers(running)
    assert sum(len(facts) for facts in found.values()) == 60
    for facts in found.values():
        assert [number for number, _, _ in facts] == list(range(1, len(facts) + 1))
        assert [predecessor for _, _, predecessor in facts] == [None, *(event_id for _, event_id, _ in facts[:-1])]


async def test_commits_over_many_partitions_at_once_neither_lose_nor_leave_holes(running: Running) -> None:
    """Each transaction takes numbers in several partitions; some are rolled back after taking them."""
    store = running.store("intake")
    chance = random.Random(7)

    async def commit(n: int, dies: bool) -> None:
        async with store.transaction() as transaction:
            for k in range(5 + n % 14):
                one = running.command()
                accepted(await transaction.run(one, partial(_interview, who=f"persona {n}-{k}")))
            if dies:
                await transaction.flush()
                raise RuntimeError("a process dies here")

    outcomes = await asyncio.gather(*(commit(n, chance.random() < 0.2) for n in range(60)), return_exceptions=True)
    assert {type(o) for o in outcomes} == {type(None), RuntimeError}
    found = await numbers(running)
    lived = sum(5 + n % 14 for n, outcome in enumerate(outcomes) if outcome is None)
    assert sum(len(facts) for facts in found.values()) == lived
    for facts in found.values():
        assert [number for number, _, _ in facts] == list(range(1, len(facts) + 1))
        assert [predecessor for _, _, predecessor in facts] == [None, *(event_id for _, event_id, _ in facts[:-1])]


async def _interview(unit: Unit, who: str) -> Decision:
    await unit.states(path(person(who)))
    return [InterviewHeld(on=unit.today, person_id=person(who), interview_id=unit.new_id("i"), mode="phone")]


async def test_only_its_owner_emits_a_fact(running: Running) -> None:
    async def decide(unit: Unit) -> Decision:
        await unit.states(path(person("vacancy")))
        return [VacancyClosed(on=unit.today, vacancy_id=person("vacancy"), reason="filled")]

    with pytest.raises(PermissionError, match=r"intake may not emit matching\.vacancy-closed"):
        await running.execute("intake", decide)


async def test_a_decision_appends_only_to_streams_that_it_read(running: Running) -> None:
    async def decide(unit: Unit) -> Decision:
        return [InterviewHeld(on=unit.today, person_id=person("Amina"), interview_id=unit.new_id("i"), mode="phone")]

    with pytest.raises(LookupError):
        await running.execute("intake", decide)


async def test_a_fact_too_large_is_refused(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.store.transaction.MAX_BYTES", 50)
    with pytest.raises(TooLarge):
        await interview(running, "Amina")


async def test_a_refused_command_leaves_nothing_in_the_vault(running: Running) -> None:
    store = running.store("intake")

    async def decide(unit: Unit) -> Decision:
        await unit.states(path(person("Amina")))
        await unit.vault.write("notes", person("Amina"), {"text": "riservato"})
        return Refused("no", "No.")

    await store.execute(running.command(), decide)
    async with store.engine.connect() as conn:
        assert await conn.scalar(text("select count(*) from vault_rows")) == 0
        assert await conn.scalar(text("select count(*) from vault_keys")) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "update events set data = ''",
        "delete from events",
        "truncate events",
        "drop table events",
        "delete from counters",
        "delete from access_log",
        "alter table events disable trigger all",
    ],
)
async def test_the_service_cannot_change_or_drop_facts(running: Running, statement: str) -> None:
    accepted(await interview(running, "Amina"))
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        async with running.store("intake").engine.begin() as conn:
            await conn.execute(text(statement))
    # The guard's negative control: what the role may do, it can do.
    async with running.store("intake").engine.begin() as conn:
        await conn.execute(text("update counters set number = number"))


async def test_a_service_cannot_read_another_s_tables(platform: Platform) -> None:
    running = await platform(
        "intake", "matching", definitions={"intake": TOY, "matching": replace(TOY, name="matching")}
    )
    intake, matching = running.store("intake"), running.store("matching")
    with pytest.raises(DBAPIError, match="permission denied"):
        async with matching.engine.connect() as conn:
            await conn.execute(text(f'select * from "{running.settings.namespace}intake".events'))
    with pytest.raises(DBAPIError, match="permission denied"):
        async with matching.engine.connect() as conn:
            await conn.execute(text(f'select * from "{running.settings.namespace}intake_views".views'))
    async with intake.engine.connect() as conn:
        await conn.execute(text(f'select * from "{running.settings.namespace}intake".events'))


async def test_commands_are_refused_on_a_database_that_was_not_checked(running: Running) -> None:
    async with running.store("intake").engine.begin() as conn:
        await conn.execute(text("update health set system_identifier = 'another'"))
    with pytest.raises(DatabaseUnchecked):
        await interview(running, "Amina")
    await running.workers["intake"].relay.check()
    accepted(await interview(running, "Amina"))


async def test_many_commands_in_one_commit_see_each_other(running: Running) -> None:
    store = running.store("intake")
    async with store.transaction() as transaction:
        for n in range(20):
            cause = running.command()
            accepted(await transaction.run(cause, partial(_interview, who=f"p{n % 4}")))
    assert await store.version(person("p1")) == 5
    await running.quiet()
    assert {row["interviews"] for row in (await rows(running)).values()} == {5}


async def test_a_large_group_that_somebody_overtook_is_decided_again(running: Running) -> None:
    """From 16 facts on a group goes by COPY, whose errors are not SQLAlchemy's own."""
    store = running.store("intake")
    tries = 0

    async def group(transaction: Transaction) -> None:
        nonlocal tries
        tries += 1
        for n in range(20):
            accepted(await transaction.run(running.command(cause=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{n}"))),
                                           partial(_interview, who=f"persona {n}")))  # fmt: skip
        if tries == 1:
            accepted(await interview(running, "persona 7"))

    await store.together(group)
    assert tries == 2
    found = await numbers(running)
    assert sum(len(facts) for facts in found.values()) == 21
    assert await store.version(person("persona 7")) == 2
