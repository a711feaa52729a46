"""The canary: people with marker names go through everything, then every byte outside the vaults is searched.

The markers are not only the names typed here: every longer text that any vault holds after a population was
played is one, so that a service which forgets to seal something is found without a test of its own.
"""

from __future__ import annotations

import io
import logging
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest
from sqlalchemy import text

from deploy.local import postgres
from services.intake import commands, forms, importing
from shared import clock, db, telemetry
from shared.events import SERVICES
from shared.log import Message, partition_of
from shared.store import Store
from shared.web import tickets
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.population import populate, site_of
from tests.fixtures.web import browsing, hidden_fields, reader_of

AMINA: dict[str, Any] = {
    "family_name": "Xanthoprasky", "given_name": "Aminquerida", "tax_code": "HDDMNA85H50Z330M",
    "birth_date": "1985-06-10", "birth_place": "Zyrtanopoli", "sex": "F", "citizenship": "Z330",
    "phone": "+39 333 9182736", "email": "aminquerida@quozzimodo.example", "address": "Via Quozzimodo 77",
    "municipality": "037006", "quartiere": "navile", "education": "upper_secondary", "languages": ["it", "ar"],
    "licences": ["B"], "own_vehicle": True, "commute_minutes": 45, "channel": "parish", "declared": True,
}  # fmt: skip
LUCA = {
    "cognome": "Brontozzi", "nome": "Lucaquero", "data_nascita": "03/02/1990", "sesso": "M", "cittadinanza": "Italia",
    "comune": "Imola", "titolo_studio": "Licenza media", "telefono": "051 7364518", "indirizzo": "via Strambalù 9",
    "email": "lucaquero@brontozzi.example",
}  # fmt: skip
TYPED = (
    "Xanthoprasky", "Aminquerida", "HDDMNA85H50Z330M", "Zyrtanopoli", "quozzimodo", "3339182736", "333 9182736",
    "1985-06-10", "10/06/1985", "Brontozzi", "Lucaquero", "0517364518", "Strambal", "Zwölfkornbrot", "Quarkspeise",
)  # fmt: skip


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """A server of this test's own: its files are searched as well, write-ahead log and server's log included."""
    with tempfile.TemporaryDirectory(prefix="insieme-canary-") as folder:
        server = postgres.start(Path(folder))
        FOLDERS.append(Path(folder))
        try:
            yield server.url
        finally:
            server.stop()


FOLDERS: list[Path] = []


@dataclass
class Watched:
    """Where the processes write what is not data: logs, spans."""

    lines: io.StringIO = field(default_factory=io.StringIO)
    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """Logs as the processes write them, at the most talkative of our own levels, and all spans."""
    seen = Watched()
    handler = logging.StreamHandler(seen.lines)
    handler.setFormatter(telemetry.TracedLines())
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for name in ("insieme", "shared", "services"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the browser's part: it says which address it opens
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(seen.spans))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    monkeypatch.setenv("INSIEME_TRACES", "1")
    yield seen
    root.removeHandler(handler)
    root.setLevel(before)
    for name in ("insieme", "shared", "services", "httpx"):
        logging.getLogger(name).setLevel(logging.NOTSET)


async def everything(running: Running, watched: Watched) -> dict[str, bytes]:
    """All that is written anywhere, in lower case, by the place where it is."""
    found: dict[str, bytes] = {}
    for topic, partitions in await _topics(running):
        for partition in range(partitions):
            place = (topic, partition)
            end, pieces, offset = (
                (await running.log.ends([place]))[place],
                [],
                (await running.log.begins([place]))[place],
            )
            while offset < end and (records := await running.log.read(*place, offset, 1000)):
                offset = records[-1].offset + 1
                for record in records:
                    headers = b" ".join(name.encode() + b"=" + value for name, value in record.headers)
                    pieces += [record.key or b"", record.value or b"", headers]
            found[f"topic {topic}/{partition}"] = b"\n".join(pieces)
    engine = db.admin_engine(running.settings)
    async with engine.connect() as conn:
        tables = await conn.execute(
            text("select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog')")
        )
        for schema, table in tables.all():
            rows = (await conn.execute(text(f'select * from "{schema}"."{table}"'))).all()
            found[f"table {schema}.{table}"] = b"\n".join(_bytes(value) for row in rows for value in row)
        await conn.execute(text("checkpoint"))
    await engine.dispose()
    found["logs"] = watched.lines.getvalue().encode()
    found["traces"] = "\n".join(span.to_json() for span in watched.spans.get_finished_spans()).encode()
    found["metrics"] = generate_latest()
    for file in FOLDERS[-1].rglob("*"):
        if file.is_file() and "password" not in file.name:
            found[f"file {file.relative_to(FOLDERS[-1])}"] = file.read_bytes()
    return {place: content.lower() for place, content in found.items()}


