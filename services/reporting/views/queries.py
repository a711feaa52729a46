"""What the pages ask of the views and of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa

from services.reporting.domain import HalfYear, Period, half_year
from services.reporting.domain.figures import COUNTED, LASTING
from services.reporting.views.folds import PATHWAYS, PLACEMENTS, THINGS, TROUBLES
from shared.corrections import effective
from shared.envelope import Recorded
from shared.events import REGISTRY
from shared.events.base import Correction, Event
from shared.events.intake import PersonsJoined, PersonsParted
from shared.projection import Reading, Row, read_heard
from shared.projection.aliases import by_person, group, roots_of

Placed = Literal["yes", "no"]
CORRECTIONS = tuple(e for e in REGISTRY.values() if issubclass(e, Correction))


@dataclass(frozen=True)
class Filter:
    """What a reader looks for in the list of pathways."""

    district: str | None = None
    union: str | None = None
    status: str | None = None
    sex: str | None = None
    age_band: str | None = None
    channel: str | None = None
    readiness: str | None = None
    case_manager: str | None = None
    placed: Placed | None = None
    registered_from: date | None = None
    registered_to: date | None = None
    persons: tuple[str, ...] = ()


def persons(reading: Reading) -> sa.Subquery:
    """The pathways, each person once: whose ids were joined is one, with all their placements."""
    first = ("first_interview_on", "first_placement_on")
    return by_person(reading, PATHWAYS, least=first, most=("last_placement_on",))


async def pathways(
    reading: Reading, wanted: Filter, *, limit: int | None = None, offset: int = 0
) -> tuple[list[Row], int]:
    """The pathways that fit, those in which something happened last first; and how many there are in all."""
    table = persons(reading)
    query = _filtered(sa.select(table), table, wanted)
    total = await reading.conn.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
    query = query.order_by(table.c.last_at.desc(), table.c.person_id).limit(limit).offset(offset)
    return await reading.rows(query), int(total or 0)


def _filtered(query: sa.Select[Any], table: sa.FromClause, wanted: Filter) -> sa.Select[Any]:
    for name in ("district", "status", "sex", "age_band", "channel", "readiness", "case_manager"):
        value = getattr(wanted, name)
        if value:
            query = query.where(table.c[name] == value)
    if wanted.union:
        union = table.c.union_code
        query = query.where(union.is_(None) if wanted.union == "none" else union == wanted.union)
    if wanted.placed:
        first = table.c.first_placement_on
        query = query.where(first.is_not(None) if wanted.placed == "yes" else first.is_(None))
    if wanted.registered_from:
        query = query.where(table.c.registered_on >= wanted.registered_from)
    if wanted.registered_to:
        query = query.where(table.c.registered_on <= wanted.registered_to)
    if wanted.persons:
        query = query.where(table.c.person_id.in_(wanted.persons))
    return query


async def by_status(reading: Reading) -> dict[str, int]:
    """How many persons are at which point."""
    table = persons(reading)
    query = sa.select(table.c.status, sa.func.count()).group_by(table.c.status)
    return dict((await reading.conn.execute(query)).all())


async def pathway(reading: Reading, person_id: str) -> Row | None:
    """A person's row."""
    return await reading.row(PATHWAYS, person_id)


async def placements_of(reading: Reading, person_id: str) -> list[Row]:
    """A person's placements under any of their ids, the first one first."""
    table = reading.table(PLACEMENTS)
    query = sa.select(table).where(table.c.person_id.in_(await group(reading, person_id)))
    return await reading.rows(query.order_by(table.c.started_on, table.c.placement_id))


async def things(reading: Reading, ids: Sequence[str]) -> dict[str, Row]:
    """What is known of these companies, vacancies, courses and projects."""
    table = reading.table(THINGS)
    rows = await reading.rows(sa.select(table).where(table.c.thing_id.in_(sorted(ids))))
    return {row["thing_id"]: row for row in rows}


async def story(reading: Reading, subject: str, as_of: datetime | None = None) -> list[Recorded]:
    """All that was recorded about one subject, in the order of the log; as of an instant, what was by then.

    Of a person to whom others were joined (by that instant), what was recorded under any of the ids, in the order of
    the recording: between the streams there is no other.
    """
    own = await _recorded(reading, [subject], as_of)
    joined = {alias for alias, root in roots_of(_told(own, subject)).items() if root == subject}
    if not joined:
        return own
    others = await _recorded(reading, sorted(joined), as_of)
    told = [fact for fact in others if not isinstance(fact.event, PersonsJoined | PersonsParted)]
    return sorted([*own, *told], key=lambda fact: fact.meta.time)


def _told(recorded: Sequence[Recorded], root: str) -> list[Event]:
    """What a root's stream says of those joined to it, as their own streams say it."""
    joins = [fact.event for fact in recorded if isinstance(fact.event, PersonsJoined | PersonsParted)]
    return [join.model_copy(update={"person_id": join.alias_id}) for join in joins if join.root_id == root]


