"""What reporting keeps beside the journal of all facts: pathways, placements, things, and troubles of readers.

A row is created by whichever fact comes first. Where several services feed one row (a pathway), what each adds
is a minimum, a maximum or its own columns, so that only the order within a stream matters.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from shared.envelope import Meta
from shared.events import REGISTRY
from shared.events.base import Correction, Event
from shared.events.intake import (
    CaseTransferred,
    InterviewHeld,
    PathwayClosed,
    PersonRegistered,
    ReadinessChanged,
    TakenInCharge,
)
from shared.events.matching import PlacementEnded, PlacementExtended, PlacementStarted
from shared.events.operations import (
    Notice,
    ReaderStopped,
    RecordParked,
    RecordRedriven,
    RecordRejected,
    ViewFaulty,
    ViewReplayed,
)
from shared.projection import BY_STREAM, Row, View
from shared.projection.aliases import ALIASES
from shared.projection.privacy import PRIVACY


def facts_of(*topics: str) -> tuple[type[Event], ...]:
    """Every contract of these topics, corrections aside: reporting hears them all, also those still to come."""
    return tuple(e for e in REGISTRY.values() if e.TOPIC in topics and not issubclass(e, Correction))


def _columns(key: str, **types: Any) -> list[sa.Column[Any]]:
    return [sa.Column(key, sa.Text, primary_key=True), *(sa.Column(name, kind) for name, kind in types.items())]


def _earlier(known: date | None, on: date) -> date:
    return on if known is None else min(known, on)


# --- pathways: one row a person ------------------------------------------------------------------------------


def _pathway_columns() -> list[sa.Column[Any]]:
    return _columns(
        "person_id", status=sa.Text, episode=sa.Integer, district=sa.Text, union_code=sa.Text,
        in_capital=sa.Boolean, sex=sa.Text, age_band=sa.Text, channel=sa.Text, registered_on=sa.Date,
        first_interview_on=sa.Date, charged_on=sa.Date, case_manager=sa.Text, readiness=sa.Text,
        closed_on=sa.Date, outcome=sa.Text, first_placement_on=sa.Date, last_placement_on=sa.Date,
        last_type=sa.Text, last_on=sa.Date, last_at=sa.DateTime(timezone=True), last_id=sa.Text,
    )  # fmt: skip


_NO_PATHWAY: Row = dict.fromkeys((column.name for column in _pathway_columns()), None) | {"status": "unknown"}


_SAYS: dict[type[Event], Callable[[Row, Any], Row]] = {
    PersonRegistered: lambda row, event: {
        "status": "registered", "episode": event.episode, "district": event.district, "union_code": event.union,
        "in_capital": event.in_capital, "sex": event.sex, "age_band": event.age_band, "channel": event.channel,
        "registered_on": event.on, "charged_on": None, "case_manager": None, "readiness": None, "closed_on": None,
        "outcome": None,
    },
    InterviewHeld: lambda row, event: {"first_interview_on": _earlier(row["first_interview_on"], event.on)},
    TakenInCharge: lambda row, event: {
        "status": "in_charge", "charged_on": event.on, "case_manager": event.case_manager,
        "readiness": event.readiness,
    },
    CaseTransferred: lambda row, event: {"case_manager": event.to_manager},
    ReadinessChanged: lambda row, event: {"readiness": event.readiness},
    PathwayClosed: lambda row, event: {"status": "closed", "closed_on": event.on, "outcome": event.outcome},
    PlacementStarted: lambda row, event: {
        "first_placement_on": _earlier(row["first_placement_on"], event.on),
        "last_placement_on": max(row["last_placement_on"] or event.on, event.on),
    },
}  # fmt: skip
"""What a fact changes of a pathway. By its class: most facts change nothing, and a row of cases would ask each of them
for all of these first."""


def fold_pathway(row: Row | None, event: Event, meta: Meta) -> Row:
    """One more fact about a person. A new episode begins anew, but the first interview and placement are of the
    person's whole life in the programme."""
    # One copy and no more: this is folded over every fact about a person.
    now = dict(row) if row else _NO_PATHWAY | {"person_id": event.subject}
    at, last = meta.time, now["last_at"]
    if last is None or at > last or (at == last and meta.id >= now["last_id"]):
        now["last_type"], now["last_on"], now["last_at"], now["last_id"] = meta.type, event.on, at, meta.id
    if says := _SAYS.get(type(event)):
        now |= says(now, event)
    return now


OF_PERSONS = tuple(fact for fact in facts_of("pathway") if fact.SUBJECT == "person_id")
OF_CONTACTS = tuple(fact for fact in facts_of("pathway") if fact.SUBJECT != "person_id")
"""Of whoever wrote on the site and is not (yet) a person of the programme."""
PATHWAYS = View(
    name="pathways", key_column="person_id", columns=_pathway_columns, hears=OF_PERSONS,
    key=BY_STREAM, fold=fold_pathway, indexes=("district", "status", "registered_on"),
)  # fmt: skip

# --- placements: one row a relationship ----------------------------------------------------------------------


def _placement_columns() -> list[sa.Column[Any]]:
    return _columns(
        "placement_id", person_id=sa.Text, company_id=sa.Text, contract=sa.Text, started_on=sa.Date,
        ends_on=sa.Date, extensions=sa.Integer, ended_on=sa.Date, end_reason=sa.Text,
    )  # fmt: skip


