"""The shell in a real browser: no horizontal scroll at 360 px, a clean console, names, keyboard, live page."""

from __future__ import annotations

import csv
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page

from shared.web import static
from tests.fixtures.listening import chromium
from tests.fixtures.web import AMINA, PATH

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
ADDRESSES = (
    "/",
    "/sign-in",
    "/matching/",
    PATH,
    "/matching/diretta",
    "/nulla",
    "/privacy",
    "/note-legali",
    "/accessibilita",
)


def serve() -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--factory", "tests.fixtures.web:demo_app", "--port", str(port)]
    process = subprocess.Popen([*command, "--log-level", "warning"], cwd=ROOT, env=os.environ | {"PYTHONPATH": "."})
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 90
    while time.monotonic() < end:
        try:
            httpx.get(address + "/livez").raise_for_status()
            return process, address
        except httpx.HTTPError:
            assert process.poll() is None, "the site did not start"
    process.kill()
    process.wait()
    raise AssertionError("the site did not answer within 90 s")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    assert not static.missing(), "front-end parts are missing: run `npm ci`"
    process, address = serve()
    yield address
    process.terminate()
    process.wait(30)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


async def sign_in(context: BrowserContext, address: str, name: str = "Sara Galli") -> Page:
    page = await context.new_page()
    await page.goto(address + "/sign-in?next=/matching/")
    await page.click(f"text={name}")
    await page.wait_for_url(address + "/matching/")
    return page


@pytest.mark.parametrize("width", [360, 768, 1280])
async def test_no_page_scrolls_sideways_and_the_console_is_clean(browser: Browser, address: str, width: int) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 800}, locale="it-IT")
    page = await sign_in(context, address)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    for path in ADDRESSES:
        await page.goto(address + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert "Titillium" in await page.evaluate("getComputedStyle(document.body).fontFamily"), path
    assert [text for text in wrong if "404" not in text] == []


async def test_a_wide_page_is_seen_to_scroll(browser: Browser, address: str) -> None:
    """The negative control of the test above."""
    context = await browser.new_context(viewport={"width": 360, "height": 800})
    page = await sign_in(context, address)
    await page.set_content("<p id=wide>x</p>")
    await page.evaluate("document.getElementById('wide').style.width = '900px'")
    assert await page.evaluate("document.documentElement.scrollWidth") > 360


async def test_names_come_from_the_door_and_sort_the_list(browser: Browser, address: str) -> None:
    page = await sign_in(await browser.new_context(), address)
    await page.wait_for_selector("text=Zaccaria Amina")
    assert await page.locator("tbody [data-person]").all_inner_texts() == ["Bassi Luca", "Zaccaria Amina"]


async def test_who_may_not_see_names_sees_codes(browser: Browser, address: str) -> None:
    context = await browser.new_context()
    page = await sign_in(context, address, "Francesca Sola")
    await page.wait_for_load_state("networkidle")
    assert AMINA[:8] in await page.locator("tbody [data-person]").all_inner_texts()


async def test_without_javascript_everything_is_there(browser: Browser, address: str) -> None:
    page = await sign_in(await browser.new_context(java_script_enabled=False), address)
    assert await page.locator("tbody [data-person]").all_inner_texts() == [AMINA[:8], "99999999"]
    await page.goto(address + "/matching/esporta?formato=csv&nomi=1")
    async with page.expect_download() as download:
        await page.click("text=Scarica il file")
    assert (await download.value).suggested_filename == "inserimenti.csv"


async def test_an_export_with_names_downloads_by_itself(browser: Browser, address: str) -> None:
    page = await sign_in(await browser.new_context(), address)
    async with page.expect_download() as download:
        await page.click("text=CSV con i nomi")
    rows = list(csv.reader((await (await download.value).path()).read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert rows[1][:2] == ["Zaccaria Amina", AMINA]


async def test_by_keyboard_skip_links_errors_and_back_to_the_field(browser: Browser, address: str) -> None:
    page = await sign_in(await browser.new_context(), address)
    await page.goto(address + PATH)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Vai al contenuto"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "contenuto"
    await page.focus("text=Registra")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#errori")
    assert await page.evaluate("document.activeElement.id") == "errori"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "contract"
    described = await page.get_attribute("#contract", "aria-describedby")
    assert described is not None
    assert "Campo obbligatorio." in await page.inner_text(f"#{described.strip()}")


async def test_every_field_has_a_label_and_no_id_comes_twice(browser: Browser, address: str) -> None:
    page = await sign_in(await browser.new_context(), address)
    for path in ("/matching/", PATH):
        await page.goto(address + path)
        without = "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]"
        assert await page.evaluate(f"{without}.filter(f => !f.labels.length).map(f => f.name)") == []
        ids = await page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(ids) == len(set(ids)), path


async def test_the_live_page_hears_and_the_site_stops_with_it_open(browser: Browser) -> None:
    process, own = serve()
    try:
        page = await sign_in(await browser.new_context(), own)
        await page.goto(own + "/matching/diretta")
        await page.wait_for_selector("#minute strong:has-text('7')")
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    finally:
        process.kill()
        process.wait(5)
