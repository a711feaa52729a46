"""Publishes the contracts that are not published yet: `python -m tests.contracts.publish`.

For each type and version an example (`examples/<type>.v<N>.json`) and the schema as it was (`schemas/...`). What
is published is never written again: a changed contract bumps its version and is published beside the old one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shared.events import REGISTRY, Event
from shared.events.base import Correction

HERE = Path(__file__).parent
EXAMPLES, SCHEMAS = HERE / "examples", HERE / "schemas"
UUID = "3f2b8c1e-7a4d-5e6f-8a9b-0c1d2e3f4a5b"
BY_FIELD: dict[str, Any] = {
    "desk_day": "malvezzi:2024-03-15",
    "account": "u-elena.conti",
    "organisation": "o-comune-imola",
    "on": "2024-03-15",
    "budget_id": "budget-2024-fsp",
    "report_id": "report-2024-h1",
    "sample_id": "declarations-2024-h1",
    "population_digest": "ab" * 32,
    "digest": "ab" * 32,
    "where": "pathway/3/41",
    "stream_id": "operations-intake-2024-03",
    "occupation": "5120",
    "sector": "I",
    "union": "unione-reno-galliera",
    "week_id": "operator:u-elena.conti:2024-w11",
    "at": "09:30",
    "language": "it",
}


def name_of(type_: type[Event], version: int | None = None) -> str:
    """`intake.person-registered.v1.json`."""
    return f"{type_.TYPE}.v{version or type_.VERSION}.json"


def example(type_: type[Event]) -> dict[str, Any]:
    """A full example, made from the schema."""
    if issubclass(type_, Correction):
        return _correction(type_)
    schema = type_.model_json_schema()
    return {field: _value(field, inner, schema) for field, inner in schema["properties"].items()}


def _correction(type_: type[Correction]) -> dict[str, Any]:
    owner = type_.TYPE.split(".")[0]
    wrong = next(
        t
        for t in REGISTRY.values()
        if t.TYPE.split(".")[0] == owner and t.TOPIC == type_.TOPIC and not issubclass(t, Correction)
    )
    fact = example(wrong)
    return {
        "on": "2024-03-20", "subject_id": fact[wrong.SUBJECT], "fact_id": UUID, "fact_type": wrong.TYPE,
        "fact_version": wrong.VERSION, "fact": fact, "corrected": fact | {"on": "2024-03-16"}, "motive": "wrong_date",
    }  # fmt: skip


def _value(field: str, inner: dict[str, Any], schema: dict[str, Any]) -> Any:
    if "$ref" in inner:
        target = schema["$defs"][inner["$ref"].rsplit("/", 1)[1]]
        return {f: _value(f, i, schema) for f, i in target["properties"].items()}
    if "anyOf" in inner:
        return _value(field, next(i for i in inner["anyOf"] if i.get("type") != "null"), schema)
    if field in BY_FIELD and not (field == "sector" and "enum" in inner):
        return BY_FIELD[field]
    if "enum" in inner:
        return inner["enum"][0]
    if "const" in inner:
        return inner["const"]
    match inner.get("type"):
        case "integer":
            return max(int(inner.get("minimum", 0)), 1) if field != "year" else 2024
        case "boolean":
            return True
        case "array":
            return [_value(field, inner["items"], schema)]
        case "string" if inner.get("format") == "date":
            return "2024-03-15"
        case "string" if inner.get("format") == "date-time":
            return "2024-03-15T10:00:00Z"
        case "string" if ":[0-9]" in inner.get("pattern", ""):
            return f"{UUID}:1:{'cd' * 32}"
        case "string" if inner.get("pattern", "").startswith("^[0-9a-f]{8}-"):
            return UUID
        case _:
            return "u-elena.conti" if field.endswith(("_by", "manager")) else "code-1"


def main() -> None:
    """Writes what is missing, touches nothing else."""
    for type_ in REGISTRY.values():
        for folder, content in ((EXAMPLES, example(type_)), (SCHEMAS, type_.model_json_schema())):
            path = folder / name_of(type_)
            if not path.exists():
                path.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
