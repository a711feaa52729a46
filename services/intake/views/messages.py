"""Messages to persons, one row each: what the sender looks through and operators can see."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from shared.envelope import Meta
from shared.events import intake
from shared.events.base import Event
from shared.projection import Row, View


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("again_at", sa.DateTime(timezone=True)),
        sa.Column("delivery_id", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("because", sa.Text, nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    ]


def fold_message(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """One more fact about the message."""
    match event:
        case intake.MessageQueued():
            return {
                "message_id": event.message_id, "person_id": event.person_id, "template": event.template,
                "language": event.language, "channel": event.channel, "state": "queued", "reason": None,
                "attempts": 0, "again_at": None, "delivery_id": None, "text": event.text, "because": event.because,
                "queued_at": meta.time, "changed_at": meta.time,
            }  # fmt: skip
        case _ if row is None:
            return None
        case intake.MessageAttempted():
            changed: Row = {"state": "sending", "attempts": event.attempt, "again_at": None}
        case intake.MessageDelayed():
            changed = {"state": "queued", "reason": event.reason, "again_at": event.again_at}
        case intake.MessageSent():
            changed = {"state": "sent", "reason": None, "delivery_id": event.delivery_id}
        case intake.MessageDelivered():
            changed = {"state": "delivered"}
        case intake.MessageFailed():
            changed = {"state": "failed", "reason": event.reason}
        case _:
            changed = {}
    return row | changed | {"changed_at": meta.time}


MESSAGES = View(
    name="messages",
    key_column="message_id",
    columns=_columns,
    hears=(
        intake.MessageQueued, intake.MessageAttempted, intake.MessageDelayed, intake.MessageSent,
        intake.MessageDelivered, intake.MessageFailed,
    ),
    key=lambda event: event.message_id,
    fold=fold_message,
    indexes=("person_id", "state, queued_at", "queued_at desc, message_id"),
)  # fmt: skip
