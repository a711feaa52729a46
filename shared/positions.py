"""Where each reader of a service stands in the log: next offset, and the last number taken of each source.

A position names the log it is about. On another log (moved, lost, restored) reading starts at the beginning
and the numbers, which do not depend on the log, skip what was taken already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import SOON
from shared.log import TopicPartition
from shared.sequencer import Seen

Place = tuple[str, str, int]
"""Reader, topic, partition."""


@dataclass
class Position:
    """A reader's place in one partition."""

    log: str
    next_offset: int = 0
    numbers: dict[str, Seen] = field(default_factory=dict)

    def copy(self) -> Position:
        """For the batch that may yet fail."""
        return Position(self.log, self.next_offset, dict(self.numbers))


class Moved(Exception):
    """Somebody else moved a position: a twin took over, or a replay switched a view in. Nothing was written."""


_ALL = "select reader, topic, partition, log, next_offset, numbers::text from positions"
READ = text(_ALL)
LOCK = text(
    f"{_ALL} where (topic, partition) in (select * from unnest(cast(:t as text[]), cast(:p as int[])))"
    " order by topic, partition, reader for update"
)
_INTO = (
    "insert into positions (reader, topic, partition, log, next_offset, numbers) select r, t, p, l, o, n::jsonb from"
)
_ROWS = (
    " unnest(cast(:r as text[]), cast(:t as text[]), cast(:p as smallint[]), cast(:l as text[]),"
    " cast(:o as bigint[]), cast(:n as text[])) as x(r, t, p, l, o, n)"
    " on conflict (reader, topic, partition) do update"
    " set log = excluded.log, next_offset = excluded.next_offset, numbers = excluded.numbers"
)
WRITE = text(f"{_INTO}{_ROWS}")
WRITE_SOON = text(f"{SOON} {_INTO} soon,{_ROWS}")


async def read(conn: AsyncConnection, places: Sequence[TopicPartition] | None = None) -> dict[Place, Position]:
    """All positions, or those in these partitions, locked in order for the batch."""
    if places is None:
        found = await conn.execute(READ)
    else:
        values = {"t": [topic for topic, _ in places], "p": [partition for _, partition in places]}
        found = await conn.execute(LOCK, values)
    return {
        (reader, topic, partition): Position(
            log, offset, {source: (number, id_) for source, (number, id_) in orjson.loads(numbers).items()}
        )
        for reader, topic, partition, log, offset, numbers in found
    }


async def write(conn: AsyncConnection, positions: dict[Place, Position], soon: bool = False) -> None:
    """Keeps the positions, in the transaction of what they stand for. `soon`: which need not wait for the disk, since
    rows and positions are forgotten together, and read again."""
    rows = sorted(positions.items(), key=itemgetter(0))
    await conn.execute(
        WRITE_SOON if soon else WRITE,
        {
            "r": [place[0] for place, _ in rows], "t": [place[1] for place, _ in rows],
            "p": [place[2] for place, _ in rows], "l": [position.log for _, position in rows],
            "o": [position.next_offset for _, position in rows],
            "n": [orjson.dumps(position.numbers).decode() for _, position in rows],
        },
    )  # fmt: skip


def expect(believed: dict[Place, Position], found: dict[Place, Position], places: Iterable[TopicPartition]) -> None:
    """Raises Moved unless the locked rows stand where this reader believes them."""
    wanted = set(places)
    mine = {place: p for place, p in believed.items() if (place[1], place[2]) in wanted}
    if mine != {place: p for place, p in found.items() if place in mine}:
        raise Moved
