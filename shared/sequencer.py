"""Effect once, no silent loss: the one rule by which every reader of the log goes forward.

The facts of one source in one partition carry gapless numbers and name their predecessor. Duplicates (a relay
that repeated itself) are skipped; anything that is neither a duplicate nor the next one stops the reader.
Used by the worker, replay, export and the relay's own check; the state is one small row per
(source, topic, partition), and there is no inbox of seen ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Seen = tuple[int, str]
"""The last number taken and the id of its fact."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The sequence does not hold here; `code` says how."""

    code: Literal["gap", "wrong-predecessor", "forked"]
    expected: int
    found: int


Step = Literal["take", "skip"] | Broken


def step(last: Seen | None, number: int, event_id: str, predecessor: str | None) -> Step:
    """What to do with the fact that carries this number, when `last` was taken before."""
    last_number, last_id = last if last is not None else (0, None)
    if number <= last_number:
        if number == last_number and event_id != last_id:
            return Broken("forked", last_number, number)
        return "skip"
    if number != last_number + 1:
        return Broken("gap", last_number + 1, number)
    if predecessor != last_id:
        return Broken("wrong-predecessor", last_number + 1, number)
    return "take"
