"""The whole platform, used in a browser: one person's pathway through five services, and what it must withstand."""

from __future__ import annotations

import csv
import io
import signal
from pathlib import Path

import psutil
import pytest
from openpyxl import load_workbook
from playwright.async_api import Page, expect

from tests.e2e.conftest import Platform, eventually
from tests.e2e.desk import RECORDED, Desk, fill, form_of, refused, send, until
from tests.e2e.pathway import (
    AMINA,
    ON,
    TODAY,
    Person,
    Story,
    after,
    charge,
    check,
    company,
    in_charge,
    interview,
    place,
    register,
    vacancy,
)

pytestmark = [pytest.mark.e2e, pytest.mark.kafka]
LUCA = Person("Marchetti", "Luca", "1979-11-02", "Uomo")
HALF_YEAR = f"/reporting/semestre/{TODAY.year}-{1 if TODAY.month < 7 else 2}"
DELIVERY = 45_000


async def placements(desk: Desk, page: Page) -> int:
    """How many placements the half-year report counts."""
    await desk.go(page, HALF_YEAR)
    row = page.get_by_role("region", name="Inserimenti, per atto").get_by_role("row").nth(1)
    return int(await row.get_by_role("cell").first.inner_text())


async def test_what_must_be_refused_was_refused_with_its_reason(story: Story) -> None:
    assert "nessuna ricerca è collegata" in story.said["without positions"]
    assert story.said["approval by the judge"].startswith("403")
    assert "approvare e finanziare un progetto" in story.said["approval by the judge"]
    assert "5.000,00" in story.said["over the budget"]


async def test_the_plan_is_done_and_intake_knows_what_the_others_recorded(desk: Desk, story: Story) -> None:
    giulia = await desk.enter("Giulia Rossi")
    where = f"/intake/persone/{story.person_id}"
    await until(giulia, where, "Progetto della persona finanziato", desk)
    plan = giulia.locator(".panel:has(h2:text-is('Piano'))")
    await expect(plan.get_by_text("Compiuta", exact=True)).to_have_count(3)
    others = giulia.locator(".panel:has(h2:text-is('Dagli altri servizi'))")
    for words in ("Tempo determinato", "Inserita", "2.b Professionalizzante mirata: Completato", "Finanziato"):
        await expect(others).to_contain_text(words)


async def test_the_timeline_tells_everything_in_order_and_as_of_another_day(desk: Desk, story: Story) -> None:
    sara = await desk.enter("Sara Galli")
    where = f"/reporting/percorsi/{story.person_id}"
    await until(sara, where, "Progetto della persona finanziato", desk)
    await expect(sara.locator("h1")).to_have_text(f"Percorso di {AMINA.name}")
    titles = await sara.locator(".story-title").all_inner_texts()
    expected = [
        "Iscrizione al programma", "Verifica di ammissibilità", "Colloquio", "Presa in carico", "Piano concordato",
        "Iscrizione a un corso", "Corso completato", "Inserimento in una rosa", "Presentazione all'azienda",
        "Inserimento", "Proroga", "Percorso d'impresa avviato", "Progetto della persona finanziato",
    ]  # fmt: skip
    assert [title for title in dict.fromkeys(titles) if title in expected] == expected
    assert titles.count("Azione del piano compiuta") == 3
    services = set(await sara.locator(".story-when").all_inner_texts())
    assert {line.split(" · ")[1] for line in services} == {
        "Accoglienza",
        "Domanda e offerta",
        "Formazione",
        "Fare impresa",
    }
    await sara.get_by_label("Com'era alla fine del giorno").fill(after(-1))
    await sara.get_by_role("button", name="Mostra").click()
    await expect(sara.get_by_text("Fino a quel giorno non era stato registrato nulla.")).to_be_visible()
    await desk.go(sara, f"{where}?al={ON}")
    await expect(sara.locator(".story-title")).to_have_count(len(titles))


