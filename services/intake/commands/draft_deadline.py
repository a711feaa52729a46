"""Drafts whose days are over are deleted by the worker: no fact, since nothing was decided."""

from __future__ import annotations

from datetime import date, datetime, time

from services.intake.commands import drafts
from shared import clock
from shared.decisions import Decision
from shared.projection import Reading
from shared.service import Due
from shared.store import Unit


async def due(reading: Reading, today: date) -> list[Due]:
    """One thing to do, on a day on which there are drafts to delete."""
    now = datetime.combine(today, time.max, clock.ROME)
    return [Due("drafts", today)] if await drafts.overdue(reading.conn, now) else []


async def delete(unit: Unit, due: Due) -> Decision:
    """Deletes them."""
    await drafts.purge(unit.conn, datetime.combine(due.due_on, time.max, clock.ROME))
    return []
