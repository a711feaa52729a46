"""What reporting says: the figures that the coordination table made public (`governance`)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from shared.events.base import Correction, Event

HalfYear = Annotated[str, StringConstraints(pattern=r"^report-20[0-9]{2}-h[12]$")]


class ReportPublished(Event):
    """The coordination table made the figures of a half-year public; anybody can recompute them as of then."""

    TYPE: ClassVar[str] = "reporting.report-published"
    TOPIC: ClassVar[str] = "governance"
    SUBJECT: ClassVar[str] = "report_id"

    report_id: HalfYear = Field(description="The half-year.")
    as_of: datetime = Field(description="The figures hold what had been recorded by then (UTC).")
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="SHA-256 of the figures as canonical JSON."
    )


class GovernanceFactCorrected(Correction):
    """A fact that reporting recorded was wrong."""

    TYPE: ClassVar[str] = "reporting.governance-fact-corrected"
    TOPIC: ClassVar[str] = "governance"
