"""Messages to a person: which may go out, on which channel, how often they are tried, what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal, assert_never, cast

from services.intake.domain.parameters import parameter
from shared.decisions import Decision, Refused, Stream
from shared.events.base import Event
from shared.events.intake import (
    FailureReason,
    MessageAttempted,
    MessageChannel,
    MessageDelayed,
    MessageDelivered,
    MessageFailed,
    MessageQueued,
    MessagesAccepted,
    MessageSent,
    MessagesRefused,
    MessagingSet,
    RemindersSet,
    Template,
)

OwnMessages = (
    MessageQueued | MessageAttempted | MessageDelayed | MessageSent | MessageDelivered | MessageFailed
    | MessagesRefused | MessagesAccepted | RemindersSet
)  # fmt: skip
MessageState = Literal["queued", "sending", "sent", "delivered", "failed"]
PAUSES = (5, 30, 120, 720)
"""Minutes before the second, third ... attempt; after the last one the message has failed."""
CHANNELS: tuple[MessageChannel, ...] = ("sms", "email")


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it stands."""

    template: Template
    channel: MessageChannel
    text: str
    because: str
    keep_until: date
    state: MessageState = "queued"
    attempts: int = 0
    again_at: datetime | None = None
    delivery_id: str | None = None


@dataclass(frozen=True, slots=True)
class Messages:
    """A person's messages and wishes about them."""

    by_id: Mapping[str, Message] = field(default_factory=dict)
    refused: frozenset[MessageChannel] = frozenset()
    reminders: bool = True


def evolve_messages(state: Messages, own: OwnMessages) -> Messages:
    """The person's messages after one more fact about them."""
    match own:
        case MessagesRefused():
            return replace(state, refused=state.refused | {own.channel})
        case MessagesAccepted():
            return replace(state, refused=state.refused - {own.channel})
        case RemindersSet():
            return replace(state, reminders=own.active)
        case MessageQueued():
            message = Message(own.template, own.channel, own.text, own.because, own.keep_until)
            return replace(state, by_id={**state.by_id, own.message_id: message})
        case MessageAttempted() | MessageDelayed() | MessageSent() | MessageDelivered() | MessageFailed():
            before = state.by_id.get(own.message_id)
            if before is None:
                return state
            return replace(state, by_id={**state.by_id, own.message_id: _after(before, own)})
        case _:
            assert_never(own)


def _after(
    before: Message, own: MessageAttempted | MessageDelayed | MessageSent | MessageDelivered | MessageFailed
) -> Message:
    match own:
        case MessageAttempted():
            return replace(before, state="sending", attempts=own.attempt, again_at=None)
        case MessageDelayed():
            return replace(before, state="queued", again_at=own.again_at)
        case MessageSent():
            return replace(before, state="sent", delivery_id=own.delivery_id)
        case MessageDelivered():
            return replace(before, state="delivered")
        case MessageFailed():
            return replace(before, state="failed")
        case _:
            assert_never(own)


@dataclass(frozen=True, slots=True)
class Messaging:
    """The switchboard: nothing goes out until somebody switches it on."""

    sending: bool = False
    reminders: bool = False
    quiet_desks: frozenset[str] = frozenset()


def evolve_messaging(state: Messaging, event: Event) -> Messaging:
    """The switchboard after one more setting."""
    own = cast(MessagingSet, event)
    match own:
        case MessagingSet():
            return Messaging(own.sending, own.reminders, frozenset(own.quiet_desks))
        case _:
            assert_never(own)


MESSAGING: Stream[Messaging] = Stream("messaging", Messaging(), evolve_messaging, subject="switch")
"""The switchboard's stream."""


def fresh(on: date, recorded_on: date, today: date) -> bool:
    """Whether a fact is news: what happened or was recorded long before it is handled (an archive, an import, a
    replayed queue) is told to nobody."""
    return min(on, recorded_on) >= today - timedelta(days=parameter("message_fresh_days", today))


