"""What the site says of its own accessibility (`accessibility.json`): the page and docs/accessibilita.md show it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A heading, a sentence, a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    text: str
    items: tuple[str, ...]


class Statement(BaseModel):
    """The statement; `to_fill` is what only the body that publishes it knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sections: tuple[Section, ...]
    to_fill: tuple[str, ...]


@cache
def _read() -> Statement:
    return Statement.model_validate_json((Path(__file__).parent / "accessibility.json").read_bytes())


def statement() -> tuple[Section, ...]:
    """The sections, in order."""
    return _read().sections


def to_fill() -> tuple[str, ...]:
    """What the body has to write before it publishes."""
    return _read().to_fill
