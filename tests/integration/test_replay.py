"""replay(history) == live(history): for generated histories with duplicates, corrections and every interleaving."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psutil
import pytest
import sqlalchemy as sa
from sqlalchemy import text

from shared import shares
from shared.decisions import Decision
from shared.envelope import Meta
from shared.events.intake import InterviewHeld, PathwayClosed, PlanActionDone
from shared.log import open_log
from shared.projection import HEARD, Reading
from shared.pump import to_quiet
from shared.replay import replay
from shared.service import Deadline, Due, Service, emits
from shared.shares import ReplayStopped
from shared.store import Unit
from shared.worker import ProbeState, Worker, lead, rebuild
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.toy import OUTCOMES, PEOPLE, TOY, close, corrected, forged, inject, interview, rows


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake", definitions={"intake": TOY})


async def contents(running: Running, tables: dict[str, str]) -> dict[str, list[Any]]:
    """What stands in these tables, whatever their names."""
    found = {}
    async with running.store("intake").engine.connect() as conn:
        for view, table in tables.items():
            schema, name = table.split(".")
            selected = await conn.execute(sa.text(f'select * from "{schema}"."{name}" order by 1'))
            found[view] = [
                {k: sorted(v) if k == "_subjects" else v for k, v in row.items() if k != "log_offset"}
                for row in selected.mappings()
            ]
    return found


async def live_tables(running: Running) -> dict[str, str]:
    async with running.store("intake").engine.connect() as conn:
        found = await conn.execute(text("select view, table_name from views"))
        return {row[0]: f"{running.settings.namespace}intake_views.{row[1]}" for row in found}


@pytest.mark.parametrize("seed", range(6))
async def test_replay_equals_live(running: Running, seed: int) -> None:
    chance = random.Random(seed)
    people = ["Amina", "Luca", "Ion", "Fatou"]
    known: list[tuple[str, str]] = []
    for _ in range(60):
        who = chance.choice(people)
        match chance.randrange(6):
            case 0 | 1:
                known.append((who, accepted(await interview(running, who)).events[0].meta.id))
            case 2:
                outcome = await close(running, who, chance.choice(["withdrew", "autonomous", "unreachable"]))
                if not hasattr(outcome, "code"):
                    known.append((who, accepted(outcome).events[0].meta.id))
            case 3 if known:
                whose, fact = chance.choice(known)
                values: dict[str, object] = {"outcome": "moved_away"}
                await corrected(running, whose, fact, chance.choice([None, values]))
            case 4:
                await running.workers["intake"].publish()
            case _:
                await running.quiet()
        if chance.random() < 0.05:
            await running.workers["intake"].relay.republish()  # everything is delivered again
    await running.quiet()
    assert running.workers["intake"].reader.stopped is None
    before = await contents(running, await live_tables(running))
    assert before["people"], "a history worth the name"
    tables = await replay(TOY, running.store("intake"), running.log)
    assert await contents(running, tables) == before


@pytest.fixture
def three_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """However short the log is."""
    monkeypatch.setattr(shares, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr(shares, "processors", lambda: 3)


async def test_processes_that_share_a_replay_come_to_the_same(running: Running, three_processes: None) -> None:
    for n in range(12):
        fact = accepted(await interview(running, f"persona {n}")).events[0].meta.id
        if n % 3:
            # One row of `outcomes` is fed by people of many partitions: no share has the whole of it.
            accepted(await close(running, f"persona {n}", ("withdrew", "autonomous")[n % 2]))
        if n % 5 == 0:
            accepted(await corrected(running, f"persona {n}", fact, None))
    await running.quiet()
    before = await contents(running, await live_tables(running))
    passed: list[tuple[int, int]] = []
    tables = await replay(TOY, running.store("intake"), running.log, progress=lambda *now: passed.append(now))
    assert await contents(running, tables) == before
    assert [len(row["people"]) for row in before["outcomes"]] == [4, 4]
    assert passed[-1][0] == passed[-1][1], "the other processes tell how far they are"


async def test_a_hole_in_the_share_of_another_process_stops_all(running: Running, three_processes: None) -> None:
    for n in range(12):
        accepted(await interview(running, f"persona {n}"))
    await running.quiet()
    before = await live_tables(running)
    for n in range(12):  # in most partitions, so that each process meets one
        await inject(running, *forged(running, f"persona {n}", number=70))
    with pytest.raises(ReplayStopped, match="gap"):
        await replay(TOY, running.store("intake"), running.log)
    assert await live_tables(running) == before
    await asyncio.to_thread(gone)


def gone() -> None:
    """The other processes ended with it."""
    assert not [child for child in psutil.Process().children() if "shared.shares" in " ".join(child.cmdline())]


def test_a_long_log_is_worth_processes_and_the_longest_partition_is_folded_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shares, "WORTH_A_PROCESS", 100)
    monkeypatch.setattr(shares, "processors", lambda: 4)
    assert [shares.processes(records) for records in (0, 199, 200, 1000)] == [1, 1, 2, 4]
    sizes = dict(zip([("pathway", n) for n in range(4)], (300, 500, 0, 100), strict=True))
    waiting = shares.longest_last(sizes)
    assert [sizes[waiting.pop()] for _ in range(3)] == [500, 300, 100]
    assert not waiting, "an empty partition is nobody's"


async def test_as_of_an_instant_shows_what_was_recorded_by_then(running: Running) -> None:
    accepted(await interview(running, "Amina"))
    fact = accepted(await close(running, "Amina")).events[0].meta.id
    await running.quiet()
    then = running.now
    running.now += timedelta(days=1)
    accepted(await corrected(running, "Amina", fact, None))
    accepted(await interview(running, "Amina"))
    await running.quiet()
    tables = await replay(TOY, running.store("intake"), running.log, as_of=then)
    assert all("_asof." in table for table in tables.values()), "built aside"
    people = (await contents(running, tables))["people"]
    assert [(row["interviews"], row["outcome"]) for row in people] == [(1, "withdrew")]
    assert [row["interviews"] for row in (await rows(running, PEOPLE)).values()] == [2], "and never switched in"
    assert await rows(running, OUTCOMES) == {}


async def test_replay_stops_before_a_hole_and_switches_nothing_in(running: Running) -> None:
    accepted(await interview(running, "Amina"))
    await running.quiet()
    before = await live_tables(running)
    await inject(running, *forged(running, "Amina", number=7))
    with pytest.raises(ReplayStopped, match="gap"):
        await replay(TOY, running.store("intake"), running.log)
    assert await live_tables(running) == before


async def test_one_view_is_replayed_alone_while_the_log_goes_on(running: Running) -> None:
    for n in range(7):
        accepted(await interview(running, f"persona {n}"))
    await running.quiet()
    accepted(await close(running, "persona 1"))
    await running.workers["intake"].publish()  # in the log, not yet in the journal
    await replay(TOY, running.store("intake"), running.log, view="people")
    await to_quiet(list(running.workers.values()))
    found = await rows(running)
    assert len(found) == 7
    assert sum(row["interviews"] for row in found.values()) == 7
    assert sum(row["outcome"] is not None for row in found.values()) == 1


async def test_who_begins_to_hear_a_type_has_its_facts_of_before_too(running: Running) -> None:
    """Else what is folded again from the journal would lack them: the outcome of who had an interview corrected."""
    interviews = replace(PEOPLE, hears=(InterviewHeld,))
    older = await taken_over(running, replace(TOY, views=(interviews,)))
    assert older.stale_views
    await rebuild(older)
    held = accepted(await interview(running, "Amina")).events[0].meta.id
    accepted(await close(running, "Amina", "autonomous"))
    await running.quiet()
    worker = await taken_over(running, TOY)
    assert HEARD in worker.stale_views
    await rebuild(worker)
    await running.quiet()
    accepted(await corrected(running, "Amina", held, None))
    await running.quiet()
    (row,) = (await rows(running)).values()
    assert (row["interviews"], row["outcome"]) == (0, "autonomous")
    assert not (await taken_over(running, TOY)).stale_views


async def test_nothing_is_decided_by_a_view_that_is_being_built(running: Running) -> None:
    """After an upgrade a deadline and a reaction ask views of which only the older version stands."""
    accepted(await interview(running, "Amina"))
    await running.quiet()
    asked: list[int] = []
    both = asyncio.Event()

    def ask(count: int) -> None:
        asked.append(count)
        if len(asked) == 2:
            both.set()

    async def due(reading: Reading, day: date) -> list[Due]:
        ask(len(await reading.rows(sa.select(reading.table(PEOPLE)))))
        return []

    @emits(PlanActionDone)
    async def look(unit: Unit, event: PathwayClosed, meta: Meta) -> Decision:
        row = await unit.row(PEOPLE, event.person_id)
        ask(row["interviews"] if row else 0)
        return []

    async def nothing(unit: Unit, due: Due) -> Decision:
        return []

    interviews = replace(PEOPLE, hears=(InterviewHeld,))
    before = await taken_over(running, replace(TOY, views=(interviews,)))
    await rebuild(before)
    accepted(await close(running, "Amina"))
    await before.publish()
    await before.close()
    upgraded = replace(TOY, reactions={PathwayClosed: (look,)}, deadlines=(Deadline("look", due, nothing),))
    log = open_log(running.settings.log_url, running.settings.namespace)
    leading = asyncio.create_task(lead(upgraded, before.store, log, ProbeState()))
    waiting = asyncio.create_task(both.wait())
    await asyncio.wait({leading, waiting}, timeout=30, return_when=asyncio.FIRST_COMPLETED)
    assert not leading.done(), leading.exception()
    assert sorted(asked) == [1, 1]
    async with before.store.engine.connect() as conn:
        assert await conn.scalar(text("select count(*) from parked")) == 0
    leading.cancel()
    await asyncio.gather(leading, return_exceptions=True)
    await log.stop()


async def taken_over(running: Running, service: Service) -> Worker:
    """Another version of the service goes on where the one before stood."""
    before = running.workers["intake"]
    await before.close()
    worker = running.workers["intake"] = Worker(service, before.store, running.log, now=lambda: running.now)
    await worker.start()
    return worker


async def test_an_unknown_view_is_refused(running: Running) -> None:
    with pytest.raises(LookupError):
        await replay(TOY, running.store("intake"), running.log, view="nessuna")