_NO_PLACEMENT: Row = dict.fromkeys((c.name for c in _placement_columns()), None) | {"extensions": 0}


def fold_placement(row: Row | None, event: Event, meta: Meta) -> Row:
    """One more fact about a placement."""
    now = dict(row or _NO_PLACEMENT)
    match event:
        case PlacementStarted():
            now |= {
                "placement_id": event.placement_id, "person_id": event.person_id, "company_id": event.company_id,
                "contract": event.contract, "started_on": event.on, "ends_on": event.ends_on,
            }  # fmt: skip
        case PlacementExtended():
            now |= {
                "placement_id": event.placement_id, "person_id": event.person_id, "company_id": event.company_id,
                "contract": event.contract, "ends_on": event.ends_on, "extensions": now["extensions"] + 1,
            }  # fmt: skip
        case PlacementEnded():
            now |= {
                "placement_id": event.placement_id, "person_id": event.person_id, "company_id": event.company_id,
                "ended_on": event.on, "end_reason": event.reason,
            }  # fmt: skip
        case _:
            raise TypeError(f"not a fact of a placement: {event.TYPE}")
    return now


PLACEMENTS = View(
    name="placements", key_column="placement_id", columns=_placement_columns,
    hears=(PlacementStarted, PlacementExtended, PlacementEnded), key=lambda event: event.placement_id,
    fold=fold_placement, indexes=("person_id", "started_on"),
)  # fmt: skip

# --- things: companies, vacancies, courses, projects, budget lines, reports, days and weeks of desks -------------

CARD = (
    "size", "sector", "district", "company_id", "occupation", "contract", "line", "topic", "kind", "year", "source",
)  # fmt: skip
"""The coarse fields by which a timeline says what a thing is: there is no name in the log."""


def _thing_columns() -> list[sa.Column[Any]]:
    return _columns("thing_id", kind=sa.Text, card=JSONB, first_on=sa.Date)


def fold_thing(row: Row | None, event: Event, meta: Meta) -> Row:
    """One more fact about something that is no person."""
    now = dict(row or {"kind": event.SUBJECT.removesuffix("_id"), "card": {}, "first_on": event.on})
    said = {name: getattr(event, name) for name in CARD if name in type(event).model_fields}
    return now | {
        "thing_id": event.subject,
        "card": now["card"] | said,
        "first_on": _earlier(now["first_on"], event.on),
    }


THINGS = View(
    name="things", key_column="thing_id", columns=_thing_columns,
    hears=(*facts_of("supply", "courses", "projects", "governance", "desks"), *OF_CONTACTS),
    key=BY_STREAM, fold=fold_thing, indexes=("kind",),
)  # fmt: skip

# --- troubles: what the readers of all services say about themselves -------------------------------------------


def _trouble_columns() -> list[sa.Column[Any]]:
    return _columns(
        "trouble_id", service=sa.Text, kind=sa.Text, place=sa.Text, view_name=sa.Text, reason=sa.Text,
        opened_at=sa.DateTime(timezone=True), closed_at=sa.DateTime(timezone=True),
    )  # fmt: skip


_NO_TROUBLE: Row = dict.fromkeys((c.name for c in _trouble_columns()), None)


VOID = "declared-void"


def trouble_id(event: Notice) -> str:
    """A parked record and its redrive are one trouble; so are a faulty view and its rebuilding, and a reader that
    stopped before a record that was declared void."""
    match event:
        case RecordParked() | RecordRedriven():
            return f"{event.service}|parked|{event.where}"
        case ViewFaulty() | ViewReplayed():
            return f"{event.service}|view|{event.view}"
        case RecordRejected() if event.reason != VOID:
            return f"{event.service}|rejected|{event.where}"
        case _:
            return f"{event.service}|stopped|{event.where}"


def fold_trouble(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """One more notice. A view replayed without ever having been faulty (its code changed) is no trouble; a later
    month is another stream, so the latest instants count and not the order of arrival."""
    if not isinstance(event, Notice):
        raise TypeError(f"not a notice: {event.TYPE}")
    kind = trouble_id(event).split("|")[1]
    now = dict(row or _NO_TROUBLE) | {"trouble_id": trouble_id(event), "service": event.service, "kind": kind}
    if isinstance(event, RecordRedriven | ViewReplayed) or event.reason == VOID:
        return now | {"closed_at": max(meta.time, now["closed_at"] or meta.time)}
    if now["opened_at"] is None or meta.time >= now["opened_at"]:
        view = event.view if isinstance(event, ViewFaulty) else None
        now |= {"place": event.where, "reason": event.reason, "opened_at": meta.time, "view_name": view}
    return now


TROUBLES = View(
    name="troubles", key_column="trouble_id", columns=_trouble_columns,
    hears=(RecordParked, RecordRedriven, RecordRejected, ReaderStopped, ViewFaulty, ViewReplayed),
    key=trouble_id, fold=fold_trouble, indexes=("service",),
)  # fmt: skip

VIEWS = (ALIASES, PRIVACY, PATHWAYS, PLACEMENTS, THINGS, TROUBLES)
