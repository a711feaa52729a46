"""What reporting decides when it hears another service's fact: it forgets whom intake erased. Else it only counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared import erasure
from shared.events import Event
from shared.events.intake import PersonErased
from shared.service import Reaction

FORGET = erasure.keeping(())

REACTIONS: Mapping[type[Event], Sequence[Reaction]] = {
    PersonErased: (erasure.reaction(FORGET, erasure.bare),),
}
