"""What comes from the log, under arbitrary bytes: only the errors that are documented; and every contract, built by
chance within its schema, comes back as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared import envelope
from shared.envelope import Meta, Undecodable
from shared.events import REGISTRY, Correction, Event, NewerVersion, UnknownType, load
from shared.log import Record
from tests.contracts.publish import example as example_of

quick = settings(max_examples=120, deadline=None)
types = st.sampled_from(sorted(REGISTRY))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def read(type_: str, version: int, data: bytes) -> Event | None:
    try:
        return load(type_, version, data)
    except (UnknownType, NewerVersion, ValueError):
        return None


@quick
@given(
    types | st.text(max_size=20),
    st.integers(1, 5),
    st.binary(max_size=200) | json_values.map(lambda v: json.dumps(v).encode()),
)
@example("intake.person-registered", 1, b"[" * 100_000)
@example("intake.person-registered", 1, b"\xff")
@example("intake.person-registered", 0, b"{}")
@example("intake.person-registered", -1, b"{}")
def test_any_bytes_are_a_fact_or_a_documented_error(type_: str, version: int, data: bytes) -> None:
    found = read(type_, version, data)
    assert found is None or isinstance(found, Event)


@quick
@given(types, st.data())
def test_a_fact_with_one_field_changed_is_read_or_refused(type_: str, data: st.DataObject) -> None:
    contract = REGISTRY[type_]
    values = example_of(contract)
    assert read(type_, contract.VERSION, json.dumps(values).encode()) is not None, "the control"
    field = data.draw(st.sampled_from(sorted(values)))
    values[field] = data.draw(json_values)
    for version in range(1, contract.VERSION + 1):
        found = read(type_, version, json.dumps(values).encode())
        if found is not None:
            # What a platform has read it can hand on.
            assert read(type_, contract.VERSION, found.model_dump_json().encode()) == found


def strategy(inner: dict[str, Any], schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema allows, for what our contracts are made of."""
    if "$ref" in inner:
        return strategy(schema["$defs"][inner["$ref"].rsplit("/", 1)[1]], schema)
    if "anyOf" in inner:
        return st.one_of(*(strategy(one, schema) for one in inner["anyOf"]))
    if "enum" in inner:
        return st.sampled_from(inner["enum"])
    if "const" in inner:
        return st.just(inner["const"])
    match inner.get("type"):
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            low, high = inner.get("minimum"), inner.get("maximum")
            low = inner["exclusiveMinimum"] + 1 if "exclusiveMinimum" in inner else low
            high = inner["exclusiveMaximum"] - 1 if "exclusiveMaximum" in inner else high
            return st.integers(-(2**53) if low is None else low, 2**53 if high is None else high)
        case "array":
            each = strategy(inner["items"], schema) if "items" in inner else None
            if "prefixItems" in inner:
                return st.tuples(*(strategy(one, schema) for one in inner["prefixItems"])).map(list)
            assert each is not None
            unique = json.dumps if inner.get("uniqueItems") else None
            low = inner.get("minItems", 0)
            return st.lists(each, min_size=low, max_size=max(low, min(3, inner.get("maxItems", 3))), unique_by=unique)
        case "object" if "properties" in inner:
            return st.fixed_dictionaries({name: strategy(one, schema) for name, one in inner["properties"].items()})
        case "object":
            return st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.integers(0, 10**6), max_size=3)
        case "string" if inner.get("format") == "date":
            return st.dates().map(str)
        case "string" if inner.get("format") == "date-time":
            return st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
        case "string" if "pattern" in inner:
            # `$` in Python also means "before the last newline"; the contracts' engine does not take that.
            pattern = inner["pattern"].removesuffix("$") + r"\Z"
            low, high = inner.get("minLength", 0), inner.get("maxLength", 10**6)
            return st.from_regex(pattern).filter(lambda text: low <= len(text) <= high)
        case kind:
            raise AssertionError(f"no strategy for {kind} {inner}")


PLAIN = sorted(name for name, type_ in REGISTRY.items() if not issubclass(type_, Correction))


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
@pytest.mark.parametrize("name", PLAIN)
def test_every_contract_comes_back_as_it_was(name: str, data: st.DataObject) -> None:
    contract = REGISTRY[name]
    schema = contract.model_json_schema()
    values = data.draw(strategy(schema, schema))
    try:
        fact = contract.model_validate_json(json.dumps(values))
    except ValueError:
        return  # rules between two fields, which a schema does not tell
    again = load(name, contract.VERSION, fact.model_dump_json())
    assert again == fact
    assert again.subject == fact.subject


# Headers

NAMES = (
    "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_dataversion", "ce_number", "ce_actor", "ce_cause",
    "ce_correlation", "ce_hops", "ce_predecessor", "ce_causation", "traceparent",
)  # fmt: skip
UUID = "3f2b8c1e-7a4d-5e6f-8a9b-0c1d2e3f4a5b"
GOOD = Meta(
    UUID, "intake", "intake.person-registered", 1, UUID, datetime(2024, 3, 4, 9, tzinfo=UTC), "pathway", 3, 41, UUID,
    "u-elena.conti", UUID, UUID, UUID, 0, "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
)  # fmt: skip


def record(headers: list[tuple[str, Any]]) -> Record:
    return Record("pathway", 3, 7, UUID.encode(), b"{}", tuple(headers), 0)


def test_headers_come_back_as_they_were() -> None:
    """The control."""
    assert envelope.read_meta(record(list(envelope.message(GOOD, b"{}").headers))) == GOOD


@quick
@given(
    st.lists(
        st.tuples(
            st.sampled_from(NAMES),
            st.none() | st.binary(max_size=40) | st.text(max_size=20).map(lambda t: t.encode("utf-8", "replace")),
        ),
        max_size=6,
    ),
    st.sets(st.sampled_from(NAMES), max_size=3),
)
@example([("ce_time", b"2024-03-04")], set())
@example([("ce_number", b"9" * 5000)], set())
@example([("ce_time", b"9999-12-31T23:59:59-23:59")], set())
@example([("ce_hops", "٣".encode())], set())
def test_any_headers_are_a_recording_or_undecodable(changed: list[tuple[str, bytes | None]], gone: set[str]) -> None:
    headers = dict(envelope.message(GOOD, b"{}").headers) | dict(changed)
    left = record([(name, value) for name, value in headers.items() if name not in gone])
    try:
        meta = envelope.read_meta(left)
    except Undecodable:
        return
    assert meta.time.tzinfo is not None
    assert (meta.topic, meta.partition) == ("pathway", 3)
    with pytest.raises((Undecodable, UnknownType, NewerVersion)):
        envelope.read_event(meta, b"{}")
