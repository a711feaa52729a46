"""Scopes judged, and the table they stand in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.intake.domain.emergency import Glass, break_glass, evolve_glass, open_to, review
from shared.decisions import Refused
from shared.events.intake import EmergencyOpened
from shared.web.readers import Here, Reader, actions, glass_actions, may, rights_table, role_may, roles, scope_of
from shared.web.scopes import ALL, EXPLAINED, OUTSIDE, WORDS, Scoped, Scopes, within

GIULIA = Reader("u-giulia.rossi", "Giulia", "case_manager", "San Petronio", ("imola",), "o-san-petronio")
ELENA = Reader("u-elena.conti", "Elena", "desk_operator", "Comune", (), "o-comune")
HERS = Scoped("o-san-petronio", GIULIA.account, "imola", True)
COLLEAGUES = Scoped("o-san-petronio", "u-altra", "imola", True)
OTHERS = Scoped("o-imola", "u-davide.neri", "citta-di-bologna", True)
NOBODYS_NEAR = Scoped(district="imola", is_case=True)
NOBODYS_FAR = Scoped(district="citta-di-bologna", is_case=True)
LEFT = Scoped("", "u-uscito", "imola", True)
"""Followed by an account that nobody knows any more."""
COMPANY = Scoped("o-san-petronio")


@pytest.mark.parametrize(
    ("scope", "inside"),
    [
        ("all", {"hers", "colleagues", "others", "near", "far", "left", "company"}),
        ("own district", {"hers", "colleagues", "near", "left", "company"}),
        ("own organisation", {"hers", "colleagues", "near", "company"}),
        ("own cases", {"hers", "near", "company"}),
        ("something else", set()),
    ],
)
def test_each_scope_judges_what_a_thing_has(scope: str, inside: set[str]) -> None:
    things = {
        "hers": HERS, "colleagues": COLLEAGUES, "others": OTHERS, "near": NOBODYS_NEAR, "far": NOBODYS_FAR,
        "left": LEFT, "company": COMPANY,
    }  # fmt: skip
    assert {name for name, thing in things.items() if within(GIULIA, scope, thing)} == inside


@pytest.mark.parametrize("scope", ["own district", "own organisation", "own cases"])
def test_who_registered_a_person_keeps_them_until_somebody_follows_them(scope: str) -> None:
    hers = Scoped(district="citta-di-bologna", is_case=True, received_by=GIULIA.account)
    assert within(GIULIA, scope, hers), "of another district, but she took their data a minute ago"
    followed = Scoped("o-imola", "u-davide.neri", "citta-di-bologna", True, received_by=GIULIA.account)
    assert not within(GIULIA, scope, followed)


def test_who_has_no_districts_works_in_all_of_them() -> None:
    assert within(ELENA, "own district", OTHERS)
    assert within(ELENA, "own cases", NOBODYS_FAR)
    assert not within(ELENA, "own cases", OTHERS)
    nowhere = Reader("u-x", "X", "case_manager", "", (), "")
    assert not within(nowhere, "own organisation", LEFT), "two that nobody knows are not colleagues"


def test_what_a_request_is_about_narrows_what_may_be_done() -> None:
    assert may(GIULIA, "intake.plan")
    at_others = Reader(**{**GIULIA.__dict__, "here": Here("intake", (OTHERS,))})
    assert not may(at_others, "intake.plan")
    assert may(at_others, "matching.view"), "of another service nothing is known here"
    opened = Scoped("o-imola", "u-davide.neri", "x", True, frozenset({GIULIA.account}))
    at_opened = Reader(**{**GIULIA.__dict__, "here": Here("intake", (opened,))})
    assert may(at_opened, "intake.notes")
    assert not may(at_opened, "intake.close"), "the glass opens no decision on the case"
    assert not may(Reader(**{**at_opened.__dict__, "account": "u-altra"}), "intake.notes")


def test_the_table_is_whole() -> None:
    for role in roles():
        for action in actions():
            scope = scope_of(role, action)
            assert (scope is not None) == role_may(role, action)
            assert scope is None or scope in WORDS, (role, action)
    assert set(OUTSIDE) == set(WORDS) - {ALL}
    assert set(EXPLAINED) == set(WORDS.values())
    assert glass_actions() <= set(actions())
    assert scope_of("nobody", "intake.view") is None
    assert sum(len(rows) for rows in rights_table().values()) == len(actions())


def test_nothing_is_said_of_an_unknown_part() -> None:
    assert Scopes({"person_id": "person"}, {"lang": "x"}).unknown(["person_id", "lang", "secret_id"]) == ["secret_id"]


# Emergencies

NOW = datetime(2024, 5, 6, 10, tzinfo=UTC)
ID, EMERGENCY = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"
REFERENCE = f"{ID}:1:{'0' * 64}"


def opened(known: bool = True) -> list[EmergencyOpened] | Refused:
    return break_glass(
        known, person_id=ID, emergency_id=EMERGENCY, account="u-giulia.rossi", reason="urgent", motive=REFERENCE,
        hours=4, case_manager=None, on=date(2024, 5, 6),
    )  # fmt: skip


def test_an_opening_lasts_its_hours_and_not_a_moment_more() -> None:
    facts = opened()
    assert not isinstance(facts, Refused)
    recorded = [(facts[0], NOW)]
    assert open_to(recorded, NOW + timedelta(hours=3, minutes=59)) == {"u-giulia.rossi"}
    assert open_to(recorded, NOW + timedelta(hours=4)) == frozenset()
    assert isinstance(opened(known=False), Refused)


def test_an_opening_is_looked_at_once() -> None:
    facts = opened()
    assert not isinstance(facts, Refused)
    glass = evolve_glass(Glass(), facts[0])
    seen = review(glass, person_id=ID, emergency_id=EMERGENCY, on=date(2024, 5, 7))
    assert not isinstance(seen, Refused)
    again = review(evolve_glass(glass, seen[0]), person_id=ID, emergency_id=EMERGENCY, on=date(2024, 5, 7))
    other = review(glass, person_id=ID, emergency_id=ID, on=date(2024, 5, 7))
    assert [one.code for one in (again, other) if isinstance(one, Refused)] == ["already_seen", "no_emergency"]