async def _topics(running: Running) -> list[tuple[str, int]]:
    from shared.topics import TOPICS

    return [(topic.name, topic.partitions) for topic in TOPICS]


def _bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def places_of(markers: set[str], found: dict[str, bytes]) -> dict[str, set[str]]:
    """Which markers stand where."""
    wanted = {marker.lower().encode() for marker in markers}
    pattern = re.compile(b"|".join(re.escape(one) for one in sorted(wanted, key=len, reverse=True)))
    hits = {place: {hit.decode() for hit in pattern.findall(content)} for place, content in found.items()}
    return {place: hit for place, hit in hits.items() if hit}


def words_in(value: object) -> Iterator[str]:
    """The texts in a vault's row that nothing else can have by chance."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from words_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words_in(inner)
    elif isinstance(value, str) and len(value) >= 10 and re.search(r"[ @\d]", value):
        yield value


async def texts_of(store: Store) -> set[str]:
    """Every longer text in the service's vault."""
    found: set[str] = set()
    async with store.engine.connect() as conn:
        by_kind: dict[str, list[str]] = {}
        for kind, subject in await conn.execute(text("select distinct kind, subject from vault_rows")):
            by_kind.setdefault(kind, []).append(subject)
        for kind, subjects in by_kind.items():
            for values in (await store.vault.latest(conn, kind, subjects)).values():
                found |= set(words_in(values))
    return found


async def by_hand(running: Running, app: FastAPI) -> list[str]:
    """Amina at the desk and Luca by the questionnaire, through the pages and doors that show their names."""
    today = clock.today()
    async with browsing(app, "case_manager") as desk:
        shown = await desk.get("/intake/registra")
        sent = hidden_fields(shown.text, "/intake/registra") | AMINA | {"on": today.isoformat()}
        answer = await desk.post("/intake/registra", data=sent)
        assert answer.status_code == 303, answer.text
        amina = re.split(r"[?/]", answer.headers["location"])[3]
        twice = await desk.post("/intake/registra", data=sent | {"form_token": hidden_fields(shown.text)["form_token"]})
        assert twice.status_code == 303
        again = await desk.get("/intake/registra")
        same = hidden_fields(again.text, "/intake/registra") | AMINA | {"on": today.isoformat()}
        assert (await desk.post("/intake/registra", data=same)).status_code == 422
        assert (await desk.post("/intake/registra", data=same | {"birth_date": "Xanthoprasky"})).status_code == 422
        store, file = running.store("intake"), _csv(LUCA | {"data_iscrizione": f"{today:%d/%m/%Y}"})
        sent_file = await importing.start(store, "u-elena.conti", clock.now(), "questionnaire", file, str(uuid4()))
        while await importing.step(store, clock.now()):
            pass
        luca = str((await importing.report(store, sent_file))[0]["person_id"])
        interview = forms.InterviewForm.model_validate(
            {"mode": "in_person", "notes": "Prepara Zwölfkornbrot e Quarkspeise.", "on": today.isoformat()}
        )
        accepted(await commands.hold_interview(running.store("intake"), running.command(), amina, interview))
        await running.quiet()
        # The three doors, and a search that finds nobody.
        token = tickets.sign_ticket(reader_of("case_manager"), [amina, luca], ["name"], "intake.view")
        tags = await desk.post("/intake/doors/tags", json={"ticket": token})
        assert "Xanthoprasky" in tags.text
        assert "Brontozzi" in tags.text
        for query in ("Xanthoprasky", "Brontozzi Nessuno", "HDDMNA85H50Z330M", "+39 333 9182736"):
            assert (await desk.get("/intake/doors/find", params={"q": query})).status_code == 200
        assert "Xanthoprasky" in (await desk.get("/intake/cerca", params={"q": "Xanthoprasky"})).text
        document = tickets.sign_document(
            reader_of("case_manager"), "table", [amina],
            {"name": "persone", "fmt": "csv", "columns": [{"key": "person_id", "title": "Persona", "kind": "person"}],
             "rows": [{"person_id": amina}]}, "intake.export",
        )  # fmt: skip
        page = await desk.get(f"/intake/persone/{amina}")
        assert page.status_code == 200
        sent = hidden_fields(page.text) | {"document": document}
        composed = await desk.post("/intake/doors/compose", data=sent)
        assert "Xanthoprasky Aminquerida" in composed.text, composed.text
    return [amina, luca]


