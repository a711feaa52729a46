"""What the Region says: the contract of the topic `region.measures`.

Not a fact of ours: it has no number and no predecessor, it is kept for a finite time, and it may come twice or
never. So it is no `Event`; intake takes it in (services/intake/region.py) and records what concerns its people.
The Region does not know our ids and no codice fiscale goes onto a topic: both sides compute the same token,
HMAC-SHA-256 of the codice fiscale under the key of the convention (docs/adr: region.measures).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.events.base import Code

TOPIC = "region.measures"
PARTITIONS = 3
RETENTION_DAYS = 90
SOURCE = "region"

Token = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class MeasureSaid(BaseModel):
    """The value of a record; its key is `token`. The latest `said_on` of (token, measure, since) holds."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    TYPE: ClassVar[str] = "region.measure-said"

    token: Token = Field(description="HMAC-SHA-256 (hex) of the codice fiscale under the convention's key.")
    measure: Code = Field(description="Code of the measure, from the table agreed in the convention.")
    since: date = Field(description="First day of the measure.")
    until: date | None = Field(default=None, description="Last day, if it is known.")
    said_on: date = Field(description="Civil date on which the Region read its register.")
    withdrawn: bool = Field(default=False, description="Whether the Region takes back what it had said.")

    @model_validator(mode="after")
    def _in_order(self) -> MeasureSaid:
        if self.until is not None and self.until < self.since:
            raise ValueError("until before since")
        return self
