"""What the law or the programme may change: dated parameters and the dated table of other measures.

`[own]` marks what no source read by the authors confirms: to be confirmed by the office, and changed here
by a new line with its own first day, never in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value in force from a civil date until the next line of the same name."""

    name: str
    value: int
    valid_from: date
    source: str


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("minimum_age", 15, date(2017, 1, 1), "[own] D.Lgs. 81/2015 art. 43: apprendistato dai 15 anni"),
    Parameter("first_contact_days", 35, date(2017, 1, 1), "4-5 settimane: interregeurope, pratica 4145"),
    Parameter("suspension_days", 180, date(2015, 9, 24), "D.Lgs. 150/2015 art. 19 c. 3"),
    Parameter("income_employee_cents", 814_500, date(2019, 1, 1), "D.L. 4/2019 art. 4 c. 15-quater"),
    Parameter("income_own_cents", 480_000, date(2019, 1, 1), "D.L. 4/2019 art. 4 c. 15-quater"),
    Parameter("income_employee_cents", 850_000, date(2022, 1, 1), "[own] art. 13 TUIR, soglia rivalutata"),
    Parameter("income_own_cents", 550_000, date(2022, 1, 1), "[own] art. 13 TUIR, soglia rivalutata"),
    Parameter("recently_closed_days", 30, date(2017, 1, 1), "[own] pagina Oggi"),
)
"""Ages in years, terms in days, money in cents a year."""


def parameter(name: str, on: date, table: tuple[Parameter, ...] = PARAMETERS) -> int:
    """The value in force on that date; before the first line, the first one. Raises KeyError if unknown."""
    lines = sorted((each for each in table if each.name == name), key=lambda each: each.valid_from)
    if not lines:
        raise KeyError(name)
    return next((each.value for each in reversed(lines) if each.valid_from <= on), lines[0].value)


Verdict = Literal["compatible", "incompatible", "to_discuss"]


@dataclass(frozen=True, slots=True)
class Measure:
    """How another measure goes together with the programme, from a civil date on."""

    code: str
    verdict: Verdict
    valid_from: date
    source: str


_2017 = date(2017, 1, 1)
MEASURES: tuple[Measure, ...] = (
    Measure("none", "compatible", _2017, "protocollo: nessun altro intervento in corso"),
    Measure("income_support", "compatible", _2017, "[own] NASpI e DIS-COLL: sostegno al reddito"),
    Measure("adi", "to_discuss", date(2024, 1, 1), "[own] ADI: percorso SIISL e patto di attivazione"),
    Measure("sfl", "to_discuss", date(2023, 9, 1), "[own] SFL: percorso SIISL e patto di attivazione"),
    Measure("reddito_di_cittadinanza", "to_discuss", date(2019, 4, 1), "[own] patto per il lavoro"),
    Measure("gol", "to_discuss", date(2022, 1, 1), "[own] programma GOL: stesso bisogno, stesso periodo"),
    Measure("lr14", "to_discuss", date(2017, 9, 1), "[own] L.R. E-R 14/2015: programma personalizzato"),
    Measure("regional_traineeship", "incompatible", _2017, "[own] tirocinio finanziato in corso"),
    Measure("other", "to_discuss", _2017, "[own] altra misura di politica attiva"),
)
"""'NOT already the recipient of another active employment policy measure' (interregeurope 4145)."""


def measures_on(on: date, table: tuple[Measure, ...] = MEASURES) -> dict[str, Verdict]:
    """The measures known on that date with their verdict."""
    found: dict[str, Verdict] = {}
    for each in sorted(table, key=lambda line: line.valid_from):
        if each.valid_from <= on:
            found[each.code] = each.verdict
    return found
