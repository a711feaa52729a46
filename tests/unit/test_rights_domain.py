"""Retention rules, terms and the decisions about a person's rights: pure, as a table."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.intake.domain import Person, erasure, rights
from services.intake.domain.retention import RULES, closed_before, duties, elsewhere, ends_on, months_after, over, rule
from services.intake.domain.state import evolve
from shared.decisions import Decision, Refused
from shared.events.base import Event
from shared.events.intake import (
    ErasureConfirmed,
    KeptDuty,
    PersonErased,
    ProcessingRestricted,
    RestrictionLifted,
    RightAnswered,
)
from shared.projection.privacy import PRIVACY, fold_privacy

AMINA, OTHER = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"
REASONS = f"{AMINA}:1:{'ab' * 32}"
TODAY = date(2026, 3, 10)
META: Any = None
"""The fold asks nothing of who recorded it, and when."""
CLOSED = Person(registered_on=date(2024, 1, 8), closed_on=date(2024, 5, 6))
DUTY = KeptDuty(rule="de_minimis", since=date(2024, 1, 10), until=date(2034, 1, 10))


def after(person: Person, decision: Decision) -> Person:
    assert not isinstance(decision, Refused), decision
    for event in decision:
        person = evolve(person, event)
    return person


def code(decision: Decision) -> str:
    assert isinstance(decision, Refused), decision
    return decision.code


def proposed(person: Person = CLOSED, *, by: str | None = "u-a", kept: tuple[KeptDuty, ...] = ()) -> Person:
    return after(person, propose(person, by=by, kept=kept))


def propose(person: Person, *, by: str | None = "u-a", kept: tuple[KeptDuty, ...] = ()) -> Decision:
    return erasure.propose(
        person, person_id=AMINA, proposal_id=OTHER, ground="operator" if by else "retention", rule=None, by=by,
        kept=kept, reasons=None, today=TODAY,
    )  # fmt: skip


def confirm(person: Person, by: str) -> Decision:
    return erasure.confirm(person, person_id=AMINA, by=by, today=TODAY)


def carry_out(person: Person, on: date = date(2026, 3, 20), **more: Any) -> Decision:
    values: dict[str, Any] = {"kept": (), "early": False} | more
    return erasure.carry_out(person, {}, person_id=AMINA, today=on, **values)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 1, 31), 1, date(2024, 2, 29)), (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 11, 30), 3, date(2025, 2, 28)), (date(2024, 12, 31), 60, date(2029, 12, 31)),
        (date(2024, 3, 31), -1, date(2024, 2, 29)), (date(2024, 5, 6), 0, date(2024, 5, 6)),
    ],
)  # fmt: skip
def test_months_end_on_the_same_day_or_the_last(day: date, months: int, expected: date) -> None:
    assert months_after(day, months) == expected


def test_every_rule_names_its_source_and_is_dated() -> None:
    for one in RULES:
        assert one.source
        assert one.words
        assert rule(one.code, one.valid_from) is one
        assert "[own]" in one.source or re.search(r"Reg\.|art\.|D\.Lgs\.", one.source), one.code


def test_terms_run_from_the_fact_or_from_the_years_end() -> None:
    on = date(2024, 3, 4)
    assert ends_on(rule("de_minimis", on), on) == date(2034, 3, 4)
    assert ends_on(rule("accounting", on), on) == date(2034, 12, 31)
    assert ends_on(rule("fse_plus", on), on) == date(2029, 12, 31), "Reg. 2021/1060, art. 82"
    assert ends_on(rule("certificate", on), on) is None
    assert closed_before("never_charged", date(2026, 5, 6)) == date(2024, 5, 6)


def _others(**columns: Any) -> dict[str, Any]:
    return {"projects": {}, "courses": {}, "placements": {}} | columns


def test_the_duties_are_those_that_last() -> None:
    funded = _others(projects={"p": {"state": "funded", "on": "2024-03-04"}})
    assert [(d.rule, d.until) for d in duties([funded], TODAY)] == [
        ("accounting", date(2034, 12, 31)), ("de_minimis", date(2034, 3, 4)),
    ]  # fmt: skip
    assert duties([funded], date(2034, 6, 1)) == (
        KeptDuty(rule="accounting", since=date(2024, 3, 4), until=date(2034, 12, 31)),
    )
    assert duties([funded], date(2035, 1, 1)) == ()
    later = _others(projects={"q": {"state": "funded", "on": "2025-03-04"}})
    assert {d.since for d in duties([funded, None, later], TODAY)} == {date(2025, 3, 4)}, "of joined people, all"
    course = _others(courses={"c": {"state": "completed", "on": "2024-03-04"}})
    assert [d.rule for d in duties([course], TODAY)] == ["fse_plus"]
    assert elsewhere([course]) == ("certificate",)
    nothing = _others(
        projects={"p": {"state": "started", "on": "2024-03-04"}},
        courses={"c": {"state": "enrolled", "on": "2024-03-04"}},
    )
    assert duties([nothing], TODAY) == ()
    assert over([DUTY], date(2034, 1, 11))
    assert not over([DUTY], date(2034, 1, 10))
    assert not over([KeptDuty(rule="x", since=TODAY)], date(2099, 1, 1))


def test_only_a_closed_pathway_and_only_once() -> None:
    assert code(propose(Person())) == "not_registered"
    assert code(propose(Person(registered_on=date(2024, 1, 8)))) == "pathway_open"
    assert code(propose(proposed())) == "already_proposed"


def test_the_same_person_never_decides_twice() -> None:
    assert code(confirm(CLOSED, "u-b")) == "no_proposal"
    waiting = proposed()
    assert code(confirm(waiting, "u-a")) == "same_person"
    decided = confirm(waiting, "u-b")
    assert not isinstance(decided, Refused)
    assert isinstance(decided[0], ErasureConfirmed)
    assert decided[0].execute_on == date(2026, 3, 15)
    assert code(confirm(after(waiting, decided), "u-c")) == "already_confirmed"


def test_a_rules_proposal_takes_two_people() -> None:
    waiting = proposed(by=None)
    once = after(waiting, confirm(waiting, "u-a"))
    assert once.rights.proposal is not None
    assert once.rights.proposal.execute_on is None
    assert code(carry_out(once)) == "not_confirmed"
    assert code(confirm(once, "u-a")) == "same_person"
    twice = after(once, confirm(once, "u-b"))
    assert after(twice, carry_out(twice)).rights.scope == "full"


def test_the_day_comes_first_and_the_duties_are_looked_at_again() -> None:
    ready = proposed()
    ready = after(ready, confirm(ready, "u-b"))
    assert code(carry_out(ready, date(2026, 3, 14))) == "too_early"
    assert code(carry_out(replace(ready, closed_on=None))) == "pathway_open"
    full = carry_out(ready)
    partial = carry_out(ready, kept=(DUTY,))
    for decision, scope in ((full, "full"), (partial, "partial")):
        assert not isinstance(decision, Refused)
        assert isinstance(decision[-1], PersonErased)
        assert decision[-1].scope == scope
    erased = after(ready, partial)
    assert erased.rights.kept == (DUTY,)
    assert code(propose(erased)) == "still_kept"
    assert code(propose(after(ready, full))) == "person_erased"


def test_a_refused_erasure_answers_the_request_with_its_rule() -> None:
    asked = after(CLOSED, rights.request(CLOSED, person_id=AMINA, request_id=OTHER, right="erasure", by="person",
                                         today=TODAY))  # fmt: skip
    waiting = proposed(asked)
    assert waiting.rights.proposal is not None
    assert waiting.rights.proposal.ground == "request"
    no: dict[str, Any] = {"person_id": AMINA, "by": "u-b", "today": TODAY}
    assert code(erasure.drop(waiting, ground="claims", reasons=None, **no)) == "reasons_missing"
    said = erasure.drop(waiting, ground="claims", reasons=REASONS, **no)
    assert not isinstance(said, Refused)
    assert isinstance(said[1], RightAnswered)
    assert (said[1].outcome, said[1].grounds) == ("refused", ("claims",))
    only = erasure.drop(waiting, ground="mistake", reasons=None, **no)
    assert not isinstance(only, Refused)
    assert len(only) == 1, "the request goes on waiting"


def test_restriction_reaches_every_id_and_answers_its_request() -> None:
    asked = after(CLOSED, rights.request(CLOSED, person_id=AMINA, request_id=OTHER, right="restriction", by="operator",
                                         today=TODAY))  # fmt: skip
    decided = rights.restrict(asked, {OTHER: CLOSED}, person_id=AMINA, ground="accuracy", today=TODAY)
    assert not isinstance(decided, Refused)
    events: list[Event] = list(decided)
    assert [e.person_id for e in events if isinstance(e, ProcessingRestricted)] == [AMINA, OTHER]
    assert isinstance(events[-1], RightAnswered)
    limited = after(asked, [e for e in events if e.subject == AMINA])
    assert code(rights.restrict(limited, {}, person_id=AMINA, ground="claims", today=TODAY)) == "already_restricted"
    assert code(rights.lift(asked, {}, person_id=AMINA, today=TODAY)) == "not_restricted"
    lifted = rights.lift(limited, {}, person_id=AMINA, today=TODAY)
    assert after(limited, lifted).rights.restricted_on is None


def test_the_view_of_all_services_says_who_was_erased_and_who_is_restricted() -> None:
    limited = ProcessingRestricted(on=TODAY, person_id=AMINA, ground="accuracy")
    lifted = RestrictionLifted(on=TODAY, person_id=AMINA)
    gone = PersonErased(on=TODAY, person_id=AMINA, proposal_id=OTHER, scope="full")
    row = fold_privacy(None, limited, META)
    assert row is not None
    assert set(row) == set(PRIVACY.column_names)
    assert row["restricted_on"] == TODAY
    assert fold_privacy(row, lifted, META) is None
    erased = fold_privacy(row, gone, META)
    assert erased is not None
    assert set(erased) == set(PRIVACY.column_names)
    assert (erased["erased_on"], erased["restricted_on"]) == (TODAY, None)
    assert fold_privacy(erased, lifted, META) == erased


def test_what_is_kept_is_never_called_anonymous() -> None:
    """After an erasure ids and dates remain: pseudonymous data (art. 4(5)). No page may promise more."""
    root = Path(__file__).parents[2]
    places = [*root.glob("services/*/templates/**/*.html"), *root.glob("shared/web/templates/*.html"),
              *root.glob("services/intake/**/*.py"), *root.glob("services/intake/locale/*/*/*.po"),
              root / "services/intake/message_texts.json"]  # fmt: skip
    assert len(places) > 100
    found = {str(path.relative_to(root)): _promises(path.read_text()) for path in places}
    assert {path: words for path, words in found.items() if words} == {}
    assert _promises("I tuoi dati saranno resi anonimi.")
    assert _promises("Dopo la cancellazione resta un dato anonimizzato.")
    assert any("pseudonimo" in path.read_text() for path in places)


def _promises(text: str) -> list[str]:
    return re.findall(r"(?i)(?<!non )\banonim\w*", text)
