"""Intake's lists as files: the rows of the page, for whom the page opens, and who took them in the access log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from openpyxl import load_workbook
from sqlalchemy import text

from services.intake import forms
from services.intake.app import create_app
from services.intake.commands import reception
from services.intake.views.referrals import REFERRALS
from shared import clock
from shared.events import Event
from shared.events import intake as facts
from shared.web.sign_ins import WRITE
from shared.web.site import site
from tests.contracts.publish import example
from tests.fixtures.intake import ELENA, GIULIA, browser, register, said, send
from tests.fixtures.platform import Platform, Running, accepted
from tests.integration.test_every_route import browser as signed_in

MARCO, SARA, STEFANO, NADIA, PARISH = (
    "u-marco.ferri", "u-sara.galli", "u-stefano.leoni", "u-nadia.rizzo", "u-chiara.marini",
)  # fmt: skip
SAMPLE = "declarations-2024-h1"
REFERRED: dict[str, Any] = {
    "family_name": "Zani", "given_name": "Rosa", "birth_date": "10/06/1985", "phone": "333 1234567",
    "municipality": "037006", "reason": "Cerca lavoro.", "contact": "Chiara Marini", "informed_on": "2024-03-04",
    "consent": "true", "agreed": "true",
}  # fmt: skip
QUICK: dict[str, Any] = {
    "family_name": "Bassi", "given_name": "Luca", "birth_date": "1990-02-01", "sex": "M", "citizenship": "Z330",
    "phone": "333 7654321", "municipality": "037006", "channel": "parish", "on": "2024-03-05",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A page, the file of its list, who may have both, what is in it, and who may have neither."""

    page: str
    file: str
    account: str
    holds: str
    refused: str = SARA


CASES = (
    Case("/controlli", "/controlli/esporta", GIULIA, "Primo semestre 2024", ELENA),
    Case(f"/controlli/{SAMPLE}", f"/controlli/{SAMPLE}/esporta", GIULIA, "{amina}", ELENA),
    Case("/verifiche", "/verifiche/esporta", GIULIA, "{amina}"),
    Case("/segnalazioni", "/segnalazioni/esporta", ELENA, "{referred}", PARISH),
    Case("/segnala", "/segnala/esporta", PARISH, "{referral}", ELENA),
    Case("/messaggi", "/messaggi/esporta", ELENA, "{amina}"),
    Case("/messaggi?stato=failed", "/messaggi/esporta?stato=failed", ELENA, ""),
    Case("/passaggi", "/passaggi/esporta", GIULIA, "Giulia Rossi", ELENA),
    Case("/diritti", "/diritti/esporta", GIULIA, "{amina}", ELENA),
    Case("/cancellazioni", "/cancellazioni/esporta", GIULIA, "{amina}", ELENA),
    Case("/doppioni", "/doppioni/esporta", GIULIA, "{luca}", ELENA),
    Case("/doppioni", "/doppioni/unite/esporta", GIULIA, "{joined}", ELENA),
    Case("/domande", "/domande/esporta", ELENA, "{contact}"),
    Case("/domande?stato=discarded", "/domande/esporta?stato=discarded", ELENA, ""),
    Case("/da-completare", "/da-completare/esporta", ELENA, "{luca}"),
    Case("/incontri", "/incontri/esporta", ELENA, "Elena Conti"),
    Case("/incontri/{session}", "/incontri/{session}/esporta", ELENA, "{amina}"),
    Case("/agenda?giorno={day}", "/agenda/esporta?giorno={day}", ELENA, "{amina}"),
    Case(
        "/agenda?giorno={day}&vista=settimana&operatore=nobody",
        "/agenda/esporta?giorno={day}&vista=settimana&operatore=nobody",
        ELENA,
        "",
    ),
    Case("/accessi?persona={amina}", "/accessi/esporta?persona={amina}", STEFANO, "{amina}", GIULIA),
    Case("/accessi?operatore=nobody", "/accessi/esporta?operatore=nobody", STEFANO, "", GIULIA),
    Case("/accessi/utenti", "/accessi/utenti/esporta", STEFANO, "Stefano Leoni", GIULIA),
    Case("/?vista=tutte", "/oggi/esporta?vista=tutte", GIULIA, "{amina}"),
    Case("/?vista=tutte", "/oggi/esporta?vista=tutte", GIULIA, "Da incontrare oggi"),
    Case("/agenda/proposte", "/agenda/proposte/esporta", ELENA, "{amina}"),
    Case("/utenti?q=rizzo", "/utenti/esporta?q=rizzo", NADIA, "Nadia Rizzo", GIULIA),
    Case("/enti", "/enti/esporta", NADIA, "Comune di Imola", GIULIA),
    Case("/emergenze", "/emergenze/esporta", STEFANO, "{amina}", GIULIA),
)


