"""The pages of enterprise as the operators meet them: each sees what is theirs to do, and why they must wait."""

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

from services.enterprise.app import create_app
from shared import clock
from shared.decisions import Decision, Stream
from shared.events.intake import PathwayClosed, TakenInCharge
from shared.service import Service
from shared.store import Unit
from shared.web.site import site
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.web import browsing, hidden_fields

INTAKE = Service("intake", views=(), reactions={})
TODAY = clock.today()
SINCE = date(TODAY.year, 1, 2)
REFERENCE = f"{uuid4()}:1:{'0' * 64}"
JUDGE, MANAGER, OPERATOR = "evaluation_committee", "management_committee", "enterprise_operator"


@dataclass
class Site:
    """The site over enterprise, with everything it stands on."""

    running: Running
    app: FastAPI

    async def get(self, role: str, path: str) -> httpx.Response:
        """What this role sees there, once everything recorded was handled."""
        await self.running.quiet()
        async with browsing(self.app, role) as client:
            return await client.get(f"/enterprise{path}")

    async def send(self, role: str, page: str, path: str, expected: int = 303, **values: Any) -> httpx.Response:
        """Opens a page and sends the form on it that posts to `path`."""
        await self.running.quiet()
        async with browsing(self.app, role) as client:
            shown = await client.get(f"/enterprise{page}")
            assert shown.status_code == 200, text_of(shown)
            data = hidden_fields(shown.text, f"/enterprise{path}") | values
            answer = await client.post(f"/enterprise{path}", data=data)
        assert answer.status_code == expected, text_of(answer)
        return answer

    async def heard(self, fact: TakenInCharge | PathwayClosed) -> None:
        """Something that intake said."""

        async def decide(unit: Unit) -> Decision:
            await unit.states(Stream(fact.subject, None, lambda state, _: state))
            return [fact]

        self.running.now = clock.now()
        accepted(await self.running.execute("intake", decide))
        await self.running.quiet()

    async def amina(self) -> str:
        """A person in charge."""
        person_id = str(uuid4())
        await self.heard(
            TakenInCharge(
                person_id=person_id, case_manager="u-giulia.rossi", readiness="ready", reasons=REFERENCE, on=SINCE
            )
        )  # fmt: skip
        return person_id

    async def bakery(self, person_id: str) -> str:
        """The path of her project's page."""
        answer = await self.send(
            OPERATOR, f"/projects/new?person={person_id}", "/projects", kind="self_employment",
            title="Forno di quartiere", description="Pane e dolci.", sector="crafts", requested="12.000,00",
            jobs="1", on=SINCE.isoformat(),
        )  # fmt: skip
        return answer.headers["location"].split("?")[0].removeprefix("/enterprise")

    async def line(self) -> str:
        """The path of a line with 50,000 euros."""
        answer = await self.send(
            MANAGER, "/budgets", "/budgets", year=str(TODAY.year), name="fsp", amount="50.000", source="fsp",
            on=TODAY.isoformat(),
        )  # fmt: skip
        return answer.headers["location"].split("?")[0].removeprefix("/enterprise")

    async def approved(self, amount: str = "10.000,00") -> str:
        """The path of a project that was judged and approved."""
        path = await self.bakery(await self.amina())
        await self.line()
        await self.judge(path)
        await self.send(
            MANAGER, path, f"{path}/approval", budget_id=f"budget-{TODAY.year}-fsp", amount=amount,
            on=TODAY.isoformat(),
        )  # fmt: skip
        return path

    async def judge(self, path: str, score: str = "75") -> None:
        await self.send(
            JUDGE, path, f"{path}/judgement", outcome="suitable", score=score, reasons="Credibile.",
            on=TODAY.isoformat(),
        )  # fmt: skip


@pytest.fixture
async def house(platform: Platform) -> Site:
    running = await platform("intake", "enterprise", definitions={"intake": INTAKE})
    running.now = clock.now()
    app = create_app()
    app.state.store = running.store("enterprise")
    return Site(running, site({"enterprise": app}))


def text_of(answer: httpx.Response) -> str:
    """What one reads on a page."""
    words = re.sub(r"<[^>]+>", " ", answer.text.replace("\N{NO-BREAK SPACE}", " "))
    return re.sub(r"\s+", " ", words)


