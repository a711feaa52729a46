"""The log as CloudEvents: `python -m services export [--topic T] [--until DATE]`, one JSON line an event.

For whoever wants to recompute a figure with other tools. It reads what every reader reads, through the same
sequencer: a duplicate is left out, and a hole in the numbers ends the export with an error instead of silence.
Partition by partition, each in its order; between two partitions there is none.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any, BinaryIO

import orjson

from shared import clock
from shared.envelope import Meta, Undecodable, read_meta
from shared.events import PARTITIONS
from shared.log import Log, LogUnavailable, Record, open_log
from shared.reader import no_right
from shared.sequencer import Broken, Seen, step
from shared.settings import settings

BATCH = 1000


class Incomplete(Exception):
    """The numbers of a partition do not hold: what follows cannot be trusted. `str()` says where."""


async def export(log: Log, out: BinaryIO, topics: Sequence[str], until: date | None = None) -> tuple[int, int]:
    """Writes the topics' facts recorded up to the end of `until` (Rome); returns how many, and how many records
    had no right to be there and were left out. Raises Incomplete, LogUnavailable."""
    written = left_out = 0
    for topic in topics:
        for partition in range(PARTITIONS[topic]):
            async for record, meta in facts(log, topic, partition):
                if meta is None:
                    left_out += 1
                elif until is None or clock.civil(meta.time) <= until:
                    out.write(orjson.dumps(cloud_event(meta, record), option=orjson.OPT_APPEND_NEWLINE))
                    written += 1
    return written, left_out


async def facts(log: Log, topic: str, partition: int) -> AsyncIterator[tuple[Record, Meta | None]]:
    """The partition's records, each fact once; without meta those that are no facts of their source."""
    place = (topic, partition)
    offset, end = (await log.begins([place]))[place], (await log.ends([place]))[place]
    last: dict[str, Seen] = {}
    while offset < end:
        records = await log.read(topic, partition, offset, BATCH)
        if not records:
            return
        for record in records:
            offset = record.offset + 1
            try:
                meta = read_meta(record)
            except Undecodable:
                yield record, None
                continue
            if no_right(record, meta):
                yield record, None
                continue
            taken = step(last.get(meta.source), meta.number, meta.id, meta.predecessor)
            if isinstance(taken, Broken):
                raise Incomplete(
                    f"{topic}/{partition}/{record.offset} ({meta.source}): {taken.code}, atteso {taken.expected}, "
                    f"trovato {taken.found}"
                )
            if taken == "take":
                last[meta.source] = (meta.number, meta.id)
                yield record, meta


def cloud_event(meta: Meta, record: Record) -> dict[str, Any]:
    """The fact in CloudEvents 1.0, structured mode; beyond the standard's attributes those of our envelope."""
    values = {
        "specversion": "1.0", "id": meta.id, "source": meta.source, "type": meta.type, "subject": meta.subject,
        "time": meta.time.isoformat(), "datacontenttype": "application/json", "dataversion": meta.type_version,
        "topic": meta.topic, "partition": meta.partition, "number": meta.number, "predecessor": meta.predecessor,
        "actor": meta.actor, "cause": meta.cause, "correlation": meta.correlation, "causation": meta.causation,
        "hops": meta.hops, "traceparent": meta.traceparent,
    }  # fmt: skip
    data = orjson.loads(record.value) if record.value is not None else None
    # An attribute without a value is left out (CloudEvents 1.0, "context attributes"): null is none.
    return {name: value for name, value in values.items() if value is not None} | {"data": data}


def main(argv: Sequence[str]) -> int:
    """The command line; 0, or 1 where the log is away or does not hold together."""
    parser = argparse.ArgumentParser(
        prog="python -m services export", description="Il log come CloudEvents, un evento JSON per riga."
    )
    parser.add_argument("--topic", choices=tuple(PARTITIONS), help="un solo argomento; tutti se manca")
    parser.add_argument("--until", type=date.fromisoformat, help="solo i fatti registrati fino a questo giorno")
    arguments = parser.parse_args(argv)
    try:
        written, left_out = asyncio.run(
            _run([arguments.topic] if arguments.topic else list(PARTITIONS), arguments.until)
        )
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough (`| head`); what is buffered must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Incomplete, LogUnavailable) as error:
        print(f"Esportazione interrotta: {error}", file=sys.stderr)
        return 1
    print(f"{written} eventi" + (f", {left_out} record tralasciati" if left_out else ""), file=sys.stderr)
    return 0


async def _run(topics: Sequence[str], until: date | None) -> tuple[int, int]:
    log = open_log(settings.log_url, settings.namespace)
    async with contextlib.AsyncExitStack() as stack:
        await log.start()
        stack.push_async_callback(log.stop)
        return await export(log, sys.stdout.buffer, topics, until)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