def fact(type_: type[Event], **values: Any) -> Event:
    """A fact as its contract has it, with these values."""
    return type_.model_validate(example(type_) | values)


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake")


async def world(running: Running) -> dict[str, str]:
    """One row for each list: what the cases call it -> its id."""
    quick = await reception.register_quickly(
        running.store("intake"), running.command(), forms.QuickForm.model_validate(QUICK)
    )
    ids = {name: str(uuid4()) for name in ("session", "contact", "joined", "appointment")}
    amina, luca = await register(running), accepted(quick).events[0].event.subject
    day = clock.today() + timedelta(days=1)
    of_amina = {"person_id": amina}
    declared = await said(
        running, "intake",
        fact(facts.EligibilityChecked, **of_amina, check="domicile", outcome="passed", evidence="self_declaration",
             on="2024-03-05", holds_until="2024-04-01"),
        fact(facts.TakenInCharge, **of_amina, case_manager=GIULIA),
        fact(facts.RightRequested, **of_amina),
        fact(facts.ErasureProposed, **of_amina, by=MARCO),
        fact(facts.EmergencyOpened, **of_amina, account=MARCO),
        fact(facts.MessageQueued, **of_amina),
        fact(facts.DuplicateProposed, **of_amina, other_id=luca),
        fact(facts.AppointmentBooked, **of_amina, appointment_id=str(uuid4()), session_id=None, operator=ELENA,
             desk="malvezzi", day=clock.today()),
        fact(facts.AppointmentBooked, **of_amina, appointment_id=ids["appointment"], session_id=ids["session"],
             operator=ELENA, desk="malvezzi", day=day),
    )  # fmt: skip
    await said(running, "intake", fact(facts.DeclarationsSampled, sample_id=SAMPLE, drawn=[declared]))
    joined = {"person_id": ids["joined"], "alias_id": ids["joined"], "root_id": amina}
    await said(running, "intake", fact(facts.PersonsJoined, **joined))
    await said(running, "intake", fact(facts.ContactReceived, contact_id=ids["contact"], district="citta-di-bologna"))
    seat = of_amina | {"session_id": ids["session"], "appointment_id": ids["appointment"]}
    await said(
        running, "intake",
        fact(facts.GroupSessionPlanned, session_id=ids["session"], operator=ELENA, desk="malvezzi", day=day),
        fact(facts.SessionSeatTaken, **seat),
    )  # fmt: skip
    week = f"operator:{ELENA}:{day:%G-w%V}"
    await said(running, "intake", fact(facts.OperatorAbsent, week_id=week, operator=ELENA, first=day, last=day))
    async with browser(running, PARISH) as parish:
        assert (await send(parish, "/intake/segnala/nuova", **REFERRED)).status_code == 303
    await running.quiet()
    async with running.store("intake").read() as reading:
        (row,) = await reading.rows(reading.table(REFERRALS).select())
    async with running.store("intake").engine.begin() as conn:
        entered = {"event": "in", "account": STEFANO, "role": "dpo", "organisation": "", "way": "demo", "reason": ""}
        await conn.execute(WRITE, entered | {"id": str(uuid4()), "at": clock.now(), "address": "10.0.0.7"})
    return ids | {
        "day": day.isoformat(),
        "amina": amina,
        "luca": luca,
        "referred": row["referred_id"],
        "referral": row["referral_id"],
    }


