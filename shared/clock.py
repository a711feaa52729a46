"""Time is an argument everywhere; only the edges ask this module for it.

Instants are UTC; legal terms are civil dates in Europe/Rome. In demonstration mode the clock starts on the
morning after the scenario and runs on: `INSIEME_CLOCK_START` (an instant) and `INSIEME_CLOCK_SINCE` (the real
instant at which it was set), both kept by the launcher, so that a restart goes on and does not jump back.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ROME = ZoneInfo("Europe/Rome")


def _shift() -> timedelta:
    start, since = os.environ.get("INSIEME_CLOCK_START"), os.environ.get("INSIEME_CLOCK_SINCE")
    if not start or not since:
        return timedelta()
    return datetime.fromisoformat(start) - datetime.fromisoformat(since)


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC) + _shift()


def civil(instant: datetime) -> date:
    """The civil date in Rome at that instant."""
    return instant.astimezone(ROME).date()


def today() -> date:
    """Today's civil date in Rome."""
    return civil(now())
