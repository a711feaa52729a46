"""Whose the courses and the people of training are: a course is of the organisation of the operator who designed it, a
person is the case of who follows them."""

from __future__ import annotations

from services.training.views.folds import PEOPLE
from shared.projection.aliases import root_of
from shared.store import Store
from shared.web.belonging import organisation_of
from shared.web.scopes import Scoped, Scopes, brought_by


async def whose(store: Store, kind: str, id_: str, fresh: bool) -> Scoped | None:
    """Whose this is; None where there is no such thing."""
    if kind == "course":
        actor = await brought_by(store, id_)
        return Scoped(organisation_of(actor)) if actor else None
    async with store.read() as reading:
        row = await reading.row(PEOPLE, await root_of(reading, id_))
    return Scoped(case_manager=row["case_manager"], district=row["district"], is_case=True) if row else None


SCOPES = Scopes(
    objects={"course_id": "course", "person_id": "person"},
    free={
        "fact_id": "un fatto del corso, o della persona nel corso, dello stesso indirizzo",
        "vacancy_id": "una ricerca di personale collegata al corso dello stesso indirizzo",
    },
    whose=whose,
)
