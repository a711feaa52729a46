"""A recorded fact with what is known of its recording, and its form on the wire: CloudEvents 1.0, binary mode.

The attributes stand in the record's headers, the data as JSON in its value. Beside the CloudEvents attributes
there are those that the reader's guarantees rest on: the gapless `number` of (source, topic, partition) and
the id of the fact that had the number before, the `predecessor`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha1

from shared import events
from shared.events import Event
from shared.log import Message, Record

MAX_BYTES = 256 * 1024
"""No fact is larger: the log's batches and everybody's memory are sized by it."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What is known of the recording of a fact. Ids are UUIDs in text form."""

    id: str
    source: str
    type: str
    type_version: int
    subject: str
    time: datetime
    topic: str
    partition: int
    number: int
    predecessor: str | None
    actor: str
    cause: str
    correlation: str
    causation: str | None
    hops: int
    traceparent: str | None = None
    version: int = 0
    """Place in its stream, counted from 1 in the store of its owner; 0 when read from the log."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fact and its recording."""

    meta: Meta
    event: Event


class Undecodable(Exception):
    """The record is not a fact as this platform writes them. `str()` is a code, never content."""


def ordinal_id(cause: str, name: str | int) -> str:
    """The id that a cause gives to its n-th fact, or to a thing it makes: the same cause, the same id.

    It is uuid5(cause, name), written out because `uuid` takes eight times as long and every fact needs two.
    Raises ValueError if the cause is not a UUID.
    """
    digest = bytearray(sha1(_bytes(cause) + str(name).encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    h = digest.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def _bytes(cause: str) -> bytes:
    found = bytes.fromhex(cause.replace("-", ""))
    if len(found) != 16:
        raise ValueError("a cause is a UUID")
    return found


def message(meta: Meta, data: bytes) -> Message:
    """The record that the relay publishes."""
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", meta.id.encode()),
        ("ce_source", meta.source.encode()),
        ("ce_type", meta.type.encode()),
        ("ce_subject", meta.subject.encode()),
        ("ce_time", meta.time.isoformat().encode()),
        ("ce_dataversion", b"%d" % meta.type_version),
        ("ce_number", b"%d" % meta.number),
        ("ce_actor", meta.actor.encode()),
        ("ce_cause", meta.cause.encode()),
        ("ce_correlation", meta.correlation.encode()),
        ("ce_hops", b"%d" % meta.hops),
    ]
    if meta.predecessor:
        headers.append(("ce_predecessor", meta.predecessor.encode()))
    if meta.causation:
        headers.append(("ce_causation", meta.causation.encode()))
    if meta.traceparent:
        headers.append(("traceparent", meta.traceparent.encode()))
    return Message(meta.subject.encode(), data, tuple(headers), int(meta.time.timestamp() * 1000))


_FIELDS = (
    "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_dataversion", "ce_number", "ce_actor", "ce_cause",
    "ce_correlation", "ce_hops", "ce_predecessor", "ce_causation", "traceparent",
)  # fmt: skip
_OPTIONAL = 3
_SEPARATOR = "\x1f"


@lru_cache(maxsize=256)
def _layout(names: tuple[str, ...]) -> tuple[int, ...]:
    """Where each field stands among headers of these names; -1 for an optional one that is not there."""
    found = []
    for place, name in enumerate(_FIELDS):
        if name not in names and place < len(_FIELDS) - _OPTIONAL:
            raise KeyError(name)
        found.append(names.index(name) if name in names else -1)
    return tuple(found)


def read_meta(record: Record) -> Meta:
    """The recording of a record of a topic of facts. Raises Undecodable.

    All headers are decoded at once and picked by place: this is the hot path of every reader.
    """
    try:
        at = _layout(tuple([name for name, _ in record.headers]))
        values = b"\x1f".join([value for _, value in record.headers]).decode().split(_SEPARATOR)
        if len(values) != len(record.headers):
            raise ValueError("a separator in a header")
        return Meta(
            values[at[0]],
            values[at[1]],
            values[at[2]],
            int(values[at[5]]),
            values[at[3]],
            datetime.fromisoformat(values[at[4]]),
            record.topic,
            record.partition,
            int(values[at[6]]),
            values[at[11]] if at[11] >= 0 else None,
            values[at[7]],
            values[at[8]],
            values[at[9]],
            values[at[12]] if at[12] >= 0 else None,
            int(values[at[10]]),
            values[at[13]] if at[13] >= 0 else None,
        )
    except (KeyError, ValueError) as error:
        raise Undecodable("headers") from error


def read_event(meta: Meta, value: bytes | None) -> Event:
    """The fact itself. Raises Undecodable, events.UnknownType or events.NewerVersion."""
    if value is None:
        raise Undecodable("no-value")
    try:
        event = events.load(meta.type, meta.type_version, value)
    except ValueError as error:
        raise Undecodable("data") from error
    if event.subject != meta.subject:
        raise Undecodable("subject")
    return event
