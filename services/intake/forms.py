"""What forms and API bodies hold. A wrong value is told under its field, in Italian, before any decision."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from services.intake import domain, tax_code
from shared import territory
from shared.decisions import Refused
from shared.events.base import Code, Motive
from shared.events.intake import Channel, Direction, Education, Sex

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8000)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9][0-9 ./-]{4,22}$")]
Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]{2,}$")
]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2100, 12, 31))]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Licence = Literal["AM", "A1", "A", "B", "BE", "C", "CE", "D", "DE", "CQC", "forklift"]
OUTSIDE = "outside"
"""The choice 'outside the 55 municipalities' of a form."""


class Form(BaseModel):
    """A form; unknown fields are a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class IdentityForm(Form):
    """Who the person is (vault) and what others need to know finely (profile)."""

    family_name: Line
    given_name: Line
    tax_code: Annotated[str, StringConstraints(strip_whitespace=True, max_length=32)] | None = None
    birth_date: Day
    birth_place: Line | None = None
    sex: Sex
    citizenship: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,3}$")]
    phone: Phone | None = None
    email: Email | None = None
    address: Line | None = None
    municipality: Annotated[str, StringConstraints(pattern=r"^([0-9]{6}|outside)$")]
    quartiere: Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,40}$")] | None = None
    education: Education
    languages: tuple[Language, ...] = Field(default=(), max_length=20)
    licences: tuple[Licence, ...] = Field(default=(), max_length=11)
    own_vehicle: bool = False
    commute_minutes: Annotated[int, Field(ge=0, le=240)] | None = None
    may_work_until: Day | None = None

    @field_validator("tax_code")
    @classmethod
    def _tax_code(cls, text: str | None) -> str | None:
        if text is None:
            return None
        code = tax_code.parse(text)
        if isinstance(code, Refused):
            raise ValueError(code.sentence)
        return code.code

    @field_validator("citizenship")
    @classmethod
    def _citizenship(cls, code: str) -> str:
        if code not in tax_code.countries():
            raise ValueError("Scegli la cittadinanza dall'elenco.")
        return code

    @model_validator(mode="after")
    def _reachable(self) -> IdentityForm:
        if self.quartiere is not None and self.municipality != territory.CAPITAL:
            # A browser without JavaScript leaves the choice made before the municipality was changed.
            object.__setattr__(self, "quartiere", None)
        return self

    def identity(self) -> dict[str, Any]:
        """What goes into the vault."""
        names = ("family_name", "given_name", "tax_code", "birth_place", "sex", "citizenship", "phone",
                 "email", "address")  # fmt: skip
        return {name: getattr(self, name) for name in names} | {"birth_date": self.birth_date.isoformat()}

    def profile(self) -> dict[str, Any]:
        """What goes onto `profiles`: each attribute stands in the DPIA with its reason."""
        return {
            "birth_year": self.birth_date.year,
            "municipality": self.municipality,
            "quartiere": None if self.quartiere == domain.UNKNOWN_QUARTIERE else self.quartiere,
            "commute_minutes": self.commute_minutes,
            "own_vehicle": self.own_vehicle,
            "licences": list(self.licences),
            "may_work_until": self.may_work_until.isoformat() if self.may_work_until else None,
            "education": self.education,
            "languages": list(self.languages),
        }

    def warnings(self) -> list[str]:
        """What in the tax code does not agree with the rest."""
        if self.tax_code is None:
            return []
        return tax_code.warnings(
            tax_code.TaxCode(self.tax_code),
            family_name=self.family_name,
            given_name=self.given_name,
            birth_date=self.birth_date,
            sex=self.sex,
            birth_place=self.birth_place,
        )


class RegisterForm(IdentityForm):
    """Assisted registration. `declared`: the person signed the declaration of domicile (DPR 445/2000)."""

    channel: Channel
    on: Day
    declared: bool = False
    another_person: bool = False
    """The operator looked: the people with the same name and birth date are others."""


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


class InterviewForm(Form):
    """The interview."""

    mode: Literal["in_person", "phone", "video"]
    notes: Text | None = None
    on: Day


class ChargeForm(Form):
    """Taken in charge."""

    case_manager: Code
    readiness: Literal["ready", "to_train"]
    reasons: Text
    on: Day


class PlanForm(Form):
    """A plan: up to five actions on the page, each with a direction and a due date."""

    directions: tuple[Direction, ...] = Field(min_length=1, max_length=20)
    due_dates: tuple[Day, ...] = Field(min_length=1, max_length=20)
    objectives: Text | None = None
    on: Day

    @model_validator(mode="after")
    def _pairs(self) -> PlanForm:
        if len(self.directions) != len(self.due_dates):
            raise ValueError("Ogni azione ha una direzione e una scadenza.")
        return self

    def actions(self) -> list[tuple[Direction, date]]:
        """Direction and due date of each action."""
        return list(zip(self.directions, self.due_dates, strict=True))


class CloseForm(Form):
    """Closure."""

    outcome: domain.Outcome
    on: Day


class CorrectForm(Form):
    """A fact was wrong: cancelled, or with another date or value."""

    cancel: bool = False
    on: Day | None = None
    """The right date; None leaves it."""
    value: Code | None = None
    """The right value of the fact's main field (see commands.CORRECTABLE); None leaves it."""
    motive: Motive
