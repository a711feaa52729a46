"""The contracts keep their promises: described, without free text, published once, readable for ever."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from pydantic import Field, ValidationError

from shared.events import REGISTRY, SERVICES, Event, NewerVersion, UnknownType, base, load
from shared.events.base import Correction, Id
from tests.contracts.publish import EXAMPLES, SCHEMAS, example, name_of

TYPES = sorted(REGISTRY.values(), key=lambda t: t.TYPE)
IDS = [t.TYPE for t in TYPES]


def loose_strings(schema: dict[str, Any]) -> list[str]:
    """The places of a schema where any text would do."""
    found = []

    def walk(node: Any, path: str) -> None:
        if isinstance(node, dict):
            if node.get("type") == "string" and not {"pattern", "enum", "const", "format"} & set(node):
                found.append(path)
            for key, value in node.items():
                walk(value, f"{path}/{key}")
        elif isinstance(node, list):
            for place, value in enumerate(node):
                walk(value, f"{path}/{place}")

    walk({k: v for k, v in schema.get("properties", {}).items() if k not in ("fact", "corrected")}, "")
    walk(schema.get("$defs", {}), "$defs") if "fact" not in schema.get("properties", {}) else None
    return found


def undescribed(type_: type[Event]) -> list[str]:
    """The fields that say nothing of their meaning."""
    return [name for name, field in type_.model_fields.items() if not field.description]


@pytest.mark.parametrize("type_", TYPES, ids=IDS)
def test_a_contract_is_described_and_holds_no_free_text(type_: type[Event]) -> None:
    assert type_.__doc__
    assert undescribed(type_) == []
    assert loose_strings(type_.model_json_schema()) == []
    assert frozenset(SERVICES) >= type_.SOURCES
    assert type_.SUBJECT in type_.model_fields


def test_the_guard_catches_free_text_and_silence() -> None:
    """The negative control."""
    before = dict(REGISTRY)
    try:

        class NoteTaken(Event):
            TYPE: ClassVar[str] = "intake.note-taken"
            TOPIC: ClassVar[str] = "pathway"
            SUBJECT: ClassVar[str] = "person_id"
            person_id: Id = Field(description="The person.")
            note: str

        assert loose_strings(NoteTaken.model_json_schema()) == ["/note"]
        assert undescribed(NoteTaken) == ["note"]
    finally:
        REGISTRY.clear()
        REGISTRY.update(before)


@pytest.mark.parametrize("type_", TYPES, ids=IDS)
def test_the_present_version_is_published(type_: type[Event]) -> None:
    assert (EXAMPLES / name_of(type_)).exists(), "publish it: python -m tests.contracts.publish"
    assert (SCHEMAS / name_of(type_)).exists()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda p: p.stem)
def test_every_version_ever_published_loads(path: Any) -> None:
    type_name, version = path.stem.rsplit(".v", 1)
    event = load(type_name, int(version), path.read_bytes())
    assert type_name == event.TYPE
    assert load(type_name, event.VERSION, event.model_dump_json()) == event


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What of a published schema the present one, under the same version, no longer keeps."""
    problems = [f"{f} is gone" for f in old["properties"] if f not in new["properties"]]
    problems += [f"{f} is newly required" for f in new.get("required", []) if f not in old.get("required", [])]
    for field, was in old["properties"].items():
        now = new["properties"].get(field)
        if now is not None and not _accepts(was, now):
            problems.append(f"{field} changed")
    return problems


def _accepts(was: dict[str, Any], now: dict[str, Any]) -> bool:
    strip = ("description", "title", "default")
    a, b = ({k: v for k, v in s.items() if k not in strip} for s in (was, now))
    if "enum" in a and "enum" in b:
        return set(a["enum"]) <= set(b["enum"])
    return a == b


@pytest.mark.parametrize("type_", TYPES, ids=IDS)
def test_a_published_version_only_grows(type_: type[Event]) -> None:
    published = json.loads((SCHEMAS / name_of(type_)).read_text())
    assert breaks(published, type_.model_json_schema()) == [], "bump the version and write an upcaster"


def test_the_guard_catches_a_broken_contract() -> None:
    """The negative control."""
    published = json.loads((SCHEMAS / "intake.pathway-closed.v1.json").read_text())
    changed = json.loads(json.dumps(published))
    changed["properties"]["outcome"]["enum"].remove("withdrew")
    changed["properties"]["why"] = {"type": "string"}
    changed["required"].append("why")
    del changed["properties"]["person_id"]
    assert breaks(published, changed) == ["person_id is gone", "why is newly required", "outcome changed"]


def test_a_hole_in_the_chain_of_upcasters_fails_at_import() -> None:
    before, upcasters = dict(REGISTRY), dict(base._upcasters)
    try:

        class Moved(Event):
            TYPE: ClassVar[str] = "intake.moved"
            VERSION: ClassVar[int] = 3
            TOPIC: ClassVar[str] = "pathway"
            SUBJECT: ClassVar[str] = "person_id"
            person_id: Id = Field(description="The person.")
            where: Id = Field(description="Where to.")

        base.upcasts(Moved, 2)(lambda values: values | {"where": values["to"]})
        with pytest.raises(TypeError, match="no upcaster from version 1"):
            base.check_chains()
        base.upcasts(Moved, 1)(lambda values: values | {"to": values["place"]})
        base.check_chains()
        place = "3f2b8c1e-7a4d-5e6f-8a9b-0c1d2e3f4a5b"
        old = json.dumps({"on": "2024-01-02", "person_id": place, "place": place})
        assert load("intake.moved", 1, old) == Moved.model_validate(
            {"on": "2024-01-02", "person_id": place, "where": place}
        )
        with pytest.raises(NewerVersion):
            load("intake.moved", 4, old)
    finally:
        REGISTRY.clear()
        REGISTRY.update(before)
        base._upcasters.clear()
        base._upcasters.update(upcasters)


def test_unknown_types_and_bad_data_are_named() -> None:
    with pytest.raises(UnknownType):
        load("intake.never-heard-of", 1, b"{}")
    with pytest.raises(ValidationError):
        load("intake.pathway-closed", 1, b"{}")


def test_an_unknown_field_of_a_later_writer_is_ignored() -> None:
    type_ = REGISTRY["intake.pathway-closed"]
    values = example(type_) | {"added_later": 1}
    assert load(type_.TYPE, 1, json.dumps(values)) == type_.model_validate(example(type_))


def test_two_contracts_cannot_share_a_name() -> None:
    with pytest.raises(TypeError, match="two contracts"):

        class PathwayClosedTwin(Event):
            TYPE: ClassVar[str] = "intake.pathway-closed"
            TOPIC: ClassVar[str] = "pathway"
            SUBJECT: ClassVar[str] = "on"


def test_every_topic_of_an_owner_can_be_corrected() -> None:
    # Notices are no facts about anybody, and behind an ending nothing is recorded, corrections neither.
    facts = [t for t in TYPES if not t.TYPE.startswith("operations.") and not t.ENDS]
    places = {(t.TYPE.split(".")[0], t.TOPIC) for t in facts}
    correctable = {(t.TYPE.split(".")[0], t.TOPIC) for t in TYPES if issubclass(t, Correction)}
    assert places == correctable
