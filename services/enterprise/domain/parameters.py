"""Dated parameters: what the design marks [own], or what a call fixes for its years, is a row here."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Parameter(NamedTuple):
    """A value that a rule needs and that may change: from `valid_from` on, until a later row of the name."""

    name: str
    value: int
    valid_from: date
    source: str


PARAMETERS = (
    Parameter("ceiling.social_innovation", 800_000, date(2017, 1, 1), "[own] as in 2022, assumed for before"),
    Parameter("ceiling.social_innovation", 800_000, date(2022, 3, 18),
              "contributo max 8.000 euro: jotform 230862957169368; sassuolo2000 2022-03-18, 2023-04-03"),
    Parameter("ceiling.self_employment", 2_500_000, date(2017, 1, 1), "[own] as in 2022, assumed for before"),
    Parameter("ceiling.self_employment", 2_500_000, date(2022, 3, 18),
              "microcredito max 25.000 euro: jotform 230862957169368; sassuolo2000 2022-03-18, 2023-04-03"),
    Parameter("judgement.threshold", 60, date(2017, 1, 1), "[own] punti minimi su 100 per l'idoneità"),
    Parameter("publication.threshold", 100_000, date(2013, 4, 20),
              "[own] D.Lgs. 33/2013 art. 26 c. 2-3: più di 1.000 euro nell'anno allo stesso beneficiario"),
    Parameter("publication.redact_persons", 1, date(2013, 4, 20),
              "[own] D.Lgs. 33/2013 art. 26 c. 4: persone fisiche senza dati identificativi"),
)  # fmt: skip


def parameter(name: str, on: date) -> int:
    """The value in force on that date. Raises LookupError where none was: a hole in the table, not a rule."""
    rows = [row for row in PARAMETERS if row.name == name and row.valid_from <= on]
    if not rows:
        raise LookupError(f"{name} has no value on {on}")
    return max(rows, key=lambda row: row.valid_from).value


def euros(cents: int) -> str:
    """`123456` -> `1.234,56 €`."""
    whole, rest = divmod(cents, 100)
    return f"{whole:,}".replace(",", ".") + f",{rest:02d} €"
