"""Intake's own look at the directory: its facts before the log has brought them back, and the names from the vault.

Whoever is disabled is out of intake, where the names of people are, also while the log is away.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, cast, get_args

import sqlalchemy as sa
from sqlalchemy import text

from services.intake.domain.referrals import Organisation, organisation_named, organisation_of
from services.intake.views.accounts import ORGANISATIONS
from shared.corrections import effective
from shared.envelope import Recorded
from shared.events.intake import AccountOpened, ReferrerKind
from shared.keys import Tampered
from shared.projection import Reading, Row, View, ViewNotReady
from shared.projection.accounts import ACCOUNTS
from shared.store import Store
from shared.web import directory
from shared.web.directory import Own, OwnLook
from shared.web.readers import Reader

log = logging.getLogger("insieme.intake")
TOPIC, PARTITION = AccountOpened.TOPIC, 0
AHEAD = text(
    "select distinct stream_id from events where topic = :topic and partition = :partition and number > coalesce("
    "(select min(coalesce(cast(numbers -> 'intake' ->> 0 as bigint), 0)) from positions"
    " where topic = :topic and partition = :partition), 0)"
)
"""The streams with facts that not all views have seen yet."""


async def _views_rows(reading: Reading, view: View) -> list[Row]:
    try:
        return await reading.rows(sa.select(reading.standing(view)))
    except ViewNotReady:
        return []


def _as_recorded(view: View, rows: Iterable[Row], streams: dict[str, list[Recorded]]) -> list[Row]:
    """The view's rows, those of these streams folded anew from their facts."""
    kept = {row[view.key_column]: row for row in rows if row[view.key_column] not in streams}
    for stream, recorded in streams.items():
        row: Row | None = None
        for fact in effective(recorded):
            if fact.event.TYPE in view.types:
                row = view.fold(row, fact.event, fact.meta)
        if row is not None:
            kept[stream] = row
    return list(kept.values())


async def recorded_rows(store: Store, reading: Reading) -> tuple[list[Row], list[Row]]:
    """Accounts and organisations, up to the last fact recorded."""
    ahead = (await reading.conn.execute(AHEAD, {"topic": TOPIC, "partition": PARTITION})).scalars().all()
    streams: dict[str, list[Recorded]] = {stream: [] for stream in ahead}
    for fact in await store.facts(reading.conn, ahead) if ahead else ():
        streams[fact.meta.subject].append(fact)
    accounts = _as_recorded(ACCOUNTS, await _views_rows(reading, ACCOUNTS), streams)
    return accounts, _as_recorded(ORGANISATIONS, await _views_rows(reading, ORGANISATIONS), streams)


def own_look() -> Own:
    """The look of one process: a name is opened once, and kept as long as it is listed."""
    opened: dict[str, str] = {}

    async def look(store: Store, reading: Reading) -> OwnLook:
        accounts, organisations = await recorded_rows(store, reading)
        references = {row["name"] for row in (*accounts, *organisations)}
        known = {one: words for one, words in opened.items() if one in references}
        known |= await _opened(store, reading, sorted(references - set(known)))
        opened.clear()
        opened.update(known)
        return OwnLook(
            accounts,
            {row["account"]: known[row["name"]] for row in accounts if row["name"] in known},
            {row["organisation"]: known[row["name"]] for row in organisations if row["name"] in known},
            {row["organisation"]: row["kind"] for row in organisations if row["is_open"]},
            organisations,
        )

    return look


async def _opened(store: Store, reading: Reading, references: Sequence[str]) -> dict[str, str]:
    if not references:
        return {}
    try:
        found: dict[str, dict[str, Any]] = await store.vault.read_many(reading.conn, references)
    except Tampered:
        log.error("a name of the directory does not open")
        return {}
    return {one: str(values["name"]) for one, values in found.items()}


def organisation_called(code: str) -> str:
    """The name of an organisation that refers people, by its code in the facts (without `o-`)."""
    name = organisation_of(code)
    return name if name != code else directory.now().organisation_name(f"o-{code}")


def referring_organisation(reader: Reader, on: date) -> Organisation | None:
    """The reader's organisation as one that refers people: accredited on that day, or in the directory under a kind
    of organisation that refers."""
    accredited = organisation_named(reader.organisation, on)
    kind = directory.now().kinds.get(reader.organisation_code)
    if accredited is not None or kind not in get_args(ReferrerKind):
        return accredited
    code = reader.organisation_code.removeprefix("o-")
    return Organisation(code, reader.organisation, cast(ReferrerKind, kind), on)
