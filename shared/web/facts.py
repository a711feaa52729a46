"""How the types of facts are called on a page (`facts.json`; a test asks for every contract)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path


@cache
def labels() -> dict[str, str]:
    """Type -> Italian words."""
    found: dict[str, str] = json.loads((Path(__file__).parent / "facts.json").read_text())
    return found


def label_of(type_name: str) -> str:
    """The Italian words for a type; the type itself where a newer platform wrote it."""
    return labels().get(type_name, type_name)
