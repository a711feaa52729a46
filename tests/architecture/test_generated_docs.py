"""That the documents are current is the guard of `make check`; here is its control, and what the documents say."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import yaml

from docs import generate
from shared.service import Service


def test_an_outdated_document_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "events.md").write_text("# something older")
    monkeypatch.setattr(generate, "HERE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["generate", "--check"])
    with pytest.raises(SystemExit, match=r"events\.md is not current"):
        generate.main()


def test_an_undeclared_cycle_is_refused() -> None:
    around = {"a.x": {"b.y"}, "b.y": {"c.z"}, "c.z": {"a.x", "d.w"}}
    assert generate.cycles(around) == [["a.x", "b.y", "c.z", "a.x"]]
    assert generate.cycles({"a.x": {"a.x"}}) == [["a.x", "a.x"]]
    assert generate.cycles(generate.edges(generate.services())) == []


def test_a_reaction_says_what_it_emits() -> None:
    async def silent(unit: Any, event: Any, meta: Any) -> Any:
        return []

    with pytest.raises(TypeError, match="say what it @emits"):
        Service("intake", (), {next(iter(generate.services()[0].reactions)): (silent,)})


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = yaml.load(generate.asyncapi(generate.services()), yaml.CSafeLoader)  # the other takes 13 s

    def resolve(reference: str) -> None:
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                resolve(node["$ref"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)
    assert document["asyncapi"] == "3.0.0"
