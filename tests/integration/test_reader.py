"""Reading the log: duplicates, holes, forgeries, faults, twins. Each does what it must, and the rest goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import positions
from shared.cli import request
from shared.corrections import effective
from shared.log import Message
from shared.positions import Place, Position
from shared.projection import HEARD
from shared.reader import LogReader
from shared.reader.reader import REACTING
from shared.replay import replay
from shared.worker import Worker
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.toy import (
    BROKEN_FOLD,
    BROKEN_REACTION,
    OUTCOMES,
    TOY,
    close,
    corrected,
    forged,
    inject,
    interview,
    person,
    rows,
)


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def running(platform: Platform, request: pytest.FixtureRequest) -> Running:
    return await platform("intake", log=request.param, definitions={"intake": TOY})


@pytest.fixture(autouse=True)
def mended() -> Iterator[None]:
    yield
    BROKEN_FOLD.clear()
    BROKEN_REACTION.clear()


def worker(running: Running) -> Worker:
    return running.workers["intake"]


async def notices(running: Running) -> list[tuple[str, str]]:
    """What intake said of its reading: kind and reason."""
    await running.quiet()
    found = []
    for record in await running.log.read("dead-letters", 0, 0, 1000):
        headers = dict(record.headers)
        found.append((headers["ce_type"].decode(), json.loads(record.value or b"{}")["reason"]))
    return found


async def scalar(running: Running, query: str) -> Any:
    async with running.store("intake").engine.connect() as conn:
        return await conn.scalar(text(query))


async def test_views_fold_and_reactions_decide_once(running: Running) -> None:
    for who in ("Amina", "Luca", "Amina"):
        accepted(await interview(running, who))
    await running.quiet()
    found = await rows(running)
    assert (found[person("Amina")]["interviews"], found[person("Luca")]["interviews"]) == (2, 1)
    assert await scalar(running, "select count(*) from events where type = 'intake.plan-action-done'") == 3


async def test_what_was_decided_waits_for_the_disk_and_what_was_folded_does_not(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited, write = [], positions.write

    async def noted(conn: AsyncConnection, moved: dict[Place, Position], soon: bool = False) -> None:
        await conn.execute(text("set local synchronous_commit = on"))  # the tests' server has it off
        await write(conn, moved, soon)
        waited.append(await conn.scalar(text("show synchronous_commit")))

    monkeypatch.setattr(positions, "write", noted)
    accepted(await interview(running, "Amina"))
    await running.quiet()
    assert waited == ["on", "off"], "the interview, to which a fact answers; and that fact"


async def test_a_record_delivered_twice_counts_once(running: Running) -> None:
    accepted(await interview(running, "Amina"))
    await running.quiet()
    relay = worker(running).relay
    await relay.republish()
    await running.quiet()
    assert (await rows(running))[person("Amina")]["interviews"] == 1
    assert await scalar(running, "select count(*) from events") == 2


async def test_a_refusal_in_a_reaction_is_an_answer(running: Running) -> None:
    accepted(await close(running, "Amina"))
    accepted(await interview(running, "Amina"))
    await running.quiet()
    assert await scalar(running, "select code from refusals") == "already_closed"
    assert worker(running).reader.stopped is None
    assert await scalar(running, "select count(*) from parked") == 0


async def test_a_gap_stops_the_reader_which_names_it(running: Running) -> None:
    accepted(await interview(running, "Amina"))
    await running.quiet()
    meta, data = forged(running, "Amina", number=9)
    await inject(running, meta, data)
    await running.quiet()
    stopped = worker(running).reader.stopped
    assert stopped is not None
    assert stopped.reason == "gap"
    accepted(await interview(running, "Amina"))
    await worker(running).publish()
    assert (await rows(running))[person("Amina")]["interviews"] == 1, "nothing behind the hole is taken"
    # A person declares the record void; then reading goes on, with nothing lost.
    await request(running.store("intake"), "skip", "u-marta", where=stopped.where)
    assert await worker(running).reader.requests() == 1
    await running.quiet()
    assert worker(running).reader.stopped is None
    assert (await rows(running))[person("Amina")]["interviews"] == 2
    assert ("operations.reader-stopped", "gap") in await notices(running)


async def test_a_wrong_predecessor_stops_the_reader(running: Running) -> None:
    first = accepted(await interview(running, "Amina")).events[0]
    await running.quiet()
    last = await scalar(running, "select max(number) from events where topic = 'pathway'")
    meta, data = forged(running, "Amina", number=int(last) + 1, predecessor=first.meta.cause)
    await inject(running, meta, data)
    await running.quiet()
    stopped = worker(running).reader.stopped
    assert stopped is not None
    assert stopped.reason == "wrong-predecessor"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"source": "matching"}, "forged-source"),
        ({"source": "nobody"}, "unknown-source"),
        ({"type": "matching.unheard-of"}, "forged-source"),
    ],
)
async def test_a_forged_source_is_rejected_and_touches_no_number(
    running: Running, changed: dict[str, Any], reason: str
) -> None:
    meta, data = forged(running, "Amina", **changed)
    await inject(running, meta, data)
    accepted(await interview(running, "Amina"))
    await running.quiet()
    assert (await rows(running))[person("Amina")]["interviews"] == 1
    assert ("operations.record-rejected", reason) in await notices(running)


async def test_a_record_in_the_wrong_partition_is_rejected(running: Running) -> None:
    meta, data = forged(running, "Amina")
    await inject(running, meta, data, partition=(meta.partition + 1) % 12)
    accepted(await interview(running, "Amina"))
    await running.quiet()
    assert (await rows(running))[person("Amina")]["interviews"] == 1
    assert ("operations.record-rejected", "wrong-partition") in await notices(running)


async def test_an_unknown_type_from_its_rightful_source_is_passed_over(running: Running) -> None:
    meta, data = forged(running, "Amina", type="intake.of-a-later-year")
    await inject(running, meta, data)
    await running.quiet()
    assert worker(running).reader.stopped is None
    assert await rows(running) == {}


async def test_a_newer_version_of_a_heard_type_stops_the_worker(running: Running) -> None:
    meta, data = forged(running, "Amina", type_version=2)
    await inject(running, meta, data)
    await running.quiet()
    stopped = worker(running).reader.stopped
    assert stopped is not None
    assert stopped.reason == "newer-version"


async def test_an_undecodable_record_parks_its_key_and_no_other(running: Running) -> None:
    meta, _ = forged(running, "Amina")
    await running.log.append("pathway", meta.partition, [Message(person("Amina").encode(), b"\xff\x00", (), 0)])
    accepted(await interview(running, "Amina"))
    accepted(await interview(running, "Luca"))
    await running.quiet()
    found = await rows(running)
    assert person("Luca") in found
    assert person("Amina") not in found, "what is behind a parked record waits"
    assert ("operations.record-parked", "undecodable-headers") in await notices(running)
    assert await scalar(running, "select count(*) from parked where stage = 'behind'") == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "x" * 36},
        {"correlation": "1"},
        {"causation": "nobody"},
        {"time": datetime.fromisoformat("2024-03-05T09:00:00")},
    ],
)
async def test_headers_that_the_journal_could_not_hold_park_their_key(
    running: Running, changed: dict[str, Any]
) -> None:
    meta, data = forged(running, "Amina", **changed)
    await inject(running, meta, data)
    accepted(await interview(running, "Luca"))
    await running.quiet()
    assert person("Luca") in await rows(running)
    assert ("operations.record-parked", "undecodable-headers") in await notices(running)


async def test_a_reaction_that_raises_parks_its_key_and_a_redrive_catches_up_in_order(running: Running) -> None:
    BROKEN_REACTION.append(True)
    accepted(await interview(running, "Amina", mode="phone"))
    accepted(await interview(running, "Amina", mode="in_person"))
    accepted(await interview(running, "Luca"))
    await running.quiet()
    done = "select count(*) from events where type = 'intake.plan-action-done'"
    assert (await rows(running))[person("Amina")]["interviews"] == 2, "views go on"
    assert await scalar(running, done) == 1, "Luca's alone: Amina's second waits behind her first"
    assert ("operations.record-parked", "mark_done-RuntimeError") in await notices(running)
    # Driven again while it is still broken it stays where it is, and nothing overtakes it.
    await request(running.store("intake"), "redrive", "u-marta")
    await worker(running).reader.requests()
    assert await scalar(running, done) == 1
    BROKEN_REACTION.clear()
    await request(running.store("intake"), "redrive", "u-marta", key=person("Amina"))
    await worker(running).reader.requests()
    assert await scalar(running, done) == 3
    assert await scalar(running, "select count(*) from parked where redriven_at is null") == 0
    assert worker(running).reader.parked_keys == {}


async def test_a_fold_that_raises_marks_its_view_and_replay_mends_it(running: Running) -> None:
    BROKEN_FOLD.append(True)
    accepted(await interview(running, "Amina", mode="video"))
    accepted(await interview(running, "Luca"))
    accepted(await close(running, "Luca"))
    await running.quiet()
    async with running.store("intake").read() as reading:
        assert reading.faulty() == {"people": "RuntimeError"}
    assert set(await rows(running)) == {person("Luca")}
    assert set(await rows(running, OUTCOMES)) == {"withdrew"}, "the other view does not suffer"
    assert ("operations.view-faulty", "RuntimeError") in await notices(running)
    BROKEN_FOLD.clear()
    await replay(TOY, running.store("intake"), running.log, view="people")
    await running.quiet()
    async with running.store("intake").read() as reading:
        assert reading.faulty() == {}
    assert set(await rows(running)) == {person("Amina"), person("Luca")}


async def test_one_fact_that_fails_costs_its_neighbours_a_few_batches_and_not_one_each(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    batch = LogReader._batch

    async def counted(self: LogReader, records: Any, *more: Any) -> None:
        sizes.append(len(records))
        await batch(self, records, *more)

    monkeypatch.setattr(LogReader, "_batch", counted)
    BROKEN_FOLD.append(True)
    for n in range(64):
        accepted(await interview(running, f"persona {n}", mode="video" if n == 20 else "in_person"))
    await running.quiet()
    assert sizes[0] == REACTING, "so many at once, since each of them is reacted to"
    assert len(sizes) < 20, "halves: two for each time that it can be halved, the one alone, and the rest"
    assert len(await rows(running)) == 63


async def test_when_too_much_is_parked_the_reader_stops(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.reader.reader.SHARE_MIN", 3)
    monkeypatch.setattr("shared.reader.reader.SHARE_WINDOW", 40)
    BROKEN_REACTION.append(True)
    for n in range(12):
        accepted(await interview(running, f"persona {n}", mode="phone"))
        await running.quiet()
    stopped = worker(running).reader.stopped
    assert stopped is not None
    assert stopped.reason == "too-many-parked"
    assert await scalar(running, "select count(*) from parked") < 12


async def test_a_hint_keeps_nobody_waiting_but_who_closes(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker just started is seconds about the first one; it uses the reader's own connections."""
    reader = LogReader(TOY, running.store("intake"), running.log, lambda: running.now)
    await reader.start()
    asked, answered = asyncio.Event(), asyncio.Event()

    async def slow(positions: object) -> None:
        asked.set()
        await answered.wait()

    monkeypatch.setattr(reader._reader, "hint", slow)
    hinting = asyncio.create_task(reader.hint())
    await asked.wait()
    accepted(await interview(running, "Amina"))
    await worker(running).publish()
    while await reader.lag():
        await reader.turn(0.5)
    assert (await rows(running))[person("Amina")]["interviews"] == 1
    closing = asyncio.create_task(reader.close())
    done, _ = await asyncio.wait({hinting, closing}, timeout=0.2)
    assert not done
    answered.set()
    await asyncio.gather(hinting, closing)