def app_of(running: Running) -> FastAPI:
    """The site over intake, once for all the cases."""
    service = create_app()
    service.state.store = running.store("intake")
    return site({"intake": service})


async def logged(running: Running) -> list[tuple[str, str, list[str]]]:
    """Account, right and persons of every export in the access log."""
    async with running.store("intake").engine.connect() as conn:
        rows = await conn.execute(
            text("select account, purpose, subjects from access_log where action = 'export' order by at")
        )
        return [(row[0], row[1], list(row[2])) for row in rows]


async def test_every_list_is_a_file_of_its_rows_for_whom_the_page_opens(running: Running) -> None:
    ids, app = await world(running), app_of(running)
    for case in CASES:
        page, file, holds = (one.format(**ids) for one in (case.page, case.file, case.holds))
        path, _, query = file.partition("?")
        join = "&" if query else "?"
        async with signed_in(app, case.account) as client:
            shown = await client.get(f"/intake{page}")
            csv = await client.get(f"/intake{file}{join}formato=csv")
            xlsx = await client.get(f"/intake{file}{join}formato=xlsx")
        assert (shown.status_code, csv.status_code, xlsx.status_code) == (200, 200, 200), file
        sheet = load_workbook(BytesIO(xlsx.content)).active
        assert sheet is not None
        cells = {str(cell.value) for row in sheet.iter_rows(min_row=2) for cell in row}
        if holds:
            assert f'href="/intake{path}' in shown.text, file
            assert holds in csv.text, file
            assert holds in cells, file
        else:
            assert not cells, file
            assert len(csv.text.splitlines()) == 1, file
        async with signed_in(app, case.refused) as client:
            assert (await client.get(f"/intake{page}")).status_code == 403, file
            assert (await client.get(f"/intake{file}")).status_code == 403, file


async def test_who_may_look_and_not_export_finds_no_file_of_the_day(running: Running) -> None:
    await world(running)
    async with browser(running, STEFANO) as dpo:
        shown = await dpo.get("/intake/?vista=tutte")
        assert "Da incontrare oggi" in shown.text
        assert "/intake/oggi/esporta" not in shown.text
        assert (await dpo.get("/intake/oggi/esporta?vista=tutte")).status_code == 403


async def test_who_takes_a_file_of_people_stands_in_the_access_log(running: Running) -> None:
    ids = await world(running)
    async with browser(running, GIULIA) as giulia:
        await giulia.get("/intake/diritti/esporta")
        await giulia.get("/intake/segnalazioni/esporta")
        await giulia.get("/intake/passaggi/esporta")
    assert await logged(running) == [
        (GIULIA, "intake.rights", [ids["amina"]]), (GIULIA, "intake.referrals", [ids["referred"]]),
    ]  # fmt: skip


async def test_a_file_has_names_only_for_who_may_compose_lists_with_names(running: Running) -> None:
    await world(running)
    async with browser(running, ELENA) as elena, browser(running, PARISH) as parish:
        assert "Zani" not in (await elena.get("/intake/segnalazioni/esporta")).text
        assert "Zani Rosa" in (await elena.get("/intake/segnalazioni/esporta?nomi=1")).text
        assert "Zani" not in (await parish.get("/intake/segnala/esporta")).text
        assert (await parish.get("/intake/segnala/esporta?nomi=1")).status_code == 403
        assert 'name="document"' in (await elena.get("/intake/messaggi/esporta?nomi=1")).text
    async with browser(running, STEFANO) as dpo:
        assert (await dpo.get("/intake/emergenze/esporta?nomi=1")).status_code == 403
