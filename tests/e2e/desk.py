"""How a person uses the site in a browser: signs in, opens a page, fills a form by its labels, sends it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response, expect

RECORDED = "Registrato."
REFUSED = "#errori"
ERROR = re.compile(r"Traceback|Internal Server Error|Exception|\bNone\b|undefined|\[object|&lt;|^\s*[{\[]")
"""What no page may show to an operator: raw JSON, a programmer's words, markup that was escaped twice."""
LOADED = "Failed to load resource"
PATIENCE = 45_000
"""Milliseconds for what a browser waits for: its first page on a busy machine took more than fifteen seconds."""
expect.set_options(timeout=PATIENCE)


@dataclass
class Desk:
    """The site and a browser; `wrong` gathers whatever no page should do."""

    address: str
    browser: Browser
    wrong: list[str] = field(default_factory=list)
    away: bool = False
    """Whether the test has just taken a part away: then answers 503 are expected."""

    async def enter(self, name: str, width: int = 1280) -> Page:
        """A browser of its own, signed in as that account, with a page that is watched."""
        context = await self.browser.new_context(viewport={"width": width, "height": 900}, locale="it-IT")
        context.set_default_timeout(PATIENCE)
        page = await self.watched(context)
        await page.goto(self.address + "/sign-in")
        await page.get_by_role("button", name=name).click()
        await expect(page.get_by_text(f"Buon lavoro, {name}")).to_be_visible()
        return page

    async def watched(self, context: BrowserContext) -> Page:
        page = await context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        page.on("response", self._response)
        return page

    def _console(self, message: ConsoleMessage) -> None:
        # A refused form is answered 409 or 422, which the browser tells as a resource that did not load.
        if message.type in ("error", "warning") and not message.text.startswith(LOADED):
            self.wrong.append(message.text)

    def _response(self, response: Response) -> None:
        page = response.request.is_navigation_request()
        if response.status >= (500 if page else 400) and not self.away:
            self.wrong.append(f"{response.request.method} {response.url}: {response.status}")

    async def go(self, page: Page, path: str) -> None:
        """Opens a page of the site and looks whether it is fit to be seen."""
        await page.goto(self.address + path)
        await self.look(page)

    async def look(self, page: Page) -> None:
        """Whatever a page shows: a heading, no raw data, none of a programmer's words."""
        await expect(page.locator("h1")).to_have_count(1)
        text = await page.locator("body").inner_text()
        if found := ERROR.search(text):
            self.wrong.append(f"{page.url}: {found[0]!r}")


def form_of(page: Page, path: str) -> Locator:
    """The one form that is sent to an address ending so."""
    return page.locator(f'form[action$="{path}"]')


async def fill(form: Locator, values: Mapping[str, str | bool]) -> None:
    """Types and chooses by what the labels say; unfolds what is folded."""
    for folded in await form.locator("xpath=ancestor::details[not(@open)]").all():
        await folded.locator("summary").first.click()
    for label, value in values.items():
        # Playwright's selectors take a slash in a pattern for its end.
        words = re.compile(rf"^{re.escape(label).replace('/', '.')}( \(facoltativo\))?$")
        group = form.get_by_role("group", name=words)
        if await group.count():
            await group.get_by_label(str(value), exact=True).check()
            continue
        one = form.get_by_label(words)
        kind = await one.evaluate("e => e.tagName === 'SELECT' ? 'select' : e.type")
        if kind == "select":
            await one.select_option(label=str(value))
        elif kind == "checkbox":
            await one.set_checked(bool(value))
        else:
            await one.fill(str(value))


async def send(desk: Desk, page: Page, path: str, values: Mapping[str, str | bool], *, button: str = "") -> None:
    """Fills the form, sends it, and sees that it was recorded."""
    form = form_of(page, path)
    await fill(form, values)
    await (form.get_by_role("button", name=button) if button else form.locator("button[type=submit]")).click()
    await expect(page.locator(f".notice:has-text('{RECORDED}'), {REFUSED}")).to_be_visible()
    assert await page.locator(REFUSED).count() == 0, await page.locator(REFUSED).inner_text()
    await desk.look(page)


async def refused(desk: Desk, page: Page, path: str, values: Mapping[str, str | bool]) -> str:
    """Fills the form, sends it, and gives the words with which it was refused."""
    form = form_of(page, path)
    await fill(form, values)
    await form.locator("button[type=submit]").click()
    await expect(page.locator(REFUSED)).to_be_visible()
    await desk.look(page)
    return await page.locator(REFUSED).inner_text()


async def until(
    page: Page, path: str, words: str, desk: Desk, *, exact: bool = False, gone: bool = False, seconds: float = 60.0
) -> None:
    """Reloads a page until it shows these words (`gone`: no more): what others recorded arrives through the log."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await page.goto(desk.address + path)
        await page.wait_for_load_state("networkidle")  # names are fetched by the page
        there = await page.locator("main").get_by_text(words, exact=exact).count() > 0
        if there is not gone and answer is not None and answer.ok:
            return await desk.look(page)
        assert time.monotonic() < deadline, f"{path}: «{words}»\n{await page.locator('main').inner_text()}"
