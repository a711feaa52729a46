"""What several pages of reporting share."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import BeforeValidator

from services.reporting import figures
from services.reporting.domain import Period, period_of
from services.reporting.timeline import Words
from shared import clock
from shared.projection import Row
from shared.store import Store
from shared.web.app import get_store
from shared.web.problems import Problem

HOME = "/reporting"
FIRST_YEAR = 2017
"""The programme began on 22 May 2017: there is no earlier half-year."""
StoreOf = Annotated[Store, Depends(get_store)]
Formato = Annotated[Literal["csv", "xlsx"], Query()]
Blank = BeforeValidator(lambda value: value or None)
"""A filter left empty comes as an empty text."""
AsOf = Annotated[date | None, Query(ge=date(2017, 1, 1), le=date(2100, 12, 31)), Blank]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]


def instant_of(as_of: date | None) -> datetime:
    """The end of that day in Rome; now where none is given. Raises Problem 422 for a day to come."""
    if as_of is None or as_of == clock.today():
        return clock.now()
    if as_of > clock.today():
        raise Problem(422, "future_date", "La data di rilevazione non può essere nel futuro.")
    return figures.end_of(as_of)


def the_period(code: str) -> Period:
    """The half-year of an address, `2024-1`. Raises Problem 404."""
    period = period_of(code)
    if period is None or not FIRST_YEAR <= period.year <= 2100:
        raise Problem(404, "unknown_period", "Questo semestre non esiste: scrivilo come 2024-1 o 2024-2.")
    return period


def words(store: Store, things: dict[str, Row] | None = None) -> Words:
    """How accounts and things are called."""
    return Words(store.name_of, things or {})
