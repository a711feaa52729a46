"""The public questionnaire, step by step, and what an operator does with it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from services.intake import tax_code
from services.intake.domain.self_registration import DiscardReason
from services.intake.forms.fields import Day, Email, Form, Language, Licence, Line, Phone
from services.intake.forms.identity import RegisterForm
from shared.decisions import Refused
from shared.events.base import Id
from shared.events.intake import Channel, Education, Right, Sex

Typed = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]


class Guarded(Form):
    """A form that a robot should not send: `website` is a field that people do not see, `opened` a signed instant."""

    website: Annotated[str, StringConstraints(max_length=400)] | None = None
    opened: Annotated[str, StringConstraints(max_length=400)] = ""


class StartForm(Guarded):
    """The notice was read."""

    notice: bool

    @field_validator("notice")
    @classmethod
    def _read(cls, read: bool) -> bool:
        if not read:
            raise ValueError("Per cominciare conferma di aver letto l'informativa.")
        return read


class SendForm(Guarded):
    """The questionnaire is sent."""


class CodeForm(Form):
    """A code, to go on or to ask for the state."""

    code: Typed


class WhoForm(Form):
    """Step 1."""

    given_name: Line
    family_name: Line
    birth_date: Day
    birth_place: Line | None = None
    sex: Sex
    citizenship: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,3}$")]
    tax_code: Annotated[str, StringConstraints(strip_whitespace=True, max_length=32)] | None = None

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


class WhereForm(Form):
    """Step 2."""

    phone: Phone | None = None
    email: Email | None = None
    address: Line | None = None
    municipality: Annotated[str, StringConstraints(pattern=r"^([0-9]{6}|outside)$")]
    quartiere: Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,40}$")] | None = None
    spoken: Language
    """In which language they would like to speak with us."""
    call_at: Literal["morning", "afternoon", "any"] = "any"


class WorkForm(Form):
    """Step 3."""

    education: Education
    languages: tuple[Language, ...] = Field(default=(), max_length=22)
    licences: tuple[Licence, ...] = Field(default=(), max_length=11)
    own_vehicle: bool = False
    channel: Channel


STEPS: tuple[type[Form], ...] = (WhoForm, WhereForm, WorkForm)


class DiscardForm(Form):
    """A contact is laid aside."""

    reason: DiscardReason
    person_id: Id | None = None


class AcceptForm(RegisterForm):
    """The registration that a contact becomes; `known` is the person who comes back after a closure."""

    known: Id | None = None


def registration(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers as the registration's form is filled with them; what it does not ask is left out."""
    fields = AcceptForm.model_fields
    values = {name: value for name, value in answers.items() if name in fields and value not in (None, [], "")}
    spoken = answers.get("spoken")
    if spoken and spoken != "it":
        values["spoken_language"] = spoken
    values["preferred_hours"] = {"morning": "la mattina", "afternoon": "il pomeriggio"}.get(answers.get("call_at", ""))
    return values


class EnterForm(Form):
    """The person's own page: the code from the operator and, so that a lost paper opens nothing, the birth date."""

    code: Typed
    birth_date: Day


class ProposalForm(Form):
    """The answer to a proposal."""

    answer: Literal["accepted", "declined"]


class RightForm(Form):
    """A right over one's data."""

    right: Right


class DeclarationForm(Form):
    """The declaration was signed."""

    on: Day
