"""Messages to persons: only intake sends any. The text and the address are in the vault, never here."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from shared.events.base import Code, Event, Id, Reference

MessageChannel = Literal["sms", "email"]
Template = Literal[
    "appointment_booked", "appointment_moved", "appointment_cancelled", "appointment_reminder", "proposal",
    "course_enrolled", "permit_expiring", "receipt", "enterprise_funded", "erasure_decided", "right_answered",
    "restriction_lifted",
]  # fmt: skip
FailureReason = Literal[
    "interrupted", "unclear", "refused", "bad_address", "no_address", "no_answer", "busy", "undelivered", "not_wanted",
    "too_late", "suspended",
]  # fmt: skip
"""interrupted: the sender died after it had begun; unclear: the gateway's answer did not arrive. In both cases the
message may be out, so it is not sent again."""


class MessageQueued(Event):
    """A message waits to be sent to the person."""

    TYPE: ClassVar[str] = "intake.message-queued"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    message_id: Id = Field(description="The message.")
    template: Template = Field(description="Which text.")
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = Field(description="In which language.")
    channel: MessageChannel = Field(description="How it goes out.")
    because: Id = Field(description="Event id of the fact that it tells of, or the appointment it reminds of.")
    text: Reference = Field(description="Vault row with the text.")
    keep_until: date = Field(description="Last civil date on which it still makes sense.")


class MessageAttempted(Event):
    """The sender begins to hand the message over: recorded first, so that a death in between is seen."""

    TYPE: ClassVar[str] = "intake.message-attempted"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    message_id: Id = Field(description="The message.")
    attempt: int = Field(ge=1, le=99, description="Which attempt, from 1.")


class MessageDelayed(Event):
    """The gateway did not take the message; it is tried again after a pause."""

    TYPE: ClassVar[str] = "intake.message-delayed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    message_id: Id = Field(description="The message.")
    attempt: int = Field(ge=1, le=99, description="Which attempt it was.")
    reason: FailureReason = Field(description="Why.")
    again_at: datetime = Field(description="Instant (UTC) of the next attempt.")


class MessageSent(Event):
    """The gateway took the message."""

    TYPE: ClassVar[str] = "intake.message-sent"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    message_id: Id = Field(description="The message.")
    delivery_id: Code = Field(description="How the gateway calls it.")


class MessageDelivered(Event):
    """The gateway says that the message has arrived."""

    TYPE: ClassVar[str] = "intake.message-delivered"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    message_id: Id = Field(description="The message.")


class MessageFailed(Event):
    """The message is not sent, or did not arrive, and is not tried again."""

    TYPE: ClassVar[str] = "intake.message-failed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    message_id: Id = Field(description="The message.")
    reason: FailureReason = Field(description="Why.")


class MessagesRefused(Event):
    """The person wants no more messages on a channel."""

    TYPE: ClassVar[str] = "intake.messages-refused"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    channel: MessageChannel = Field(description="Which channel.")
    by: Literal["person", "operator"] = Field(description="Whether by the link of a message or at a desk.")


class MessagesAccepted(Event):
    """The person wants messages on the channel again."""

    TYPE: ClassVar[str] = "intake.messages-accepted"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    channel: MessageChannel = Field(description="Which channel.")
    by: Literal["person", "operator"] = Field(description="Whether by the link of a message or at a desk.")


class RemindersSet(Event):
    """Reminders to this person are suspended, or sent again."""

    TYPE: ClassVar[str] = "intake.reminders-set"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    active: bool = Field(description="Whether reminders are sent.")


class MessagingSet(Event):
    """What goes out at all: nothing until the office switches it on, so that no loaded history is ever told."""

    TYPE: ClassVar[str] = "intake.messaging-set"
    TOPIC: ClassVar[str] = "desks"
    SUBJECT: ClassVar[str] = "switch"

    switch: Literal["messaging"] = Field(default="messaging", description="The one switchboard.")
    sending: bool = Field(description="Whether messages to persons are queued at all.")
    reminders: bool = Field(description="Whether reminders are among them.")
    quiet_desks: tuple[Code, ...] = Field(default=(), description="Codes of the desks whose reminders are suspended.")
