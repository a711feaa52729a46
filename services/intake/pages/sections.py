"""The cards of the person's page that a module of its own fills: `SECTIONS`, in the order of the page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.intake.pages import appointments, own_page_card
from services.intake.pages.attachments_card import fill_attachments
from services.intake.pages.desk_cards import what_is_missing, who_referred
from services.intake.pages.identity import fill_identity, fill_same_person
from services.intake.pages.target_cards import fill_assessed, fill_target
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
    title: str = ""
    """How the page's own navigation calls it; the card itself says its heading."""


@dataclass(frozen=True, slots=True)
class Card:
    """A card that has something to show: where it is, and how the page's navigation calls it."""

    anchor: str
    template: str
    title: str


TITLES = {
    "appointments": "Appuntamenti", "target": "Requisiti", "assessed": "Valutazione", "own_page": "Codice",
    "to_complete": "Da completare", "who_referred": "Segnalazione",
}  # fmt: skip
"""For the cards that say no title of their own."""


SECTIONS: tuple[Section, ...] = (
    Section("appointments", "intake/section_appointments.html", appointments.fill),
    Section("same_person", "intake/card_same_person.html", fill_same_person, "Stessa persona"),
    Section("who", "intake/card_identity.html", fill_identity, "Identità"),
    Section("attachments", "intake/card_attachments.html", fill_attachments, "Documenti"),
    Section("target", "intake/card_target.html", fill_target),
    Section("assessed", "intake/card_assessment.html", fill_assessed),
    Section("to_complete", "intake/section_to_complete.html", what_is_missing),
    Section("who_referred", "intake/section_referrals.html", who_referred),
    Section("own_page", "intake/own_page_card.html", own_page_card.fill),
)


async def filled(looked: Looked) -> tuple[list[Card], dict[str, Any]]:
    """The cards that have something to show, and what they show."""
    cards: list[Card] = []
    context: dict[str, Any] = {}
    for section in SECTIONS:
        values = await section.fill(looked)
        if values is not None:
            title = section.title or TITLES.get(section.name, "")
            cards.append(Card(f"card-{section.name.replace('_', '-')}", section.template, title))
            context[section.name] = values
    return cards, context
