"""A new generation of master keys: every subject's key is wrapped again while the service goes on; old generations end.

`python -m services.<x> rotate-keys` makes the generation and wraps again, a few hundred keys a transaction. Killed
half-way it goes on when given again; left alone, the active worker ends it within the hour. No row of the vault is
touched: only the 60 bytes around each subject's key change.

Once an hour each active worker looks after the keys (`care`): it wraps again what a process that was just writing
still wrapped by the old generation, notes when nothing is left under it, and destroys it `keys.KEPT` days later.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from shared import clock, keys
from shared.store import Store

logger = logging.getLogger(__name__)
BATCH = 200
UNDER = text("select generation, count(*) from vault_keys group by generation order by generation")
NEXT = text(
    "select subject, generation, wrapped from vault_keys where generation <> :current and subject > :after"
    " order by subject limit :batch for update"
)
WRAPPED = text(
    "update vault_keys k set generation = :current, wrapped = n.w"
    " from unnest(cast(:subjects as text[]), cast(:wrapped as bytea[])) as n(s, w) where k.subject = n.s"
)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a call of `rotate` did: the generation that is current, whether it is new, how many keys it now wraps."""

    generation: int
    new: bool
    keys: int


async def under(store: Store) -> dict[int, int]:
    """How many subjects' keys each generation wraps."""
    async with store.reads.connect() as conn:
        return {int(row[0]): int(row[1]) for row in await conn.execute(UNDER)}


async def rotate(store: Store, now: datetime) -> Rotated:
    """A new generation, and every key wrapped by it; what an earlier call left half done is only finished.

    Raises keys.NotWritable, and keys.KeyGone where a key's generation is no more.
    """
    current = keys.current(store.settings, store.service)
    unfinished = any(generation != current for generation in await under(store))
    if not unfinished:
        current = keys.add(store.settings, store.service, now)
    return Rotated(current, not unfinished, await rewrap(store))


async def rewrap(store: Store) -> int:
    """Wraps by the current generation what others still wrap; returns how many keys. Raises keys.KeyGone."""
    settings, service, count, after = store.settings, store.service, 0, ""
    while True:
        async with store.engine.begin() as conn:
            current = keys.current(settings, service)
            found = (await conn.execute(NEXT, {"current": current, "after": after, "batch": BATCH})).all()
            if not found:
                return count
            _in_use_again(store, {generation for _, generation, _ in found})
            again = [
                keys.wrap(settings, service, subject, keys.unwrap(settings, service, generation, subject, wrapped))
                for subject, generation, wrapped in found
            ]
            if any(generation != current for generation, _ in again):
                continue  # somebody made yet another one meanwhile: once more, by that
            subjects = [subject for subject, _, _ in found]
            await conn.execute(
                WRAPPED, {"current": current, "subjects": subjects, "wrapped": [wrapped for _, wrapped in again]}
            )
        count, after = count + len(found), subjects[-1]


def _in_use_again(store: Store, generations: set[int]) -> None:
    """Backups up to now need them: the days until their end begin anew."""
    for one in keys.ring(store.settings, store.service):
        if one.id in generations and one.empty_since is not None:
            keys.note_empty(store.settings, store.service, one.id, None)


async def care(store: Store, now: datetime) -> list[int]:
    """Looks after the old generations; returns those it destroyed. Raises what `rotate` raises."""
    settings, service, destroyed = store.settings, store.service, []
    if all(one.state != "old" for one in keys.ring(settings, service)):
        return []
    if again := await rewrap(store):
        logger.info("%s: %d keys wrapped again", service, again)
    still = await under(store)
    kept = timedelta(days=keys.kept_days(clock.civil(now)))
    for one in keys.ring(settings, service):
        if one.state != "old" or one.id in still:
            continue
        if one.empty_since is None:
            keys.note_empty(settings, service, one.id, now)
            logger.info("%s: nothing is wrapped by key generation %d any more", service, one.id)
        elif now >= one.empty_since + kept and await _destroy(store, one.id, now):
            destroyed.append(one.id)
    return destroyed


async def _destroy(store: Store, generation: int, now: datetime) -> bool:
    """Only if nothing is wrapped by it, while nobody can write a key: what is destroyed cannot be brought back."""
    async with store.engine.begin() as conn:
        await conn.execute(text("set local lock_timeout = '5s'"))
        await conn.execute(text("lock table vault_keys in share row exclusive mode"))
        used = text("select exists (select 1 from vault_keys where generation = :generation)")
        if await conn.scalar(used, {"generation": generation}):
            return False
        keys.destroy(store.settings, store.service, generation, now)
    return True
