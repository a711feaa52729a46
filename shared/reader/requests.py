"""What people ask of a reader: to drive parked records again, to pass over a record that is nobody's."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from shared import positions
from shared.envelope import Undecodable, read_event, read_meta
from shared.events import NewerVersion, UnknownType
from shared.events.operations import RecordRedriven, RecordRejected
from shared.log import Record, TopicPartition
from shared.notices import notice
from shared.projection import HEARD, FoldFailed, Taken
from shared.reader.effects import ReactionFailed
from shared.reader.work import REACTIONS, Work, where

if TYPE_CHECKING:
    from shared.reader.reader import LogReader

logger = logging.getLogger(__name__)


async def carry_out(reader: LogReader) -> int:
    """Carries out what was asked for, in the order it was asked; returns how many requests."""
    async with reader.store.reads.connect() as conn:
        asked = (
            await conn.execute(
                text(
                    'select request_id::text, verb, topic, partition, "offset", key from requests'
                    " where done_at is null order by requested_at"
                )
            )
        ).all()
    for request in asked:
        if request.verb == "redrive":
            await _redrive(reader, request.topic, request.key)
        else:
            await _skip(reader, (request.topic, request.partition), request.offset)
        async with reader.store.engine.begin() as conn:
            await conn.execute(
                text("update requests set done_at = :at where request_id = cast(:id as uuid)"),
                {"at": reader.now(), "id": request.request_id},
            )
    return len(asked)


async def _redrive(reader: LogReader, topic: str | None, key: str | None) -> None:
    async with reader.store.reads.connect() as conn:
        rows = (
            await conn.execute(
                text(
                    'select topic, partition, "offset", key, stage from parked where redriven_at is null'
                    " and (cast(:t as text) is null or topic = :t) and (cast(:k as text) is null or key = :k)"
                    ' order by topic, partition, "offset"'
                ),
                {"t": topic, "k": key},
            )
        ).all()
    stages: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        stages.setdefault((row.topic, row.key), set()).add(row.stage)
    failed: set[tuple[str, str]] = set()
    for row in rows:
        if (row.topic, row.key) in failed:
            continue  # what is behind a record that still fails goes on waiting
        records = await reader.log.read(row.topic, row.partition, row.offset, 1)
        try:
            if not records or records[0].offset != row.offset:
                raise Undecodable("gone")
            await _again(reader, records[0], row, stages[row.topic, row.key])
        except (FoldFailed, ReactionFailed, Undecodable, UnknownType, NewerVersion) as error:
            logger.warning("still parked: %s/%s/%s (%s)", row.topic, row.partition, row.offset, type(error).__name__)
            failed.add((row.topic, row.key))
    await reader.load_parked()


async def _again(reader: LogReader, record: Record, row: Any, stages: set[str]) -> None:
    meta = read_meta(record)
    taken = Taken(meta, read_event(meta, record.value), record.value or b"", record.offset)
    async with reader.store.transaction() as transaction:
        await positions.read(transaction.conn, [(record.topic, record.partition)])
        work = Work()
        # Behind a record that could not be read the views waited too; behind a reaction only reactions did.
        if "decode" in stages:
            passed = [
                name
                for name in reader.hearing.readers
                if reader.positions[name, record.topic, record.partition].next_offset > record.offset
            ]
            work.heard = [taken] if HEARD in passed else []
            work.to_fold = {name: [taken] for name in passed if name not in (HEARD, REACTIONS)}
        if meta.type in reader.hearing.reacting:
            work.to_react = [(record, taken)]
        await reader.effects.fold(transaction, work, {}, reader.positions)
        await reader.effects.react(transaction, work, None)
        await transaction.conn.execute(
            text('update parked set redriven_at = :at where topic = :t and partition = :p and "offset" = :o'),
            {"at": reader.now(), "t": record.topic, "p": record.partition, "o": record.offset},
        )
        if row.stage != "behind":
            await notice(transaction, RecordRedriven, where(record), "redriven", reader.now())


async def _skip(reader: LogReader, place: TopicPartition, offset: int) -> None:
    """Declares the record before which the reader stopped as void: it has no number of its source's."""
    stopped = reader.stopped
    if stopped is None or stopped.where != f"{place[0]}/{place[1]}/{offset}":
        return
    async with reader.store.transaction() as transaction:
        found = await positions.read(transaction.conn, [place])
        moved = {}
        for at, position in found.items():
            if position.next_offset <= offset:
                position.next_offset = offset + 1
                moved[at] = position
        await positions.write(transaction.conn, moved)
        await notice(transaction, RecordRejected, stopped.where, "declared-void", reader.now())
    await reader.start()
