"""'Oggi': what a case manager, a desk, or everybody has to do today. Each queue is a condition on the people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from services.intake.domain import parameter
from services.intake.views.appointments import APPOINTMENTS
from services.intake.views.others import OTHERS
from services.intake.views.people import PEOPLE
from services.intake.views.permits import PERMITS
from shared.projection import Reading, Row
from shared.projection.aliases import by_person, rooted

PERMIT_DAYS = 60
"""A permit of stay is looked at so many days before its end (issue 3)."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose work is shown: of one account, of some districts, or of everybody."""

    manager: str | None = None
    districts: Sequence[str] = ()
    inside: Callable[[Any], sa.ColumnElement[bool]] = lambda _: sa.true()
    """Whom the reader may see at all, as a condition on the people's columns."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What the conditions stand on: the people, and beside them the other services' last word."""

    people: sa.Subquery
    heard_on: sa.ColumnElement[date]
    source: sa.FromClause


Condition = Callable[[Tables, date], sa.ColumnElement[bool]]


def _open(t: Tables) -> sa.ColumnElement[bool]:
    return t.people.c.registered_on.is_not(None) & t.people.c.closed_on.is_(None)


def _before(days: str, today: date) -> date:
    return today - timedelta(days=parameter(days, today))


def _silent(t: Tables, today: date) -> sa.ColumnElement[bool]:
    since = _before("silent_days", today)
    return (
        (t.people.c.stage == "in_charge")
        & t.people.c.suspended_on.is_(None)
        & (t.people.c.last_on < since)
        & sa.func.coalesce(t.heard_on < since, True)
    )


FLAGS: dict[str, Condition] = {
    "recall": lambda t, today: _open(t) & (t.people.c.recall_on <= today),
    "overdue": lambda t, today: _open(t) & (t.people.c.next_due_on < today),
    "review": lambda t, today: (t.people.c.stage == "in_charge") & (t.people.c.review_on <= today),
    "unsigned": lambda t, today: (
        (t.people.c.stage == "in_charge")
        & t.people.c.plan.is_not(None)
        & ~t.people.c.plan["signed"].has_all(sa.cast(["person", "operator"], sa.ARRAY(sa.Text)))
    ),
    "silent": _silent,
    "suspended": lambda t, today: _open(t) & t.people.c.suspended_on.is_not(None),
    "suspension_over": lambda t, today: _open(t) & (t.people.c.suspended_until < today),
    "unreachable": lambda t, today: _open(t) & t.people.c.unreachable_on.is_not(None),
    "late_contact": lambda t, today: (
        _open(t)
        & t.people.c.first_contact_on.is_(None)
        & (t.people.c.registered_on < _before("first_contact_days", today))
    ),
    "to_plan": lambda t, today: (t.people.c.stage == "in_charge") & t.people.c.plan.is_(None),
}
"""What the list of people can be filtered by, beside the facts themselves."""


def tables(reading: Reading, *, merged: bool = False) -> Tables:
    """The tables of the conditions; `merged` takes in what was recorded under the other ids of a joined person."""
    merging = {"least": ("first_interview_on",), "most": ("last_on",)} if merged else {}
    people = by_person(reading, PEOPLE, **merging)
    others = reading.table(OTHERS)
    source = people.outerjoin(others, others.c.person_id == people.c.person_id)
    return Tables(people, others.c.last_on, source)


def _queues(t: Tables, today: date) -> dict[str, tuple[Any, Any]]:
    """Each queue's condition and order, the most urgent first; `due` counts from its day on."""
    c = t.people.c
    since = _before("recently_closed_days", today)
    return {
        "to_call": (FLAGS["recall"](t, today), c.recall_on),
        "due": (_open(t) & (c.next_due_on <= today), c.next_due_on),
        "review": (FLAGS["review"](t, today), c.review_on),
        "suspension_over": (FLAGS["suspension_over"](t, today), c.suspended_until),
        "unreachable": (FLAGS["unreachable"](t, today), c.unreachable_on),
        "silent": (FLAGS["silent"](t, today), c.last_on),
        "to_plan": (FLAGS["to_plan"](t, today), c.in_charge_on),
        "late_contact": (FLAGS["late_contact"](t, today), c.registered_on),
        "to_contact": (c.stage == "to_contact", c.registered_on),
        "to_interview": (c.stage == "to_interview", c.registered_on),
        "to_decide": (c.stage == "to_decide", c.last_on),
        "recently_closed": ((c.stage == "closed") & (c.closed_on >= since), c.closed_on.desc()),
    }


