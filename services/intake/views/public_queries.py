"""What the pages ask of the contacts that came over the site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text

from services.intake.domain import parameter
from services.intake.views.public import SITE_CONTACTS, WORK
from shared.projection import Reading, Row
from shared.service import Due


async def site_contacts(
    reading: Reading, *, status: str, districts: Sequence[str] = (), limit: int = 50, offset: int = 0
) -> tuple[list[Row], int]:
    """Contacts of that status, those that wait the longest first, and how many there are."""
    table = reading.table(SITE_CONTACTS)
    where = table.c.status == status
    if districts:
        where &= table.c.district.in_(list(districts))
    total = await reading.conn.scalar(sa.select(sa.func.count()).select_from(table).where(where))
    order = table.c.received_at if status == "received" else table.c.decided_on.desc()
    query = sa.select(table).where(where).order_by(order, table.c.contact_id).limit(limit).offset(offset)
    return await reading.rows(query), int(total or 0)


async def work(reading: Reading, vacancy_ids: Sequence[str]) -> dict[str, Row]:
    """The work of these vacancies, as far as matching told it."""
    table = reading.table(WORK)
    rows = await reading.rows(sa.select(table).where(table.c.vacancy_id.in_(list(vacancy_ids))))
    return {row["vacancy_id"]: row for row in rows}


async def site_contacts_to_forget(reading: Reading, today: date) -> list[Due]:
    """Contacts whose answers have been kept long enough and are still there."""
    table = reading.table(SITE_CONTACTS)
    since = today - timedelta(days=parameter("contact_days", today))
    discarded = today - timedelta(days=parameter("discarded_contact_days", today))
    old = (table.c.received_on < since) | ((table.c.status == "discarded") & (table.c.decided_on < discarded))
    kept = text(f"exists (select 1 from vault_rows r where r.subject = {table.name}.contact_id)")
    query: Any = sa.select(table.c.contact_id, table.c.received_on).where(old).where(kept).limit(500)
    return [Due(row["contact_id"], row["received_on"]) for row in await reading.rows(query)]
