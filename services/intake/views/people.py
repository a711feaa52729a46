"""The people with their stage: one row each, of the present episode."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.domain import CHECKS
from services.intake.domain.casefile import REACHED, unreachable
from services.intake.domain.parameters import parameter
from services.intake.domain.plans import told_by_service
from shared.envelope import Meta
from shared.events import intake
from shared.events.base import Event
from shared.projection import Row, View

CASE_FACTS = (
    intake.PlanSigned, intake.PlanReviewed, intake.PlanActionConfirmed, intake.ContactLogged, intake.NoteAdded,
    intake.CaseTransferred, intake.PathwaySuspended, intake.PathwayResumed, intake.AppointmentKept,
)  # fmt: skip
EMPTY: Row = {"tries": [], "contacts_count": 0, "past": []}
KEPT = (
    "registered_on",
    "first_contact_on",
    "first_interview_on",
    "in_charge_on",
    "case_manager",
    "closed_on",
    "outcome",
)
"""What is kept of an episode that is over."""

# People: one row each, of the present episode


def _people_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False),
        sa.Column("registered_on", sa.Date),
        sa.Column("registered_by", sa.Text),
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
        *_case_columns(),
    ]


def unknown_row(person_id: str, on: date) -> Row:
    """The row of somebody who is not registered (any more)."""
    row: Row = dict.fromkeys(PEOPLE.column_names)
    return row | {
        "person_id": person_id, "stage": "unknown", "episode": 0, "checks": {}, "interviews": {},
        "last_on": on, **EMPTY,
    }  # fmt: skip


def fold_person(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """One more of intake's own facts about the person; a registration starts a new episode."""
    own = cast(Any, event)
    before = row or unknown_row(own.person_id, own.on)
    row = {**before, "last_on": max(before["last_on"], own.on)}
    match event:
        case intake.PersonRegistered():
            row = unknown_row(event.person_id, event.on) | {
                "episode": event.episode, "registered_on": event.on, "registered_by": meta.actor,
                "channel": event.channel, "entry": event.entry, "age_band": event.age_band, "sex": event.sex,
                "citizenship_area": event.citizenship_area, "education": event.education,
                "district": event.district, "union_slug": event.union, "past": _past_of(before),
            }  # fmt: skip
        case intake.EligibilityChecked():
            check = {
                "outcome": event.outcome, "on": event.on.isoformat(), "evidence": event.evidence,
                "evidence_on": event.evidence_on.isoformat(), "reason": event.reason, "fact": meta.id,
                "attributes": list(event.attributes),
                "holds_until": event.holds_until.isoformat() if event.holds_until else None,
            }  # fmt: skip
            row["checks"] = {**row["checks"], event.check: check}
        case intake.InterviewHeld():
            row["interviews"] = {**row["interviews"], event.interview_id: event.on.isoformat()}
            row["first_interview_on"] = min(map(date.fromisoformat, row["interviews"].values()))
            row = _reached(row, event.on)
        case intake.TakenInCharge():
            row |= {
                "in_charge_on": event.on,
                "case_manager": event.case_manager,
                "readiness": event.readiness,
            }
        case intake.PlanAgreed():
            row |= {"plan": _plan_row(event), "review_on": _review_due(event)}
        case intake.PlanActionDone() if row["plan"]:
            actions = [
                {**a, "because": event.because} if a["id"] == event.action_id else a for a in row["plan"]["actions"]
            ]
            row["plan"] = {**row["plan"], "actions": actions}
        case intake.ReadinessChanged():
            row["readiness"] = event.readiness
        case intake.PathwayClosed():
            row |= {"closed_on": event.on, "outcome": event.outcome, "recall_on": None, "recall_by": None}
        case _:
            row = _fold_case(row, event, meta)
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
    waiting = [a["due_on"] for a in row["plan"]["actions"] if _action_open(a)]
    return date.fromisoformat(min(waiting)) if waiting else None


def _case_columns() -> list[sa.Column[Any]]:
    """The columns."""
    return [
        sa.Column("first_contact_on", sa.Date),
        sa.Column("last_contact_on", sa.Date),
        sa.Column("contacts_count", sa.Integer, nullable=False),
        sa.Column("tries", JSONB, nullable=False),
        sa.Column("unreachable_on", sa.Date),
        sa.Column("recall_on", sa.Date),
        sa.Column("recall_by", sa.Text),
        sa.Column("suspended_on", sa.Date),
        sa.Column("suspended_until", sa.Date),
        sa.Column("suspension", sa.Text),
        sa.Column("review_on", sa.Date),
        sa.Column("past", JSONB, nullable=False),
    ]


