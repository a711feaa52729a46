"""What matching, training and enterprise say about each person."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.domain import Fulfilment
from services.intake.domain.duplication import Provided
from shared.envelope import Meta
from shared.events import enterprise, matching, training
from shared.events.base import Event
from shared.events.intake import Direction
from shared.projection import Row, View

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
            merge("courses", event.course_id, state="completed", line=event.line, on=on, topic=event.topic)
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


def fulfilments(row: Row | None) -> list[Fulfilment]:
    """What the row of OTHERS says that could fulfil an action."""
    if row is None:
        return []
    return [
        Fulfilment(event_id, fact["direction"], date.fromisoformat(fact["on"]))
        for event_id, fact in row["fulfilments"].items()
    ]


def provided_by_others(row: Row | None) -> list[Provided]:
    """What the row of OTHERS says the person already gets: a running placement, a course, a project."""
    if row is None:
        return []
    found: list[Provided] = []
    for key, place in row["placements"].items():
        if place.get("on") and not place.get("ended"):
            ends = date.fromisoformat(place["ends_on"]) if place.get("ends_on") else None
            since = date.fromisoformat(place["on"])
            found.append(Provided("matching", place["contract"], "matching", since, ends, fact=key))
    for key, course in row["courses"].items():
        if course["state"] == "enrolled":
            since = date.fromisoformat(course["on"])
            found.append(Provided("training", f"course.{course['line']}", "training", since, fact=key))
    for key, project in row["projects"].items():
        since = date.fromisoformat(project["on"])
        found.append(Provided("enterprise", project.get("kind", "project"), "enterprise", since, fact=key))
    return found
