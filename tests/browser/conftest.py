"""A browser for tests of one service's pages, served in the test's own process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.office import MONDAY, Office, intake_at, served
from tests.e2e.desk import Desk
from tests.fixtures.platform import Platform

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        await started.close()


@pytest.fixture
async def office(platform: Platform, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    running = await intake_at(MONDAY, platform, monkeypatch)
    async with served(running) as address:
        desk = Desk(address, browser)
        yield Office(running, desk)
        assert desk.wrong == []
