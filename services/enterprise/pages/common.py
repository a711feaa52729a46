"""What several pages of enterprise share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from markupsafe import Markup

from services.enterprise import labels
from services.enterprise.domain import euros
from shared.corrections import effective
from shared.envelope import Recorded
from shared.events.base import Correction, Event
from shared.events.enterprise import (
    BudgetSet,
    FundingApproved,
    FundingRefused,
    FundsCommitted,
    FundsPaid,
    PaymentMade,
    ProjectSubmitted,
    TechnicalJudgementGiven,
)
from shared.projection import Reading, Row
from shared.store import Store
from shared.web import formats
from shared.web.app import get_store
from shared.web.facts import label_of
from shared.web.labels import MOTIVES
from shared.web.readers import Reader, requires

StoreOf = Annotated[Store, Depends(get_store)]
Viewer = Annotated[Reader, requires("enterprise.view")]
Exporter = Annotated[Reader, requires("enterprise.export")]
Formato = Annotated[Literal["csv", "xlsx"], Query()]
Year = Annotated[int | None, Query(ge=2017, le=2100)]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]
PAGE = 50
ERASED = "(testo cancellato)"
HOME = "/enterprise"


async def titled(store: Store, reading: Reading, rows: Sequence[Row]) -> list[Row]:
    """The projects with their title and, if an organisation's, its name, from the vault."""
    references = [row["card"] for row in rows if row.get("card")]
    cards = await store.vault.read_many(reading.conn, references) if references else {}
    return [row | _words(cards.get(row.get("card") or "")) for row in rows]


def _words(card: dict[str, Any] | None) -> Row:
    if card is None:
        return {"title": ERASED, "organisation": None, "tax_code": None, "description": ERASED}
    return {name: card.get(name) for name in ("title", "organisation", "tax_code", "description")}


def typed(cents: int) -> str:
    """An amount as one types it: `1.234,56`."""
    return euros(cents).removesuffix(" €")


def summary(fact: Event) -> str:
    """A fact in a line."""
    match fact:
        case ProjectSubmitted():
            places = "1 posto di lavoro previsto" if fact.jobs == 1 else f"{fact.jobs} posti di lavoro previsti"
            jobs = f", {places}" if fact.jobs else ""
            return f"Richiesti {euros(fact.requested)}, {labels.SECTORS[fact.sector]}{jobs}"
        case TechnicalJudgementGiven():
            return f"{labels.JUDGEMENTS[fact.outcome]}, {fact.score} punti su 100"
        case FundingApproved():
            return f"{euros(fact.amount)} sulla linea {labels.line_name(fact.budget_id)}"
        case FundingRefused():
            return labels.REASONS[fact.reason]
        case PaymentMade() | FundsPaid():
            return f"{euros(fact.amount)}, mandato {fact.order}"
        case BudgetSet():
            return f"{euros(fact.amount)}, provenienza {labels.SOURCES[fact.source].lower()}"
        case FundsCommitted():
            return euros(fact.amount)
        case _:
            return ""


def story(
    store: Store, recorded: Sequence[Recorded], correctable: dict[type[Event], str], base: str
) -> list[dict[str, Any]]:
    """The timeline of a stream, the latest first: what holds, what was corrected and why.

    `correctable`: the types that this reader may correct; their facts have a link "Correggi".
    """
    held = {fact.meta.id: fact for fact in effective(recorded)}
    touched = {fact.event.fact_id: fact.event for fact in recorded if isinstance(fact.event, Correction)}
    items = []
    for fact in recorded:
        by = f"registrato da {store.name_of(fact.meta.actor)} il {formats.instant(fact.meta.time)}"
        if isinstance(fact.event, Correction):
            what = "Annullato" if fact.event.corrected is None else "Rettificato"
            text = f"{what}: {label_of(fact.event.fact_type)}. Motivo: {MOTIVES[fact.event.motive].lower()}."
            items.append({"when": fact.event.on, "title": "Correzione", "text": text, "by": by, "tone": "warn"})
            continue
        now = held.get(fact.meta.id)
        shown = now.event if now else fact.event
        words: Any = summary(shown)
        if now is None:
            words = f"{words} — annullato"
        elif fact.meta.id in touched:
            words = f"{words} — rettificato (prima: {formats.day(fact.event.on)}, {summary(fact.event)})"
        if now is not None and type(shown) in correctable:
            link = Markup('{} · <a href="{}">Correggi<span class="visually-hidden"> {}</span></a>')
            words = link.format(words, f"{base}/facts/{fact.meta.id}", label_of(fact.meta.type))
        title = label_of(fact.meta.type).capitalize()
        items.append({"when": shown.on, "title": title, "text": words, "by": by, "tone": "" if now else "bad"})
    return items[::-1]
