"""The administrator in a browser: somebody begins, somebody leaves after their people passed, at two widths."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.office import Office, fits, shot
from tests.e2e.desk import form_of, refused, send
from tests.fixtures.intake import follow, register

pytestmark = pytest.mark.e2e
GIULIA = "u-giulia.rossi"


@pytest.mark.parametrize("width", [1280, 360])
async def test_the_administrators_pages(office: Office, width: int) -> None:
    desk = office.desk
    await follow(office.running, await register(office.running))
    await office.running.quiet()
    page = await desk.enter("Nadia Rizzo", width)
    await shot(page, f"accounts-home-{width}")
    await page.get_by_role("link", name="Utenti ed enti").first.click()
    await desk.look(page)
    await fits(page)
    await shot(page, f"accounts-list-{width}")

    await page.get_by_role("link", name="Enti", exact=True).click()
    await send(desk, page, "/intake/enti", {"Nome dell'ente": "Acli provinciali di Bologna", "Tipo": "Associazione"})
    await fits(page)
    await shot(page, f"accounts-organisations-{width}")

    await desk.go(page, "/intake/utenti/nuovo")
    new = {
        "Nome utente": "omar.said", "Nome e cognome": "Omar Said", "Ruolo": "Operatore di riferimento",
        "Ente": "Acli provinciali di Bologna", "Distretti che segue": "Pianura Est",
    }  # fmt: skip
    words = await refused(desk, page, "/utenti/nuovo", new | {"Nome utente": "Omar Said"})
    assert "Nome utente" in words
    await fits(page)
    await shot(page, f"accounts-new-refused-{width}")
    await send(desk, page, "/utenti/nuovo", {"Nome utente": "omar.said"})
    await expect(page.locator("h1")).to_have_text("Omar Said")
    await fits(page)
    await shot(page, f"accounts-new-{width}")

    await desk.go(page, f"/intake/utenti/{GIULIA}")
    assert "1 persona in carico" in await refused(desk, page, "/disattiva", {"Perché": "Ha lasciato il programma"})
    await expect(page.get_by_text("chi ha il ruolo")).to_be_visible()
    await fits(page)
    await shot(page, f"accounts-cases-{width}")

    francesca = await desk.enter("Francesca Sola", width)
    await francesca.get_by_role("link", name="Passaggio dei casi").first.click()
    await fits(francesca)
    await desk.go(francesca, f"/intake/passaggi?da={GIULIA}")
    await shot(francesca, f"accounts-handover-{width}")
    await send(desk, francesca, "/intake/passaggi", {"A chi passano, a turno": "Omar Said"})
    await desk.go(page, f"/intake/utenti/{GIULIA}")
    await send(desk, page, "/disattiva", {"Perché": "Ha lasciato il programma"})
    await expect(page.locator(".details").get_by_text("disattivato")).to_be_visible()
    await shot(page, f"accounts-disabled-{width}")
    await page.context.clear_cookies()
    await desk.go(page, "/sign-in")
    await expect(page.get_by_role("button", name=re.compile("Omar Said"))).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("Giulia Rossi"))).to_have_count(0)
    assert await form_of(page, "/sign-in").count() == 1
