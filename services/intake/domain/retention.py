"""How long what is kept, and from when: dated rules, each with its source.

Two kinds. A *duty* obliges to keep something although the person asks for its erasure (Regulation 2016/679,
art. 17(3)(b), (d), (e)); a *term* ends the reason to keep, and proposes the erasure. `[own]` marks what no source read
by the authors confirms: to be confirmed by the data protection officer, and changed here by a new line with its own
first day, never in place. (What the papers say of public archives, D.Lgs. 42/2004 art. 21 and the massimario di scarto,
is [own] too: the programme's own office decides whether its records fall under it.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from shared.events.intake import KeptDuty

Start = Literal["fact", "year_end", "closure", "erasure"]
Kind = Literal["duty", "term", "elsewhere"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A period, in force from a civil date until the next line of the same code."""

    code: str
    kind: Kind
    months: int | None
    """None: for ever."""
    start: Start
    valid_from: date
    words: str
    """What is kept, in Italian, as the letter to the person says it."""
    source: str


_2017 = date(2017, 1, 1)
RULES: tuple[Rule, ...] = (
    Rule(
        "de_minimis", "duty", 120, "fact", _2017, "i dati degli aiuti «de minimis» ricevuti dall'impresa",
        "Reg. (UE) 2023/2831 art. 6 (prima Reg. (UE) 1407/2013 art. 6): 10 anni dalla concessione",
    ),
    Rule(
        "accounting", "duty", 120, "year_end", _2017, "le scritture contabili dei pagamenti",
        "art. 2220 codice civile: 10 anni dall'ultima registrazione",
    ),
    Rule(
        "fse_plus", "duty", 60, "year_end", date(2021, 6, 30), "i documenti delle attività finanziate dal FSE+",
        "Reg. (UE) 2021/1060 art. 82: 5 anni dal 31 dicembre dell'ultimo pagamento; [own] la data del pagamento non è "
        "nota qui: si conta dall'ultimo fatto",
    ),
    Rule(
        "certificate", "elsewhere", None, "fact", _2017, "l'attestato del corso, presso l'ente di formazione",
        "[own] gli attestati restano per sempre all'ente che li ha rilasciati",
    ),
    Rule(
        "never_charged", "term", 24, "closure", _2017, "la domanda di chi non è stata/o presa/o in carico",
        "[own] domande senza presa in carico: 24 mesi dalla chiusura",
    ),
    Rule(
        "case_file", "term", 120, "closure", _2017, "il fascicolo di chi è stata/o seguita/o",
        "[own] 10 anni dalla chiusura del percorso",
    ),
    Rule(
        "kept_over", "term", 0, "erasure", _2017, "ciò che era rimasto per obbligo di legge",
        "Reg. (UE) 2016/679 art. 5(1)(e): l'obbligo è finito",
    ),
    Rule(
        "access_log", "term", 12, "fact", _2017, "il registro di chi ha visto i dati",
        "[own] 6-12 mesi; accessi degli amministratori: Garante, provvedimento 27/11/2008, almeno 6 mesi",
    ),
)  # fmt: skip


def rules_on(on: date, table: tuple[Rule, ...] = RULES) -> dict[str, Rule]:
    """The rules in force on that date, by code."""
    found: dict[str, Rule] = {}
    for rule in sorted(table, key=lambda each: each.valid_from):
        if rule.valid_from <= on:
            found[rule.code] = rule
    return found


def rule(code: str, on: date, table: tuple[Rule, ...] = RULES) -> Rule:
    """The rule in force on that date; before its first line, that one. Raises KeyError if unknown."""
    lines = sorted((each for each in table if each.code == code), key=lambda each: each.valid_from)
    if not lines:
        raise KeyError(code)
    return next((each for each in reversed(lines) if each.valid_from <= on), lines[0])


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or that month's last (Regulation 1182/71, art. 3(2)(c))."""
    first = date(day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1, 1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return min(first + timedelta(days=day.day - 1), last)


def ends_on(one: Rule, since: date) -> date | None:
    """Last day of the period that runs from `since`; none for what is kept for ever."""
    if one.months is None:
        return None
    begins = date(since.year, 12, 31) if one.start == "year_end" else since
    return months_after(begins, one.months)


def _duty(code: str, since: date) -> KeptDuty:
    return KeptDuty(rule=code, since=since, until=ends_on(rule(code, since), since))


def duties(others: Iterable[Mapping[str, Any] | None], today: date) -> tuple[KeptDuty, ...]:
    """What the law obliges to keep of the person today, from what the other services recorded (rows of the view
    `others`, one for each id of the person): of each rule the duty that lasts longest."""
    found: list[KeptDuty] = []
    for row in others:
        if row is None:
            continue
        for project in row["projects"].values():
            if project["state"] == "funded":
                on = date.fromisoformat(project["on"])
                found += [_duty("de_minimis", on), _duty("accounting", on)]
        for course in row["courses"].values():
            if course["state"] in ("completed", "left"):
                found.append(_duty("fse_plus", date.fromisoformat(course["on"])))
    longest: dict[str, KeptDuty] = {}
    for duty in found:
        if duty.until is not None and duty.until < today:
            continue
        other = longest.get(duty.rule)
        if other is None or (duty.until or date.max) > (other.until or date.max):
            longest[duty.rule] = duty
    return tuple(longest[code] for code in sorted(longest))


def elsewhere(others: Iterable[Mapping[str, Any] | None]) -> tuple[str, ...]:
    """What others keep for reasons of their own, which the person is told: codes of rules."""
    completed = any(c["state"] == "completed" for row in others if row for c in row["courses"].values())
    return ("certificate",) if completed else ()


def over(kept: Iterable[KeptDuty], today: date) -> bool:
    """Whether all of the duties are over."""
    return all(duty.until is not None and duty.until < today for duty in kept)


def closed_before(code: str, today: date) -> date:
    """A pathway that was closed before this day is due for erasure under the rule of a term."""
    one = rule(code, today)
    assert one.months is not None
    return months_after(today, -one.months)
