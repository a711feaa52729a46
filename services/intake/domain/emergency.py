"""Breaking the glass: a person outside one's scope is opened with a motive, for some hours, and others see it at once.

Source: need to know as a measure of security (Reg. UE 2016/679, art. 5(1)(f), 25(2), 32); an exception that nobody can
take stands in the way of the work, one that nobody sees is no rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import assert_never

from shared.decisions import Refused
from shared.events import Event
from shared.events.intake import EmergencyOpened, EmergencyReason, EmergencyReviewed

GlassFact = EmergencyOpened | EmergencyReviewed


@dataclass(frozen=True, slots=True)
class Glass:
    """The openings of one person: id -> whether the data protection officer has looked at it."""

    opened: Mapping[str, bool] = field(default_factory=dict)


def evolve_glass(glass: Glass, event: GlassFact) -> Glass:
    """The openings after one more fact."""
    match event:
        case EmergencyOpened():
            return replace(glass, opened={**glass.opened, event.emergency_id: False})
        case EmergencyReviewed():
            return replace(glass, opened={**glass.opened, event.emergency_id: True})
        case _:
            assert_never(event)


def open_to(recorded: Iterable[tuple[Event, datetime]], now: datetime) -> frozenset[str]:
    """The accounts to which the person is open at this instant, from the facts and when they were recorded."""
    return frozenset(
        event.account
        for event, at in recorded
        if isinstance(event, EmergencyOpened) and now < at + timedelta(hours=event.hours)
    )


def break_glass(
    known: bool, *, person_id: str, emergency_id: str, account: str, reason: EmergencyReason, motive: str, hours: int,
    case_manager: str | None, on: date,
) -> list[EmergencyOpened] | Refused:  # fmt: skip
    """Opens the person to the account."""
    if not known:
        return Refused("no_person", "Questa persona non è iscritta.")
    return [
        EmergencyOpened(
            person_id=person_id, emergency_id=emergency_id, account=account, reason=reason, motive=motive, hours=hours,
            case_manager=case_manager, on=on,
        )
    ]  # fmt: skip


def review(glass: Glass, *, person_id: str, emergency_id: str, on: date) -> list[EmergencyReviewed] | Refused:
    """The data protection officer has looked at an opening; once is enough."""
    if emergency_id not in glass.opened:
        return Refused("no_emergency", "Questa apertura in emergenza non c'è.")
    if glass.opened[emergency_id]:
        return Refused("already_seen", "Questa apertura in emergenza è già stata esaminata.")
    return [EmergencyReviewed(person_id=person_id, emergency_id=emergency_id, on=on)]