async def test_a_woken_twin_cannot_commit(running: Running) -> None:
    zombie = worker(running).reader
    successor = LogReader(TOY, running.store("intake"), running.log, lambda: running.now)
    accepted(await interview(running, "Amina"))
    await worker(running).publish()
    await successor.start()
    while await successor.lag():
        await successor.turn(0.5)
    # The zombie wakes with the batch it had polled: it stands elsewhere than it believes, and writes nothing.
    batch = await running.log.read("pathway", forged(running, "Amina")[0].partition, 0, 10)
    await zombie.handle(batch)
    assert (await rows(running))[person("Amina")]["interviews"] == 1
    accepted(await interview(running, "Amina"))
    await worker(running).publish()
    while await successor.lag():
        await successor.turn(0.5)
    assert (await rows(running))[person("Amina")]["interviews"] == 2
    await successor.close()


async def test_two_live_workers_on_one_row_count_once(running: Running) -> None:
    twin = LogReader(TOY, running.store("intake"), running.log, lambda: running.now)
    await twin.start()
    for n in range(30):
        accepted(await interview(running, "Amina" if n % 2 else "Luca"))
    await worker(running).publish()
    readers = [worker(running).reader, twin]
    while any([await reader.lag() for reader in readers]):
        for reader in readers:
            await reader.turn(0.2)
    assert {row["interviews"] for row in (await rows(running)).values()} == {15}
    assert await scalar(running, "select count(*) from events where type = 'intake.plan-action-done'") == 30
    await twin.close()


