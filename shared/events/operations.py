"""What any service says about its own reading of the log (`dead-letters`): pointers, never content."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from shared.events.base import SERVICES, Code, Event

Where = Annotated[str, StringConstraints(pattern=r"^[a-z.-]{1,60}/[0-9]{1,4}/[0-9]{1,18}$")]
"""A place in the log: `topic/partition/offset`."""
ALL = frozenset(SERVICES)


class Notice(Event):
    """A notice of a service's reader. Each service has one stream of them a month, since streams end."""

    TOPIC: ClassVar[str] = "dead-letters"
    SUBJECT: ClassVar[str] = "stream_id"

    stream_id: Code = Field(description="`operations-<service>-<year>-<month>`.")
    service: Literal["intake", "matching", "training", "enterprise", "reporting"] = Field(description="Whose reader.")
    where: Where = Field(description="The record it is about.")
    reason: Code = Field(description="Code of the reason.")


class RecordParked(Notice):
    """The record could not be handled: its key waits until it is redriven."""

    TYPE: ClassVar[str] = "operations.record-parked"
    SOURCES: ClassVar[frozenset[str]] = ALL


class RecordRedriven(Notice):
    """The parked record was handled after all."""

    TYPE: ClassVar[str] = "operations.record-redriven"
    SOURCES: ClassVar[frozenset[str]] = ALL


class RecordRejected(Notice):
    """The record has no right to be where it is (forged source, wrong partition): it was not taken."""

    TYPE: ClassVar[str] = "operations.record-rejected"
    SOURCES: ClassVar[frozenset[str]] = ALL


class ReaderStopped(Notice):
    """The reader stopped before this record: a gap, a wrong predecessor, a newer version, too much parked."""

    TYPE: ClassVar[str] = "operations.reader-stopped"
    SOURCES: ClassVar[frozenset[str]] = ALL


class ViewFaulty(Notice):
    """A view could not fold this record: its page says so, replay mends it."""

    TYPE: ClassVar[str] = "operations.view-faulty"
    SOURCES: ClassVar[frozenset[str]] = ALL

    view: Code = Field(description="The view.")


class ViewReplayed(Notice):
    """The view was built again from the log up to this record."""

    TYPE: ClassVar[str] = "operations.view-replayed"
    SOURCES: ClassVar[frozenset[str]] = ALL

    view: Code = Field(description="The view.")
