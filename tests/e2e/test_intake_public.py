"""The public pages in a browser at phone width: the whole questionnaire in Arabic and in Italian, a code to go on in
another browser, the receipt; an operator accepts it and gives a code; the person enters their own page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, expect

from tests.e2e.desk import PATIENCE, REFUSED, Desk, form_of, until

pytestmark = [pytest.mark.e2e, pytest.mark.kafka]
PHONE = 360
WIDTH = "document.documentElement.scrollWidth"


@asynccontextmanager
async def visiting(desk: Desk, locale: str) -> AsyncIterator[Page]:
    """A phone of its own; what it opened is forgotten when it is closed."""
    context = await desk.browser.new_context(viewport={"width": PHONE, "height": 740}, locale=locale)
    context.set_default_timeout(PATIENCE)
    yield await desk.watched(context)
    await context.close()


async def fit(desk: Desk, page: Page, language: str) -> None:
    """Fit to be seen: nothing sideways, the right language and direction."""
    await desk.look(page)
    assert await page.evaluate(WIDTH) <= PHONE, page.url
    html = page.locator("html")
    await expect(html).to_have_attribute("lang", language)
    await expect(html).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")


async def press(page: Page, path: str) -> None:
    await form_of(page, path).locator("button[type=submit]").click()


async def press_when_read(page: Page, path: str) -> None:
    """Nobody reads a page in less than two seconds, and the server knows."""
    # The time that the product asks for, counted from the page's arrival; the site's policy forbids waiting inside it.
    read = await page.evaluate("performance.now() - performance.getEntriesByType('navigation')[0].responseEnd")
    await asyncio.sleep(max(0.0, 2.2 - float(read) / 1000))
    await press(page, path)


async def begin(desk: Desk, page: Page, language: str) -> None:
    await page.goto(desk.address)
    await page.get_by_role("link", name="Fai domanda").click()
    await page.wait_for_url(f"**/intake/domanda/{language}")
    await fit(desk, page, language)
    await page.check("[name=notice]")
    await press_when_read(page, f"/domanda/{language}")
    await page.wait_for_url("**/passo/1")


async def who(desk: Desk, page: Page, language: str, given: str, family: str) -> None:
    await press(page, "/passo/1")
    await expect(page.locator("#errori")).to_be_visible()
    await fit(desk, page, language)
    await page.fill("[name=given_name]", given)
    await page.fill("[name=family_name]", family)
    await page.fill("[name=birth_date]", "1985-06-10")
    await page.check("[name=sex][value=F]")
    await page.select_option("[name=citizenship]", "Z330")
    await press(page, "/passo/1")
    await page.wait_for_url("**/passo/2")
    await fit(desk, page, language)


async def rest(desk: Desk, page: Page, language: str) -> str:
    """The other steps, to the receipt; its code."""
    await page.fill("[name=phone]", "+39 333 1234567")
    await page.select_option("[name=municipality]", "037006")
    await page.select_option("[name=quartiere]", "navile")
    await press(page, "/passo/2")
    await page.wait_for_url("**/passo/3")
    await fit(desk, page, language)
    await page.select_option("[name=education]", "upper_secondary")
    await page.select_option("[name=channel]", "parish")
    await press(page, "/passo/3")
    await page.wait_for_url("**/riepilogo")
    await fit(desk, page, language)
    await press_when_read(page, "/riepilogo")
    await page.wait_for_url("**/ricevuta")
    await fit(desk, page, language)
    return await page.locator("#codice-personale").inner_text()


async def test_the_whole_questionnaire_in_arabic_with_a_pause_in_between(desk: Desk) -> None:
    async with visiting(desk, "ar-MA") as page:
        await begin(desk, page, "ar")
        await who(desk, page, "ar", "أمينة", "حداد")
        link = await page.locator("a[href*='codice#']").get_attribute("href")
        heading = page.locator("h1")
        right = await heading.evaluate("e => getComputedStyle(e).textAlign + getComputedStyle(e).direction")
        assert right == "rightrtl" or right == "startrtl"
    # The browser was closed, cookies and all; the link holds the code behind the #, which no server sees.
    async with visiting(desk, "ar-MA") as page:
        await page.goto(f"{desk.address}{link}")
        await expect(page.locator("[name=code]")).to_have_value(re.compile("^[0-9A-Z-]{14}$"))
        assert "#" not in page.url
        await press(page, "/codice")
        await page.wait_for_url("**/passo/2")
        code = await rest(desk, page, "ar")
        assert link is not None
        assert link.endswith(code)
        await page.goto(f"{desk.address}{link}")
        await press(page, "/codice")
        await expect(page.get_by_text("تم الاستلام.")).to_be_visible()


async def test_a_robot_gets_no_further_than_the_first_page(desk: Desk) -> None:
    async with visiting(desk, "it-IT") as page:
        await page.goto(f"{desk.address}/intake/domanda/it")
        trap = page.locator("[name=website]")
        box = await trap.bounding_box()
        assert box is None or box["x"] < 0, "people do not see it"
        await trap.evaluate("e => { e.value = 'https://casino.example' }")
        await page.check("[name=notice]")
        await press_when_read(page, "/domanda/it")
        await expect(page.locator("#errori")).to_contain_text("non siamo certi che venga da una persona")


async def test_from_the_site_to_the_person_s_own_page(desk: Desk) -> None:
    async with visiting(desk, "it-IT") as page:
        await begin(desk, page, "it")
        await who(desk, page, "it", "Amina", "Benali")
        code = await rest(desk, page, "it")
    operator = await desk.enter("Elena Conti")
    await until(operator, "/intake/domande?tutti=1", "Benali Amina", desk)
    await operator.get_by_role("link", name="Benali Amina").first.click()
    await desk.look(operator)
    await operator.get_by_role("button", name="Accogli e iscrivi").click()
    await expect(operator.locator(f"h1:has-text('Benali'), {REFUSED}")).to_be_visible()
    assert await operator.locator(REFUSED).count() == 0, await operator.locator(REFUSED).inner_text()
    await desk.look(operator)
    person = operator.url.split("?")[0].removeprefix(desk.address)
    form = form_of(operator, "/codice")
    await form.locator("xpath=ancestor::details").locator("summary").first.click()
    await form.get_by_role("button", name="Crea il codice").click()
    await desk.look(operator)
    own = await operator.locator(".access-code").inner_text()
    async with visiting(desk, "it-IT") as page:
        await page.goto(f"{desk.address}/intake/domanda/it/codice#{code}")
        await press(page, "/codice")
        await expect(page.get_by_text("In contatto.")).to_be_visible()
        await page.goto(f"{desk.address}/intake/mia/it")
        await page.fill("[name=code]", own)
        await page.fill("[name=birth_date]", "1985-06-11")
        await press(page, "/mia/it")
        await expect(page.locator("#errori")).to_contain_text("Codice o data di nascita non validi")
        await page.fill("[name=code]", own)
        await page.fill("[name=birth_date]", "1985-06-10")
        await press(page, "/mia/it")
        await expect(page.get_by_text("Ciao, Amina.")).to_be_visible()
        await fit(desk, page, "it")
        await page.get_by_text("Fai una richiesta").click()
        await page.check("[name=right][value=access]")
        await press(page, "/diritti")
        await expect(page.get_by_text("risposta entro il")).to_be_visible()
        await page.get_by_role("link", name="العربية").click()
        await expect(page.get_by_text("مرحبًا، Amina.")).to_be_visible()
        await fit(desk, page, "ar")
    await desk.go(operator, person)
    await expect(operator.get_by_text("Vedere i dati (art. 15)").first).to_be_visible()
