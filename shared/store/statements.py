"""The store's SQL, and facts as its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, column, text

from shared.checked import CHECKED
from shared.envelope import Meta

COUNT = text(
    # All counters are locked in order before any is moved: two commits over the same partitions never wait for
    # each other in a circle. The update itself reads each row as it is once it is locked.
    "with wanted as (select * from unnest(cast(:topics as text[]), cast(:partitions as smallint[]),"
    "  cast(:counts as bigint[]), cast(:lasts as uuid[])) as w(topic, partition, count, last_id)),"
    " locked as materialized (select topic, partition from counters where (topic, partition) in"
    f"  (select topic, partition from wanted) and {CHECKED} order by topic, partition for update)"
    " update counters c set number = c.number + w.count, previous_id = c.last_id, last_id = w.last_id"
    " from wanted w join locked l on l.topic = w.topic and l.partition = w.partition"
    " where c.topic = w.topic and c.partition = w.partition"
    " returning c.topic, c.partition, c.number - w.count, c.previous_id::text"
).columns(*map(column, ("topic", "partition", "base", "previous_id")))
COLUMNS = (
    ("event_id", "uuid"), ("stream_id", "text"), ("version", "int"), ("type", "text"), ("type_version", "smallint"),
    ("topic", "text"), ("partition", "smallint"), ("number", "bigint"), ("predecessor", "uuid"),
    ("recorded_at", "timestamptz"), ("actor", "text"), ("cause", "uuid"), ("correlation", "uuid"),
    ("causation", "uuid"), ("hops", "smallint"), ("traceparent", "text"), ("data", "bytea"),
)  # fmt: skip
_NAMES = ", ".join(name for name, _ in COLUMNS)
_UNNEST = "unnest(" + ", ".join(f"cast(:{name} as {kind}[])" for name, kind in COLUMNS) + ")"
INSERT = text(f"insert into events ({_NAMES}) select * from {_UNNEST}")
APPEND = text(
    # The counter's row is locked from here to the commit, so that numbers become visible in order.
    "with counter as (update counters set number = number + :count, previous_id = last_id,"
    "  last_id = cast(:last as uuid)"
    f" where topic = :the_topic and partition = :the_partition and {CHECKED}"
    " returning number - :count as base, previous_id)"
    f" insert into events ({_NAMES}) select "
    + ", ".join(
        {"number": "counter.base + f.number", "predecessor": "coalesce(f.predecessor, counter.previous_id)"}.get(
            name, f"f.{name}"
        )
        for name, _ in COLUMNS
    )
    + f" from counter, {_UNNEST} as f({_NAMES}) returning number, predecessor::text"
).columns(column("number"), column("predecessor"))
META = (
    "event_id::text, '{service}', type, stream_id, type_version, recorded_at, topic, partition, number,"
    " predecessor::text, actor, cause::text, correlation::text, causation::text, hops, traceparent, version, data"
)
META_COLUMNS: list[ColumnElement[Any]] = [column(name) for name in (*Meta._fields, "data")]
"""Named beforehand: else SQLAlchemy asks the driver for the columns' types at every execution."""

COLUMN_NAMES = tuple(name for name, _ in COLUMNS)


Numbered = tuple[Meta, bytes, int, str | None]
"""A fact with its data, its number and its predecessor: its `Meta` need not be built again for them."""


def fact_row(fact: Numbered) -> tuple[Any, ...]:
    """A fact in the order of `COLUMNS`."""
    m, data, number, predecessor = fact
    return (
        m.id, m.subject, m.version, m.type, m.type_version, m.topic, m.partition, number, predecessor, m.time, m.actor,
        m.cause, m.correlation, m.causation, m.hops, m.traceparent, data,
    )  # fmt: skip


def columns(numbered: Sequence[Numbered]) -> dict[str, Any]:
    """The facts as one list a column, in the order of `COLUMNS`."""
    rows = [fact_row(fact) for fact in numbered]
    return {name: list(values) for name, values in zip(COLUMN_NAMES, zip(*rows, strict=True), strict=True)}


def chain(facts: Sequence[tuple[Meta, bytes]], number: int, predecessor: str | None) -> list[Numbered]:
    """The facts with the numbers after `number`, each naming the one before."""
    chained: list[Numbered] = []
    for meta, data in facts:
        number += 1
        chained.append((meta, data, number, predecessor))
        predecessor = meta.id
    return chained


def read_row(row: Sequence[Any]) -> tuple[Meta, bytes]:
    """A row of the `META` selection."""
    (id_, source, type_, subject, type_version, time, topic, partition, number, predecessor, actor, cause,
     correlation, causation, hops, trace, version, data) = row  # fmt: skip
    meta = Meta(
        id_, source, type_, type_version, subject, time, topic, partition, number, predecessor, actor, cause,
        correlation, causation, hops, trace, version,
    )  # fmt: skip
    return meta, bytes(data)
