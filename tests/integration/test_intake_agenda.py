"""The agenda's pages as a browser asks for them: rights, bad input, the calendar's address, the log of who looked."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx
import pytest
from icalendar import Calendar
from sqlalchemy import text

from services.intake import ics
from services.intake.app import create_app
from services.intake.commands.messages import stop_code
from services.intake.domain import person_stream
from shared.web.site import site
from tests.fixtures.agenda import AMINA, GIULIA, booked, messages, register, switch
from tests.fixtures.platform import Platform, Running, intake_at
from tests.fixtures.web import browsing, hidden_fields

MONDAY = datetime(2024, 5, 6, 7, 0, tzinfo=UTC)


@pytest.fixture
async def running(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Running:
    return await intake_at(MONDAY, platform, monkeypatch)


@pytest.fixture
async def elena(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app()
    app.state.store = running.store("intake")
    async with browsing(site({"intake": app}), "desk_operator") as client:
        yield client


async def post(client: httpx.AsyncClient, page: str, path: str, **values: str | list[str]) -> httpx.Response:
    """Sends the form of that page which goes to that path."""
    shown = await client.get(page)
    body = urlencode(hidden_fields(shown.text, path) | values, doseq=True)
    return await client.post(path, content=body, headers={"content-type": "application/x-www-form-urlencoded"})


async def test_a_published_calendar_opens_to_its_address_alone(running: Running, elena: httpx.AsyncClient) -> None:
    amina = await register(running)
    await booked(running, amina, day="2024-05-07")
    await running.quiet()
    address = f"/intake/calendario/{ics.token('person', amina, 10)}.ics"
    elena.cookies.clear()
    found = await elena.get(address)
    assert found.status_code == 200
    assert found.headers["content-type"] == "text/calendar; charset=utf-8"
    (event,) = Calendar.from_ical(found.content).walk("VEVENT")
    assert event.decoded("DTSTART").isoformat() == "2024-05-07T09:30:00+02:00"
    assert b"Amina" not in found.content
    assert (await elena.get(address.replace("A", "B", 1))).status_code == 404, "forged"
    over = f"/intake/calendario/{ics.token('person', amina, -1)}.ics"
    assert (await elena.get(over)).status_code == 404, "at its end"


async def test_the_operators_own_file_holds_names_and_leaves_a_trace(
    running: Running, elena: httpx.AsyncClient
) -> None:
    amina = await register(running)
    await booked(running, amina, operator="u-elena.conti")
    await running.quiet()
    found = await elena.get("/intake/agenda/calendario.ics")
    assert b"Colloquio: Haddad Amina" in found.content
    page = await elena.get("/intake/agenda/calendario")
    feed = re.search(r'value="http://[^/]+(/intake/calendario/[^"]+)"', page.text)
    assert feed is not None
    assert b"Amina" not in (await elena.get(feed[1])).content
    async with running.store("intake").engine.connect() as conn:
        rows = await conn.execute(text("select account, purpose from access_log where action = 'compose'"))
    assert [tuple(row) for row in rows] == [("u-elena.conti", "intake.agenda")]


BAD: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "controlla"),
    ({"at": "25:99"}, "controlla"),
    ({"at": "09:30", "day": "2024-13-45"}, "controlla"),
    ({"at": "09:30", "desk": "nowhere"}, "sportello"),
    ({"at": "09:30", "operator": "u-nobody"}, "operatore"),
    ({"at": "03:00"}, "non è aperto"),
    ({"at": "09:30", "purpose": "x" * 100}, "controlla"),
)


async def test_bad_bookings_are_told_and_leave_nothing(running: Running, elena: httpx.AsyncClient) -> None:
    amina = await register(running)
    before = await running.store("intake").version(amina)
    path = f"/intake/persone/{amina}/appuntamento"
    given = {"desk": "malvezzi", "operator": GIULIA, "day": "2024-05-07", "purpose": "interview", "mode": "in_person"}
    for values, words in BAD:
        answer = await post(elena, path, path, **(given | values))
        assert answer.status_code == 422, values
        assert words in answer.text, values
    assert await running.store("intake").version(amina) == before
    # The control: the same form without a mistake is recorded.
    assert (await post(elena, path, path, **(given | {"at": "09:30"}))).status_code == 303


async def test_wrong_choices_of_the_list_of_proposals_move_nothing(running: Running, elena: httpx.AsyncClient) -> None:
    amina = await register(running)
    appointment = await booked(running, amina, operator="u-elena.conti")
    answer = await post(elena, "/intake/agenda/chiusure", "/intake/agenda/assenze", operator="u-elena.conti",
                        first="2024-05-07", last="2024-05-07")  # fmt: skip
    assert answer.status_code == 303
    await running.quiet()
    where = "/intake/agenda/proposte"
    for wrong in ("x", f"{appointment}|malvezzi", f"{appointment}|malvezzi|u-giulia.rossi|never|09:30", "a|b|c|d|e"):
        answer = await post(elena, where, where, choices=[wrong])
        assert answer.status_code == 422, wrong
        assert "Scegli dall'elenco" in answer.text.replace("&#39;", "'")
    answer = await post(elena, where, where, choices=[f"{appointment}|malvezzi|u-giulia.rossi|2024-05-11|09:30"])
    assert answer.status_code == 409
    assert "non è aperto" in answer.text, "a Saturday: the reason stands beside it"


async def test_the_page_that_refuses_messages_needs_the_code_and_no_sign_in(
    running: Running, elena: httpx.AsyncClient
) -> None:
    amina = await register(running, AMINA | {"email": "amina@example.org"})
    await switch(running)
    await booked(running, amina)
    where = f"/intake/messaggi/basta/{stop_code(running.store('intake'), amina)}"
    elena.cookies.clear()
    assert (await elena.get("/intake/messaggi/basta/ABCDEFGHJKMN")).status_code == 404
    assert (await elena.get(where)).status_code == 200
    answer = await elena.post(where, content=b"channels=email",
                              headers={"content-type": "application/x-www-form-urlencoded"})  # fmt: skip
    assert answer.status_code == 200
    state, _ = await running.store("intake").state(person_stream(amina))
    assert state.messages.refused == {"sms"}
    assert await messages(running, amina) == ["appointment_booked queued"]
    assert (await elena.get("/intake/messaggi")).status_code == 303, "the list is for operators"
