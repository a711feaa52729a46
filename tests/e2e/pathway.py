"""The steps of a person's pathway, each as an operator does it in the browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from playwright.async_api import Page, expect

from shared import clock
from tests.e2e.desk import Desk, fill, form_of, refused, send, until

TODAY = clock.today()
ON = TODAY.isoformat()


def after(days: int) -> str:
    """A day as a date field takes it, counted from today."""
    return (TODAY + timedelta(days=days)).isoformat()


@dataclass(frozen=True)
class Person:
    """Whom the pathway is about."""

    family_name: str
    given_name: str
    birth_date: str
    sex: str = "Donna"

    @property
    def name(self) -> str:
        """As lists show it."""
        return f"{self.family_name} {self.given_name}"


AMINA = Person("Rahimi", "Amina", "1988-03-12")


def id_in(page: Page) -> str:
    """The id at the end of the page's address."""
    found = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", page.url)
    assert found, page.url
    return found[0]


async def register(desk: Desk, page: Page, person: Person) -> str:
    """Assisted registration; gives the person's id."""
    await desk.go(page, "/intake/")
    await page.get_by_role("link", name="Nuova iscrizione").first.click()
    await send(
        desk, page, "/intake/registra",
        {
            "Come è arrivata": "Caritas",
            "Cognome": person.family_name,
            "Nome": person.given_name,
            "Data di nascita": person.birth_date,
            "Sesso": person.sex,
            "Cittadinanza": "Italia",
            "Telefono": "051 203040",
            "Comune del domicilio": "Bologna",
            "Quartiere": "Navile",
            "Titolo di studio": "Licenza media",
            "La persona ha firmato l'autodichiarazione del domicilio (DPR 445/2000)": True,
        },
    )  # fmt: skip
    await expect(page.locator("h1")).to_contain_text(person.given_name)
    return id_in(page)


async def check(desk: Desk, page: Page, person_id: str) -> None:
    """The two checks that are missing: the domicile's came with the declaration."""
    await desk.go(page, f"/intake/persone/{person_id}/verifiche")
    await send(
        desk, page, "/verifiche/stato",
        {"Situazione": "Disoccupata/o", "Ha dichiarato l'immediata disponibilità al lavoro (DID)": True},
    )  # fmt: skip
    await send(desk, page, "/verifiche/misure", {"Altra misura in corso": "Nessuna"})
    await desk.go(page, f"/intake/persone/{person_id}")


async def interview(desk: Desk, page: Page) -> None:
    await send(desk, page, "/colloquio", {"Come si è svolto": "Di persona", "Note": "Cerca un lavoro vicino a casa."})


async def charge(desk: Desk, page: Page, person_id: str, readiness: str = "Da formare") -> None:
    """Found fragile and taken in charge by the case manager who is signed in."""
    await desk.go(page, f"/intake/persone/{person_id}/valutazione")
    form = form_of(page, "/valutazione/fragilita")
    for words in ("Lavoro", "Situazione sociale"):
        await form.get_by_label(words, exact=True).check()
    await send(desk, page, "/valutazione/fragilita", {"Motivazione": "Senza lavoro da due anni, senza rete."})
    await desk.go(page, f"/intake/persone/{person_id}")
    await send(
        desk, page, "/presa-in-carico",
        {"Valutazione": readiness, "Motivazione della fragilità": "Senza lavoro da due anni."},
    )  # fmt: skip


ACTIONS = {
    "Formazione": "Corso di formazione",
    "Incontro domanda-offerta": "Inserimento in azienda",
    "Autoimprenditorialità": "Avvio di un'attività",
}
"""The action that a service of each direction tells to be done."""


async def plan(desk: Desk, page: Page, *directions: str) -> None:
    form = form_of(page, "/piano")
    await fill(form, {})
    for number, direction in enumerate(directions):
        group = form.get_by_role("group", name=re.compile(f"^Azione {number + 1}"))
        if not await group.is_visible():
            await form.get_by_text("Altre azioni").click()
        await group.get_by_label("Che cosa").select_option(label=ACTIONS[direction])
        await group.get_by_label("Chi lo fa").select_option(label="Un servizio del programma")
        await group.get_by_label("Entro il").fill(after(90 + number))
    await send(desk, page, "/piano", {})


