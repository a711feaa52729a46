"""The desks where people come in: dated reference data, in the words of the field.

A desk that moved or was closed gets a last day and, if need be, a successor with a code of its own: a code
stands in facts and never changes its meaning. `[own]` marks what no source read by the authors confirms (the
opening hours of all of them): to be confirmed by the office and changed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from types import MappingProxyType

from shared import names, territory
from shared.events.intake import Channel, District

Span = tuple[time, time]
"""From, until (civil time in Rome); the end is not included."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A place with a queue. `quartiere` where it stands in one of Bologna's six."""

    code: str
    name: str
    municipality: str
    """ISTAT code of the municipality where it stands."""
    district: District
    opening: Mapping[int, tuple[Span, ...]]
    """ISO weekday (1 is Monday) -> the spans in which it is open; a weekday that lacks is closed."""
    channel: Channel
    """How somebody who walks in there came to the programme, unless they say otherwise."""
    valid_from: date
    valid_until: date | None = None
    """Last day, if it was closed for good."""
    quartiere: str | None = None
    travelling: bool = False
    """It goes from village to village: the network may be away, and the day is shorter."""
    source: str = "[own]"

    def holds(self, on: date) -> bool:
        """Whether the desk exists on that day."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)

    def spans(self, on: date) -> tuple[Span, ...]:
        """When it is open on that day, holidays and closures aside."""
        return self.opening.get(on.isoweekday(), ()) if self.holds(on) else ()


def _week(*days: tuple[str, str, str]) -> Mapping[int, tuple[Span, ...]]:
    """`_week(("1-5", "09:00", "13:00"), ("2", "14:30", "17:00"))`."""
    week: dict[int, tuple[Span, ...]] = {}
    for which, start, end in days:
        first, _, last = which.partition("-")
        for day in range(int(first), int(last or first) + 1):
            week[day] = (*week.get(day, ()), (time.fromisoformat(start), time.fromisoformat(end)))
    return MappingProxyType(week)


_FIRST = territory.PROGRAMME_START
_MORNINGS = _week(("1-5", "09:00", "13:00"), ("2", "14:30", "17:00"), ("4", "14:30", "17:00"))
_QUARTIERE = _week(("1", "08:30", "13:00"), ("3", "08:30", "13:00"), ("4", "14:30", "17:30"))


def _all() -> tuple[Desk, ...]:
    capital = territory.CAPITAL
    return (
        Desk(
            "malvezzi", names.DESKS["malvezzi"], capital, "citta-di-bologna", _MORNINGS, "desk", date(2017, 12, 20),
            source="via Zamboni 13, aperto il 20/12/2017: bolognatoday.it; orari [own]",
        ),
        *(
            Desk(
                f"sportello-{slug}", names.DESKS[f"sportello-{slug}"], capital, "citta-di-bologna", _QUARTIERE,
                "quartiere", _FIRST, quartiere=slug,
            )
            for slug in territory.QUARTIERI
        ),
        Desk(
            "caritas-san-petronio", names.DESKS["caritas-san-petronio"], capital, "citta-di-bologna",
            _week(("2-5", "09:00", "12:30")), "caritas", _FIRST,
        ),
        Desk(
            "appennino", names.DESKS["appennino"], "037059", "appennino-bolognese",
            _week(("2-4", "09:30", "13:00")), "desk", date(2025, 6, 3), travelling=True,
            source="sportelli itineranti 3-5/6/2025: ilrestodelcarlino.it; sede Vergato e giorni [own]",
        ),
    )  # fmt: skip


DESKS: dict[str, Desk] = {desk.code: desk for desk in _all()}
"""Every desk there ever was, by code."""


def desks_on(on: date, table: Mapping[str, Desk] | None = None) -> dict[str, Desk]:
    """The desks that exist on that day, by code."""
    return {code: desk for code, desk in (DESKS if table is None else table).items() if desk.holds(on)}


def desk_name(code: str) -> str:
    """How a desk is called, whether it still exists or not."""
    return names.DESKS.get(code, code)
