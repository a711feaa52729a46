"""What reporting decides when it hears another service's fact: nothing. It looks on and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.events import Event
from shared.service import Reaction

REACTIONS: Mapping[type[Event], Sequence[Reaction]] = {}