async def in_charge(desk: Desk, desk_page: Page, manager_page: Page, person: Person, readiness: str) -> str:
    """From the first desk to the case manager, for tests that are about what comes later."""
    person_id = await register(desk, desk_page, person)
    await check(desk, desk_page, person_id)
    await interview(desk, desk_page)
    await charge(desk, manager_page, person_id, readiness)
    return person_id


async def company(desk: Desk, page: Page, name: str, vat_number: str) -> str:
    await desk.go(page, "/matching/aziende/nuova")
    await send(
        desk, page, "/aziende/nuova",
        {
            "Ragione sociale": name,
            "Partita IVA": vat_number,
            "Sede": "via Stalingrado 10, Bologna",
            "Distretto della sede": "Città di Bologna",
            "Dipendenti": "Da 6 a 20 dipendenti",
            "Settore (ATECO 2025)": "Alloggio e ristorazione",
            "Persona di contatto": "Rita Neri",
        },
    )  # fmt: skip
    return id_in(page)


async def vacancy(desk: Desk, page: Page, company_id: str, positions: int = 1) -> str:
    await desk.go(page, f"/matching/aziende/{company_id}/nuova-ricerca")
    await send(
        desk, page, "/nuova-ricerca",
        {"Professione (ISCO-08)": "Aiuto cucina", "Contratto offerto": "Tempo determinato", "Posti": str(positions)},
    )  # fmt: skip
    return id_in(page)


async def course(desk: Desk, page: Page, title: str, seats: int = 2) -> str:
    """Proposes a 2.b course that has already begun."""
    await desk.go(page, "/training/")
    await page.get_by_role("link", name="Nuovo corso").first.click()
    await send(
        desk, page, "/corsi/nuovo",
        {
            "Linea del protocollo": "2.b Professionalizzante mirata",
            "Materia": "Formazione professionalizzante",
            "Titolo": title,
            "Ente di formazione": "CEFAL Emilia-Romagna",
            "Ore": "40",
            "Posti": str(seats),
            "Primo giorno": after(-20),
            "Ultimo giorno": after(10),
            "Data della proposta": after(-30),
        },
    )  # fmt: skip
    return id_in(page)


async def place(desk: Desk, page: Page, vacancy_id: str, person: Person, person_id: str) -> str:
    """Selection, shortlist, presentation, placement; gives the placement's id."""
    where = f"/matching/ricerche/{vacancy_id}"
    await desk.go(page, where)
    await send(desk, page, "/selezioni", {})
    await until(page, where, person.name, desk)
    await send(desk, page, f"/candidati/{person_id}/rosa", {})
    await send(
        desk, page, f"/candidati/{person_id}/presentazione",
        {"La persona è d'accordo a essere presentata a questa azienda": True},
    )  # fmt: skip
    await send(
        desk, page, f"/candidati/{person_id}/inserimento",
        {"Contratto": "Tempo determinato", "Primo giorno di lavoro": ON, "Ultimo giorno previsto": after(60)},
    )  # fmt: skip
    await page.get_by_role("link", name="Vai all'inserimento").click()
    await expect(page.get_by_role("heading", name="Il rapporto di lavoro")).to_be_visible()
    return page.url.rstrip("/").split("/")[-1]


@dataclass(frozen=True)
class Story:
    """The whole pathway of one person, as the operators recorded it."""

    person: Person
    person_id: str
    course_id: str
    placement_id: str
    project_id: str
    said: dict[str, str]
    """What the platform answered where it had to refuse."""


