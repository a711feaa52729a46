"""A desk's day: arrivals, calls, ends of visits; and the quick registration of whoever waits there."""

from __future__ import annotations

from typing import Literal

from services.intake import forms
from services.intake.commands.registration import register_in
from services.intake.domain import person_stream, reception
from services.intake.domain.reception import day_stream
from shared.decisions import Decision, Refused
from shared.events.intake import RegisteredQuickly
from shared.service import Due
from shared.store import Command, Outcome, Store, Unit

UNKNOWN = Refused("not_registered", "Questa persona non c'è: cercala di nuovo, o falla entrare come persona nuova.")


async def arrive(store: Store, command: Command, desk: str, person_id: str | None) -> Outcome:
    """Somebody gets the next number of today's queue."""

    async def decide(unit: Unit) -> Decision:
        visit, on = unit.new_id("visit"), unit.today
        if person_id is None:
            (day,) = await unit.states(day_stream(desk, on))
            return reception.arrive(day, reception.Visits(), desk=desk, visit_id=visit, person_id=None, on=on, today=on)
        day, person = await unit.states(day_stream(desk, on), person_stream(person_id))
        if not unit.history(person_id):
            return UNKNOWN
        return reception.arrive(day, person.visits, desk=desk, visit_id=visit, person_id=person_id, on=on, today=on)

    return await store.execute(command, decide)


async def identify(store: Store, command: Command, desk: str, visit_id: str, person_id: str) -> Outcome:
    """The number gets a name: somebody known."""

    async def decide(unit: Unit) -> Decision:
        day, person = await unit.states(day_stream(desk, unit.today), person_stream(person_id))
        if not unit.history(person_id):
            return UNKNOWN
        return reception.identify(day, person.visits, desk=desk, visit_id=visit_id, person_id=person_id, on=unit.today)

    return await store.execute(command, decide)


async def call(store: Store, command: Command, desk: str, visit_id: str | None, operator: str | None) -> Outcome:
    """The next number, or a chosen one, is received by the operator named, else by who commands."""

    async def decide(unit: Unit) -> Decision:
        (day,) = await unit.states(day_stream(desk, unit.today))
        who = operator or unit.actor
        if who != unit.actor and day.standing.get(who) != "free":
            return Refused("operator_not_free", "Questo operatore non è libero adesso.")
        return reception.call(day, desk=desk, visit_id=visit_id, operator=who, on=unit.today, today=unit.today)

    return await store.execute(command, decide)


async def put_back(store: Store, command: Command, desk: str, visit_id: str) -> Outcome:
    """The called number waits again."""

    async def decide(unit: Unit) -> Decision:
        (day,) = await unit.states(day_stream(desk, unit.today))
        return reception.put_back(day, desk=desk, visit_id=visit_id, on=unit.today)

    return await store.execute(command, decide)


async def end_visit(
    store: Store, command: Command, desk: str, visit_id: str, outcome: Literal["served", "left"]
) -> Outcome:
    """Received, or gone without being seen."""

    async def decide(unit: Unit) -> Decision:
        (day,) = await unit.states(day_stream(desk, unit.today))
        ticket = day.tickets.get(visit_id)
        if ticket is not None and ticket.person_id is not None:
            await unit.states(person_stream(ticket.person_id))
        return reception.end_visit(day, desk=desk, visit_id=visit_id, outcome=outcome, on=unit.today)

    return await store.execute(command, decide)


async def stand(store: Store, command: Command, desk: str, values: forms.StandForm) -> Outcome:
    """Free, busy or away."""

    async def decide(unit: Unit) -> Decision:
        (day,) = await unit.states(day_stream(desk, unit.today))
        return reception.stand(
            day, desk=desk, operator=unit.actor, standing=values.standing, on=unit.today, today=unit.today
        )

    return await store.execute(command, decide)


async def register_quickly(store: Store, command: Command, values: forms.QuickForm) -> Outcome:
    """A registration with the fewest fields; the number in the queue, if there is one, gets the person's name."""

    async def decide(unit: Unit) -> Decision:
        decision = await register_in(unit, values, None)
        if isinstance(decision, Refused):
            return decision
        person_id = decision[0].subject
        events = [*decision, RegisteredQuickly(on=values.on, person_id=person_id)]
        if values.desk is None or values.visit is None:
            return events
        (day,) = await unit.states(day_stream(values.desk, unit.today))
        named = reception.identify(
            day, reception.Visits(), desk=values.desk, visit_id=values.visit, person_id=person_id, on=unit.today
        )
        # Meanwhile the number was closed or named by somebody else: the registration stands all the same.
        return events if isinstance(named, Refused) else [*events, *named]

    return await store.execute(command, decide, whole=True)


async def end_day(unit: Unit, due: Due) -> Decision:
    """After a desk's day: what nobody closed is closed as not recorded."""
    desk, on = reception.desk_of(due.key)
    (day,) = await unit.states(day_stream(desk, on))
    people = [ticket.person_id for ticket in day.open if ticket.person_id is not None]
    if people:
        await unit.states(*(person_stream(person) for person in people))
    return reception.end_day(day, desk=desk, on=on)
