"""A person's rights over their data (Regulation 2016/679, art. 15-22): what was asked, answered, limited, erased."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.base import Code, Event, Id, Reference
from shared.events.intake.public import Right

Answer = Literal["granted", "partly", "refused"]
RestrictionGround = Literal["accuracy", "unlawful", "claims", "objection"]
ErasureGround = Literal["request", "operator", "retention"]
ErasureScope = Literal["full", "partial"]
DropGround = Literal["withdrawn", "legal_duty", "public_task", "archiving", "claims", "mistake"]


class KeptDuty(BaseModel):
    """A duty to keep something of a person beyond the erasure of the rest."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rule: Code = Field(description="Code of the retention rule.")
    since: date = Field(description="Civil date from which the term runs.")
    until: date | None = Field(default=None, description="Last day of the duty; none where the law sets none.")


class RightExtended(Event):
    """The term of a request was prolonged, by two months at most, with reasons (art. 12(3))."""

    TYPE: ClassVar[str] = "intake.right-extended"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    request_id: Id = Field(description="The request.")
    due_on: date = Field(description="The new last civil date for the answer.")
    reasons: Reference = Field(description="Vault row with the reasons, which the person was told.")


class RightAnswered(Event):
    """A request was answered: granted, in part, or refused with the rule that says so."""

    TYPE: ClassVar[str] = "intake.right-answered"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    request_id: Id = Field(description="The request.")
    right: Right = Field(description="Which right.")
    outcome: Answer = Field(description="How it was answered.")
    grounds: tuple[Code, ...] = Field(default=(), description="Codes of the rules on which a refusal rests.")
    reasons: Reference | None = Field(default=None, description="Vault row with the reasons or the answer's text.")


class ProcessingRestricted(Event):
    """The person's data are kept and not otherwise used until the restriction is lifted (art. 18)."""

    TYPE: ClassVar[str] = "intake.processing-restricted"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    ground: RestrictionGround = Field(description="Why: the four cases of art. 18(1), (a) to (d).")
    request_id: Id | None = Field(default=None, description="The request that it answers, if any.")


class RestrictionLifted(Event):
    """The data are used again; the person was told before (art. 18(3))."""

    TYPE: ClassVar[str] = "intake.restriction-lifted"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")


class ErasureProposed(Event):
    """Somebody, or a retention rule, proposed to erase the person's data; others decide."""

    TYPE: ClassVar[str] = "intake.erasure-proposed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    proposal_id: Id = Field(description="The proposal.")
    ground: ErasureGround = Field(description="The person's request, an operator's finding, or a retention rule.")
    rule: Code | None = Field(default=None, description="Of a retention rule: its code.")
    request_id: Id | None = Field(default=None, description="The request that it answers, if any.")
    by: Code | None = Field(default=None, description="Account that proposed it; none where a rule did.")
    scope: ErasureScope = Field(description="Everything, or all but what a duty keeps.")
    kept: tuple[KeptDuty, ...] = Field(default=(), description="The duties that keep something.")
    reasons: Reference | None = Field(default=None, description="Vault row with the reasons.")


class ErasureConfirmed(Event):
    """Another person than the proposer confirmed the erasure."""

    TYPE: ClassVar[str] = "intake.erasure-confirmed"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    proposal_id: Id = Field(description="The proposal.")
    by: Code = Field(description="Account that confirmed it: not the proposer's.")
    execute_on: date | None = Field(
        default=None, description="Day of the erasure; none while a second confirmation is missing."
    )


class ErasureDropped(Event):
    """The erasure will not be: refused with its grounds (art. 17(3)), or withdrawn."""

    TYPE: ClassVar[str] = "intake.erasure-dropped"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"

    person_id: Id = Field(description="The person.")
    proposal_id: Id = Field(description="The proposal.")
    by: Code = Field(description="Account that dropped it.")
    ground: DropGround = Field(description="Why.")
    reasons: Reference | None = Field(default=None, description="Vault row with the reasons.")


class PersonErased(Event):
    """The person's texts and keys are gone. What remains is pseudonymous: ids, dates and codes without a name.

    Every service that hears it erases what it holds; nothing more is recorded about this id, and whoever comes back
    is registered under a new one.
    """

    TYPE: ClassVar[str] = "intake.person-erased"
    TOPIC: ClassVar[str] = "pathway"
    SUBJECT: ClassVar[str] = "person_id"
    ENDS: ClassVar[bool] = True

    person_id: Id = Field(description="The person.")
    proposal_id: Id = Field(description="The proposal that was confirmed.")
    scope: ErasureScope = Field(description="Everything, or all but what a duty keeps.")
    kept: tuple[KeptDuty, ...] = Field(default=(), description="The duties that keep something, none if all is gone.")
