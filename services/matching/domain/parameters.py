"""What a rule takes from outside the code: amounts and terms with the date from which they hold and their
source. Looked up with the civil date of the fact, so that a late fact is judged by the rule of its day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.events.matching import Contract

Term = Literal["required", "optional", "forbidden"]
"""Whether a contract states its last day."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A dated value; `source` says where it was read, `own` marks what nobody confirmed yet."""

    name: str
    value: int
    valid_from: date
    source: str


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("contract_max_years", 50, date(2017, 1, 1), "UniLav, modelli e regole (pmi.it/?p=8932)"),
    Parameter(
        "traineeship_max_months",
        24,
        date(2019, 7, 1),
        "L.R. 17/2005 art. 25 come sostituito da L.R. 1/2019: 6 mesi, 12 per svantaggiati, 24 per disabili, "
        "proroghe comprese; qui il limite più alto, la categoria non è nota a questo servizio",
    ),
    Parameter("ending_soon_days", 30, date(2017, 1, 1), "own: anticipo con cui si propone una proroga"),
    Parameter("unanswered_days", 15, date(2017, 1, 1), "own: giorni dopo i quali si sollecita l'azienda"),
)


@dataclass(frozen=True, slots=True)
class ContractTerm:
    """Whether a kind of contract has a last day, from when on, and by which rule."""

    contract: Contract
    term: Term
    valid_from: date
    source: str


_SINCE = date(2015, 6, 25)
CONTRACT_TERMS: tuple[ContractTerm, ...] = (
    ContractTerm("permanent", "forbidden", _SINCE, "D.Lgs. 81/2015 art. 1"),
    ContractTerm("fixed_term", "required", _SINCE, "D.Lgs. 81/2015 art. 19"),
    ContractTerm("on_call", "optional", _SINCE, "D.Lgs. 81/2015 art. 13 (own)"),
    ContractTerm("agency", "required", _SINCE, "D.Lgs. 81/2015 art. 31; senza scadenza è «permanent» (own)"),
    ContractTerm("apprenticeship", "optional", _SINCE, "D.Lgs. 81/2015 art. 41, anche stagionale (own)"),
    ContractTerm("domestic", "optional", _SINCE, "L. 339/1958 e CCNL (own)"),
    ContractTerm("collaboration", "optional", _SINCE, "c.p.c. art. 409 n. 3 (own)"),
    ContractTerm("traineeship", "required", _SINCE, "L.R. 17/2005 artt. 24-26 septies: durata nel progetto"),
)  # fmt: skip


def parameter(name: str, on: date) -> int:
    """The value in force on that day; the oldest one for days before all. Raises KeyError if unknown."""
    known = sorted((p for p in PARAMETERS if p.name == name), key=lambda p: p.valid_from)
    if not known:
        raise KeyError(name)
    return next((p.value for p in reversed(known) if p.valid_from <= on), known[0].value)


def contract_term(contract: Contract, on: date) -> Term:
    """Whether that contract states its last day, by the rule in force on that day."""
    known = sorted((t for t in CONTRACT_TERMS if t.contract == contract), key=lambda t: t.valid_from)
    return next((t.term for t in reversed(known) if t.valid_from <= on), known[0].term)
