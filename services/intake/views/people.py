"""The people with their stage: one row each, of the present episode."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.domain import CHECKS
from shared.envelope import Meta
from shared.events import intake
from shared.events.base import Event
from shared.projection import Row, View

# People: one row each, of the present episode


def _people_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False),
        sa.Column("registered_on", sa.Date),
        sa.Column("channel", sa.Text),
        sa.Column("entry", sa.Text),
        sa.Column("age_band", sa.Text),
        sa.Column("sex", sa.Text),
        sa.Column("citizenship_area", sa.Text),
        sa.Column("education", sa.Text),
        sa.Column("district", sa.Text),
        sa.Column("union_slug", sa.Text),
        sa.Column("checks", JSONB, nullable=False),
        sa.Column("interviews", JSONB, nullable=False),
        sa.Column("first_interview_on", sa.Date),
        sa.Column("in_charge_on", sa.Date),
        sa.Column("case_manager", sa.Text),
        sa.Column("readiness", sa.Text),
        sa.Column("plan", JSONB),
        sa.Column("next_due_on", sa.Date),
        sa.Column("closed_on", sa.Date),
        sa.Column("outcome", sa.Text),
        sa.Column("last_on", sa.Date, nullable=False),
    ]


def unknown_row(person_id: str, on: date) -> Row:
    """The row of somebody who is not registered (any more)."""
    row: Row = dict.fromkeys(PEOPLE.column_names)
    return row | {
        "person_id": person_id, "stage": "unknown", "episode": 0, "checks": {}, "interviews": {},
        "last_on": on,
    }  # fmt: skip


def fold_person(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """One more of intake's own facts about the person; a registration starts a new episode."""
    own = cast(Any, event)
    before = row or unknown_row(own.person_id, own.on)
    row = {**before, "last_on": max(before["last_on"], own.on)}
    match event:
        case intake.PersonRegistered():
            row = unknown_row(event.person_id, event.on) | {
                "episode": event.episode, "registered_on": event.on, "channel": event.channel,
                "entry": event.entry, "age_band": event.age_band, "sex": event.sex,
                "citizenship_area": event.citizenship_area, "education": event.education,
                "district": event.district, "union_slug": event.union,
            }  # fmt: skip
        case intake.EligibilityChecked():
            check = {
                "outcome": event.outcome, "on": event.on.isoformat(), "evidence": event.evidence,
                "evidence_on": event.evidence_on.isoformat(), "reason": event.reason, "fact": meta.id,
            }  # fmt: skip
            row["checks"] = {**row["checks"], event.check: check}
        case intake.InterviewHeld():
            row["interviews"] = {**row["interviews"], event.interview_id: event.on.isoformat()}
            row["first_interview_on"] = min(map(date.fromisoformat, row["interviews"].values()))
        case intake.TakenInCharge():
            row |= {
                "in_charge_on": event.on,
                "case_manager": event.case_manager,
                "readiness": event.readiness,
            }
        case intake.PlanAgreed():
            actions = [
                {"id": a.action_id, "direction": a.direction, "due_on": a.due_on.isoformat(), "because": None}
                for a in event.actions
            ]
            row["plan"] = {"id": event.plan_id, "on": event.on.isoformat(), "actions": actions}
        case intake.PlanActionDone() if row["plan"]:
            actions = [
                {**a, "because": event.because} if a["id"] == event.action_id else a for a in row["plan"]["actions"]
            ]
            row["plan"] = {**row["plan"], "actions": actions}
        case intake.PathwayClosed():
            row |= {"closed_on": event.on, "outcome": event.outcome}
        case _:
            pass
    return row | {"stage": stage_of(row), "next_due_on": _next_due(row)}


def stage_of(row: Row) -> str:
    """The same as domain.stage, of a row."""
    if row["registered_on"] is None:
        return "unknown"
    if row["closed_on"] is not None:
        return "closed"
    if row["in_charge_on"] is not None:
        return "in_charge"
    if row["interviews"] or any(check["outcome"] == "failed" for check in row["checks"].values()):
        return "to_decide"
    return "to_interview" if all(name in row["checks"] for name in CHECKS) else "to_contact"


def _next_due(row: Row) -> date | None:
    if row["plan"] is None or row["closed_on"] is not None:
        return None
    waiting = [a["due_on"] for a in row["plan"]["actions"] if a["because"] is None]
    return date.fromisoformat(min(waiting)) if waiting else None


PEOPLE = View(
    name="people",
    key_column="person_id",
    columns=_people_columns,
    hears=(
        intake.PersonRegistered, intake.EligibilityChecked, intake.InterviewHeld, intake.TakenInCharge,
        intake.PlanAgreed, intake.PlanActionDone, intake.PathwayClosed,
    ),
    key=lambda event: event.person_id,
    fold=fold_person,
    indexes=("stage", "registered_on", "district", "case_manager", "closed_on"),
)  # fmt: skip
