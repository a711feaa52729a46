"""What a batch of records comes to, before anything is written: pure, from the readers' positions alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from shared import events, profiles, telemetry
from shared.envelope import Meta, Undecodable, read_event, read_meta
from shared.events import PARTITIONS, NewerVersion
from shared.log import Record, TopicPartition, partition_of
from shared.positions import Place, Position
from shared.projection import HEARD, Taken
from shared.sequencer import step

REACTIONS = "reactions"
PROFILES = "profiles"


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the reader cannot go on, and before which record."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parked:
    """A record that waits. `stage`: it could not be read (`decode`), a reaction raised (`reaction`), or it is
    behind such a one of the same key (`behind`)."""

    record: Record
    event_id: str | None
    stage: str
    reason: str


@dataclass
class Work:
    """What each reader has to take, and where it then stands."""

    profiles: list[Record] = field(default_factory=list)
    heard: list[Taken] = field(default_factory=list)
    to_fold: dict[str, list[Taken]] = field(default_factory=dict)
    to_react: list[tuple[Record, Taken]] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    rejected: list[tuple[Record, str]] = field(default_factory=list)
    positions: dict[Place, Position] = field(default_factory=dict)
    stop: Stop | None = None


@dataclass
class _Cohort:
    """Readers that stand at the same place of a partition: nearly always all of them."""

    readers: list[str]
    position: Position
    into: dict[str, list[list[Taken]]] = field(default_factory=dict)
    """Type of fact -> the lists of those that take it."""


@dataclass(frozen=True)
class Hearing:
    """What a service's readers listen to."""

    readers: Sequence[str]
    hears: frozenset[str]
    reacting: frozenset[str]
    folding: Mapping[str, Sequence[str]]
    """Type of fact -> the views that fold it."""


class Decoded(NamedTuple):
    """A record and what it says of itself: pure, and so done while the batch before is being written."""

    record: Record
    """Without its headers, which `meta` has."""
    meta: Meta | None = None
    taken: Taken | None = None
    """The fact, if the service hears its type and it could be read."""
    unreadable: str | None = None
    no_right: str | None = None
    newer: bool = False
    reacts: bool = False
    """Whether the service has reactions to it."""


_NO_FIELDS: set[str] = set()
_set = object.__setattr__


def decode(record: Record, hearing: Hearing) -> Decoded:
    """Reads a record as far as the service hears it."""
    try:
        meta = read_meta(record)
    except Undecodable as error:
        return Decoded(record, unreadable=str(error))
    topic, partition, offset, key, value, _, timestamp = record
    record = tuple.__new__(Record, (topic, partition, offset, key, value, (), timestamp))
    if reason := no_right(record, meta):
        return Decoded(record, meta, no_right=reason)
    type_name = meta.type
    if type_name not in hearing.hears:
        return Decoded(record, meta)
    try:
        event = read_event(meta, value)
    except NewerVersion:
        return Decoded(record, meta, newer=True)
    except Undecodable as error:
        return Decoded(record, meta, unreadable=str(error))
    # Thousands of facts wait for their batch, and this set of names is a quarter of what each of them holds.
    _set(event, "__pydantic_fields_set__", _NO_FIELDS)
    taken = tuple.__new__(Taken, (meta, event, value or b"", offset))
    return tuple.__new__(Decoded, (record, meta, taken, None, None, False, type_name in hearing.reacting))


def sort(
    decoded: Iterable[Decoded],
    hearing: Hearing,
    positions: Mapping[Place, Position],
    parked_keys: Mapping[tuple[str, str], set[str]],
) -> Work:
    """Sorts records that follow each other in their partitions. At a record that no reader may pass it stops:
    what lies before is to be done, then `stop` recorded."""
    work = Work()
    waits = {key: set(stages) for key, stages in parked_keys.items()}
    by_place: dict[TopicPartition, list[_Cohort]] = {}
    for one in decoded:
        record = one.record
        place, offset = record[:2], record.offset
        cohorts = by_place.get(place)
        if cohorts is None:
            if record.topic == profiles.TOPIC:
                work.profiles.append(record)
                of_profiles = (PROFILES, *place)
                work.positions[of_profiles] = Position(positions[of_profiles].log, offset + 1)
                continue
            cohorts = by_place[place] = _cohorts(place, hearing.readers, positions)
        behind = _behind(cohorts, offset)
        if not behind:
            continue
        if stop := _one(one, behind, hearing, waits, work):
            work.stop = stop
            break
        for cohort in behind:
            cohort.position.next_offset = offset + 1
    for place, cohorts in by_place.items():
        for cohort in cohorts:
            for reader in cohort.readers:
                work.positions[reader, *place] = cohort.position
    if waits:
        _hold_back(work, waits)
    return work


