"""One pathway as a reader can follow it: each fact in plain Italian, in the order of the log."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from services.reporting import labels
from shared.envelope import Recorded
from shared.events.base import REGISTRY, Correction, Event
from shared.projection import Row
from shared.web.case_labels import ACTION_KINDS
from shared.web.facts import label_of
from shared.web.formats import day, euro, instant, number, short
from shared.web.labels import DIRECTIONS, MOTIVES, SECTORS, check_reason, occupation

MONEY = frozenset({"amount", "requested"})
ACCOUNTS = frozenset(
    {
        "case_manager",
        "from_manager",
        "to_manager",
        "operator",
        "judged_by",
        "approved_by",
        "decided_by",
        "booked_by",
        "by",
    }
)
THINGS = frozenset({"company_id", "vacancy_id", "course_id", "project_id"})


@dataclass(frozen=True)
class Words:
    """What a text needs beside the fact: how accounts are called, and what is known of things."""

    name_of: Callable[[str], str]
    things: Mapping[str, Row] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One line of the timeline. `struck` if the fact no longer holds as it was recorded."""

    id: str
    on: date
    at: datetime
    service: str
    title: str
    text: str
    by: str
    struck: bool = False
    correction: str = ""
    """Who corrected it, when, why, and what holds instead."""
    place: str = ""


def fact_title(type_name: str) -> str:
    """What a type of fact is called, as a title."""
    text = label_of(type_name)
    return text[:1].upper() + text[1:]


_REFERENCE = re.compile(r"[0-9a-f-]{36}:[0-9]{1,9}:[0-9a-f]{64}")
"""Where a text is in a vault, under a name that elsewhere holds a code (`motive`)."""


def details(event: Event, words: Words) -> list[tuple[str, str]]:
    """The fields of a fact as pairs of Italian words; references and technical ids are left out."""
    found = []
    for name in type(event).model_fields:
        if name in labels.HIDDEN_FIELDS or name == event.SUBJECT:
            continue
        value = getattr(event, name)
        if value in (None, "", ()) or _REFERENCE.fullmatch(str(value)):
            continue
        found.append((labels.field(event.TYPE, name), say(event.TYPE, name, value, words)))
    return found


def say(type_name: str, name: str, value: Any, words: Words) -> str:
    """A field's value in Italian."""
    if (type_name, name) == ("intake.eligibility-checked", "reason"):
        return check_reason(str(value))
    if name == "occupation":
        return occupation(str(value))
    codes = labels.VALUES_OF.get((type_name, name)) or labels.VALUES.get(name)
    if codes is not None and isinstance(value, tuple):
        return ", ".join(codes.get(str(one), str(one)) for one in value)
    if codes is not None:
        return codes.get(str(value), str(value))
    if name in MONEY and isinstance(value, int):
        return euro(value)
    if name in ACCOUNTS:
        return words.name_of(str(value))
    if name in THINGS:
        return thing(str(value), words.things.get(str(value)))
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, int) and name != "year":
        return number(value)
    if isinstance(value, tuple):
        return ", ".join(_action(one) if isinstance(one, BaseModel) else str(one) for one in value)
    return short(value) if name.endswith("_id") else str(value)


def _action(action: BaseModel) -> str:
    values = action.model_dump()
    if "rule" in values:  # a duty that keeps something beyond an erasure
        until = f" fino al {day(values['until'])}" if values["until"] else ""
        return f"{labels.VALUES['rule'].get(values['rule'], values['rule'])}{until}"
    what = ACTION_KINDS.get(values["kind"] or "") or DIRECTIONS.get(values.get("direction", ""), "")
    return f"{what} entro il {day(values['due_on'])}"


