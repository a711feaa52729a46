"""Identity on a real PostgreSQL: tax codes that change, permits and their reminder, files and their end, the pages."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import text

from services.intake import commands, doors, forms, views
from services.intake.domain import person_stream
from services.intake.finding import Duplicate
from shared import clock
from shared.decisions import Refused
from shared.events.intake import DuplicateProposed, PermitReminderDue
from shared.web.readers import accounts
from tests.fixtures.intake import browser, send
from tests.fixtures.platform import Platform, Running, accepted

GIULIA, ELENA, SARA = "u-giulia.rossi", "u-elena.conti", "u-sara.galli"
PROVISIONAL, DEFINITIVE = "12345678903", "HDDMNA85H50Z330M"
AMINA: dict[str, Any] = {
    "family_name": "Haddad", "given_name": "Amina", "tax_code": PROVISIONAL, "birth_date": "1985-06-10", "sex": "F",
    "citizenship": "Z330", "birth_place": "Marocco", "phone": "+39 333 1234567", "municipality": "037006",
    "quartiere": "navile", "education": "upper_secondary", "channel": "parish", "on": "2024-03-04",
}  # fmt: skip
PERMIT: dict[str, Any] = {
    "type": "work", "number": "I0123456", "expires_on": "2024-06-20", "may_work": True, "on": "2024-05-06",
}  # fmt: skip


@pytest.fixture
async def running(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Running:
    made = await platform("intake")
    monkeypatch.setattr(clock, "now", lambda: made.now)
    return made


async def register(running: Running, **changes: Any) -> str:
    values = forms.RegisterForm.model_validate(AMINA | changes)
    outcome = await commands.register(running.store("intake"), running.command(), values)
    return accepted(outcome).events[0].event.subject


async def update(running: Running, person: str, **changes: Any) -> None:
    values = {name: value for name, value in (AMINA | changes).items() if name not in ("channel", "on")}
    form = forms.IdentityForm.model_validate(values)
    accepted(await commands.update_identity(running.store("intake"), running.command(), person, form))


async def found(running: Running, query: str) -> list[str]:
    return [one["person_id"] for one in await doors.find(running.store("intake"), accounts()[GIULIA], query)]


def photograph() -> bytes:
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x010F] = "TelefonoDiAmina"
    Image.new("RGB", (60, 40), "navy").save(out, "JPEG", exif=exif)
    return out.getvalue()


# --- tax codes ----------------------------------------------------------------------------------------------


async def test_a_code_that_was_replaced_still_finds_the_person(running: Running) -> None:
    person = await register(running)
    await update(running, person, tax_code=DEFINITIVE)
    assert await found(running, PROVISIONAL) == await found(running, DEFINITIVE) == [person]
    store = running.store("intake")
    again = forms.RegisterForm.model_validate(AMINA | {"given_name": "Salma", "birth_date": "1990-01-02"})
    refusal = await commands.register(store, running.command(), again)
    assert isinstance(refusal, Duplicate)
    assert refusal.people == (person,)
    async with store.engine.connect() as conn:
        versions = await conn.scalar(text("select count(*) from vault_rows where kind = 'identity'"))
    assert versions == 2, "what was written before is kept"


async def test_a_slip_finds_nobody_any_more(running: Running) -> None:
    person = await register(running, tax_code=DEFINITIVE)
    await update(running, person, tax_code=PROVISIONAL, forget_tax_code=True)
    assert await found(running, DEFINITIVE) == []
    assert await found(running, PROVISIONAL) == [person]


async def test_without_code_and_documents_two_of_one_name_and_day_are_asked_about(running: Running) -> None:
    first = await register(running, tax_code=None, document_type="none")
    store = running.store("intake")
    twin = AMINA | {"tax_code": None, "family_name": "Amina", "given_name": "Haddad"}
    refusal = await commands.register(store, running.command(), forms.RegisterForm.model_validate(twin))
    assert isinstance(refusal, Duplicate)
    assert (refusal.code, refusal.people) == ("possible_duplicate", (first,))
    second = await register(running, **(twin | {"another_person": True}))
    assert second != first
    history = await store.history(second)
    assert not [f for f in history if isinstance(f.event, DuplicateProposed)], "the operator has already looked"


# --- permits ------------------------------------------------------------------------------------------------


async def test_a_permit_and_its_reminder(running: Running) -> None:
    person, store = await register(running), running.store("intake")
    running.now = datetime(2024, 5, 6, 10, tzinfo=UTC)
    accepted(await commands.record_permit(store, running.command(), person, forms.PermitForm.model_validate(PERMIT)))
    await running.quiet()
    assert await profile(running, person) >= {("may_work", True), ("may_work_until", "2024-06-20")}
    await update(running, person)  # and the form of the identity does not take it back
    assert await profile(running, person) >= {("may_work", True), ("may_work_until", "2024-06-20")}
    worker = running.workers["intake"]
    await worker.deadlines()
    await worker.deadlines()
    await running.quiet()
    await worker.deadlines()
    reminders = [f.event for f in await store.history(person) if isinstance(f.event, PermitReminderDue)]
    assert len(reminders) == 1
    async with store.read() as reading:
        (row,) = await reading.rows(views.ending(reading, clock.today(), 60))
        assert (row["person_id"], row["stage"]) == (person, "to_contact")
    renewed = PERMIT | {"renewal_asked_on": "2024-05-06", "receipt": "R1234"}
    accepted(await commands.record_permit(store, running.command(), person, forms.PermitForm.model_validate(renewed)))
    await running.quiet()
    async with store.read() as reading:
        assert await reading.rows(views.ending(reading, clock.today(), 60)) == []
    assert ("may_work_until", None) in await profile(running, person)
    for fact in await store.history(person):
        assert "I0123456" not in fact.event.model_dump_json(), "the number is in the vault alone"


async def profile(running: Running, person: str) -> set[tuple[str, Any]]:
    async with running.store("intake").engine.connect() as conn:
        data = await conn.scalar(text("select data from profiles_out where person_id = :p"), {"p": person})
    return {(name, value) for name, value in data.items() if not isinstance(value, list)}


# --- files --------------------------------------------------------------------------------------------------


async def test_a_photograph_is_kept_sealed_and_given_back_as_a_download(running: Running) -> None:
    person, store = await register(running), running.store("intake")
    path, token = f"/intake/persone/{person}/documenti", str(uuid4())
    async with browser(running, GIULIA) as client:
        for _ in range(2):  # sent twice, kept once
            answer = await send(client, path, files={"file": ("CV di Amina.jpg", photograph())}, token=token, kind="cv")
            assert answer.status_code == 303
        state, _ = await store.state(person_stream(person))
        (attachment,) = state.identity.attachments
        page = (await client.get(f"/intake/persone/{person}")).text
        assert f"{path}/{attachment}" in page
        file = await client.get(f"{path}/{attachment}")
        assert file.headers["content-disposition"] == f'attachment; filename="cv-{attachment[:8]}.jpg"'
        assert file.headers["x-content-type-options"] == "nosniff"
        assert file.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert file.content.startswith(b"\xff\xd8")
        assert b"TelefonoDiAmina" not in file.content
        async with store.engine.connect() as conn:
            sealed = (await conn.execute(text("select sealed from vault_rows where kind = 'file'"))).scalars().all()
            seen = await conn.scalar(text("select count(*) from access_log where action = 'attachment'"))
        assert (len(sealed), seen) == (1, 1)
        assert file.content[:200] not in bytes(sealed[0])
        wrong = await send(client, path, files={"file": ("virus.pdf", b"MZ\x90\x00 not a document")}, kind="cv")
        assert wrong.status_code == 422
        assert "non è un PDF" in wrong.text
        assert (await send(client, f"{path}/{attachment}/togli")).status_code == 303
        assert (await client.get(f"{path}/{attachment}")).status_code == 404
    async with store.engine.connect() as conn:
        left = await conn.scalar(text("select count(*) from vault_rows where kind in ('file', 'attachment')"))
    assert left == 0


async def test_when_the_vault_erases_the_person_nothing_opens(running: Running) -> None:
    person, store = await register(running), running.store("intake")
    async with browser(running, GIULIA) as client:
        path = f"/intake/persone/{person}/documenti"
        await send(client, path, files={"file": ("permesso.pdf", b"%PDF-1.7 Amina")}, kind="permit")
        state, _ = await store.state(person_stream(person))
        (attachment,) = state.identity.attachments
        assert (await client.get(f"{path}/{attachment}")).content == b"%PDF-1.7 Amina"
        async with store.engine.begin() as conn:
            assert await store.vault.erase(conn, person) >= 3
        assert (await client.get(f"{path}/{attachment}")).status_code == 404
        assert (await client.get(f"/intake/persone/{person}")).status_code == 200
        assert await commands.opened(store, person, attachment) is None


async def test_who_may_not_see_documents_gets_none(running: Running) -> None:
    person = await register(running)
    async with browser(running, SARA) as client:
        path = f"/intake/persone/{person}/documenti"
        assert (await send(client, path, files={"file": ("a.pdf", b"%PDF-1.7")}, kind="cv")).status_code == 403
        assert (await client.get(f"{path}/{uuid4()}")).status_code == 403
        assert (await client.get("/intake/doppioni")).status_code == 403


# --- the pages ----------------------------------------------------------------------------------------------


async def test_the_case_manager_joins_and_parts_on_the_page(running: Running) -> None:
    first = await register(running)
    second = await register(running, tax_code=None, birth_date="1985-06-11")
    await running.quiet()
    async with browser(running, GIULIA) as client:
        listed = (await client.get("/intake/doppioni")).text
        a, b = sorted((first, second))
        assert f"/intake/doppioni/{a}/{b}" in listed
        pair = (await client.get(f"/intake/doppioni/{b}/{a}")).text
        assert "10/06/1985" in pair
        assert "11/06/1985" in pair
        bare = await send(client, f"/intake/doppioni/{a}/{b}/unisci", keep=first, ground="same_document")
        assert bare.status_code == 422
        assert "Campo obbligatorio" in bare.text
        reasons = {"keep": first, "ground": "same_document", "reasons": "Stesso passaporto."}
        assert (await send(client, f"/intake/doppioni/{a}/{b}/unisci", **reasons)).status_code == 303
        await running.quiet()
        assert "Nessuna coppia da guardare" in (await client.get("/intake/doppioni")).text
        shown = (await client.get(f"/intake/persone/{first}")).text
        assert f"/intake/persone/{second}" in shown
        assert "Il percorso sotto la scheda unita" in shown
        alias = (await client.get(f"/intake/persone/{second}")).text
        assert "Questa scheda è unita a" in alias
        refused = await send(client, f"/intake/persone/{second}/chiusura", outcome="withdrew", on="2024-05-01")
        assert refused.status_code == 409
        assert f'href="/intake/persone/{first}"' in refused.text
        people = (await client.get("/intake/persone")).text
        assert "1 persona" in people
        wrong = {"ground": "joined_by_mistake", "reasons": "Era la cugina."}
        assert (await send(client, f"/intake/doppioni/{a}/{b}/dividi", **wrong)).status_code == 303
        await running.quiet()
        assert "2 persone" in (await client.get("/intake/persone")).text
        compared = await client.get(f"/intake/persone/{first}/confronta", params={"q": "Haddad"})
        assert re.search(rf'href="/intake/doppioni/{first}/{second}"', compared.text)
        assert (await client.get(f"/intake/doppioni/{first}/{uuid4()}")).status_code == 404


async def test_the_permit_is_recorded_on_the_page_of_the_person(running: Running) -> None:
    person = await register(running, spoken_language="ar", interpreter=True, administrator_name="Avv. Neri")
    async with browser(running, ELENA) as client:
        page = (await client.get(f"/intake/persone/{person}")).text
        assert "Arabo" in page
        assert "Avv. Neri" in page
        path = f"/intake/persone/{person}/permesso"
        late = await send(client, path, **(PERMIT | {"expires_on": "2024-04-01", "may_work": "true"}))
        assert late.status_code == 422
        assert "è scaduto" in late.text
        fine = await send(client, path, **(PERMIT | {"may_work": "true"}))
        assert fine.status_code == 303
        page = (await client.get(f"/intake/persone/{person}")).text
        assert "scade tra 45 giorni" in page
        assert "I0123456" in page


async def test_refusals_leave_nothing(running: Running) -> None:
    person, store = await register(running), running.store("intake")
    before = await rows(running)
    late = forms.PermitForm.model_validate(PERMIT | {"expires_on": "2024-01-01"})
    assert isinstance(await commands.record_permit(store, running.command(), person, late), Refused)
    values = forms.JoinForm(keep=person, ground="other", reasons="Stesso nome.")
    assert isinstance(await commands.join_persons(store, running.command(), person, str(uuid4()), values), Refused)
    assert await rows(running) == before


async def rows(running: Running) -> tuple[int, ...]:
    async with running.store("intake").engine.connect() as conn:
        return tuple(
            [int(await conn.scalar(text(f"select count(*) from {name}")) or 0) for name in ("events", "vault_rows")]
        )
