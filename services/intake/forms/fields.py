"""What the fields of intake's forms may hold."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

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
