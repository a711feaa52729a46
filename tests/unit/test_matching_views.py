"""Matching's rows: what a page shows follows from the facts, in whatever order two owners' facts arrive."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any, get_args

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.matching import labels
from services.matching.views import CANDIDATES, COMPANIES, PLACEMENTS, PROPOSALS, VACANCIES, VIEWS, standing
from services.matching.views.folds import FOREVER
from shared.envelope import Meta
from shared.events import Event, intake, matching
from shared.projection import Row, View
from shared.projection.aliases import ALIASES
from shared.projection.privacy import PRIVACY
from shared.web.labels import CONTRACTS, DISTRICTS
from tests.fixtures.matching import (
    AMINA,
    BAKER,
    ENDED,
    EXPIRED,
    EXTENDED,
    FILLED,
    FIRST,
    FORNO,
    JOINED,
    LISTED,
    OPENED,
    SELECTING,
    SELECTION,
    SHOWN,
    STARTED,
    moved,
    no_answer,
)

META = Meta(
    id=AMINA, source="matching", type="t", type_version=1, subject=AMINA, time=datetime(2024, 6, 1,
    tzinfo=UTC),
    topic="pathway", partition=0, number=1, predecessor=None, actor="u-sara.galli", cause=AMINA,
    correlation=AMINA,
    causation=None, hops=0,
)  # fmt: skip
REFERENCE = f"{AMINA}:1:{'b' * 64}"
REGISTERED = intake.PersonRegistered(
    person_id=AMINA, episode=1, channel="parish", entry="assisted", age_band="30-39", sex="F",
    citizenship_area="africa",
    education="lower_secondary", district="pianura-est", union=None, in_capital=False, identity=REFERENCE,
    on=date(2024, 1, 10),
)  # fmt: skip
MET = intake.InterviewHeld(person_id=AMINA, interview_id=FIRST, mode="in_person", on=date(2024, 1, 15))
CHARGED = intake.TakenInCharge(
    person_id=AMINA, case_manager="u-giulia.rossi", readiness="ready", reasons=REFERENCE, on=date(2024, 1, 20)
)
CLOSED = intake.PathwayClosed(person_id=AMINA, outcome="found_work", on=date(2024, 6, 3))


def fold(view: View, facts: Iterable[Event]) -> Row | None:
    row: Row | None = None
    for fact in facts:
        if view.key(fact) is not None:
            row = view.fold(row, fact, META)
    return row


def rowed(view: View, *facts: Event) -> Row:
    row = fold(view, facts)
    assert row is not None
    return row


def test_the_candidate_appears_because_intake_said_so() -> None:
    assert rowed(CANDIDATES, REGISTERED)["status"] == "registered"
    row = rowed(CANDIDATES, REGISTERED, MET, CHARGED)
    assert (row["status"], row["readiness"], row["district"]) == ("in_charge", "ready", "pianura-est")
    assert (row["first_interview_on"], row["in_charge_since"]) == (MET.on, CHARGED.on)
    assert standing(row).in_charge
    closed = rowed(CANDIDATES, REGISTERED, MET, CHARGED, CLOSED)
    assert closed["status"] == "closed"
    assert standing(closed).closed_on == CLOSED.on
    assert not standing(None).in_charge


def test_a_new_episode_starts_over_and_keeps_what_matching_did() -> None:
    again = REGISTERED.model_copy(update={"episode": 2, "on": date(2024, 6, 10)})
    row = rowed(CANDIDATES, REGISTERED, MET, CHARGED, STARTED, CLOSED, again)
    assert (row["status"], row["first_interview_on"], row["closed_on"]) == ("registered", None, CLOSED.on)
    assert not standing(row).in_charge
    back = rowed(CANDIDATES, REGISTERED, CHARGED, CLOSED, again, moved(CHARGED, date(2024, 6, 20)))
    assert (back["first_charge_on"], back["in_charge_since"]) == (CHARGED.on, date(2024, 6, 20))
    assert back["closed_on"] is None
    assert row["last_placement_on"] == STARTED.on


def test_presentations_wait_until_they_are_answered() -> None:
    assert rowed(CANDIDATES, LISTED)["shortlists"] == {BAKER: SELECTION}
    assert rowed(CANDIDATES, LISTED, SHOWN)["open_presentations"] == 1
    for end in (no_answer("refused_by_company"), STARTED):
        row = rowed(CANDIDATES, LISTED, SHOWN, end)
        assert (row["open_presentations"], row["shortlists"]) == (0, {})


def test_who_works_until_when() -> None:
    assert rowed(CANDIDATES, STARTED)["works_until"] == STARTED.ends_on
    assert rowed(CANDIDATES, STARTED, EXTENDED)["works_until"] == EXTENDED.ends_on
    assert rowed(CANDIDATES, STARTED, ENDED)["works_until"] == ENDED.on
    permanent = STARTED.model_copy(update={"contract": "permanent", "ends_on": None})
    assert rowed(CANDIDATES, permanent)["works_until"] == FOREVER
    assert rowed(CANDIDATES, EXTENDED)["works_until"] is None


INTAKE_FACTS = (REGISTERED, MET, CHARGED, CLOSED)
OWN_FACTS = (LISTED, SHOWN, STARTED, EXTENDED)


@any_of(st.lists(st.booleans(), min_size=8, max_size=8))
def test_intake_and_matching_interleave_freely(turns: list[bool]) -> None:
    theirs, ours = list(INTAKE_FACTS), list(OWN_FACTS)
    mixed = [queue.pop(0) for turn in turns if (queue := theirs if turn else ours)] + theirs + ours
    assert fold(CANDIDATES, mixed) == fold(CANDIDATES, [*INTAKE_FACTS, *OWN_FACTS])


def test_a_company_is_the_same_in_every_order_of_its_streams() -> None:
    rows = [fold(COMPANIES, facts) for facts in permutations((JOINED, OPENED, STARTED))]
    assert all(row == rows[0] for row in rows)
    row = rows[0]
    assert row is not None
    assert (row["vacancies_count"], row["placements_count"], row["size"]) == (1, 1, "6-20")


def test_open_positions_follow_the_supply_stream() -> None:
    two = OPENED.model_copy(update={"positions": 2})
    assert rowed(VACANCIES, two, SELECTING)["open_positions"] == 2
    row = rowed(VACANCIES, two, SELECTING, FILLED, FILLED, EXPIRED)
    assert (row["open_positions"], row["selections_count"]) == (1, 1)
    assert (row["closed_on"], row["closed_because"]) == (EXPIRED.on, "expired")
    assert rowed(VACANCIES, FILLED)["open_positions"] == 0


def test_a_proposal_goes_from_shortlist_to_its_end() -> None:
    assert rowed(PROPOSALS, LISTED)["status"] == "shortlisted"
    assert rowed(PROPOSALS, LISTED, SHOWN)["status"] == "presented"
    assert rowed(PROPOSALS, LISTED, SHOWN, no_answer("no_answer"))["status"] == "no_answer"
    placed = rowed(PROPOSALS, LISTED, SHOWN, STARTED)
    assert (placed["status"], placed["placement_id"], placed["shortlisted_on"]) == (
        "placed",
        FIRST,
        LISTED.on,
    )
    assert fold(PROPOSALS, [STARTED.model_copy(update={"vacancy_id": None})]) is None


def test_a_placement_is_one_row_with_its_extensions() -> None:
    row = rowed(PLACEMENTS, STARTED, EXTENDED)
    assert (row["extensions"], row["ends_on"], row["until"]) == (1, EXTENDED.ends_on, EXTENDED.ends_on)
    assert row["company_id"] == FORNO
    assert rowed(PLACEMENTS, STARTED, ENDED)["until"] == ENDED.on
    assert fold(PLACEMENTS, [EXTENDED, ENDED]) is None


ALL_FACTS: tuple[Event, ...] = (
    intake.CaseTransferred(
        on=date(2024, 2, 1), person_id=AMINA, from_manager="u-giulia.rossi", to_manager="u-davide.neri",
        motive="workload",
    ),
    intake.PathwaySuspended(on=date(2024, 2, 2), person_id=AMINA, reason="personal", expected_until=None),
    intake.PathwayResumed(on=date(2024, 2, 3), person_id=AMINA),
    intake.ReadinessChanged(on=date(2024, 2, 1), person_id=AMINA, readiness="ready", reasons=REFERENCE),
    *INTAKE_FACTS, *OWN_FACTS,
    intake.ProposalAnswered(on=date(2024, 2, 10), person_id=AMINA, vacancy_id=BAKER, answer="accepted"),
    no_answer("no_answer"), ENDED, JOINED, OPENED, SELECTING, FILLED, EXPIRED
)  # fmt: skip


OWN_VIEWS = [view for view in VIEWS if view not in (ALIASES, PRIVACY)]
"""Those whose fold is here: who stands under another id or was erased is folded by all services alike (test_aliases,
test_rights_domain)."""


@pytest.mark.parametrize("view", OWN_VIEWS, ids=lambda view: view.name)
def test_every_row_has_exactly_its_columns_and_the_facts_are_left_alone(view: View) -> None:
    row: Row | None = None
    seen: set[type[Event]] = set()
    for fact in ALL_FACTS:
        if type(fact) not in view.hears or view.key(fact) is None:
            continue
        before = None if row is None else dict(row)
        after = view.fold(row, fact, META)
        assert row == before, "a fold must not change the row it was given"
        assert after is not None
        assert set(after) == set(view.column_names)
        row = after
        seen.add(type(fact))
    assert seen == set(view.hears)


@pytest.mark.parametrize(
    ("vocabulary", "names"),
    [
        (matching.Contract, CONTRACTS),
        (matching.Size, labels.SIZES),
        (intake.District, DISTRICTS),
        (matching.PresentationAnswered.model_fields["outcome"].annotation, labels.ANSWERS),
        (matching.PlacementEnded.model_fields["reason"].annotation, labels.END_REASONS),
        (matching.VacancyClosed.model_fields["reason"].annotation, labels.CLOSE_REASONS),
    ],
)
def test_every_code_has_an_italian_name(vocabulary: Any, names: dict[str, str]) -> None:
    assert set(get_args(vocabulary)) == set(names)
