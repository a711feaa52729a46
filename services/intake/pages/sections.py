"""The cards of the person's page that a module of its own fills: `SECTIONS`, in the order of the page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.envelope import Recorded
from shared.projection import Row
from shared.store import Store
from shared.web.readers import Reader


@dataclass(frozen=True, slots=True)
class Looked:
    """The person whom the page shows, as read once for all its cards."""

    store: Store
    reader: Reader
    person_id: str
    on: date
    row: Row
    """The person's row of the view `people`, folded from the facts as they are now."""
    identity: dict[str, Any] | None
    profile: dict[str, Any]
    recorded: list[Recorded]
    """Intake's own facts about the person."""
    heard: list[Recorded]
    """The other services' facts about the person."""


@dataclass(frozen=True, slots=True)
class Section:
    """A card: its template gets what `fill` returns under `name`; None leaves the card out."""

    name: str
    template: str
    fill: Callable[[Looked], Awaitable[dict[str, Any] | None]]


SECTIONS: tuple[Section, ...] = ()


async def filled(looked: Looked) -> tuple[list[str], dict[str, Any]]:
    """The templates of the cards that have something to show, and what they show."""
    templates: list[str] = []
    context: dict[str, Any] = {}
    for section in SECTIONS:
        values = await section.fill(looked)
        if values is not None:
            templates.append(section.template)
            context[section.name] = values
    return templates, context
