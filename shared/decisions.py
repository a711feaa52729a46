"""What a decision gives back: the facts that hold from now on, or a refusal with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.events.base import Event


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule or a field says no. `code` is stable; `sentence` is Italian and is shown as it is.

    `field` names the form's field it is about: such a refusal answers 422, one of a rule 409.
    """

    code: str
    sentence: str
    field: str | None = None

    def more(self) -> dict[str, Any]:
        """What a program is told besides: further members of the problem document."""
        return {}


Decision = Sequence[Event] | Refused
"""An empty sequence means that nothing had to happen."""

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Stream(Generic[S]):
    """One stream of a service's own facts, and how its state is folded from them."""

    id: str
    initial: S
    evolve: Callable[[S, Event], S]
    subject: str | None = None
    """The field in which its facts carry the stream's id, where the id comes from outside: under the id of
    another kind of thing (a person's in a vacancy's address) the state is then the empty one."""
