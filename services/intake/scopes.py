"""Whose the people and the things of intake are, for the scopes of the rights (`shared.web.scopes`).

A person is a case: their district, who follows them, and that operator's organisation. The views answer, by one
statement; before somebody is refused, the person's facts themselves do, with the emergencies for which somebody opened
them (`domain/emergency.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text

from services.intake.domain.desks import DESKS
from services.intake.domain.emergency import open_to
from services.intake.views import ABSENCES, PEOPLE, SESSIONS, SITE_CONTACTS, fold_person
from services.intake.views.emergencies import open_now
from shared import clock
from shared.corrections import effective
from shared.envelope import Recorded
from shared.projection import Reading, Row
from shared.projection.aliases import ALIASES, root_of, rooted
from shared.store import Store
from shared.web.belonging import colleagues, organisation_of
from shared.web.readers import Reader, glass_actions, may_on, scope_of
from shared.web.scopes import ALL, OWN_CASES, OWN_DISTRICT, Scoped, Scopes

IMPORT = text("select account from imports where import_id = cast(:id as uuid)")


async def whose(store: Store, kind: str, id_: str, fresh: bool) -> Scoped | None:
    """Whose this is; None where there is no such thing."""
    if kind == "desk":
        return Scoped(district=DESKS[id_].district) if id_ in DESKS else None
    if kind == "account":
        return Scoped(organisation_of(id_), id_)
    if kind == "import":
        async with store.reads.connect() as conn:
            account = await conn.scalar(IMPORT, {"id": id_}) if len(id_) == 36 else None
        return Scoped(organisation_of(account), account) if account else None
    async with store.read() as reading:
        match kind:
            case "person" if fresh:
                return await _as_the_facts_say(store, await root_of(reading, id_))
            case "person":
                return await _person(reading, id_) or await _as_the_facts_say(store, await root_of(reading, id_))
            case "contact":
                row = await reading.row(SITE_CONTACTS, id_)
                return Scoped(district=row["district"]) if row else None
            case "session":
                row = await reading.row(SESSIONS, id_)
                return Scoped(organisation_of(row["operator"]), row["operator"], _district(row)) if row else None
            case "absence":
                row = await reading.row(ABSENCES, id_)
                return Scoped(organisation_of(row["operator"]), row["operator"]) if row else None
    raise LookupError(kind)


def _district(row: Row) -> str | None:
    return DESKS[row["desk"]].district if row["desk"] in DESKS else None


def case_of(row: Row, opened_to: frozenset[str] = frozenset()) -> Scoped:
    """Whose the person of this row is; after the closure still of who followed them."""
    manager = row["case_manager"]
    return Scoped(organisation_of(manager), manager, row["district"], True, opened_to, row["registered_by"])


async def _person(reading: Reading, person_id: str) -> Scoped | None:
    people = reading.table(PEOPLE)
    query = sa.select(people.c.case_manager, people.c.district, people.c.registered_by).where(
        people.c.person_id == rooted(reading, sa.literal(person_id))
    )
    rows = await reading.rows(query)
    return case_of(rows[0]) if rows else None


async def _as_the_facts_say(store: Store, person_id: str) -> Scoped | None:
    recorded = await store.history(person_id)
    return _told(recorded) if recorded else None


def _told(recorded: list[Recorded]) -> Scoped:
    row: Row | None = None
    for fact in effective(recorded):
        if type(fact.event) in PEOPLE.hears:
            row = fold_person(row, fact.event, fact.meta)
    if row is None:  # known by another way, or not registered any more
        row = {"case_manager": None, "district": None, "registered_by": None}
    return case_of(row, open_to([(fact.event, fact.meta.time) for fact in recorded], clock.now()))


# Lists


def in_scope(reader: Reader, action: str, c: Any) -> sa.ColumnElement[bool]:
    """In a query over the people, by their columns: those who are in the reader's scope for the action."""
    scope = scope_of(reader.role, action)
    if scope == ALL:
        return sa.true()
    near: sa.ColumnElement[bool] = sa.true()
    if reader.districts:
        received = c.case_manager.is_(None) & (c.registered_by == reader.account)
        near = c.district.in_(list(reader.districts)) | c.district.is_(None) | received
    if scope == OWN_DISTRICT:
        return near
    followed = [reader.account] if scope == OWN_CASES else colleagues(reader)
    theirs: sa.ColumnElement[bool] = c.case_manager.in_(followed) | (c.case_manager.is_(None) & near)
    return theirs


async def those_in_scope(
    store: Store, reader: Reader, action: str, ids: Sequence[str], reading: Reading | None = None
) -> list[str]:
    """Of these people, those in the reader's scope for the action or open to them in emergency, in their order."""
    if not ids or scope_of(reader.role, action) == ALL:
        return list(ids)
    if reading is not None:
        return await _those(store, reading, reader, action, ids)
    async with store.read() as opened:
        return await _those(store, opened, reader, action, ids)


async def _those(store: Store, reading: Reading, reader: Reader, action: str, ids: Sequence[str]) -> list[str]:
    aliases, people = reading.table(ALIASES), reading.table(PEOPLE)
    joined = await reading.rows(sa.select(aliases).where(aliases.c.person_id.in_(list(ids))))
    roots = {row["person_id"]: row["root_id"] for row in joined}
    wanted = [roots.get(one, one) for one in ids]
    seen = in_scope(reader, action, people.c)
    if action in glass_actions():
        seen = seen | people.c.person_id.in_(open_now(reading, reader.account, clock.now()))
    found = await reading.rows(sa.select(people.c.person_id, seen.label("seen")).where(people.c.person_id.in_(wanted)))
    inside = {row["person_id"] for row in found if row["seen"]}
    # Who was registered a moment ago has no row yet.
    unseen = sorted(set(wanted) - {row["person_id"] for row in found})
    recorded = await store.facts(reading.conn, unseen) if unseen else []
    for one, facts in groupby(recorded, key=lambda fact: fact.meta.subject):
        if may_on(reader, action, _told(list(facts))):
            inside.add(one)
    return [one for one in ids if roots.get(one, one) in inside]


SCOPES = Scopes(
    objects={
        "person_id": "person", "one_id": "person", "other_id": "person", "people": "person", "persona": "person",
        "from_manager": "account", "contact_id": "contact",
        "session_id": "session", "absence_id": "absence", "desk": "desk", "import_id": "import",
    },
    free={
        "fact_id": "un fatto della persona nello stesso indirizzo",
        "appointment_id": "un appuntamento della persona nello stesso indirizzo",
        "request_id": "una richiesta sui dati della persona nello stesso indirizzo",
        "attachment_id": "un documento della persona nello stesso indirizzo",
        "visit_id": "un arrivo della coda nello stesso indirizzo",
        "referral_id": "quella di un altro ente per la pagina non esiste (404); per gli sportelli vale la persona",
        "emergency_id": "un'apertura della persona nello stesso indirizzo",
        "verb": "che cosa si fa dell'arrivo",
        "closure_id": "una chiusura dello sportello nello stesso indirizzo",
        "sample_id": "il sorteggio di un semestre riguarda tutto il programma",
        "code": "un comune o un CAP",
        "account": "l'elenco degli utenti riguarda tutto il programma",
        "organisation": "l'elenco degli enti riguarda tutto il programma",
    },
    whose=whose,
)  # fmt: skip
