"""The pages and the API of training as its operators meet them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from openpyxl import load_workbook

from services.training.app import create_app
from shared import clock
from shared.decisions import Decision, Stream
from shared.events.base import Event
from shared.events.intake import TakenInCharge
from shared.events.matching import VacancyClosed, VacancyOpened
from shared.service import Service
from shared.store import Unit
from shared.web.site import site
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.web import browsing, hidden_fields

TODAY = clock.today()
SINCE = TODAY - timedelta(30)
CARD = f"{uuid4()}:1:{'0' * 64}"


@dataclass
class Site:
    """The site over training, with everything it stands on."""

    running: Running
    app: FastAPI

    async def get(self, path: str, role: str = "training_operator", expected: int = 200) -> httpx.Response:
        """What this role sees there, once everything recorded was handled."""
        await self.running.quiet()
        async with browsing(self.app, role) as client:
            answer = await client.get(f"/training{path}")
        assert answer.status_code == expected, answer.text
        return answer

    async def send(
        self, page: str, path: str, expected: int = 303, role: str = "training_operator", **values: Any
    ) -> httpx.Response:
        """Opens a page and sends the form on it that posts to `path`."""
        await self.running.quiet()
        async with browsing(self.app, role) as client:
            shown = await client.get(f"/training{page}")
            assert shown.status_code == 200, shown.text
            data = hidden_fields(shown.text, f"/training{path}") | values
            answer = await client.post(f"/training{path}", data=data)
        assert answer.status_code == expected, answer.text
        return answer

    async def say(self, service: str, *events: Event) -> None:
        """Something that another service said."""

        async def decide(unit: Unit) -> Decision:
            await unit.states(*(Stream(event.subject, None, lambda state, _: state) for event in events))
            return events

        self.running.now = clock.now()
        accepted(await self.running.execute(service, decide))
        await self.running.quiet()

    async def amina(self) -> str:
        """A person in charge, to be trained."""
        person = str(uuid4())
        charged = TakenInCharge(
            on=SINCE, person_id=person, case_manager="u-giulia.rossi", readiness="to_train", reasons=CARD
        )
        await self.say("intake", charged)
        return person

    async def vacancy(self, positions: int = 2) -> str:
        """A vacancy that training has heard of."""
        vacancy = str(uuid4())
        opened = VacancyOpened(
            on=SINCE, vacancy_id=vacancy, company_id=str(uuid4()), occupation="7512", contract="fixed_term",
            positions=positions, closes_on=None,
        )  # fmt: skip
        await self.say("matching", opened)
        return vacancy

    async def course(self, line: str = "2b", **values: str) -> str:
        """The path of the page of a course that was proposed."""
        topic = {"2a": "italian", "2b": "vocational", "2c": "market_profile"}[line]
        given: dict[str, Any] = {
            "line": line, "topic": topic, "title": "Panificazione di base", "description": "Per chi comincia.",
            "hours": "100", "seats": "2", "starts_on": SINCE.isoformat(),
            "ends_on": (TODAY + timedelta(30)).isoformat(), "provider": "cefal", "on": SINCE.isoformat(),
        }  # fmt: skip
        answer = await self.send("/corsi/nuovo", "/corsi/nuovo", **(given | values))
        return path_of(answer)

    async def active(self, line: str = "2a", **values: str) -> str:
        """The path of the page of an active course."""
        path = await self.course(line, **values)
        await self.send(path, f"{path}/attiva", on=SINCE.isoformat())
        return path


def path_of(answer: httpx.Response) -> str:
    return answer.headers["location"].split("?")[0].removeprefix("/training")


@pytest.fixture
async def training(platform: Platform) -> Site:
    silent = {name: Service(name, (), {}) for name in ("intake", "matching")}
    running = await platform("intake", "matching", "training", definitions=silent)
    running.now = clock.now()
    app = create_app()
    app.state.store = running.store("training")
    return Site(running, site({"training": app}))


async def test_empty_pages_say_so(training: Site) -> None:
    assert "Nessun corso con questi filtri." in (await training.get("/")).text
    assert "Nessuna persona in attesa di un corso" in (await training.get("/persone")).text


async def test_a_course_from_proposal_to_completion(training: Site) -> None:
    path = await training.active(seats="1")
    shown = (await training.get(path)).text
    assert "Panificazione di base" in shown
    assert "Per chi comincia." in shown
    amina, luca = await training.amina(), await training.amina()
    assert amina[:8] in (await training.get("/persone")).text
    await training.send(path, f"{path}/iscrivi", person_id=amina, on=TODAY.isoformat())
    assert "Il corso è pieno" in (await training.get(path)).text
    participant = f"{path}/persone/{amina}"
    short = await training.send(
        participant, f"{participant}/completa", 422, hours="69", certificate="skills", on=TODAY.isoformat()
    )
    assert "Servono almeno 70 ore su 100" in short.text
    assert 'value="69"' in short.text
    await training.send(participant, f"{participant}/completa", hours="80", certificate="skills", on=TODAY.isoformat())
    done = (await training.get(path)).text
    assert "80 ore, certificato di competenze" in done
    assert amina[:8] not in (await training.get("/persone")).text
    assert luca[:8] in (await training.get("/persone")).text


async def test_a_2b_course_is_refused_with_the_numbers_then_opened_then_alarmed(training: Site) -> None:
    path = await training.course(seats="4")
    refused = await training.send(path, f"{path}/attiva", 409, on=SINCE.isoformat())
    assert "nessuna ricerca è collegata" in refused.text
    vacancy = str(uuid4())
    await training.send(path, f"{path}/collega-codice", vacancy_id=vacancy, on=SINCE.isoformat())
    assert "non ne è ancora arrivata notizia" in (await training.get(path)).text
    refused = await training.send(path, f"{path}/attiva", 409, on=SINCE.isoformat())
    assert "ne servono almeno 2" in refused.text
    known = await training.vacancy(2)
    await training.send(path, f"{path}/collega", vacancy_id=known, on=SINCE.isoformat())
    await training.send(path, f"{path}/attiva", on=SINCE.isoformat())
    kept = await training.send(path, f"{path}/ricerche/{known}/scollega", 409, on=TODAY.isoformat())
    assert "Collega prima un" in kept.text
    await training.say("matching", VacancyClosed(on=TODAY, vacancy_id=known, reason="withdrawn"))
    assert "non hanno più abbastanza posizioni" in (await training.get(path)).text
    assert "1 corso 2.b rimasto" in (await training.get("/")).text
    assert "Posizioni: 0 di 2" in (await training.get("/?only=alarm")).text
    await training.send(path, f"{path}/annulla", reason="positions_lost", on=TODAY.isoformat())
    assert "Nessun corso con questi filtri." in (await training.get("/?only=alarm")).text


async def test_what_was_typed_wrong_is_said_at_its_field(training: Site) -> None:
    wrong = await training.send(
        "/corsi/nuovo", "/corsi/nuovo", 422, line="2a", topic="", title="ab", hours="molte", seats="0",
        starts_on="31/02/2024", ends_on="", provider="cefal", on=(TODAY + timedelta(1)).isoformat(),
    )  # fmt: skip
    for field in ("topic", "title", "hours", "seats", "starts_on", "ends_on"):
        assert f'id="{field}-error"' in wrong.text, field
    assert 'value="molte"' in wrong.text
    future = await training.send(
        "/corsi/nuovo", "/corsi/nuovo", 422, line="2a", topic="cv", title="Curriculum", hours="8", seats="8",
        starts_on=TODAY.isoformat(), ends_on=TODAY.isoformat(), provider="cefal",
        on=(TODAY + timedelta(1)).isoformat(),
    )  # fmt: skip
    assert "La data non può essere nel futuro" in future.text


async def test_enrolled_from_the_persons_page(training: Site) -> None:
    path = await training.active()
    amina = await training.amina()
    course_id = path.rsplit("/", 1)[1]
    page = f"/persone/{amina}"
    await training.send(page, f"{page}/iscrivi", course_id=course_id, on=TODAY.isoformat())
    shown = (await training.get(page)).text
    assert "Panificazione di base" in shown
    assert "Nessun corso attivo ha posti liberi." in shown


async def test_the_wrong_person_is_corrected_from_the_page(training: Site) -> None:
    path = await training.active(seats="1")
    amina, luca = await training.amina(), await training.amina()
    await training.send(path, f"{path}/iscrivi", person_id=amina, on=TODAY.isoformat())
    participant = f"{path}/persone/{amina}"
    shown = (await training.get(participant)).text
    link = found(r'href="/training([^"]+/fatti/[^"]+/correggi)"', shown)
    await training.send(link, link, action="rectify", motive="wrong_date", on=(TODAY - timedelta(1)).isoformat())
    assert "data " in (await training.get(participant)).text
    await training.send(link, link, action="cancel", motive="wrong_person", on="")
    assert "Iscrizione annullata" in (await training.get(participant)).text
    gone = await training.get(link, expected=404)
    assert "Questo fatto non c'è" in gone.text.replace("&#39;", "'")
    await training.send(path, f"{path}/iscrivi", person_id=luca, on=TODAY.isoformat())


async def test_a_courses_dates_are_rectified(training: Site) -> None:
    path = await training.active()
    links = re.findall(r'href="/training([^"]+/fatti/[^"]+/correggi)"', (await training.get(path)).text)
    proposal = links[-1]  # the latest fact comes first
    later = (TODAY + timedelta(60)).isoformat()
    form = (await training.get(proposal)).text
    assert 'value="100"' in form
    await training.send(
        proposal, proposal, action="rectify", motive="wrong_value", on=SINCE.isoformat(), topic="italian", hours="100",
        seats="2", starts_on=SINCE.isoformat(), ends_on=later, provider="cefal", attendance_percent="70",
    )  # fmt: skip
    assert (TODAY + timedelta(60)).strftime("%d/%m/%Y") in (await training.get(path)).text


async def test_a_stale_page_says_who_did_what(training: Site) -> None:
    path = await training.course("2a")
    await training.running.quiet()
    async with browsing(training.app, "training_operator") as client:
        shown = (await client.get(f"/training{path}")).text
        data = hidden_fields(shown, f"/training{path}/attiva") | {"on": SINCE.isoformat()}
        other = hidden_fields(shown, f"/training{path}/annulla") | {"on": TODAY.isoformat(), "reason": "provider"}
        assert (await client.post(f"/training{path}/attiva", data=data)).status_code == 303
        assert (await client.post(f"/training{path}/attiva", data=data)).status_code == 303  # sent twice, done once
        stale = await client.post(f"/training{path}/annulla", data=other)
    assert stale.status_code == 409
    assert "Nel frattempo" in stale.text


@pytest.mark.parametrize("formato", ["csv", "xlsx"])
async def test_exports(training: Site, formato: str) -> None:
    path = await training.active(title="=Panificazione")
    amina = await training.amina()
    await training.send(path, f"{path}/iscrivi", person_id=amina, on=TODAY.isoformat())
    await training.running.quiet()
    for where, expected in (
        ("/esporta", "'=Panificazione"),
        ("/persone/esporta?course=all", amina),
        (f"{path}/esporta", amina),
    ):
        separator = "&" if "?" in where else "?"
        answer = await training.get(f"{where}{separator}formato={formato}")
        if formato == "csv":
            assert expected in answer.content.decode("utf-8-sig")
        else:
            sheet = load_workbook(BytesIO(answer.content)).worksheets[0]
            assert expected.lstrip("'") in {cell.value for row in sheet.iter_rows() for cell in row}


@pytest.mark.parametrize("role", ["case_manager", "monitoring", "matching_operator"])
async def test_who_may_only_look(training: Site, role: str) -> None:
    path = await training.course("2a")
    shown = (await training.get(path, role)).text
    assert "/attiva" not in shown
    assert "correggi" not in shown
    await training.get("/corsi/nuovo", role, 403)
    await training.get("/esporta", role, 403)


async def test_what_is_not_there(training: Site) -> None:
    await training.get(f"/corsi/{uuid4()}", expected=404)
    await training.get("/corsi/non-un-codice", expected=404)
    await training.get(f"/persone/{uuid4()}", expected=404)
    path = await training.active()
    await training.get(f"{path}/persone/{uuid4()}", expected=404)
    await training.get(f"{path}/fatti/{uuid4()}/correggi", expected=404)


async def test_the_api(training: Site) -> None:
    amina = await training.amina()
    async with browsing(training.app, "training_operator") as client:

        async def post(path: str, expected: int, key: str | None = None, **body: Any) -> dict[str, Any]:
            headers = {"idempotency-key": key or str(uuid4())}
            answer = await client.post(f"/training/api{path}", json=body, headers=headers)
            assert answer.status_code == expected, answer.text
            result: dict[str, Any] = answer.json()
            return result

        key = str(uuid4())
        proposal: dict[str, Any] = {
            "line": "2a", "topic": "safety", "title": "Sicurezza generale", "hours": 4, "seats": 20,
            "starts_on": TODAY.isoformat(), "ends_on": TODAY.isoformat(), "provider": "cefal",
            "on": TODAY.isoformat(),
        }  # fmt: skip
        made = await post("/courses", 201, key, **proposal)
        assert (await post("/courses", 201, key, **proposal))["repeated"]
        course = made["facts"][0]["subject"]
        assert (await post("/courses", 422, **(proposal | {"attendance_percent": 50})))[
            "code"
        ] == "attendance_below_rule"
        refused = await post(f"/courses/{course}/people", 409, person_id=amina, on=TODAY.isoformat())
        assert refused["code"] == "course_not_active"
        await post(f"/courses/{course}/activation", 201, on=TODAY.isoformat())
        enrolled = await post(f"/courses/{course}/people", 201, person_id=amina, on=TODAY.isoformat())
        fact = enrolled["facts"][1]["id"]
        done: dict[str, Any] = {"hours": 4, "certificate": "attendance", "on": TODAY.isoformat()}
        completed = await post(f"/courses/{course}/people/{amina}/completion", 201, **done)
        correction = {"action": "cancel", "motive": "duplicate"}
        where = f"/courses/{course}/people/{amina}/facts"
        assert (await post(f"{where}/{fact}/correction", 409, **correction))["code"] == "story_broken"
        await post(f"{where}/{completed['facts'][0]['id']}/correction", 201, **correction)
        await post(f"/courses/{course}/people/{amina}/leaving", 201, reason="health", on=TODAY.isoformat())
        await post(f"/courses/{course}/cancellation", 201, reason="provider", on=TODAY.isoformat())
        await training.running.quiet()
        listed = (await client.get("/training/api/courses?status=cancelled")).json()
        assert [one["course_id"] for one in listed] == [course]
        one = (await client.get(f"/training/api/courses/{course}")).json()
        assert one["participants"][0]["reason"] == "health"
        assert (await client.get(f"/training/api/courses/{uuid4()}")).status_code == 404
        people = (await client.get("/training/api/people")).json()
        assert [one["person_id"] for one in people] == [amina]


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, pattern
    return match[1]
