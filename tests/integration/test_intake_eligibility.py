"""Eligibility and assessment on real parts: the pages, the Region's reports in either order, the samples."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.intake import commands, forms, region, views
from services.intake.domain import person_stream
from services.intake.domain.checks import to_repeat
from shared import clock, topics
from shared.decisions import Decision, Stream
from shared.events import region as contract
from shared.events import training
from shared.events.intake import DeclarationsSampled
from shared.log import Message, partition_of
from shared.service import Service
from shared.store import Unit
from tests.fixtures.intake import browser, send
from tests.fixtures.platform import Platform, Running, accepted

CODE = "HDDMNA85H50Z330M"
AMINA: dict[str, Any] = {
    "family_name": "Haddad", "given_name": "Amina", "tax_code": CODE, "birth_date": "1985-06-10",
    "birth_place": "Marocco", "sex": "F", "citizenship": "Z330", "municipality": "037006", "quartiere": "navile",
    "education": "upper_secondary", "channel": "parish", "on": "2024-03-04", "declared": True,
}  # fmt: skip
DECLARED: dict[str, Any] = {"evidence": "self_declaration", "evidence_on": "2024-03-05", "on": "2024-03-05"}
ELENA, GIULIA, SARA = "u-elena.conti", "u-giulia.rossi", "u-sara.galli"


@pytest.fixture
async def running(platform: Platform) -> Running:
    mute = {"training": Service("training", (), {})}
    return await platform("intake", "training", "matching", "reporting", definitions=mute)


async def register(running: Running, **changes: Any) -> str:
    values = forms.RegisterForm.model_validate(AMINA | changes)
    outcome = await commands.register(running.store("intake"), running.command(), values)
    return accepted(outcome).events[0].event.subject


async def checked(running: Running, person: str) -> None:
    store = running.store("intake")
    status = forms.StatusForm.model_validate({"work": "unemployed", "immediately_available": True} | DECLARED)
    accepted(await commands.check_status(store, running.command(), person, status))
    measures = forms.MeasuresForm.model_validate({"measure": "none"} | DECLARED)
    accepted(await commands.check_measures(store, running.command(), person, measures))


async def in_charge(running: Running, person: str, readiness: str = "to_train") -> None:
    store = running.store("intake")
    await checked(running, person)
    met = forms.InterviewForm.model_validate({"mode": "in_person", "on": "2024-03-11"})
    accepted(await commands.hold_interview(store, running.command(), person, met))
    charge = forms.ChargeForm.model_validate(
        {"case_manager": GIULIA, "readiness": readiness, "reasons": "Sola con due figli.", "on": "2024-03-12"}
    )
    accepted(await commands.take_in_charge(store, running.command(GIULIA), person, charge, [GIULIA]))


async def log_of(running: Running) -> str:
    """All that intake's facts say, as it stands in the log."""
    async with running.store("intake").engine.connect() as conn:
        return b" ".join((await conn.execute(text("select data from events"))).scalars()).decode()


# Pages