async def test_corrections_are_followed_and_nothing_is_overwritten(running: Running) -> None:
    accepted(await interview(running, "Amina"))
    fact = accepted(await close(running, "Amina", "withdrew")).events[0].meta.id
    await running.quiet()
    accepted(await corrected(running, "Amina", fact, {"outcome": "autonomous"}))
    await running.quiet()
    assert (await rows(running))[person("Amina")]["outcome"] == "autonomous"
    assert set(await rows(running, OUTCOMES)) == {"autonomous"}, "the row it stood in is gone, the right one is there"
    accepted(await corrected(running, "Amina", fact, {"outcome": "unreachable"}))
    await running.quiet()
    assert set(await rows(running, OUTCOMES)) == {"unreachable"}, "corrected twice"
    accepted(await corrected(running, "Amina", fact, None))
    await running.quiet()
    assert (await rows(running))[person("Amina")]["outcome"] is None
    assert await rows(running, OUTCOMES) == {}
    async with running.store("intake").read() as reading:
        facts = await reading.facts([person("Amina")])
    assert len([f for f in facts if f.event.TYPE == "intake.pathway-closed"]) == 1
    assert len(facts) == 5
    assert len([f for f in effective(facts) if f.event.TYPE == "intake.pathway-closed"]) == 0
    accepted(await close(running, "Amina", "found_work"))  # the decision sees the pathway open again


async def test_a_view_swapped_in_while_live_goes_on_without_a_gap(running: Running) -> None:
    for n in range(10):
        accepted(await interview(running, f"persona {n % 3}"))
    await running.quiet()
    for n in range(10):
        accepted(await interview(running, f"persona {n % 3}"))
    await worker(running).publish()
    tables = await replay(TOY, running.store("intake"), running.log)
    for n in range(10):
        accepted(await interview(running, f"persona {n % 3}"))
    await running.quiet()
    assert sum(row["interviews"] for row in (await rows(running)).values()) == 30
    assert set(tables) == {HEARD, "people", "outcomes"}
    assert await scalar(running, "select table_name from views where view = 'people'") == tables["people"].split(".")[1]
