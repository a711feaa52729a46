"""What people asked about their data, with its term and its answer; and the erasures, from proposal to the last
service that forgot."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from shared.envelope import Meta
from shared.events.base import Event
from shared.events.intake import (
    ErasureConfirmed,
    ErasureDropped,
    ErasureProposed,
    PersonErased,
    RightAnswered,
    RightExtended,
    RightRequested,
)
from shared.events.privacy import PersonForgotten
from shared.projection import Row, View


def _right_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("right", sa.Text, nullable=False),
        sa.Column("requested_on", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("extended_on", sa.Date),
        sa.Column("answered_on", sa.Date),
        sa.Column("outcome", sa.Text),
        sa.Column("grounds", JSONB, nullable=False),
    ]


def fold_right(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """A request about one's data: made, prolonged, answered. All its facts are of one stream, in order."""
    match event:
        case RightRequested():
            return {
                "request_id": event.request_id, "person_id": event.person_id, "right": event.right,
                "requested_on": event.on, "due_on": event.due_on, "by": event.by, "extended_on": None,
                "answered_on": None, "outcome": None, "grounds": [],
            }  # fmt: skip
        case RightExtended() if row:
            return row | {"due_on": event.due_on, "extended_on": event.on}
        case RightAnswered() if row:
            return row | {"answered_on": event.on, "outcome": event.outcome, "grounds": list(event.grounds)}
        case _:
            return row


RIGHTS_REQUESTED = View(
    name="rights_requested",
    key_column="request_id",
    columns=_right_columns,
    hears=(RightRequested, RightExtended, RightAnswered),
    key=lambda event: str(event.request_id),
    fold=fold_right,
    indexes=("due_on", "person_id"),
)


def _erasure_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("ground", sa.Text),
        sa.Column("rule", sa.Text),
        sa.Column("by", sa.Text),
        sa.Column("proposed_on", sa.Date),
        sa.Column("confirmed_by", JSONB, nullable=False),
        sa.Column("execute_on", sa.Date),
        sa.Column("decided_on", sa.Date),
        sa.Column("scope", sa.Text),
        sa.Column("kept", JSONB, nullable=False),
        sa.Column("erased_on", sa.Date),
        sa.Column("forgotten", JSONB, nullable=False),
    ]


def _blank(person_id: str) -> Row:
    row: Row = {column.name: None for column in _erasure_columns()}
    return row | {"person_id": person_id, "state": "open", "confirmed_by": [], "kept": [], "forgotten": {}}


def fold_erasure(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """The latest erasure of a person; `forgotten` says which service answered, with how many texts."""
    match event:
        case ErasureProposed():
            kept = [duty.model_dump(mode="json") for duty in event.kept]
            return (row or _blank(event.person_id)) | {
                "state": "open", "ground": event.ground, "rule": event.rule, "by": event.by,
                "proposed_on": event.on, "confirmed_by": [], "execute_on": None, "decided_on": None,
                "scope": event.scope, "kept": kept,
            }  # fmt: skip
        case ErasureConfirmed() if row:
            changed = {"confirmed_by": [*row["confirmed_by"], event.by], "execute_on": event.execute_on}
            decided = {"state": "confirmed", "decided_on": event.on} if event.execute_on else {}
            return row | changed | decided
        case ErasureDropped() if row:
            return row | {"state": "dropped", "decided_on": event.on}
        case PersonErased():
            kept = [duty.model_dump(mode="json") for duty in event.kept]
            done = {"state": "done", "erased_on": event.on, "scope": event.scope, "kept": kept, "forgotten": {}}
            return (row or _blank(event.person_id)) | done
        case PersonForgotten():
            row = row or _blank(event.person_id)
            answer = {"texts": event.texts, "kept": event.kept}
            return row | {"forgotten": {**row["forgotten"], meta.source: answer}}
        case _:
            return row


ERASURES = View(
    name="erasures",
    key_column="person_id",
    columns=_erasure_columns,
    hears=(ErasureProposed, ErasureConfirmed, ErasureDropped, PersonErased, PersonForgotten),
    key=lambda event: str(event.person_id),
    fold=fold_erasure,
    indexes=("state",),
)


def overdue(row: Row, today: date) -> bool:
    """Whether a request about one's data has passed its term without an answer."""
    return row["answered_on"] is None and bool(row["due_on"] < today)
