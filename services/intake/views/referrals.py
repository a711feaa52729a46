"""Referrals: one row each, whoever the person turned out to be."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text

from services.intake.domain import parameter
from services.intake.views.people import PEOPLE
from shared.envelope import Meta
from shared.events import intake
from shared.events.base import Event
from shared.projection import Reading, Row, View
from shared.projection.aliases import group, shown_under
from shared.service import Due


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("referral_id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("referred_id", sa.Text),
        sa.Column("organisation", sa.Text),
        sa.Column("kind", sa.Text),
        sa.Column("level", sa.Integer),
        sa.Column("referred_on", sa.Date),
        sa.Column("person_id", sa.Text),
        sa.Column("declined", sa.Text),
        sa.Column("answered_on", sa.Date),
    ]


def fold_referral(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """One more fact of a referral. The acceptance of somebody known comes from another stream, so in either
    order with the rest."""
    if row is None:
        row = dict.fromkeys(REFERRALS.column_names) | {"referral_id": event.model_dump()["referral_id"]}
    match event:
        case intake.PersonReferred():
            row = row | {
                "referred_id": event.person_id, "organisation": event.organisation, "kind": event.kind,
                "level": row["level"] if row["level"] is not None else event.level, "referred_on": event.on,
            }  # fmt: skip
        case intake.ReferralAccepted():
            row = row | {"person_id": event.person_id, "answered_on": event.on}
        case intake.ReferralDeclined():
            row = row | {"declined": event.reason, "answered_on": event.on}
        case intake.ReferralAgreementChanged():
            row = row | {"level": event.level}
        case _:
            pass
    state = "accepted" if row["person_id"] else "declined" if row["declined"] else "waiting"
    return row | {"state": state}


REFERRALS = View(
    name="referrals",
    key_column="referral_id",
    columns=_columns,
    hears=(
        intake.PersonReferred, intake.ReferralAccepted, intake.ReferralDeclined, intake.ReferralAgreementChanged,
    ),
    key=lambda event: event.referral_id,
    fold=fold_referral,
    indexes=("state", "organisation", "referred_id", "person_id"),
)  # fmt: skip


async def waiting(reading: Reading, limit: int) -> list[Row]:
    """Who was referred and has no answer yet, the oldest first."""
    table = reading.table(REFERRALS)
    query = (
        sa.select(table)
        .where(table.c.state == "waiting", table.c.referred_id.is_not(None))
        .order_by(table.c.referred_on, table.c.referral_id)
        .limit(limit)
    )
    return await reading.rows(query)


async def of_organisation(reading: Reading, organisation: str, limit: int) -> list[Row]:
    """An organisation's own referrals, the newest first; no other organisation's, ever."""
    table = reading.table(REFERRALS)
    query = (
        sa.select(table)
        .where(table.c.organisation == organisation)
        .order_by(table.c.referred_on.desc(), table.c.referral_id)
        .limit(limit)
    )
    return await reading.rows(query)


async def of_person(reading: Reading, person_id: str) -> list[Row]:
    """The referrals of a person, under whichever id."""
    table, ids = reading.table(REFERRALS), await group(reading, person_id)
    query = sa.select(table).where(sa.or_(table.c.person_id.in_(ids), table.c.referred_id.in_(ids)))
    return await reading.rows(query.order_by(table.c.referred_on))


async def pathway_rows(reading: Reading, person_ids: list[str]) -> dict[str, Row]:
    """The people's rows of those ids; of who stands under another id, the row of that one."""
    table, roots = reading.table(PEOPLE), await shown_under(reading, person_ids)
    rows = await reading.rows(sa.select(table).where(table.c.person_id.in_(list(roots.values()))))
    shown = {row["person_id"]: row for row in rows}
    return {one: shown[root] for one, root in roots.items() if root in shown}


async def to_forget(reading: Reading, today: date) -> list[Due]:
    """Referred persons whose words have been kept long enough after an answer that did not register them under the
    referral's own id (declined, or known under another), and are still there."""
    table, people = reading.table(REFERRALS), reading.table(PEOPLE)
    since = today - timedelta(days=parameter("answered_referral_days", today))
    registered = sa.exists(sa.select(people.c.person_id).where(people.c.person_id == table.c.referred_id))
    kept = text(f"exists (select 1 from vault_rows r where r.subject = {table.name}.referred_id)")
    query = (
        sa.select(table.c.referred_id, table.c.answered_on)
        .where(table.c.state != "waiting", table.c.answered_on < since, ~registered, kept)
        .limit(500)
    )
    return [Due(row["referred_id"], row["answered_on"]) for row in await reading.rows(query)]


def told(referral: Row, person: Row | None, appointments: list[Row], level: int) -> dict[str, Any]:
    """What the referrer hears at a level, as codes: nothing above it is in the answer, so no page can show it.

    0 received; 1 contacted or not; 2 the stage; 3 directions, appointments and outcome. Whether the person was
    known before the referral is told at no level.
    """
    answer: dict[str, Any] = {"level": level}
    if level >= 1:
        answer["contact"] = _contact(referral, person)
    if level >= 2:
        answer["stage"] = "declined" if referral["state"] == "declined" else person["stage"] if person else "waiting"
    if level >= 3:
        plan = (person or {}).get("plan") or {"actions": []}
        answer |= {
            "directions": sorted({action["direction"] for action in plan["actions"]}),
            "appointments": [
                {name: row[name] for name in ("day", "at", "state")}
                for row in appointments
                if row["state"] != "cancelled"
            ],
            "outcome": person["outcome"] if person else None,
            "reason": referral["declined"] if referral["state"] == "declined" else None,
        }
    return answer


def _contact(referral: Row, person: Row | None) -> str:
    if referral["state"] == "declined":
        return "unreachable" if referral["declined"] == "unreachable" else "contacted"
    if person is None:
        return "waiting"
    if person["outcome"] == "unreachable":
        return "unreachable"
    return "contacted" if person["checks"] or person["interviews"] or person["closed_on"] else "waiting"
