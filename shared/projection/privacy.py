"""Whose data were erased, and whose may only be kept: the same small view in every service.

Erased (Regulation 2016/679, art. 17): pages say so instead of a name. Restricted (art. 18): the data stay, and
nothing new is begun with them until intake lifts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from shared.decisions import Refused
from shared.envelope import Meta
from shared.events.base import Event
from shared.events.intake import PersonErased, ProcessingRestricted, RestrictionLifted
from shared.projection.aliases import ids_of
from shared.projection.reading import Reading
from shared.projection.view import Row, View

if TYPE_CHECKING:
    from shared.store import Unit


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("erased_on", sa.Date),
        sa.Column("scope", sa.Text),
        sa.Column("restricted_on", sa.Date),
        sa.Column("ground", sa.Text),
    ]


def fold_privacy(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """The person's row after one more of intake's facts about their rights."""
    match event:
        case PersonErased():
            return {
                "person_id": event.person_id, "erased_on": event.on, "scope": event.scope, "restricted_on": None,
                "ground": None,
            }  # fmt: skip
        case ProcessingRestricted():
            before: Row = row or {"person_id": event.person_id, "erased_on": None, "scope": None}
            return {**before, "restricted_on": event.on, "ground": event.ground}
        case RestrictionLifted() if row and row["erased_on"]:
            return {**row, "restricted_on": None, "ground": None}
        case RestrictionLifted():
            return None
        case _:
            return row


PRIVACY = View(
    name="privacy", key_column="person_id", columns=_columns,
    hears=(PersonErased, ProcessingRestricted, RestrictionLifted),
    key=lambda event: str(event.person_id), fold=fold_privacy,
)  # fmt: skip

GONE = "dati cancellati il {:%d/%m/%Y}"
"""What stands in the place of a name."""


def restricted(since: date) -> Refused:
    """The answer to whoever would begin something new with data that may only be kept."""
    return Refused(
        "processing_restricted",
        f"Il trattamento dei dati di questa persona è limitato dal {since:%d/%m/%Y} (art. 18 GDPR): i dati si "
        "conservano, ma non si usano per proposte, iscrizioni o messaggi finché la limitazione non è tolta.",
    )


async def restriction_of(unit: Unit, person_id: str) -> Refused | None:
    """For a decision that begins something new about the person, under whichever of their ids it was limited."""
    for one in await ids_of(unit, person_id):
        row = await unit.row(PRIVACY, one)
        if row is not None and row["restricted_on"] is not None:
            return restricted(row["restricted_on"])
    return None


async def erased(reading: Reading, person_ids: Sequence[str]) -> dict[str, Row]:
    """Those of these persons whose data were erased: id -> row."""
    table = reading.table(PRIVACY)
    query = sa.select(table).where(table.c.person_id.in_(list(person_ids)), table.c.erased_on.is_not(None))
    return {row["person_id"]: row for row in await reading.rows(query)}


async def state_of(reading: Reading, person_id: str) -> Row | None:
    """The person's row, for a page."""
    return await reading.row(PRIVACY, person_id)
