"""Who the person is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from services.intake import domain, tax_code
from services.intake.forms.documents import Number
from services.intake.forms.fields import Day, Email, Form, Language, Licence, Line, Phone
from shared import territory
from shared.decisions import Refused
from shared.events.intake import Channel, Education, Sex

DocumentType = Literal["none", "identity_card", "passport", "driving_licence", "residence_permit", "other"]
PreferredChannel = Literal["phone", "sms", "whatsapp", "email", "letter", "through_administrator"]
PERSONAL = (
    "family_name", "given_name", "tax_code", "birth_place", "sex", "citizenship", "phone", "email", "address",
    "document_type", "document_number", "document_expires_on", "spoken_language", "interpreter",
    "administrator_name", "administrator_contact", "preferred_channel", "preferred_hours",
)  # fmt: skip
"""What goes into the vault."""


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
    document_type: DocumentType | None = None
    document_number: Number | None = None
    document_expires_on: Day | None = None
    spoken_language: Language | None = None
    """In which the person is best understood, where it is not Italian."""
    interpreter: bool = False
    administrator_name: Line | None = None
    """Amministratore di sostegno (c.c. artt. 404-413, L. 6/2004), who may have to be present or to agree."""
    administrator_contact: Line | None = None
    preferred_channel: PreferredChannel | None = None
    preferred_hours: Line | None = None
    forget_tax_code: bool = False
    """The tax code that is being replaced was a slip: it shall not find the person any more."""

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
    def _documented(self) -> IdentityForm:
        if self.document_type in (None, "none"):
            for name in ("document_number", "document_expires_on"):
                object.__setattr__(self, name, None)
        if self.administrator_contact is not None and self.administrator_name is None:
            raise ValueError("Indica anche il nome dell'amministratore di sostegno.")
        return self

    @model_validator(mode="after")
    def _reachable(self) -> IdentityForm:
        if self.quartiere is not None and self.municipality != territory.CAPITAL:
            # A browser without JavaScript leaves the choice made before the municipality was changed.
            object.__setattr__(self, "quartiere", None)
        return self

    def identity(self) -> dict[str, Any]:
        """What goes into the vault."""
        return self.model_dump(mode="json", include={*PERSONAL, "birth_date"})

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
