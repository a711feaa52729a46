"""Slots of desks and operators, closures and absences: the weeks in which appointments have their place.

An operator's week holds the taken slots and the absences, a desk's week the closures of its own; both are folded
here. Times are civil ones in Rome. National holidays come in as an argument, since they are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, assert_never, cast

from services.intake.domain.desks import Desk
from services.intake.domain.parameters import parameter
from shared.decisions import Decision, Refused, Stream
from shared.events.base import Event
from shared.events.intake import (
    AbsenceLifted,
    DeskClosed,
    DeskReopened,
    Mode,
    OperatorAbsent,
    SlotFreed,
    SlotTaken,
)

Days = tuple[date, date]
Holidays = Mapping[date, str]
"""Day -> what is celebrated, in Italian."""
OwnWeek = SlotTaken | SlotFreed | OperatorAbsent | AbsenceLifted | DeskClosed | DeskReopened
FROM, UNTIL = 8 * 60, 20 * 60
"""Within which minutes of the day somebody is called or seen on a screen, whatever the desk's hours."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, as the clock on the wall says it."""

    day: date
    at: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A time of an operator at a desk."""

    desk: str
    operator: str
    day: date
    at: str
    minutes: int

    @property
    def span(self) -> tuple[int, int]:
        """First minute of the day, and the one at which it is over."""
        start = minute_of(self.at)
        return start, start + self.minutes

    def overlaps(self, other: Slot) -> bool:
        """Whether both could not be kept by the same person."""
        (start, end), (other_start, other_end) = self.span, other.span
        return self.day == other.day and start < other_end and other_start < end


@dataclass(frozen=True, slots=True)
class Taken:
    """A slot that is taken, and by whose booking."""

    slot: Slot
    booked_by: str


@dataclass(frozen=True, slots=True)
class Week:
    """The week of an operator (slots, absences) or of a desk (closures)."""

    taken: Mapping[str, Taken] = field(default_factory=dict)
    absences: Mapping[str, Days] = field(default_factory=dict)
    closures: Mapping[str, Days] = field(default_factory=dict)

    def absent(self, day: date) -> bool:
        """Whether the operator is away on that day."""
        return any(first <= day <= last for first, last in self.absences.values())

    def closed(self, day: date) -> bool:
        """Whether the desk is closed on that day by a closure of its own."""
        return any(first <= day <= last for first, last in self.closures.values())


def evolve_week(week: Week, event: Event) -> Week:
    """The week after one more of its facts."""
    own = cast(OwnWeek, event)
    match own:
        case SlotTaken():
            operator = own.week_id.split(":", 1)[1].rsplit(":", 1)[0]
            taken = Taken(Slot(own.desk, operator, own.day, own.at, own.minutes), own.booked_by)
            return replace(week, taken={**week.taken, own.slot_id: taken})
        case SlotFreed():
            return replace(week, taken={name: one for name, one in week.taken.items() if name != own.slot_id})
        case OperatorAbsent():
            return replace(week, absences={**week.absences, own.absence_id: (own.first, own.last)})
        case AbsenceLifted():
            return replace(week, absences={k: v for k, v in week.absences.items() if k != own.absence_id})
        case DeskClosed():
            return replace(week, closures={**week.closures, own.closure_id: (own.first, own.last)})
        case DeskReopened():
            return replace(week, closures={k: v for k, v in week.closures.items() if k != own.closure_id})
        case _:
            assert_never(own)


@lru_cache(maxsize=1440)
def minute_of(at: str) -> int:
    """`09:30` as minutes after midnight."""
    return int(at[:2]) * 60 + int(at[3:])


def clock_time(minute: int) -> str:
    """Minutes after midnight as `09:30`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def week_id(kind: Literal["desk", "operator"], code: str, day: date) -> str:
    """The stream of the ISO week in which the day lies."""
    year, number, _ = day.isocalendar()
    return f"{kind}:{code}:{year}-w{number:02}"


def week_stream(kind: Literal["desk", "operator"], code: str, day: date) -> Stream[Week]:
    """The week's stream."""
    return Stream(week_id(kind, code, day), Week(), evolve_week, subject="week_id")


def weeks_of(first: date, last: date) -> list[Days]:
    """The days from first to last, cut at the ends of the ISO weeks."""
    parts: list[Days] = []
    start = first
    while start <= last:
        end = min(last, start + timedelta(days=7 - start.isoweekday()))
        parts.append((start, end))
        start = end + timedelta(days=1)
    return parts


def spans(desk: Desk, day: date) -> list[tuple[int, int]]:
    """When the desk is open by its week, in minutes of the day."""
    return [(a.hour * 60 + a.minute, b.hour * 60 + b.minute) for a, b in desk.spans(day)]


