"""The access log and the journal of sign-ins, as they are read and forgotten. (`doors.log_access` writes the first,
`shared.web.sign_ins` the second.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from services.intake.domain.parameters import parameter
from shared import clock
from shared.store import Store

SHOWN_PEOPLE = 20
"""How many of a row's persons a list shows; the file has all."""
LOOKED = (
    "from access_log where (cast(:person as text) is null or subjects && cast(:people as text[]))"
    " and (cast(:account as text) is null or account = :account) and at >= :since and at < :until"
)
LINES = (
    "select at, account, role, organisation, action, purpose, fields, person_id"
    f" from (select * {LOOKED}) as looked left join lateral unnest(subjects) as person_id on true"
    " where cast(:person as text) is null or person_id = any(cast(:people as text[])) order by at desc limit :limit"
)
SIGNED = "from sign_ins where (cast(:account as text) is null or account = :account) and at >= :since and at < :until"


@dataclass(frozen=True)
class Asked:
    """Which rows are wanted: of a person (under all their ids), of an account, between two instants."""

    since: datetime
    until: datetime
    account: str | None = None
    people: Sequence[str] = ()

    @property
    def values(self) -> dict[str, Any]:
        """As the statements want them."""
        return {
            "person": self.people[0] if self.people else None, "people": list(self.people), "account": self.account,
            "since": self.since, "until": self.until,
        }  # fmt: skip


async def _rows(store: Store, columns: str, where: str, asked: Asked, limit: int, offset: int) -> tuple[list[Any], int]:
    values = asked.values
    if "sign_ins" in where:
        values = {name: values[name] for name in ("account", "since", "until")}
    async with store.reads.connect() as conn:
        total = await conn.scalar(text(f"select count(*) {where}"), values)
        found = await conn.execute(
            text(f"select {columns} {where} order by at desc limit :limit offset :offset"),
            values | {"limit": limit, "offset": offset},
        )
        return [dict(row) for row in found.mappings()], int(total or 0)


async def looks(store: Store, asked: Asked, *, limit: int, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Who looked, the latest first, and how many such rows there are. A row has the first of its `people`: there may be
    thousands."""
    columns = (
        "at, account, role, organisation, action, purpose, fields,"
        f" subjects[1:{SHOWN_PEOPLE}] as subjects, cardinality(subjects) as people"
    )
    return await _rows(store, columns, LOOKED, asked, limit, offset)


async def looks_by_person(store: Store, asked: Asked, limit: int) -> list[dict[str, Any]]:
    """Who looked, the latest first: a line for each person whom an access concerns, of those asked for if any are."""
    async with store.reads.connect() as conn:
        found = await conn.execute(text(LINES), asked.values | {"limit": limit})
        return [dict(row) for row in found.mappings()]


async def sign_ins(store: Store, asked: Asked, *, limit: int, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Who signed in, was refused or signed out, the latest first."""
    columns = "at, event, account, role, organisation, way, reason, address"
    return await _rows(store, columns, SIGNED, asked, limit, offset)


SEEN_BY = text(
    "select (at at time zone 'Europe/Rome')::date as day, organisation, role, array_agg(distinct purpose) as purposes"
    " from access_log where subjects && cast(:people as text[]) and at >= :since and role <> ''"
    " group by 1, 2, 3 order by 1 desc, 2, 3 limit :limit"
)


async def seen_by(store: Store, people: Sequence[str], since: datetime, limit: int = 30) -> list[dict[str, Any]]:
    """For the person themselves: on which days which organisations, in which role and what for, looked at their data.
    Not which operator: who wants to know that asks the data protection officer."""
    async with store.reads.connect() as conn:
        found = await conn.execute(SEEN_BY, {"people": list(people), "since": since, "limit": limit})
        return [dict(row) for row in found.mappings()]


@dataclass
class Forgetting:
    """The worker's chore: once a day what is older than its term goes, through functions that keep six months."""

    done: dict[str, date] = field(default_factory=dict)

    async def __call__(self, store: Store, now: datetime) -> bool:
        """Nothing waits for it, and there is never more of it today."""
        today = clock.civil(now)
        if self.done.get(store.settings.namespace) == today:
            return False
        async with store.engine.begin() as conn:
            for table, days in (("access_log", "access_log_days"), ("sign_ins", "sign_in_days")):
                before = now - timedelta(days=parameter(days, today))
                await conn.execute(text(f"select forget_{table}(:before)"), {"before": before})
        self.done[store.settings.namespace] = today
        return False


forget = Forgetting()
