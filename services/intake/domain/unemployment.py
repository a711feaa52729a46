"""Days of unemployment: a short contract suspends it, seniority counts the days that no work took away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkPeriod:
    """A work relation, from its first to its last day inclusive; None: no end is known."""

    first: date
    last: date | None = None

    def days(self) -> int | None:
        """Its length in days, first and last included."""
        return None if self.last is None else (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Suspension:
    """How a contract suspends the status, seen on a date."""

    until: date
    """Last suspended day: the contract's end, or the last of the days that the law allows."""
    days: int
    """Suspended days so far."""
    now: bool
    """Whether the status is still suspended on that date."""


def suspension(work: WorkPeriod, limit: int, on: date, extended: bool = False) -> Suspension | None:
    """The suspension that a contract of at most `limit` days brings; None where it is longer, or has no end.

    Source: D.Lgs. 150/2015 art. 19 c. 3. First and last day count as suspended. A contract that was short and
    was extended beyond the limit (`extended`) suspends for `limit` days, then the status is lost.
    """
    length = work.days()
    if length is None or (length > limit and not extended):
        return None
    assert work.last is not None
    until = min(work.last, work.first + timedelta(days=limit - 1))
    days = max((min(on, until) - work.first).days + 1, 0)
    return Suspension(until, days, work.first <= on <= until)


def seniority(did_on: date, works: Sequence[WorkPeriod], on: date) -> int:
    """Days of unemployment on that date: from the DID to the day before, without the suspended ones.

    Source: D.Lgs. 150/2015 art. 19 and the practice of the employment centres: in days, the first and the last
    day of each work relation counted as suspended; overlapping relations suspend a day once.
    """
    suspended: set[date] = set()
    for work in works:
        day, last = max(work.first, did_on), min(work.last or on, on - DAY)
        while day <= last:
            suspended.add(day)
            day += DAY
    return max((on - did_on).days, 0) - len(suspended)
