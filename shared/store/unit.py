"""What a decision may use: the time, the states of its streams, views, the vault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar, overload

from sqlalchemy import Executable, Table

from shared import clock
from shared.corrections import effective
from shared.decisions import Decision, Refused, Stream
from shared.envelope import Recorded, ordinal_id
from shared.projection import Reading, View
from shared.vault import Pending, Values

if TYPE_CHECKING:
    from shared.store.transaction import Transaction

S1 = TypeVar("S1")
S2 = TypeVar("S2")
S3 = TypeVar("S3")


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody (or something) wants a decision.

    `cause` is a UUID that a repetition carries again: form token + actor, heard fact + reaction, deadline +
    due date. `shown` is the version of the (first) stream that the form showed; None where nothing was shown.
    """

    cause: str
    actor: str
    now: datetime
    shown: int | None = None
    correlation: str | None = None
    causation: str | None = None
    hops: int = 0
    traceparent: str | None = None

    @property
    def by_system(self) -> bool:
        """Only system causes reload and decide again over somebody's newer fact."""
        return self.actor.startswith("system:")


ENDED = Refused(
    "person_erased", "I dati di questa persona sono stati cancellati: su di lei non si registra più niente."
)
"""The answer to a decision about somebody who was erased: the only streams that end are people's."""


class Repeated(Exception):
    """The command came before: these are its facts."""

    def __init__(self, facts: tuple[Recorded, ...]) -> None:
        self.facts = facts


class Stale(Exception):
    """Somebody recorded something since the form was shown."""

    def __init__(self, refused: Refused) -> None:
        self.refused = refused