async def test_each_sees_the_next_action_only_where_it_is_theirs(house: Site) -> None:
    path = await house.bakery(await house.amina())
    judges, managers = await house.get(JUDGE, path), await house.get(MANAGER, path)
    assert "Registra il giudizio tecnico" in text_of(judges)
    assert "Approva e finanzia" not in text_of(managers)
    assert "potrà decidere solo dopo" in text_of(managers)
    await house.line()
    await house.judge(path)
    judges, managers = await house.get(JUDGE, path), await house.get(MANAGER, path)
    assert "in attesa della decisione del Comitato di gestione" in text_of(judges)
    assert f'action="/enterprise{path}/judgement"' not in judges.text
    assert "Approva e finanzia" in text_of(managers)
    assert "restano 50.000,00 €" in text_of(managers)


async def test_the_way_of_a_project_through_the_pages(house: Site) -> None:
    path = await house.approved()
    await house.send(OPERATOR, path, f"{path}/payments", amount="6.000", order="2026-17", on=TODAY.isoformat())
    shown = text_of(await house.get(OPERATOR, path))
    assert "restano da pagare 4.000,00 €" in shown
    assert "Forno di quartiere" in shown
    assert "Anna Serra" in shown
    line = await house.get(MANAGER, f"/budgets/budget-{TODAY.year}-fsp")
    assert "Impegnato 10.000,00 € (20,0 %), di cui pagato 6.000,00 €. Residuo 40.000,00 €" in text_of(line)
    assert 'role="img"' in line.text
    queue = await house.get(OPERATOR, "/?status=to_pay")
    assert "Da pagare (1)" in text_of(queue)
    assert "Forno di quartiere" in text_of(queue)


async def test_a_refusal_keeps_what_was_typed_and_says_why(house: Site) -> None:
    path = await house.bakery(await house.amina())
    await house.line()
    await house.judge(path)
    too_much = await house.send(
        MANAGER, path, f"{path}/approval", 422, budget_id=f"budget-{TODAY.year}-fsp", amount="12.000,01",
        on=TODAY.isoformat(),
    )  # fmt: skip
    assert "supera quello richiesto (12.000,00 €)" in text_of(too_much)
    assert 'value="12.000,01"' in too_much.text
    no_amount = await house.send(
        MANAGER, path, f"{path}/approval", 422, budget_id=f"budget-{TODAY.year}-fsp", amount="diecimila",
        on=TODAY.isoformat(),
    )  # fmt: skip
    assert "Scrivi l'importo in euro, per esempio 1.234,56." in no_amount.text.replace("&#39;", "'")


async def test_somebody_not_in_charge_cannot_propose(house: Site) -> None:
    luca = str(uuid4())
    answer = await house.send(
        OPERATOR, f"/projects/new?person={luca}", "/projects", 422, kind="self_employment", title="Bar",
        description="Un bar.", sector="trade", requested="5.000", jobs="0", on=TODAY.isoformat(),
    )  # fmt: skip
    assert "non è in carico" in text_of(answer)
    assert "Un bar." in answer.text


async def test_an_organisation_by_its_name_and_again_by_its_id(house: Site) -> None:
    values: dict[str, Any] = {
        "title": "Sartoria sociale", "description": "Moda etica.", "sector": "ethical_fashion",
        "requested": "8.000", "jobs": "2", "on": TODAY.isoformat(),
    }  # fmt: skip
    named: dict[str, Any] = {"organisation": "Cooperativa Filo", "tax_code": "01234567890"}
    await house.send(OPERATOR, "/projects/new", "/projects", **values, **named)
    form = await house.get(OPERATOR, "/projects/new")
    known = re.search(r'<option value="([0-9a-f-]{36})">Cooperativa Filo', form.text)
    assert known
    second = await house.send(OPERATOR, "/projects/new", "/projects", **values, organisation_id=known[1])
    path = second.headers["location"].split("?")[0].removeprefix("/enterprise")
    shown = text_of(await house.get(OPERATOR, path))
    assert "Cooperativa Filo" in shown
    assert "Altri progetti dello stesso proponente" in shown


async def test_a_closed_pathway_is_said_on_the_project(house: Site) -> None:
    amina = await house.amina()
    path = await house.bakery(amina)
    await house.heard(PathwayClosed(person_id=amina, outcome="found_work", on=TODAY - timedelta(days=1)))
    shown = text_of(await house.get(JUDGE, path))
    assert "Il percorso della persona si è chiuso il" in shown
    assert "Registra il giudizio tecnico" in shown


