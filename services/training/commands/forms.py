"""The forms: what comes in by page or API, and its bounds. Rules are the domain's, not theirs."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.training.domain import CancelReason, Certificate, LeaveReason
from shared.events.base import Code, Id, Motive
from shared.events.training import Line, Subject

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=120)]
Day = Annotated[date, Field(ge=date(2017, 1, 1), le=date(2100, 12, 31))]


class Form(BaseModel):
    """What all have: no unknown fields."""

    model_config = ConfigDict(extra="forbid")


class ProposalForm(Form):
    """A course for the plan; title and description go into the vault."""

    line: Line = Field(description="Linea del protocollo.")
    topic: Subject = Field(description="Materia.")
    title: Title = Field(description="Titolo.")
    description: Words | None = Field(default=None, description="Descrizione.")
    hours: int = Field(ge=1, le=600, description="Ore.")
    seats: int = Field(ge=1, le=100, description="Posti.")
    starts_on: Day = Field(description="Primo giorno.")
    ends_on: Day = Field(description="Ultimo giorno.")
    provider: Code = Field(description="Ente di formazione.")
    attendance_percent: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="Frequenza minima in percento delle ore; se manca, quella della materia.",
    )
    on: Day = Field(description="Data della proposta.")


class LinkForm(Form):
    """A vacancy towards which the course leads."""

    vacancy_id: Id = Field(description="Ricerca di personale.")
    on: Day = Field(description="Data.")


class DayForm(Form):
    """When it happened, where nothing else is to be said (an activation, an untied vacancy)."""

    on: Day = Field(description="Data.")


class CancelForm(Form):
    """Why the course is not held."""

    reason: CancelReason = Field(description="Motivo.")
    on: Day = Field(description="Data.")


class EnrolForm(Form):
    """Who gets a seat."""

    person_id: Id = Field(description="Persona.")
    on: Day = Field(description="Data di iscrizione.")


class LeaveForm(Form):
    """Why the person leaves."""

    reason: LeaveReason = Field(description="Motivo.")
    on: Day = Field(description="Data.")


class CompletionForm(Form):
    """How much the person attended, and what was issued."""

    hours: int = Field(ge=0, le=600, description="Ore frequentate.")
    certificate: Certificate = Field(description="Documento rilasciato.")
    on: Day = Field(description="Data.")


class Correction(Form):
    """Cancels a fact, or gives the values that hold instead."""

    action: Literal["cancel", "rectify"] = Field(description="Annulla, oppure rettifica.")
    motive: Motive = Field(description="Motivo.")
    on: Day | None = Field(default=None, description="Data giusta.")

    def changes(self) -> dict[str, Any] | None:
        """The values that hold instead; None cancels the fact."""
        if self.action == "cancel":
            return None
        return self.model_dump(mode="json", exclude={"action", "motive"}, exclude_none=True)


class EnrolmentCorrectionForm(Correction):
    """A fact about a person on the course."""

    hours: int | None = Field(default=None, ge=0, le=600, description="Ore giuste.")
    certificate: Certificate | None = Field(default=None, description="Documento giusto.")
    reason: LeaveReason | None = Field(default=None, description="Motivo giusto dell'uscita.")


class CourseCorrectionForm(Correction):
    """A fact about the course itself."""

    topic: Subject | None = Field(default=None, description="Materia giusta.")
    hours: int | None = Field(default=None, ge=1, le=600, description="Ore giuste.")
    seats: int | None = Field(default=None, ge=1, le=100, description="Posti giusti.")
    starts_on: Day | None = Field(default=None, description="Primo giorno giusto.")
    ends_on: Day | None = Field(default=None, description="Ultimo giorno giusto.")
    provider: Code | None = Field(default=None, description="Ente giusto.")
    attendance_percent: int | None = Field(default=None, ge=0, le=100, description="Frequenza minima giusta.")
    reason: CancelReason | None = Field(default=None, description="Motivo giusto dell'annullamento.")
