"""Matching's pages and routes as an operator meets them: by forms alone, from the company to the proroga."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from openpyxl import load_workbook

from services.matching.app import create_app
from shared import clock
from shared.decisions import Decision, Stream
from shared.events import Event
from shared.events.intake import PersonRegistered, TakenInCharge
from shared.service import Service
from shared.store import Unit
from shared.web.site import site
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.web import browsing, hidden_fields

INTAKE = Service("intake", views=(), reactions={})
TODAY = clock.today()
SINCE = TODAY - timedelta(days=90)
REFERENCE = f"{uuid4()}:1:{'0' * 64}"
OPERATOR, MANAGER = "matching_operator", "case_manager"
CARD: dict[str, Any] = {
    "name": "Forno Ghini", "vat_number": "IT 01234567897", "seat": "Via Roma 1, Budrio", "contact": "Carla Ghini",
    "size": "6-20", "sector": "C", "district": "pianura-est", "on": SINCE.isoformat(),
}  # fmt: skip


@dataclass
class Site:
    """The site over matching, with everything it stands on."""

    running: Running
    app: FastAPI

    async def get(self, path: str, expected: int = 200, role: str = OPERATOR) -> httpx.Response:
        """What this role sees there, once everything recorded was handled."""
        await self.running.quiet()
        async with browsing(self.app, role) as client:
            answer = await client.get(f"/matching{path}")
        assert answer.status_code == expected, text_of(answer)
        return answer

    async def send(self, page: str, path: str, expected: int = 303, **values: Any) -> httpx.Response:
        """Opens a page and sends the form on it that posts to `path`."""
        await self.running.quiet()
        async with browsing(self.app, OPERATOR) as client:
            shown = await client.get(f"/matching{page}")
            assert shown.status_code == 200, text_of(shown)
            data = hidden_fields(shown.text, f"/matching{path}") | values
            answer = await client.post(f"/matching{path}", data=data)
        assert answer.status_code == expected, text_of(answer)
        return answer

    async def in_charge(self, district: Any = "pianura-est") -> str:
        """Amina (each time another), whom intake took in charge."""
        person_id = str(uuid4())
        facts: list[Event] = [
            PersonRegistered(
                person_id=person_id, episode=1, channel="parish", entry="assisted", age_band="30-39", sex="F",
                citizenship_area="africa", education="lower_secondary", district=district, union=None,
                in_capital=False, identity=REFERENCE, on=SINCE,
            ),
            TakenInCharge(
                person_id=person_id, case_manager="u-giulia.rossi", readiness="ready", reasons=REFERENCE, on=SINCE
            ),
        ]  # fmt: skip

        async def decide(unit: Unit) -> Decision:
            await unit.states(Stream(person_id, None, lambda state, _: state))
            return facts

        self.running.now = clock.now()
        accepted(await self.running.execute("intake", decide))
        await self.running.quiet()
        return person_id

    async def company(self) -> str:
        """The path of a new company's page."""
        return path_of(await self.send("/aziende/nuova", "/aziende/nuova", **CARD))

    async def vacancy(self, company: str) -> str:
        """The path of a new vacancy's page, with a selection."""
        opened = await self.send(
            f"{company}/nuova-ricerca", f"{company}/nuova-ricerca", occupation="75", contract="fixed_term",
            positions="1", on=SINCE.isoformat(), description="Impasto e cottura.",
        )  # fmt: skip
        vacancy = path_of(opened)
        await self.send(vacancy, f"{vacancy}/selezioni", on=SINCE.isoformat())
        return vacancy

    async def presented(self, vacancy: str, person_id: str) -> None:
        """The person is on the shortlist and was presented."""
        here = f"{vacancy}/candidati/{person_id}"
        await self.send(vacancy, f"{here}/rosa", on=SINCE.isoformat())
        await self.send(vacancy, f"{here}/presentazione", agreed="true", on=SINCE.isoformat())


def path_of(answer: httpx.Response) -> str:
    """Where it leads, inside matching."""
    return re.split(r"[?#]", answer.headers["location"])[0].removeprefix("/matching")


def text_of(answer: httpx.Response) -> str:
    """What one reads on a page."""
    words = re.sub(r"<[^>]+>", " ", answer.text.replace("\N{NO-BREAK SPACE}", " "))
    return re.sub(r"\s+", " ", words)


@pytest.fixture
async def house(platform: Platform) -> Site:
    running = await platform("intake", "matching", definitions={"intake": INTAKE})
    running.now = clock.now()
    app = create_app()
    app.state.store = running.store("matching")
    return Site(running, site({"matching": app}))


async def test_empty_pages_say_what_to_do(house: Site) -> None:
    assert "Nessun contratto scade" in text_of(await house.get("/"))
    assert "l'accoglienza la prende in carico" in (await house.get("/candidati")).text.replace("&#39;", "'")
    for path in ("/ricerche", "/aziende", "/inserimenti"):
        assert "corrisponde ai filtri" in text_of(await house.get(path))


