"""The plan's forms: agreed, signed, reviewed, an action confirmed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, create_model, model_validator

from services.intake.domain.plans import KINDS, Evidence, Way
from services.intake.forms.fields import Day, Form, Text
from shared.events.base import Code
from shared.events.intake import Direction, Doer

Kind = Annotated[str, StringConstraints(pattern=r"^(matching|training|enterprise|support)\.[a-z_]{1,40}$")]
OverlapMotive = Literal["same", "complementary", "different_need", "ending", "agreed_with_service"]
ROWS = 6
"""Actions that the page has room for; by program a plan has up to 20."""


class StepForm(Form):
    """One action: what, who, by when."""

    kind: Kind
    by: Doer = "operator"
    partner: Code | None = None
    due_on: Day
    motive: OverlapMotive | None = None

    @property
    def direction(self) -> str:
        """The direction of its kind; `support` for family support."""
        return self.kind.split(".", 1)[0]


class PlanForm(Form):
    """A plan. Its actions stand in `steps`; the short form of a program gives directions with due dates."""

    directions: tuple[Direction, ...] = Field(default=(), max_length=20)
    due_dates: tuple[Day, ...] = Field(default=(), max_length=20)
    steps: tuple[StepForm, ...] = Field(default=(), max_length=20)
    objectives: Text | None = None
    review_on: Day | None = None
    signed: Way | None = None
    on: Day

    @model_validator(mode="after")
    def _pairs(self) -> PlanForm:
        if len(self.directions) != len(self.due_dates):
            raise ValueError("Ogni azione ha una direzione e una scadenza.")
        if not self.directions and not self.steps:
            raise ValueError("Indica almeno un'azione, con la sua scadenza.")
        for step in self.steps:
            if step.kind not in KINDS[step.direction]:
                raise ValueError("Scegli le azioni dall'elenco.")
        return self


class _Sheet(PlanForm):
    @model_validator(mode="before")
    @classmethod
    def _rows(cls, values: Any) -> Any:
        """The page's numbered rows as steps; a row without an action is empty."""
        if not isinstance(values, dict):
            return values
        steps = []
        for row in range(1, ROWS + 1):
            names = {"kind": f"kind_{row}", "by": f"by_{row}", "partner": f"partner_{row}", "due_on": f"due_{row}"}
            step = {name: values[field] for name, field in names.items() if values.get(field)}
            if values.get(f"motive_{row}"):
                step["motive"] = values[f"motive_{row}"]
            if "kind" not in step and "due_on" not in step:
                continue
            if "kind" not in step or "due_on" not in step:
                raise ValueError(f"Azione {row}: indica che cosa si fa e la scadenza.")
            steps.append(step)
        return values | {"steps": steps} if steps else values


def _columns() -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for row in range(1, ROWS + 1):
        columns |= {
            f"kind_{row}": (Kind | None, None), f"by_{row}": (Doer | None, None),
            f"partner_{row}": (Code | None, None), f"due_{row}": (Day | None, None),
            f"motive_{row}": (OverlapMotive | None, None),
        }  # fmt: skip
    return columns


PlanSheet: type[PlanForm] = create_model("PlanSheet", __base__=_Sheet, **_columns())
"""The plan as the page sends it: one numbered row an action."""


class SignForm(Form):
    """A signature that was still missing."""

    by: Literal["person", "operator", "both"]
    way: Way
    on: Day


class ReviewForm(Form):
    """The plan was looked at again."""

    outcome: Literal["on_track", "to_change", "reached", "given_up"]
    next_on: Day | None = None
    notes: Text | None = None
    on: Day


class ConfirmForm(Form):
    """How an action ended that no service tells of."""

    action_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}$")]
    outcome: Literal["done", "dropped"]
    evidence: Evidence
    note: Text | None = None
    on: Day


def due(values: PlanForm) -> list[tuple[Direction, date]]:
    """The short form's actions."""
    return list(zip(values.directions, values.due_dates, strict=True))
