"""What the pages share: companies' names, facts as they are told and corrected, filters, the way of a form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel, BeforeValidator

from services.matching import labels, views
from services.matching.domain import CORRECTABLE
from shared.corrections import effective
from shared.decisions import Refused
from shared.envelope import Recorded
from shared.events.base import Correction, Event, Id
from shared.events.matching import CompanyRegistered
from shared.projection import Reading, Row, View
from shared.store import Command, Outcome, Store
from shared.web.app import command, get_store, name_of
from shared.web.facts import label_of
from shared.web.pages import Errors, done, form
from shared.web.readers import Reader

StoreOf = Annotated[Store, Depends(get_store)]
Of = Annotated[Id, Path()]
"""An id in an address; anything else is a page that does not exist."""
Blank = BeforeValidator(lambda value: value or None)
"""A filter that was left empty asks for nothing."""
PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]
OnlyOf = Annotated[Id | None, Blank]
"""A filter of a file: the rows of one company or of one person."""
FileFormat = Annotated[Literal["csv", "xlsx"], Query()]
Wrong = Errors | Refused | None
M = TypeVar("M", bound=BaseModel)


async def submit(
    request: Request,
    reader: Reader,
    model: type[M],
    run: Callable[[Command, M], Awaitable[Outcome]],
    *,
    to: Callable[[Outcome], str],
    again: Callable[[Wrong], Awaitable[Response]],
) -> Response:
    """A form's whole way: read, decided, then away to `to`; or shown again with what is wrong with it."""
    values = await form(request, model)
    if isinstance(values, Errors):
        return await again(values)
    outcome = await run(command(request, reader), values)
    if isinstance(outcome, Refused):
        return await again(outcome)
    return done(request, outcome, to=to(outcome))


def first_subject(outcome: Outcome) -> str:
    """The stream of the first fact of an accepted command: the thing that it made."""
    assert not isinstance(outcome, Refused)
    return outcome.events[0].meta.subject


async def company_names(store: Store, reading: Reading, company_ids: Iterable[str | None]) -> dict[str, str]:
    """What these companies are called; those whose card was erased by the beginning of their id."""
    wanted = sorted({company_id for company_id in company_ids if company_id})
    references = await views.cards(reading, wanted)
    opened = await store.vault.read_many(reading.conn, list(references.values()))
    return {
        company_id: opened.get(references.get(company_id, ""), {}).get("name", f"Azienda {company_id[:8]}")
        for company_id in wanted
    }


async def with_companies(store: Store, reading: Reading, rows: Sequence[Row]) -> list[Row]:
    """The rows with a column `company`: its name."""
    names = await company_names(store, reading, (row["company_id"] for row in rows))
    return [row | {"company": names.get(row["company_id"], "")} for row in rows]


async def vacancy_rows(store: Store, reading: Reading, rows: Sequence[Row]) -> list[Row]:
    """Vacancies as tables show them: the company's name, the occupation's words."""
    named = await with_companies(store, reading, rows)
    return [row | {"job": labels.occupation(row["occupation"])} for row in named]


def fresh(view: View, recorded: Sequence[Recorded], key: str) -> Row | None:
    """A view's row from the facts as they are now, so that one reads one's own writes."""
    row: Row | None = None
    for fact in effective(recorded):
        if type(fact.event) in view.hears and view.key(fact.event) == key:
            row = view.fold(row, fact.event, fact.meta)
    return row


def told(recorded: Sequence[Recorded], about: Callable[[Event], bool] = lambda _: True) -> list[dict[str, Any]]:
    """The facts, newest first, each with what was corrected of it and the fields that can still be."""
    held = {fact.meta.id: fact.event for fact in effective(recorded)}
    why = {fact.event.fact_id: fact for fact in recorded if isinstance(fact.event, Correction)}
    items = []
    for fact in recorded:
        if isinstance(fact.event, Correction) or not about(fact.event):
            continue
        event, correction = held.get(fact.meta.id), why.get(fact.meta.id)
        items.append(
            {
                "id": fact.meta.id,
                "title": label_of(fact.meta.type).capitalize(),
                "on": (event or fact.event).on,
                "details": details(event or fact.event),
                "by": name_of(fact.meta.actor),
                "at": fact.meta.time,
                "state": "cancelled" if event is None else "rectified" if correction else "valid",
                "why": _why(correction) if correction else "",
                "fields": _fields(event) if event is not None else [],
            }
        )
    return sorted(items, key=lambda item: (item["on"], item["at"]), reverse=True)


def _why(correction: Recorded) -> str:
    assert isinstance(correction.event, Correction)
    return f"{labels.MOTIVES[correction.event.motive]}, {name_of(correction.meta.actor)}"


def _fields(event: Event) -> list[dict[str, Any]]:
    """The fields that a rectification may change, as the form shows them."""
    if isinstance(event, CompanyRegistered):
        return []  # a company's card has a page of its own
    found = []
    for name in CORRECTABLE.get(type(event), ()):
        value = getattr(event, name)
        choices = labels.choices(event.TYPE, name)
        if choices is not None and name == "occupation" and value not in choices:
            choices = {value: labels.occupation(value)} | choices
        found.append(
            {
                "name": "happened_on" if name == "on" else name,
                "label": labels.FIELDS[name],
                "value": value,
                "choices": choices,
                "kind": "date"
                if name in ("on", "ends_on", "closes_on")
                else "number"
                if name == "positions"
                else "text",
            }
        )
    return found


def details(event: Event) -> str:
    """What a fact says beside its name and date, in a few Italian words."""
    values = event.model_dump()
    words = []
    for name in ("occupation", "contract", "outcome", "reason"):
        if name in values:
            known = labels.choices(event.TYPE, name) or {}
            words.append(labels.occupation(values[name]) if name == "occupation" else known[values[name]])
    if "positions" in values:
        words.append(f"posti: {values['positions']}")
    for name, label in (("closes_on", "candidati fino al"), ("ends_on", "fino al")):
        if values.get(name):
            words.append(f"{label} {values[name]:%d/%m/%Y}")
    return ", ".join(words)
