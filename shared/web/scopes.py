"""How far a right reaches: role x action x scope. The table is data (`roles.json`), whose each thing is, its service
says (`services/<x>/scopes.py`), and the judgement between the two is here, the same for all.

A scope judges what a thing has: a case has a case manager and a district, a company or a course the organisation that
brought it in. What nobody follows yet is open to those who receive it: to the desks of its district, and to whoever
registered it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import text

if TYPE_CHECKING:
    from shared.store import Store

ALL, OWN_DISTRICT, OWN_ORGANISATION, OWN_CASES = "all", "own district", "own organisation", "own cases"
WORDS = {
    ALL: "tutti",
    OWN_DISTRICT: "il proprio distretto",
    OWN_ORGANISATION: "il proprio ente",
    OWN_CASES: "i propri casi",
}
"""Every scope there is, in Italian."""
EXPLAINED = {
    "tutti": "su tutto il programma",
    "il proprio distretto": "sulle persone dei propri distretti (di tutti, per chi non ne ha di propri), e su quelle "
    "registrate da sé finché nessuno le segue",
    "il proprio ente": "sulle persone seguite dal proprio ente, su ciò che il proprio ente ha registrato, e sulle "
    "persone che nessuno segue ancora, del proprio distretto o registrate da sé",
    "i propri casi": "sulle persone che si seguono, e su quelle che nessuno segue ancora, del proprio distretto o "
    "registrate da sé",
}
"""What each means, for the page and the document that show the table."""
OUTSIDE = {
    OWN_DISTRICT: "non è del tuo distretto",
    OWN_ORGANISATION: "non è del tuo ente",
    OWN_CASES: "non è tra i tuoi casi",
}
"""Why somebody is out of it."""


class Who(Protocol):
    """What a scope asks of a reader."""

    @property
    def account(self) -> str: ...
    @property
    def organisation_code(self) -> str: ...
    @property
    def districts(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Scoped:
    """Whose a thing is. None where it has none, or nobody has it yet."""

    organisation: str | None = None
    """The code of the organisation; "" for that of an account which nobody knows."""
    case_manager: str | None = None
    district: str | None = None
    is_case: bool = False
    """Whether it can be somebody's case: `own cases` judges nothing else."""
    opened_to: frozenset[str] = frozenset()
    """The accounts that broke the glass on it and are still within their time."""
    received_by: str | None = None
    """Who registered it: it is theirs as long as nobody follows it."""


Whose = Callable[["Store", str, str, bool], Awaitable[Scoped | None]]
"""`whose(store, kind, id, fresh)`: one cheap query of the service's own views; `fresh` asks the facts themselves,
before somebody is refused. None: there is no such thing."""


async def nobodys(store: Store, kind: str, id_: str, fresh: bool) -> Scoped | None:
    """Of a service whose things are all everybody's."""
    return None


@dataclass(frozen=True)
class Scopes:
    """What a service says of the ids in its addresses."""

    objects: Mapping[str, str] = field(default_factory=dict)
    """Part of a path, or field of a query or form -> kind of thing, as `whose` knows it."""
    free: Mapping[str, str] = field(default_factory=dict)
    """Part of a path -> why it needs no check of its own."""
    whose: Whose = nobodys

    def unknown(self, parts: Any) -> list[str]:
        """The parts of a path about which nothing was said: nothing is open by forgetting."""
        return sorted(set(parts) - set(self.objects) - set(self.free))


def within(reader: Who, scope: str, thing: Scoped) -> bool:
    """Whether the thing is in the reader's scope."""
    match scope:
        case "all":
            return True
        case "own district":
            if thing.case_manager is None and thing.received_by == reader.account:
                return True
            return not reader.districts or thing.district is None or thing.district in reader.districts
        case "own organisation":
            if thing.case_manager == reader.account:
                return True
            if thing.organisation is not None:
                return thing.organisation != "" and thing.organisation == reader.organisation_code
            return within(reader, OWN_DISTRICT, thing)
        case "own cases":
            if not thing.is_case or thing.case_manager == reader.account:
                return True
            return thing.case_manager is None and within(reader, OWN_DISTRICT, thing)
        case _:
            return False


FIRST = text("select actor from events where stream_id = :id and version = 1")
FACT = text("select actor from events where event_id = cast(:id as uuid)")


async def brought_by(store: Store, stream_id: str) -> str | None:
    """The account that recorded the first fact of this stream of the service's own."""
    async with store.reads.connect() as conn:
        actor: str | None = await conn.scalar(FIRST, {"id": stream_id})
    return actor
