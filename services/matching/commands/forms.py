"""What the forms and the bodies of the API hold."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.matching.domain import Answer, CloseReason, EndReason
from shared.events.base import Code, Id, Motive
from shared.events.intake import District
from shared.events.matching import Contract, Occupation, Sector, Size

Day = Annotated[date, Field(ge=date(2017, 1, 1), le=date(2100, 12, 31))]
"""The programme began in 2017; a year beyond is a slip of the keyboard."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8000)]


def _compact(value: Any) -> Any:
    """A VAT number as people write it: "IT 01234567897"."""
    if not isinstance(value, str):
        return value
    compact = value.replace(" ", "").replace(".", "").upper()
    return compact.removeprefix("IT")


VatNumber = Annotated[str, BeforeValidator(_compact), StringConstraints(max_length=20)]


class Form(BaseModel):
    """Closed: a field that nobody knows is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Card(Form):
    """What matching keeps of a company in its vault."""

    name: Line
    vat_number: VatNumber
    seat: Line
    contact: Line
    phone: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9 ./-]{5,25}$")] | None = None
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,24}$")] | None = None


class CompanyForm(Card):
    """A company that joins the network."""

    size: Size
    sector: Sector
    district: District | None = None
    board: bool = False
    on: Day

    def card(self) -> dict[str, Any]:
        """What goes to the vault."""
        return {name: getattr(self, name) for name in Card.model_fields}


class CompanyCorrectionForm(CompanyForm):
    """The company's card as it should be, and why it was not."""

    motive: Motive


class VacancyForm(Form):
    """A company looks for people."""

    company_id: Id
    occupation: Occupation
    contract: Contract
    positions: int = Field(ge=1, le=999)
    closes_on: Day | None = None
    description: Text | None = None
    on: Day


class SelectionForm(Form):
    """The programme starts to look."""

    on: Day


class CloseForm(Form):
    """The company looks no more."""

    reason: CloseReason
    on: Day


class ShortlistForm(Form):
    """A person joins the shortlist of a selection."""

    selection_id: Id
    on: Day


class PresentForm(Form):
    """A person is presented; `agreed` says that they agreed to it."""

    agreed: bool = False
    on: Day


class AnswerForm(Form):
    """How a presentation ended, short of a placement."""

    outcome: Answer
    on: Day


class PlacementForm(Form):
    """A contract that began, from a vacancy or not. `on` is its first day."""

    company_id: Id
    vacancy_id: Id | None = None
    contract: Contract
    ends_on: Day | None = None
    notice: Code | None = None
    on: Day


class ExtensionForm(Form):
    """The same contract, prolonged. `on` is the day from which the proroga runs."""

    ends_on: Day
    on: Day


class EndForm(Form):
    """A relationship that ended. `on` is its last day."""

    reason: EndReason
    on: Day


class CorrectionForm(Form):
    """A fact was wrong: what holds instead (the fields given), or nothing (`cancel`)."""

    motive: Motive
    cancel: bool = False
    happened_on: Day | None = None
    occupation: Occupation | None = None
    contract: Contract | None = None
    positions: Annotated[int, Field(ge=1, le=999)] | None = None
    closes_on: Day | None = None
    ends_on: Day | None = None
    notice: Code | None = None
    outcome: Answer | None = None
    reason: EndReason | CloseReason | None = None

    def changes(self) -> dict[str, Any]:
        """The fields of the fact that the form gives, as JSON values."""
        values = self.model_dump(mode="json", exclude={"motive", "cancel"}, exclude_none=True)
        return {("on" if name == "happened_on" else name): value for name, value in values.items()}


class CancelForm(Form):
    """A placement that never was, with the reason."""

    motive: Motive
