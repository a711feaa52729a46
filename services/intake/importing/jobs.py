"""An import as a piece of work: the file is kept encrypted, taken up group by group, and reported row by row.

A row is whole or not at all; each row's cause comes from its content under a key (a bare hash of personal data
could be guessed), so the same rows twice add nothing, and a process that dies half-way is taken up where the
report ends. The file goes with the last row. Two workers cannot run one import: its row is locked meanwhile.
"""

from __future__ import annotations

import base64
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.finding import Duplicate
from services.intake.importing import archive, questionnaire, table
from shared.decisions import Decision, Refused
from shared.store import Command, Store, Transaction, Unit
from shared.vault import Pending

logger = logging.getLogger(__name__)
NAMESPACE = uuid.UUID("5f5d3c0e-3f0e-4f7e-9d43-6f5a3a1f4b10")
GROUP = 25
KINDS: dict[str, ModuleType] = {"questionnaire": questionnaire, "archive": archive}
"""Each kind of file: COLUMNS, and read_row, cause, decide, remark of a row."""
Kind = Literal["questionnaire", "archive"]
State = Literal["accepted", "already", "refused"]
ADVANCE = text(
    "update imports set done = :done, finished_at = case when :over then cast(:now as timestamptz) end"
    " where import_id = :id"
)
STOP = text("update imports set finished_at = :now, stopped = true where import_id = :id")


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row of the file (`line` counts from 1, the headings included)."""

    line: int
    state: State
    sentence: str = ""
    person_id: str | None = None


async def start(store: Store, account: str, now: datetime, kind: Kind, content: bytes, token: str) -> str:
    """Takes the file in and returns the import's id, the same for a form sent twice. Raises table.NotReadable."""
    rows = table.read(content, KINDS[kind].COLUMNS)
    import_id = str(uuid.uuid5(NAMESPACE, f"{account}/{token}"))
    async with store.engine.begin() as conn:
        pending = Pending()
        file = {"file": base64.b64encode(content).decode()}
        added = await conn.execute(
            text(
                "insert into imports (import_id, kind, account, started_at, total) values"
                " (:id, :kind, :account, :now, :total) on conflict do nothing"
            ),
            {"id": import_id, "kind": kind, "account": account, "now": now, "total": len(rows)},
        )
        if added.rowcount:
            await store.vault.seal(conn, pending, import_id, "import", import_id, file, new=True)
            await store.vault.write(conn, pending, now)
    return import_id


async def step(store: Store, now: datetime) -> bool:
    """Takes the oldest unfinished import one group further; False where there is none."""
    async with store.engine.begin() as lock:
        found = await lock.execute(
            text(
                "select import_id::text, kind, account, done from imports where finished_at is null"
                " order by started_at for update skip locked limit 1"
            )
        )
        job = found.one_or_none()
        if job is None:
            return False
        try:
            rows = await _rows_of(store, lock, job.import_id, job.kind)
            group = rows[job.done : job.done + GROUP]
            # Committed before the report: should the process die in between, these rows are found again.
            results = await store.together(_work(store, KINDS[job.kind], job.account, now, group))
        except (SQLAlchemyError, OSError):
            raise  # the database is away: the worker starts again and goes on here
        except Exception:
            # A mistake of ours in one file must not stop the worker for ever.
            logger.exception("an import stopped")
            await lock.execute(STOP, {"now": now, "id": job.import_id})
            return True
        await _report(lock, job.import_id, results)
        done = job.done + len(group)
        await lock.execute(ADVANCE, {"done": done, "over": done >= len(rows), "now": now, "id": job.import_id})
        if done >= len(rows):
            await store.vault.erase(lock, job.import_id)
            _files.pop(job.import_id, None)
    return True


_files: dict[str, list[tuple[int, dict[str, str]]]] = {}
"""The import under way, read: one file is not opened and parsed again for each of its groups."""


