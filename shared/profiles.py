"""The fine attributes of people on the one compacted topic: latest value only, versioned per person, ended by
a tombstone. Not facts: they have no numbers and are never replayed; who reads them keeps an erasable table."""

from __future__ import annotations

import asyncio

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.log import Log, Message, Record, partition_of
from shared.store import Store

TOPIC = "profiles"
PARTITIONS = 6
TYPE = b"intake.profile"


async def publish(store: Store, log: Log, now_ms: int) -> int:
    """Sends the newest version of each profile that is not out yet (the active worker of intake)."""
    async with store.engine.connect() as conn:
        rows = await conn.execute(
            text(
                "select person_id, version, data::text from profiles_out where published < version"
                " order by person_id limit 500"
            )
        )
        batches: dict[int, list[Message]] = {}
        out: list[tuple[str, int]] = []
        for person, version, data in rows:
            headers = (
                ("ce_type", TYPE), ("ce_source", b"intake"), ("ce_subject", person.encode()),
                ("ce_profileversion", b"%d" % version),
            )  # fmt: skip
            value = data.encode() if data is not None else None
            batches.setdefault(partition_of(person, PARTITIONS), []).append(
                Message(person.encode(), value, headers, now_ms)
            )
            out.append((person, version))
    if not out:
        return 0
    await asyncio.gather(*(log.append(TOPIC, partition, batch) for partition, batch in batches.items()))
    async with store.engine.begin() as conn:
        # A version written meanwhile is greater and stays to be sent.
        await conn.execute(
            text(
                "update profiles_out p set published = t.v"
                " from unnest(cast(:i as text[]), cast(:v as bigint[])) as t(i, v)"
                " where p.person_id = t.i and p.published < t.v"
            ),
            {"i": [person for person, _ in out], "v": [version for _, version in out]},
        )
    return len(out)


async def take(conn: AsyncConnection, records: list[Record]) -> None:
    """Keeps the newest version of each profile. What is not a profile of intake is ignored."""
    newest: dict[str, tuple[int, str | None]] = {}
    for record in records:
        headers = dict(record.headers)
        try:
            person, version = headers["ce_subject"].decode(), int(headers["ce_profileversion"])
            data = None if record.value is None else orjson.dumps(orjson.loads(record.value)).decode()
        except (KeyError, ValueError):
            continue
        if headers.get("ce_source") != b"intake" or record.partition != partition_of(person, PARTITIONS):
            continue
        if version > newest.get(person, (0, None))[0]:
            newest[person] = (version, data)
    if newest:
        await conn.execute(
            text(
                "insert into profiles as p (person_id, version, data)"
                " select i, v, cast(d as jsonb) from unnest(cast(:i as text[]), cast(:v as bigint[]),"
                " cast(:d as text[])) as t(i, v, d)"
                " on conflict (person_id) do update set version = excluded.version, data = excluded.data"
                " where p.version < excluded.version"
            ),
            {
                "i": list(newest),
                "v": [version for version, _ in newest.values()],
                "d": [data for _, data in newest.values()],
            },
        )
