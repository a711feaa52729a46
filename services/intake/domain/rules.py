"""What every decision asks first: dates, and whether the pathway is open."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

from services.intake.domain.state import Person
from shared import territory
from shared.decisions import Refused
from shared.events.intake import (
    AgeBand,
)


def age_on(birth_date: date, on: date) -> int:
    """Completed years."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def age_band(age: int) -> AgeBand:
    """The coarse band that goes into the log: nothing finer does."""
    if age < 20:
        return "15-19"
    return "70+" if age >= 70 else cast(AgeBand, f"{age // 10 * 10}-{age // 10 * 10 + 9}")


def date_refused(on: date, today: date, not_before: date | None, since: str) -> Refused | None:
    """A civil date that cannot be: in the future, before the programme, or before what it has to follow."""
    if on > today:
        return Refused("future_date", "La data non può essere nel futuro.", "on")
    if on < territory.PROGRAMME_START:
        return Refused("before_programme", "La data è prima dell'avvio del programma (22 maggio 2017).", "on")
    if not_before is not None and on < not_before:
        return Refused("before_" + since, f"La data è prima {_SINCE[since]} ({not_before:%d/%m/%Y}).", "on")
    return None


_SINCE = {
    "closure": "della chiusura del percorso precedente",
    "registration": "dell'iscrizione",
    "interview": "del primo colloquio",
    "checks": "dell'ultima verifica di ammissibilità",
    "charge": "della presa in carico",
    "plan": "del piano",
    "suspension": "della sospensione",
}
_NOT_REGISTERED = Refused("not_registered", "Questa persona non è iscritta.")
_CLOSED = Refused("pathway_closed", "Il percorso è chiuso: per riprenderlo registra di nuovo la stessa persona.")


@dataclass(frozen=True, slots=True)
class Joined(Refused):
    """The person is shown and counted under another id: the page links to it."""

    root: str = ""

    def more(self) -> dict[str, Any]:
        """Where to go on."""
        return {"person_id": self.root}


def joined(person: Person) -> Refused | None:
    """Refuses where the person stands under another id: what is new is recorded there."""
    root = person.identity.joined_into
    if root is None:
        return None
    return Joined(
        "joined_person",
        "Questa scheda è unita a un'altra della stessa persona: apri quella e lavora lì.",
        root=root,
    )


def not_open(person: Person) -> Refused | None:
    """Refuses where nobody is registered, the pathway is closed, or the person stands under another id."""
    if refused := joined(person):
        return refused
    if person.registered_on is None:
        return _NOT_REGISTERED
    return _CLOSED if person.closed_on is not None else None


def last_day(on: date, days: int, festive: Collection[date]) -> date:
    """The last day of a term of so many days after `on`, which itself does not count.

    Source: art. 2963 c.c., commi 2-3: a term that ends on a festive day is prolonged to the next that is none. Sundays
    are festive, and the days given; a Saturday is not: art. 155 c.p.c., comma 5, moves it for acts of a trial only.
    """
    last = on + timedelta(days=days)
    while last.isoweekday() == 7 or last in festive:
        last += timedelta(days=1)
    return last
