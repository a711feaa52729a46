"""Who comes by a referral or over the site, and the menu that leads there: by keyboard, at desk and phone width."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser, expect

from services.intake import forms, questionnaire
from services.intake.commands import referrals, self_registration
from services.intake.domain.referrals import ORGANISATIONS
from tests.browser.office import fits, served, shot
from tests.e2e.desk import Desk
from tests.fixtures.platform import Platform, Running, accepted, intake_at

pytestmark = pytest.mark.e2e
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LUCA: dict[str, Any] = {
    "family_name": "Marchetti", "given_name": "Luca", "birth_date": "1979-11-02", "phone": "333 7654321",
    "municipality": "037006", "reason": "Ha perso il lavoro a gennaio e vive dal fratello.",
    "contact": "Suor Irene, 051 123456", "informed_on": "2026-03-02", "consent": True, "agreed": True,
}  # fmt: skip
AMINA: dict[str, Any] = {
    "language": "it", "notice": "2026-01", "steps": 3, "family_name": "Haddad", "given_name": "Amina",
    "birth_date": "1985-06-10", "sex": "F", "citizenship": "Z330", "birth_place": "Marocco", "phone": "333 1234567",
    "email": "amina@example.org", "municipality": "037006", "quartiere": "navile", "spoken": "ar",
    "education": "upper_secondary", "channel": "parish", "call_at": "morning", "languages": ["it"], "licences": [],
}  # fmt: skip


@pytest.fixture
async def running(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Running:
    return await intake_at(MONDAY, platform, monkeypatch)


@pytest.fixture
async def desk(running: Running, browser: Browser) -> AsyncIterator[Desk]:
    store = running.store("intake")
    form = forms.ReferForm.model_validate(LUCA)
    accepted(await referrals.refer(store, running.command(), ORGANISATIONS[0], form))
    draft = questionnaire.Draft(str(uuid4()), AMINA)
    accepted(await self_registration.receive_contact(store, running.command(), draft))
    await running.quiet()
    async with served(running) as address:
        made = Desk(address, browser)
        yield made
        assert made.wrong == []


@pytest.mark.parametrize("width", [1280, 360])
async def test_the_menu_leads_to_who_arrives_by_keyboard_alone(desk: Desk, width: int) -> None:
    page = await desk.enter("Elena Conti", width)
    await desk.go(page, "/intake/")
    tabs = page.get_by_role("navigation", name="Accoglienza")
    more = tabs.locator("summary")
    await expect(more).to_have_text("Altro")
    await expect(tabs.get_by_role("link", name="Segnalazioni")).to_be_hidden()
    await more.focus()
    await page.keyboard.press("Enter")
    await expect(tabs.get_by_role("link", name="Segnalazioni")).to_be_visible()
    await fits(page)
    await shot(page, f"menu-{width}")
    await page.keyboard.press("Escape")
    await expect(tabs.get_by_role("link", name="Segnalazioni")).to_be_hidden()
    await expect(more).to_be_focused()
    await page.keyboard.press("Enter")
    await tabs.get_by_role("link", name="Segnalazioni").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/intake/segnalazioni")
    await expect(tabs.locator("summary")).to_have_text("Altro: Segnalazioni")
    await fits(page)
    await shot(page, f"referrals-{width}")
    await page.get_by_role("link", name="Marchetti Luca").click()
    await expect(page.get_by_text("Suor Irene")).to_be_visible()
    await fits(page)
    await shot(page, f"referral-{width}")


@pytest.mark.parametrize("width", [1280, 360])
async def test_a_question_of_the_site_is_read_and_answered(desk: Desk, width: int) -> None:
    page = await desk.enter("Elena Conti", width)
    await desk.go(page, "/intake/domande")
    await fits(page)
    await shot(page, f"contacts-{width}")
    await page.get_by_role("link", name="Haddad Amina").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Domanda dal sito: Haddad Amina")
    await fits(page)
    await shot(page, f"contact-{width}")


@pytest.mark.parametrize("width", [1280, 360])
async def test_the_referrer_finds_their_own(desk: Desk, width: int) -> None:
    page = await desk.enter("Chiara Marini", width)
    await desk.go(page, "/intake/segnala")
    await fits(page)
    await shot(page, f"own-{width}")
    await page.get_by_role("link", name="Marchetti Luca").click()
    await fits(page)
    await shot(page, f"own-one-{width}")
    await desk.go(page, "/intake/segnala/nuova")
    await fits(page)
    await shot(page, f"refer-{width}")
