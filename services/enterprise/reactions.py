"""What enterprise decides when it hears another service: nothing yet.

A closed pathway is shown on the person's projects (view `people`), and a committee decides what it means: a
project may go on after its proposer found work or moved, so nothing ends by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.events.base import Event
from shared.service import Reaction

REACTIONS: Mapping[type[Event], Sequence[Reaction]] = {}
