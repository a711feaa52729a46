"""Whether the log is away, as the site sees it: facts wait, and none has gone out for some seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.web.app import store_of

EVERY, PATIENCE = 2.0, 5.0
WAITING = text(
    "select coalesce(sum(c.number), 0), coalesce(sum(r.number), 0) from counters c"
    " left join relayed r using (topic, partition)"
)


@dataclass
class _Outlet:
    """What one service has sent, and since when nothing moves although something waits."""

    sent: int = -1
    since: float | None = None


class LogWatch:
    """Looks every two seconds at what the services have written and what their relays have sent."""

    def __init__(self, services: Mapping[str, FastAPI]) -> None:
        self._services = services
        self._outlets = {name: _Outlet() for name in services}
        self._away = False

    def away(self) -> bool:
        """What the last look saw."""
        return self._away

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            for name, app in self._services.items():
                await self._look(name, app)
            now = asyncio.get_running_loop().time()
            self._away = any(o.since is not None and now - o.since >= PATIENCE for o in self._outlets.values())
            await asyncio.sleep(EVERY)

    async def _look(self, name: str, app: FastAPI) -> None:
        try:
            async with store_of(app).engine.connect() as conn:
                written, sent = (await conn.execute(WAITING)).one()
        except (SQLAlchemyError, OSError):
            return  # the database is away: pages say so themselves, and this can say nothing
        outlet = self._outlets[name]
        if written <= sent or sent != outlet.sent:
            outlet.since = None
        if written > sent and outlet.since is None:
            outlet.since = asyncio.get_running_loop().time()
        outlet.sent = sent
