"""What happens now, counted in windows: per minute, day and week; by service, direction and district.

Pure, and the standard library alone: the Faust application (an environment of its own) and the live page both
count with these functions. What is counted are facts on `pathway` by the instant of their recording, corrections
included: something was recorded. Days and weeks (from Monday) are Rome's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

ROME = ZoneInfo("Europe/Rome")
MINUTE, DAY, WEEK = "minute", "day", "week"
SECONDS = {MINUTE: 60, DAY: 86_400, WEEK: 7 * 86_400}
KEPT = {MINUTE: 30, DAY: 7, WEEK: 4}
"""How many windows of each kind a page looks back on."""
MONDAY = 4 * 86_400
"""1 January 1970 was a Thursday: moments of weeks are counted from the Monday after."""
SERVICE, DIRECTION, DISTRICT = "service", "direction", "district"
DIRECTIONS = ("matching", "training", "enterprise")
"""The three lines of the protocol are three services; intake leads to all of them and is none."""
UNKNOWN = "unknown"
REGISTERED, CORRECTED = "intake.person-registered", "intake.pathway-fact-corrected"
Cell = tuple[str, int, str, str]
"""Window, its start (a moment), dimension, code."""


@dataclass(frozen=True, slots=True)
class Seen:
    """As much of a recorded fact as a window needs."""

    source: str
    type: str
    subject: str
    time: datetime
    data: bytes = b""
    """Only of registrations and their corrections: the district stands there."""


def moment(window: str, time: datetime) -> int:
    """Seconds on the clock that this window is cut by: UTC for minutes, Rome's wall clock for days and weeks (so
    that each day has the same length, whatever summer time does)."""
    if window == MINUTE:
        return int(time.timestamp())
    local = time.astimezone(ROME).replace(tzinfo=UTC)
    return int(local.timestamp()) - (MONDAY if window == WEEK else 0)


def start_of(window: str, at: int) -> int:
    """The start of the window that holds this moment."""
    return at - at % SECONDS[window]


def instant_of(window: str, start: int) -> datetime:
    """The instant (UTC) at which a window starts."""
    if window == MINUTE:
        return datetime.fromtimestamp(start, UTC)
    wall = datetime.fromtimestamp(start + (MONDAY if window == WEEK else 0), UTC).replace(tzinfo=ROME)
    return wall.astimezone(UTC)


def district_said(type_: str, data: bytes) -> str | None:
    """The district that a registration (or a correction of one) says; None if it says nothing."""
    if type_ == REGISTERED:
        return str(json.loads(data)["district"])
    if type_ == CORRECTED:
        correction = json.loads(data)
        if correction["fact_type"] == REGISTERED and correction["corrected"] is not None:
            return str(correction["corrected"]["district"])
    return None


def codes(fact: Seen, district: str | None) -> list[tuple[str, str]]:
    """Under what a fact counts: (dimension, code)."""
    found = [(SERVICE, fact.source), (DISTRICT, district or UNKNOWN)]
    if fact.source in DIRECTIONS:
        found.append((DIRECTION, fact.source))
    return found


def cells(fact: Seen, district: str | None) -> list[Cell]:
    """All the cells in which a fact counts one."""
    starts = [(window, start_of(window, moment(window, fact.time))) for window in SECONDS]
    return [(window, start, *code) for window, start in starts for code in codes(fact, district)]


def recent(cell: Cell, now: datetime) -> bool:
    """Whether a page still looks back on this window."""
    window, start = cell[:2]
    return start > start_of(window, moment(window, now)) - KEPT[window] * SECONDS[window]


@dataclass
class Windows:
    """Counts by cell, and the districts known so far."""

    counts: dict[Cell, int] = field(default_factory=dict)
    districts: dict[str, str] = field(default_factory=dict)

    def take(self, facts: Iterable[Seen]) -> None:
        """Counts these facts, each once: who gives them twice counts them twice."""
        for fact in facts:
            said = district_said(fact.type, fact.data)
            if said is not None:
                self.districts[fact.subject] = said
            for cell in cells(fact, self.districts.get(fact.subject)):
                self.counts[cell] = self.counts.get(cell, 0) + 1

    def forget(self, now: datetime) -> None:
        """Drops the windows on which no page looks back."""
        self.counts = {cell: n for cell, n in self.counts.items() if recent(cell, now)}


def since(now: datetime) -> datetime:
    """The instant from which facts have to be read for all the windows that a page looks back on."""
    return min(
        instant_of(window, start_of(window, moment(window, now)) - (KEPT[window] - 1) * SECONDS[window])
        for window in SECONDS
    ) - timedelta(hours=1)


def encode(cell: Cell, count: int) -> tuple[bytes, bytes]:
    """Key and value on `monitoring`."""
    window, start, dimension, code = cell
    values = {"window": window, "start": start, "dimension": dimension, "code": code, "count": count}
    return f"{window}|{start}|{dimension}|{code}".encode(), json.dumps(values, separators=(",", ":")).encode()


def decode(value: bytes) -> tuple[Cell, int]:
    """A value of `monitoring`. Raises ValueError where it is none."""
    try:
        v = json.loads(value)
        return (str(v["window"]), int(v["start"]), str(v["dimension"]), str(v["code"])), int(v["count"])
    except (KeyError, TypeError) as error:
        raise ValueError("not a windowed figure") from error


def figures(counts: Mapping[Cell, int], now: datetime, window: str, dimension: str) -> dict[str, int]:
    """The present window's counts by code."""
    start = start_of(window, moment(window, now))
    return {cell[3]: n for cell, n in counts.items() if cell[:3] == (window, start, dimension)}


def course(counts: Mapping[Cell, int], now: datetime, window: str) -> list[tuple[datetime, int]]:
    """How many facts in each of the windows that a page looks back on, the oldest first; empty ones too."""
    last = start_of(window, moment(window, now))
    starts = [last - n * SECONDS[window] for n in reversed(range(KEPT[window]))]
    totals = dict.fromkeys(starts, 0)
    for (kind, start, dimension, _), n in counts.items():
        if kind == window and dimension == SERVICE and start in totals:
            totals[start] += n
    return [(instant_of(window, start), n) for start, n in totals.items()]
