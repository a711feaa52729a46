"""A desk's day through its pages on a real PostgreSQL: queue, calls, quick registration, live part, end of day."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from starlette.requests import Request

from services.intake import commands, forms
from services.intake.app import create_app
from services.intake.commands import reception as acts
from services.intake.domain import person_stream
from services.intake.domain.desks import DESKS
from services.intake.domain.reception import DeskDay, day_stream
from services.intake.pages import reception as pages
from services.intake.views.reception import to_complete
from shared import clock
from shared.decisions import Refused
from shared.events.intake import TicketCalled, TicketTaken
from shared.store import Command
from shared.web.readers import accounts
from tests.fixtures.intake import browser, send
from tests.fixtures.platform import Platform, Running, accepted, first

AMINA: dict[str, Any] = {
    "family_name": "Haddad", "given_name": "Amina", "tax_code": "HDDMNA85H50Z330M", "birth_date": "1985-06-10",
    "sex": "F", "citizenship": "Z330", "phone": "+39 333 1234567", "municipality": "037006", "quartiere": "navile",
    "education": "upper_secondary", "languages": ["it"], "commute_minutes": 45, "channel": "parish",
    "on": "2024-03-04",
}  # fmt: skip
QUICK: dict[str, Any] = {
    "family_name": "Bassi", "given_name": "Luca", "birth_date": "01/02/1990", "sex": "M", "citizenship": "IT",
    "municipality": "037006", "channel": "desk", "on": "2024-03-04",
}  # fmt: skip
ELENA, MARCO, SARA = "u-elena.conti", "u-marco.ferri", "u-sara.galli"
BASE = "/intake/accoglienza/malvezzi"


@pytest.fixture
async def running(platform: Platform) -> Running:
    made = await platform("intake")
    made.now = clock.now()
    return made


async def register(running: Running, **changes: Any) -> str:
    values = forms.RegisterForm.model_validate(AMINA | changes)
    outcome = await commands.register(running.store("intake"), running.command(), values)
    return accepted(outcome).events[0].event.subject


async def today(running: Running) -> DeskDay:
    state, _ = await running.store("intake").state(day_stream("malvezzi", clock.today()))
    return state


async def visits_open(running: Running, person: str) -> int:
    state, _ = await running.store("intake").state(person_stream(person))
    return len(state.visits.open_on)


async def test_a_day_at_the_desk(running: Running) -> None:
    """Amina is known, Luca is not: both come, are called in order, and leave."""
    amina = await register(running)
    async with browser(running, ELENA) as elena, browser(running, MARCO) as marco:
        assert "Palazzo Malvezzi" in (await elena.get("/intake/accoglienza")).text
        assert (await send(elena, BASE + "/stato", standing="free")).status_code == 303
        assert (await send(elena, f"{BASE}/arrivi/{amina}")).status_code == 303
        assert (await send(elena, BASE + "/arrivi")).status_code == 303
        shown = (await marco.get(BASE)).text
        assert "Haddad Amina" in shown
        assert "persona nuova" in shown
        again = await send(elena, f"{BASE}/arrivi/{amina}")
        assert again.status_code == 409
        assert "già in coda" in again.text

        assert (await send(marco, BASE + "/prossimo", operator=ELENA)).status_code == 303
        first, second = (await today(running)).tickets.values()
        assert (first.operator, first.person_id, second.operator) == (ELENA, amina, None)
        assert (await send(marco, BASE + "/prossimo", operator=ELENA)).status_code == 409  # she is busy
        assert (await send(marco, BASE + "/prossimo")).status_code == 303
        assert (await send(elena, f"{BASE}/visite/{first.visit_id}/ricevuta")).status_code == 303
        assert (await send(marco, f"{BASE}/visite/{second.visit_id}/via")).status_code == 303
        assert [t.outcome for t in (await today(running)).tickets.values()] == ["served", "left"]
        assert "Nessuno aspetta" in (await elena.get(BASE)).text
        assert "Arrivo della persona allo sportello" in (await elena.get(f"/intake/persone/{amina}")).text
    assert await visits_open(running, amina) == 0


async def test_an_arrival_sent_twice_gives_one_number(running: Running) -> None:
    token = str(uuid4())
    async with browser(running, ELENA) as elena:
        for _ in range(2):
            assert (await send(elena, BASE + "/arrivi", token=token)).status_code == 303
    assert len((await today(running)).tickets) == 1


async def test_two_operators_who_call_at_once_get_two_people(running: Running) -> None:
    store = running.store("intake")
    for _ in range(3):
        accepted(await acts.arrive(store, running.command(), "malvezzi", None))
    outcomes = await asyncio.gather(
        *(acts.call(store, running.command(who), "malvezzi", None, None) for who in (ELENA, MARCO))
    )
    assert len({first(o, TicketCalled).visit_id for o in outcomes}) == 2
    assert len((await today(running)).queue) == 1


async def test_somebody_who_is_not_here_does_not_arrive(running: Running) -> None:
    async with browser(running, ELENA) as elena:
        assert (await send(elena, f"{BASE}/arrivi/{uuid4()}")).status_code == 409
        assert (await send(elena, "/intake/accoglienza/nowhere/arrivi")).status_code == 404
        assert (await elena.get("/intake/accoglienza/nowhere")).status_code == 404
        assert (await send(elena, f"{BASE}/visite/{uuid4()}/chiama")).status_code == 409
        assert (await send(elena, BASE + "/stato", standing="asleep")).status_code == 422
    async with browser(running, SARA) as sara:
        assert (await sara.get(BASE)).status_code == 403
    assert (await today(running)).tickets == {}


async def test_a_quick_registration_gives_the_number_its_name_and_is_to_be_completed(running: Running) -> None:
    async with browser(running, ELENA) as elena:
        await send(elena, BASE + "/arrivi")
        (ticket,) = (await today(running)).tickets.values()
        page = await elena.get(f"/intake/registra/rapida?sportello=malvezzi&visita={ticket.visit_id}")
        assert f'name="visit" value="{ticket.visit_id}"' in page.text
        wrong = await send(elena, "/intake/registra/rapida", **(QUICK | {"birth_date": ""}))
        assert wrong.status_code == 422
        assert 'value="Bassi"' in wrong.text
        sent = await send(elena, "/intake/registra/rapida", desk="malvezzi", visit=ticket.visit_id, **QUICK)
        assert sent.status_code == 303, sent.text
        luca = sent.headers["location"].split("?")[0].rsplit("/", 1)[1]
        (named,) = (await today(running)).tickets.values()
        assert named.person_id == luca
        assert await visits_open(running, luca) == 1
        await running.quiet()
        shown = (await elena.get(f"/intake/persone/{luca}")).text
        assert "Manca: titolo di studio, lingue parlate, minuti massimi casa-lavoro" in shown
        assert f"/intake/persone/{luca}/anagrafica" in (await elena.get("/intake/da-completare")).text
        completed = {name: value for name, value in QUICK.items() if name not in ("channel", "on")}
        completed |= {
            "education": "tertiary", "languages": ["it"], "commute_minutes": "30", "quartiere": "savena",
            "phone": "333 7654321", "tax_code": "BSSLCU90B01A944R",
        }  # fmt: skip
        done = await send(elena, f"/intake/persone/{luca}/anagrafica", **completed)
        assert done.status_code == 303, done.text
        await running.quiet()
        assert "Da completare" not in (await elena.get(f"/intake/persone/{luca}")).text
    async with running.store("intake").read() as reading:
        assert await to_complete(reading, ()) == []


async def test_a_whole_registration_is_not_to_be_completed(running: Running) -> None:
    """Negative control of the list: the same gaps, but nobody left them in a hurry."""
    await register(running, education="unknown", languages=[], commute_minutes=None)
    await running.quiet()
    async with running.store("intake").read() as reading:
        assert await to_complete(reading, ()) == []


async def test_a_number_closed_meanwhile_does_not_stop_the_registration(running: Running) -> None:
    values = forms.QuickForm.model_validate(
        QUICK | {"birth_date": "1990-02-01", "desk": "malvezzi", "visit": str(uuid4())}
    )
    outcome = accepted(await acts.register_quickly(running.store("intake"), running.command(), values))
    assert [fact.meta.type for fact in outcome.events] == ["intake.person-registered", "intake.registered-quickly"]


async def test_a_known_person_is_tied_to_a_number(running: Running) -> None:
    amina = await register(running)
    async with browser(running, ELENA) as elena:
        await send(elena, BASE + "/arrivi")
        (ticket,) = (await today(running)).tickets.values()
        found = await elena.get(BASE, params={"q": "haddad", "visita": ticket.visit_id})
        assert f"{BASE}/visite/{ticket.visit_id}/persona/{amina}" in found.text
        assert (await send(elena, f"{BASE}/visite/{ticket.visit_id}/persona/{amina}")).status_code == 303
    assert (await today(running)).of(amina) is not None


async def test_the_live_part_shows_what_changed_and_logs_each_name_once(running: Running) -> None:
    amina = await register(running)
    store = running.store("intake")
    app = create_app()
    request = Request({"type": "http", "app": app, "headers": [], "method": "GET", "path": "/"})
    look = pages.Look(store, accounts()[ELENA], DESKS["malvezzi"], {})
    live = pages.pieces(request, look, every=0.01)
    async with asyncio.timeout(10):
        (day, html), (operators, _) = await anext(live), await anext(live)
        assert (day, operators) == ("giornata", "operatori")
        assert "Nessuno aspetta" in html
        accepted(await acts.arrive(store, running.command(), "malvezzi", amina))
        assert "Haddad Amina" in (await anext(live))[1]
        assert "Operatori" in (await anext(live))[1]
        accepted(await acts.arrive(store, running.command(), "malvezzi", None))
        assert "N. 2" in (await anext(live))[1]
    await live.aclose()
    async with store.engine.connect() as conn:
        rows = await conn.exec_driver_sql("select account, purpose from access_log")
        assert [tuple(row) for row in rows] == [(ELENA, "intake.reception")]


async def test_the_next_day_closes_what_nobody_closed_once(running: Running) -> None:
    amina = await register(running)
    store, worker = running.store("intake"), running.workers["intake"]
    accepted(await acts.arrive(store, running.command(), "malvezzi", amina))
    await running.quiet()
    await worker.deadlines()
    assert len((await today(running)).open) == 1  # the day is not over yet
    running.now = running.now + timedelta(days=1)
    await worker.deadlines()
    await running.quiet()
    await worker.deadlines()
    day, version = await store.state(day_stream("malvezzi", clock.today()))
    assert ([t.outcome for t in day.tickets.values()], version) == (["not_recorded"], 2)
    assert await visits_open(running, amina) == 0


async def test_names_stay_out_of_the_desks_facts(running: Running) -> None:
    amina = await register(running)
    accepted(await acts.arrive(running.store("intake"), running.command(), "malvezzi", amina))
    history = await running.store("intake").history(day_stream("malvezzi", clock.today()).id)
    assert not re.search("haddad|amina", " ".join(f.event.model_dump_json() for f in history), re.I)


async def test_yesterdays_page_cannot_call(running: Running) -> None:
    """A page left open over night: its visits are not in today's queue."""
    store = running.store("intake")
    late = Command(str(uuid4()), ELENA, clock.now() + timedelta(days=1))
    arrived = first(await acts.arrive(store, running.command(), "malvezzi", None), TicketTaken)
    outcome = await acts.call(store, late, "malvezzi", arrived.visit_id, None)
    assert isinstance(outcome, Refused)
    assert outcome.code == "visit_unknown"
