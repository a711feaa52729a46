"""People who were here before an index was made become findable by it: a chore of the worker, without anybody's doing.

Once after each start it passes over everybody who has an identity and indexes those who lack a purpose, some in a
transaction; stopped halfway it finds the rest again, because who is done lacks nothing. A way of indexing that changes
gets a purpose of another name, and everybody is indexed anew.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import text

from services.intake.finding import EXACT_INDEX, PERSON_INDEX, SIMILAR_INDEX, index, lock_index
from shared.decisions import Decision
from shared.store import Command, Store, Transaction, Unit

LOOKED_AT, AT_ONCE = 500, 25
"""People looked at in a turn, and of those the ones indexed in one transaction."""
ACTOR = "system:intake"
NEXT = text(
    "select subject, (select count(distinct i.purpose) from vault_index i where i.subject = people.subject"
    " and i.purpose = any(:purposes)) as known from (select distinct subject from vault_rows where kind = 'identity'"
    " and subject > :after order by subject limit :n) as people order by subject"
)
HELD = text("select 1 from vault_keys where subject = :subject for share")

_reached: WeakKeyDictionary[Store, str | None] = WeakKeyDictionary()
"""How far the pass of this process is: the last id that was looked at; None once it is over."""


async def step(store: Store, now: datetime) -> bool:
    """A turn; True if there may be more to do."""
    after = _reached.get(store, "")
    if after is None:
        return False
    purposes = [PERSON_INDEX, EXACT_INDEX, SIMILAR_INDEX]
    async with store.reads.connect() as conn:
        found = (await conn.execute(NEXT, {"purposes": purposes, "after": after, "n": LOOKED_AT})).all()
    lacking = [subject for subject, known in found if known < len(purposes)][:AT_ONCE]
    if lacking:
        await store.together(lambda transaction: _index(transaction, lacking, now))
    looked = lacking[-1] if len(lacking) == AT_ONCE else found[-1].subject if found else None
    _reached[store] = looked if len(found) == LOOKED_AT or len(lacking) == AT_ONCE else None
    return _reached[store] is not None


async def _index(transaction: Transaction, people: list[str], now: datetime) -> None:
    for person_id in people:

        async def decide(unit: Unit, person_id: str = person_id) -> Decision:
            await lock_index(unit, [], person_id)
            # Who is being erased holds the key's row: either they are gone here, or what is written here goes too.
            if await unit.conn.scalar(HELD, {"subject": person_id}) is not None:
                known = await unit.store.vault.latest(unit.conn, "identity", [person_id])
                if person_id in known:
                    index(unit, person_id, known[person_id])
            return []

        await transaction.run(Command(str(uuid.uuid4()), ACTOR, now), decide)
