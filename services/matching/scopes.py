"""Whose the companies and vacancies of matching are: of the organisation of the operator who brought them in. A
person is the case of who follows them; those who look for work for everybody see them all, without names."""

from __future__ import annotations

import re

import sqlalchemy as sa

from services.matching.views.folds import CANDIDATES, PLACEMENTS
from shared.projection.aliases import root_of
from shared.store import Store
from shared.web.belonging import organisation_of
from shared.web.scopes import FACT, Scoped, Scopes, brought_by

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


async def whose(store: Store, kind: str, id_: str, fresh: bool) -> Scoped | None:
    """Whose this is; None where there is no such thing."""
    actor: str | None
    if kind == "person":
        async with store.read() as reading:
            row = await reading.row(CANDIDATES, await root_of(reading, id_))
        return Scoped(case_manager=row["case_manager"], district=row["district"], is_case=True) if row else None
    if kind == "fact":
        async with store.reads.connect() as conn:
            actor = await conn.scalar(FACT, {"id": id_}) if UUID.fullmatch(id_) else None
    elif kind == "placement":
        async with store.read() as reading:
            table = reading.table(PLACEMENTS)
            query = sa.select(table.c.company_id).where(table.c.placement_id == id_)
            company = await reading.conn.scalar(query)
        actor = await brought_by(store, company) if company else None
    else:
        actor = await brought_by(store, id_)
    return Scoped(organisation_of(actor)) if actor else None


SCOPES = Scopes(
    objects={
        "company_id": "company", "vacancy_id": "vacancy", "placement_id": "placement", "fact_id": "fact",
        "person_id": "person",
    },
    whose=whose,
)  # fmt: skip
