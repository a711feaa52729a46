"""Eligibility and assessment in a browser, at desk and phone width: the checks explained, the finding, the language."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.desk import Desk, fill, form_of, refused, send
from tests.e2e.pathway import ON, Person, interview, register

pytestmark = [pytest.mark.e2e, pytest.mark.kafka]
AMINA = Person("Belkacem", "Amina", "1986-05-04")
LUCA = Person("Ferrari", "Luca", "1975-02-11", "Uomo")
PICTURES = os.environ.get("INSIEME_PICTURES", "")


async def fits(page: Page, name: str) -> None:
    """Nothing sticks out sideways; a picture where one was asked for."""
    width = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, f"{page.url} is {width} px too wide"
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("width", [1280, 360])
async def test_the_checks_are_done_and_say_why(desk: Desk, width: int) -> None:
    elena = await desk.enter("Elena Conti", width)
    person_id = await register(desk, elena, AMINA if width > 400 else Person("Belkacem", "Nadia", "1990-01-01"))
    where = f"/intake/persone/{person_id}"
    await elena.get_by_role("link", name="Verifiche di ammissibilità").click()
    await expect(elena.locator("h1")).to_have_text("Verifiche di ammissibilità")
    said = await refused(
        desk, elena, "/verifiche/stato",
        {"Situazione": "Lavoro dipendente", "Ha dichiarato l'immediata disponibilità al lavoro (DID)": True,
         "Ultimo giorno del contratto": ON},
    )  # fmt: skip
    assert "primo giorno del contratto" in said
    await send(
        desk, elena, "/verifiche/stato",
        {"Situazione": "Lavoro dipendente", "Ultimo giorno del contratto": "",
         "Reddito lordo annuo previsto da lavoro dipendente, in euro": "8000"},
    )  # fmt: skip
    card = elena.locator(".panel:has(h2:text-is('Stato occupazionale'))")
    await expect(card).to_contain_text("8.000,00")
    await expect(card).to_contain_text("non supera la soglia di 8.500,00")
    await expect(card).to_contain_text("in vigore dal 01/01/2022")
    failed = {"Altra misura in corso": "Tirocinio regionale in corso"}
    options = await form_of(elena, "/verifiche/misure").locator("[name=measure] option").all_inner_texts()
    failed["Altra misura in corso"] = next(words for words in options if "irocinio" in words)
    await send(desk, elena, "/verifiche/misure", failed)
    measures = elena.locator(".panel:has(h2:text-is('Altre misure'))")
    await expect(measures).to_contain_text("Nella tabella è incompatibile")
    await send(desk, elena, "/verifiche/misure", {"Altra misura in corso": "Nessuna"})
    await fits(elena, f"checks-{width}")
    await desk.go(elena, where)
    await interview(desk, elena)


@pytest.mark.parametrize("width", [1280, 360])
async def test_the_assessment_is_guided_and_its_words_stay_there(desk: Desk, width: int) -> None:
    elena, giulia = await desk.enter("Elena Conti"), await desk.enter("Giulia Rossi", width)
    who = LUCA if width > 400 else Person("Ferrari", "Carlo", "1971-07-12", "Uomo")
    person_id = await register(desk, elena, who)
    where = f"/intake/persone/{person_id}"
    await desk.go(elena, f"{where}/verifiche")
    await send(
        desk, elena, "/verifiche/stato",
        {"Situazione": "Mai lavorato (inoccupata/o)", "Ha dichiarato l'immediata disponibilità al lavoro (DID)": True},
    )  # fmt: skip
    await send(desk, elena, "/verifiche/misure", {"Altra misura in corso": "Nessuna"})
    await desk.go(elena, where)
    await interview(desk, elena)
    await desk.go(giulia, f"{where}/valutazione")
    form = form_of(giulia, "/valutazione/fragilita")
    await form.get_by_label("Lavoro", exact=True).check()
    said = await refused(desk, giulia, "/valutazione/fragilita", {"Motivazione": "Vive solo."})
    assert "L.R. 14/2015" in said
    await expect(form.get_by_label("Motivazione")).to_have_value("Vive solo.")
    await form.get_by_label("Salute", exact=True).check()
    await send(desk, giulia, "/valutazione/fragilita", {})
    await send(
        desk, giulia, "/valutazione/dimensioni",
        {"Lavoro: come sta": "Ostacolo serio", "Salute: come sta": "Qualche ostacolo",
         "Nota su: salute": "In cura al centro.", "Conclusione": "Da formare", "Perché": "Prima l'italiano."},
    )  # fmt: skip
    await send(
        desk, giulia, "/valutazione/lingua",
        {"Ascolto": "A2", "Scrittura": "Pre-A1", "Prova": "Test"},
    )  # fmt: skip
    await expect(giulia.locator(".panel:has(h2:text-is('3. Lingua (CEFR)'))")).to_contain_text("Italiano: Pre-A1")
    await expect(giulia.locator("main")).to_contain_text("In cura al centro.")
    await fits(giulia, f"assessment-{width}")
    await desk.go(giulia, where)
    await expect(giulia.locator("main")).to_contain_text("Fragilità accertata")
    await expect(giulia.locator("main")).not_to_contain_text("In cura al centro.")
    await fill(form_of(giulia, "/presa-in-carico"), {})
    await fits(giulia, f"person-{width}")
