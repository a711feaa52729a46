"""A browser for tests of one service's pages, served in the test's own process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.browser.office import MONDAY, Office, served
from tests.e2e.desk import Desk
from tests.fixtures.listening import chromium
from tests.fixtures.platform import Platform, intake_at


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest.fixture
async def office(platform: Platform, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    running = await intake_at(MONDAY, platform, monkeypatch)
    async with served(running) as address:
        desk = Desk(address, browser)
        yield Office(running, desk)
        assert desk.wrong == []
