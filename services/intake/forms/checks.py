"""The three checks."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from services.intake import domain
from services.intake.domain.eligibility import municipality_of
from services.intake.domain.unemployment import WorkPeriod
from services.intake.forms.fields import OUTSIDE, Day, Form, Line, Text
from shared import territory
from shared.events.base import Code


class DomicileForm(Form):
    """First check. The municipality may be left to the address."""

    address: Line | None = None
    municipality: Annotated[str, StringConstraints(pattern=r"^([0-9]{6}|outside)$")] = Field(
        default="", validate_default=True
    )
    quartiere: Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,40}$")] | None = None
    dwelling: domain.Dwelling
    evidence: domain.Evidence
    evidence_on: Day
    on: Day

    @field_validator("municipality", mode="before")
    @classmethod
    def _from_address(cls, given: object, info: ValidationInfo) -> object:
        if given not in ("", None):
            return given
        found = municipality_of(info.data.get("address") or "")
        if found is None:
            raise ValueError("Dall'indirizzo il comune non si capisce: sceglilo dall'elenco.")
        return found

    @field_validator("quartiere")
    @classmethod
    def _quartiere(cls, slug: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("municipality") != territory.CAPITAL:
            return None
        if slug not in (None, domain.UNKNOWN_QUARTIERE) and slug not in territory.QUARTIERI:
            raise ValueError("Scegli il quartiere dall'elenco.")
        return slug

    @property
    def inside(self) -> str | None:
        """The municipality, None outside the 55."""
        return None if self.municipality == OUTSIDE else self.municipality


class StatusForm(Form):
    """Second check. Pay in euro a year, gross."""

    work: domain.Work
    employee_pay: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    own_account_pay: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    contract_days: Annotated[int, Field(ge=1, le=4000)] | None = None
    contract_from: Day | None = None
    contract_until: Day | None = None
    extended: bool = False
    immediately_available: bool = False
    did_on: Day | None = None
    past_from: tuple[Day, ...] = Field(default=(), max_length=20)
    past_until: tuple[Day, ...] = Field(default=(), max_length=20)
    evidence: domain.Evidence
    evidence_on: Day
    on: Day

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if len(self.past_from) != len(self.past_until):
            raise ValueError("Ogni rapporto passato ha un primo e un ultimo giorno.")
        if self.contract_until is not None and self.contract_from is None:
            raise ValueError("Indica anche il primo giorno del contratto.")
        return self

    def situation(self) -> domain.WorkSituation:
        """What the person does for a living; a contract with dates counts its own days."""
        contract = WorkPeriod(self.contract_from, self.contract_until) if self.contract_from else None
        return domain.WorkSituation(
            work=self.work,
            employee_pay=self.employee_pay * 100,
            own_account_pay=self.own_account_pay * 100,
            contract_days=self.contract_days,
            immediately_available=self.immediately_available or self.did_on is not None,
            did_on=self.did_on,
            contract=contract,
            extended=self.extended,
            past_works=tuple(WorkPeriod(*pair) for pair in zip(self.past_from, self.past_until, strict=True)),
        )


class MeasuresForm(Form):
    """Third check."""

    measure: Code
    motive: domain.Motive | None = None
    note: Text | None = None
    evidence: domain.Evidence
    evidence_on: Day
    on: Day