async def stands_under(reading: Reading, person_id: str, as_of: datetime | None = None) -> str:
    """The id under which the person was shown at that instant, now if none is given."""
    own = await _recorded(reading, [person_id], as_of, (PersonsJoined, PersonsParted))
    return roots_of(fact.event for fact in own).get(person_id, person_id)


async def _recorded(
    reading: Reading, subjects: Sequence[str], as_of: datetime | None, types: Sequence[type[Event]] = ()
) -> list[Recorded]:
    heard = reading.heard
    query = sa.select(heard).where(heard.c.subject.in_(subjects))
    if as_of is not None:
        query = query.where(heard.c.recorded_at <= as_of)
    if types:
        query = query.where(heard.c.type.in_([type_.TYPE for type_ in types]))
    query = query.order_by(heard.c.topic, heard.c.partition, heard.c.log_offset)
    return [read_heard(row) for row in (await reading.conn.execute(query)).mappings()]


async def facts_as_of(
    reading: Reading, types: Sequence[type[Event]], as_of: datetime, within: Sequence[Period] = ()
) -> list[Event]:
    """The facts of these types that held at that instant, in the order of their recording: one query.

    What was recorded later, corrections too, is left out: so the same instant gives the same facts for ever.
    With `within`, facts that only count in their own half-year are left out elsewhere; a corrected fact may move
    from one date to another, so the streams with corrections are read whole.
    """
    heard = reading.heard
    owners = {(type_.TYPE.split(".")[0], type_.TOPIC) for type_ in types}
    corrections = [c.TYPE for c in CORRECTIONS if (c.TYPE.split(".")[0], c.TOPIC) in owners]
    query = sa.select(heard).where(
        heard.c.type.in_([*(t.TYPE for t in types), *corrections]), heard.c.recorded_at <= as_of
    )
    if within:
        of_days = [heard.c.happened_on.between(period.start, period.end) for period in within]
        corrected = sa.select(heard.c.subject).where(heard.c.type.in_(corrections))
        query = query.where(
            sa.or_(*of_days, heard.c.type.in_([t.TYPE for t in LASTING]), heard.c.subject.in_(corrected))
        )
    query = query.order_by(heard.c.recorded_at, heard.c.topic, heard.c.partition, heard.c.source, heard.c.number)
    recorded = [read_heard(row) for row in (await reading.conn.execute(query)).mappings()]
    return [fact.event for fact in effective(recorded)]


async def half_years(reading: Reading, periods: Sequence[Period], as_of: datetime) -> list[HalfYear]:
    """The figures of some half-years as of one instant, from one reading of the journal."""
    facts = await facts_as_of(reading, COUNTED, as_of, periods)
    roots = roots_of(facts)
    return [half_year(facts, period.start, period.end, roots) for period in periods]


async def troubles(reading: Reading, *, limit: int = 500) -> list[Row]:
    """What the services said about their reading of the log: open first, then the latest."""
    table = reading.table(TROUBLES)
    is_open = sa.or_(table.c.closed_at.is_(None), table.c.closed_at < table.c.opened_at)
    query = (
        sa.select(table, is_open.label("open"))
        .where(table.c.opened_at.is_not(None))
        .order_by(is_open.desc(), table.c.opened_at.desc(), table.c.trouble_id)
        .limit(limit)
    )
    return await reading.rows(query)


async def open_troubles(reading: Reading) -> dict[tuple[str, str], int]:
    """How many troubles of each kind are open, by service."""
    table = reading.table(TROUBLES)
    query = (
        sa.select(table.c.service, table.c.kind, sa.func.count())
        .where(table.c.opened_at.is_not(None))
        .where(sa.or_(table.c.closed_at.is_(None), table.c.closed_at < table.c.opened_at))
        .where(table.c.kind != "rejected")
        .group_by(table.c.service, table.c.kind)
    )
    return {(service, kind): n for service, kind, n in (await reading.conn.execute(query)).all()}


async def own_reader(reading: Reading) -> Row:
    """Reporting's own reader: stopped where and why, how many parked, facts waiting to go out and their age."""
    stopped = (
        (await reading.conn.execute(sa.text('select stopped_at, "where" as place, reason from reader_state')))
        .mappings()
        .first()
    )
    parked = await reading.conn.scalar(sa.text("select count(*) from parked where redriven_at is null"))
    waiting = (
        (
            await reading.conn.execute(
                sa.text(
                    "select count(*) as waiting, min(recorded_at) as oldest from events e"
                    " left join relayed r using (topic, partition) where e.number > coalesce(r.number, 0)"
                )
            )
        )
        .mappings()
        .one()
    )
    heard = reading.heard
    last = await reading.conn.scalar(sa.select(sa.func.max(heard.c.recorded_at)))
    requests = await reading.conn.scalar(sa.text("select count(*) from requests where done_at is null"))
    return {
        "stopped_at": stopped["stopped_at"] if stopped else None,
        "place": stopped["place"] if stopped else None,
        "reason": stopped["reason"] if stopped else None,
        "parked": int(parked or 0), "waiting": int(waiting["waiting"]), "oldest": waiting["oldest"],
        "last_heard": last, "requests": int(requests or 0), "faulty": reading.faulty(),
    }  # fmt: skip