def _cohorts(place: TopicPartition, readers: Sequence[str], positions: Mapping[Place, Position]) -> list[_Cohort]:
    cohorts: list[_Cohort] = []
    for reader in readers:
        position = positions[reader, *place]
        for cohort in cohorts:
            if cohort.position == position:
                cohort.readers.append(reader)
                break
        else:
            cohorts.append(_Cohort([reader], position.copy()))
    return cohorts


def _behind(cohorts: list[_Cohort], offset: int) -> list[_Cohort]:
    """Those that have not passed this record."""
    if len(cohorts) == 1 and cohorts[0].position.next_offset <= offset:
        return cohorts  # as for nearly every record
    return [cohort for cohort in cohorts if cohort.position.next_offset <= offset]


def _one(
    one: Decoded, behind: list[_Cohort], hearing: Hearing, waits: dict[tuple[str, str], set[str]], work: Work
) -> Stop | None:
    record, meta, taken, unreadable, forbidden, newer, reacts = one
    if forbidden:
        work.rejected.append((record, forbidden))
        return None
    if meta is None:
        _park(work, waits, Parked(record, None, "decode", f"undecodable-{unreadable}"))
        return None
    source, type_name, number, id_ = meta.source, meta.type, meta.number, meta.id
    taking = []
    for cohort in behind:
        verdict = step(cohort.position.numbers.get(source), number, id_, meta.predecessor)
        if verdict == "take":
            taking.append(cohort)
        elif verdict != "skip":
            return Stop(where(record), verdict.code)
    if not taking:
        return None
    if newer:
        return Stop(where(record), "newer-version")
    for cohort in taking:
        cohort.position.numbers[source] = (number, id_)
    if taken is None:
        if unreadable:
            _park(work, waits, Parked(record, id_, "decode", f"undecodable-{unreadable}"))
        if type_name not in events.REGISTRY:
            telemetry.UNKNOWN_TYPES.labels(source).inc()
        return None
    if waits and "decode" in waits.get((record.topic, meta.subject), ()):
        work.parked.append(Parked(record, id_, "behind", "behind"))
        return None
    for cohort in taking:
        into = cohort.into.get(type_name)
        if into is None:
            into = cohort.into[type_name] = _into(cohort.readers, hearing.folding.get(type_name, ()), work)
        for takers in into:
            takers.append(taken)
        if reacts and REACTIONS in cohort.readers:
            work.to_react.append((record, taken))
    return None


def _into(readers: Sequence[str], views: Sequence[str], work: Work) -> list[list[Taken]]:
    """Where a fact goes that these views fold, as far as they are among these readers."""
    journal = [work.heard] if HEARD in readers else []
    return journal + [work.to_fold.setdefault(view, []) for view in views if view in readers]


def _hold_back(work: Work, waits: Mapping[tuple[str, str], set[str]]) -> None:
    """No reaction to what is behind a record of its key that waits."""
    reacting, work.to_react = work.to_react, []
    for record, taken in reacting:
        if (record.topic, taken.meta.subject) in waits:
            work.parked.append(Parked(record, taken.meta.id, "behind", "behind"))
        else:
            work.to_react.append((record, taken))


def _park(work: Work, waits: dict[tuple[str, str], set[str]], parked: Parked) -> None:
    work.parked.append(parked)
    waits.setdefault((parked.record.topic, key_of(parked.record)), set()).add(parked.stage)


def no_right(record: Record, meta: Meta) -> str | None:
    """Why this record may not be where it is: it touches neither numbers nor keys."""
    if reason := _no_right_to_topic(meta.type, meta.source, record.topic):
        return reason
    if record.key != meta.subject.encode():
        return "wrong-key"
    if partition_of(meta.subject, PARTITIONS[record.topic]) != record.partition:
        return "wrong-partition"
    return None


@lru_cache(maxsize=4096)
def _no_right_to_topic(type_name: str, source: str, topic: str) -> str | None:
    contract = events.REGISTRY.get(type_name)
    if contract is not None:
        if source not in contract.SOURCES:
            return "unknown-source" if source not in events.SERVICES else "forged-source"
        return "wrong-topic" if topic != contract.TOPIC else None
    if source not in events.SERVICES:
        return "unknown-source"
    return "forged-source" if type_name.split(".", 1)[0] not in (source, "operations") else None


def where(record: Record) -> str:
    """`topic/partition/offset`."""
    return f"{record.topic}/{record.partition}/{record.offset}"


def key_of(record: Record) -> str:
    """The record's key as text, shortened: keys of ours are ids."""
    return (record.key or b"").decode(errors="replace")[:200]