def _plan_row(event: intake.PlanAgreed) -> Row:
    """The plan as the row keeps it: its actions with those of family support, and who has signed."""
    planned: tuple[intake.PlanAction | intake.SupportAction, ...] = (*event.actions, *event.support)
    actions = [
        {
            "id": a.action_id, "direction": a.direction if isinstance(a, intake.PlanAction) else "support",
            "due_on": a.due_on.isoformat(), "because": None, "outcome": None, "kind": a.kind, "by": a.by,
            "partner": a.partner, "motive": a.motive, "told": told_by_service(a),
            "already": [each.model_dump(mode="json") for each in a.already],
        }
        for a in planned
    ]  # fmt: skip
    return {"id": event.plan_id, "on": event.on.isoformat(), "actions": actions, "signed": {}, "reviews": []}


def _review_due(event: intake.PlanAgreed) -> date:
    """When the plan is looked at again; an older one after the interval in force on its day."""
    return event.review_on or event.on + timedelta(days=parameter("plan_review_days", event.on))


def _reached(row: Row, on: date) -> Row:
    """The person was there on that day."""
    first = row["first_contact_on"]
    tries = [each for each in row["tries"] if each > on.isoformat()]
    return row | {
        "first_contact_on": on if first is None else min(first, on),
        "last_contact_on": max(on, row["last_contact_on"] or on),
        "tries": tries,
        "unreachable_on": unreachable(tuple(map(date.fromisoformat, tries)), on),
    }


def _past_of(row: Row | None) -> list[Row]:
    """The earlier episodes, the one that is over included."""
    if row is None:
        return []
    if row["registered_on"] is None:
        return list(row["past"])
    ended = {name: row[name].isoformat() if isinstance(row[name], date) else row[name] for name in KEPT}
    return [*row["past"], {"episode": row["episode"]} | ended]


def _fold_case(row: Row, event: Event, meta: Meta) -> Row:
    """One more of the facts of this module; anything else leaves the row as it is."""
    match event:
        case intake.PlanSigned() if row["plan"] and row["plan"]["id"] == event.plan_id:
            signature = {"on": event.on.isoformat(), "way": event.way, "operator": event.operator}
            plan = row["plan"]
            return row | {"plan": {**plan, "signed": {**plan["signed"], event.by: signature}}}
        case intake.PlanReviewed() if row["plan"] and row["plan"]["id"] == event.plan_id:
            review = {"on": event.on.isoformat(), "outcome": event.outcome}
            plan = row["plan"]
            return row | {"review_on": event.next_on, "plan": {**plan, "reviews": [*plan["reviews"], review]}}
        case intake.PlanActionConfirmed() if row["plan"]:
            actions = [
                {**a, "outcome": event.outcome, "evidence": event.evidence} if a["id"] == event.action_id else a
                for a in row["plan"]["actions"]
            ]
            return row | {"plan": {**row["plan"], "actions": actions}}
        case intake.ContactLogged():
            return _contacted(row, event, meta.actor)
        case intake.AppointmentKept():
            return _reached(row, event.on)
        case intake.CaseTransferred():
            return row | {"case_manager": event.to_manager}
        case intake.PathwaySuspended():
            return row | {
                "suspended_on": event.on, "suspended_until": event.expected_until, "suspension": event.reason,
            }  # fmt: skip
        case intake.PathwayResumed():
            return row | {"suspended_on": None, "suspended_until": None, "suspension": None}
        case _:
            return row


def _contacted(row: Row, event: intake.ContactLogged, actor: str) -> Row:
    row = row | {
        "contacts_count": row["contacts_count"] + 1,
        "recall_on": event.recall_on,
        "recall_by": actor if event.recall_on else None,
    }
    if event.outcome in REACHED:
        return _reached(row, event.on)
    last = row["last_contact_on"]
    tries = sorted([*row["tries"], event.on.isoformat()])
    if last is not None:
        tries = [each for each in tries if each >= last.isoformat()]
    since = unreachable(tuple(map(date.fromisoformat, tries)), event.on)
    return row | {"tries": tries, "unreachable_on": since}


def _action_open(action: Row) -> bool:
    """Whether something is still to be done."""
    return action["because"] is None and action.get("outcome") is None


PEOPLE = View(
    name="people",
    key_column="person_id",
    columns=_people_columns,
    hears=(
        intake.PersonRegistered, intake.EligibilityChecked, intake.InterviewHeld, intake.TakenInCharge,
        intake.PlanAgreed, intake.PlanActionDone, intake.PathwayClosed, intake.ReadinessChanged, *CASE_FACTS,
    ),
    key=lambda event: event.person_id,
    fold=fold_person,
    # Each serves a queue of 'Oggi' or a list, whose rows come out of it in order. They end with the person, so that
    # counting, where the joined are left out, touches no row (a row with its plan is two kilobytes).
    indexes=(
        "registered_on desc nulls last, person_id, first_contact_on, closed_on", "stage, registered_on, person_id",
        "stage, last_on, person_id, suspended_on", "stage, review_on, person_id", "stage, case_manager, person_id",
        "first_contact_on, closed_on, registered_on, person_id", "district, stage", "case_manager", "closed_on",
        "recall_on", "recall_by", "next_due_on", "suspended_until", "unreachable_on", "episode",
    ),
)  # fmt: skip
