"""Drafts of the public questionnaire: sealed in the vault under a subject of their own, found by a code, gone in days.

A draft is no fact: nothing of it goes into the log before it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake import codes
from services.intake.domain import parameter
from shared import clock
from shared.projection import Reading
from shared.service import Due
from shared.store import Store
from shared.vault import Pending, Values, Vault

KIND, SENT_KIND = "questionnaire", "contact"
"""Vault rows of a draft, and of a questionnaire that was sent."""
CODE = "questionnaire"
FIRST_OF_ALL = UUID("7b0d8a52-9a0e-5b0f-9f43-5f4ad0c1b7a1")


@dataclass(frozen=True, slots=True)
class Draft:
    """A questionnaire begun and not sent; `values` holds language, notice and the answers so far."""

    id: str
    values: Values

    @property
    def steps(self) -> int:
        """How many steps are done."""
        return int(self.values.get("steps", 0))


def code_of(vault: Vault, draft_id: str) -> str:
    """The code with which the draft is taken up again, and its state asked for after it was sent."""
    return codes.made(vault, CODE, draft_id)


async def begin(store: Store, token: UUID, visit: str, language: str, notice: str) -> Draft:
    """A new draft; the same form sent twice begins the same one."""
    draft_id = str(uuid5(FIRST_OF_ALL, f"{token} {visit}"))
    values = {"language": language, "notice": notice, "steps": 0}
    async with store.engine.begin() as conn:
        await _alone(conn, draft_id)
        known = await _latest(store, conn, draft_id)
        if known is not None or await _is_sent(store, conn, draft_id):
            return Draft(draft_id, known or values)
        pending = Pending()
        store.vault.index(pending, CODE, draft_id, [code_of(store.vault, draft_id)])
        await store.vault.seal(conn, pending, draft_id, KIND, draft_id, values, new=True)
        await store.vault.write(conn, pending, clock.now())
    return Draft(draft_id, values)


async def save(store: Store, draft_id: str, answers: dict[str, Any], step: int) -> bool:
    """Adds the answers of a step; False where there is no such draft (any more)."""
    async with store.engine.begin() as conn:
        await _alone(conn, draft_id)
        known = await _latest(store, conn, draft_id)
        if known is None:
            return False
        pending = Pending()
        values = {**known, **answers, "steps": max(int(known.get("steps", 0)), step)}
        await store.vault.seal(conn, pending, draft_id, KIND, draft_id, values)
        await store.vault.write(conn, pending, clock.now())
        await conn.execute(
            text("delete from vault_rows where row_id = cast(:id as uuid) and version < :version"),
            {"id": draft_id, "version": pending.rows[0].version},
        )
    return True


async def load(store: Store, draft_id: str) -> Draft | None:
    """The draft; None where it was sent, has expired or never was."""
    async with store.reads.connect() as conn:
        values = await _latest(store, conn, draft_id)
    return Draft(draft_id, values) if values is not None else None


async def find(store: Store, code: str) -> str | None:
    """Whose code it is: the id of a draft or of a contact."""
    async with store.reads.connect() as conn:
        found = await store.vault.find(conn, CODE, [code], 1)
    return found[0] if found else None


async def _latest(store: Store, conn: AsyncConnection, draft_id: str) -> Values | None:
    return (await store.vault.latest(conn, KIND, [draft_id])).get(draft_id)


async def _is_sent(store: Store, conn: AsyncConnection, draft_id: str) -> bool:
    return bool(await conn.scalar(text("select 1 from events where stream_id = :id limit 1"), {"id": draft_id}))


async def _alone(conn: AsyncConnection, draft_id: str) -> None:
    """Two windows of one browser: the second waits for the first, then adds to what it wrote."""
    await conn.execute(text("select pg_advisory_xact_lock(hashtextextended(:id, 7))"), {"id": draft_id})


OLD = text(
    "select subject, max(written_at) as at from vault_rows where kind = :kind and written_at < :before"
    " group by subject order by subject limit 500"
)


async def expired(reading: Reading, today: Any) -> list[Due]:
    """The drafts that nobody touched for `questionnaire_days`."""
    before = clock.now() - timedelta(days=parameter("questionnaire_days", today))
    found = await reading.conn.execute(OLD, {"kind": KIND, "before": before})
    return [Due(subject, clock.civil(at)) for subject, at in found]
