"""What a batch does to the database, all in the caller's transaction: views, reactions, what is parked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, text
from sqlalchemy.exc import DBAPIError

from shared import telemetry
from shared.db import views_schema
from shared.decisions import Refused
from shared.envelope import ordinal_id
from shared.events.operations import ReaderStopped, RecordParked, RecordRejected, ViewFaulty
from shared.log import Record
from shared.meanwhile import meanwhile
from shared.notices import notice
from shared.positions import Place, Position
from shared.projection import (
    HEARD_COLUMNS,
    FoldFailed,
    Folding,
    Reading,
    Taken,
    ViewNotReady,
    copy_records,
    heard_row,
    load_rows,
    numbers_of,
    write_rows,
)
from shared.reader.work import Stop, Work, key_of, where
from shared.service import Reaction, Service, emitted
from shared.store import CONFLICTS, MAX_HOPS, Accepted, Command, Transaction


class ReactionFailed(Exception):
    """A reaction raised: its key is parked."""

    def __init__(self, record: Record, reason: str) -> None:
        super().__init__(reason)
        self.record, self.reason = record, reason


@contextlib.contextmanager
def _failing(view: str, taken: Taken) -> Iterator[None]:
    """What a fold raises is the view's fault; what the database or the network raise is not."""
    try:
        yield
    except (FoldFailed, DBAPIError, OSError, TimeoutError):
        raise
    except Exception as error:
        raise FoldFailed(view, taken, error) from error


