"""The plan: what person and operator agreed, who does what by when, how it is reviewed and done."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.base import Code, Event, Id, Reference
from shared.events.intake.vocabulary import Direction

Doer = Literal["person", "operator", "service", "partner"]
"""Who does an action: the person, the case manager, another service of the programme, a partner outside it."""


class AlreadyProvided(BaseModel):
    """Something that another service, a partner or the Region already provides for the same need in that period."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    measure: Code = Field(description="What is provided.")
    source: Code = Field(description="Who said so: a service of the programme, a partner, the Region.")
    fact: Id | None = Field(default=None, description="What was reported: the course, placement, project or report.")


class PlanAction(BaseModel):
    """One thing that the plan says shall happen, in one direction."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    action_id: Id = Field(description="The action.")
    direction: Direction = Field(description="Which line of the programme.")
    due_on: date = Field(description="Civil date by which it shall be done.")
    kind: Code | None = Field(default=None, description="What shall be done; a word of its direction's vocabulary.")
    by: Doer | None = Field(default=None, description="Who does it.")
    partner: Code | None = Field(default=None, description="The partner organisation that does it.")
    already: tuple[AlreadyProvided, ...] = Field(
        default=(), description="What others were known to provide for the same need when the plan was agreed."
    )
    motive: Code | None = Field(default=None, description="Why it is in the plan all the same (non-duplication).")


class SupportAction(BaseModel):
    """Support for reconciling work and care, of no direction. A list of its own in the plan: a reader that knows
    the three directions only goes on reading the plans as before."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    action_id: Id = Field(description="The action.")
    kind: Code = Field(description="Which support.")
    due_on: date = Field(description="Civil date by which it shall be in place.")
    by: Doer = Field(description="Who does it.")
    partner: Code | None = Field(default=None, description="The partner organisation that does it.")
    already: tuple[AlreadyProvided, ...] = Field(
        default=(), description="What others were known to provide for the same need when the plan was agreed."
    )
    motive: Code | None = Field(default=None, description="Why it is in the plan all the same (non-duplication).")


class PlanAgreed(Event):
    """Person and operator agreed what to do next. A later plan replaces the one before.

    Until `PlanSigned` existed it also stood for both signatures.
    """

    TYPE: ClassVar[str] = "intake.plan-agreed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    plan_id: Id = Field(description="The plan.")
    actions: tuple[PlanAction, ...] = Field(min_length=1, description="What shall be done.")
    objectives: Reference | None = Field(default=None, description="Vault row with the objectives.")
    support: tuple[SupportAction, ...] = Field(
        default=(), description="Family support for reconciling work and care, beside the directions."
    )
    review_on: date | None = Field(default=None, description="Civil date by which the plan is looked at again.")


class PlanSigned(Event):
    """One of the two signed the plan."""

    TYPE: ClassVar[str] = "intake.plan-signed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    plan_id: Id = Field(description="The plan.")
    by: Literal["person", "operator"] = Field(description="Who signed.")
    operator: Code | None = Field(default=None, description="Account of the operator who signed.")
    way: Literal["paper", "on_screen"] = Field(description="On paper, or on the screen before the operator.")


class PlanReviewed(Event):
    """Person and operator looked at the plan again."""

    TYPE: ClassVar[str] = "intake.plan-reviewed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    plan_id: Id = Field(description="The plan.")
    review_id: Id = Field(description="The review.")
    outcome: Literal["on_track", "to_change", "reached", "given_up"] = Field(description="What was found.")
    next_on: date | None = Field(description="Civil date by which to look again; none if the plan has come to an end.")
    notes: Reference | None = Field(default=None, description="Vault row with the operator's notes.")


class PlanActionDone(Event):
    """An action of the plan is done, because a fact of another service says so."""

    TYPE: ClassVar[str] = "intake.plan-action-done"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    action_id: Id = Field(description="The action.")
    because: Id = Field(description="Event id of the fact that fulfils it.")


class PlanActionConfirmed(Event):
    """An operator says how an action ended that no service tells of, and what that rests on."""

    TYPE: ClassVar[str] = "intake.plan-action-confirmed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    action_id: Id = Field(description="The action.")
    outcome: Literal["done", "dropped"] = Field(description="Done, or no longer to be done.")
    evidence: Literal["document_seen", "partner_told", "person_told", "operator_did"] = Field(
        description="What it rests on."
    )
    note: Reference | None = Field(default=None, description="Vault row with what the operator wrote.")
