"""The rights of a person in a real browser: five services' parts gathered and downloaded, pages that fit a phone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from services.intake import commands, forms
from services.intake.commands import erasure, rights
from services.intake.forms import rights as rights_forms
from shared import clock
from shared.web import sessions
from tests.fixtures.listening import chromium, listening
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.population import populate, site_of
from tests.fixtures.web import reader_of
from tests.integration.test_erasure import registered

pytestmark = pytest.mark.e2e
WIDTH = "document.documentElement.scrollWidth"


async def signed_in(context: BrowserContext, address: str, wrong: list[str]) -> Page:
    cookie = sessions.write(sessions.start(reader_of("dpo")))
    await context.add_cookies([{"name": sessions.COOKIE, "value": cookie, "url": address}])
    page = await context.new_page()
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    return page


async def seeded(running: Running) -> tuple[str, str]:
    """Somebody with requests, somebody whose erasure waits for its day."""
    store = running.store("intake")
    amina = await registered(running, on=clock.today().isoformat())
    luca = await registered(running, given_name="Luca", family_name="Bassi", tax_code=None, birth_date="1990-02-03",
                            phone=None, on=clock.today().isoformat())  # fmt: skip
    for right in ("access", "objection", "restriction"):
        form = rights_forms.RequestForm.model_validate({"right": right})
        accepted(await rights.request(store, running.command(), amina, form))
    ground = rights_forms.RestrictForm(ground="accuracy")
    accepted(await rights.restrict(store, running.command(), amina, ground))
    close = forms.CloseForm.model_validate({"outcome": "withdrew", "on": clock.today().isoformat()})
    accepted(await commands.close(store, running.command(), luca, close))
    why = rights_forms.ProposeForm(reasons="Lo chiede Luca, per lettera.")
    accepted(await erasure.propose(store, running.command("u-elena.conti"), luca, why))
    await running.quiet()
    return amina, luca


async def test_the_copy_is_gathered_by_the_browser_and_pages_fit_a_phone(platform: Platform, tmp_path: Path) -> None:
    running = await platform()
    await populate(running, people=4)
    running.now = clock.now()
    amina, luca = await seeded(running)
    shots = Path(os.environ["SHOTS"]) if "SHOTS" in os.environ else None
    wrong: list[str] = []
    async with listening(site_of(running)) as address, chromium() as browser:
        context = await browser.new_context(locale="it-IT", accept_downloads=True)
        page = await signed_in(context, address, wrong)
        await page.goto(f"{address}/intake/persone/{amina}/diritti/copia")
        await expect(page.locator("[data-parts-said]")).to_contain_text(
            "Tutti i servizi hanno risposto", timeout=20_000
        )
        assert await page.locator("text=non raggiungibile").count() == 0
        for name, begins in (("PDF", b"%PDF-"), ("JSON", b"{")):
            async with page.expect_download() as started:
                await page.click(f"button:has-text('{name}')")
            file = tmp_path / name
            await (await started.value).save_as(file)
            assert file.read_bytes().startswith(begins)
        data: dict[str, Any] = json.loads((tmp_path / "JSON").read_text())
        assert data["identity"][0]["family_name"] == "Haddad"
        assert len(data["services"]) == 5

        async def look(name: str, path: str) -> None:
            for width in (1280, 360):
                await page.set_viewport_size({"width": width, "height": 900})
                await page.goto(address + path)
                assert await page.evaluate(WIDTH) <= width, (path, width)
                if shots:
                    await page.screenshot(path=shots / f"{name}-{width}.png", full_page=True)

        await look("copia", f"/intake/persone/{amina}/diritti/copia")
        await look("richieste", "/intake/diritti")
        await look("persona", f"/intake/persone/{amina}/diritti")
        await look("proposta", f"/intake/persone/{luca}/diritti")
        await look("cancellazioni", "/intake/cancellazioni")
        await look("scheda", f"/intake/persone/{amina}")
        # By the keyboard alone: the proposal is chosen and confirmed, the letter read, the erasure done.
        await page.goto(f"{address}/intake/cancellazioni")
        await page.locator(f"input[value='{luca}']").focus()
        await page.keyboard.press("Space")
        await page.locator("button:has-text('Conferma le cancellazioni scelte')").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("text=Confermata.")).to_be_visible()
        await running.quiet()
        await look("lettera", f"/intake/persone/{luca}/diritti/lettera")
        accepted(await erasure.carry_out(running.store("intake"), running.command(), luca))
        await running.quiet()
        await look("cancellata", f"/intake/persone/{luca}/diritti")
        await look("cancellata-scheda", f"/intake/persone/{luca}")
        await look("cancellazioni-dopo", "/intake/cancellazioni")
        await expect(page.locator("text=Tutti i servizi")).to_be_visible()
    assert wrong == []
