"""Messages to persons: queued with the fact that they tell of, handed over by the worker, refused by the person."""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta
from typing import Any, Literal

from services.intake import codes, forms
from services.intake.domain import Person, parameter, person_stream
from services.intake.domain import messages as rules
from services.intake.domain.messages import MESSAGING, Handed, Messaging
from services.intake.gateway import Gateway, Outgoing, gateways
from services.intake.message_texts import LANGUAGES, rendered
from shared import clock
from shared.decisions import Decision, Refused
from shared.envelope import ordinal_id
from shared.events.base import Event
from shared.events.intake import MessageAttempted, MessageChannel, MessageQueued, Template
from shared.store import Command, Outcome, Store, Unit

TEXT, STOP = "message", "stop"
"""Kind of the vault rows with the texts; purpose of the codes that refuse further messages."""
ATTEMPT = uuid.UUID("9b1c7a52-6a39-5f0e-9d3c-5d1f0c8a7e21")
KEEP_DAYS = 3
"""Days for which a message that tells of no date of its own still makes sense."""
MOBILE = re.compile(r"\+(?!39)[1-9][0-9]{6,14}|\+393[0-9]{8,9}")


def mobile(phone: str | None) -> str | None:
    """The number as gateways want it (+39...), if an SMS can reach it: Italian landlines cannot take one."""
    digits = re.sub(r"[^0-9+]", "", phone or "")
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if not digits.startswith("+"):
        digits = "+39" + digits
    return digits if MOBILE.fullmatch(digits) else None


def stop_code(store: Store, person_id: str) -> str:
    """The code with which the person can refuse further messages: it says nothing and finds only them."""
    return codes.made(store.vault, STOP, person_id)


def language_of(identity: dict[str, Any]) -> str:
    """The person's language if there are texts in it, else Italian."""
    spoken = identity.get("spoken_language") or identity.get("language")
    return spoken if spoken in LANGUAGES else "it"


def _address(identity: dict[str, Any], channel: MessageChannel) -> str | None:
    return identity.get("email") or None if channel == "email" else mobile(identity.get("phone"))


async def queue(
    unit: Unit,
    person: Person,
    person_id: str,
    template: Template,
    values: dict[str, str],
    *,
    because: str | None = None,
    keep_until: date | None = None,
    reminder_of: str | None = None,
    about_rights: bool = False,
) -> list[Event]:
    """The message that belongs to a fact, to be appended with it; nothing where none may go out.

    None goes out while the office has messages switched off, to somebody without an open pathway, without an
    address, or who refused. The decision must have read the person's stream. `because` is the fact (by default the
    first of this very command); `reminder_of` is the desk whose reminders may be suspended. `about_rights`: an answer
    about one's data goes out after the closure and during a restriction too, when nothing else does.
    """
    (switchboard,) = await unit.states(MESSAGING)
    silent = not person.is_open or person.rights.restricted_on is not None
    if not switchboard.sending or (silent and not about_rights):
        return []
    if reminder_of is not None and not (
        switchboard.reminders and person.messages.reminders and reminder_of not in switchboard.quiet_desks
    ):
        return []
    identity = (await unit.store.vault.latest(unit.conn, "identity", [person_id])).get(person_id)
    if identity is None:
        return []
    preferred = identity.get("preferred_channel")
    channel = rules.channel_for(
        person.messages, preferred, mobile=_address(identity, "sms") is not None, email=bool(identity.get("email"))
    )
    if channel is None:
        return []
    code, language = stop_code(unit.store, person_id), language_of(identity)
    link = f"{unit.store.settings.base_url}/intake/messaggi/basta/{code}"
    subject, text = rendered(template, language, {"name": str(identity["given_name"])} | values, link)
    reference = await unit.vault.write(TEXT, person_id, {"subject": subject, "text": text})
    unit.vault.index(STOP, person_id, [code])
    return [
        MessageQueued(
            on=unit.today, person_id=person_id, message_id=unit.new_id(f"message/{person_id}"), template=template,
            language=language, channel=channel, because=because or ordinal_id(unit.command.cause, 0), text=reference,
            keep_until=keep_until or unit.today + timedelta(days=KEEP_DAYS),
        )
    ]  # fmt: skip


# Handing over: the worker's part

_handed: dict[tuple[str, int], Handed] = {}
"""What the gateway said of attempts whose outcome is not recorded yet: a decision that has to be taken again
(somebody recorded something else about the person) must not hand the message over again."""


