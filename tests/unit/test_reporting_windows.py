"""The windows of the live page: what counts where, and in which minute, day and week of Rome."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.reporting import windows
from services.reporting.windows import Seen, Windows
from shared.clock import ROME

AMINA, LUCA = "00000000-0000-4000-8000-00000000a001", "00000000-0000-4000-8000-00000000a002"
NOON = datetime(2024, 5, 6, 10, 0, 30, tzinfo=UTC)  # a Monday, noon in Rome


def registered(person: str, district: str, time: datetime = NOON) -> Seen:
    data = json.dumps({"district": district}).encode()
    return Seen("intake", windows.REGISTERED, person, time, data)


def placed(person: str, time: datetime = NOON) -> Seen:
    return Seen("matching", "matching.placement-started", person, time)


def counted(*facts: Seen) -> Windows:
    found = Windows()
    found.take(facts)
    return found


def test_a_fact_counts_by_service_direction_and_district_of_its_person() -> None:
    found = counted(registered(AMINA, "imola"), placed(AMINA)).counts
    assert windows.figures(found, NOON, windows.DAY, windows.SERVICE) == {"intake": 1, "matching": 1}
    assert windows.figures(found, NOON, windows.DAY, windows.DIRECTION) == {"matching": 1}
    assert windows.figures(found, NOON, windows.MINUTE, windows.DISTRICT) == {"imola": 2}


def test_a_person_whose_registration_was_not_seen_is_of_no_known_district() -> None:
    assert windows.figures(counted(placed(LUCA)).counts, NOON, windows.DAY, windows.DISTRICT) == {"unknown": 1}


def test_a_corrected_district_holds_from_then_on() -> None:
    correction = {"fact_type": windows.REGISTERED, "corrected": {"district": "savena-idice"}}
    fact = Seen("intake", windows.CORRECTED, AMINA, NOON, json.dumps(correction).encode())
    found = counted(registered(AMINA, "imola"), fact, placed(AMINA)).counts
    assert windows.figures(found, NOON, windows.DAY, windows.DISTRICT) == {"imola": 1, "savena-idice": 2}


def test_a_cancelled_registration_says_no_district() -> None:
    data = json.dumps({"fact_type": windows.REGISTERED, "corrected": None}).encode()
    assert windows.district_said(windows.CORRECTED, data) is None


def test_days_are_romes_and_weeks_begin_on_monday() -> None:
    sunday_night = datetime(2024, 5, 5, 21, 59, tzinfo=UTC)  # 23:59 in Rome
    monday = datetime(2024, 5, 5, 22, 0, tzinfo=UTC)  # midnight in Rome
    found = counted(placed(AMINA, sunday_night), placed(AMINA, monday)).counts
    for window in (windows.DAY, windows.WEEK):
        assert windows.figures(found, monday, window, windows.SERVICE) == {"matching": 1}
        start = windows.start_of(window, windows.moment(window, monday))
        assert windows.instant_of(window, start) == monday


@pytest.mark.parametrize("day", [datetime(2024, 3, 31, 12, tzinfo=ROME), datetime(2024, 10, 27, 12, tzinfo=ROME)])
def test_a_day_is_one_window_also_when_the_clocks_change(day: datetime) -> None:
    hours = [datetime(day.year, day.month, day.day, hour, tzinfo=ROME) for hour in range(24)]
    assert len({windows.start_of(windows.DAY, windows.moment(windows.DAY, hour)) for hour in hours}) == 1


def test_old_windows_are_forgotten_and_the_present_ones_are_not() -> None:
    found = counted(placed(AMINA, NOON - timedelta(days=40)), placed(AMINA))
    found.forget(NOON)
    assert {cell[0] for cell in found.counts} == set(windows.SECONDS)
    assert all(n == 1 for n in found.counts.values())
    assert len(found.counts) == 9


def test_the_course_has_every_window_also_the_empty_ones() -> None:
    found = windows.course(counted(placed(AMINA, NOON - timedelta(days=2)), placed(AMINA)).counts, NOON, windows.DAY)
    assert [n for _, n in found] == [0, 0, 0, 0, 1, 0, 1]
    assert found[-1][0] == datetime(2024, 5, 5, 22, tzinfo=UTC)


@any_of(st.integers(0, 10 * 365 * 86_400))
def test_what_must_be_read_for_the_kept_windows_is_read(seconds: int) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    first = windows.since(now)
    for window in windows.SECONDS:
        for cell in windows.cells(placed(AMINA, first - timedelta(seconds=1)), None):
            if cell[0] == window:
                assert not windows.recent(cell, now)


@any_of(
    st.sampled_from(list(windows.SECONDS)), st.integers(0, 2**34), st.sampled_from(["service", "district"]),
    st.integers(0, 10**9),
)  # fmt: skip
def test_what_is_published_is_read_back(window: str, start: int, dimension: str, n: int) -> None:
    cell = (window, start, dimension, "matching")
    assert windows.decode(windows.encode(cell, n)[1]) == (cell, n)


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b"null", b'{"window": 1}', b"\xff"])
def test_what_is_no_figure_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError):
        windows.decode(value)
