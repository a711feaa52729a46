"""Database and log part ways: a restored backup, a lost or moved log, a relay that died in between."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared import topics
from shared.log import LogUnavailable, open_log
from shared.recovery import CannotRecover, recover
from shared.relay import Relay, Restored
from shared.store import DatabaseUnchecked
from shared.worker import LeadershipLost, Worker, leadership
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.toy import TOY, interview, person, rows

TABLES = (
    "events", "counters", "relayed", "positions", "parked", "refusals", "health", "vault_rows", "vault_keys",
)  # fmt: skip


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def running(platform: Platform, request: pytest.FixtureRequest) -> Running:
    return await platform("intake", log=request.param, definitions={"intake": TOY})


async def admin(running: Running, *statements: str) -> None:
    """As the database's owner: what a restore does."""
    from shared.db import admin_engine

    engine = admin_engine(running.settings)
    async with engine.begin() as conn:
        await conn.execute(text(f'set search_path to "{running.settings.namespace}intake"'))
        for statement in statements:
            await conn.execute(text(statement))
    await engine.dispose()


async def backup(running: Running) -> None:
    """Copies the tables of facts and of the views' positions aside."""
    views = f"{running.settings.namespace}intake_views"
    await admin(
        running,
        *(f"drop table if exists saved_{t}" for t in TABLES),
        *(f"create table saved_{t} as table {t}" for t in TABLES),
        *(f'create table saved_{t} as table "{views}"."{t}"' for t in await _views(running)),
    )


async def restore(running: Running) -> None:
    """Sets the service's database back to the copy; the views with it."""
    views = f"{running.settings.namespace}intake_views"
    await admin(
        running,
        *(f"truncate {t}" for t in TABLES),
        *(f"insert into {t} select * from saved_{t}" for t in TABLES),
        *(f'truncate "{views}"."{t}"' for t in await _views(running)),
        *(f'insert into "{views}"."{t}" select * from saved_{t}' for t in await _views(running)),
        "update health set events_oid = 0",  # a restored table is another table: pg_restore gives it a new oid
    )


async def _views(running: Running) -> list[str]:
    async with running.store("intake").engine.connect() as conn:
        found = await conn.execute(text("select table_name from views"))
        return [row[0] for row in found]


async def facts(running: Running) -> list[Any]:
    async with running.store("intake").engine.connect() as conn:
        found = await conn.execute(
            text(
                "select topic, partition, number, event_id::text, predecessor::text, stream_id, version, data"
                " from events order by topic, partition, number"
            )
        )
        return [tuple(row) for row in found]


async def test_a_restored_database_is_seen_refused_and_brought_forward(running: Running) -> None:
    for n in range(12):
        accepted(await interview(running, f"persona {n % 4}"))
    await running.quiet()
    await backup(running)
    for n in range(12):
        # Who decides again because somebody was faster keeps its time: times need not follow the numbers.
        running.now -= timedelta(seconds=1)
        accepted(await interview(running, f"persona {n % 5}"))
    await running.quiet()
    before, people = await facts(running), await rows(running)

    await running.workers["intake"].close()
    await restore(running)
    with pytest.raises(DatabaseUnchecked):
        await interview(running, "Amina")
    store = running.store("intake")
    successor = Worker(TOY, store, running.log, lambda: running.now)
    with pytest.raises(Restored):
        await successor.start()
    with pytest.raises(DatabaseUnchecked):  # it did not count as a good check
        await interview(running, "Amina")

    assert await recover(store, running.log) > 0
    await successor.start()
    running.workers["intake"] = successor
    await running.quiet()
    assert await facts(running) == before, "the same facts, numbers, predecessors and bytes"
    assert await rows(running) == people
    accepted(await interview(running, "Amina"))
    await running.quiet()
    assert (await rows(running))[person("Amina")]["interviews"] == 1