async def test_the_desk_does_the_three_checks_and_reads_why(running: Running) -> None:
    person = await register(running, declared=False)
    base = f"/intake/persone/{person}"
    today = clock.today().isoformat()
    evidence = {"evidence": "register_read", "evidence_on": "2024-05-02", "on": "2024-05-02"}
    async with browser(running, ELENA) as elena:
        assert f'href="{base}/verifiche"' in (await elena.get(base)).text
        assert "Da fare" in (await elena.get(f"{base}/verifiche")).text
        lost = await send(elena, f"{base}/verifiche/domicilio", address="via Bologna 1, Modena", municipality="",
                          dwelling="dormitory", **evidence)  # fmt: skip
        assert lost.status_code == 422
        assert "il comune non si capisce" in lost.text
        answer = await send(elena, f"{base}/verifiche/domicilio", address="via Matteotti 1, Vergato (BO)",
                            municipality="", dwelling="dormitory", **evidence)  # fmt: skip
        assert answer.status_code == 303, answer.text
        pairs = {"past_from": "2024-02-01", "past_until": "2024-02-10"}
        refused = await send(elena, f"{base}/verifiche/stato", work="employee", contract_until=today, **evidence)
        assert refused.status_code == 422
        answer = await send(
            elena, f"{base}/verifiche/stato", work="employee", employee_pay="20000", contract_from="2024-04-01",
            contract_until="2024-06-30", did_on="2024-01-01", **pairs, **evidence,
        )  # fmt: skip
        assert answer.status_code == 303, answer.text
        measure = {"measure": "gol", "motive": "complementary", "note": "Il GOL finisce a giugno."}
        assert (await send(elena, f"{base}/verifiche/misure", **measure, **evidence)).status_code == 303
        page = (await elena.get(f"{base}/verifiche")).text.replace("\xa0", " ").replace("&#39;", "'")
    for words in (
        "Comune: Vergato.", "Distretto Appennino Bolognese", "come in vigore il 02/05/2024",
        "supera la soglia di 8.500,00 € in vigore dal 01/01/2022", "91 giorni", "fino al 30/06/2024",
        "da discutere, in vigore dal 01/01/2022", "Il GOL finisce a giugno.", "non è più sospeso: ripeti la verifica",
        "Da ripetere: la sospensione è finita",
    ):  # fmt: skip
        assert words in page, words
    everything = await log_of(running)
    for hidden in ("037059", "Vergato", "20000", "2024-02-01", "finisce"):
        assert hidden not in everything
    assert "2024-06-30" in everything  # until when it holds


async def test_an_assessment_keeps_its_words_and_the_conclusion_travels(running: Running) -> None:
    person = await register(running)
    await in_charge(running, person)
    base = f"/intake/persone/{person}/valutazione"
    async with browser(running, GIULIA) as giulia:
        assert "Accerta la fragilità" in (await giulia.get(base)).text
        wrong = await send(giulia, f"{base}/fragilita", dimensions="work", reasons="Sola.", on="2024-05-02")
        assert wrong.status_code == 422
        assert "L.R. 14/2015" in wrong.text
        found = await send(
            giulia, f"{base}/fragilita", dimensions=["work", "health"], reasons="Malattia ZZMARKER.", on="2024-05-02"
        )
        assert found.status_code == 303, found.text
        done = await send(
            giulia, f"{base}/dimensioni", work="some", health="serious", health_note="Asma ZZMARKER.",
            readiness="ready", reasons="Ha finito il corso.", on="2024-05-03",
        )  # fmt: skip
        assert done.status_code == 303, done.text
        level = await send(
            giulia, f"{base}/lingua", language="it", listening="b1", writing="a2", evidence="certificate",
            evidence_on="2024-04-02", on="2024-05-03",
        )  # fmt: skip
        assert level.status_code == 303, level.text
        page = (await giulia.get(base)).text
        assert "Salute: ostacolo serio. Asma ZZMARKER." in page
        card = (await giulia.get(f"/intake/persone/{person}")).text
        assert "Fragilità accertata" in card
        assert "Italiano: A2" in card
        assert "Asma" not in card
    async with browser(running, SARA) as sara:
        assert (await sara.get(base)).status_code == 403
    await running.quiet()
    for service, view in (("matching", "candidates"), ("reporting", "pathways")):
        module = __import__(f"services.{service}.service", fromlist=["SERVICE"])
        async with running.store(service).read() as reading:
            row = await reading.row(next(v for v in module.SERVICE.views if v.name == view), person)
            profile = await reading.profile(person) if service == "matching" else None
        assert row is not None
        assert row["readiness"] == "ready"
        if profile is not None:
            assert profile["cefr"]["it"] == {
                "listening": "b1", "writing": "a2", "evidence": "certificate", "evidence_on": "2024-04-02",
            }  # fmt: skip
            assert profile["municipality"] == "037006"
    everything = await log_of(running)
    assert "ZZMARKER" not in everything
    assert "serious" not in everything


