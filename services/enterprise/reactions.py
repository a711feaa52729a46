"""What enterprise decides when it hears another service: it forgets whom intake erased, and nothing else.

A closed pathway is shown on the person's projects (view `people`), and a committee decides what it means: a
project may go on after its proposer found work or moved, so nothing ends by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.enterprise.domain import path_stream
from shared import erasure
from shared.events.base import Event
from shared.events.intake import PersonErased
from shared.service import Reaction

KEEPING = ("accounting", "de_minimis")
"""Duties for which title, description and the committees' reasons of a funded project stay."""
FORGET = erasure.keeping(KEEPING)

REACTIONS: Mapping[type[Event], Sequence[Reaction]] = {
    PersonErased: (erasure.reaction(FORGET, path_stream, KEEPING),),
}