def channel_for(state: Messages, preferred: str | None, *, mobile: bool, email: bool) -> MessageChannel | None:
    """The preferred channel if it can be used and was not refused, else the other one; SMS where nobody chose."""
    if preferred in ("letter", "through_administrator"):
        return None  # somebody who asked for that is not written to by a machine
    order = ("email", "sms") if preferred == "email" else ("sms", "email")
    usable = {"sms": mobile, "email": email}
    for channel in cast(tuple[MessageChannel, ...], order):
        if usable[channel] and channel not in state.refused:
            return channel
    return None


@dataclass(frozen=True, slots=True)
class Handed:
    """What the gateway said. `delivery_id` if it took the message, else the reason and whether to try again."""

    delivery_id: str | None = None
    reason: FailureReason | None = None
    again: bool = False


def attempt(state: Messages, *, person_id: str, message_id: str, now: datetime, today: date) -> Decision:
    """The sender may hand the message over now: it waits, its time has come, and it still makes sense.

    Nothing (no fact) where it is not its turn; a message that came too late or is no longer wanted fails instead.
    """
    message = state.by_id.get(message_id)
    if message is None or message.state != "queued" or (message.again_at is not None and message.again_at > now):
        return []
    reason: FailureReason | None = None
    if today > message.keep_until:
        reason = "too_late"
    elif message.channel in state.refused:
        reason = "not_wanted"
    if reason is not None:
        return [MessageFailed(on=today, person_id=person_id, message_id=message_id, reason=reason)]
    return [MessageAttempted(on=today, person_id=person_id, message_id=message_id, attempt=message.attempts + 1)]


def handed(state: Messages, handed: Handed, *, person_id: str, message_id: str, now: datetime, today: date) -> Decision:
    """What became of an attempt. After a clear no it is tried again, with growing pauses; never after silence."""
    message = state.by_id.get(message_id)
    if message is None or message.state != "sending":
        return []
    if handed.delivery_id is not None:
        return [MessageSent(on=today, person_id=person_id, message_id=message_id, delivery_id=handed.delivery_id)]
    reason = handed.reason or "unclear"
    if handed.again and message.attempts <= len(PAUSES):
        return [
            MessageDelayed(
                on=today, person_id=person_id, message_id=message_id, attempt=message.attempts, reason=reason,
                again_at=now + timedelta(minutes=PAUSES[message.attempts - 1]),
            )
        ]  # fmt: skip
    return [MessageFailed(on=today, person_id=person_id, message_id=message_id, reason=reason)]


def settled(state: Messages, arrived: bool, *, person_id: str, message_id: str, today: date) -> Decision:
    """The gateway says later whether the message arrived."""
    message = state.by_id.get(message_id)
    if message is None or message.state != "sent":
        return []
    if arrived:
        return [MessageDelivered(on=today, person_id=person_id, message_id=message_id)]
    return [MessageFailed(on=today, person_id=person_id, message_id=message_id, reason="undelivered")]


def set_wish(
    state: Messages, *, person_id: str, channel: MessageChannel, wanted: bool, by: Literal["person", "operator"],
    today: date,
) -> Decision:  # fmt: skip
    """The person refuses messages on a channel, or wants them again. Said twice it holds once."""
    if wanted == (channel not in state.refused):
        return []
    event = MessagesAccepted if wanted else MessagesRefused
    return [event(on=today, person_id=person_id, channel=channel, by=by)]


def set_reminders(state: Messages, *, person_id: str, active: bool, today: date) -> Decision:
    """Reminders of this person are suspended, or sent again."""
    if state.reminders == active:
        return []
    return [RemindersSet(on=today, person_id=person_id, active=active)]


def set_messaging(state: Messaging, wanted: Messaging, today: date) -> Decision:
    """The office switches messages, reminders, and those of single desks."""
    if state == wanted:
        return Refused("nothing_changed", "Non è cambiato niente.")
    return [
        MessagingSet(
            on=today, switch="messaging", sending=wanted.sending, reminders=wanted.reminders,
            quiet_desks=tuple(sorted(wanted.quiet_desks)),
        )
    ]  # fmt: skip