async def test_a_balance_of_skills_flows_in_from_training(running: Running) -> None:
    person = await register(running)
    await in_charge(running, person)
    topics_taught: tuple[tuple[int, Any], ...] = ((19, "skills_balance"), (20, "italian"), (21, None))
    courses = [
        training.CourseCompleted(
            on=date(2024, 4, day), person_id=person, course_id=str(uuid4()), line="2a", hours=20,
            certificate="attendance", topic=topic,
        )
        for day, topic in topics_taught
    ]  # fmt: skip

    async def decide(unit: Unit) -> Decision:
        await unit.states(Stream(person, None, lambda state, _: state))
        return courses

    accepted(await running.execute("training", decide))
    await running.quiet()
    async with browser(running, GIULIA) as giulia:
        page = (await giulia.get(f"/intake/persone/{person}/valutazione")).text
    assert "Bilancio di competenze completato il 19/04/2024" in page
    assert page.count("Bilancio di competenze completato") == 1


# What the Region says


@pytest.fixture
async def listening(running: Running, tmp_path: Path) -> Running:
    """The switch on, a key as a convention would give it, the topic there."""
    store = running.store("intake")
    secrets = json.loads(store.settings.secrets_path.read_text())
    secrets["region_key"] = base64.b64encode(os.urandom(32)).decode()
    (tmp_path / "secrets.json").write_text(json.dumps(secrets))
    store.settings = replace(store.settings, region_measures=True, secrets_path=tmp_path / "secrets.json")
    await running.log.create_topics([topics.REGION])
    return running


async def region_says(running: Running, code: str = CODE, **changes: Any) -> None:
    token = region.token_of(running.store("intake").settings.secret("region_key"), code)
    said = contract.MeasureSaid.model_validate(
        {"token": token, "measure": "gol", "since": "2024-03-01", "said_on": "2024-03-20"} | changes
    )
    headers = (("ce_source", b"region"), ("ce_type", contract.MeasureSaid.TYPE.encode()), ("ce_id", b"1"))
    message = Message(token.encode(), said.model_dump_json().encode(), headers, 0)
    await running.log.append(contract.TOPIC, partition_of(token, contract.PARTITIONS), [message])


async def take(running: Running) -> None:
    worker = running.workers["intake"]
    while await worker.inlets():
        pass
    await running.quiet()


async def reports(running: Running, person: str) -> list[str]:
    recorded = await running.store("intake").history(person)
    return [fact.meta.type for fact in recorded if fact.meta.type == "intake.concurrent-measure-reported"]


@pytest.mark.parametrize("order", ["report first", "registration first", "code later"])
async def test_a_report_and_a_registration_meet_in_whatever_order(listening: Running, order: str) -> None:
    running = listening
    if order == "report first":
        await region_says(running)
        await take(running)
    person = await register(running, **({"tax_code": None} if order == "code later" else {}))
    await checked(running, person)
    await take(running)
    if order != "report first":
        await region_says(running)
        await take(running)
    if order == "code later":
        assert await reports(running, person) == []
        known = {k: v for k, v in AMINA.items() if k not in ("channel", "on", "declared")}
        values = forms.IdentityForm.model_validate(known)
        accepted(await commands.update_identity(running.store("intake"), running.command(), person, values))
        await take(running)
    assert len(await reports(running, person)) == 1
    state, _ = await running.store("intake").state(person_stream(person))
    assert to_repeat(state, date(2024, 5, 6)) == {"measures": "reported"}
    async with running.store("intake").read() as reading:
        assert await views.watched(reading) == [person]
    async with browser(running, ELENA) as elena:
        assert "la Regione segnala un" in (await elena.get("/intake/verifiche")).text
        page = (await elena.get(f"/intake/persone/{person}/verifiche")).text
        assert "La Regione segnala (20/03/2024)" in page
        again = {"evidence": "self_declaration", "evidence_on": "2024-05-02", "on": "2024-05-02"}
        refused = await send(elena, f"/intake/persone/{person}/verifiche/misure", measure="none", **again)
        assert refused.status_code == 422
        motive = await send(
            elena, f"/intake/persone/{person}/verifiche/misure", measure="gol", motive="complementary", **again
        )
        assert motive.status_code == 303, motive.text
        assert "Nessuna verifica da ripetere" in (await elena.get("/intake/verifiche")).text