async def _rows_of(store: Store, conn: AsyncConnection, import_id: str, kind: str) -> list[tuple[int, dict[str, str]]]:
    if import_id not in _files:
        kept = (await store.vault.latest(conn, "import", [import_id]))[import_id]
        _files.clear()
        _files[import_id] = table.read(base64.b64decode(kept["file"]), KINDS[kind].COLUMNS)
    return _files[import_id]


def _work(
    store: Store, kind: ModuleType, actor: str, now: datetime, group: Sequence[tuple[int, dict[str, str]]]
) -> Callable[[Transaction], Awaitable[list[RowResult]]]:
    read = [(line, kind.read_row(row)) for line, row in group]

    async def run(transaction: Transaction) -> list[RowResult]:
        return [
            RowResult(line, "refused", values)
            if isinstance(values, str)
            else await _row(store, transaction, kind, actor, now, line, values)
            for line, values in read
        ]

    return run


async def _row(
    store: Store, transaction: Transaction, kind: ModuleType, actor: str, now: datetime, line: int, values: Any
) -> RowResult:
    cause = uuid.uuid5(NAMESPACE, store.vault.keyed_hash("import-row", kind.cause(values)).hex())

    async def decide(unit: Unit) -> Decision:
        decision: Decision = await kind.decide(unit, values)
        return decision

    outcome = await transaction.run(Command(cause=str(cause), actor=actor, now=now), decide)
    if isinstance(outcome, Refused):
        known = outcome.people[0] if isinstance(outcome, Duplicate) else None
        return RowResult(line, "refused", outcome.sentence, known)
    person_id = outcome.events[0].event.subject
    if outcome.repeated:
        return RowResult(line, "already", "Già importata.", person_id)
    return RowResult(line, "accepted", kind.remark(values), person_id)


async def _report(conn: AsyncConnection, import_id: str, results: Sequence[RowResult]) -> None:
    await conn.execute(
        text(
            "insert into import_rows (import_id, line, state, sentence, person_id)"
            " select cast(:id as uuid), * from unnest(cast(:lines as int[]), cast(:states as text[]),"
            " cast(:sentences as text[]), cast(:people as text[])) on conflict do nothing"
        ),
        {
            "id": import_id, "lines": [r.line for r in results], "states": [r.state for r in results],
            "sentences": [r.sentence for r in results], "people": [r.person_id for r in results],
        },
    )  # fmt: skip


# What the page shows


async def recent(store: Store, limit: int = 10) -> list[dict[str, Any]]:
    """The latest imports, with how far they are."""
    async with store.engine.connect() as conn:
        found = await conn.execute(text("select * from imports order by started_at desc limit :n"), {"n": limit})
        return [dict(row) for row in found.mappings()]


async def progress(store: Store, import_id: str) -> dict[str, Any] | None:
    """One import: its row, and how many rows of the file ended how. None if there is no such import."""
    async with store.engine.connect() as conn:
        found = await conn.execute(text("select * from imports where import_id = :id"), {"id": import_id})
        job = found.mappings().one_or_none()
        if job is None:
            return None
        counted = await conn.execute(
            text("select state, count(*) from import_rows where import_id = :id group by state"), {"id": import_id}
        )
        counts = {"accepted": 0, "already": 0, "refused": 0} | {row[0]: row[1] for row in counted}
        return dict(job) | {"counts": counts}


async def report(store: Store, import_id: str, limit: int | None = None) -> list[dict[str, Any]]:
    """The rows so far, the refused first where only some are wanted, else as in the file."""
    order = "line" if limit is None else "(state <> 'refused'), line"
    async with store.engine.connect() as conn:
        found = await conn.execute(
            text(f"select line, state, sentence, person_id from import_rows where import_id = :id order by {order}"
                 " limit :n"),
            {"id": import_id, "n": limit},
        )  # fmt: skip
        return [dict(row) for row in found.mappings()]