async def test_by_forms_from_the_company_to_the_proroga(house: Site) -> None:
    amina = await house.in_charge()
    vacancy = await house.vacancy(await house.company())
    await house.presented(vacancy, amina)
    page = text_of(await house.get(vacancy))
    assert "In attesa di risposta" in page
    assert "Forno Ghini" in page
    assert "Impasto e cottura." in page
    ends = TODAY + timedelta(days=20)
    await house.send(
        vacancy, f"{vacancy}/candidati/{amina}/inserimento", contract="fixed_term",
        on=(TODAY - timedelta(days=10)).isoformat(), ends_on=ends.isoformat(),
    )  # fmt: skip
    assert "Posti tutti coperti" in text_of(await house.get(vacancy))
    listed = await house.get("/inserimenti?state=ending")
    found = re.search(rf"/candidati/{amina}/inserimenti/[0-9a-f-]+", listed.text)
    assert found
    placement = found[0]
    later = ends + timedelta(days=60)
    await house.send(placement, f"{placement}/proroga", on=TODAY.isoformat(), ends_on=later.isoformat())
    assert f"{later:%d/%m/%Y}" in text_of(await house.get(placement))
    assert "Al lavoro" in text_of(await house.get(f"/candidati/{amina}"))
    assert amina in (await house.get("/candidati?situation=working")).text
    await house.send(placement, f"{placement}/annulla", motive="never_started")
    assert "Questo inserimento è stato annullato" in text_of(await house.get(placement))
    assert "Aperta" in text_of(await house.get(vacancy))


async def test_a_refused_form_keeps_what_was_typed(house: Site) -> None:
    company = await house.company()
    again = await house.send("/aziende/nuova", "/aziende/nuova", 422, **(CARD | {"name": "Forno Ghini SRL"}))
    assert "è già nella rete" in text_of(again)
    assert 'value="Forno Ghini SRL"' in again.text
    wrong = await house.send("/aziende/nuova", "/aziende/nuova", 422, **(CARD | {"vat_number": "123"}))
    assert "La partita IVA non è valida" in text_of(wrong)
    empty = await house.send(f"{company}/nuova-ricerca", f"{company}/nuova-ricerca", 422, positions="0")
    assert "Non è stato registrato" in text_of(empty)
    amina = await house.in_charge()
    vacancy = await house.vacancy(company)
    here = f"{vacancy}/candidati/{amina}"
    await house.send(vacancy, f"{here}/rosa", on=TODAY.isoformat())
    refused = await house.send(vacancy, f"{here}/presentazione", 422, on=TODAY.isoformat())
    assert "Senza l'accordo della persona" in text_of(refused).replace("&#39;", "'")


async def test_a_stale_page_says_who_was_faster(house: Site) -> None:
    amina = await house.in_charge()
    vacancy = await house.vacancy(await house.company())
    old = await house.get(vacancy)
    await house.presented(vacancy, amina)
    here = f"/matching{vacancy}/candidati/{amina}/rosa"
    async with browsing(house.app, OPERATOR) as client:
        csrf = hidden_fields((await client.get(f"/matching{vacancy}")).text)["csrf"]
        fields = hidden_fields(old.text, here) | {"csrf": csrf}
        answer = await client.post(here, data=fields)
    assert answer.status_code == 409
    assert "Nel frattempo" in text_of(answer)


async def test_the_shortlist_is_searched_by_district(house: Site) -> None:
    near, far = await house.in_charge("pianura-est"), await house.in_charge("imola")
    vacancy = await house.vacancy(await house.company())
    filtered = await house.get(f"{vacancy}?district=imola&readiness=ready")
    assert far in filtered.text
    assert near not in filtered.text
    assert "Nessuna persona in attesa" in text_of(await house.get(f"{vacancy}?readiness=to_train"))


async def test_a_wrong_fact_is_corrected_on_the_page(house: Site) -> None:
    company = await house.company()
    vacancy = await house.vacancy(company)
    page = await house.get(vacancy)
    facts = re.findall(r"/correggi/([0-9a-f-]{36})", page.text)
    opened = facts[-1]
    await house.send(
        vacancy, f"{vacancy}/correggi/{opened}", happened_on=SINCE.isoformat(), occupation="75",
        contract="fixed_term", positions="3", motive="wrong_value",
    )  # fmt: skip
    after = text_of(await house.get(vacancy))
    assert "Rettificato" in after
    assert "posti: 3" in after
    await house.send(f"{company}/scheda", f"{company}/scheda", **(CARD | {"size": "21-49", "motive": "wrong_value"}))
    assert "Da 21 a 49 dipendenti" in text_of(await house.get(company))


async def test_a_placement_without_a_vacancy(house: Site) -> None:
    amina = await house.in_charge()
    company = await house.company()
    await house.send(
        f"/candidati/{amina}", f"/candidati/{amina}/inserimenti", company_id=company.rsplit("/", 1)[1],
        contract="permanent", on=TODAY.isoformat(),
    )  # fmt: skip
    assert "Tempo indeterminato" in text_of(await house.get(f"/candidati/{amina}"))
    assert "senza scadenza" in text_of(await house.get(await placement_of(house, amina)))


