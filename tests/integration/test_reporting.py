"""Reporting on a real PostgreSQL and the embedded log: what the others say, on its pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
import sqlalchemy as sa

from services.reporting.domain import Period
from services.reporting.service import SERVICE
from services.reporting.views import PATHWAYS, VIEWS, queries
from shared import clock
from shared.corrections import correct
from shared.decisions import Decision
from shared.events.base import Event, Motive
from shared.events.intake import PathwayFactCorrected as IntakeCorrected
from shared.events.matching import PathwayFactCorrected as MatchingCorrected
from shared.replay import replay
from shared.store import Unit
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.reporting import (
    AMINA,
    LUCA,
    SAMIRA,
    VOICES,
    bare,
    extended,
    placed,
    registered,
    say,
)
from tests.fixtures.reporting_site import (
    MANAGER,
    MONITORING,
    TABLE,
    amina_found_work,
    browser,
    send,
    shown,
)

H1 = Period(2024, 1)


@pytest.fixture
async def running(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Running:
    made = await platform("intake", "matching", "training", "reporting", definitions=VOICES)
    monkeypatch.setattr(clock, "now", lambda: made.now)
    return made


async def corrected(running: Running, service: str, fact: Event, motive: Motive, **changes: Any) -> None:
    """A correction by the owner of the fact; without changes it is cancelled."""
    history = await running.store(service).history(fact.subject)
    fact_id = next(one.meta.id for one in history if one.event == fact)
    kind = IntakeCorrected if service == "intake" else MatchingCorrected

    async def decide(unit: Unit) -> Decision:
        return await correct(
            unit, bare(fact.subject), kind, fact_id=fact_id, corrected=changes or None, motive=motive, on=unit.today
        )

    accepted(await running.execute(service, decide, actor=MANAGER))
    await running.quiet()


# --- pathways ------------------------------------------------------------------------------------------------


async def test_a_pathway_is_told_across_services_in_plain_italian(running: Running) -> None:
    await amina_found_work(running)
    async with browser(running, MONITORING) as client:
        page = await shown(client, f"/reporting/percorsi/{AMINA}")
    for words in ("Iscrizione al programma", "Colloquio", "Presa in carico", "Inserimento", "Tempo determinato",
                  "Sara Galli", "Manifattura", "29 giorni"):  # fmt: skip
        assert words in page, words
    assert page.index("Presa in carico") < page.index("Domanda e offerta</p>")
    assert "person-registered" not in page


async def test_a_corrected_fact_is_struck_through_and_the_past_day_does_not_know_of_it(running: Running) -> None:
    await amina_found_work(running)
    running.now = datetime(2024, 4, 2, 8, tzinfo=UTC)
    wrong = placed(on=date(2024, 3, 1))
    await corrected(running, "matching", wrong, "wrong_contract", contract="permanent", ends_on=None)
    async with browser(running, MONITORING) as client:
        now = await shown(client, f"/reporting/percorsi/{AMINA}")
        assert "<s>Inserimento</s>" in now
        assert "Rettificato da Giulia Rossi il 02/04/2024" in now
        assert "contratto: Tempo determinato → Tempo indeterminato" in now
        then = await shown(client, f"/reporting/percorsi/{AMINA}?al=2024-04-01")
        assert "<s>" not in then
        assert "Tempo indeterminato" not in then
        before = await shown(client, f"/reporting/percorsi/{AMINA}?al=2024-01-01")
        assert "non era stato registrato nulla" in before
        future = await client.get(f"/reporting/percorsi/{AMINA}?al=2025-01-01")
        assert future.status_code == 422
        assert "non può essere nel futuro" in future.text


async def test_the_timeline_and_the_list_are_exported(running: Running) -> None:
    await amina_found_work(running)
    async with browser(running, MONITORING) as client:
        story = await client.get(f"/reporting/percorsi/{AMINA}/export?formato=csv")
        assert story.text.startswith("\ufeffData del fatto;")
        assert "Presa in carico" in story.text
        whole = await client.get("/reporting/percorsi/export?formato=xlsx&district=citta-di-bologna")
        rows = list(openpyxl.load_workbook(BytesIO(whole.content)).worksheets[0].iter_rows(values_only=True))
        assert len(rows) == 2
        assert rows[1][0] == AMINA


async def test_the_list_is_filtered_and_an_unknown_pathway_is_told(running: Running) -> None:
    await amina_found_work(running)
    await say(running, "intake", registered(LUCA, district="imola", sex="M"))
    await running.quiet()
    async with browser(running, MONITORING) as client:
        assert AMINA[:8] in await shown(client, "/reporting/percorsi?placed=yes&status=&district=")
        assert AMINA[:8] not in await shown(client, "/reporting/percorsi?sex=M")
        assert LUCA[:8] in await shown(client, "/reporting/percorsi?district=imola&union=none&status=registered")
        assert "Nessun percorso" in await shown(client, "/reporting/percorsi?registered_from=2024-05-01")
        assert LUCA[:8] not in await shown(client, f"/reporting/percorsi?person={AMINA}")
        assert (await client.get(f"/reporting/percorsi/{SAMIRA}")).status_code == 404
        assert (await client.get("/reporting/percorsi/nonsense")).status_code == 404
        assert (await client.get("/reporting/percorsi?district=Roma")).status_code == 422


async def test_a_replay_gives_the_same_rows_corrections_included(running: Running) -> None:
    await amina_found_work(running)
    await corrected(running, "matching", placed(on=date(2024, 3, 1)), "wrong_date", on="2024-03-04")
    await corrected(running, "intake", registered(), "wrong_value", district="imola")
    store = running.store("reporting")

    async def rows() -> list[list[Any]]:
        async with store.read() as reading:
            return [sorted(await reading.rows(sa.select(reading.table(view))), key=str) for view in VIEWS]

    lived = await rows()
    pathways = lived[VIEWS.index(PATHWAYS)]
    assert [row["district"] for row in pathways] == ["imola"]
    assert [row["first_placement_on"] for row in pathways] == [date(2024, 3, 4)]
    await replay(SERVICE, store, running.log)
    assert await rows() == lived


async def test_who_is_for_figures_only_sees_no_pathway(running: Running) -> None:
    await amina_found_work(running)
    async with browser(running, TABLE) as client:
        for path in ("/reporting/percorsi", f"/reporting/percorsi/{AMINA}", "/reporting/percorsi/export?formato=csv",
                     f"/reporting/percorsi/{AMINA}/export?formato=csv", "/reporting/api/percorsi"):  # fmt: skip
            assert (await client.get(path)).status_code == 403, path
        for path in ("/reporting/", "/reporting/semestre/2024-1", "/reporting/adesso"):
            page = await shown(client, path)
            assert AMINA not in page
            assert AMINA[:8] not in page


# --- the half-year ---------------------------------------------------------------------------------------------


async def figures(running: Running, as_of: datetime) -> Any:
    async with running.store("reporting").read() as reading:
        return (await queries.half_years(reading, [H1], as_of))[0]


async def test_the_report_follows_corrections_and_what_was_known_by_then(running: Running) -> None:
    await amina_found_work(running)
    wrong = placed(LUCA, on=date(2024, 3, 10))
    await say(running, "intake", registered(LUCA))
    await say(running, "matching", wrong)
    await running.quiet()
    known_in_march = running.now
    running.now = datetime(2024, 4, 20, 9, tzinfo=UTC)
    await corrected(running, "matching", wrong, "never_started")
    running.now += timedelta(hours=1)
    # A company reports late: recorded in April, of March.
    await say(running, "matching", extended(AMINA, on=date(2024, 3, 30)))
    await running.quiet()
    then, now = await figures(running, known_in_march), await figures(running, running.now)
    assert (then.placements, then.first_placements, then.mean_wait, then.extensions) == (2, 2, 29, 0)
    assert (now.placements, now.first_placements, now.mean_wait, now.extensions) == (2, 1, 29, 1)
    assert (now.enrolments, now.hiring_companies, now.selections, now.new_companies) == (2, 1, 1, 1)
    assert await figures(running, known_in_march) == then


async def test_the_page_and_the_api_show_the_same_figures(running: Running) -> None:
    await amina_found_work(running)
    running.now = datetime(2024, 7, 10, 9, tzinfo=UTC)
    async with browser(running, MONITORING) as client:
        page = await shown(client, "/reporting/semestre/2024-1")
        assert "Per atto e per persona sono due letture indipendenti" in page
        assert "lettura per atto è nostra" in page
        assert "illustrativo" in page  # demonstration mode
        assert "29 giorni" in page
        assert "Del primo semestre 2023 non ci sono fatti" in page
        answer = await client.get("/reporting/api/semestre/2024-1")
        assert answer.json()["figures"]["placements"] == 1
        assert answer.json()["figures"]["by_district"]["citta-di-bologna"] == 1
        assert answer.json()["end"] == "2024-06-30"
        file = await client.get("/reporting/semestre/2024-1/export?formato=csv&con=semestre")
        assert '"Inserimenti, per atto";Inserimenti;1;0;' not in file.text  # nothing happened in 2023: no comparison
        assert '"Inserimenti, per atto";Inserimenti;1;;' in file.text
        assert (await client.get("/reporting/semestre")).headers["location"].endswith("/reporting/semestre/2024-1")
        assert (await client.get("/reporting/semestre/2024-9")).status_code == 404
        assert "non c&#39;è alcun fatto" in await shown(client, "/reporting/semestre/2017-1?con=semestre")
        assert (await client.get("/reporting/semestre/2016-2")).status_code == 404
        assert "Questo semestre non è ancora cominciato" in await shown(client, "/reporting/semestre/2025-1")
        assert (await client.get("/reporting/semestre/2024-1?al=2030-01-01")).status_code == 422


async def test_the_table_sees_no_small_count(running: Running) -> None:
    await amina_found_work(running)
    async with browser(running, TABLE) as client:
        page = await shown(client, "/reporting/semestre/2024-1")
        assert "&lt;5" in page
        answer = await client.get("/reporting/api/semestre/2024-1")
        assert answer.json()["figures"]["by_district"]["citta-di-bologna"] == "<5"
        file = await client.get("/reporting/semestre/2024-1/export?formato=csv")
        (line,) = [one for one in file.text.splitlines() if "distretto di domicilio;Città di Bologna" in one]
        assert line.endswith(';"semestre <5 (non mostrato), ripartizione illustrativa"')


async def test_a_report_is_published_once_and_can_be_recomputed_as_of_then(running: Running) -> None:
    await amina_found_work(running)
    running.now = datetime(2024, 7, 10, 9, tzinfo=UTC)
    async with browser(running, MONITORING) as client:
        early = await send(client, "/reporting/semestre/2024-1/pubblica", as_of="2024-07-10", on="2024-07-10")
        assert early.status_code == 422
        assert "un giorno già finito" in early.text
        done = await send(client, "/reporting/semestre/2024-1/pubblica", as_of="2024-07-09", on="2024-07-10")
        assert done.status_code == 303
        await running.quiet()
        page = await shown(client, "/reporting/semestre/2024-1")
        assert "le cifre pubblicate coincidono" in page
        again = await send(client, "/reporting/semestre/2024-1/pubblica", as_of="2024-07-09", on="2024-07-10")
        assert again.status_code == 409
        assert "è già pubblicato" in again.text
    # A late fact changes today's figures, not the published ones.
    running.now += timedelta(days=1)
    await say(running, "matching", extended(AMINA, on=date(2024, 6, 1)))
    await running.quiet()
    async with browser(running, MONITORING) as client:
        page = await shown(client, "/reporting/semestre/2024-1")
        assert "le cifre pubblicate coincidono" in page
        fact_id = (await running.store("reporting").history(H1.report_id))[-1].meta.id
        refused = await send(
            client, "/reporting/semestre/2024-1/correggi", fact_id=fact_id, action="rectify", motive="wrong_date"
        )
        assert refused.status_code == 422
        gone = await send(
            client, "/reporting/semestre/2024-1/correggi", fact_id=fact_id, action="cancel", motive="other", on=""
        )
        assert gone.status_code == 303
        await running.quiet()
        page = await shown(client, "/reporting/semestre/2024-1")
        assert "<s>Rapporto pubblicato</s>" in page
        assert "Registra la pubblicazione del rapporto" in page
        token = {"idempotency-key": str(uuid4())}
        body = {"as_of": "2024-07-09", "on": "2024-07-11"}
        for repeated in (False, True):
            answer = await client.post("/reporting/api/semestre/2024-1/pubblicazione", json=body, headers=token)
            assert (answer.status_code, answer.json()["repeated"]) == (201, repeated)


async def test_only_who_may_publish_publishes(running: Running) -> None:
    async with browser(running, TABLE) as client:
        answer = await send(client, "/reporting/semestre/2023-2/pubblica", as_of="2024-01-02", on="2024-01-03")
        assert answer.status_code == 403
