"""Intake in the test's own process, on a clock that the test sets: its site on a port, its worker's turns."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from playwright.async_api import Page

from services.intake import commands, forms
from services.intake.app import create_app
from shared.web.site import site
from tests.e2e.desk import Desk
from tests.fixtures.listening import listening
from tests.fixtures.platform import Running, accepted

MONDAY = datetime(2024, 5, 6, 7, 0, tzinfo=UTC)
SHOTS = os.environ.get("INSIEME_SHOTS")


@dataclass
class Office:
    """Intake, and a desk at which to open its pages."""

    running: Running
    desk: Desk

    async def person(self, values: dict[str, Any]) -> str:
        """Registers somebody; the new id."""
        form = forms.RegisterForm.model_validate(values)
        outcome = accepted(await commands.register(self.running.store("intake"), self.running.command(), form))
        return outcome.events[0].event.subject


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
        with contextlib.suppress(asyncio.CancelledError):
            await pumping  # one that died is why pages waited for what never came


async def _pump(running: Running) -> None:
    """The worker's relay and reader: what was recorded reaches the views."""
    store = running.store("intake")
    while True:
        await store.committed.wait()
        await running.quiet()


async def shot(page: Page, name: str) -> None:
    """For the eyes: only where INSIEME_SHOTS names a folder."""
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


async def fits(page: Page) -> None:
    """Nothing is wider than the screen."""
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px wider than the screen"
