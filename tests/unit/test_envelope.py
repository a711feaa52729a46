"""Ids from causes, and facts on the wire and back."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.envelope import _REQUIRED, Meta, Undecodable, message, ordinal_id, read_event, read_meta
from shared.events.intake import PathwayClosed
from shared.log import Record

AMINA = "3f2b8c1e-7a4d-5e6f-8a9b-0c1d2e3f4a5b"
CLOSED = PathwayClosed(on=date(2024, 3, 1), person_id=AMINA, outcome="autonomous")
META = Meta(
    id=ordinal_id(AMINA, 0), source="intake", type=CLOSED.TYPE, type_version=1, subject=AMINA,
    time=datetime(2024, 3, 1, 9, 30, tzinfo=UTC), topic="pathway", partition=3, number=7, predecessor=AMINA,
    actor="u-elena.conti", cause=AMINA, correlation=AMINA, causation=None, hops=0, traceparent="00-a-b-01",
)  # fmt: skip


@given(cause=st.uuids(), name=st.text(max_size=20) | st.integers(0, 99))
def test_an_ordinal_id_is_the_uuid5_of_its_cause(cause: uuid.UUID, name: str | int) -> None:
    assert ordinal_id(str(cause), name) == str(uuid.uuid5(cause, str(name)))


def record(meta: Meta, data: bytes | None) -> Record:
    sent = message(meta, data or b"")
    return Record(meta.topic, meta.partition, 11, sent.key, data, sent.headers, sent.timestamp_ms)


def test_what_is_written_is_read() -> None:
    written = record(META, CLOSED.model_dump_json().encode())
    assert read_meta(written) == META
    assert read_event(META, written.value) == CLOSED
    assert dict(written.headers)["ce_specversion"] == b"1.0"
    assert tuple(name for name, _ in written.headers)[: len(_REQUIRED)] == _REQUIRED  # the order that is read faster


@given(st.permutations(record(META, b"{}").headers))
def test_headers_are_read_in_any_order(headers: list[tuple[str, bytes]]) -> None:
    more = (("somebody-elses", b"x"), *headers, ("and-another", b""))  # an older relay, or a proxy on the way
    assert read_meta(record(META, b"{}")._replace(headers=more)) == META


def test_a_first_fact_has_no_predecessor() -> None:
    first = META._replace(number=1, predecessor=None, traceparent=None, causation=AMINA)
    assert read_meta(record(first, b"{}")) == first


@pytest.mark.parametrize("lost", ["ce_id", "ce_source", "ce_type", "ce_number", "ce_time"])
def test_a_record_without_its_headers_is_undecodable(lost: str) -> None:
    whole = record(META, b"{}")
    with pytest.raises(Undecodable, match="headers"):
        read_meta(whole._replace(headers=tuple(h for h in whole.headers if h[0] != lost)))
    headers: Any = tuple((n, None if n == lost else v) for n, v in whole.headers)
    with pytest.raises(Undecodable, match="headers"):  # a header without a value is one that Kafka allows
        read_meta(whole._replace(headers=headers))


@pytest.mark.parametrize(
    ("id_", "correlation", "causation"),
    [
        ("nobody", AMINA, None), (AMINA.upper(), AMINA, None), (AMINA.replace("-", ""), AMINA, None),
        (AMINA, AMINA, "nobody"), (AMINA + AMINA[:4], AMINA[4:], None), (f"{AMINA},{AMINA}", AMINA, None),
    ],
)  # fmt: skip
def test_ids_that_the_journal_could_not_hold_are_undecodable(id_: str, correlation: str, causation: str | None) -> None:
    with pytest.raises(Undecodable, match="headers"):
        read_meta(record(META._replace(id=id_, correlation=correlation, causation=causation), b"{}"))


def test_a_cause_that_is_empty_is_none() -> None:
    whole = record(META, b"{}")
    assert read_meta(whole._replace(headers=(*whole.headers, ("ce_causation", b"")))) == META


@pytest.mark.parametrize(("value", "why"), [(None, "no-value"), (b"{", "data"), (b"{}", "data"), (b"\xff", "data")])
def test_a_record_without_its_data_is_undecodable(value: bytes | None, why: str) -> None:
    with pytest.raises(Undecodable, match=why):
        read_event(META, value)


def test_a_fact_about_somebody_else_than_its_key_is_undecodable() -> None:
    other = CLOSED.model_copy(update={"person_id": ordinal_id(AMINA, "other")})
    with pytest.raises(Undecodable, match="subject"):
        read_event(META, other.model_dump_json().encode())
