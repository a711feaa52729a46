"""Intake's folds: the person's row agrees with the state, and the others' row with any order of sources."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import pytest

from services.intake import views
from services.intake.domain import Person, evolve, stage
from shared.envelope import Meta
from shared.events import enterprise, matching, training
from shared.events.base import Event
from tests.fixtures.intake_facts import AMINA, FOLLOWED, READY, action, checked, closed, done, plan, registered, uid


def meta(number: int, source: str = "intake") -> Meta:
    return Meta(
        id=uid(number), source=source, type="x", type_version=1, subject=AMINA, time=datetime(2024, 5, 6, tzinfo=UTC),
        topic="pathway", partition=0, number=number, predecessor=None, actor="u-elena", cause=uid(number),
        correlation=uid(number), causation=None, hops=0,
    )  # fmt: skip


def folded(*facts: Event, fold: Any = views.fold_person) -> dict[str, Any]:
    row: dict[str, Any] | None = None
    for number, fact in enumerate(facts):
        before = dict(row) if row else None
        after = fold(row, fact, meta(number))
        assert row == before, "a fold returns a new row"
        row = after
    assert row is not None
    return row


HISTORY = (
    *FOLLOWED,
    plan(action(1, "matching"), action(2, "training", "2024-05-31")),
    done(2, 102, "2024-03-01"),
    closed(),
)


@pytest.mark.parametrize("size", range(1, len(HISTORY) + 1))
def test_the_row_has_the_stage_of_the_state(size: int) -> None:
    person = Person()
    for fact in HISTORY[:size]:
        person = evolve(person, fact)
    row = folded(*HISTORY[:size])
    assert row["stage"] == stage(person)
    assert set(row) == set(views.PEOPLE.column_names)
    assert (row["in_charge_on"], row["closed_on"]) == (person.in_charge_on, person.closed_on)
    assert set(row["checks"]) == set(person.checks)


def test_any_fact_may_be_missing() -> None:
    for left_out in range(len(HISTORY)):
        row = folded(*HISTORY[:left_out], *HISTORY[left_out + 1 :])
        assert set(row) == set(views.PEOPLE.column_names)


def test_a_failed_check_waits_for_a_decision() -> None:
    assert folded(registered(), checked("status", "failed"))["stage"] == "to_decide"
    assert folded(*READY[:-1])["stage"] == "to_interview"


def test_the_next_due_date_is_of_what_is_still_open() -> None:
    assert folded(*HISTORY[:-2])["next_due_on"] == date(2024, 5, 31)
    assert folded(*HISTORY[:-1])["next_due_on"] == date(2024, 6, 30)
    assert folded(*HISTORY)["next_due_on"] is None


def test_a_new_episode_begins_afresh() -> None:
    row = folded(*HISTORY, registered("2024-03-10", episode=2))
    assert (row["episode"], row["stage"], row["checks"], row["plan"], row["outcome"]) == (
        2,
        "to_contact",
        {},
        None,
        None,
    )


ON = date(2024, 4, 2)
OTHERS: dict[str, list[Event]] = {
    "matching": [
        matching.Presented(on=ON, person_id=AMINA, vacancy_id=uid(60), company_id=uid(50)),
        matching.PlacementStarted(
            on=ON, person_id=AMINA, placement_id=uid(61), company_id=uid(50), vacancy_id=uid(60), contract="fixed_term",
            ends_on=date(2024, 9, 30),
        ),
        matching.PlacementEnded(
            on=date(2024, 8, 1), person_id=AMINA, placement_id=uid(61), company_id=uid(50), reason="resigned"
        ),
    ],
    "training": [
        training.Enrolled(on=ON, person_id=AMINA, course_id=uid(70), line="2b"),
        training.CourseCompleted(
            on=ON, person_id=AMINA, course_id=uid(70), line="2b", hours=60, certificate="skills"
        ),
    ],
    "enterprise": [
        enterprise.EnterprisePathStarted(on=ON, person_id=AMINA, project_id=uid(80), kind="self_employment"),
        enterprise.EnterpriseFunded(on=ON, person_id=AMINA, project_id=uid(80), amount=800_000),
    ],
}  # fmt: skip


def test_the_others_row_does_not_depend_on_the_order_between_sources() -> None:
    rows = []
    for order in permutations(OTHERS):
        row: dict[str, Any] | None = None
        for source in order:
            for number, fact in enumerate(OTHERS[source]):
                row = views.fold_others(row, fact, meta(100 * (1 + list(OTHERS).index(source)) + number, source))
        rows.append(row)
    assert all(row == rows[0] for row in rows)
    assert rows[0] is not None
    assert set(rows[0]) == set(views.OTHERS.column_names)
    assert {(f.event_id, f.direction) for f in views.fulfilments(rows[0])} == {
        (uid(101), "matching"), (uid(201), "training"), (uid(301), "enterprise"),
    }  # fmt: skip
    assert rows[0]["placements"][uid(61)]["ended"] == "2024-08-01"
    assert rows[0]["last_on"] == date(2024, 8, 1)


def test_everything_on_a_persons_pathway_is_heard() -> None:
    """So that the page shows all of it: a new fact of another service must be put into a view (intake's own facts
    are read from its store)."""
    heard = {event for view in views.VIEWS for event in view.hears if event.SUBJECT == "person_id"}
    contracts = {
        event
        for module in (matching, training, enterprise)
        for event in vars(module).values()
        if isinstance(event, type) and issubclass(event, Event) and getattr(event, "TOPIC", "") == "pathway"
        if event.SUBJECT == "person_id"
    }
    assert contracts
    assert contracts <= heard