async def whole(desk: Desk, person: Person) -> Story:
    """From the first desk through all five services."""
    said: dict[str, str] = {}
    elena, giulia = await desk.enter("Elena Conti"), await desk.enter("Giulia Rossi")
    person_id = await in_charge(desk, elena, giulia, person, "Da formare")
    await plan(desk, giulia, "Formazione", "Incontro domanda-offerta", "Autoimprenditorialità")
    irene, sara = await desk.enter("Irene Villa"), await desk.enter("Sara Galli")
    course_id = await course(desk, irene, "Aiuto cuoco")
    said["without positions"] = await refused(desk, irene, "/attiva", {"Data di attivazione": ON})
    company_id = await company(desk, sara, "Osteria del Pratello", "01234567897")
    vacancy_id = await vacancy(desk, sara, company_id, positions=2)
    await train(desk, irene, course_id, vacancy_id, person, person_id)
    placement_id = await place(desk, sara, vacancy_id, person, person_id)
    await send(desk, sara, "/proroga", {"Nuovo ultimo giorno": after(120)})
    project_id = await fund(desk, person, said)
    return Story(person, person_id, course_id, placement_id, project_id, said)


async def train(desk: Desk, page: Page, course_id: str, vacancy_id: str, person: Person, person_id: str) -> None:
    """Links, activates, enrols, completes."""
    where = f"/training/corsi/{course_id}"
    await until(page, where, vacancy_id[:8], desk)
    await form_of(page, "/collega").get_by_label("Ricerca con posizioni aperte").select_option(vacancy_id)
    await send(desk, page, "/collega", {})
    await send(desk, page, "/attiva", {})
    await until(page, where, person.name, desk)
    await form_of(page, "/iscrivi").get_by_label(person.name).check()
    await send(desk, page, "/iscrivi", {})
    await page.get_by_role("link", name="Registra l'esito").click()
    await expect(page.locator("h1")).to_have_text(person.name)
    await send(desk, page, "/completa", {"Ore frequentate": "38", "Documento rilasciato": "Attestato di frequenza"})


async def fund(desk: Desk, person: Person, said: dict[str, str]) -> str:
    """Submitted, judged by one committee, approved by the other within the budget, paid."""
    luca, anna, maria = [await desk.enter(name) for name in ("Luca Bassi", "Anna Serra", "Maria Landi")]
    await until(luca, "/enterprise/people", person.name, desk)
    await luca.get_by_role("link", name=person.name).click()
    await send(
        desk, luca, "/enterprise/projects",
        {
            "Tipo": "Autoimpiego",
            "Titolo del progetto": "Catering di quartiere",
            "Descrizione": "Pasti a domicilio.",
            "Settore": "Servizi",
            "Importo richiesto": "8.000,00",
        },
    )  # fmt: skip
    project_id = id_in(luca)
    where = f"/enterprise/projects/{project_id}"
    await desk.go(maria, "/enterprise/budgets")
    await send(
        desk, maria, "/enterprise/budgets",
        {"Nome della linea": "fsp", "Importo": "5.000,00", "Provenienza del denaro": "Fondazione San Petronio"},
    )  # fmt: skip
    await desk.go(anna, where)
    await send(desk, anna, "/judgement", {"Giudizio": "Idoneo", "Punti su 100": "80", "Motivazione": "Solido."})
    assert await form_of(anna, "/approval").count() == 0
    csrf = await anna.locator("input[name=csrf]").first.input_value()
    answer = await anna.request.post(desk.address + where + "/approval", form={"csrf": csrf, "amount": "1,00"})
    said["approval by the judge"] = f"{answer.status} {await answer.text()}"
    await desk.go(maria, where)
    line = f"fsp {TODAY.year}: restano 5.000,00 €"
    said["over the budget"] = await refused(
        desk, maria, "/approval",
        {"Linea di bilancio dell'anno della decisione": line, "Importo approvato": "6.000,00"},
    )  # fmt: skip
    await send(desk, maria, "/approval", {"Importo approvato": "4.500,00"})
    await desk.go(luca, where)
    await send(desk, luca, "/payments", {"Importo pagato": "4.500,00", "Numero del mandato di pagamento": "2026-17"})
    await expect(luca.get_by_text("Pagato per intero")).to_be_visible()
    return project_id
