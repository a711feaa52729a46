"""The three checks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from services.intake import domain
from services.intake.forms.fields import Day, Form
from shared.events.base import Code


class DomicileForm(Form):
    """First check."""

    municipality: Annotated[str, StringConstraints(pattern=r"^([0-9]{6}|outside)$")]
    dwelling: domain.Dwelling
    evidence: domain.Evidence
    evidence_on: Day
    on: Day


class StatusForm(Form):
    """Second check. Pay in euro a year, gross."""

    work: domain.Work
    employee_pay: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    own_account_pay: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    contract_days: Annotated[int, Field(ge=1, le=4000)] | None = None
    immediately_available: bool = False
    evidence: domain.Evidence
    evidence_on: Day
    on: Day


class MeasuresForm(Form):
    """Third check."""

    measure: Code
    motive: domain.Motive | None = None
    evidence: domain.Evidence
    evidence_on: Day
    on: Day
