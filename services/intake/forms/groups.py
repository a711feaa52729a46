"""Group sessions."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from services.intake.domain.appointments import KeptOutcome
from services.intake.domain.groups import Presence, Theme
from services.intake.forms.agenda import SlotForm
from services.intake.forms.fields import Form

Mark = Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}:(kept|missed|excused)$")]


class SessionForm(SlotForm):
    """A new session."""

    theme: Theme
    minutes: Annotated[int, Field(ge=15, le=480)]
    seats: Annotated[int, Field(ge=1, le=200)]


class InviteForm(Form):
    """Whom to invite."""

    people: tuple[UUID, ...] = Field(min_length=1, max_length=200)


class AttendanceForm(Form):
    """Who came, as `person:kept`; who has no mark is left for later."""

    marks: tuple[Mark, ...] = Field(min_length=1, max_length=200)
    outcome: KeptOutcome = "done"

    def presences(self) -> dict[str, Presence]:
        """Person -> presence."""
        known: dict[str, Presence] = {"kept": "kept", "missed": "missed", "excused": "excused"}
        return {mark[:36]: known[mark[37:]] for mark in self.marks}
