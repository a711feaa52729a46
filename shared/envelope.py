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
from operator import itemgetter
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
        ("ce_specversion", b"1.0"),
        ("content-type", b"application/json"),
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
    try:
        (
            (n1, id_), (n2, source), (n3, type_), (n4, subject), (n5, at), (n6, type_version), (n7, number),
            (n8, actor), (n9, cause), (n10, correlation), (n11, hops), *others,
        ) = record.headers  # fmt: skip
        if (n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11) == _REQUIRED:
            found = dict(others)  # in the order of `message`: to look each one up takes twice as long
        else:
            found = dict(record.headers)
            id_, source, type_, subject, at, type_version, number, actor, cause, correlation, hops = _required(found)
        predecessor, causation, trace = found.get("ce_predecessor"), found.get("ce_causation"), found.get("traceparent")
        time = datetime.fromisoformat(at.decode())
        # What the journal could not hold is known here, where it costs one key and not the whole batch.
        ids = (id_, correlation, causation) if causation else (id_, correlation)
        if time.tzinfo is None or b",".join(ids).translate(_SHAPES) != _UUIDS[len(ids)]:
            raise Undecodable("headers")
        because = cause.decode()
        # Straight to the tuple: this is half of what the class' own constructor takes.
        return tuple.__new__(
            Meta,
            (
                id_.decode(), _word(source), _word(type_), int(type_version), subject.decode(), time, record.topic,
                record.partition, int(number), predecessor.decode() if predecessor else None, _word(actor), because,
                because if correlation == cause else correlation.decode(), causation.decode() if causation else None,
                int(hops), trace.decode() if trace else None, 0,
            ),
        )  # fmt: skip
    except (KeyError, ValueError, TypeError, AttributeError) as error:  # missing, malformed, or without a value
        raise Undecodable("headers") from error


@lru_cache(maxsize=4096)
def _word(raw: bytes) -> str:
    """A value that comes again and again, as the same object each time: it knows its hash when something is looked up
    by it, and thousands of facts under way take less room in the processor's cache."""
    return raw.decode()


_REQUIRED = (
    "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_dataversion", "ce_number", "ce_actor", "ce_cause",
    "ce_correlation", "ce_hops",
)  # fmt: skip
_required = itemgetter(*_REQUIRED)
_SHAPES = bytes(ord("h") if chr(n) in "0123456789abcdef" else n if chr(n) in "-," else 0 for n in range(256))
"""Each byte as what it is in a list of UUIDs. A regular expression takes five times as long."""
_UUIDS = {count: b",".join([b"hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh"] * count) for count in (2, 3)}


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
