"""What a service tells the platform about itself: its views, its reactions, its deadlines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.decisions import Decision
from shared.envelope import Meta
from shared.events import Event
from shared.events.base import REGISTRY, Correction
from shared.log import Log
from shared.projection import Reading, View
from shared.store import Store, Unit

Reaction = Callable[[Unit, Any, Meta], Awaitable[Decision]]
AnyReaction = TypeVar("AnyReaction", bound=Callable[..., Awaitable[Decision]])


def emits(*types: type[Event]) -> Callable[[AnyReaction], AnyReaction]:
    """Declares what a reaction may append: the map of who causes what is drawn from it, and the reader holds
    the reaction to it."""

    def declare(reaction: AnyReaction) -> AnyReaction:
        reaction.__dict__["emits"] = types
        return reaction

    return declare


def emitted(reaction: Reaction) -> tuple[type[Event], ...]:
    """What a reaction declared. Raises TypeError where it declared nothing."""
    types: tuple[type[Event], ...] | None = getattr(reaction, "emits", None)
    if types is None:
        raise TypeError(f"{getattr(reaction, '__name__', reaction)}: say what it @emits")
    return types


@dataclass(frozen=True, slots=True)
class Due:
    """Something whose day has come: the cause of a decision, once per (deadline, key, day)."""

    key: str
    due_on: date


@dataclass(frozen=True)
class Deadline:
    """What time alone makes happen."""

    name: str
    due: Callable[[Reading, date], Awaitable[list[Due]]]
    act: Callable[[Unit, Due], Awaitable[Decision]]


Inlet = Callable[[Store, Log, datetime], Awaitable[int]]
"""Takes in what somebody outside the platform put on the log (no fact of ours); returns how much was done."""

Chore = Callable[[Store, datetime], Awaitable[bool]]
"""A piece of work that somebody asked for and nobody waits for; True if there may be more of it."""


Forget = Callable[[AsyncConnection, Store, Any], Awaitable[int]]
"""Destroys what the service holds of the person of a PersonErased, in the caller's transaction, and returns how many
texts went. Whoever runs it twice destroys nothing twice."""


@dataclass(frozen=True)
class Service:
    """One of the five."""

    name: str
    views: Sequence[View]
    reactions: Mapping[type[Event], Sequence[Reaction]]
    deadlines: Sequence[Deadline] = ()
    chores: Sequence[Chore] = ()
    inlets: Sequence[Inlet] = ()
    forget: Forget | None = None
    """How it forgets a person; what a restored database has to be told again."""
    where: str = ""
    """`module:name` under which another process finds it; without it a replay stays in its own."""

    def __post_init__(self) -> None:
        for reactions in self.reactions.values():
            for reaction in reactions:
                emitted(reaction)

    @property
    def hears(self) -> frozenset[type[Event]]:
        """All the facts that it listens to, with the corrections of them."""
        direct = {event for view in self.views for event in view.hears} | set(self.reactions)
        owners = {(event.TYPE.split(".")[0], event.TOPIC) for event in direct}
        corrections = {
            event
            for event in REGISTRY.values()
            if issubclass(event, Correction) and (event.TYPE.split(".")[0], event.TOPIC) in owners
        }
        return frozenset(direct | corrections)

    @property
    def topics(self) -> list[str]:
        """The topics of facts that it reads."""
        return sorted({event.TOPIC for event in self.hears})
