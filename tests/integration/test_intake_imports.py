"""Files of many people: what spreadsheets write, row by row; the archive with its own dates; death half-way."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.intake import importing, views
from services.intake.importing import RowResult, archive, jobs, questionnaire
from services.reporting import views as reporting_views
from shared.events.intake import PersonRegistered
from shared.store import Store
from tests.fixtures.intake import browser
from tests.fixtures.platform import Platform, Running

ELENA = "u-elena.conti"
GIULIA = "u-giulia.rossi"
LUCA = {
    "data_iscrizione": "15/01/2024", "cognome": "Bonò", "nome": "Luca", "data_nascita": "03/02/1990", "sesso": "M",
    "cittadinanza": "Italia", "comune": "San Giovanni in Persiceto", "titolo_studio": "Licenza media",
    "telefono": "051 123456",
}  # fmt: skip
PAST = LUCA | {
    "id_archivio": "2018-0001", "data_iscrizione": "10/01/2018", "primo_colloquio": "20/01/2018",
    "presa_in_carico": "25/01/2018", "operatore": GIULIA, "valutazione": "Da formare", "chiusura": "30/06/2018",
    "esito": "Ha trovato lavoro",
}  # fmt: skip


@pytest.fixture
async def running(platform: Platform) -> Running:
    return await platform("intake", "reporting")


def csv_of(
    *rows: dict[str, str], kind: importing.Kind = "questionnaire", delimiter: str = ";", encoding: str = "utf-8"
) -> bytes:
    heading = [column.heading for column in importing.KINDS[kind].COLUMNS]
    lines = [heading, *([row.get(name, "") for name in heading] for row in rows)]
    return "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)


async def run(
    running: Running, content: bytes, kind: importing.Kind = "questionnaire", account: str = ELENA
) -> list[RowResult]:
    """Sends a file and works through it as the worker does."""
    store = running.store("intake")
    import_id = await importing.start(store, account, running.now, kind, content, str(uuid4()))
    while await importing.step(store, running.now):
        pass
    return [RowResult(**row) for row in await importing.report(store, import_id)]


async def count(store: Store, query: str) -> int:
    async with store.engine.connect() as conn:
        return int(await conn.scalar(text(query)) or 0)


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), (",", "utf-8"), (";", "cp1252")])
async def test_what_spreadsheets_write_is_read_and_reported_row_by_row(
    running: Running, delimiter: str, encoding: str
) -> None:
    store = running.store("intake")
    rows = [
        LUCA,
        LUCA | {"nome": "Nadia", "sesso": "Q"},
        LUCA | {"nome": "Omar", "codice_fiscale": "HDDMNA85H50Z330A"},
        LUCA | {"nome": "Pia", "data_nascita": ""},
        LUCA | {"nome": "Quinto", "data_iscrizione": "31/02/2024"},
        LUCA | {"nome": "Rita", "comune": "Bologna"},
    ]
    results = await run(running, csv_of(*rows, delimiter=delimiter, encoding=encoding))
    assert [r.state for r in results] == ["accepted", "refused", "refused", "refused", "refused", "accepted"]
    assert [r.line for r in results] == [2, 3, 4, 5, 6, 7]
    assert "sesso" in results[1].sentence
    assert "codice_fiscale" in results[2].sentence
    assert results[3].sentence == "Manca «data_nascita»."
    assert "data_iscrizione" in results[4].sentence
    assert await count(store, "select count(distinct stream_id) from events") == 2
    assert await count(store, "select count(distinct subject) from vault_rows") == 2, "the file is gone"
    async with store.engine.connect() as conn:
        luca = await store.vault.latest(conn, "identity", [str(results[0].person_id)])
    assert luca[str(results[0].person_id)]["family_name"] == "Bonò"


async def test_the_corrected_file_adds_only_what_was_missing(running: Running) -> None:
    bad = LUCA | {"nome": "Marta", "sesso": "Q"}
    await run(running, csv_of(LUCA, bad))
    results = await run(running, csv_of(LUCA, bad | {"sesso": "F"}, LUCA), account=GIULIA)
    assert [r.state for r in results] == ["already", "accepted", "already"]
    assert await count(running.store("intake"), "select count(distinct stream_id) from events") == 2


@pytest.mark.parametrize("kind", ["questionnaire", "archive"])
async def test_the_template_is_a_file_that_can_be_imported(running: Running, kind: importing.Kind) -> None:
    results = await run(running, importing.template(importing.KINDS[kind].COLUMNS), kind)
    assert [(r.state, r.sentence) for r in results] == [("accepted", "")]


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04zip", b"a;b;c\n1;2;3\n", csv_of(), b"\xff\xfe\x00", b'"cognome;"nome\n\x00']
)
async def test_a_file_that_is_none_is_told_in_italian_and_leaves_nothing(running: Running, content: bytes) -> None:
    store = running.store("intake")
    with pytest.raises(importing.NotReadable, match=r"\.$"):
        await importing.start(store, ELENA, running.now, "questionnaire", content, str(uuid4()))
    assert await count(store, "select count(*) from imports") == 0


def test_more_than_fifty_thousand_rows_are_refused_whole() -> None:
    line = ";".join(LUCA.get(column.heading, "") for column in questionnaire.COLUMNS)
    content = csv_of() + b"\r\n" + "\r\n".join([line] * 50_000).encode()
    assert len(importing.read(content, questionnaire.COLUMNS)) == 50_000
    with pytest.raises(importing.NotReadable, match="50000"):
        importing.read(content + b"\r\n" + line.encode(), questionnaire.COLUMNS)


# The archive


async def test_a_pathway_of_the_archive_keeps_its_dates_and_counts_in_the_figures(running: Running) -> None:
    results = await run(running, csv_of(PAST, kind="archive"), "archive")
    assert [(r.state, r.sentence) for r in results] == [("accepted", "")]
    await running.quiet()
    person = str(results[0].person_id)
    async with running.store("intake").read() as reading:
        row = await reading.row(views.PEOPLE, person)
    assert row is not None
    assert (row["entry"], row["stage"], row["outcome"]) == ("archive", "closed", "found_work")
    assert [str(row[name]) for name in ("registered_on", "first_interview_on", "in_charge_on", "closed_on")] == [
        "2018-01-10", "2018-01-20", "2018-01-25", "2018-06-30",
    ]  # fmt: skip
    async with running.store("reporting").read() as reading:
        pathway = await reading.facts(subjects=[person])
    assert str(next(f.event.on for f in pathway if isinstance(f.event, PersonRegistered))) == "2018-01-10"
    assert reporting_views.VIEWS


async def test_the_same_number_is_the_same_pathway_in_whatever_file(running: Running) -> None:
    await run(running, csv_of(PAST, kind="archive"), "archive")
    again = await run(running, csv_of(PAST | {"telefono": "051 999999"}, kind="archive"), "archive", GIULIA)
    assert [r.state for r in again] == ["already"]


async def test_a_person_who_came_back_is_one_person_with_two_episodes(running: Running) -> None:
    back = PAST | {
        "id_archivio": "2019-0007", "data_iscrizione": "01/02/2019", "primo_colloquio": "02/02/2019",
        "presa_in_carico": "", "operatore": "", "chiusura": "", "esito": "",
    }  # fmt: skip
    results = await run(running, csv_of(PAST, back, kind="archive"), "archive")
    assert [(r.state, r.sentence) for r in results] == [("accepted", "")] * 2
    assert results[0].person_id == results[1].person_id
    await running.quiet()
    async with running.store("intake").read() as reading:
        row = await reading.row(views.PEOPLE, str(results[0].person_id))
    assert row is not None
    assert (row["episode"], row["stage"]) == (2, "to_decide")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"primo_colloquio": "01/01/2018"},
            "«primo_colloquio» (01/01/2018) è prima di «data_iscrizione» (10/01/2018).",
        ),
        ({"chiusura": "01/01/2030"}, "«chiusura» è nel futuro."),
        ({"primo_colloquio": ""}, "La presa in carico richiede la data del primo colloquio."),
        ({"operatore": ""}, "La presa in carico richiede l'account dell'operatore (u-nome.cognome)."),
        ({"esito": ""}, "«chiusura» ed «esito» vanno insieme."),
        ({"esito": "Boh"}, "«esito» non è riconosciuto. Come nell'elenco degli esiti; serve con la chiusura."),
        ({"id_archivio": ""}, "Manca «id_archivio»."),
        ({"data_iscrizione": "01/01/2016"}, "La data è prima dell'avvio del programma (22 maggio 2017)."),
    ],
)
async def test_a_pathway_that_cannot_have_been_is_refused_whole(
    running: Running, wrong: dict[str, str], sentence: str
) -> None:
    results = await run(running, csv_of(PAST | wrong, kind="archive"), "archive")
    assert [(r.state, r.sentence) for r in results] == [("refused", sentence)]
    assert await count(running.store("intake"), "select count(*) from events") == 0
    assert await count(running.store("intake"), "select count(*) from vault_rows") == 0


# A process that dies, a mistake of ours, a form sent twice


def people(n: int) -> list[dict[str, str]]:
    return [LUCA | {"nome": f"Luca {chr(65 + i % 26)}{chr(65 + i // 26)}"} for i in range(n)]


async def test_what_dies_between_the_rows_and_their_report_is_taken_up_again(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = running.store("intake")
    import_id = await importing.start(store, ELENA, running.now, "questionnaire", csv_of(*people(60)), str(uuid4()))
    assert await importing.step(store, running.now)

    async def dies(*_: Any) -> None:
        raise OSError("kill -9")

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "_report", dies)
        with pytest.raises(OSError, match="kill"):
            await importing.step(store, running.now)
    jobs._files.clear()  # another process goes on
    while await importing.step(store, running.now):
        pass
    rows = await importing.report(store, import_id)
    assert [row["line"] for row in rows] == list(range(2, 62))
    assert {row["state"] for row in rows[:25] + rows[50:]} == {"accepted"}
    assert {row["state"] for row in rows[25:50]} == {"already"}
    assert await count(store, "select count(*) from events where type = 'intake.person-registered'") == 60


async def test_a_mistake_of_ours_stops_one_import_and_not_the_worker(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = running.store("intake")
    wrong = await importing.start(store, ELENA, running.now, "archive", csv_of(PAST, kind="archive"), str(uuid4()))

    def breaks(_: object) -> str:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(archive, "cause", breaks)
        assert await importing.step(store, running.now)
    job = await importing.progress(store, wrong)
    assert job is not None
    assert job["stopped"]
    assert [r.state for r in await run(running, csv_of(LUCA))] == ["accepted"]


async def test_the_page_takes_the_file_once_and_tells_how_far_it_is(running: Running) -> None:
    store = running.store("intake")
    async with browser(running, ELENA) as elena:
        page = await elena.get("/intake/importa")
        assert "motivazione" in page.text
        for kind in ("questionnaire", "archive"):
            assert "cognome" in (await elena.get("/intake/importa/modello", params={"tipo": kind})).text
        hidden = {"csrf": elena.headers["x-test-csrf"], "form_token": str(uuid4()), "kind": "questionnaire"}
        content = csv_of(LUCA, LUCA | {"nome": "Nadia", "sesso": "Q"})
        answers = [
            await elena.post("/intake/importa", data=hidden, files={"file": ("q.csv", content)}) for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [303, 303]
        address = answers[0].headers["location"]
        assert answers[1].headers["location"] == address
        assert await count(store, "select count(*) from imports") == 1
        assert "In corso" in (await elena.get(address)).text
        while await importing.step(store, running.now):
            pass
        done = await elena.get(address)
        assert "Finita" in done.text
        assert "Rifiutata" in done.text
        report = await elena.get(f"{address}/esito", params={"formato": "csv"})
        assert "Accettata" in report.text
        broken = await elena.post("/intake/importa", data=hidden, files={"file": ("q.csv", b"PK\x03\x04")})
        assert broken.status_code == 422
        assert "Excel" in broken.text
        assert (await elena.get(f"/intake/importa/{uuid4()}")).status_code == 404
