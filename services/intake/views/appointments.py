"""Appointments, one row each, as the agenda and the lists read them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from shared.envelope import Meta
from shared.events import intake
from shared.events.base import Event
from shared.projection import Row, View


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("appointment_id", sa.Text, primary_key=True),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("desk", sa.Text, nullable=False),
        sa.Column("operator", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("session_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("moves", sa.Integer, nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("booked_by", sa.Text, nullable=False),
    ]


def fold_appointment(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """One more fact about the appointment."""
    match event:
        case intake.AppointmentBooked():
            return {
                "appointment_id": event.appointment_id, "person_id": event.person_id, "purpose": event.purpose,
                "mode": event.mode, "desk": event.desk, "operator": event.operator, "day": event.day, "at": event.at,
                "minutes": event.minutes, "session_id": event.session_id, "state": "booked", "outcome": None,
                "moves": 0, "since": event.on, "booked_by": meta.actor,
            }  # fmt: skip
        case _ if row is None:
            return None  # the booking itself was cancelled as wrong
        case intake.AppointmentMoved():
            return row | {
                "desk": event.desk, "operator": event.operator, "day": event.day, "at": event.at,
                "minutes": event.minutes, "moves": row["moves"] + 1, "since": event.on,
            }  # fmt: skip
        case intake.AppointmentKept():
            return row | {"state": "kept", "outcome": event.outcome}
        case intake.AppointmentMissed():
            return row | {"state": "missed", "outcome": "excused" if event.excused else None}
        case intake.AppointmentCancelled():
            return row | {"state": "cancelled", "outcome": event.why}
        case _:
            return row


APPOINTMENTS = View(
    name="appointments",
    key_column="appointment_id",
    columns=_columns,
    hears=(
        intake.AppointmentBooked, intake.AppointmentMoved, intake.AppointmentKept, intake.AppointmentMissed,
        intake.AppointmentCancelled,
    ),
    key=lambda event: event.appointment_id,
    fold=fold_appointment,
    indexes=("person_id", "day", "session_id", "state, day", "operator, state, day"),
)  # fmt: skip
