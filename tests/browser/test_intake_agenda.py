"""A booking day in a browser: at a desk, on a telephone, and what arrives in a real mailbox (SMTP) is what was said."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from playwright.async_api import Browser, Page, expect

from deploy.local.process import free_port
from tests.browser.office import MONDAY, Office, fits, served, shot
from tests.e2e.desk import Desk, fill, form_of, refused, send
from tests.fixtures.platform import Platform, intake_at

pytestmark = pytest.mark.e2e
AMINA: dict[str, Any] = {
    "family_name": "Haddad", "given_name": "Amina", "birth_date": "1985-06-10", "birth_place": "Marocco", "sex": "F",
    "citizenship": "Z330", "email": "amina@example.org", "municipality": "037006", "quartiere": "navile",
    "education": "upper_secondary", "channel": "parish", "on": "2024-05-06", "declared": True,
}  # fmt: skip
LUCA = AMINA | {"family_name": "Marchetti", "given_name": "Luca", "birth_place": "Bologna", "sex": "M",
                "citizenship": "IT", "email": "luca@example.org", "birth_date": "1979-11-02"}  # fmt: skip


@dataclass
class Mailbox:
    """A mail server of the test's own: refuses as many messages as it is told, keeps the rest."""

    mails: list[EmailMessage] = field(default_factory=list)
    busy: int = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.busy:
            self.busy -= 1
            return "451 busy"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@dataclass
class Bookings(Office):
    """With a mail server, and its worker's turns in the test's hands."""

    mailbox: Mailbox

    async def turn(self, minutes: int = 0) -> None:
        """Some minutes pass, then the worker does what is due."""
        self.running.now += timedelta(minutes=minutes)
        await self.running.quiet()
        await self.running.workers["intake"].deadlines()
        await self.running.quiet()


@pytest.fixture
async def office(platform: Platform, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bookings]:
    running = await intake_at(MONDAY, platform, monkeypatch)
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    store = running.store("intake")
    try:
        async with served(running) as address:
            store.settings = replace(store.settings, smtp_url=f"smtp://127.0.0.1:{controller.port}", base_url=address)
            desk = Desk(address, browser)
            yield Bookings(running, desk, mailbox)
            assert desk.wrong == []
    finally:
        controller.stop()


async def times(page: Page) -> list[str]:
    """The free times of the first day that is shown."""
    return await page.locator(".panel").first.locator(".times .choice label").all_inner_texts()