OF_A_MANAGER = ("to_call", "due", "review", "suspension_over", "unreachable", "silent", "to_plan")
"""The queues of who follows the person; the others are the desk's."""


def _theirs(c: Any, scope: Scope, name: str) -> Any:
    if scope.manager is not None and name in OF_A_MANAGER:
        return (c.case_manager == scope.manager) | (c.case_manager.is_(None) & (c.recall_by == scope.manager))
    return c.district.in_(list(scope.districts)) if scope.districts else sa.true()


def _appointments(reading: Reading, people: sa.Subquery, today: date, scope: Scope) -> sa.Select[Any]:
    table = reading.table(APPOINTMENTS)
    query = (
        sa.select(
            table,
            people.c.person_id.label("root_id"),
            people.c.district,
            people.c.channel,
            people.c.readiness,
            people.c.outcome.label("result"),
        )
        .select_from(table.join(people, people.c.person_id == rooted(reading, table.c.person_id)))
        .where(table.c.state == "booked", table.c.day <= today)
    )
    if scope.manager is not None:
        return query.where(table.c.operator == scope.manager)
    return query.where(people.c.district.in_(list(scope.districts))) if scope.districts else query


def _permits(reading: Reading, people: sa.Subquery, today: date, scope: Scope) -> sa.Select[Any]:
    permits = reading.table(PERMITS)
    query = (
        sa.select(people, permits.c.expires_on, permits.c.kind)
        .join(permits, permits.c.person_id == people.c.person_id)
        .where(
            people.c.registered_on.is_not(None), people.c.closed_on.is_(None), permits.c.renewal_asked_on.is_(None),
            permits.c.expires_on <= today + timedelta(days=PERMIT_DAYS),
        )
    )  # fmt: skip
    if scope.manager is not None:
        return query.where(people.c.case_manager == scope.manager)
    return query.where(people.c.district.in_(list(scope.districts))) if scope.districts else query


async def worklist(reading: Reading, today: date, scope: Scope, limit: int = 10) -> dict[str, Any]:
    """Each queue with its length and its most urgent rows; one statement counts them all, each by its
    own index: one look at all the people would read every row of them."""
    t = tables(reading)
    people, appointments, permits = t.people, reading.table(APPOINTMENTS), reading.table(PERMITS)
    inside = scope.inside(people.c)
    conditions = {
        name: (condition & _theirs(people.c, scope, name) & inside, (order, people.c.person_id))
        for name, (condition, order) in _queues(t, today).items()
    }
    found: dict[str, tuple[sa.Select[Any], Sequence[Any]]] = {
        name: (sa.select(people).select_from(t.source).where(condition), order)
        for name, (condition, order) in conditions.items()
    }
    found["to_meet"] = (
        _appointments(reading, people, today, scope).where(inside),
        (appointments.c.day, appointments.c.at, appointments.c.appointment_id),
    )
    found["permits"] = (
        _permits(reading, people, today, scope).where(inside),
        (permits.c.expires_on, people.c.person_id),
    )
    counted = (
        sa.select(sa.func.count()).select_from(query.subquery()).scalar_subquery().label(name)
        for name, (query, _) in found.items()
    )
    counts = (await reading.rows(sa.select(*counted)))[0]
    queues: dict[str, Any] = {}
    for name, (query, order) in found.items():
        rows: list[Row] = await reading.rows(query.order_by(*order).limit(limit)) if counts[name] else []
        queues[name] = {"count": int(counts[name] or 0), "rows": rows}
    return queues