async def hand_over(unit: Unit, person_id: str, message_id: str) -> Decision:
    """One attempt to send one message, and what came of it.

    It errs on the side of silence: the attempt is recorded and committed *before* the gateway is called, and an
    attempt of which no outcome is known is never repeated. Dying in between loses at most one message, and the page
    shows it as failed («interrupted»); no person gets the same message twice.
    """
    (person,) = await unit.states(person_stream(person_id))
    message = person.messages.by_id.get(message_id)
    if message is None or not _daytime(unit):
        return []
    today = unit.today
    if message.state == "sent":
        return await _ask(unit, person, person_id, message_id)
    if message.state == "queued":
        begun = rules.attempt(person.messages, person_id=person_id, message_id=message_id, now=unit.now, today=today)
        if isinstance(begun, Refused) or not begun or not isinstance(begun[0], MessageAttempted):
            return begun
        number = begun[0].attempt
        cause = str(uuid.uuid5(ATTEMPT, f"{message_id}/{number}"))
        claim = Command(cause, unit.actor, unit.now, causation=message.because)

        async def claimed(inner: Unit) -> Decision:
            (now_person,) = await inner.states(person_stream(person_id))
            return rules.attempt(
                now_person.messages, person_id=person_id, message_id=message_id, now=inner.now, today=today
            )

        outcome = await unit.store.execute(claim, claimed)
        if isinstance(outcome, Refused) or outcome.repeated or not outcome.events:
            return []  # another worker was faster; what it left is seen at the next turn
        if not isinstance(outcome.events[0].event, MessageAttempted):
            return []
        _handed[message_id, number] = await _send(unit, person_id, message_id, message.text, message.channel)
        unit.transaction.loaded.pop(person_id, None)
        (person,) = await unit.states(person_stream(person_id))
        message = person.messages.by_id[message_id]
    if message.state != "sending":
        return []
    answer = _handed.get((message_id, message.attempts), Handed(reason="interrupted"))
    return rules.handed(person.messages, answer, person_id=person_id, message_id=message_id, now=unit.now, today=today)


def _daytime(unit: Unit) -> bool:
    hour = unit.now.astimezone(clock.ROME).hour
    first = parameter("messages_from_hour", unit.today)
    return first <= hour < parameter("messages_until_hour", unit.today)


def _gateway(unit: Unit, channel: MessageChannel) -> Gateway:
    return gateways(unit.store.settings)[channel]


async def _send(unit: Unit, person_id: str, message_id: str, reference: str, channel: MessageChannel) -> Handed:
    text = await unit.store.vault.read(unit.conn, reference)
    identity = (await unit.store.vault.latest(unit.conn, "identity", [person_id])).get(person_id)
    to = _address(identity, channel) if identity else None
    if text is None or to is None:
        return Handed(reason="no_address")
    outgoing = Outgoing(message_id, channel, to, text["subject"], text["text"])
    return await _gateway(unit, channel).send(outgoing)


async def _ask(unit: Unit, person: Person, person_id: str, message_id: str) -> Decision:
    message = person.messages.by_id[message_id]
    if message.delivery_id is None:
        return []
    arrived = await _gateway(unit, message.channel).arrived(message.delivery_id)
    if arrived is None:
        return []
    return rules.settled(person.messages, arrived, person_id=person_id, message_id=message_id, today=unit.today)


# Wishes and switches


async def set_wish(
    store: Store,
    command: Command,
    person_id: str,
    channel: MessageChannel,
    wanted: bool,
    by: Literal["person", "operator"] = "operator",
) -> Outcome:
    """The person refuses messages on a channel, or wants them again."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        if person.registered_on is None:
            return Refused("not_registered", "Questa persona non è iscritta.")
        return rules.set_wish(
            person.messages, person_id=person_id, channel=channel, wanted=wanted, by=by, today=unit.today
        )

    return await store.execute(command, decide)


async def set_wishes(store: Store, command: Command, person_id: str, values: forms.WishesForm) -> Outcome:
    """What an operator was told at the desk: the channels wanted, and whether to remind."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        if person.registered_on is None:
            return Refused("not_registered", "Questa persona non è iscritta.")
        events: list[Event] = []
        wanted: dict[MessageChannel, bool] = {"sms": values.sms, "email": values.email}
        for channel, wish in wanted.items():
            said = rules.set_wish(
                person.messages, person_id=person_id, channel=channel, wanted=wish, by="operator", today=unit.today
            )
            events += [] if isinstance(said, Refused) else said
        reminders = rules.set_reminders(person.messages, person_id=person_id, active=values.reminders, today=unit.today)
        return [*events, *([] if isinstance(reminders, Refused) else reminders)]

    return await store.execute(command, decide)


async def person_of_code(store: Store, text: str) -> str | None:
    """Whose code it is."""
    code = codes.typed(text)
    if code is None:
        return None
    async with store.engine.connect() as conn:
        found = await store.vault.find(conn, STOP, [code], 1)
    return found[0] if found else None


async def set_messaging(store: Store, command: Command, values: forms.MessagingForm) -> Outcome:
    """What goes out at all."""

    async def decide(unit: Unit) -> Decision:
        (state,) = await unit.states(MESSAGING)
        wanted = Messaging(values.sending, values.reminders, frozenset(values.quiet_desks))
        return rules.set_messaging(state, wanted, unit.today)

    return await store.execute(command, decide)
