"""A recorded fact with what is known of its recording, and its form on the wire: CloudEvents 1.0, binary mode.

The attributes stand in the record's headers, the data as JSON in its value. Beside the CloudEvents attributes
there are those that the reader's guarantees rest on: the gapless `number` of (source, topic, partition) and
the id of the fact that had the number before, the `predecessor`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from typing import NamedTuple

from shared import events
from shared.events import Event
from shared.log import Message, Record

MAX_BYTES = 256 * 1024
"""No fact is larger: the log's batches and everybody's memory are sized by it."""


class Meta(NamedTuple):
    """What is known of the recording of a fact. Ids are UUIDs in text form.

    A tuple, because every append and every record read makes one: a frozen dataclass takes five times as long.
    """

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
    within = bytes.fromhex(cause.replace("-", ""))
    if len(within) != 16:
        raise ValueError("a cause is a UUID")
    h = sha1(within + str(name).encode(), usedforsecurity=False).hexdigest()
    return f"{h[:8]}-{h[8:12]}-5{h[13:16]}-{_VARIANT[h[16]]}{h[17:20]}-{h[20:32]}"


_VARIANT = {digit: "89ab"[n % 4] for n, digit in enumerate("0123456789abcdef")}
"""RFC 4122: the two highest bits of the 17th digit are 10."""


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


def read_meta(record: Record) -> Meta:
    """The recording of a record of a topic of facts. Raises Undecodable. The hot path of every reader."""
    headers = dict(record.headers)
    get = headers.get
    predecessor, causation, trace = get("ce_predecessor"), get("ce_causation"), get("traceparent")
    try:
        ids = headers["ce_id"] + headers["ce_correlation"] + (causation or b"")
        meta = Meta(
            headers["ce_id"].decode(),
            headers["ce_source"].decode(),
            headers["ce_type"].decode(),
            int(headers["ce_dataversion"]),
            headers["ce_subject"].decode(),
            datetime.fromisoformat(headers["ce_time"].decode()),
            record.topic,
            record.partition,
            int(headers["ce_number"]),
            predecessor.decode() if predecessor is not None else None,
            headers["ce_actor"].decode(),
            headers["ce_cause"].decode(),
            headers["ce_correlation"].decode(),
            causation.decode() if causation is not None else None,
            int(headers["ce_hops"]),
            trace.decode() if trace is not None else None,
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:  # missing, malformed, or without a value
        raise Undecodable("headers") from error
    # What the journal could not hold is known here, where it costs one key and not the whole batch.
    if meta.time.tzinfo is None or not _UUIDS.fullmatch(ids):
        raise Undecodable("headers")
    return meta


_UUIDS = re.compile(rb"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}){2,3}")


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
