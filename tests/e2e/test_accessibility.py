"""Every kind of page that the site links to, looked at by axe-core (WCAG 2.1, levels A and AA)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from tests.e2e.desk import Desk
from tests.e2e.pathway import Story

pytestmark = [pytest.mark.e2e, pytest.mark.kafka]
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
BAD = ("serious", "critical")
RUN = """async standard => {
    const found = await axe.run(document, {runOnly: {type: 'tag', values: standard}, resultTypes: ['violations']});
    return found.violations.map(v => ({rule: v.id, impact: v.impact, what: v.help,
        where: v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.html.slice(0, 160))}));
}"""
LINKS = "Array.from(document.querySelectorAll('a[href]'), a => a.href)"
AT_MOST = int(os.environ.get("KINDS_OF_PAGES", "2"))
"""Kinds of pages that each reader is followed to; with 60 it is every one: more than any role has."""
IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+|\d{4}-W?\d+(-\d+)?|(?<=/)[uo]-[a-z.-]+")
FILES = re.compile(r"\.(csv|xlsx|ics|json|pdf)$|/(static|api)/|/sign-in|/esporta|/export|/modello|/file\b")
READERS = {
    "Elena Conti": "/intake/", "Giulia Rossi": "/intake/", "Sara Galli": "/matching/", "Irene Villa": "/training/",
    "Luca Bassi": "/enterprise/", "Maria Landi": "/enterprise/", "Francesca Sola": "/reporting/",
    "Nadia Rizzo": "/reporting/", "Stefano Leoni": "/intake/", "Chiara Marini": "/intake/segnalazioni",
}  # fmt: skip
PUBLIC = (
    "/", "/sign-in", "/privacy", "/accessibilita", "/note-legali", "/ruoli", "/intake/domanda", "/intake/domanda/ar",
)  # fmt: skip


def kind(address: str) -> str:
    """The address without ids, days and query: pages of one kind are made by one template."""
    return IDS.sub("*", address.split("#")[0].split("?")[0])


async def bad(page: Page) -> list[dict[str, Any]]:
    """What hinders somebody seriously on the page as it is now."""
    if not await page.evaluate("typeof axe !== 'undefined'"):
        await page.evaluate(AXE.read_text())  # not as a script element: the site's CSP refuses it, as it should
    found: list[dict[str, Any]] = await page.evaluate(RUN, STANDARD)
    return [one for one in found if one["impact"] in BAD]


async def followed(desk: Desk, page: Page, start: str) -> dict[str, list[dict[str, Any]]]:
    """One page of each kind of the reader's own service that can be reached by links, with what is bad on it."""
    own = desk.address + "/" + start.split("/")[1] + "/"
    waiting, seen = [desk.address + "/", desk.address + start], set[str]()
    found: dict[str, list[dict[str, Any]]] = {}
    while waiting and len(found) < AT_MOST:
        address = waiting.pop(0)
        if kind(address) in seen:
            continue
        seen.add(kind(address))
        answer = await page.goto(address)
        assert answer is not None
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        assert answer.status in (200, 403), f"{address}: {answer.status}"  # somebody else's is a page too
        found[kind(address).removeprefix(desk.address)] = await bad(page)
        for link in await page.evaluate(LINKS):
            if link.startswith(own) and not FILES.search(kind(link)):
                waiting.append(link)
    return found


@pytest.mark.parametrize("name", READERS)
async def test_no_page_hinders_anybody_seriously(desk: Desk, story: Story, name: str) -> None:
    page = await desk.enter(name)
    found = await followed(desk, page, READERS[name])
    assert len(found) >= min(AT_MOST, 3)  # a referrer has a home, a list and a form
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


async def test_public_pages_and_a_person_s_record_on_a_phone(desk: Desk, story: Story) -> None:
    page = await desk.watched(await desk.browser.new_context(viewport={"width": 360, "height": 800}, locale="it-IT"))
    found = {}
    for path in PUBLIC:
        answer = await page.goto(desk.address + path)
        assert answer is not None
        assert answer.ok, path
        found[path] = await bad(page)
    phone = await desk.enter("Giulia Rossi", width=360)
    await desk.go(phone, f"/intake/persone/{story.person_id}")
    found["persone"] = await bad(phone)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


async def test_the_look_sees_a_field_without_a_label_and_grey_on_grey(desk: Desk) -> None:
    """The negative control."""
    page = await desk.enter("Elena Conti")
    await page.evaluate(
        "() => { const main = document.querySelector('main'); main.append(document.createElement('input'));"
        " const faint = document.createElement('p'); faint.textContent = 'Poco leggibile';"
        " faint.style.color = '#aaa'; faint.style.background = '#bbb'; main.append(faint); }"
    )
    assert {one["rule"] for one in await bad(page)} == {"label", "color-contrast"}