def _csv(row: dict[str, str]) -> bytes:
    heading = [column.heading for column in importing.KINDS["questionnaire"].COLUMNS]
    return "\r\n".join(";".join(line) for line in [heading, [row.get(name, "") for name in heading]]).encode()


async def test_no_name_and_no_text_leaves_the_vaults(
    platform: Platform, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await platform()
    await populate(running, people=10)
    running.now = clock.now()
    app = site_of(running)
    amina, luca = await by_hand(running, app)

    # What fails on the way says no name either.
    async def broken(*_: object, **__: object) -> None:
        raise ValueError("Xanthoprasky Aminquerida, HDDMNA85H50Z330M")

    with monkeypatch.context() as patch:
        patch.setattr("services.intake.doors.search", broken)
        async with browsing(app, "case_manager") as desk:
            desk._transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            failed = await desk.get("/intake/cerca", params={"q": "Brontozzi"})
    assert failed.status_code == 500
    assert "Aminquerida" not in failed.text

    markers = set(TYPED).union(*[await texts_of(running.store(name)) for name in SERVICES])
    assert len(markers) > 60, "the population's texts are markers, too"
    await running.quiet()
    before = await everything(running, watched)
    assert {"logs", "traces", "metrics"} <= {place for place, content in before.items() if content}
    assert b"valueerror" in before["logs"]
    assert places_of(markers, before) == {}

    # Erased: nothing opens any more, and nothing was written by the erasure either.
    intake = running.store("intake")
    async with intake.engine.begin() as conn:
        assert await intake.vault.erase(conn, amina) >= 2
    async with intake.engine.connect() as conn:
        assert amina not in await intake.vault.latest(conn, "identity", [amina, luca])
        assert luca in await intake.vault.latest(conn, "identity", [amina, luca])
        assert not await conn.scalar(
            text("select (select count(*) from vault_keys where subject = :s) + (select count(*) from vault_index"
                 " where subject = :s)"), {"s": amina},
        )  # fmt: skip
    async with browsing(app, "case_manager") as desk:
        token = tickets.sign_ticket(reader_of("case_manager"), [amina, luca], ["name"], "intake.view")
        tags = (await desk.post("/intake/doors/tags", json={"ticket": token})).json()["tags"]
        assert set(tags) == {luca}
        assert (await desk.get(f"/intake/persone/{amina}")).status_code == 200
        assert (await desk.get("/intake/doors/find", params={"q": "Xanthoprasky"})).json() == {"people": []}
    for worker in running.workers.values():
        assert worker.reader.stopped is None
    assert places_of(markers, await everything(running, watched)) == {}

    # The control: what somebody does wrong is seen, wherever it is, and the reader that meets it repeats nothing.
    value = b'{"on": "2024-05-06", "person_id": "' + amina.encode() + b'", "note": "Aminquerida Xanthoprasky"}'
    headers = (("ce_id", b"nothing"), ("ce_source", b"intake"))
    await running.log.append("pathway", partition_of(amina, 12), [Message(amina.encode(), value, headers, 0)])
    await running.quiet()
    logging.getLogger("services.intake").warning("presa in carico di %s", "Brontozzi")
    caught = places_of(markers, await everything(running, watched))
    assert caught.pop(f"topic pathway/{partition_of(amina, 12)}") == {"aminquerida", "xanthoprasky"}
    assert caught.pop("logs") == {"brontozzi"}
    assert {place for place in caught if not place.startswith("file ")} == {
        f"table {running.settings.namespace}log.log_records"
    }, "a parked or rejected record is pointed at, never copied"
    assert any(place.startswith("file ") for place in caught), "the files are searched as they are"