async def test_an_approval_is_cancelled_from_the_history(house: Site) -> None:
    path = await house.approved()
    shown = await house.get(MANAGER, path)
    link = re.search(rf'href="/enterprise({path}/facts/[0-9a-f-]+)">Correggi', shown.text)
    assert link
    assert "Correggi" not in text_of(await house.get(JUDGE, path))
    assert (await house.get(OPERATOR, link[1])).status_code == 403
    await house.send(
        MANAGER, link[1], f"{link[1]}/decision", cancel="true", motive="wrong_value", amount="10.000,00",
        happened_on=TODAY.isoformat(),
    )  # fmt: skip
    after = text_of(await house.get(MANAGER, path))
    assert "annullato" in after
    assert "Approva e finanzia" in after
    assert "Residuo 50.000,00 €" in text_of(await house.get(MANAGER, "/budgets"))


async def test_the_list_to_publish_names_no_natural_person(house: Site) -> None:
    path = await house.approved()
    shown = await house.get(MANAGER, "/publication")
    assert "Persona fisica, identità omessa" in text_of(shown)
    assert "Forno" not in shown.text
    project_id = path.rsplit("/", 1)[1]
    assert f"Pratica {project_id[:8]}" in shown.text
    file = await house.get(MANAGER, "/publication/export?formato=csv")
    assert "10000,00" in file.text
    assert "Forno" not in file.text


async def test_every_list_can_be_downloaded_and_read_when_empty(house: Site) -> None:
    for name in ("projects", "payments", "people", "budgets", "publication"):
        empty = await house.get(MANAGER, "/" if name == "projects" else f"/{name}")
        assert empty.status_code == 200
        assert "Nessun" in text_of(empty)
        book = await house.get(MANAGER, f"/{name}/export?formato=xlsx")
        assert load_workbook(BytesIO(book.content)).active is not None
        assert (await house.get(JUDGE, f"/{name}/export?formato=csv")).status_code == 403


async def test_the_lists_with_rows(house: Site) -> None:
    path = await house.approved()
    await house.send(OPERATOR, path, f"{path}/payments", amount="10.000", order="2026-17", on=TODAY.isoformat())
    payments = text_of(await house.get(OPERATOR, "/payments"))
    assert "2026-17" in payments
    people = await house.get(OPERATOR, "/people")
    assert "/enterprise/projects/new?person=" in people.text
    assert "Giulia Rossi" in text_of(people)
    projects = await house.get(OPERATOR, "/projects/export?formato=csv")
    assert "Forno di quartiere" in projects.text
    assert "10000,00" in projects.text


async def test_an_amount_of_a_line_is_changed_and_corrected(house: Site) -> None:
    path = await house.line()
    changed: dict[str, Any] = {"amount": "60.000", "source": "fsp", "on": TODAY.isoformat()}
    await house.send(MANAGER, path, path, **changed)
    shown = await house.get(MANAGER, path)
    assert "60.000,00 €" in text_of(shown)
    links = re.findall(rf'href="/enterprise({path}/facts/[0-9a-f-]+)">Correggi', shown.text)
    assert len(links) == 2
    await house.send(MANAGER, links[0], links[0], amount="55.000", motive="wrong_value", happened_on=TODAY.isoformat())
    assert "55.000,00 €" in text_of(await house.get(MANAGER, path))


async def test_the_api_says_the_same(house: Site) -> None:
    person_id = await house.amina()
    body = {
        "kind": "self_employment", "person_id": person_id, "sector": "crafts", "requested": 1_200_000, "jobs": 1,
        "title": "Forno", "description": "Pane.", "on": SINCE.isoformat(),
    }  # fmt: skip
    key = {"idempotency-key": str(uuid4())}
    async with browsing(house.app, OPERATOR) as client:
        assert (await client.post("/enterprise/api/projects", json=body)).status_code == 428
        first = await client.post("/enterprise/api/projects", json=body, headers=key)
        again = await client.post("/enterprise/api/projects", json=body, headers=key)
        assert (first.status_code, again.json()["repeated"]) == (201, True)
        late = body | {"on": (TODAY + timedelta(days=1)).isoformat()}
        refused = await client.post("/enterprise/api/projects", json=late, headers={"idempotency-key": str(uuid4())})
        assert refused.json()["code"] == "future_date"
        await house.running.quiet()
        (row,) = (await client.get(f"/enterprise/api/projects?person={person_id}")).json()
        assert (row["status"], row["requested"]) == ("to_judge", 1_200_000)
        assert (await client.get(f"/enterprise/api/projects/{row['project_id']}")).json() == row
        assert (await client.get("/enterprise/api/people")).json()[0]["person_id"] == person_id
        assert (await client.get("/enterprise/api/budgets")).json() == []
        assert (await client.get("/enterprise/api/payments")).json() == []
        assert (await client.get(f"/enterprise/api/projects/{uuid4()}")).status_code == 404