async def placement_of(house: Site, person_id: str) -> str:
    listed = await house.get("/inserimenti")
    found = re.search(rf"/candidati/{person_id}/inserimenti/[0-9a-f-]+", listed.text)
    assert found
    return found[0]


async def test_lists_are_exported_under_the_readers_rights(house: Site) -> None:
    amina = await house.in_charge()
    company = await house.company()
    vacancy, another = await house.vacancy(company), await house.vacancy(company)
    await house.presented(vacancy, amina)
    csv = await house.get("/candidati/esporta?situation=waiting&formato=csv")
    assert amina in csv.text
    assert amina not in (await house.get("/candidati/esporta?district=imola")).text
    sheet = load_workbook(BytesIO((await house.get("/aziende/esporta?formato=xlsx")).content)).active
    assert sheet is not None
    assert [cell.value for cell in next(sheet.iter_rows(min_row=2))][:2] == ["Forno Ghini", "01234567897"]
    assert "Alimentare" in (await house.get("/ricerche/esporta")).text
    await house.get("/inserimenti/esporta")
    await house.get("/candidati/esporta", 403, role=MANAGER)
    one = company.rsplit("/", 1)[1]
    of_company = f"/ricerche/esporta?status=all&company_id={one}"
    assert f"/matching{of_company}".replace("&", "&amp;") in (await house.get(company)).text
    assert "Alimentare" in (await house.get(of_company)).text
    assert "Alimentare" not in (await house.get(f"/ricerche/esporta?status=all&company_id={uuid4()}")).text
    of_vacancy = [f"/proposte/esporta?vacancy_id={one.rpartition('/')[2]}" for one in (vacancy, another)]
    assert [amina in (await house.get(path)).text for path in of_vacancy] == [True, False]
    assert [path in (await house.get(vacancy)).text for path in of_vacancy] == [True, False]
    for path in (
        *of_vacancy,
        f"/proposte/esporta?person_id={amina}",
        "/proposte/esporta",
        f"/inserimenti/esporta?person_id={amina}",
    ):
        assert "Azienda" in (await house.get(path)).text
        await house.get(path, 403, role=MANAGER)


async def test_who_may_only_look_finds_no_form(house: Site) -> None:
    vacancy = await house.vacancy(await house.company())
    page = await house.get(vacancy, role=MANAGER)
    assert f"{vacancy}/chiusura" not in page.text
    async with browsing(house.app, MANAGER) as client:
        csrf = re.search(r'name="csrf" value="([^"]+)"', (await client.get(f"/matching{vacancy}")).text)
        assert csrf
        answer = await client.post(f"/matching{vacancy}/chiusura", data={"csrf": csrf[1]})
    assert answer.status_code == 403
    assert "Il tuo ruolo non permette" in text_of(answer)


@pytest.mark.parametrize("path", ["/candidati", "/ricerche", "/aziende", "/candidati/{0}/inserimenti"])
async def test_what_is_not_there_is_a_clear_page(house: Site, path: str) -> None:
    missing = await house.get(f"{path.format(uuid4())}/{uuid4()}", 404)
    assert 'lang="it"' in missing.text
    await house.get(f"{path.format(uuid4())}/qualcosa", 404)


async def test_the_api_records_once_and_says_no_as_a_problem(house: Site) -> None:
    amina = await house.in_charge()
    key = {"idempotency-key": str(uuid4())}
    card = {**CARD, "phone": None}
    async with browsing(house.app, OPERATOR) as client:
        api = "/matching/api"
        first = await client.post(f"{api}/companies", json=card, headers=key)
        assert first.status_code == 201, first.text
        again = await client.post(f"{api}/companies", json=card, headers=key)
        assert (again.status_code, again.json()["repeated"]) == (201, True)
        company = first.json()["facts"][0]["subject"]
        body = {"company_id": company, "contract": "fixed_term", "on": TODAY.isoformat()}
        where = f"{api}/candidates/{amina}/placements"
        refused = await client.post(where, json=body, headers={"idempotency-key": str(uuid4())})
        assert (refused.status_code, refused.json()["code"]) == (422, "end_required")
        body["ends_on"] = date(TODAY.year + 1, 1, 31).isoformat()
        placed = await client.post(where, json=body, headers={"idempotency-key": str(uuid4())})
        assert placed.status_code == 201, placed.text
        assert (await client.post(where, json=body)).status_code == 428
        await house.running.quiet()
        for path in ("candidates?situation=working", "companies", "vacancies?status=all", "placements"):
            listed = await client.get(f"{api}/{path}")
            assert listed.status_code == 200, listed.text
        placements = (await client.get(f"{api}/placements?state=running")).json()
        assert placements["total"] == 1
        one = placements["items"][0]["placement_id"]
        assert (await client.get(f"{api}/placements/{one}")).json()["person_id"] == amina
        assert (await client.get(f"{api}/candidates/{amina}/proposals")).json() == []
        missing = await client.get(f"{api}/vacancies/{uuid4()}")
        assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
