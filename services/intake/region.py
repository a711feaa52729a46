"""Takes in what the Region says about other measures (`region.measures`) and ties it to our people.

Off until a convention exists (setting `region_measures`, secret `region_key`). The Region knows a person by a
token that both sides compute from the codice fiscale under the convention's key. What it says is kept in a table
for a finite time, so that report and registration may come in either order; the tie is a join with the vault's
index, made again whenever an identity is new or has another codice fiscale. See docs/adr.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import text

from services.intake.domain import person_stream
from services.intake.domain.reports import report_measure
from shared import clock, positions
from shared.decisions import Decision, Refused
from shared.events import region
from shared.events.operations import RecordRejected
from shared.log import Log, OffsetOutOfRange, Record
from shared.notices import notice
from shared.positions import Place, Position
from shared.store import Command, Store, Unit
from shared.vault import Pending

READER = PURPOSE = "region"
BATCH = 500
CAUSES = uuid.UUID("8d6e2a0c-4f5b-5c1b-9a63-5b1f0f7f2d90")


def token_of(key: bytes, tax_code: str) -> str:
    """The token under which both sides know a person. `tax_code`: 16 characters or the provisional 11 digits."""
    return hmac.new(key, tax_code.strip().upper().encode(), hashlib.sha256).hexdigest()


async def turn(store: Store, log: Log, now: datetime) -> int:
    """Reads, indexes, tells; returns how much was done, 0 where the switch is off. Raises LogUnavailable."""
    if not store.settings.region_measures:
        return 0
    read = await _take(store, log, now)
    indexed = await _index(store, now)
    return read + indexed + await _tell(store, now)


# -- what was said ----------------------------------------------------------------------------------------------


async def _take(store: Store, log: Log, now: datetime) -> int:
    """Reads on from the positions, which are written in the transaction of what they stand for."""
    identity = await log.identity(region.TOPIC)
    places = [(region.TOPIC, n) for n in range(region.PARTITIONS)]
    begins = await log.begins(places)
    taken = 0
    async with store.transaction() as transaction:
        found = await positions.read(transaction.conn, places)
        after: dict[Place, Position] = {}
        for topic, partition in places:
            known = found.get((READER, topic, partition))
            start = known.next_offset if known is not None and known.log == identity else begins[topic, partition]
            try:
                records = await log.read(topic, partition, start, BATCH)
            except OffsetOutOfRange:  # older than the retention
                start = begins[topic, partition]
                records = await log.read(topic, partition, start, BATCH)
            for record in records:
                said = _read(record, clock.civil(now))
                if said is None:
                    where = f"{topic}/{partition}/{record.offset}"
                    await notice(transaction, RecordRejected, where, "not-a-measure", now)
                else:
                    await _keep(transaction.conn, store, said, now)
            taken += len(records)
            offset = records[-1].offset + 1 if records else start
            after[READER, topic, partition] = Position(identity, offset)
        await positions.write(transaction.conn, after)
        oldest = now - timedelta(days=region.RETENTION_DAYS)
        await transaction.conn.execute(text("delete from region_measures where taken_at < :oldest"), {"oldest": oldest})
    return taken


def _read(record: Record, today: date) -> region.MeasureSaid | None:
    headers = dict(record.headers)
    if headers.get("ce_source") != region.SOURCE.encode() or headers.get("ce_type") != region.MeasureSaid.TYPE.encode():
        return None
    try:
        said = region.MeasureSaid.model_validate_json(record.value or b"")
    except ValidationError:
        return None
    return said if said.said_on <= today and record.key == said.token.encode() else None


async def _keep(conn: Any, store: Store, said: region.MeasureSaid, now: datetime) -> None:
    """The latest reading of (person, measure, first day) holds; a new one is to be told anew."""
    await conn.execute(
        text(
            "insert into region_measures as r (token, measure, since, until, said_on, withdrawn, taken_at)"
            " values (:token, :measure, :since, :until, :said_on, :withdrawn, :now)"
            " on conflict (token, measure, since) do update set until = excluded.until, said_on = excluded.said_on,"
            " withdrawn = excluded.withdrawn, taken_at = excluded.taken_at, told = '{}'"
            " where r.said_on <= excluded.said_on and"
            " (r.until, r.said_on, r.withdrawn) is distinct from (excluded.until, excluded.said_on, excluded.withdrawn)"
        ),
        said.model_dump(exclude={"token"}) | {"token": store.vault.keyed_hash(PURPOSE, said.token), "now": now},
    )


# -- whom it is about -------------------------------------------------------------------------------------------


async def _index(store: Store, now: datetime) -> int:
    """Makes findable by their tokens those whose identity is new or changed since; all of them at first."""
    key = store.settings.secret("region_key")
    async with store.engine.begin() as conn:
        found = await conn.execute(
            text(
                "select v.subject, count(*) as versions from vault_rows v"
                " left join region_indexed i on i.subject = v.subject"
                " where v.kind = 'identity' group by v.subject, i.versions"
                " having i.versions is distinct from count(*) limit :limit"
            ),
            {"limit": BATCH},
        )
        versions: dict[str, int] = {row.subject: row.versions for row in found}
        if not versions:
            return 0
        identities = await store.vault.latest(conn, "identity", list(versions))
        pending = Pending()
        for subject, identity in identities.items():
            codes = [identity.get("tax_code"), *identity.get("former_tax_codes", ())]
            store.vault.index(pending, PURPOSE, subject, [token_of(key, code) for code in codes if code])
        await store.vault.write(conn, pending, now)
        await conn.execute(
            text(
                "insert into region_indexed select s, v from unnest(cast(:s as text[]), cast(:v as int[])) as t(s, v)"
                " on conflict (subject) do update set versions = excluded.versions"
            ),
            {"s": list(versions), "v": list(versions.values())},
        )
    return len(versions)


async def _tell(store: Store, now: datetime) -> int:
    """Records what concerns one of our people and was not recorded yet, each once whatever is repeated."""
    async with store.reads.connect() as conn:
        found = await conn.execute(
            text(
                "select m.token, m.measure, m.since, m.until, m.said_on, m.withdrawn, i.subject"
                " from region_measures m join vault_index i on i.purpose = :purpose and i.token = m.token"
                " where not i.subject = any(m.told) order by m.taken_at limit :limit"
            ),
            {"purpose": PURPOSE, "limit": BATCH},
        )
        rows = [dict(row) for row in found.mappings()]
    told = 0
    for row in rows:
        outcome = await store.execute(_command(row, now), _decision(row))
        if isinstance(outcome, Refused) or not outcome.events:
            continue
        told += 1
        async with store.engine.begin() as conn:
            await conn.execute(
                text(
                    "update region_measures set told = array_append(told, :subject)"
                    " where token = :token and measure = :measure and since = :since and said_on = :said_on"
                ),
                {name: row[name] for name in ("subject", "token", "measure", "since", "said_on")},
            )
    return told


def _command(row: dict[str, Any], now: datetime) -> Command:
    parts = (row[name] for name in ("subject", "measure", "since", "until", "said_on", "withdrawn"))
    return Command(str(uuid.uuid5(CAUSES, "/".join(map(str, parts)))), "system:intake", now)


def _decision(row: dict[str, Any]) -> Any:
    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(row["subject"]))
        return report_measure(
            person, person_id=row["subject"], measure=row["measure"], since=row["since"], until=row["until"],
            said_on=row["said_on"], withdrawn=row["withdrawn"],
        )  # fmt: skip

    return decide
