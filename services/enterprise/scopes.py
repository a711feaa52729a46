"""Whose the projects and the people of enterprise are: a person's project is the case of who follows the person, a
social enterprise's is nobody's case."""

from __future__ import annotations

import sqlalchemy as sa

from services.enterprise.views import PEOPLE, PROJECTS
from shared.projection import Reading
from shared.projection.aliases import root_of, rooted
from shared.store import Store
from shared.web.readers import Reader, scope_of
from shared.web.scopes import ALL, Scoped, Scopes


async def whose(store: Store, kind: str, id_: str, fresh: bool) -> Scoped | None:
    """Whose this is; None where there is no such thing."""
    async with store.read() as reading:
        if kind == "person":
            return await _person(reading, id_)
        row = await reading.row(PROJECTS, id_)
        if row is None:
            return None
        return (row["person_id"] and await _person(reading, row["person_id"])) or Scoped()


async def _person(reading: Reading, person_id: str) -> Scoped | None:
    row = await reading.row(PEOPLE, await root_of(reading, person_id))
    return Scoped(case_manager=row["case_manager"], is_case=True) if row else None


async def seen(reading: Reading, reader: Reader) -> list[str] | None:
    """The projects that the reader's lists show: None for all of them; a case manager's are those of the people whom
    they follow or nobody follows yet, and those of social enterprises."""
    if scope_of(reader.role, "enterprise.view") == ALL:
        return None
    projects, people = reading.table(PROJECTS), reading.table(PEOPLE)
    proposed_by = projects.outerjoin(people, people.c.person_id == rooted(reading, projects.c.person_id))
    query = sa.select(projects.c.project_id).select_from(proposed_by)
    theirs = people.c.case_manager.is_(None) | (people.c.case_manager == reader.account)
    return [row["project_id"] for row in await reading.rows(query.where(projects.c.person_id.is_(None) | theirs))]


SCOPES = Scopes(
    objects={"project_id": "project", "person_id": "person", "person": "person"},
    free={
        "budget_id": "i fondi di un anno riguardano tutto il programma",
        "fact_id": "un fatto del progetto, o dei fondi, dello stesso indirizzo",
    },
    whose=whose,
)
