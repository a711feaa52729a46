"""(d) Appends through the store, single and grouped, against bare inserts of the same rows in as many commits."""

from __future__ import annotations

import time
import uuid
from typing import Any

from sqlalchemy import text

from benchmarks.parts import Figure, at_least, fresh
from services.intake.service import SERVICE
from shared import clock, db
from shared.decisions import Decision, Stream
from shared.events.intake import InterviewHeld
from shared.settings import Settings
from shared.store import COLUMNS, INSERT, Command, Store, Unit
from shared.worker import Worker

BARE = text(
    f"insert into bare ({', '.join(n for n, _ in COLUMNS)}) values ("
    + ", ".join(f"cast(:{n} as {t})" for n, t in COLUMNS)
    + ")"
)
BARE_MANY = text(INSERT.text.replace("into events", "into bare"))


def _interview(person: str = "") -> tuple[Command, Any]:
    person = person or str(uuid.uuid4())

    async def decide(unit: Unit) -> Decision:
        await unit.states(Stream(person, 0, lambda state, event: state + 1))
        return [InterviewHeld(on=unit.today, person_id=person, interview_id=unit.new_id("interview"), mode="in_person")]

    return Command(str(uuid.uuid4()), "u-elena.conti", clock.now()), decide


async def measure(current: Settings, single: int = 1500, grouped: int = 12_800, group: int = 64) -> list[Figure]:
    """Both ways, alternating with the bare inserts, on one connection."""
    async with fresh(current) as (named, log):
        store = Store("intake", db.service_engine("intake", named, pool_size=2), named)
        worker = Worker(SERVICE, store, log)
        await worker.start()
        admin = db.admin_engine(named)
        async with admin.begin() as conn:
            schema = db.schema_name("intake", named)
            await conn.execute(text(f'create table "{schema}".bare (like "{schema}".events including all)'))
            await conn.execute(text(f'grant select, insert on "{schema}".bare to "{schema}"'))
        await admin.dispose()
        for _ in range(50):
            await store.execute(*_interview())
        ours = bare = 0.0
        # Ours and bare in turn, commit by commit: whatever else the machine does meets both alike.
        ours = bare = 0.0
        for _ in range(single):
            (person,) = _people(1)
            asked = _interview(person)
            begun = time.perf_counter()
            await store.execute(*asked)
            ours += time.perf_counter() - begun
            (row,) = await _rows(store, [person])
            begun = time.perf_counter()
            async with store.engine.begin() as conn:
                await conn.execute(BARE, row)
            bare += time.perf_counter() - begun
        one = at_least("(d) append, one command a commit", single / ours, single / bare, "/s")
        ours = bare = 0.0
        for _ in range(grouped // group):
            # Who asks, and under which cause, is not the store's work: it is there before the clock starts.
            together = [(person, *_interview(person)) for person in _people(group)]
            begun = time.perf_counter()
            async with store.transaction() as transaction:
                await transaction.load([person for person, _, _ in together])
                for _, command, decide in together:
                    await transaction.run(command, decide)
            ours += time.perf_counter() - begun
            rows = await _rows(store, [person for person, _, _ in together])
            begun = time.perf_counter()
            async with store.engine.begin() as conn:
                await conn.execute(BARE_MANY, {name: [row[name] for row in rows] for name, _ in COLUMNS})
            bare += time.perf_counter() - begun
        many = at_least(f"(d) append, {group} commands a commit", grouped / ours, grouped / bare, "/s")
        await worker.close()
        await store.close()
        return [one, many]


def _people(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]


async def _rows(store: Store, people: list[str]) -> list[dict[str, Any]]:
    names = ", ".join(f"{n}::text as {n}" if kind == "uuid" else n for n, kind in COLUMNS)
    async with store.engine.connect() as conn:
        found = await conn.execute(
            text(f"select {names} from events where stream_id = any(:people)"), {"people": people}
        )
        return [dict(row) for row in found.mappings()]
