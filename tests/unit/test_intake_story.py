"""The story of a person: each fact that intake can record is told, whatever its codes, and in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

from services.intake.pages.story import words
from shared.events import REGISTRY
from shared.events.base import Correction, Event

EXAMPLES = Path(__file__).parents[1] / "contracts" / "examples"
OWN = [
    contract
    for contract in REGISTRY.values()
    if contract.TYPE.startswith("intake.") and contract.SUBJECT == "person_id" and not issubclass(contract, Correction)
]
SILENT = {
    "intake.attachment-removed", "intake.declaration-signed", "intake.duplicate-dismissed",
    "intake.emergency-reviewed", "intake.message-delivered", "intake.message-sent", "intake.note-added",
    "intake.pathway-resumed", "intake.plan-action-done", "intake.registered-quickly",
}  # fmt: skip
"""The title says all there is to say."""


def example(contract: type[Event]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / f"{contract.TYPE}.v{contract.VERSION}.json").read_text())
    return found


def literals(annotation: Any) -> set[Any]:
    if get_origin(annotation) is Literal:
        return set(get_args(annotation))
    if get_origin(annotation) is tuple:
        return set()
    return {code for part in get_args(annotation) for code in literals(part)}


def variants(contract: type[Event]) -> Iterator[Event]:
    """The published example with every code of every vocabulary, and both ways of every yes or no."""
    base = example(contract)
    yield contract.model_validate(base)
    for name, info in contract.model_fields.items():
        choices = {True, False} if info.annotation is bool else literals(info.annotation)
        for choice in sorted(choices, key=str):
            yield contract.model_validate(base | {name: choice})


@pytest.mark.parametrize("contract", OWN, ids=lambda c: c.TYPE)
def test_every_fact_about_a_person_is_told_whatever_its_codes(contract: type[Event]) -> None:
    told = {words(event) for event in variants(contract)}
    assert (told == {""}) == (contract.TYPE in SILENT)
    for text in told - {""}:
        assert text.endswith("."), text
        assert "None" not in text, text


def test_a_code_without_words_would_be_noticed() -> None:
    contract = REGISTRY["intake.visit-ended"]
    with pytest.raises(KeyError):
        words(contract.model_construct(**(example(contract) | {"outcome": "vanished"})))
