"""Every command of intake's pages as a JSON route: the same right, the same rules, a key against doing it twice."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from services.intake import api, pages
from services.intake.app import create_app
from services.intake.domain import person_stream
from shared.events.intake import PersonsJoined
from shared.web import sessions
from shared.web.readers import accounts
from shared.web.site import site
from tests.fixtures.agenda import AMINA, ELENA, GIULIA, register
from tests.fixtures.platform import NOON, Platform, Running, intake_at

DAVIDE = "u-davide.neri"
EVIDENCE = {"evidence": "self_declaration", "evidence_on": "2024-03-05", "on": "2024-03-05"}


@pytest.fixture
async def running(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Running:
    return await intake_at(NOON, platform, monkeypatch)


@pytest.fixture
async def giulia(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with _program(running, GIULIA) as client:
        yield client


def _program(running: Running, account: str) -> httpx.AsyncClient:
    service = create_app()
    service.state.store = running.store("intake")
    session = sessions.write(sessions.start(accounts()[account]))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(site({"intake": service})), base_url="http://testserver/intake/api",
        cookies={sessions.COOKIE: session},
    )  # fmt: skip


async def send(client: httpx.AsyncClient, path: str, key: str | None = None, **values: Any) -> httpx.Response:
    return await client.post(path, json=values, headers={"idempotency-key": key or str(uuid4())})


def types(answer: httpx.Response) -> list[str]:
    """What was recorded."""
    assert answer.status_code == 201, answer.text
    return [fact["type"] for fact in answer.json()["facts"]]


def test_every_form_of_the_pages_has_its_json_route() -> None:
    """Those that have none are named here, each with its reason."""
    without = {
        "/agenda/proposte": "one choice among those of a page; a program moves each appointment by itself",
        "/passaggi": "as many transfers as there are cases; a program sends each",
        "/importa": "a file; a program registers each person",
        "/persone/{person_id}/codice": "the code is shown once, on a sheet that is printed",
        "/doors/tags": "a door of its own", "/doors/compose": "a door of its own",
        "/bozze": "what is being typed", "/bozze/scarta": "what is being typed",
    }  # fmt: skip
    public = ("/domanda/", "/mia/", "/messaggi/basta/")
    acts = {act.page for module in api.WITH_ACTS for act in module.ACTS if act.api}
    forms = {
        str(getattr(route, "path", ""))
        for route in pages.router.routes
        if "POST" in getattr(route, "methods", ()) and not getattr(route, "path", "").startswith(public)
    }
    assert len(acts) > 50
    missing = forms - acts - set(without)
    assert not {path for path in missing if not _newer(path)}, missing


def _newer(path: str) -> bool:
    """Of parts that bring their own routes: accounts, emergencies, rights."""
    return path.startswith(("/utenti", "/enti", "/diritti", "/cancellazioni")) or path.endswith(("/emergenza",))


async def test_a_case_is_worked_from_the_first_contact_to_the_signed_plan(
    running: Running, giulia: httpx.AsyncClient
) -> None:
    amina = await register(running)
    base = f"/people/{amina}"
    await running.quiet()
    assert types(await send(giulia, f"{base}/contacts", channel="call", outcome="answered", on="2024-03-05")) == [
        "intake.contact-logged"
    ]
    note = await send(giulia, f"{base}/notes", note="Preferisce il mattino.")
    assert types(note) == ["intake.note-added"]
    for check, values in (
        ("status", {"work": "unemployed", "immediately_available": True} | EVIDENCE),
        ("measures", {"measure": "none"} | EVIDENCE),
    ):
        assert types(await send(giulia, f"{base}/checks/{check}", **values)) == ["intake.eligibility-checked"]
    assert types(await send(giulia, f"{base}/interviews", mode="phone", on="2024-03-11")) == ["intake.interview-held"]
    charge = {"case_manager": GIULIA, "readiness": "ready", "reasons": "Sola.", "on": "2024-03-12"}
    assert "intake.taken-in-charge" in types(await send(giulia, f"{base}/charge", **charge))
    step = {"kind": "training.italian", "by": "person", "due_on": "2024-06-28"}
    assert types(await send(giulia, f"{base}/plans", steps=[step], on="2024-03-13"))[0] == "intake.plan-agreed"
    signed = await send(giulia, f"{base}/plans/signatures", by="both", way="paper", on="2024-03-13")
    assert types(signed) == ["intake.plan-signed"] * 2
    reviewed = await send(giulia, f"{base}/plans/reviews", outcome="on_track", next_on="2024-07-01", on="2024-04-10")
    assert types(reviewed) == ["intake.plan-reviewed"]
    suspended = await send(giulia, f"{base}/suspension", reason="personal", on="2024-04-15")
    assert types(suspended) == ["intake.pathway-suspended"]
    assert types(await send(giulia, f"{base}/resumption", on="2024-05-02")) == ["intake.pathway-resumed"]
    permit = await send(
        giulia, f"{base}/permits", type="work", number="I123", expires_on="2025-01-31", may_work=True, on="2024-05-02"
    )
    assert types(permit) == ["intake.permit-recorded"]
    passed = await send(giulia, f"{base}/transfer", to_manager=DAVIDE, motive="workload")
    assert types(passed) == ["intake.case-transferred"]
    person, _ = await running.store("intake").state(person_stream(amina))
    assert person.case_manager == DAVIDE


async def test_the_same_key_is_the_same_command_and_a_refusal_is_a_problem(
    running: Running, giulia: httpx.AsyncClient
) -> None:
    amina = await register(running)
    await running.quiet()
    key = str(uuid4())
    first = await send(giulia, f"/people/{amina}/notes", key, note="Chiama sempre lei.")
    again = await send(giulia, f"/people/{amina}/notes", key, note="Chiama sempre lei.")
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)
    assert first.json()["facts"] == again.json()["facts"]
    fact = first.json()["facts"][0]
    assert fact["place"].endswith(f"/{fact['number']}")
    early = await send(giulia, f"/people/{amina}/resumption", on="2024-05-02")
    assert (early.status_code, early.headers["content-type"]) == (409, "application/problem+json")
    wrong = await send(giulia, f"/people/{amina}/notes")
    assert wrong.status_code == 422
    keyless = await giulia.post(f"/people/{amina}/notes", json={"note": "Senza chiave."})
    assert keyless.status_code == 428
    assert "Chiama sempre lei." not in first.text + again.text


async def test_the_right_of_the_page_is_the_right_of_the_route(running: Running) -> None:
    amina = await register(running)
    async with _program(running, "u-roberto.costa") as region:
        assert (await send(region, f"/people/{amina}/notes", note="Curioso.")).status_code == 403
    async with _program(running, ELENA) as elena:
        charge = {"case_manager": GIULIA, "readiness": "ready", "reasons": "Sola.", "on": "2024-03-12"}
        assert (await send(elena, f"/people/{amina}/charge", **charge)).status_code == 403


async def test_two_records_are_joined_and_parted_and_a_joined_one_names_its_root(
    running: Running, giulia: httpx.AsyncClient
) -> None:
    amina = await register(running)
    other = await register(running, AMINA | {"given_name": "Aminah", "birth_date": "1985-06-11"})
    await running.quiet()
    base = f"/people/{other}/doubles/{amina}"
    joined = await send(giulia, f"{base}/joining", keep=amina, ground="entered_twice", reasons="Iscritta due volte.")
    assert types(joined) == [PersonsJoined.TYPE] * 2
    await running.quiet()
    refused = await send(giulia, f"/people/{other}/interviews", mode="phone", on="2024-04-11")
    assert (refused.status_code, refused.json()["person_id"]) == (409, amina)
    parted = await send(giulia, f"{base}/parting", ground="two_people", reasons="Due passaporti.")
    assert types(parted) == ["intake.persons-parted"] * 2
    same = await send(giulia, f"/people/{amina}/doubles/{amina}/dismissal", reasons="La stessa.")
    assert (same.status_code, same.json()["code"]) == (409, "same_person")


async def test_an_appointment_is_booked_and_cancelled_and_a_session_planned(
    running: Running, giulia: httpx.AsyncClient
) -> None:
    amina = await register(running)
    await running.quiet()
    slot = {"desk": "malvezzi", "operator": GIULIA, "day": "2024-05-07", "at": "09:30"}
    booked = await send(giulia, f"/people/{amina}/appointments", **slot, purpose="interview", mode="in_person")
    assert types(booked)[0] == "intake.appointment-booked"
    person, _ = await running.store("intake").state(person_stream(amina))
    (appointment,) = person.appointments.booked
    cancelled = await send(giulia, f"/people/{amina}/appointments/{appointment}/cancellation", why="asked")
    assert "intake.appointment-cancelled" in types(cancelled)
    group: dict[str, Any] = slot | {"day": "2024-05-09", "theme": "job_search", "minutes": 60, "seats": 10}
    planned = await send(giulia, "/sessions", **group)
    assert "intake.group-session-planned" in types(planned)


async def test_a_file_is_sent_as_multipart_and_taken_out_again(running: Running, giulia: httpx.AsyncClient) -> None:
    amina = await register(running)
    await running.quiet()
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(picture, "JPEG")
    files = {"file": ("permesso.jpg", picture.getvalue(), "image/jpeg")}
    key = {"idempotency-key": str(uuid4())}
    sent = await giulia.post(f"/people/{amina}/attachments", data={"kind": "permit"}, files=files, headers=key)
    assert types(sent) == ["intake.attachment-added"]
    person, _ = await running.store("intake").state(person_stream(amina))
    (attachment,) = person.identity.attachments
    removed = await giulia.post(
        f"/people/{amina}/attachments/{attachment}/removal", headers={"idempotency-key": str(uuid4())}
    )
    assert types(removed) == ["intake.attachment-removed"]
    text = {"file": ("appunti.txt", b"Ciao", "text/plain")}
    bad = await giulia.post(
        f"/people/{amina}/attachments", data={"kind": "permit"}, files=text,
        headers={"idempotency-key": str(uuid4())},
    )  # fmt: skip
    assert (bad.status_code, bad.json()["code"]) == (422, "file_type")
