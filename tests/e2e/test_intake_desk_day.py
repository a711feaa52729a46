"""A desk operator's main day in a browser, at a desk and with a telephone in the hand; and what a lost network
or session must not take away."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.desk import RECORDED, Desk, fill, form_of, send

pytestmark = [pytest.mark.e2e, pytest.mark.kafka]
QUICK = "/intake/registra/rapida"
SAVED = "Bozza salvata"
AMINA = {"code": "HDDMNA85H50Z330M", "family": "Haddad", "given": "Amina"}
LUCA = {"code": "BSSLCU90B01A944R", "family": "Bassi", "given": "Luca"}


async def tell(page: Page, keys: list[str]) -> int:
    """Presses and types, nothing else; gives how many fields were typed into."""
    typed = 0
    for key in keys:
        if key in ("Tab", "Enter"):
            await page.keyboard.press(key)
        else:
            await page.keyboard.type(key)
            typed += 1
    return typed


def fits(width: int) -> str:
    return f"document.documentElement.scrollWidth <= {width}"


@pytest.mark.parametrize(
    ("width", "who", "code", "name"),
    [(1280, AMINA, "malvezzi", "Palazzo Malvezzi"), (360, LUCA, "sportello-navile", "Sportello lavoro Navile")],
)
async def test_a_day_at_the_desk(desk: Desk, width: int, who: dict[str, str], code: str, name: str) -> None:
    """Somebody new comes, is called, registered by keyboard alone and received; a colleague sees it live."""
    home = f"/intake/accoglienza/{code}"
    elena, marco = await desk.enter("Elena Conti", width), await desk.enter("Marco Ferri", width)
    await desk.go(elena, "/intake/accoglienza")
    await elena.get_by_role("link", name=name).click()
    await desk.go(marco, home)
    await elena.get_by_role("button", name="Libero").click()
    await expect(elena.get_by_text(RECORDED)).to_be_visible()
    await elena.get_by_role("button", name="Persona nuova: dai un numero").click()
    await expect(elena.get_by_text(RECORDED)).to_be_visible()

    # Marco has not touched his page: the queue came to him.
    await expect(marco.locator("#giornata")).to_contain_text("persona nuova")
    await expect(marco.locator("#operatori")).to_contain_text("Elena Conti: Libero")
    assert await elena.evaluate(fits(width))

    await elena.get_by_role("button", name="Chiama il prossimo").click()
    await expect(elena.locator("#giornata")).to_contain_text("con te")
    await expect(marco.locator("#giornata")).to_contain_text("con Elena Conti")
    await elena.get_by_role("link", name="Iscrivi", exact=True).click()
    await expect(elena.get_by_label("Codice fiscale")).to_be_focused()
    typed = await tell(elena, [who["code"], "Tab", who["family"], "Tab", who["given"]])
    await expect(elena.get_by_label("Luogo di nascita")).not_to_have_value("")
    assert await elena.get_by_label("Data di nascita").input_value() == ("1985-06-10" if who is AMINA else "1990-02-01")
    if who is AMINA:  # born abroad: the citizenship has to be said
        await elena.get_by_label("Cittadinanza").focus()
        typed += await tell(elena, ["Marocco"])
    await elena.get_by_label("Telefono").focus()
    typed += await tell(elena, ["3331234567", "Tab", "Bologna"])
    assert typed <= 6
    assert await elena.evaluate(fits(width))
    await elena.get_by_label("Telefono").press("Enter")
    await expect(elena.locator("h1")).to_have_text(f"{who['family']} {who['given']}")
    await expect(elena.get_by_text("Manca: titolo di studio")).to_be_visible()
    await desk.look(elena)

    await desk.go(elena, home)
    await expect(elena.locator("#giornata")).to_contain_text(f"{who['family']} {who['given']}")
    await elena.get_by_role("button", name="Ricevuta: fine").click()
    await expect(elena.get_by_text("Nessuno aspetta.")).to_be_visible()
    await desk.go(elena, "/intake/da-completare")
    await expect(elena.get_by_role("link", name=f"{who['family']} {who['given']}")).to_be_visible()

    # Later that day: found by name, with two taps.
    await desk.go(elena, home)
    await elena.get_by_label("Nome, codice fiscale o telefono").fill(who["family"])
    await elena.get_by_role("button", name="Cerca", exact=True).last.click()
    await elena.get_by_role("button", name="È arrivata").click()
    await expect(marco.locator("#giornata")).to_contain_text(f"{who['family']} {who['given']}")
    await elena.get_by_role("button", name="È andata via").click()
    await expect(elena.get_by_text("Nessuno aspetta.")).to_be_visible()


async def test_the_reception_works_without_javascript(desk: Desk) -> None:
    context = await desk.browser.new_context(java_script_enabled=False, locale="it-IT")
    page = await desk.watched(context)
    await page.goto(desk.address + "/sign-in")
    await page.get_by_role("button", name="Marco Ferri").click()
    await desk.go(page, "/intake/accoglienza/caritas-san-petronio")
    await page.get_by_role("button", name="Persona nuova: dai un numero").click()
    await page.get_by_role("button", name="Chiama il prossimo").click()
    await page.get_by_role("button", name="Ricevuta: fine").click()
    await expect(page.get_by_text("Nessuno aspetta.")).to_be_visible()


async def sign_in_again(desk: Desk, page: Page, name: str) -> None:
    """The session is over; the page leads to the sign-in and back."""
    await page.context.clear_cookies()
    await page.reload()
    await page.get_by_role("button", name=name).click()


async def ready(page: Page) -> None:
    await expect(page.locator("#bozze[data-ready]")).to_have_count(1)


FIELDS = {
    "Codice fiscale": "", "Cognome": "Ait Said", "Nome": "Fatima", "Data di nascita": "1979-04-05", "Sesso": "Donna",
    "Luogo di nascita": "Marocco", "Cittadinanza": "Marocco", "Telefono": "051 203040",
    "Comune del domicilio": "Vergato", "Come è arrivata": "Caritas",
}  # fmt: skip


async def whole(page: Page) -> dict[str, str]:
    """What stands in the form now, as somebody reads it."""
    values = {}
    for label in FIELDS:
        field = form_of(page, QUICK).get_by_label(re.compile(rf"^{label}( \(facoltativo\))?$"))
        chosen = "e => e.tagName === 'SELECT' ? e.selectedOptions[0].textContent : e.value"
        values[label] = await field.evaluate(chosen)
    return values


async def test_neither_network_nor_session_takes_a_field_away(desk: Desk) -> None:
    """In the Appennino: half is typed, the network goes, the rest is typed, the page and the session are lost."""
    page = await desk.enter("Elena Conti", 360)
    await desk.go(page, QUICK)
    await ready(page)
    names = list(FIELDS)
    await fill(form_of(page, QUICK), {name: FIELDS[name] for name in names[:4]})
    await expect(page.get_by_text(SAVED)).to_be_visible()

    desk.away = True  # the browser says of each try that there is no network
    await page.context.set_offline(True)
    await fill(form_of(page, QUICK), {name: FIELDS[name] for name in names[4:]})
    await expect(page.get_by_text("tenuto in questo browser, cifrato")).to_be_visible()
    await expect(page.locator(".draft-state")).not_to_contain_text(SAVED)
    await page.get_by_role("button", name="Registra").click()  # tried without a network: it stays where it is
    await expect(page.get_by_text("Senza rete il modulo non è stato inviato")).to_be_visible()
    left = await page.evaluate("JSON.stringify(localStorage)")
    assert "insieme-bozza" in left
    assert not re.search("Fatima|Ait Said|Vergato|203040|037059", left)  # on a shared computer it tells nothing

    # The page is lost before the network is back: what it held is in this browser alone.
    await page.goto("about:blank")
    await page.context.set_offline(False)
    await page.goto(desk.address + QUICK)
    await sign_in_again(desk, page, "Elena Conti")
    await expect(page.get_by_text("C'è una bozza di questo modulo")).to_be_visible()
    await page.get_by_role("button", name="Riprendi la bozza").click()
    assert await whole(page) == FIELDS
    await expect(page.get_by_text(SAVED)).to_be_visible()
    assert "insieme-bozza" not in await page.evaluate("JSON.stringify(localStorage)")
    desk.wrong = [line for line in desk.wrong if "ERR_INTERNET_DISCONNECTED" not in line]
    desk.away = False

    # On another computer the server's draft is there; once the form is accepted, it is nowhere.
    other = await desk.enter("Elena Conti")
    await desk.go(other, QUICK)
    await other.get_by_role("button", name="Riprendi la bozza").click()
    assert await whole(other) == FIELDS
    await send(desk, other, QUICK, {})
    await desk.go(other, QUICK)
    await ready(other)
    await expect(other.get_by_text("C'è una bozza di questo modulo")).to_have_count(0)


async def test_a_colleague_on_the_same_computer_finds_nothing(desk: Desk) -> None:
    elena = await desk.enter("Elena Conti")
    await desk.go(elena, "/intake/registra")
    await ready(elena)
    desk.away = True
    await elena.context.set_offline(True)
    await elena.get_by_label("Cognome").fill("Rahimi")
    await expect(elena.get_by_text("tenuto in questo browser, cifrato")).to_be_visible()
    await elena.goto("about:blank")
    await elena.context.set_offline(False)
    await elena.context.clear_cookies()
    await elena.goto(desk.address + "/sign-in?next=/intake/registra")
    await elena.get_by_role("button", name="Marco Ferri").click()
    await ready(elena)
    await expect(elena.get_by_text("C'è una bozza di questo modulo")).to_have_count(0)
    await sign_in_again(desk, elena, "Elena Conti")  # she finds it: it was not lost, only shut
    await expect(elena.get_by_text("C'è una bozza di questo modulo")).to_be_visible()
    await elena.get_by_role("button", name="Scarta la bozza").click()
    await elena.reload()
    await ready(elena)
    await expect(elena.get_by_text("C'è una bozza di questo modulo")).to_have_count(0)
    desk.wrong = [line for line in desk.wrong if "ERR_INTERNET_DISCONNECTED" not in line]


async def test_a_parish_refers_and_hears_only_what_was_agreed(desk: Desk) -> None:
    chiara, elena = await desk.enter("Chiara Marini", 360), await desk.enter("Elena Conti")
    await chiara.get_by_role("link", name="Segnalazioni").click()
    await chiara.get_by_role("link", name="Segnala una persona").first.click()
    await send(
        desk, chiara, "/intake/segnala/nuova",
        {
            "Cognome": "Okafor", "Nome": "Grace", "Telefono": "333 9876543", "Comune del domicilio": "Bologna",
            "Perché la segnalate": "Cerca lavoro da un anno.", "Chi può dare altre notizie": "don Carlo, 051 111222",
            "Ha firmato il consenso a essere segnalata": True,
        },
    )  # fmt: skip
    assert await chiara.evaluate(fits(360))
    await expect(chiara.get_by_role("cell", name="Ricevuta")).to_be_visible()
    await desk.go(elena, "/intake/segnalazioni")
    await elena.get_by_role("link", name="Okafor Grace").click()
    await desk.look(elena)
    accept = form_of(elena, "/accogli")
    await fill(accept, {"Data di nascita": "1991-01-20", "Sesso": "Donna", "Cittadinanza": "Nigeria"})
    await accept.get_by_role("button", name="Iscrivi").click()
    await expect(elena.locator("h1")).to_have_text("Okafor Grace")
    await expect(elena.get_by_text("Corticella").first).to_be_visible()
    await chiara.get_by_role("link", name="Okafor Grace").click()
    await expect(chiara.get_by_text("solo che la segnalazione è stata ricevuta")).to_be_visible()
    await desk.look(chiara)
