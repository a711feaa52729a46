"""What a person is told of by a message: facts of intake and of other services, appointments that come near.

Nobody is told of history: a fact that happened or was recorded days before it is handled is silent (archive, import,
a queue that stood still), and so is everything while the office has messages switched off, as on every platform on
which a scenario or an archive is being loaded. Replays run no reactions.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from services.intake.commands.appointments import release, remind
from services.intake.commands.messages import hand_over, queue
from services.intake.domain import parameter, person_stream
from services.intake.domain.messages import MESSAGING, fresh
from services.intake.views.agenda import orphans, pending, soon, waiting_messages
from shared import clock
from shared.decisions import Decision
from shared.envelope import Meta
from shared.events import enterprise, matching, training
from shared.events.base import Event
from shared.events.intake import MessageQueued, PermitReminderDue, Template
from shared.projection import Reading
from shared.service import Deadline, Due, Reaction, emits
from shared.store import Unit
from shared.web.formats import day

Values = Callable[[Any], dict[str, str]]
TOLD: dict[type[Event], tuple[Template, Values]] = {
    matching.Presented: ("proposal", lambda event: {}),
    training.Enrolled: ("course_enrolled", lambda event: {}),
    enterprise.EnterpriseFunded: ("enterprise_funded", lambda event: {}),
    PermitReminderDue: ("permit_expiring", lambda event: {"day": day(event.expires_on)}),
}
"""Fact about a person -> the text that tells of it, and what the text names."""


@emits(MessageQueued)
async def announced(unit: Unit, event: Event, meta: Meta) -> Decision:
    """Something happened that the person should know."""
    if not fresh(event.on, clock.civil(meta.time), unit.today):
        return []
    (switchboard,) = await unit.states(MESSAGING)  # one look a batch: nothing more is read while it is off
    if not switchboard.sending:
        return []
    (person,) = await unit.states(person_stream(event.subject))
    template, values = TOLD[type(event)]
    return await queue(unit, person, event.subject, template, values(event), because=meta.id)


REACTIONS: dict[type[Event], tuple[Reaction, ...]] = dict.fromkeys(TOLD, (announced,))


async def due(reading: Reading, today: date) -> list[Due]:
    """Appointments that come near, those that a closed pathway left behind, and the messages that wait, one cause
    for each attempt. The hour is the decision's."""
    coming, waiting = await pending(reading, today)
    found: list[Due] = []
    if coming:
        last = today + timedelta(days=parameter("reminder_hours", today) // 24 + 1)
        for row in await soon(reading, today, last):
            found.append(Due(f"remind/{row['person_id']}/{row['appointment_id']}/{row['at']}", row["day"]))
        for row in await orphans(reading, today):
            found.append(Due(f"release/{row['person_id']}/{row['appointment_id']}", row["day"]))
    if waiting:
        for row in await waiting_messages(reading, today):
            key = f"send/{row['person_id']}/{row['message_id']}/{row['state']}{row['attempts']}"
            found.append(Due(key, clock.civil(row["queued_at"])))
    return found


ACTS = {"remind": remind, "release": release, "send": hand_over}


async def act(unit: Unit, due: Due) -> Decision:
    """A reminder, the release of what nobody needs any more, or one attempt of one message."""
    what, person_id, thing = due.key.split("/")[:3]
    return await ACTS[what](unit, person_id, thing)


DEADLINES: tuple[Deadline, ...] = (Deadline("agenda", due, act),)
