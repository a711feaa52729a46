"""National holidays and Bologna's patron, computed by the package `holidays`; closures of a desk's own are facts.

Not in the domain, which imports no library: rules get the days as an argument. The first Sunday of November
(Unità nazionale) is in the package's list; a Sunday is closed anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays

from services.intake.domain.desks import Desk
from shared import territory


@lru_cache(maxsize=64)
def _year(year: int, capital: bool) -> Mapping[date, str]:
    found = holidays.country_holidays("IT", subdiv="BO" if capital else None, years=year, language="it_IT")
    return {day: name.split(";")[0].strip() for day, name in found.items()}


def holidays_of(desk: Desk | None, *years: int) -> dict[date, str]:
    """Day -> what is celebrated. The patron of Bologna (4 October) only at desks in the municipality; other patrons
    [own] are entered as closures of the desk."""
    capital = desk is None or desk.municipality == territory.CAPITAL
    found: dict[date, str] = {}
    for year in set(years):
        found |= _year(year, capital)
    return found


def festive(*years: int) -> frozenset[date]:
    """The days that are festive everywhere in Italy, for the terms of the law; no municipality's patron."""
    return frozenset(day for year in set(years) for day in _year(year, False))
