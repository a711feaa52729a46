"""After a restored backup: the facts that the log knows and the database does not are taken back.

The log is the record of what was acknowledged *and* published; a database set back to an earlier day would
reuse numbers that are out already. So the relay refuses to start (`Restored`), commands are refused, and
`recover` brings the missing facts back in their numbers' order. Facts that were committed but never published
are gone with the lost database; facts written after the restore, under numbers that the log holds otherwise,
cannot exist, since commands were refused until now.
"""

from __future__ import annotations

from sqlalchemy import text

from shared.envelope import Meta, Undecodable, read_meta
from shared.events import PARTITIONS
from shared.log import Log, TopicPartition
from shared.reader import no_right
from shared.store import INSERT, Store, columns


class CannotRecover(Exception):
    """Log and database contradict each other in a way that only people can judge."""


async def recover(store: Store, log: Log) -> int:
    """Brings the database forward to the log; returns how many facts came back. Raises CannotRecover.

    Reactions resume by themselves: they are once by their cause, and the positions in the restored database
    are the older ones, so that whatever they had decided since is found again under the same ids.
    """
    missing: dict[str, tuple[Meta, bytes]] = {}
    for topic, count in PARTITIONS.items():
        for partition in range(count):
            for meta, data in await _unknown(store, log, (topic, partition)):
                missing[meta.id] = (meta, data)
    if not missing:
        return 0
    async with store.engine.begin() as conn:
        await conn.execute(text("select 1 from counters order by topic, partition for update"))
        versions: dict[str, int] = {}
        rows: list[tuple[Meta, bytes]] = []
        # By number, never by time: who had to decide again because somebody was faster keeps the earlier time. A stream
        # is in one partition of one topic, so that its numbers follow its versions.
        for meta, data in sorted(missing.values(), key=lambda m: (m[0].topic, m[0].partition, m[0].number)):
            if meta.subject not in versions:
                found = await conn.scalar(
                    text("select coalesce(max(version), 0) from events where stream_id = :id"), {"id": meta.subject}
                )
                versions[meta.subject] = int(found or 0)
            versions[meta.subject] += 1
            rows.append((meta._replace(version=versions[meta.subject]), data))
        await conn.execute(INSERT, columns([(meta, data, meta.number, meta.predecessor) for meta, data in rows]))
        await conn.execute(
            text(
                "update counters c set number = e.number, last_id = e.event_id, previous_id = e.predecessor"
                " from (select distinct on (topic, partition) topic, partition, number, event_id, predecessor"
                "  from events order by topic, partition, number desc) e"
                " where c.topic = e.topic and c.partition = e.partition"
            )
        )
    return len(rows)


async def _unknown(store: Store, log: Log, place: TopicPartition) -> list[tuple[Meta, bytes]]:
    begin, end = (await log.begins([place]))[place], (await log.ends([place]))[place]
    async with store.engine.connect() as conn:
        counter = int(
            await conn.scalar(
                text("select number from counters where topic = :t and partition = :p"),
                {"t": place[0], "p": place[1]},
            )
            or 0
        )
        known: dict[int, str] = {}
        unknown: dict[int, tuple[Meta, bytes]] = {}
        offset = begin
        while offset < end:
            records = await log.read(*place, offset, 1000)
            if not records:
                break
            for record in records:
                offset = record.offset + 1
                try:
                    meta = read_meta(record)
                except Undecodable:
                    continue
                if meta.source != store.service or no_right(record, meta) or record.value is None:
                    continue
                if meta.number > counter:
                    unknown.setdefault(meta.number, (meta, record.value))
                else:
                    known[meta.number] = meta.id
        mine = await conn.execute(
            text(
                "select number, event_id::text from events where topic = :t and partition = :p"
                " and number = any(:numbers)"
            ),
            {"t": place[0], "p": place[1], "numbers": list(known)},
        )
        for number, event_id in mine:
            if known[number] != event_id:
                raise CannotRecover(f"{place[0]}/{place[1]}: number {number} is another fact in the log")
    if sorted(unknown) != list(range(counter + 1, counter + 1 + len(unknown))):
        raise CannotRecover(f"{place[0]}/{place[1]}: the log does not follow the database without a hole")
    return list(unknown.values())
