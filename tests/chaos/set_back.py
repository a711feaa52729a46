"""Intake's database set back to an earlier backup while people go on working, and brought forward by `recover`.

What a restore loses by its nature is no fault and is not done here: facts that were committed and never published,
and the vault's texts that are newer than the backup. For the first the commands are held until the relay has
published what was acknowledged; the second the load does not need, since no command of its reads an older text.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from deploy.backup import _run as run_program
from shared import db
from shared.settings import Settings
from tests.chaos.harness import Harness, Process, environment
from tests.chaos.load import Load
from tests.chaos.verify import UNPUBLISHED

SERVICE = "intake"
"""It has most of the commands; and registering somebody depends on no view, so each client comes to be refused."""
NEWER = 15
"""Facts that the log holds and the backup does not, at least."""
REFUSED = 3
"""Commands that are seen to be refused in between, at least."""


async def set_back(harness: Harness, load: Load) -> int:
    """Copies, waits, puts the copy back and runs `recover`; returns how many facts came back."""
    current = harness.settings
    workers = [worker for worker in harness.workers if worker.name == SERVICE]
    copy = harness.folder / "earlier.sql"
    admin = db.admin_engine(current)
    try:
        await asyncio.to_thread(_copy, current, copy)
        known = await _facts(admin, current)
        await _until(lambda: _more(admin, current, known + NEWER))

        await _stop_when_published(harness, workers, admin)
        await asyncio.to_thread(_put_back, current, copy)
        # From here on it is another table than that of the last good check: that alone keeps commands out.
        older, asked = await _facts(admin, current), load.unchecked
        assert older <= known, "a database behind the log has taken a command"
        await _until(lambda: _refusing(admin, current, older, load, asked + REFUSED))
    finally:
        await admin.dispose()

    recovered = await asyncio.to_thread(_recover, current)
    for worker in workers:
        worker.start()
    harness.faults.append(f"set-back {SERVICE}")
    return recovered


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(90):
        met = await holds()
        while not met:
            await asyncio.sleep(0.1)
            met = await holds()


async def _refusing(admin: AsyncEngine, current: Settings, older: int, load: Load, times: int) -> bool:
    assert await _facts(admin, current) == older, "a database behind the log has taken a command"
    return load.unchecked >= times


async def _more(admin: AsyncEngine, current: Settings, count: int) -> bool:
    return await _facts(admin, current) >= count


async def _published(conn: AsyncConnection) -> bool:
    return not await conn.scalar(text(UNPUBLISHED))


async def _facts(admin: AsyncEngine, current: Settings) -> int:
    async with admin.connect() as conn:
        return int(await conn.scalar(text(f'select count(*) from "{db.schema_name(SERVICE, current)}".events')) or 0)


async def _stop_when_published(harness: Harness, workers: list[Process], admin: AsyncEngine) -> None:
    """Holds the commands, lets the relay finish, ends the workers; no command is taken after that."""
    async with admin.begin() as holding:
        await holding.execute(text(f'set local search_path to "{db.schema_name(SERVICE, harness.settings)}"'))
        await holding.execute(text("lock table counters in share mode"))
        await _until(lambda: _published(holding))
        await asyncio.to_thread(harness.stop, workers)
        # Those that wait for the lock must not get in between it and the copy.
        await holding.execute(text("update health set events_oid = 0"))


def _schemas(current: Settings) -> tuple[str, str]:
    return db.schema_name(SERVICE, current), db.views_schema(SERVICE, current)


def _copy(current: Settings, file: Path) -> None:
    """One snapshot of facts, vault, positions and views, with their owners and rights."""
    run_program(current, "pg_dump", f"--file={file}", *(f'--schema="{schema}"' for schema in _schemas(current)))


def _put_back(current: Settings, file: Path) -> None:
    """In one transaction, while the clients go on asking."""
    before = file.with_name("before.sql")
    before.write_text(
        # Where a reader and this one wait for each other, the reader is told so first and asks again.
        "set lock_timeout = '30s';\nset deadlock_timeout = '20s';\n"
        + "".join(f'drop schema "{schema}" cascade;\n' for schema in _schemas(current))
    )
    run_program(
        current, "psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1",
        f"--file={before}", f"--file={file}",
    )  # fmt: skip


def _recover(current: Settings) -> int:
    """As an operator does it; the number that it prints."""
    command = [sys.executable, "-m", f"services.{SERVICE}", "recover"]
    done = subprocess.run(command, env=environment(current), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) fatti ripresi", done.stdout)
    assert found, done.stdout
    return int(found[1])
