"""Drafts whose days are over are deleted by the worker: no fact, since nothing was decided."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from services.intake.commands import drafts
from shared import clock
from shared.decisions import Decision
from shared.projection import Reading
from shared.service import Due
from shared.store import Unit


async def due(reading: Reading, today: date) -> list[Due]:
    """One thing to do, on a day on which there are drafts to delete."""
    return [Due("drafts", today)] if await drafts.overdue(reading.conn, _end_of(today)) else []


async def delete(unit: Unit, due: Due) -> Decision:
    """Deletes them."""
    await drafts.purge(unit.conn, _end_of(due.due_on))
    return []


def _end_of(day: date) -> datetime:
    # In UTC: days counted back from a civil instant would lose or gain an hour over a change of clocks.
    return datetime.combine(day, time.max, clock.ROME).astimezone(UTC)