async def test_a_report_is_recorded_once_and_the_latest_reading_holds(listening: Running) -> None:
    running = listening
    person = await register(running)
    await checked(running, person)
    for _ in range(2):
        await region_says(running)
        await take(running)
    await region_says(running, said_on="2024-04-02", withdrawn=True)
    await region_says(running, said_on="2024-03-10")  # older, and late
    await take(running)
    assert len(await reports(running, person)) == 2
    state, _ = await running.store("intake").state(person_stream(person))
    assert to_repeat(state, date(2024, 5, 6)) == {}


async def test_what_is_no_report_of_the_regions_is_rejected_and_stops_nothing(listening: Running) -> None:
    running = listening
    person = await register(running)
    token = region.token_of(running.store("intake").settings.secret("region_key"), CODE)
    partition = partition_of(token, contract.PARTITIONS)
    good = (("ce_source", b"region"), ("ce_type", contract.MeasureSaid.TYPE.encode()))
    body = {"token": token, "measure": "gol", "since": "2024-03-01", "said_on": "2024-03-20"}
    for key, value, headers in (
        (token, b"\xff{", good),
        (token, json.dumps(body).encode(), (("ce_source", b"intake"), good[1])),
        ("a" * 64, json.dumps(body).encode(), good),
        (token, json.dumps(body | {"said_on": "2030-01-01"}).encode(), good),
    ):  # fmt: skip
        await running.log.append(contract.TOPIC, partition, [Message(key.encode(), value, headers, 0)])
    await take(running)
    assert await reports(running, person) == []
    await region_says(running)
    await take(running)
    assert len(await reports(running, person)) == 1
    async with running.store("intake").engine.connect() as conn:
        rejected = await conn.scalar(
            text("select count(*) from events where convert_from(data, 'utf8') like '%not-a-measure%'")
        )
        kept = (await conn.execute(text("select token from region_measures"))).scalars().all()
    assert rejected == 4
    assert [bytes.fromhex(token) == one for one in kept] == [False]  # another hash, under our own key


async def test_switched_off_nothing_is_read(running: Running) -> None:
    assert await running.workers["intake"].inlets() == 0
    assert contract.TOPIC not in {topic.name for topic in topics.TOPICS}


# Samples


async def test_a_sample_is_drawn_and_each_declaration_gets_its_outcome(running: Running) -> None:
    running.now = datetime(2024, 7, 3, 10, 0, tzinfo=UTC)
    people = []
    for n, name in enumerate(("Amina", "Luca", "Sara")):
        person = await register(running, given_name=name, tax_code=None, birth_date=f"198{n}-01-01")
        await checked(running, person)
        people.append(person)
    await running.quiet()
    async with browser(running, ELENA) as elena:
        assert (await elena.get("/intake/controlli")).status_code == 403
    async with browser(running, GIULIA) as giulia:
        assert "Primo semestre 2024" in (await giulia.get("/intake/controlli")).text
        drawn = await send(giulia, "/intake/controlli", sample_id="declarations-2024-h1")
        assert drawn.status_code == 303, drawn.text
        await running.quiet()
        twice = await send(giulia, "/intake/controlli", sample_id="declarations-2024-h1")
        assert twice.status_code == 422
        (fact,) = await running.store("intake").history("declarations-2024-h1")
        assert isinstance(fact.event, DeclarationsSampled)
        assert (fact.event.population, len(fact.event.drawn)) == (9, 1)
        page = (await giulia.get("/intake/controlli/declarations-2024-h1")).text
        path = next(p.split('"')[0] for p in page.split('action="')[1:] if "/controlli/declarations" in p)
        person = path.split("/")[-2]
        assert person in people
        assert (await send(giulia, path, outcome="recheck", notes="Non risulta.", on="2024-07-02")).status_code == 303
        await running.quiet()
        assert "Non confermata" in (await giulia.get("/intake/controlli/declarations-2024-h1")).text
        assert "la dichiarazione non è stata confermata" in (await giulia.get("/intake/verifiche")).text
        again = await send(giulia, path, outcome="lapsed", on="2024-07-02")
        assert again.status_code == 409
        assert (await giulia.get("/intake/controlli/declarations-2023-h1")).status_code == 404
