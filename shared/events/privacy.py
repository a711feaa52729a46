"""What every service that holds something of a person answers when intake erased them (`pathway`)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from shared.events.base import Event, Id


class PersonForgotten(Event):
    """This service, too, has nothing left of the person but pseudonymous facts; what a duty keeps, it says."""

    TYPE: ClassVar[str] = "privacy.person-forgotten"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"
    SOURCES: ClassVar[frozenset[str]] = frozenset({"matching", "training", "enterprise", "reporting"})
    ENDS: ClassVar[bool] = True

    person_id: Id = Field(description="The person.")
    texts: int = Field(ge=0, description="How many rows of this service's vault were erased.")
    kept: bool = Field(default=False, description="Whether a duty named in the erasure keeps this service's texts.")
