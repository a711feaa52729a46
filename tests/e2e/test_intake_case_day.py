"""A case manager's main day, at desk and phone width: the worklist, a call, a plan, a rest, a case passed on."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.desk import Desk, fill, form_of, refused, send, until
from tests.e2e.pathway import ON, TODAY, Person, after, in_charge

pytestmark = [pytest.mark.e2e, pytest.mark.kafka]
WIDTHS = {"desk": 1280, "phone": 360}
SOFIA = {"desk": Person("Benassi", "Sofia", "1991-05-20"), "phone": Person("Tartarini", "Sofia", "1990-08-02")}


async def fits(page: Page) -> None:
    """Nothing has to be scrolled sideways."""
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url}: {wide} px too wide"


@pytest.mark.parametrize("width", WIDTHS)
async def test_the_day_of_a_case_manager(desk: Desk, width: str) -> None:
    sofia = SOFIA[width]
    elena, giulia = await desk.enter("Elena Conti"), await desk.enter("Giulia Rossi", WIDTHS[width])
    person_id = await in_charge(desk, elena, giulia, sofia, "Da formare")
    where = f"/intake/persone/{person_id}"

    # She is on the list of today, without a plan yet; the header finds her by half a name, from any page.
    await until(giulia, "/intake/?vista=mie", sofia.name, desk)
    await fits(giulia)
    await desk.go(giulia, "/training/")
    await giulia.get_by_role("searchbox", name="Cerca una persona").fill(sofia.family_name[:4])
    await giulia.keyboard.press("Enter")
    await giulia.locator("main").get_by_role("link", name=sofia.name).click()
    await expect(giulia.locator("h1")).to_have_text(sofia.name)
    await fits(giulia)

    # A call in vain, with a day to call back: it is in the queue of that day.
    await expect(giulia.get_by_role("link", name="Chiama")).to_have_attribute("href", "tel:051203040")
    await send(
        desk, giulia, "/contatti",
        {"Mezzo": "Telefonata", "Com'è andata": "Nessuna risposta", "Da richiamare il": ON, "Note": "Segreteria."},
    )  # fmt: skip
    await expect(giulia.get_by_text("Un tentativo a vuoto")).to_be_visible()
    await desk.go(giulia, "/intake/?vista=mie")
    await expect(giulia.locator("#to_call").get_by_text(sofia.name)).to_be_visible()

    # She answers; they agree on a plan with the nursery of Caritas beside the course, and both sign.
    await desk.go(giulia, where)
    await send(desk, giulia, "/contatti", {"Mezzo": "Telefonata", "Com'è andata": "Ha risposto"})
    form = form_of(giulia, "/piano")
    await fill(form, {})
    first, second = (form.get_by_role("group", name=re.compile(f"^Azione {n}")) for n in (1, 2))
    await first.get_by_label("Che cosa").select_option(label="Patente o abilitazione")
    await first.get_by_label("Chi lo fa").select_option(label="La persona")
    await second.get_by_label("Che cosa").select_option(label="Nido o cura dei figli")
    said = await refused(desk, giulia, "/piano", {"Obiettivi": "Guidare il furgone."})
    assert "indica che cosa si fa e la scadenza" in said
    form = form_of(giulia, "/piano")
    first, second = (form.get_by_role("group", name=re.compile(f"^Azione {n}")) for n in (1, 2))
    for number, group in enumerate((first, second)):
        await group.get_by_label("Entro il").fill(after(60 + number))
    await second.get_by_label("Chi lo fa").select_option(label="Un altro ente")
    await second.get_by_label("Quale ente").select_option(label="Caritas")
    await send(desk, giulia, "/piano", {"Firmato da entrambi": "Su carta"})
    card = giulia.locator(".panel:has(h2:text-is('Piano'))")
    await expect(card).to_contain_text("Nido o cura dei figli — Caritas")
    await expect(card).to_contain_text(f"Persona: firma del {TODAY:%d/%m/%Y}")

    # The licence is done: she shows it. A note, a rest, and the summary on paper.
    await card.get_by_text("Esito dell'azione").first.click()
    action = card.locator("form[action$='/piano/azione']").first
    await action.get_by_label("Compiuta").check()
    await action.get_by_label("Documento visto").check()
    await action.get_by_role("button", name="Registra l'esito").click()
    await expect(card.locator(".badge", has_text="Compiuta")).to_be_visible()
    await send(desk, giulia, "/note", {"Nota": "Preferisce il mattino."})
    await expect(giulia.get_by_text("Preferisce il mattino.")).to_be_visible()
    await fits(giulia)
    await send(desk, giulia, "/sospensione", {"Motivo": "Motivi personali o familiari", "Fine prevista": after(20)})
    await expect(giulia.get_by_text(re.compile("Percorso sospeso fino al"))).to_be_visible()
    await send(desk, giulia, "/ripresa", {})
    await giulia.get_by_role("link", name="Riepilogo da stampare").click()
    await expect(giulia.get_by_role("heading", name=f"Riepilogo: {sofia.name}")).to_be_visible()
    await expect(giulia.get_by_text("Preferisce il mattino.")).to_have_count(0)
    await giulia.emulate_media(media="print")
    await expect(giulia.locator("header")).to_be_hidden()
    await giulia.emulate_media(media="screen")

    # The case passes to Davide, of another organisation: it is his to read, a part of the story at a time.
    await desk.go(giulia, where)
    await send(desk, giulia, "/passaggio", {"A chi passa": "Davide Neri", "Motivo del passaggio": "Cambio di zona"})
    await expect(giulia.locator("h1")).to_have_text("Oggi")
    davide = await desk.enter("Davide Neri", WIDTHS[width])
    await desk.go(davide, where)
    await expect(davide.locator(".key-facts")).to_contain_text("Davide Neri")
    await davide.locator(".story-filter").get_by_role("link", name="Formazione").click()
    await expect(davide.get_by_text("Niente con questo filtro.")).to_be_visible()
    # Not Giulia's any more, but for a motive that others see.
    await desk.go(giulia, where)
    await expect(giulia.get_by_text("Questa persona non è del tuo ente")).to_be_visible()
    await expect(giulia.get_by_text(sofia.name)).to_have_count(0)
    await giulia.get_by_role("link", name="Apri in emergenza").click()
    await expect(giulia.locator("h1")).to_have_text("Apri in emergenza")
    await fits(giulia)
    await giulia.get_by_label("Perché").select_option(label="Chi la segue è assente")
    await giulia.get_by_label("Spiega in una o due frasi").fill("Davide è assente e Sofia è qui.")
    await giulia.get_by_role("button", name="Apri la scheda").click()
    await expect(giulia.locator("h1")).to_have_text(sofia.name)
    await until(davide, "/intake/?vista=mie", "aperte in emergenza", desk)
    await fits(davide)
    await until(giulia, f"/matching/candidati/{person_id}", "Davide Neri", desk)
    # The data protection officer sees it too, with the motive, and what she looked at.
    stefano = await desk.enter("Stefano Leoni", WIDTHS[width])
    await until(stefano, "/intake/emergenze", "Davide è assente e Sofia è qui.", desk)
    await fits(stefano)
    await desk.go(stefano, f"/intake/accessi?persona={person_id}")
    await expect(stefano.get_by_text("Giulia Rossi").first).to_be_visible()
    await fits(stefano)
    for address in ("/intake/accessi/utenti", "/ruoli"):
        await desk.go(stefano, address)
        await fits(stefano)
