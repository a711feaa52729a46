"""Whose the pathways of reporting are: a person is the case of who follows them. Whoever reads pathways for the whole
programme sees them without names; its figures are nobody's."""

from __future__ import annotations

from services.reporting.views.folds import PATHWAYS
from shared.projection.aliases import root_of
from shared.store import Store
from shared.web.scopes import Scoped, Scopes


async def whose(store: Store, kind: str, id_: str, fresh: bool) -> Scoped | None:
    """Whose this is; None where there is no such thing."""
    async with store.read() as reading:
        row = await reading.row(PATHWAYS, await root_of(reading, id_))
    return Scoped(case_manager=row["case_manager"], district=row["district"], is_case=True) if row else None


SCOPES = Scopes(objects={"person_id": "person"}, free={"code": "un semestre"}, whose=whose)
