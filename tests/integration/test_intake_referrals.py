"""Referrals on a real PostgreSQL: only one's own, as much as agreed, and each look in the access log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from services.intake import commands, forms
from services.intake.domain import parameter
from services.intake.domain.referrals import ORGANISATIONS
from services.intake.views.referrals import REFERRALS
from shared import clock
from shared.projection import Row
from shared.web import readers
from shared.web.readers import Reader
from tests.fixtures.intake import browser, send
from tests.fixtures.platform import Platform, Running, accepted

ELENA, GIULIA, PARISH, SOCIAL = "u-elena.conti", "u-giulia.rossi", "u-chiara.marini", "u-simone.fini"
AMINA: dict[str, Any] = {
    "family_name": "Haddad", "given_name": "Amina", "birth_date": "10/06/1985", "phone": "333 1234567",
    "municipality": "037006", "reason": "Cerca lavoro, sola con due figli.", "contact": "Chiara Marini 051 123456",
    "informed_on": "2024-03-04", "consent": "true", "agreed": "true",
}  # fmt: skip
QUICK: dict[str, Any] = {
    "family_name": "Haddad", "given_name": "Amina", "birth_date": "1985-06-10", "sex": "F", "citizenship": "Z330",
    "phone": "333 1234567", "municipality": "037006", "channel": "parish", "on": "2024-03-05",
}  # fmt: skip


@pytest.fixture
async def running(platform: Platform) -> Running:
    made = await platform("intake")
    made.now = clock.now()
    return made


async def rows(running: Running) -> list[Row]:
    await running.quiet()
    async with running.store("intake").read() as reading:
        return await reading.rows(reading.table(REFERRALS).select())


async def refer(running: Running, client: httpx.AsyncClient, **changes: Any) -> Row:
    """A referral as its organisation makes it; its row."""
    before = {row["referral_id"] for row in await rows(running)}
    sent = await send(client, "/intake/segnala/nuova", **(AMINA | changes))
    assert sent.status_code == 303, sent.text
    return next(row for row in await rows(running) if row["referral_id"] not in before)


def answer_at(row: Row) -> str:
    return f"/intake/segnalazioni/{row['referred_id']}/{row['referral_id']}"


async def test_a_referrer_sees_only_their_own_organisations_referrals(running: Running) -> None:
    async with browser(running, PARISH) as parish, browser(running, SOCIAL) as social:
        of_parish = await refer(running, parish)
        of_social = await refer(running, social, family_name="Bassi", given_name="Luca")
        for client, own, other, name in (
            (parish, of_parish, of_social, "Haddad Amina"), (social, of_social, of_parish, "Bassi Luca"),
        ):  # fmt: skip
            listed = (await client.get("/intake/segnala")).text
            assert name in listed
            assert other["referral_id"] not in listed
            assert name in (await client.get(f"/intake/segnala/{own['referral_id']}")).text
            assert (await client.get(f"/intake/segnala/{other['referral_id']}")).status_code == 404
            for path in ("/intake/", f"/intake/persone/{own['referred_id']}", answer_at(own), "/intake/segnalazioni",
                         "/intake/cerca?q=haddad", "/intake/accoglienza"):  # fmt: skip
                assert (await client.get(path)).status_code == 403, path
    async with running.store("intake").engine.connect() as conn:
        logged = await conn.execute(text("select distinct account, purpose from access_log order by account"))
        assert [tuple(row) for row in logged] == [(PARISH, "intake.refer"), (SOCIAL, "intake.refer")]


async def test_what_is_missing_is_said_and_nothing_is_kept(running: Running) -> None:
    async with browser(running, PARISH) as parish, browser(running, SOCIAL) as social:
        for changes, words in (
            ({"consent": ""}, "solo con il suo consenso"), ({"informed_on": ""}, "informativa"),
            ({"phone": ""}, "almeno un recapito"), ({"informed_on": "31/12/2099"}, "informativa"),
        ):  # fmt: skip
            refused = await send(parish, "/intake/segnala/nuova", **(AMINA | changes))
            assert refused.status_code == 422, words
            assert words in refused.text
            assert 'value="Haddad"' in refused.text
        assert await rows(running) == []
        public = await refer(running, social, consent="", agreed="")
    assert (public["level"], public["kind"]) == (3, "social_services")
    async with running.store("intake").engine.connect() as conn:
        assert await conn.scalar(text("select count(*) from vault_rows")) == 1


async def test_a_referral_sent_twice_is_one(running: Running) -> None:
    token = str(uuid4())
    async with browser(running, PARISH) as parish:
        for _ in range(2):
            assert (await send(parish, "/intake/segnala/nuova", token=token, **AMINA)).status_code == 303
    assert len(await rows(running)) == 1


async def test_the_three_levels_and_the_withdrawal(running: Running) -> None:
    """The same person, referred by a parish and by a social service: each hears its own level."""
    async with browser(running, PARISH) as parish, browser(running, SOCIAL) as social, browser(running, ELENA) as elena:
        by_parish, by_social = await refer(running, parish), await refer(running, social)
        queue = (await elena.get("/intake/segnalazioni")).text
        assert answer_at(by_parish) in queue
        accepted_ = await send(elena, answer_at(by_parish) + "/accogli", **QUICK)
        assert accepted_.status_code == 303, accepted_.text
        amina = by_parish["referred_id"]
        # The second referral is of the same person, whom the operator recognises.
        assert (await send(elena, answer_at(by_social) + "/accogli", **QUICK)).status_code == 422
        assert amina in (await elena.get(answer_at(by_social))).text
        known = await send(elena, answer_at(by_social) + "/conosciuta", person_id=amina)
        assert known.status_code == 303, known.text
        assert {row["person_id"] for row in await rows(running)} == {amina}
        assert "Nessuna segnalazione in attesa" in (await elena.get("/intake/segnalazioni")).text
        assert (await send(elena, answer_at(by_parish) + "/rispondi", reason="unreachable")).status_code == 409

        paths = [f"/intake/segnala/{row['referral_id']}" for row in (by_parish, by_social)]
        heard = (await parish.get(paths[0])).text
        assert "Non ancora contattata" in heard
        assert "Percorso</dt>" not in heard
        await interviewed(running, amina)
        assert "Contattata" in (await parish.get(paths[0])).text
        from_social = (await social.get(paths[1])).text
        assert "In valutazione" in from_social
        assert "Direzioni del piano" in from_social
        assert "già" not in from_social  # nobody hears that the person was known before

        assert (await send(elena, answer_at(by_parish) + "/consenso")).status_code == 303
        await running.quiet()
        silent = (await parish.get(paths[0])).text
        assert "solo che la segnalazione è stata ricevuta" in silent
        assert "Contattata" not in silent
        assert "Contattata" not in (await parish.get("/intake/segnala")).text
        refused = await send(elena, answer_at(by_social) + "/consenso")
        assert refused.status_code == 409
        assert "ente pubblico" in refused.text


async def interviewed(running: Running, person: str) -> None:
    values = forms.InterviewForm.model_validate({"mode": "in_person", "on": "2024-03-11"})
    accepted(await commands.hold_interview(running.store("intake"), running.command(GIULIA), person, values))
    await running.quiet()


async def test_a_declined_referral_says_why_only_to_the_highest_level(running: Running) -> None:
    async with browser(running, PARISH) as parish, browser(running, SOCIAL) as social, browser(running, ELENA) as elena:
        for client, sees in ((parish, False), (social, True)):
            row = await refer(running, client)
            assert (await send(elena, answer_at(row) + "/rispondi", reason="not_in_target")).status_code == 303
            await running.quiet()
            shown = (await client.get(f"/intake/segnala/{row['referral_id']}")).text
            assert ("Fuori dai requisiti" in shown) is sees


async def test_the_person_page_tells_who_referred(running: Running) -> None:
    async with browser(running, PARISH) as parish, browser(running, ELENA) as elena:
        row = await refer(running, parish)
        await send(elena, answer_at(row) + "/accogli", **QUICK)
        await running.quiet()
        shown = (await elena.get(f"/intake/persone/{row['referred_id']}")).text
    assert "Segnalata da" in shown
    assert "Corticella" in shown
    assert "Parrocchia" in shown


async def test_an_organisation_that_is_not_accredited_refers_nobody(running: Running) -> None:
    stranger = Reader("u-nadia.rizzo", "Nadia Rizzo", "referrer", "Associazione senza accreditamento")
    async with browser(running, stranger) as client:
        for answer in (await client.get("/intake/segnala"), await send(client, "/intake/segnala/nuova", **AMINA)):
            assert answer.status_code == 409
            assert "non è tra quelli accreditati" in answer.text
    assert await rows(running) == []


async def test_a_referral_that_is_not_there(running: Running) -> None:
    async with browser(running, ELENA) as elena, browser(running, PARISH) as parish:
        nothing = f"/intake/segnalazioni/{uuid4()}/{uuid4()}"
        assert (await elena.get(nothing)).status_code == 404
        assert (await send(elena, nothing + "/rispondi", reason="unreachable")).status_code == 404
        row = await refer(running, parish)
        crossed = f"/intake/segnalazioni/{row['referred_id']}/{uuid4()}"
        assert (await send(elena, crossed + "/accogli", **QUICK)).status_code == 404


def test_every_demonstration_referrer_is_accredited() -> None:
    names = {organisation.name for organisation in ORGANISATIONS}
    referrers = [one for one in readers.accounts().values() if one.role == "referrer"]
    assert len(referrers) >= 2
    assert {one.organisation for one in referrers} <= names


async def _kept(running: Running) -> set[str]:
    async with running.store("intake").engine.connect() as conn:
        return set((await conn.execute(text("select subject from vault_rows where kind = 'referral'"))).scalars())


async def test_what_was_said_of_who_was_not_registered_is_forgotten_after_its_term(running: Running) -> None:
    async with browser(running, PARISH) as parish, browser(running, ELENA) as elena:
        amina = await refer(running, parish)
        luca = await refer(running, parish, family_name="Bassi", given_name="Luca")
        irene = await refer(running, parish, family_name="Villa", given_name="Irene")
        declined = await send(elena, f"{answer_at(luca)}/rispondi", reason="not_domiciled")
        assert declined.status_code == 303, declined.text
        accepted_ = await send(elena, f"{answer_at(amina)}/accogli", **(QUICK | {"on": clock.today().isoformat()}))
        assert accepted_.status_code == 303, accepted_.text
    await running.quiet()
    worker, started = running.workers["intake"], running.now
    days = parameter("answered_referral_days", clock.today())
    running.now = started + timedelta(days=days)
    await worker.deadlines()
    everybody = {amina["referred_id"], luca["referred_id"], irene["referred_id"]}
    assert await _kept(running) == everybody, "the last day of the term"
    running.now = started + timedelta(days=days + 1)
    await worker.deadlines()
    assert await _kept(running) == everybody - {luca["referred_id"]}, "not who was registered, nor who still waits"
    async with running.store("intake").engine.connect() as conn:
        keys = await conn.scalar(text("select count(*) from vault_keys where subject = :s"), {"s": luca["referred_id"]})
    assert keys == 0
