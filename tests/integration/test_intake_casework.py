"""Casework on the real store and pages: the worklist, contacts, transfers, suspension, notes, the first contact."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.intake import commands, forms, views
from services.intake.domain import person_stream
from shared import clock
from shared.decisions import Refused
from shared.service import Service
from tests.fixtures.intake import AMINA, ELENA, GIULIA, browser, follow, register, send
from tests.fixtures.platform import Platform, Running, accepted

DAVIDE = "u-davide.neri"
LUCA = {"family_name": "Marchetti", "given_name": "Luca", "tax_code": None, "birth_date": "1979-11-02",
        "birth_place": "Bologna", "sex": "M", "citizenship": "IT", "phone": "051 765432", "email": None}  # fmt: skip


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake")


async def contact(running: Running, person: str, outcome: str, on: str, **more: Any) -> Any:
    values = forms.ContactForm.model_validate({"channel": "call", "outcome": outcome, "on": on} | more)
    return await commands.log_contact(running.store("intake"), running.command(GIULIA), person, values)


async def worklist(running: Running, scope: views.Scope, on: date = date(2024, 5, 6)) -> dict[str, set[str]]:
    async with running.store("intake").read() as reading:
        queues = await views.worklist(reading, on, scope)
    for name, queue in queues.items():
        assert queue["count"] == len(queue["rows"]), name
    return {name: {row["person_id"] for row in queue["rows"]} for name, queue in queues.items()}


async def test_each_queue_of_the_day_is_mine_my_desks_or_everybodys(running: Running) -> None:
    amina, luca = await register(running), await register(running, **LUCA, on="2024-02-01", declared=False)
    await follow(running, amina)
    accepted(await contact(running, amina, "no_answer", "2024-05-03", recall_on="2024-05-06"))
    await running.quiet()
    mine = await worklist(running, views.Scope(GIULIA))
    assert (mine["to_call"], mine["to_plan"]) == ({amina}, {amina})
    assert (await worklist(running, views.Scope(DAVIDE)))["to_call"] == set(), "not Davide's"
    assert mine["late_contact"] == mine["to_contact"] == {luca}, "the desk's queues stay the desk's"
    imola = await worklist(running, views.Scope(None, ("imola",)))
    assert not any(imola.values())
    assert (await worklist(running, views.Scope(GIULIA), date(2024, 5, 5)))["to_call"] == set(), "not before its day"
    assert (await worklist(running, views.Scope(GIULIA), date(2024, 7, 1)))["silent"] == {amina}
    accepted(await contact(running, amina, "answered", "2024-05-06"))
    await running.quiet()
    assert (await worklist(running, views.Scope(GIULIA)))["to_call"] == set()


async def test_who_was_called_in_vain_is_called_again_by_who_called(running: Running) -> None:
    luca = await register(running, **LUCA)
    accepted(await contact(running, luca, "no_answer", "2024-05-03", recall_on="2024-05-06"))
    await running.quiet()
    assert (await worklist(running, views.Scope(GIULIA)))["to_call"] == {luca}, "nobody follows him yet"


async def test_unreachable_is_a_state_that_can_be_listed_and_counted(running: Running) -> None:
    amina = await register(running)
    for on in ("2024-04-20", "2024-04-25", "2024-05-02"):
        accepted(await contact(running, amina, "no_answer", on))
    await running.quiet()
    async with running.store("intake").read() as reading:
        _, total = await views.people(reading, {"flag": "unreachable"}, limit=5, today=date(2024, 5, 6))
    assert total == 1
    async with browser(running, GIULIA) as giulia:
        assert "Irreperibile dal 02/05/2024" in (await giulia.get(f"/intake/persone/{amina}")).text
        file = await giulia.get("/intake/persone/esporta?flag=unreachable")
        assert amina in file.text
        assert amina not in (await giulia.get("/intake/persone/esporta?flag=suspended")).text
    accepted(await contact(running, amina, "answered", "2024-05-03"))
    await running.quiet()
    async with running.store("intake").read() as reading:
        assert (await views.people(reading, {"flag": "unreachable"}, limit=5, today=date(2024, 5, 6)))[1] == 0


async def test_the_first_contact_is_counted_by_month_and_half_year_with_the_episodes_that_are_over(
    running: Running,
) -> None:
    amina, luca = await register(running), await register(running, **LUCA, on="2024-03-15")
    accepted(await contact(running, amina, "answered", "2024-03-20"))
    close = forms.CloseForm.model_validate({"outcome": "withdrew", "on": "2024-04-02"})
    accepted(await commands.close(running.store("intake"), running.command(GIULIA), amina, close))
    again = forms.RegisterForm.model_validate(AMINA | {"on": "2024-05-02", "another_person": True})
    accepted(await commands.register(running.store("intake"), running.command(), again, amina))
    await running.quiet()
    async with running.store("intake").read() as reading:
        months = await views.first_contacts(reading, date(2024, 5, 6), "month")
        halves = await views.first_contacts(reading, date(2024, 5, 6), "half")
    assert [(m["period"], m["within"], m["lapsed"], m["waiting"], m["share"]) for m in months] == [
        ("2024-05", 0, 0, 1, None), ("2024-03", 1, 1, 0, 50),
    ]  # fmt: skip
    assert [(h["period"], h["registered"], h["share"]) for h in halves] == [("2024-1", 3, 50)]
    async with browser(running, ELENA) as elena:
        assert "50" in (await elena.get("/intake/primo-contatto")).text
        assert "2024-1" in (await elena.get("/intake/primo-contatto/esporta?per=half")).text
        page = (await elena.get(f"/intake/persone/{amina}")).text
        assert "Iscrizione n. 2" in page
        assert "Ha rinunciato" in page, "the episode that is over can be read"
        old = (await elena.get(f"/intake/persone/{amina}?episodio=1")).text
        assert "Percorso chiuso" in old.split('id="storia"')[1]
        assert (
            "Percorso chiuso"
            not in (await elena.get(f"/intake/persone/{amina}?episodio=2")).text.split('id="storia"')[1]
        )
    assert luca


async def test_all_the_cases_of_who_leaves_pass_each_by_itself_and_nobody_is_forgotten(running: Running) -> None:
    store = running.store("intake")
    people = [await register(running)]
    people += [await register(running, **(LUCA | {"given_name": name})) for name in ("Luca", "Sofia", "Omar")]
    for person in people:
        await follow(running, person)
    await running.quiet()
    async with store.read() as reading:
        assert await views.caseloads(reading) == {GIULIA: 4}
        cases = await views.cases_of(reading, GIULIA)
    assert sorted(people) == cases
    cause = str(uuid4())
    close = forms.CloseForm.model_validate({"outcome": "withdrew", "on": "2024-05-02"})
    accepted(await commands.close(store, running.command(GIULIA), cases[3], close))
    values: dict[str, Any] = {
        "from_manager": GIULIA, "to_managers": [DAVIDE, "u-x"], "motive": "leaver", "managers": (DAVIDE,)
    }  # fmt: skip
    partly = await commands.hand_over(store, running.command(cause=cause), cases, **values)
    assert (partly.passed, [refused.code for _, refused in partly.refused]) == (2, ["case_manager"])
    values["to_managers"] = [DAVIDE]
    rest = await commands.hand_over(store, running.command(cause=str(uuid4())), cases, **values)
    assert (rest.passed, rest.refused) == (1, ())
    twice = await commands.hand_over(store, running.command(cause=cause), cases, **values)
    assert twice.refused == ()
    await running.quiet()
    async with store.read() as reading:
        assert await views.caseloads(reading) == {DAVIDE: 3}
    history = [fact.meta.type for fact in await store.history(cases[0])]
    assert history.count("intake.case-transferred") == 1


async def test_the_coordinators_page_hands_over_and_tells_what_is_left(running: Running) -> None:
    amina = await register(running)
    await follow(running, amina)
    await running.quiet()
    async with browser(running, "u-francesca.sola") as francesca:
        page = await francesca.get("/intake/passaggi")
        assert page.status_code == 200
        assert "Giulia Rossi" in page.text
        wrong = await send(francesca, "/intake/passaggi", from_manager=GIULIA, to_managers=GIULIA, motive="leaver")
        assert wrong.status_code == 422
        moved = await send(francesca, "/intake/passaggi", from_manager=GIULIA, to_managers=DAVIDE, motive="leaver")
        assert moved.status_code == 303, moved.text
        await running.quiet()
        after = (await francesca.get("/intake/passaggi")).text
        assert re.search(r"<td>Davide Neri</td><td class=\"num\">1</td>", after)
        assert not re.search(r"<td>Giulia Rossi</td>", after)
        assert (await francesca.get(f"/intake/persone/{amina}")).status_code == 403, "no names for who counts"
    async with browser(running, ELENA) as elena:
        assert (await elena.get("/intake/passaggi")).status_code == 403


async def test_a_note_is_read_by_who_works_the_case_and_never_found_by_the_search(running: Running) -> None:
    amina = await register(running)
    base = f"/intake/persone/{amina}"
    async with browser(running, GIULIA) as giulia:
        assert (await send(giulia, f"{base}/note", note="Teme lo zafferano.")).status_code == 303
        assert "Teme lo zafferano." in (await giulia.get(base)).text
        assert "zafferano" not in (await giulia.get(f"{base}/riepilogo")).text
        assert amina not in (await giulia.get("/intake/cerca?q=zafferano")).text
        assert amina in (await giulia.get("/intake/cerca?q=hadd")).text
    async with browser(running, "u-stefano.leoni") as stefano:
        page = await stefano.get(base)
        assert page.status_code == 200
        assert "zafferano" not in page.text
    async with running.store("intake").engine.connect() as conn:
        events = " ".join(str(row) for row in await conn.execute(text("select * from events")))
        purposes = set((await conn.execute(text("select purpose from access_log"))).scalars())
    assert "zafferano" not in events
    assert "intake.summary" in purposes, "who printed it is in the log of accesses"


async def test_the_page_is_worked_with_a_phone_in_the_hand(running: Running) -> None:
    amina = await register(running)
    await follow(running, amina)
    base, today = f"/intake/persone/{amina}", clock.today()
    async with browser(running, GIULIA) as giulia:
        page = (await giulia.get(base)).text
        assert 'href="tel:+393331234567"' in page
        call: dict[str, Any] = {
            "channel": "call",
            "outcome": "no_answer",
            "on": today,
            "recall_on": today + timedelta(days=2),
        }
        assert (await send(giulia, f"{base}/contatti", **call)).status_code == 303
        assert (await send(giulia, f"{base}/contatti", **(call | {"recall_on": "2020-01-01"}))).status_code == 422
        rest: dict[str, Any] = {
            "reason": "personal",
            "expected_until": today,
            "on": today,
            "note": "Ricovero della madre.",
        }
        assert (await send(giulia, f"{base}/sospensione", **rest)).status_code == 303
        assert (await send(giulia, f"{base}/sospensione", **rest)).status_code == 409
        assert "Percorso sospeso fino al" in (await giulia.get(base)).text
        assert (await send(giulia, f"{base}/ripresa", on=today)).status_code == 303
        assert (await send(giulia, f"{base}/passaggio", to_manager=DAVIDE, motive="area")).status_code == 303
        await running.quiet()
        assert (await giulia.get(base)).status_code == 403, "it is Davide's now, of another organisation"
        async with browser(running, DAVIDE) as davide:
            assert "Davide Neri" in (await davide.get(base)).text
            assert amina in (await davide.get(f"/intake/persone?case_manager={DAVIDE}")).text
        mine, all_ = await giulia.get("/intake/"), await giulia.get("/intake/?vista=tutte")
        assert (mine.status_code, all_.status_code) == (200, 200)
        assert amina not in (await giulia.get(f"/intake/persone?case_manager={DAVIDE}")).text


async def test_bad_input_is_told_and_changes_nothing(running: Running) -> None:
    amina = await register(running)
    before = await running.store("intake").version(amina)
    junk = {"channel": "smoke", "outcome": "?", "on": "31/31/2024", "note": "\0", "to_manager": "no body"}
    async with browser(running, GIULIA) as giulia:
        for path in ("contatti", "note", "sospensione", "ripresa", "passaggio", "piano", "piano/firma", "piano/azione"):
            answer = await send(giulia, f"/intake/persone/{amina}/{path}", **junk)
            assert answer.status_code in (409, 422), (path, answer.text)
    assert await running.store("intake").version(amina) == before


async def test_a_suspended_person_is_not_shortlisted_and_a_new_manager_is_known_everywhere(platform: Platform) -> None:
    mute = {"training": Service("training", (), {})}
    running = await platform("intake", "matching", "training", definitions=mute)
    from services.matching.domain import Standing
    from services.matching.views import CANDIDATES, standing

    amina = await register(running)
    await follow(running, amina)
    store = running.store("intake")
    rest = forms.SuspendForm.model_validate({"reason": "away", "on": "2024-05-02", "expected_until": "2024-06-02"})
    accepted(await commands.suspend(store, running.command(GIULIA), amina, rest))
    move = forms.TransferForm.model_validate({"to_manager": DAVIDE, "motive": "area"})
    accepted(await commands.transfer(store, running.command(GIULIA), amina, move, [DAVIDE]))
    await running.quiet()

    async def heard() -> tuple[Standing, str]:
        async with running.store("matching").read() as reading:
            row = await reading.row(CANDIDATES, amina)
        assert row is not None
        return standing(row), row["case_manager"]

    assert (await heard()) == (Standing(date(2024, 3, 12), None, date(2024, 3, 12), date(2024, 5, 2)), DAVIDE)
    back = forms.ResumeForm.model_validate({"on": "2024-05-06"})
    accepted(await commands.resume(store, running.command(GIULIA), amina, back))
    await running.quiet()
    assert (await heard())[0].suspended_on is None


async def test_two_who_transfer_at_once_leave_one_manager(running: Running) -> None:
    amina = await register(running)
    await follow(running, amina)
    store = running.store("intake")
    version = await store.version(amina)
    move = forms.TransferForm.model_validate({"to_manager": DAVIDE, "motive": "area"})
    accepted(await commands.transfer(store, running.command(GIULIA, shown=version), amina, move, [DAVIDE, ELENA]))
    other = forms.TransferForm.model_validate({"to_manager": ELENA, "motive": "area"})
    late = await commands.transfer(store, running.command(GIULIA, shown=version), amina, other, [DAVIDE, ELENA])
    assert isinstance(late, Refused)
    assert late.code == "stale_page"
    state, _ = await store.state(person_stream(amina))
    assert state.case_manager == DAVIDE
