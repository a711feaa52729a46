"""Intake's site on a port in this process, with its worker's relay and reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.intake.app import create_app
from shared.web.site import site
from tests.fixtures.listening import listening
from tests.fixtures.platform import Running


@asynccontextmanager
async def served(running: Running) -> AsyncIterator[str]:
    """Its address."""
    app = create_app()
    app.state.store = running.store("intake")
    pumping = asyncio.create_task(_pump(running))
    try:
        async with listening(site({"intake": app})) as address:
            yield address
    finally:
        pumping.cancel()
        await asyncio.gather(pumping, return_exceptions=True)


async def _pump(running: Running) -> None:
    """The worker's relay and reader: what was recorded reaches the views."""
    store = running.store("intake")
    while True:
        await store.committed.wait()
        await running.quiet()
