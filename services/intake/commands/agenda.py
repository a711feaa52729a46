"""Closures of desks and absences of operators; what every booking asks the agenda first."""

from __future__ import annotations

from datetime import datetime

from services.intake import forms
from services.intake.domain import agenda as rules
from services.intake.domain.agenda import Moment, Slot, week_stream, weeks_of
from services.intake.domain.desks import DESKS
from services.intake.working_days import holidays_of
from shared import clock
from shared.decisions import Decision, Refused
from shared.events.base import Event
from shared.events.intake import AbsenceLifted, DeskReopened, Mode
from shared.store import Command, Outcome, Store, Unit

NO_ABSENCE = Refused("no_absence", "Questa assenza non c'è o è già stata tolta.")
NO_CLOSURE = Refused("no_closure", "Questa chiusura non c'è o è già stata tolta.")


def moment(now: datetime) -> Moment:
    """Now, as the clock on the wall in Rome says it."""
    local = now.astimezone(clock.ROME)
    return Moment(local.date(), f"{local:%H:%M}")


async def slot_refused(unit: Unit, slot: Slot, mode: Mode, besides: str | None = None) -> Refused | None:
    """What the agenda says of a slot, reading the operator's and the desk's week. The desk's is only read: a desk
    that closes at the very same moment is seen by the list of what has to be moved."""
    week, desk_week = await unit.states(
        week_stream("operator", slot.operator, slot.day), week_stream("desk", slot.desk, slot.day)
    )
    desk = DESKS.get(slot.desk)
    return rules.slot_refused(
        slot, desk=desk, mode=mode, week=week, desk_week=desk_week, holidays=holidays_of(desk, slot.day.year),
        now=moment(unit.now), called=unit.store.name_of, besides=besides,
    )  # fmt: skip


async def record_absence(store: Store, command: Command, values: forms.AbsenceForm) -> Outcome:
    """An operator will be away: one fact for each week that it touches."""

    async def decide(unit: Unit) -> Decision:
        await unit.states(
            *(week_stream("operator", values.operator, first) for first, _ in weeks_of(values.first, values.last))
        )
        return rules.record_absence(
            absence_id=unit.new_id("absence"), operator=values.operator, first=values.first, last=values.last,
            today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def lift_absence(store: Store, command: Command, absence_id: str, values: forms.AbsenceForm) -> Outcome:
    """The operator is there after all. `values` are the days as the agenda knows them."""

    async def decide(unit: Unit) -> Decision:
        weeks = [week_stream("operator", values.operator, first) for first, _ in weeks_of(values.first, values.last)]
        states = await unit.states(*weeks)
        events: list[Event] = [
            AbsenceLifted(on=unit.today, week_id=stream.id, absence_id=absence_id)
            for stream, week in zip(weeks, states, strict=True)
            if absence_id in week.absences
        ]
        return events or NO_ABSENCE

    return await store.execute(command, decide)


async def close_desks(store: Store, command: Command, values: forms.ClosureForm) -> Outcome:
    """Desks that do not open on these days."""

    async def decide(unit: Unit) -> Decision:
        if any(desk not in DESKS for desk in values.desks):
            return Refused("desk_unknown", "Scegli gli sportelli dall'elenco.", "desks")
        await unit.states(
            *(
                week_stream("desk", desk, first)
                for desk in values.desks
                for first, _ in weeks_of(values.first, values.last)
            )
        )
        return rules.close_desks(
            closure_id=unit.new_id("closure"), desks=values.desks, first=values.first, last=values.last,
            today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def reopen_desk(store: Store, command: Command, closure_id: str, desk: str, values: forms.DaysForm) -> Outcome:
    """The desk opens after all."""

    async def decide(unit: Unit) -> Decision:
        weeks = [week_stream("desk", desk, first) for first, _ in weeks_of(values.first, values.last)]
        states = await unit.states(*weeks)
        events: list[Event] = [
            DeskReopened(on=unit.today, week_id=stream.id, closure_id=closure_id)
            for stream, week in zip(weeks, states, strict=True)
            if closure_id in week.closures
        ]
        return events or NO_CLOSURE

    return await store.execute(command, decide)
