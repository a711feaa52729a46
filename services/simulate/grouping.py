"""Many commands in one transaction of a service, with what they all need read once.

The decisions are the services' own and see nothing of this: it only answers from memory what a query would have
answered. That is right as long as this process is the only writer, which leadership and the check for an empty
platform see to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.matching.views import CANDIDATES
from services.training.views import PEOPLE as TRAINEES
from shared.projection import View
from shared.projection.privacy import PRIVACY
from shared.store import Command, Decide, Outcome, Store, Transaction
from shared.vault import Pending, Vault

ASKED: dict[str, tuple[View, ...]] = {"matching": (CANDIDATES, PRIVACY), "training": (TRAINEES, PRIVACY)}
"""The views that most of a service's decisions ask about a person."""


class Remembering(Vault):
    """The vault of a run that began with an empty one: it knows what it wrote."""

    def __init__(self, vault: Vault) -> None:
        self.__dict__.update(vault.__dict__)
        self._held: dict[str, bytes] = {}
        self._subjects: dict[tuple[str, bytes], set[str]] = defaultdict(set)
        self._indexed: set[tuple[str, str]] = set()

    async def _keys(self, conn: AsyncConnection, subjects: Iterable[str], opening: bool = False) -> dict[str, bytes]:
        return {subject: self._held[subject] for subject in set(subjects) if subject in self._held}

    async def find(self, conn: AsyncConnection, purpose: str, tokens: Sequence[str], limit: int = 50) -> list[str]:
        """As the vault's own, from memory."""
        found = [self._subjects.get((purpose, self.keyed_hash(purpose, token)), set()) for token in tokens]
        return sorted(set.intersection(*found))[:limit] if found else []

    async def find_any(
        self, conn: AsyncConnection, purpose: str, tokens: Sequence[str], limit: int = 50
    ) -> dict[str, set[str]]:
        """As the vault's own, from memory."""
        found: dict[str, set[str]] = defaultdict(set)
        for token in tokens:
            for subject in self._subjects.get((purpose, self.keyed_hash(purpose, token)), ()):
                found[subject].add(token)
        return dict(sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))[:limit])

    def index(self, pending: Pending, purpose: str, subject: str, tokens: Iterable[str]) -> None:
        """As the vault's own; nothing is dropped for a subject that never had an index."""
        super().index(pending, purpose, subject, tokens)
        if (purpose, subject) not in self._indexed:
            pending.dropped_tokens.remove((purpose, subject))
            self._indexed.add((purpose, subject))

    async def write(self, conn: AsyncConnection, pending: Pending, now: datetime) -> None:
        """As the vault's own, and remembered."""
        await super().write(conn, pending, now)
        self._held |= pending.keys
        for purpose, dropped in pending.dropped_tokens:
            for (kind, _), subjects in self._subjects.items():
                if kind == purpose:
                    subjects.discard(dropped)
        for purpose, token, subject in pending.tokens:
            self._subjects[purpose, token].add(subject)


class Grouped(Store):
    """A store whose commands all run in the transaction that is open now, instead of one each."""

    def __init__(self, store: Store, fresh: bool) -> None:
        self.__dict__.update(store.__dict__)
        self.open: Transaction | None = None
        if fresh:
            self.vault = Remembering(store.vault)

    def ring(self) -> None:
        """Nobody waits: this process publishes in turns."""

    async def prefetch(self, transaction: Transaction, ids: Iterable[str]) -> None:
        """Opens the group: reads the streams and view rows of these ids."""
        self.open = transaction
        wanted = sorted(set(ids))
        await transaction.prefetch(wanted)
        reading = await transaction.look()
        for view in ASKED.get(self.service, ()):
            table = reading.table(view)
            rows = await reading.rows(sa.select(table).where(table.c[view.key_column].in_(wanted)))
            transaction.rows |= {(view.name, one): None for one in wanted}
            transaction.rows |= {(view.name, row[view.key_column]): row for row in rows}

    async def execute(self, command: Command, decide: Decide, *, whole: bool = False) -> Outcome:
        """Runs the decision in the open transaction, which is whole anyway."""
        assert self.open is not None
        return await self.open.run(command, decide)
