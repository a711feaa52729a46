"""Working days in Bologna: when desks are open, so when something can be recorded."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

FIXED = ((1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (10, 4), (11, 1), (12, 8), (12, 25), (12, 26))
"""Month and day of the public holidays (L. 260/1949) and of San Petronio, the patron of Bologna."""
DAY = timedelta(days=1)


@cache
def easter(year: int) -> date:
    """Easter Sunday (Gregorian computus, anonymous algorithm)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = h + m - 7 * ((a + 11 * h + 22 * m) // 451) + 114
    return date(year, n // 31, n % 31 + 1)


@cache
def is_working(day: date) -> bool:
    """Whether desks are open."""
    return day.weekday() < 5 and (day.month, day.day) not in FIXED and day != easter(day.year) + DAY


@cache
def at_or_after(day: date) -> date:
    """The first working day from this one on."""
    while not is_working(day):
        day += DAY
    return day


@cache
def at_or_before(day: date) -> date:
    """The last working day up to this one."""
    while not is_working(day):
        day -= DAY
    return day


@cache
def later(day: date, working_days: int) -> date:
    """That many working days after the first working day from `day` on."""
    day = at_or_after(day)
    for _ in range(working_days):
        day = at_or_after(day + DAY)
    return day


@cache
def between(first: date, last: date) -> tuple[date, ...]:
    """All working days from `first` to `last`, both included."""
    return tuple(d for n in range((last - first).days + 1) if is_working(d := first + n * DAY))


@cache
def quarter_end(day: date) -> date:
    """The last working day of the day's quarter."""
    following = date(day.year + day.month // 10, (day.month - 1) // 3 * 3 % 12 + 4 if day.month < 10 else 1, 1)
    return at_or_before(following - DAY)