def free_slots(
    desk: Desk,
    operator: str,
    day: date,
    week: Week,
    desk_week: Week,
    holidays: Holidays,
    now: Moment,
    minutes: int | None = None,
) -> list[Slot]:
    """The operator's free slots at the desk on that day, every `slot_minutes` from the opening."""
    if day in holidays or desk_week.closed(day) or week.absent(day) or day < now.day:
        return []
    step = parameter("slot_minutes", day)
    found: list[Slot] = []
    for start, end in spans(desk, day):
        for minute in range(start, end - (minutes or step) + 1, step):
            slot = Slot(desk.code, operator, day, clock_time(minute), minutes or step)
            past = day == now.day and slot.at < now.at
            if not past and not any(slot.overlaps(taken.slot) for taken in week.taken.values()):
                found.append(slot)
    return found


def slot_refused(
    slot: Slot,
    *,
    desk: Desk | None,
    mode: Mode,
    week: Week,
    desk_week: Week,
    holidays: Holidays,
    now: Moment,
    called: Callable[[str], str],
    besides: str | None = None,
) -> Refused | None:
    """Why nobody can be booked there. `besides` is the appointment that is being moved; `called` gives the name of
    an account, for who has taken the slot already."""
    if desk is None or not desk.holds(slot.day):
        return Refused("desk_unknown", "Questo sportello in quel giorno non c'è: scegline un altro.", "desk")
    if slot.day < now.day or (slot.day == now.day and slot.at < now.at):
        return Refused("slot_past", "Quest'ora è già passata: scegline un'altra.", "at")
    if slot.day > now.day + timedelta(days=parameter("booking_days", now.day)):
        return Refused("slot_far", "La data è troppo lontana per l'agenda.", "day")
    if slot.day in holidays:
        return Refused(
            "holiday", f"Il {slot.day:%d/%m/%Y} è festa ({holidays[slot.day]}): scegli un altro giorno.", "day"
        )
    start, end = slot.span
    hours = spans(desk, slot.day) if mode == "in_person" else [(FROM, UNTIL)]
    if mode == "in_person" and desk_week.closed(slot.day):
        return Refused("desk_closed", f"{desk.name} il {slot.day:%d/%m/%Y} è chiuso: scegli un altro giorno.", "day")
    if not any(opens <= start and end <= closes for opens, closes in hours):
        return Refused("outside_hours", f"Alle {slot.at} del {slot.day:%d/%m/%Y} {desk.name} non è aperto.", "at")
    if week.absent(slot.day):
        who = called(slot.operator)
        return Refused(
            "operator_absent", f"{who} il {slot.day:%d/%m/%Y} è assente: scegli un altro operatore.", "operator"
        )
    for name, taken in week.taken.items():
        if name != besides and slot.overlaps(taken.slot):
            return Refused(
                "slot_taken",
                f"Alle {slot.at} del {slot.day:%d/%m/%Y} {called(slot.operator)} ha già un appuntamento: l'ha fissato "
                f"{called(taken.booked_by)}. Scegli un'altra ora.",
                "at",
            )
    return None


def take(slot: Slot, slot_id: str, booked_by: str, today: date) -> SlotTaken:
    """The slot is taken, in the operator's week."""
    return SlotTaken(
        on=today, week_id=week_id("operator", slot.operator, slot.day), slot_id=slot_id, desk=slot.desk, day=slot.day,
        at=slot.at, minutes=slot.minutes, booked_by=booked_by,
    )  # fmt: skip


def free(slot: Slot, slot_id: str, today: date) -> SlotFreed:
    """The slot is free again."""
    return SlotFreed(on=today, week_id=week_id("operator", slot.operator, slot.day), slot_id=slot_id)


def _days_refused(first: date, last: date, today: date) -> Refused | None:
    if last < first:
        return Refused("days_order", "L'ultimo giorno viene prima del primo.", "last")
    if last < today:
        return Refused("days_past", "Questi giorni sono già passati.", "last")
    if last - first > timedelta(days=366):
        return Refused("days_many", "Al massimo un anno per volta.", "last")
    return None


def record_absence(*, absence_id: str, operator: str, first: date, last: date, today: date) -> Decision:
    """An operator will be away. Whoever is booked meanwhile stays booked: they are proposed to be moved."""
    refused = _days_refused(first, last, today)
    if refused is not None:
        return refused
    return [
        OperatorAbsent(
            on=today,
            week_id=week_id("operator", operator, a),
            absence_id=absence_id,
            operator=operator,
            first=a,
            last=b,
        )
        for a, b in weeks_of(first, last)
    ]


def close_desks(*, closure_id: str, desks: Sequence[str], first: date, last: date, today: date) -> Decision:
    """Desks that do not open on these days; the closure has one id for each desk, made from `closure_id`."""
    refused = _days_refused(first, last, today)
    if refused is not None:
        return refused
    if not desks:
        return Refused("no_desk", "Scegli almeno uno sportello.", "desks")
    return [
        DeskClosed(on=today, week_id=week_id("desk", desk, a), closure_id=closure_id, desk=desk, first=a, last=b)
        for desk in desks
        for a, b in weeks_of(first, last)
    ]