def thing(thing_id: str, row: Row | None) -> str:
    """A company, vacancy, course or project by its coarse card: no name of it is in the log."""
    if row is None:
        return short(thing_id)
    card = row["card"]
    match row["kind"]:
        case "company":
            parts = [SECTORS.get(card.get("sector", ""), ""), _label("size", card)]
        case "vacancy":
            parts = [occupation(card.get("occupation")), _label("contract", card)]
        case "course":
            parts = [labels.TOPICS.get(card.get("topic", ""), ""), _label("line", card)]
        case _:
            parts = [_label("kind", card), labels.PROJECT_SECTORS.get(card.get("sector", ""), "")]
    said = ", ".join(part for part in parts if part)
    return f"{said} ({short(thing_id)})" if said else short(thing_id)


def _label(name: str, card: Mapping[str, Any]) -> str:
    value = card.get(name)
    return labels.VALUES[name].get(str(value), str(value)) if value is not None else ""


def text_of(event: Event, words: Words) -> str:
    """The fact's details in one line."""
    return "; ".join(f"{name}: {value}" for name, value in details(event, words))


def entries(facts: Sequence[Recorded], words: Words) -> list[Entry]:
    """The timeline of these facts, in their order, the corrected ones struck through, with who, when and why.

    A correction stands at its own place too: it is something that happened.
    """
    last = {f.event.fact_id: f for f in facts if isinstance(f.event, Correction)}
    return [_entry(fact, last.get(fact.meta.id), words) for fact in facts]


def _entry(fact: Recorded, correction: Recorded | None, words: Words) -> Entry:
    meta, event = fact.meta, fact.event
    if isinstance(event, Correction):
        title = f"Correzione di «{label_of(event.fact_type)}» del {day(event.original().on)}"
        text = _what_holds(event, words)
    else:
        title, text = fact_title(event.TYPE), text_of(event, words)
    return Entry(
        id=meta.id, on=event.on, at=meta.time, service=meta.source, title=title, text=text,
        by=words.name_of(meta.actor), struck=correction is not None,
        correction=_corrected(correction, words) if correction is not None else "",
        place=f"{meta.topic}/{meta.partition}/{meta.source} n. {meta.number}",
    )  # fmt: skip


def _corrected(correction: Recorded, words: Words) -> str:
    event = correction.event
    assert isinstance(event, Correction)
    who = words.name_of(correction.meta.actor)
    verb = "Annullato" if event.corrected is None else "Rettificato"
    return f"{verb} da {who} il {instant(correction.meta.time)}: {_what_holds(event, words)}"


def _what_holds(event: Correction, words: Words) -> str:
    motive = MOTIVES[event.motive].lower()
    original, replacement = event.original(), event.replacement()
    if replacement is None:
        return f"annullato; motivo: {motive}"
    changes = [f"data: {day(original.on)} → {day(replacement.on)}"] if original.on != replacement.on else []
    for name in type(original).model_fields:
        before, after = getattr(original, name), getattr(replacement, name)
        if name == "on" or before == after:
            continue
        label = labels.field(original.TYPE, name)
        if name in labels.HIDDEN_FIELDS:
            changes.append(f"{label}: sostituito")
        else:
            changes.append(f"{label}: {_or_none(original, name, words)} → {_or_none(replacement, name, words)}")
    return f"{'; '.join(changes)}; motivo: {motive}"


def _or_none(event: Event, name: str, words: Words) -> str:
    value = getattr(event, name)
    return "nessuno" if value is None else say(event.TYPE, name, value, words)


def things_in(facts: Sequence[Recorded]) -> set[str]:
    """The ids of companies, vacancies, courses and projects that these facts name."""
    found = set()
    for fact in facts:
        versions = [fact.event]
        if isinstance(fact.event, Correction):
            replacement = fact.event.replacement()
            versions = [fact.event.original()] + ([replacement] if replacement else [])
        for event in versions:
            found |= {str(getattr(event, name)) for name in THINGS if getattr(event, name, None)}
    return found


FACT_LABELS = {type_: fact_title(type_) for type_ in REGISTRY}
"""Type -> title, for filters and exports."""
