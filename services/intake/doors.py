"""The three doors (architecture, section 4): names go to the reader's browser here and nowhere else.

The services never ask each other. A ticket says which service answers for the need to know; here the reader
is checked, the name is read from the vault, and one row of the access log tells who saw whom, when and why.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.finding import PERSON_INDEX, query_tokens
from services.intake.scopes import those_in_scope
from shared import clock
from shared.projection import Reading
from shared.projection.aliases import ALIASES
from shared.projection.privacy import GONE, erased
from shared.store import Store
from shared.web.readers import Reader

FIELDS = ("name", "phone", "email", "birth_date", "tax_code", "address")
"""What a ticket of intake's own may ask for; another service's only for the name."""
TAGS_AT_MOST = 1000
"""Persons in one request; a longer page asks in pieces, by `ids`."""
FOUND_AT_MOST = 50

LOG = text(
    "insert into access_log (at, request_id, account, role, organisation, action, purpose, subjects, fields)"
    " values (:at, cast(:id as uuid), :account, :role, :organisation, :action, :purpose, :subjects, :fields)"
)


async def log_access(
    conn: AsyncConnection,
    reader: Reader,
    action: str,
    purpose: str,
    subjects: Sequence[str],
    fields: Sequence[str],
) -> None:
    """One row: this reader saw these fields of these persons. Append only."""
    await conn.execute(
        LOG,
        {
            "at": clock.now(), "id": str(uuid.uuid4()), "account": reader.account, "role": reader.role,
            "organisation": reader.organisation, "action": action, "purpose": purpose, "subjects": list(subjects),
            "fields": list(fields),
        },
    )  # fmt: skip


def full_name(identity: Mapping[str, Any]) -> str:
    """Family name first, as Italian lists are sorted."""
    return f"{identity['family_name']} {identity['given_name']}"


def _field(identity: Mapping[str, Any], field: str) -> str:
    return full_name(identity) if field == "name" else str(identity.get(field) or "")


async def identities(
    store: Store, reader: Reader, ids: Sequence[str], *, action: str, purpose: str, fields: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """The identities of those that exist, and the row of the access log in the same transaction."""
    return await _read(store, reader, ids, action, purpose, fields) if ids else {}


async def _read(
    store: Store, reader: Reader, ids: Sequence[str], action: str, purpose: str, fields: Sequence[str]
) -> dict[str, dict[str, Any]]:
    async with store.engine.begin() as conn:
        found = await store.vault.latest(conn, "identity", ids) if ids else {}
        await log_access(conn, reader, action, purpose, sorted(found), fields)
    return found


async def names(
    store: Store, reader: Reader, ids: Sequence[str], *, purpose: str, fields: Sequence[str] = ("name",)
) -> dict[str, dict[str, str]]:
    """Id -> field -> value, for the door `tags`. Unknown persons are left out; of erased ones it says when."""
    ids = await those_in_scope(store, reader, "intake.tags", ids)
    found = await identities(store, reader, ids, action="tags", purpose=purpose, fields=fields)
    gone = await _gone(store, [one for one in ids if one not in found]) if "name" in fields else {}
    known = {person: {field: _field(identity, field) for field in fields} for person, identity in found.items()}
    return known | {person: {"name": words} for person, words in gone.items()}


async def _gone(store: Store, ids: Sequence[str]) -> dict[str, str]:
    """What stands in the place of the name of those who were erased."""
    if not ids:
        return {}
    async with store.read() as reading:
        return {one: GONE.format(row["erased_on"]) for one, row in (await erased(reading, ids)).items()}


def may_ask(service: str, fields: Sequence[str]) -> bool:
    """Whether a service's page may ask for these fields of a person."""
    return set(fields) <= set(FIELDS if service == "intake" else ("name",)) and bool(fields)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    people: list[dict[str, Any]]
    """Those in the reader's scope: id, name, birth date."""
    outside: list[str]
    """The ids of the others, without names: for who has a motive to open them in emergency."""


async def search(store: Store, reader: Reader, query: str) -> Found:
    """The header's search: by name (any order, beginnings suffice), tax code, phone or e-mail. Each search is a row of
    the access log, one that finds nobody too."""
    tokens = query_tokens(query)
    if not tokens:
        return Found([], [])
    async with store.read() as reading:
        found_ids = await store.vault.find(reading.conn, PERSON_INDEX, tokens, FOUND_AT_MOST)
        ids = await by_root(reading, found_ids)
        inside = await those_in_scope(store, reader, "intake.find", ids, reading)
    found = await _read(store, reader, inside, "find", "intake.find", ("name", "birth_date"))
    people = [
        {"person_id": person, "name": full_name(identity), "birth_date": identity["birth_date"]}
        for person, identity in found.items()
    ]
    people.sort(key=lambda person: (person["name"].casefold(), person["person_id"]))
    return Found(people, [one for one in ids if one not in set(inside)])


async def find(store: Store, reader: Reader, query: str) -> list[dict[str, Any]]:
    """Those in the reader's scope whom the search finds."""
    return (await search(store, reader, query)).people


async def by_root(reading: Reading, ids: Sequence[str]) -> list[str]:
    """The ids under which these people are shown, each once: who was joined to another is found as the other."""
    table = reading.table(ALIASES)
    rows = await reading.rows(sa.select(table).where(table.c.person_id.in_(list(ids))))
    roots = {row["person_id"]: row["root_id"] for row in rows}
    return list(dict.fromkeys(roots.get(one, one) for one in ids))


async def compose_names(store: Store, reader: Reader, ids: Sequence[str], purpose: str) -> dict[str, str]:
    """Id -> name, for the slots of a signed document."""
    ids = await those_in_scope(store, reader, "intake.compose", ids)
    found = await identities(store, reader, ids, action="compose", purpose=purpose, fields=("name",))
    names_found = {person: full_name(identity) for person, identity in found.items()}
    return names_found | await _gone(store, [one for one in ids if one not in found])
