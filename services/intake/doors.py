"""The three doors (architecture, section 4): names go to the reader's browser here and nowhere else.

The services never ask each other. A ticket says which service answers for the need to know; here the reader
is checked, the name is read from the vault, and one row of the access log tells who saw whom, when and why.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.finding import PERSON_INDEX, query_tokens
from shared import clock
from shared.projection import Reading
from shared.projection.aliases import ALIASES
from shared.store import Store
from shared.web.readers import Reader

FIELDS = ("name", "phone", "email", "birth_date", "tax_code", "address")
"""What a ticket may ask for."""
FOUND_AT_MOST = 50

LOG = text(
    "insert into access_log (at, request_id, account, action, purpose, subjects, fields)"
    " values (:at, cast(:id as uuid), :account, :action, :purpose, :subjects, :fields)"
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
            "at": clock.now(), "id": str(uuid.uuid4()), "account": reader.account, "action": action,
            "purpose": purpose, "subjects": list(subjects), "fields": list(fields),
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
    if not ids:
        return {}
    async with store.engine.begin() as conn:
        found = await store.vault.latest(conn, "identity", ids)
        await log_access(conn, reader, action, purpose, sorted(found), fields)
    return found


async def names(
    store: Store, reader: Reader, ids: Sequence[str], *, purpose: str, fields: Sequence[str] = ("name",)
) -> dict[str, dict[str, str]]:
    """Id -> field -> value, for the door `tags`. Erased and unknown persons are left out."""
    wanted = [field for field in fields if field in FIELDS] or ["name"]
    found = await identities(store, reader, ids, action="tags", purpose=purpose, fields=wanted)
    return {person: {field: _field(identity, field) for field in wanted} for person, identity in found.items()}


async def find(store: Store, reader: Reader, query: str) -> list[dict[str, Any]]:
    """The header's search: by name (any order, beginnings suffice), tax code, phone or e-mail."""
    tokens = query_tokens(query)
    if not tokens:
        return []
    async with store.read() as reading:
        found_ids = await store.vault.find(reading.conn, PERSON_INDEX, tokens, FOUND_AT_MOST)
        ids = await by_root(reading, found_ids)
    found = await identities(store, reader, ids, action="find", purpose="intake.find", fields=("name", "birth_date"))
    people = [
        {"person_id": person, "name": full_name(identity), "birth_date": identity["birth_date"]}
        for person, identity in found.items()
    ]
    return sorted(people, key=lambda person: (person["name"].casefold(), person["person_id"]))


async def by_root(reading: Reading, ids: Sequence[str]) -> list[str]:
    """The ids under which these people are shown, each once: who was joined to another is found as the other."""
    table = reading.table(ALIASES)
    rows = await reading.rows(sa.select(table).where(table.c.person_id.in_(list(ids))))
    roots = {row["person_id"]: row["root_id"] for row in rows}
    return list(dict.fromkeys(roots.get(one, one) for one in ids))


async def compose_names(store: Store, reader: Reader, ids: Sequence[str], purpose: str) -> dict[str, str]:
    """Id -> name, for the slots of a signed document."""
    found = await identities(store, reader, ids, action="compose", purpose=purpose, fields=("name",))
    return {person: full_name(identity) for person, identity in found.items()}