class UnitVault:
    """The vault as a command writes to it."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def write(self, kind: str, subject: str, values: Values | bytes, row_id: str | None = None) -> str:
        """Seals the values (or a file's bytes) and returns the reference for the fact; `row_id` makes it that row's
        next version."""
        unit, vault = self._unit, self._unit.store.vault
        row = row_id or unit.new_id(f"vault/{kind}/{subject}/{len(unit.pending.rows)}")
        keys = unit.transaction.written.keys
        if subject in keys:
            unit.pending.keys[subject] = keys[subject]
        waiting = unit.transaction.written.rows if row_id else ()
        return await vault.seal(unit.conn, unit.pending, row, kind, subject, values, row_id is None, waiting)

    def index(self, purpose: str, subject: str, tokens: Sequence[str]) -> None:
        """Makes the subject findable by these tokens."""
        self._unit.store.vault.index(self._unit.pending, purpose, subject, tokens)

    def keyed_hash(self, purpose: str, value: str) -> bytes:
        """See Vault.keyed_hash."""
        return self._unit.store.vault.keyed_hash(purpose, value)

    def drop(self, subject: str, reference: str) -> None:
        """Deletes the row that this reference points to, all its versions."""
        self._unit.store.vault.drop(self._unit.pending, subject, reference.split(":", 1)[0])

    async def find_any(self, purpose: str, tokens: Sequence[str]) -> dict[str, set[str]]:
        """The subjects that carry at least one of the tokens, with those that they carry; those of this very
        transaction included."""
        vault = self._unit.store.vault
        found = await vault.find_any(self._unit.conn, purpose, tokens)
        hashes = {vault.keyed_hash(purpose, token): token for token in tokens}
        for kind, token, subject in self._unit.transaction.written.tokens:
            if kind == purpose and token in hashes:
                found.setdefault(subject, set()).add(hashes[token])
        return found

    async def find(self, purpose: str, tokens: Sequence[str]) -> list[str]:
        """The subjects that carry all the tokens, those of this very transaction included."""
        vault = self._unit.store.vault
        found = await vault.find(self._unit.conn, purpose, tokens)
        hashes = {vault.keyed_hash(purpose, token) for token in tokens}
        waiting: dict[str, set[bytes]] = {}
        for kind, token, subject in self._unit.transaction.written.tokens:
            if kind == purpose:
                waiting.setdefault(subject, set()).add(token)
        return found + [subject for subject, has in waiting.items() if hashes <= has and subject not in found]


class Unit:
    """What a decision may use: the time, the states of its streams, views, the vault."""

    def __init__(self, transaction: Transaction, command: Command) -> None:
        self.transaction = transaction
        self.command = command
        self.store = transaction.store
        self.conn = transaction.conn
        self.written: Pending | None = None
        self._checked = False
        self._read_streams: list[str] = []
        self.after_end = False
        """Set by the few decisions that may still be taken where a stream has ended: about the ending itself."""

    @property
    def pending(self) -> Pending:
        """What the command wants to write beside its facts."""
        if self.written is None:
            self.written = Pending()
        return self.written

    @property
    def vault(self) -> UnitVault:
        """The service's vault, to write to. Made when asked for: kept, the two would hold each other (and with
        them the whole transaction) until the next collection of garbage."""
        return UnitVault(self)

    @property
    def now(self) -> datetime:
        """The instant of recording (UTC)."""
        return self.command.now

    @property
    def today(self) -> date:
        """The civil date in Rome."""
        return clock.civil(self.command.now)

    @property
    def actor(self) -> str:
        """The account that commands, or `system:<service>`."""
        return self.command.actor

    def new_id(self, name: str) -> str:
        """An id for a thing that this command makes: the same again if the command is repeated."""
        return ordinal_id(self.command.cause, name)

    def profile(self, person_id: str, values: Values | None) -> None:
        """Publishes the person's fine attributes on `profiles`; None ends them (a tombstone). Intake only."""
        self.pending.profiles[person_id] = values

    @overload
    async def states(self, first: Stream[S1], /) -> tuple[S1]: ...
    @overload
    async def states(self, first: Stream[S1], second: Stream[S2], /) -> tuple[S1, S2]: ...
    @overload
    async def states(self, first: Stream[S1], second: Stream[S2], third: Stream[S3], /) -> tuple[S1, S2, S3]: ...
    @overload
    async def states(self, *streams: Stream[S1]) -> tuple[S1, ...]: ...
    async def states(self, *streams: Stream[Any]) -> tuple[Any, ...]:
        """The states of all the streams that the decision reads or appends to. One call a decision, so that a
        repeated command and a stale page are seen before anything is decided."""
        loaded = self.transaction.loaded
        self._read_streams += [stream.id for stream in streams]
        for stream in streams:
            if stream.id not in loaded:
                await self.transaction.load([each.id for each in streams])
            self._once(stream.id)
        if self.command.shown is not None and not self.command.by_system and streams and not self._checked:
            self._checked = True  # the form showed the first stream of the first call, and no other
            self._fresh(streams[0].id, self.command.shown)
        return tuple([fold(stream, loaded[stream.id].recorded) for stream in streams])

    def history(self, stream_id: str) -> list[Recorded]:
        """The service's facts of a stream that this decision has read, corrections included."""
        return self.transaction.loaded[stream_id].recorded

    def answered(self, decision: Decision) -> Decision:
        """The decision as it may stand: nothing is added to a stream that ended, and a refusal says so first."""
        if self.after_end:
            return decision
        subjects = self._read_streams if isinstance(decision, Refused) else [event.subject for event in decision]
        loaded = self.transaction.loaded
        ended = any(
            any(fact.event.ENDS for fact in reversed(loaded[subject].recorded))
            for subject in subjects
            if subject in loaded
        )
        return ENDED if ended else decision

    def _once(self, stream_id: str) -> None:
        loaded = self.transaction.loaded
        if self.command.cause in [r.meta.cause for r in loaded[stream_id].recorded]:
            facts = [r for one in loaded.values() for r in one.recorded if r.meta.cause == self.command.cause]
            order = {ordinal_id(self.command.cause, n): n for n in range(len(facts))}
            raise Repeated(tuple(sorted(facts, key=lambda r: order.get(r.meta.id, len(facts)))))

    def _fresh(self, stream_id: str, shown: int) -> None:
        newer = [
            r.meta
            for r in self.transaction.loaded[stream_id].recorded
            if r.meta.version > shown and not r.meta.actor.startswith("system:")
        ]
        if newer:
            last = newer[-1]
            at = last.time.astimezone(clock.ROME)
            raise Stale(
                Refused(
                    "stale_page",
                    f"Nel frattempo {self.store.name_of(last.actor)} ha registrato «{self.store.label_of(last.type)}»"
                    f" ({at:%d/%m/%Y %H:%M}). Rileggi la pagina e, se serve ancora, ripeti.",
                )
            )

    async def reading(self) -> Reading:
        """A look at the views, the same for the whole transaction."""
        return await self.transaction.look()

    async def row(self, view: View, key: str) -> dict[str, Any] | None:
        """The view's row of that key, as folded so far."""
        known, place = self.transaction.rows, (view.name, key)
        if place not in known:
            known[place] = await (await self.reading()).row(view, key)
        row = known[place]
        return dict(row) if row is not None else None

    async def rows(self, query: Executable) -> list[dict[str, Any]]:
        """The rows of a query on views."""
        return await (await self.reading()).rows(query)

    async def table(self, view: View) -> Table:
        """The view's present table."""
        return (await self.reading()).table(view)


def fold(stream: Stream[S1], recorded: Sequence[Recorded]) -> S1:
    """The state of a stream: its effective facts, one after the other."""
    state = stream.initial
    for fact in effective(recorded):
        if stream.subject in (None, type(fact.event).SUBJECT):
            state = stream.evolve(state, fact.event)
    return state
