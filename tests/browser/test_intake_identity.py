"""Identity in a browser: documents and permit at the desk, a photograph from a telephone, two records made one."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import expect

from tests.browser.office import Office, fits, shot
from tests.e2e.desk import fill, form_of, refused, send

pytestmark = pytest.mark.e2e
AMINA: dict[str, Any] = {
    "family_name": "Haddad", "given_name": "Amina", "tax_code": "HDDMNA85H50Z330M", "birth_date": "1985-06-10",
    "birth_place": "Marocco", "sex": "F", "citizenship": "Z330", "phone": "+39 333 1234567", "municipality": "037006",
    "quartiere": "navile", "education": "upper_secondary", "channel": "parish", "on": "2024-03-04",
}  # fmt: skip
AGAIN = AMINA | {"family_name": "Hadad", "tax_code": None, "birth_date": "1985-06-11", "phone": "+39 320 7654321"}


async def test_documents_and_permit_at_the_desk(office: Office) -> None:
    desk, person = office.desk, await office.person(AMINA)
    page = await desk.enter("Elena Conti")
    await desk.go(page, f"/intake/persone/{person}/anagrafica")
    await form_of(page, "/anagrafica").evaluate("form => form.querySelectorAll('details').forEach(d => d.open = true)")
    await fill(form_of(page, "/anagrafica"), {
        "Documento di identità": "Passaporto", "Numero del documento": "AX1234567",
        "Lingua in cui capisce meglio": "Arabo", "Serve un interprete": True,
        "Amministratore di sostegno": "Luca Neri", "Recapito dell'amministratore di sostegno": "051 123456",
        "Canale preferito": "WhatsApp", "In quali orari": "dopo le 17",
    })  # fmt: skip
    await page.get_by_role("button", name="Salva").click()
    await page.wait_for_url(re.compile(rf"/persone/{person}([?]|$)"))
    for words in ("AX1234567", "Arabo", "Luca Neri", "WhatsApp", "dopo le 17"):
        await expect(page.locator("main dl.details").get_by_text(words).first).to_be_visible()
    values: dict[str, str | bool] = {"Tipo e motivo": "Lavoro subordinato", "Autorizza al lavoro": True}
    values["Numero"] = "I0123456"
    assert "Indica la scadenza" in await refused(desk, page, "/permesso", values)
    await send(desk, page, "/permesso", {"Scade il": "2024-06-20"})
    await expect(page.get_by_text("Il permesso scade tra 45 giorni")).to_be_visible()
    await shot(page, "permit-1280")


async def test_a_photograph_from_a_telephone(office: Office) -> None:
    desk, person = office.desk, await office.person(AMINA)
    page = await desk.enter("Elena Conti", width=360)
    await desk.go(page, f"/intake/persone/{person}")
    form = form_of(page, "/documenti")
    await form.locator("xpath=ancestor::details").locator("summary").first.click()
    picture = io.BytesIO()
    Image.new("RGB", (800, 600), "teal").save(picture, "JPEG")
    box = form.get_by_label("File o fotografia")
    assert await box.get_attribute("accept") == "image/*,application/pdf"
    await box.set_input_files({"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": picture.getvalue()})
    await fill(form, {"Che documento è": "Curriculum"})
    await form.get_by_role("button", name="Carica").click()
    await expect(page.locator(".notice:has-text('Registrato.')")).to_be_visible()
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Curriculum").click()
    download = await started.value
    assert re.fullmatch(r"cv-[0-9a-f]{8}\.jpg", download.suggested_filename)
    await fits(page)
    await shot(page, "attachments-360")
    await desk.look(page)


@pytest.mark.parametrize("width", [1280, 360])
async def test_two_records_are_compared_joined_and_parted(office: Office, width: int) -> None:
    desk = office.desk
    first, second = await office.person(AMINA), await office.person(AGAIN)
    await office.running.quiet()
    page = await desk.enter("Giulia Rossi", width=width)
    await desk.go(page, "/intake/doppioni")
    await expect(page.get_by_text("Da guardare (1)")).to_be_visible()
    await fits(page)
    await shot(page, f"duplicates-{width}")
    await page.locator("main table a").first.click()
    await expect(page.get_by_role("heading", name="Due schede a confronto")).to_be_visible()
    await desk.look(page)
    await fits(page)
    await shot(page, f"pair-{width}")
    await send(desk, page, "/unisci", {
        "Quale scheda resta": f"Haddad Amina ({first[:8]})", "Su che cosa si basa": "Stesso documento visto",
        "Motivazione": "Stesso passaporto, visto oggi.",
    })  # fmt: skip
    assert page.url.split("?")[0].endswith(first)
    await shot(page, f"root-{width}")
    await page.get_by_text("Il percorso sotto la scheda unita").click()
    await desk.go(page, f"/intake/persone/{second}")
    await expect(page.get_by_text("Questa scheda è unita a")).to_be_visible()
    await fits(page)
    await shot(page, f"alias-{width}")
    await page.get_by_role("link", name="Confronta o dividi").click()
    await send(desk, page, "/dividi", {"Perché": "Sono due persone", "Motivazione": "Viste insieme allo sportello."})
    await desk.go(page, "/intake/doppioni")
    await expect(page.get_by_text("Nessuna scheda unita.")).to_be_visible()
