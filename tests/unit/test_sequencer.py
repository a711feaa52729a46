"""The one rule by which every reader goes forward."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from shared.sequencer import Broken, Seen, step

Fact = tuple[int, str, str | None]


def chain(length: int) -> list[Fact]:
    """Facts 1..length, each naming the one before."""
    return [(n, f"id-{n}", f"id-{n - 1}" if n > 1 else None) for n in range(1, length + 1)]


def test_the_first_fact_has_number_one_and_no_predecessor() -> None:
    assert step(None, 1, "a", None) == "take"
    assert step(None, 2, "b", "a") == Broken("gap", 1, 2)
    assert step(None, 1, "a", "z") == Broken("wrong-predecessor", 1, 1)


def test_the_next_is_taken_a_duplicate_skipped_anything_else_stops() -> None:
    last: Seen = (5, "e")
    assert step(last, 6, "f", "e") == "take"
    assert step(last, 5, "e", "d") == "skip"
    assert step(last, 3, "c", "b") == "skip"
    assert step(last, 7, "g", "f") == Broken("gap", 6, 7)
    assert step(last, 6, "f", "d") == Broken("wrong-predecessor", 6, 6)
    assert step(last, 5, "another", "d") == Broken("forked", 5, 5)


@given(length=st.integers(1, 40), seed=st.integers())
def test_any_relay_that_repeats_itself_has_each_fact_taken_once(length: int, seed: int) -> None:
    """A relay resumes from what it knows to be acknowledged: it may go back, never ahead."""
    chance, facts = random.Random(seed), chain(length)
    sent, at = [], 0
    while at < length:
        until = chance.randint(at + 1, length)
        sent += facts[at:until]
        at = chance.randint(0, until) if chance.random() < 0.3 and len(sent) < 400 else until
    last: Seen | None = None
    taken = []
    for number, event_id, predecessor in sent:
        verdict = step(last, number, event_id, predecessor)
        assert not isinstance(verdict, Broken)
        if verdict == "take":
            taken.append(number)
            last = (number, event_id)
    assert taken == list(range(1, length + 1))


@given(length=st.integers(3, 30), lost=st.integers(1, 28))
def test_a_lost_fact_is_never_passed_over_in_silence(length: int, lost: int) -> None:
    facts = chain(length)
    gone = facts.pop(min(lost, length - 2))
    last: Seen | None = None
    for number, event_id, predecessor in facts:
        verdict = step(last, number, event_id, predecessor)
        if isinstance(verdict, Broken):
            assert verdict == Broken("gap", gone[0], gone[0] + 1)
            return
        last = (number, event_id)
    raise AssertionError("the hole was not seen")
