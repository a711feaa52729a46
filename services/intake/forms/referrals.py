"""What a referrer writes of a person, and what an operator answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from services.intake.forms.fields import Day, Email, Form, Line, Phone
from shared.events.base import Id

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class ReferForm(Form):
    """Who the person is, as far as the organisation knows, and what the person was told and said."""

    family_name: Line
    given_name: Line
    birth_date: Day | None = None
    phone: Phone | None = None
    email: Email | None = None
    municipality: Annotated[str, StringConstraints(pattern=r"^([0-9]{6}|outside)$")]
    reason: Words
    contact: Line
    """Who in the organisation can be asked, and how."""
    informed_on: Day | None = None
    consent: bool = False
    agreed: bool = False

    @model_validator(mode="after")
    def _reachable(self) -> ReferForm:
        if self.phone is None and self.email is None:
            raise ValueError("Indica almeno un recapito: telefono o posta elettronica.")
        return self

    def identity(self) -> dict[str, Any]:
        """What goes into the vault."""
        names = ("family_name", "given_name", "phone", "email", "municipality", "reason", "contact")
        born = self.birth_date.isoformat() if self.birth_date else None
        return {name: getattr(self, name) for name in names} | {"birth_date": born}


class DeclineForm(Form):
    """The referral is answered without a registration."""

    reason: Literal["not_domiciled", "not_in_target", "refused_by_person", "unreachable"]


class KnownForm(Form):
    """The person is in the programme already."""

    person_id: Annotated[Id, Field(description="La persona già iscritta")]


class AgreementForm(Form):
    """What the person says about the organisation's hearing back."""

    agreed: bool = False