async def test_the_live_page_moves_when_something_is_recorded(desk: Desk, story: Story) -> None:
    teresa, elena = await desk.enter("Teresa Bonini"), await desk.enter("Elena Conti")
    await desk.go(teresa, "/reporting/adesso")
    today = teresa.locator(".figures div:has(dt:text-is('Oggi')) dd")
    before = int(await today.inner_text())
    await register(desk, elena, Person("Bianchi", "Sofia", "1990-05-06"))
    await expect(today).not_to_have_text(str(before), timeout=DELIVERY)
    assert int(await today.inner_text()) > before


async def test_a_cancelled_placement_is_followed_by_the_figures(desk: Desk, story: Story) -> None:
    elena, giulia, sara = [await desk.enter(name) for name in ("Elena Conti", "Giulia Rossi", "Sara Galli")]
    region = await desk.enter("Roberto Costa")
    person_id = await in_charge(desk, elena, giulia, LUCA, "Pronta al lavoro")
    vacancy_id = await vacancy(desk, sara, await company(desk, sara, "Forno Brisa", "00743110157"))
    before = await placements(desk, region)
    await place(desk, sara, vacancy_id, LUCA, person_id)
    await until(sara, f"/reporting/percorsi/{person_id}", "Inserimento", desk, exact=True)
    assert await placements(desk, region) == before + 1
    await desk.go(sara, f"/matching/ricerche/{vacancy_id}")
    await expect(sara.get_by_text("Posti tutti coperti")).to_be_visible()
    await sara.get_by_role("link", name="Vai all'inserimento").click()
    await send(desk, sara, "/annulla", {"Motivo": "Mai iniziato"})
    await until(sara, f"/reporting/percorsi/{person_id}", "mai iniziato", desk)
    assert await placements(desk, region) == before
    await desk.go(sara, f"/matching/ricerche/{vacancy_id}")
    await expect(sara.get_by_text("Posti tutti coperti")).to_have_count(0)


async def test_lists_leave_as_files_with_the_names_that_intake_composes(desk: Desk, story: Story) -> None:
    giulia = await desk.enter("Giulia Rossi")
    await desk.go(giulia, "/intake/persone")
    for words, kind in (("CSV con i nomi", "csv"), ("XLSX con i nomi", "xlsx")):
        async with giulia.expect_download() as download:
            await giulia.get_by_role("link", name=words, exact=True).click()
        rows = table(await (await download.value).path(), kind)
        assert rows[0][:2] == ["Persona", "Persona (codice)"]
        assert [row[1] for row in rows if row[0] == AMINA.name] == [story.person_id]
        await desk.go(giulia, "/intake/persone")
    async with giulia.expect_download() as download:
        await giulia.get_by_role("link", name="CSV", exact=True).click()
    plain = (await (await download.value).path()).read_text("utf-8-sig")
    assert story.person_id in plain
    assert AMINA.family_name not in plain