@dataclass(frozen=True)
class Effects:
    """The effects of one service's facts."""

    service: Service
    now: Callable[[], datetime]

    async def fold(
        self, transaction: Transaction, work: Work, faulty: Mapping[str, str], before: Mapping[Place, Position]
    ) -> None:
        """Journal and views. Raises FoldFailed; views in `faulty` are marked so and left as they are."""
        if not work.heard and not work.to_fold:
            return
        schema = views_schema(self.service.name, transaction.store.settings)
        reading = await Reading.open(transaction.conn, self.service.name)
        async with meanwhile(self._journal(transaction, schema, reading, work.heard)) as journal:
            folded = await self._folded(transaction, reading, work, faulty)
            await journal
            for folding, table in folded:
                if folding.dirty:
                    await self._refold(transaction, reading, work, before, folding, table)
            await write_rows(transaction.conn, schema, folded)
        for view in work.to_fold:
            if view in faulty:
                await self._mark_faulty(transaction, view, work.to_fold[view][0], faulty[view])

    async def _journal(self, transaction: Transaction, schema: str, reading: Reading, heard: list[Taken]) -> None:
        if heard:
            # Each is made on its way out, and its place is free for the next: a list of them takes an eighth longer.
            rows = (heard_row(meta, event, data, offset) for meta, event, data, offset in heard)
            await copy_records(transaction.conn, schema, reading.heard.name, HEARD_COLUMNS, rows)

    async def _folded(
        self, transaction: Transaction, reading: Reading, work: Work, faulty: Mapping[str, str]
    ) -> list[tuple[Folding, Table]]:
        """The views' facts folded into their rows while the journal is on its way. The rows are read on a connection
        of their own: nobody else writes them as long as this transaction holds the positions."""
        folded: list[tuple[Folding, Table]] = []
        async with transaction.store.reads.connect() as conn:
            for view in self.service.views:
                taken = work.to_fold.get(view.name)
                if not taken or view.name in faulty:
                    continue
                try:
                    table = reading.table(view)
                except ViewNotReady:
                    continue  # an older version's table stays as it was; the new one is being built by a replay
                folding = Folding.start(view)
                with _failing(view.name, taken[-1]):
                    await load_rows(conn, folding, table, folding.keys(taken))
                    for one in taken:
                        folding.take(one)
                folded.append((folding, table))
        return folded

    async def _refold(
        self, transaction: Transaction, reading: Reading, work: Work, before: Mapping[Place, Position],
        folding: Folding, table: Table,
    ) -> None:  # fmt: skip
        name = folding.view.name
        positions = {(p[1], p[2]): at for p, at in (*before.items(), *work.positions.items()) if p[0] == name}
        with _failing(name, work.to_fold[name][-1]):
            await folding.refold(transaction.conn, reading.heard, table, numbers_of(positions))

    async def _mark_faulty(self, transaction: Transaction, view: str, taken: Taken, reason: str) -> None:
        await transaction.conn.execute(
            text("update views set faulty = :reason where view = :view"), {"reason": reason, "view": view}
        )
        await notice(transaction, ViewFaulty, taken.where, reason, self.now(), view)

    async def react(self, transaction: Transaction, work: Work, parking: str | None) -> None:
        """Reactions, after the views. Raises ReactionFailed; with `parking` they are parked for that reason."""
        if work.to_react and not parking:
            await transaction.prefetch(sorted({taken.meta.subject for _, taken in work.to_react}))
        for record, taken in work.to_react:
            if parking or taken.meta.hops >= MAX_HOPS:
                await self.park(transaction, record, taken.meta.id, "reaction", parking or "too-many-hops")
                continue
            for reaction in self.service.reactions[type(taken.event)]:
                await self._run(transaction, reaction, record, taken)

    async def _run(self, transaction: Transaction, reaction: Reaction, record: Record, taken: Taken) -> None:
        meta, name = taken.meta, getattr(reaction, "__name__", "reaction")
        command = Command(
            cause=ordinal_id(meta.id, f"{self.service.name}/{name}"),
            actor=f"system:{self.service.name}",
            now=self.now(),
            correlation=meta.correlation,
            causation=meta.id,
            hops=meta.hops + 1,
        )
        with (
            telemetry.continued(f"{self.service.name} {name}", meta.traceparent),
            telemetry.REACTION_SECONDS.labels(self.service.name, name).time(),
        ):
            try:
                outcome = await transaction.run(command, lambda unit: reaction(unit, taken.event, meta))
            except DBAPIError as error:
                if error.connection_invalidated or getattr(error.orig, "sqlstate", None) in CONFLICTS:
                    raise
                raise ReactionFailed(record, f"{name}-{type(error.orig).__name__}") from error
            except (OSError, TimeoutError):
                raise
            except Exception as error:
                raise ReactionFailed(record, f"{name}-{type(error).__name__}") from error
        if isinstance(outcome, Accepted) and not {type(r.event) for r in outcome.events} <= set(emitted(reaction)):
            raise ReactionFailed(record, f"{name}-undeclared")
        if isinstance(outcome, Refused):
            await transaction.conn.execute(
                text("insert into refusals values (:id, :reaction, :code, :at) on conflict do nothing"),
                {"id": meta.id, "reaction": name, "code": outcome.code, "at": self.now()},
            )

    async def set_aside(self, transaction: Transaction, work: Work) -> None:
        """Parks what could not be read or is behind such a record, rejects what has no right to be there."""
        for parked in work.parked:
            await self.park(transaction, parked.record, parked.event_id, parked.stage, parked.reason)
        for record, reason in work.rejected:
            telemetry.DEAD_LETTERS.labels(self.service.name, reason).inc()
            await notice(transaction, RecordRejected, where(record), reason, self.now())

    async def park(
        self, transaction: Transaction, record: Record, event_id: str | None, stage: str, reason: str
    ) -> None:
        """Notes the place (the log keeps the bytes) and says so on `dead-letters`."""
        inserted = await transaction.conn.execute(
            text(
                'insert into parked (topic, partition, "offset", key, event_id, stage, reason, parked_at)'
                " values (:t, :p, :o, :k, cast(:e as uuid), :s, :r, :at) on conflict do nothing"
            ),
            {
                "t": record.topic, "p": record.partition, "o": record.offset, "k": key_of(record), "e": event_id,
                "s": stage, "r": reason, "at": self.now(),
            },
        )  # fmt: skip
        if inserted.rowcount and stage != "behind":
            telemetry.DEAD_LETTERS.labels(self.service.name, stage).inc()
            await notice(transaction, RecordParked, where(record), _code(reason), self.now())

    async def record_stop(self, transaction: Transaction, stop: Stop) -> None:
        """Says where and why the reader stopped, for its own page and for everybody's."""
        await transaction.conn.execute(
            text('update reader_state set stopped_at = :at, "where" = :w, reason = :r'),
            {"at": self.now(), "w": stop.where, "r": stop.reason},
        )
        await notice(transaction, ReaderStopped, stop.where, stop.reason, self.now())


def _code(reason: str) -> str:
    return "".join(c if c.isalnum() or c in "_.:-" else "-" for c in reason)[:64] or "unknown"