async def test_a_restore_to_before_an_unpublished_tail_is_judged_by_people(running: Running) -> None:
    """A fact in the log under a number that the database gave to another one: no machine can tell who is right."""
    accepted(await interview(running, "Amina"))
    await running.quiet()
    await admin(running, "update events set event_id = gen_random_uuid() where number = 1")
    await admin(running, 'update relayed set "offset" = -1, number = 0, event_id = null')
    with pytest.raises(Restored):
        await Relay(running.store("intake"), running.log).check()
    with pytest.raises(CannotRecover):
        await recover(running.store("intake"), running.log)


async def test_an_acknowledgement_that_was_lost_sends_nothing_twice(running: Running) -> None:
    accepted(await interview(running, "Amina"))
    await running.workers["intake"].publish()
    partition = (await facts(running))[0][1]
    await admin(running, 'update relayed set "offset" = -1, number = 0, event_id = null')
    relay = Relay(running.store("intake"), running.log)
    await relay.check()
    assert await relay.turn() == 0
    assert (await running.log.ends([("pathway", partition)]))["pathway", partition] == 1


async def test_a_lost_log_gets_everything_again_in_order(running: Running) -> None:
    for n in range(9):
        accepted(await interview(running, f"persona {n % 3}"))
    await running.quiet()
    people = await rows(running)
    elsewhere = replace(running.settings, namespace=running.settings.namespace + "new_")
    log = open_log(running.settings.log_url, elsewhere.namespace)
    await log.start()
    await topics.create(log)
    moved = Worker(TOY, running.store("intake"), log, lambda: running.now)
    await moved.start()
    accepted(await interview(running, "Amina"))
    from shared.pump import to_quiet

    await to_quiet([moved])
    assert moved.reader.stopped is None
    found = await rows(running)
    assert {k: v for k, v in found.items() if k != person("Amina")} == people, "read again from 0, skipped by number"
    assert found[person("Amina")]["interviews"] == 1
    numbers: dict[int, list[int]] = {}
    for partition in range(12):
        for record in await log.read("pathway", partition, 0, 1000):
            numbers.setdefault(partition, []).append(int(dict(record.headers)["ce_number"]))
    assert all(n == list(range(1, len(n) + 1)) for n in numbers.values())
    assert sum(len(n) for n in numbers.values()) == len([f for f in await facts(running) if f[0] == "pathway"])
    await moved.close()
    await log.stop()


async def test_a_relay_that_cannot_send_keeps_everything_for_its_successor(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = running.workers["intake"]

    async def away(*_: object, **__: object) -> int:
        raise LogUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr(running.log, "append", away)
        for n in range(5):
            accepted(await interview(running, f"persona {n}"))  # commands still succeed
        with pytest.raises(LogUnavailable):
            await worker.publish()
    worker.relay = Relay(worker.store, running.log)
    await worker.relay.check()
    await running.quiet()
    assert len(await rows(running)) == 5


async def test_only_one_worker_is_active_and_its_end_lets_the_next_in(running: Running) -> None:
    store = running.store("intake")
    async with leadership(store) as heartbeat:
        await heartbeat()
        with pytest.raises(LeadershipLost):
            async with leadership(store, wait=False):
                pass
        waiting = asyncio.create_task(_lead_once(store))
        await asyncio.sleep(0)
        assert not waiting.done()
    await asyncio.wait_for(waiting, 10)


async def _lead_once(store: Any) -> None:
    async with leadership(store):
        pass


async def test_a_stopped_holder_loses_the_lock(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL itself ends the session of a holder that was stopped (SIGSTOP) and no longer beats."""
    monkeypatch.setattr("shared.worker.LOCK_IDLE", 0.5)
    store = running.store("intake")

    async def stopped() -> None:
        async with leadership(store) as heartbeat:
            await asyncio.wait_for(_lead_once(store), 10)  # while the holder sleeps, another gets in
            await heartbeat()

    with pytest.raises(LeadershipLost):
        await stopped()


async def test_a_cause_is_a_uuid(running: Running) -> None:
    with pytest.raises(ValueError, match="non-hexadecimal"):
        await interview(running, "Amina", cause="not a uuid")
    accepted(await interview(running, "Amina", cause=str(uuid.uuid4())))
