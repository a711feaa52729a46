"""Roles, tickets, signatures, sessions: who is who, and who may what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared import clock
from shared.events import REGISTRY, SERVICES
from shared.web import facts, sessions, signing, tickets
from shared.web.pages import safe_path
from shared.web.readers import accounts, actions, may, requires, role_may, roles
from tests.fixtures.web import AMINA, LUCA, reader_of

NAMES = ("intake.find", "intake.tags", "intake.compose", "reporting.pathway")


@pytest.mark.parametrize("role", ["region", "coordination_table"])
def test_region_and_table_see_figures_only(role: str) -> None:
    allowed = [action for action in actions() if role_may(role, action)]
    assert allowed
    assert all(action.startswith("reporting.") and action not in NAMES for action in allowed)


def test_two_keys_are_two_roles() -> None:
    for role in roles():
        assert not (role_may(role, "enterprise.judge") and role_may(role, "enterprise.approve")), role
    assert role_may("evaluation_committee", "enterprise.judge")
    assert role_may("management_committee", "enterprise.approve")


def test_every_role_has_somebody_and_every_action_a_role() -> None:
    assert {reader.role for reader in accounts().values()} == set(roles())
    for action in actions():
        assert any(role_may(role, action) for role in roles()), action


def test_signed_out_and_unknown_roles_may_nothing() -> None:
    assert not may(None, "intake.view")
    assert not role_may("godfather", "intake.view")


def test_an_action_nobody_wrote_down_fails_at_import() -> None:
    with pytest.raises(LookupError, match=r"intake\.typo"):
        requires("intake.typo")


def test_every_fact_and_service_has_words() -> None:
    assert set(facts.labels()) == set(REGISTRY)
    assert {action.partition(".")[0] for action in actions()} == set(SERVICES)
    assert facts.label_of("future.thing") == "future.thing"


def test_a_ticket_is_for_its_reader_its_use_and_a_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    sara, elena = reader_of("matching_operator"), reader_of("desk_operator")
    token = tickets.sign_ticket(sara, [AMINA, LUCA], ["name"], "matching.view")
    assert tickets.read_ticket(token, sara) == tickets.Ticket(sara.account, (AMINA, LUCA), ("name",), "matching.view")
    with pytest.raises(signing.BadToken):
        tickets.read_ticket(token, elena)
    with pytest.raises(signing.BadToken):
        tickets.read_document(token, sara)  # another use, another key
    body, _, signature = token.partition(".")
    for forged in (body[:-2] + "AA." + signature, body + ".", "", ".", "è.è", token + "x"):
        with pytest.raises(signing.BadToken):
            tickets.read_ticket(forged, sara)
    later = clock.now() + timedelta(minutes=16)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(signing.BadToken):
        tickets.read_ticket(token, sara)


def test_a_document_comes_back_as_it_was() -> None:
    sara = reader_of("matching_operator")
    token = tickets.sign_document(sara, "table", [AMINA], {"rows": [{"a": "è"}]}, "matching.export")
    assert tickets.read_document(token, sara) == tickets.Document(
        sara.account, "table", (AMINA,), {"rows": [{"a": "è"}]}, "matching.export"
    )


def test_a_session_ends_after_ten_idle_minutes_and_twelve_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    began = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    at = began
    monkeypatch.setattr(clock, "now", lambda: at)
    session: sessions.Session | None = sessions.start(reader_of("dpo"))
    assert session is not None
    value = sessions.write(session)
    at = began + timedelta(minutes=9)
    assert sessions.read(f"{sessions.COOKIE}={value}") == session
    at = began + timedelta(minutes=11)
    assert sessions.read(f"{sessions.COOKIE}={value}") is None
    at = began  # now it is used all day long
    for _ in range(12 * 12 - 1):
        at += timedelta(minutes=5)
        session = sessions.read(f"{sessions.COOKIE}={value}")
        assert session is not None, at
        assert session.to_renew
        value = sessions.write(session)
    at = began + timedelta(hours=12, seconds=1)
    assert sessions.read(f"{sessions.COOKIE}={value}") is None


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "",
     "evil", "/" + "a" * 3000, "/a\r\nSet-Cookie: x=y"],
)  # fmt: skip
def test_nobody_is_led_elsewhere(target: str) -> None:
    assert safe_path(target) == "/"


def test_a_path_of_the_site_stays() -> None:
    assert safe_path("/intake/persone?stato=pronta#oggi") == "/intake/persone?stato=pronta#oggi"
