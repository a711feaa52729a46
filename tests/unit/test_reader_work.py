"""What a batch of records comes to, before anything is written."""

from __future__ import annotations

from datetime import UTC, date, datetime

from shared.envelope import Meta, message, ordinal_id
from shared.events import PARTITIONS
from shared.events.intake import PathwayClosed
from shared.log import Record, partition_of
from shared.positions import Position
from shared.projection import HEARD
from shared.reader.work import Hearing, Stop, decode, sort

AMINA = "3f2b8c1e-7a4d-5e6f-8a9b-0c1d2e3f4a5b"
CLOSED = PathwayClosed(on=date(2024, 3, 1), person_id=AMINA, outcome="autonomous")
HERE = partition_of(AMINA, PARTITIONS["pathway"])
HEARING = Hearing([HEARD, "cases"], frozenset({CLOSED.TYPE}), frozenset(), {CLOSED.TYPE: ["cases"]})


def fact(number: int, predecessor: str | None) -> Record:
    meta = Meta(
        id=ordinal_id(AMINA, number), source="intake", type=CLOSED.TYPE, type_version=1, subject=AMINA,
        time=datetime(2024, 3, 1, 9, 30, tzinfo=UTC), topic="pathway", partition=HERE, number=number,
        predecessor=predecessor, actor="u-elena.conti", cause=AMINA, correlation=AMINA, causation=None, hops=0,
    )  # fmt: skip
    sent = message(meta, CLOSED.model_dump_json().encode())
    return Record("pathway", HERE, number - 1, sent.key, sent.value, sent.headers, sent.timestamp_ms)


def test_a_fact_that_waits_for_its_batch_is_whole() -> None:
    for _ in range(2):  # what the first is copied from is not what the second holds
        taken = decode(fact(1, None), HEARING).taken
        assert taken is not None
        assert taken.event == CLOSED
        assert taken.event.model_dump_json() == CLOSED.model_dump_json()
        assert taken.event.model_copy(update={"outcome": "left"}).model_dump()["outcome"] == "left"


def test_a_reader_that_is_behind_the_others_takes_what_they_have_taken() -> None:
    first, second = fact(1, None), fact(2, ordinal_id(AMINA, 1))
    positions = {
        (HEARD, "pathway", HERE): Position("log", 1, {"intake": (1, ordinal_id(AMINA, 1))}),
        ("cases", "pathway", HERE): Position("log", 0, {}),
    }
    work = sort([decode(record, HEARING) for record in (first, second)], HEARING, positions, {})
    assert work.stop is None
    assert [taken.meta.number for taken in work.heard] == [2]
    assert [taken.meta.number for taken in work.to_fold["cases"]] == [1, 2]
    assert {position.next_offset for position in work.positions.values()} == {2}
    assert positions[HEARD, "pathway", HERE].next_offset == 1  # what is believed moves after the commit alone


def test_a_hole_stops_before_it_and_what_lies_before_is_done() -> None:
    positions = {(reader, "pathway", HERE): Position("log", 0, {}) for reader in HEARING.readers}
    records = [fact(1, None), fact(3, ordinal_id(AMINA, 2))]
    work = sort([decode(record, HEARING) for record in records], HEARING, positions, {})
    assert work.stop == Stop(f"pathway/{HERE}/2", "gap")
    assert [taken.meta.number for taken in work.heard] == [1]
    assert work.positions[HEARD, "pathway", HERE].next_offset == 1
