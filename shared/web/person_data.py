"""What one service holds of a person, for the person (Regulation 2016/679, art. 15): the same door in every service.

The services never ask each other, and nothing of it goes through the log: the browser of whoever answers the request
opens this door in each service, gets a document that the service signed for this reader, and hands all of them to
intake, which puts them together as a page, a PDF and JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.corrections import effective
from shared.envelope import Recorded
from shared.events.base import Correction
from shared.projection import Reading
from shared.projection.aliases import group
from shared.store import Store
from shared.web import formats, tickets
from shared.web.app import get_store, name_of
from shared.web.facts import label_of
from shared.web.readers import Reader, requires

TEMPLATE = "person-data"
REFERENCE = re.compile(r"[0-9a-f-]{36}:[0-9]{1,9}:[0-9a-f]{64}")
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Part = dict[str, Any]
More = Callable[[Store, Reading, Sequence[str]], Awaitable[Sequence[str]]]
"""Further streams of the service that are about the person (their projects), by id."""
Vocabulary = Mapping[str, Mapping[str, str]]
"""Field -> code -> Italian words."""


@cache
def fields() -> dict[str, str]:
    """How the fields of the facts are called in Italian."""
    found: dict[str, str] = json.loads((Path(__file__).parent / "fields.json").read_text())
    return found


def _value(name: str, value: Any, words: Vocabulary) -> str:
    if isinstance(value, bool):
        return "sì" if value else "no"
    if isinstance(value, datetime):
        return formats.instant(value)
    if isinstance(value, date):
        return formats.day(value)
    if isinstance(value, list | tuple):
        return "; ".join(_value(name, one, words) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{fields().get(k, k)} {_value(k, v, words)}" for k, v in value.items() if v not in (None, ""))
    if isinstance(value, str):
        return words.get(name, {}).get(value, name_of(value) if value.startswith("u-") else value)
    return str(value)


def _said(recorded: Recorded, words: Vocabulary) -> list[list[str]]:
    """The fields of a fact as pairs of Italian name and value; bare ids and pointers to texts are left out."""
    event, pairs = recorded.event, []
    values = event.model_dump()
    if isinstance(event, Correction):
        pairs.append(["fatto corretto", label_of(event.fact_type)])
        pairs.append(["che cosa", "annullato" if event.corrected is None else "rettificato"])
        values = {}
    for name, value in values.items():
        if name in ("on", event.SUBJECT) or value in (None, (), [], ""):
            continue
        if isinstance(value, str) and (REFERENCE.fullmatch(value) or ID.fullmatch(value)):
            continue
        pairs.append([fields().get(name, name), _value(name, value, words)])
    return pairs


def _references(recorded: Recorded) -> list[str]:
    values = recorded.event.model_dump(mode="json").values()
    return [value for value in values if isinstance(value, str) and REFERENCE.fullmatch(value)]


async def part_of(store: Store, conn: AsyncConnection, service: str, streams: Sequence[str], words: Vocabulary) -> Part:
    """The facts of these streams in Italian, oldest first, each with the texts that it points to."""
    recorded = await store.facts(conn, streams)
    texts = await store.vault.read_many(conn, [r for fact in recorded for r in _references(fact)])
    holding = {fact.meta.id for fact in effective(recorded)}
    facts = [
        {
            "on": fact.event.on.isoformat(), "recorded_at": fact.meta.time.isoformat(),
            "what": label_of(fact.event.TYPE), "by": name_of(fact.meta.actor), "details": _said(fact, words),
            "texts": [texts[one] for one in _references(fact) if one in texts],
            "corrected_later": fact.meta.id not in holding and not isinstance(fact.event, Correction),
        }
        for fact in sorted(recorded, key=lambda each: (each.event.on, each.meta.time))
    ]  # fmt: skip
    return {"service": service, "facts": facts}


async def _no_more(store: Store, reading: Reading, ids: Sequence[str]) -> Sequence[str]:
    return ()


def router(service: str, words: Vocabulary | None = None, more: More = _no_more) -> APIRouter:
    """GET /persone/{id}/dati-personali: this service's part, signed for the reader."""
    made, action = APIRouter(), f"{service}.person_data"

    @made.get("/persone/{person_id}/dati-personali")
    async def own_part(
        request: Request, person_id: UUID, reader: Reader = requires(action), store: Store = Depends(get_store)
    ) -> Response:
        """What this service holds of the person, as a document that intake composes."""
        async with store.read() as reading:
            ids = await group(reading, str(person_id))
            streams = [*ids, *await more(store, reading, ids)]
            part = await part_of(store, reading.conn, service, streams, words or {})
            part["profile"] = {one: values for one, values in (await reading.profiles(ids)).items() if values}
        document = tickets.sign_document(reader, TEMPLATE, list(ids), part, action)
        body = orjson.dumps({"service": service, "document": document})
        return Response(body, media_type="application/json", headers={"cache-control": "no-store"})

    return made
