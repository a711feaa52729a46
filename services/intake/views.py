"""Intake's read models: the people with their stage, and what the other services say about each of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.domain import CHECKS, Fulfilment, parameter
from shared.envelope import Meta
from shared.events import enterprise, intake, matching, training
from shared.events.base import Event
from shared.events.intake import Direction
from shared.projection import Reading, Row, View

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

# Others: what matching, training and enterprise say about a person


def _other_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("placements", JSONB, nullable=False),
        sa.Column("presentations", JSONB, nullable=False),
        sa.Column("courses", JSONB, nullable=False),
        sa.Column("projects", JSONB, nullable=False),
        sa.Column("fulfilments", JSONB, nullable=False),
        sa.Column("last_on", sa.Date, nullable=False),
    ]


FULFILS: dict[type[Event], Direction] = {
    matching.PlacementStarted: "matching",
    training.CourseCompleted: "training",
    enterprise.EnterpriseFunded: "enterprise",
}
"""The facts of other services that fulfil an action of the plan, and of which direction."""


def fold_others(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """Each source writes its own columns, so that the order between sources does not matter."""
    other = cast(Any, event)
    empty: Row = {
        "person_id": other.person_id, "placements": {}, "presentations": {}, "courses": {}, "projects": {},
        "fulfilments": {}, "last_on": other.on,
    }  # fmt: skip
    before = row or empty
    row = {**before, "last_on": max(before["last_on"], other.on)}
    if (direction := FULFILS.get(type(event))) is not None:
        fact = {"direction": direction, "on": other.on.isoformat()}
        row["fulfilments"] = {**row["fulfilments"], meta.id: fact}

    def merge(column: str, key: str, **values: Any) -> None:
        row[column] = {**row[column], key: {**row[column].get(key, {}), **values}}

    on = other.on.isoformat()
    match event:
        case matching.Shortlisted():
            merge("presentations", event.vacancy_id, state="shortlisted", on=on)
        case matching.Presented():
            merge("presentations", event.vacancy_id, state="presented", on=on)
        case matching.PresentationAnswered():
            merge("presentations", event.vacancy_id, state=event.outcome, on=on)
        case matching.PlacementStarted():
            ends = event.ends_on.isoformat() if event.ends_on else None
            merge("placements", event.placement_id, contract=event.contract, on=on, ends_on=ends, ended=None)
            if event.vacancy_id:
                merge("presentations", event.vacancy_id, state="placed", on=on)
        case matching.PlacementExtended():
            merge("placements", event.placement_id, ends_on=event.ends_on.isoformat())
        case matching.PlacementEnded():
            merge("placements", event.placement_id, ended=on, reason=event.reason)
        case training.Enrolled():
            merge("courses", event.course_id, state="enrolled", line=event.line, on=on)
        case training.CourseCompleted():
            merge("courses", event.course_id, state="completed", line=event.line, on=on)
        case training.CourseLeft():
            merge("courses", event.course_id, state="left", line=event.line, on=on)
        case enterprise.EnterprisePathStarted():
            merge("projects", event.project_id, state="started", kind=event.kind, on=on)
        case enterprise.EnterpriseFunded():
            merge("projects", event.project_id, state="funded", on=on, amount=event.amount)
        case _:
            pass
    return row


OTHERS = View(
    name="others",
    key_column="person_id",
    columns=_other_columns,
    hears=(
        matching.Shortlisted, matching.Presented, matching.PresentationAnswered, matching.PlacementStarted,
        matching.PlacementExtended, matching.PlacementEnded, training.Enrolled, training.CourseCompleted,
        training.CourseLeft, enterprise.EnterprisePathStarted, enterprise.EnterpriseFunded,
    ),
    key=lambda event: event.person_id,
    fold=fold_others,
)  # fmt: skip

VIEWS = (PEOPLE, OTHERS)


def fulfilments(row: Row | None) -> list[Fulfilment]:
    """What the row of OTHERS says that could fulfil an action."""
    if row is None:
        return []
    return [
        Fulfilment(event_id, fact["direction"], date.fromisoformat(fact["on"]))
        for event_id, fact in row["fulfilments"].items()
    ]


# Queries


async def worklist(reading: Reading, today: date, districts: Sequence[str], limit: int = 10) -> dict[str, Any]:
    """The page 'Oggi': each queue with its length and its most urgent rows."""
    table = reading.table(PEOPLE)
    since = today - timedelta(days=parameter("recently_closed_days", today))
    queues: dict[str, tuple[Any, Any]] = {
        "to_contact": (table.c.stage == "to_contact", table.c.registered_on),
        "to_interview": (table.c.stage == "to_interview", table.c.registered_on),
        "to_decide": (table.c.stage == "to_decide", table.c.last_on),
        "to_plan": ((table.c.stage == "in_charge") & table.c.plan.is_(None), table.c.in_charge_on),
        "due": (table.c.next_due_on <= today, table.c.next_due_on),
        "recently_closed": (
            (table.c.stage == "closed") & (table.c.closed_on >= since),
            table.c.closed_on.desc(),
        ),
    }
    found: dict[str, Any] = {}
    for name, (condition, order) in queues.items():
        where = condition & table.c.district.in_(list(districts)) if districts else condition
        count = await reading.conn.scalar(sa.select(sa.func.count()).select_from(table).where(where))
        rows = await reading.rows(sa.select(table).where(where).order_by(order, table.c.person_id).limit(limit))
        found[name] = {"count": count, "rows": rows}
    return found


def _filtered(table: sa.Table, filters: dict[str, Any]) -> sa.Select[Any]:
    query = sa.select(table)
    for name in ("stage", "district", "case_manager", "channel"):
        if filters.get(name):
            query = query.where(table.c[name] == filters[name])
    if filters.get("since"):
        query = query.where(table.c.registered_on >= filters["since"])
    if filters.get("until"):
        query = query.where(table.c.registered_on <= filters["until"])
    if filters.get("ids") is not None:
        query = query.where(table.c.person_id.in_(list(filters["ids"])))
    return query


async def people(reading: Reading, filters: dict[str, Any], *, limit: int, offset: int = 0) -> tuple[list[Row], int]:
    """People by urgency (the longest registered first), and how many there are in all."""
    table = reading.table(PEOPLE)
    query = _filtered(table, filters)
    total = await reading.conn.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
    ordered = query.order_by(table.c.registered_on.desc().nulls_last(), table.c.person_id)
    return await reading.rows(ordered.limit(limit).offset(offset)), int(total or 0)


async def case_managers(reading: Reading) -> list[str]:
    """The accounts that follow somebody now."""
    table = reading.table(PEOPLE)
    query = sa.select(table.c.case_manager).where(table.c.stage == "in_charge").distinct()
    return sorted((await reading.conn.execute(query)).scalars())