def table(path: Path, kind: str) -> list[list[str]]:
    if kind == "csv":
        return list(csv.reader(path.read_text("utf-8-sig").splitlines(), delimiter=";"))
    sheet = load_workbook(io.BytesIO(path.read_bytes())).active
    assert sheet is not None
    return [[str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


@pytest.mark.parametrize("name", ["Teresa Bonini", "Roberto Costa"])
async def test_table_and_region_see_figures_and_no_names(desk: Desk, story: Story, name: str) -> None:
    page = await desk.enter(name)
    await expect(page.locator("#navigazione a")).to_have_text(["Dati e rapporti"])
    for path in ("/reporting/", HALF_YEAR, "/reporting/adesso"):
        await desk.go(page, path)
        text = await page.locator("body").inner_text()
        assert not [word for word in (AMINA.family_name, AMINA.given_name, story.person_id[:8]) if word in text], path
        assert await page.locator(".figures, table").count(), path
    for path in ("/intake/", f"/intake/persone/{story.person_id}", f"/reporting/percorsi/{story.person_id}"):
        answer = await page.goto(desk.address + path)
        assert answer is not None
        assert answer.status == 403, path
        await desk.look(page)


async def test_two_clicks_register_one_person(desk: Desk, platform: Platform) -> None:
    elena = await desk.enter("Elena Conti")
    await desk.go(elena, "/intake/registra")
    twice = Person("Zanichelli", "Nadia", "1995-01-30")  # nobody of the scenario, nor of another test, has this name
    await fill_registration(elena, twice)
    await form_of(elena, "/intake/registra").locator("button[type=submit]").dblclick()
    await expect(elena.locator("h1")).to_have_text(twice.name)
    await desk.go(elena, "/intake/persone?q=Zanichelli")
    await expect(elena.get_by_role("link", name=twice.name)).to_have_count(1)
    await expect(elena.get_by_text("1 persona.", exact=True)).to_be_visible()


async def fill_registration(page: Page, person: Person) -> None:
    await fill(
        form_of(page, "/intake/registra"),
        {
            "Come è arrivata": "Parrocchia",
            "Cognome": person.family_name,
            "Nome": person.given_name,
            "Data di nascita": person.birth_date,
            "Sesso": person.sex,
            "Comune del domicilio": "Imola",
            "Titolo di studio": "Diploma",
        },
    )  # fmt: skip


async def test_a_stale_page_says_who_did_what(desk: Desk) -> None:
    elena, giulia = await desk.enter("Elena Conti"), await desk.enter("Giulia Rossi")
    person_id = await register(desk, elena, Person("Costa", "Yusuf", "1982-09-14", "Uomo"))
    await check(desk, elena, person_id)
    await desk.go(giulia, f"/intake/persone/{person_id}")
    await interview(desk, elena)
    told = await refused(desk, giulia, "/colloquio", {"Come si è svolto": "Al telefono", "Note": "Richiama lunedì."})
    assert "Elena Conti" in told
    assert "colloquio" in told
    notes = form_of(giulia, "/colloquio").get_by_label("Note")
    assert await notes.input_value() == "Richiama lunedì."
    await send(desk, giulia, "/colloquio", {})  # having read it, she may still record hers
    await charge(desk, giulia, person_id)


async def test_kafka_away_the_command_succeeds_and_is_delivered_later(desk: Desk, platform: Platform) -> None:
    elena, sara = await desk.enter("Elena Conti"), await desk.enter("Sara Galli")
    broker = platform.broker()
    broker.send_signal(signal.SIGSTOP)
    try:
        person_id = await register(desk, elena, Person("Fontana", "Irina", "1971-02-20"))
        where = f"/intake/persone/{person_id}"
        await until(elena, where, "gli altri uffici lo vedranno appena torna", desk)
        answer = await sara.goto(f"{desk.address}/reporting/percorsi/{person_id}")
        assert answer is not None
        assert answer.status == 404
        await desk.look(sara)
    finally:
        broker.send_signal(signal.SIGCONT)
    await until(sara, f"/reporting/percorsi/{person_id}", "Iscrizione al programma", desk)
    await until(elena, where, "gli altri uffici lo vedranno appena torna", desk, gone=True)


async def test_postgresql_away_a_clear_page_and_nothing_half_written(desk: Desk, platform: Platform) -> None:
    elena = await desk.enter("Elena Conti")
    lost = Person("Longo", "Marta", "1986-10-10")
    await desk.go(elena, "/intake/registra")
    await fill_registration(elena, lost)
    desk.away = True
    guardian, database = psutil.Process(platform.launcher.pid), platform.database()
    guardian.suspend()  # or it would start PostgreSQL again at once
    try:
        database.send_signal(signal.SIGQUIT)
        await eventually(lambda: not database.is_running() or database.status() == psutil.STATUS_ZOMBIE)
        async with elena.expect_navigation() as sent:
            await form_of(elena, "/intake/registra").locator("button[type=submit]").click()
        assert (await sent.value).status == 503
        await expect(elena.get_by_text("Nulla è stato scritto a metà")).to_be_visible()
        await desk.look(elena)
        for service in ("intake", "matching", "training", "enterprise", "reporting"):
            page = await elena.goto(f"{desk.address}/{service}/")
            assert page is not None
            assert page.status in (503, 403), service
            await desk.look(elena)
    finally:
        guardian.resume()
    await until(elena, "/intake/persone?q=Longo", "0 persone.", desk)
    desk.away = False
    await register(desk, elena, lost)
    await until(elena, "/intake/persone?q=Longo", "1 persona.", desk)
    await expect(elena.get_by_role("link", name=lost.name)).to_have_count(1)


async def test_by_keyboard_alone(desk: Desk) -> None:
    context = await desk.browser.new_context(locale="it-IT")
    page = await desk.watched(context)
    await page.goto(desk.address + "/sign-in?next=/intake/registra")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Vai al contenuto"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "contenuto"
    await tab_to(page, "document.activeElement.value === 'u-elena.conti'")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/intake/registra")
    typed = {
        "channel": "Parr", "family_name": "Testa", "given_name": "Olga", "birth_date": "12121975", "sex": " ",
        "municipality": "Imol", "education": "Dip",
    }  # fmt: skip
    for name, keys in typed.items():
        await tab_to(page, f"document.activeElement.name === '{name}'")
        await page.keyboard.type(keys)
    await tab_to(page, "document.activeElement.textContent === 'Registra'")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text(RECORDED)).to_be_visible()
    await expect(page.locator("h1")).to_have_text("Testa Olga")
    await expect(page.locator("main")).to_contain_text("12/12/1975")


async def tab_to(page: Page, condition: str) -> None:
    """Tab until the focus is there."""
    for _ in range(80):
        if await page.evaluate(condition):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the focus never came to {condition}")


NARROW = {
    "Giulia Rossi": (
        "/", "/intake/", "/intake/persone", "/intake/registra", "/intake/importa", "/intake/persone/{person}",
    ),
    "Sara Galli": (
        "/matching/", "/matching/candidati", "/matching/aziende", "/matching/ricerche", "/matching/inserimenti",
        "/matching/candidati/{person}", "/matching/candidati/{person}/inserimenti/{placement}",
    ),
    "Irene Villa": ("/training/", "/training/persone", "/training/corsi/nuovo", "/training/corsi/{course}"),
    "Maria Landi": ("/enterprise/", "/enterprise/budgets", "/enterprise/people", "/enterprise/projects/{project}"),
    "Francesca Sola": ("/reporting/", "/reporting/percorsi", "/reporting/percorsi/{person}", HALF_YEAR),
    "Nadia Rizzo": ("/reporting/esercizio", "/reporting/adesso"),
}  # fmt: skip


@pytest.mark.parametrize("name", NARROW)
async def test_on_a_phone_no_page_scrolls_sideways(desk: Desk, story: Story, name: str) -> None:
    page = await desk.enter(name, width=360)
    for path in NARROW[name]:
        where = path.format(
            person=story.person_id, placement=story.placement_id, course=story.course_id, project=story.project_id
        )
        await desk.go(page, where)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path


async def test_the_watch_sees_what_it_is_for(desk: Desk) -> None:
    """The negative control of what every test of this file ends with."""
    page = await desk.enter("Elena Conti")
    await page.evaluate("console.error('guasto')")
    await page.evaluate("document.querySelector('main').innerHTML = '<h1>x</h1><p>{\"a\": None}</p>'")
    await desk.look(page)
    await page.evaluate("fetch('/static/nulla.js')")
    assert any("guasto" in one for one in desk.wrong)
    assert any("None" in one for one in desk.wrong)
    assert any("404" in one for one in desk.wrong)
    desk.wrong.clear()
