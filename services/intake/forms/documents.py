"""The permit of stay, the decision on two people, and a file about a person."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.intake.domain import Permit
from services.intake.forms.fields import Day, Form, Line
from shared.events.base import Id
from shared.events.intake import AttachmentKind, JoinGround, PartGround, PermitKind, WorkLimit

Number = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./-]{1,39}$")]
"""The number of a document as it is printed."""
Reasons = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2000)]
PermitType = Literal[
    "work", "self_employment", "family", "study", "protection", "asylum_request", "special_protection", "medical",
    "awaiting_employment", "seasonal", "long_term_eu", "family_of_eu_citizen", "minor_age", "other",
]  # fmt: skip
TYPES_WITHOUT_END = frozenset({"long_term_eu", "family_of_eu_citizen"})


class PermitForm(Form):
    """A permit of stay as the operator reads it. Type, motive and numbers go to the vault."""

    type: PermitType
    number: Number | None = None
    motive: Line | None = None
    expires_on: Day | None = None
    may_work: bool = False
    work_limit: WorkLimit = "none"
    renewal_asked_on: Day | None = None
    receipt: Number | None = None
    on: Day

    @property
    def kind(self) -> PermitKind:
        """The coarse kind, the only one that goes into the log."""
        if self.type in TYPES_WITHOUT_END:
            return "long_term"
        return "request_pending" if self.type == "asylum_request" else "limited"

    def permit(self) -> Permit:
        """What the decision needs."""
        return Permit(self.kind, self.expires_on, self.may_work, self.work_limit, self.renewal_asked_on)

    def details(self) -> dict[str, Any]:
        """What goes into the vault."""
        return {"type": self.type, "number": self.number, "motive": self.motive, "receipt": self.receipt}


class JoinForm(Form):
    """Two people are one. `keep`: the one under whose id both are shown."""

    keep: Id
    ground: JoinGround
    reasons: Reasons


class DismissForm(Form):
    """They are two people."""

    reasons: Reasons


class PartForm(Form):
    """Joined people are two after all."""

    ground: PartGround
    reasons: Reasons


class AttachmentForm(BaseModel):
    """A file about the person."""

    model_config = ConfigDict(extra="forbid")

    kind: AttachmentKind
    file: UploadFile = Field(description="PDF or photograph.")