@pytest.mark.parametrize("width", [1280, 360])
async def test_a_day_of_bookings(office: Bookings, width: int) -> None:
    desk = office.desk
    amina, luca = await office.person(AMINA), await office.person(LUCA)
    elena = await desk.enter("Elena Conti", width)
    await desk.go(elena, "/intake/messaggi")
    await send(desk, elena, "/messaggi", {"I messaggi alle persone partono": True,
                                          "Compresi i promemoria degli appuntamenti": True})  # fmt: skip

    # A first appointment, from the person's page.
    where = f"/intake/persone/{amina}"
    await desk.go(elena, where)
    await elena.get_by_role("link", name="Fissa un appuntamento").click()
    await elena.get_by_label("Sportello").select_option(label="Palazzo Malvezzi")
    await elena.get_by_label("Operatore").select_option(label="Giulia Rossi")
    await elena.get_by_label("Dal giorno").fill("2024-05-07")
    await elena.get_by_role("button", name="Mostra le ore libere").click()
    await desk.look(elena)
    tuesday = elena.locator(".panel:has(h2:text-is('Martedì 07/05/2024'))")
    await tuesday.get_by_label("09:30", exact=True).check()
    await shot(elena, f"book-{width}")
    await tuesday.get_by_role("button", name="Fissa l'appuntamento").click()
    card = elena.locator(".panel:has(h2:text-is('Appuntamenti'))")
    await expect(card).to_contain_text("Martedì 07/05/2024, 09:30–10:00")
    await shot(elena, f"person-{width}")
    if width == 360:
        await fits(elena)

    # Somebody else wants the same half hour for Luca, from a page that was opened before.
    marco = await desk.enter("Marco Ferri", width)
    late = f"/intake/persone/{luca}/appuntamento?desk=malvezzi&operator=u-giulia.rossi&day=2024-05-07"
    await desk.go(marco, late)
    assert "09:30" not in await times(marco)
    first = marco.locator(".panel").first
    await first.get_by_label("10:00", exact=True).check()
    await marco.evaluate("document.querySelector('.times input:checked').value = '09:30'")
    await first.get_by_role("button", name="Fissa l'appuntamento").click()
    await expect(marco.locator("#errori")).to_contain_text("l'ha fissato Elena Conti")
    await desk.go(marco, late)
    first = marco.locator(".panel").first
    await first.get_by_label("10:00", exact=True).check()
    await first.get_by_role("button", name="Fissa l'appuntamento").click()
    await expect(marco.locator("main")).to_contain_text("Martedì 07/05/2024, 10:00–10:30")

    # Giulia will be away: both are proposed to be moved; Elena takes Amina over.
    await desk.go(elena, "/intake/agenda/chiusure")
    await fill(form_of(elena, "/agenda/assenze"), {"Operatore": "Giulia Rossi", "Primo giorno": "2024-05-07",
                                                   "Ultimo giorno": "2024-05-07"})  # fmt: skip
    await form_of(elena, "/agenda/assenze").get_by_role("button", name="Registra l'assenza").click()
    await expect(elena.locator("h1")).to_have_text("Da spostare")
    await shot(elena, f"proposals-{width}")
    select = elena.get_by_label("Dove spostare l'appuntamento delle 09:30 del 07/05/2024")
    await select.select_option(label="martedì 07/05/2024 alle 09:30, Elena Conti")
    await elena.get_by_role("button", name="Sposta quelli scelti").click()
    await expect(elena.locator(".notice:has-text('Registrato.')")).to_be_visible()
    await expect(elena.locator("tbody tr")).to_have_count(1)
    await desk.look(elena)

    # What went out: two bookings; a change of operator alone tells nobody anything.
    await office.turn()
    assert sorted(mail["To"] for mail in office.mailbox.mails) == ["amina@example.org", "luca@example.org"]
    body = next(m for m in office.mailbox.mails if m["To"] == "amina@example.org").get_content()
    assert "Ciao Amina, ti aspettiamo il 07/05/2024 alle 09:30: Palazzo Malvezzi." in body

    # The agenda, as list and week.
    await desk.go(elena, "/intake/agenda?giorno=2024-05-07&operatore=u-elena.conti")
    await expect(elena.locator("tbody tr")).to_have_count(1)
    await expect(elena.locator("tbody")).to_contain_text("Haddad Amina")
    await desk.go(elena, "/intake/agenda?giorno=2024-05-07&vista=settimana")
    await expect(elena.locator("tbody tr")).to_have_count(2)
    await expect(elena.get_by_text("Assente: Giulia Rossi")).to_be_visible()
    await shot(elena, f"agenda-{width}")
    if width == 360:
        await fits(elena)

    # A person refuses further messages by the link, without signing in.
    link = re.search(r"http\S+/basta/\S+", body)
    assert link is not None
    context = await desk.browser.new_context(viewport={"width": 360, "height": 700})
    public = await desk.watched(context)
    await public.goto(link[0])
    await desk.look(public)
    await public.get_by_label("E-mail").uncheck()
    await public.get_by_role("button").filter(has_text="Salva").click()
    await expect(public.get_by_text("Registrato. Saved.")).to_be_visible()
    await shot(public, f"stop-{width}")
    await desk.go(elena, where)
    cancel = card.locator("form[action$='/disdici']")
    await fill(cancel, {"Perché": "Lo ha chiesto la persona"})
    await cancel.get_by_role("button", name="Disdici l'appuntamento").click()
    await expect(elena.locator(".notice:has-text('Registrato.')")).to_be_visible()
    await office.turn()
    assert len(office.mailbox.mails) == 2, "refused: the cancellation was told to nobody"
    assert "Amina" not in link[0]


async def test_a_group_session_and_its_day(office: Bookings) -> None:
    desk, mailbox = office.desk, office.mailbox
    await office.person(AMINA)
    await office.person(LUCA)
    elena = await desk.enter("Elena Conti")
    await desk.go(elena, "/intake/messaggi")
    await send(desk, elena, "/messaggi", {"I messaggi alle persone partono": True})
    mailbox.busy = 1
    await desk.go(elena, "/intake/incontri")
    new: dict[str, str | bool] = {"Tema": "Diritti e contratti", "Sportello": "Palazzo Malvezzi",
           "Chi lo conduce": "Giulia Rossi", "Giorno": "2024-05-06", "Dalle": "12:00", "Posti": "2"}  # fmt: skip
    assert "festa" in await refused(desk, elena, "/incontri", new | {"Giorno": "2024-06-02"})
    await send(desk, elena, "/incontri", new)
    for name in ("Haddad Amina", "Marchetti Luca"):
        await elena.get_by_label(re.compile(name)).check()
    await shot(elena, "session-invite")
    await elena.get_by_role("button", name="Invita le persone scelte").click()
    await expect(elena.locator("main")).to_contain_text("Invitati 2 su 2")
    await office.turn()
    assert len(mailbox.mails) == 1, "one was refused for now"
    await office.turn(6)
    assert len(mailbox.mails) == 2, "and came after the pause"

    os.environ["INSIEME_CLOCK_START"] = MONDAY.replace(hour=10, minute=30).isoformat()
    await elena.reload()
    if await elena.get_by_role("button", name="Elena Conti").count():
        await elena.get_by_role("button", name="Elena Conti").click()
    giulia = await desk.enter("Giulia Rossi", 360)
    await desk.go(giulia, "/intake/incontri")
    await giulia.get_by_role("link", name="lunedì 06/05/2024, 12:00").click()
    row = giulia.locator("tr").filter(has_text="Marchetti Luca")
    await row.locator("select").select_option(label="Assente")
    await shot(giulia, "session-360")
    await fits(giulia)
    await giulia.get_by_label("Esito per tutti i presenti").select_option(label="Da continuare")
    await giulia.get_by_role("button", name="Registra le presenze").click()
    await expect(giulia.locator("main")).to_contain_text("avvenuto")
    await expect(giulia.locator("main")).to_contain_text("non è venuta/o")
    await desk.look(giulia)
