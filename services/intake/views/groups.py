"""Group sessions, absences of operators and closures of desks, one row each."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from shared.envelope import Meta
from shared.events import intake
from shared.events.base import Event
from shared.projection import Row, View


def _session_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("session_id", sa.Text, primary_key=True),
        sa.Column("theme", sa.Text, nullable=False),
        sa.Column("desk", sa.Text, nullable=False),
        sa.Column("operator", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("seats", sa.Integer, nullable=False),
        sa.Column("invited", JSONB, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False),
    ]


def fold_session(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """One more fact about the session; `invited` is person -> appointment."""
    match event:
        case intake.GroupSessionPlanned():
            return {
                "session_id": event.session_id, "theme": event.theme, "desk": event.desk, "operator": event.operator,
                "day": event.day, "at": event.at, "minutes": event.minutes, "seats": event.seats, "invited": {},
                "cancelled": False,
            }  # fmt: skip
        case _ if row is None:
            return None
        case intake.SessionSeatTaken():
            return row | {"invited": {**row["invited"], event.person_id: event.appointment_id}}
        case intake.SessionSeatFreed():
            return row | {"invited": {k: v for k, v in row["invited"].items() if k != event.person_id}}
        case intake.GroupSessionCancelled():
            return row | {"cancelled": True}
        case _:
            return row


SESSIONS = View(
    name="sessions",
    key_column="session_id",
    columns=_session_columns,
    hears=(
        intake.GroupSessionPlanned, intake.SessionSeatTaken, intake.SessionSeatFreed, intake.GroupSessionCancelled,
    ),
    key=lambda event: event.session_id,
    fold=fold_session,
    indexes=("day",),
)  # fmt: skip


def _days_columns(key: str, of: str) -> list[sa.Column[Any]]:
    return [
        sa.Column(key, sa.Text, primary_key=True),
        sa.Column(of, sa.Text, nullable=False),
        sa.Column("first", sa.Date, nullable=False),
        sa.Column("last", sa.Date, nullable=False),
        sa.Column("lifted", sa.Boolean, nullable=False),
    ]


def _days(row: Row | None, key: str, id_: str, of: str, value: str, event: Any) -> Row:
    """A week's part joins the others, in whatever order they come."""
    if row is None:
        return {key: id_, of: value, "first": event.first, "last": event.last, "lifted": False}
    return row | {"first": min(row["first"], event.first), "last": max(row["last"], event.last)}


def fold_absence(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """A week of the absence, or the end of it all."""
    match event:
        case intake.OperatorAbsent():
            return _days(row, "absence_id", event.absence_id, "operator", event.operator, event)
        case intake.AbsenceLifted() if row is not None:
            return row | {"lifted": True}
        case _:
            return row


def closure_key(event: Any) -> str:
    """A closure of several desks has a row for each."""
    desk = event.week_id.split(":")[1]
    return f"{event.closure_id}:{desk}"


def fold_closure(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """A week of the closure, or the end of it all."""
    match event:
        case intake.DeskClosed():
            return _days(row, "closure_key", closure_key(event), "desk", event.desk, event)
        case intake.DeskReopened() if row is not None:
            return row | {"lifted": True}
        case _:
            return row


ABSENCES = View(
    name="absences",
    key_column="absence_id",
    columns=lambda: _days_columns("absence_id", "operator"),
    hears=(intake.OperatorAbsent, intake.AbsenceLifted),
    key=lambda event: event.absence_id,
    fold=fold_absence,
    indexes=("last",),
)
CLOSURES = View(
    name="closures",
    key_column="closure_key",
    columns=lambda: _days_columns("closure_key", "desk"),
    hears=(intake.DeskClosed, intake.DeskReopened),
    key=closure_key,
    fold=fold_closure,
    indexes=("last",),
)
