"""Who works in the programme: the organisations, and the accounts of their people.

What an account may do is told by its role, and the provider of identities tells that it is really them: here stands
whether the programme lets them in, as what, and for whom. No names: those of people and of organisations are in
intake's vault. An account's id is also the actor of the facts that it records.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from shared.events.base import Code, Event, Reference
from shared.events.intake.vocabulary import District

Account = Annotated[str, StringConstraints(pattern=r"^u-[a-z0-9][a-z0-9_.-]{0,61}$")]
"""A person's account: `u-` and the name under which the provider knows them."""
OrganisationCode = Annotated[str, StringConstraints(pattern=r"^o-[a-z0-9][a-z0-9-]{0,59}$")]
OrganisationKind = Literal[
    "metropolitan_city", "municipality", "union", "quartiere", "social_services", "region", "diocese", "caritas",
    "parish", "foundation", "association", "business_association", "committee", "other",
]  # fmt: skip


class OrganisationOpened(Event):
    """An organisation has people in the programme from now on; opened again after it was closed, too."""

    TYPE: ClassVar[str] = "intake.organisation-opened"
    TOPIC: ClassVar[str] = "governance"
    SUBJECT: ClassVar[str] = "organisation"

    organisation: OrganisationCode = Field(description="The organisation.")
    kind: OrganisationKind = Field(description="What it is.")
    name: Reference = Field(description="Vault row with its name.")


class OrganisationClosed(Event):
    """The organisation has nobody in the programme any more."""

    TYPE: ClassVar[str] = "intake.organisation-closed"
    TOPIC: ClassVar[str] = "governance"
    SUBJECT: ClassVar[str] = "organisation"

    organisation: OrganisationCode = Field(description="The organisation.")


class AccountOpened(Event):
    """Somebody works in the programme from now on."""

    TYPE: ClassVar[str] = "intake.account-opened"
    TOPIC: ClassVar[str] = "governance"
    SUBJECT: ClassVar[str] = "account"

    account: Account = Field(description="The account.")
    role: Code = Field(description="What it may do (shared/web/roles.json).")
    organisation: OrganisationCode = Field(description="For whom they work.")
    districts: tuple[District, ...] = Field(default=(), description="The districts they follow; none means all.")
    name: Reference = Field(description="Vault row with their name.")


class AccountMoved(Event):
    """Somebody works in another role, for another organisation or for other districts; or is called otherwise."""

    TYPE: ClassVar[str] = "intake.account-moved"
    TOPIC: ClassVar[str] = "governance"
    SUBJECT: ClassVar[str] = "account"

    account: Account = Field(description="The account.")
    role: Code = Field(description="What it may do from now on.")
    organisation: OrganisationCode = Field(description="For whom they work from now on.")
    districts: tuple[District, ...] = Field(default=(), description="The districts they follow; none means all.")
    name: Reference | None = Field(default=None, description="Vault row with their name, where it is another one.")


class AccountDisabled(Event):
    """The account no longer enters, and what is open ends."""

    TYPE: ClassVar[str] = "intake.account-disabled"
    TOPIC: ClassVar[str] = "governance"
    SUBJECT: ClassVar[str] = "account"

    account: Account = Field(description="The account.")
    why: Literal["left", "absence", "security"] = Field(
        description="They left, they are away for long, or the account has to be stopped at once, cases or not."
    )


class AccountEnabled(Event):
    """The disabled account enters again."""

    TYPE: ClassVar[str] = "intake.account-enabled"
    TOPIC: ClassVar[str] = "governance"
    SUBJECT: ClassVar[str] = "account"

    account: Account = Field(description="The account.")
