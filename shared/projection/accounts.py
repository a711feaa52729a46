"""Who is in the programme and as what: the same small view in every service.

All services fold it alike, so that each knows by itself who was disabled and where somebody belongs: the provider of
identities only tells that somebody is who they say. Names stay in intake's vault; here is the reference.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from shared.envelope import Meta
from shared.events.intake import AccountDisabled, AccountEnabled, AccountMoved, AccountOpened
from shared.projection.view import Row, View

Fact = AccountOpened | AccountMoved | AccountDisabled | AccountEnabled


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("organisation", sa.Text, nullable=False),
        sa.Column("districts", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("changed_on", sa.Date, nullable=False),
    ]


def fold_account(row: Row | None, event: Fact, meta: Meta) -> Row | None:
    """One more fact about an account; none where its opening was cancelled."""
    if isinstance(event, AccountOpened):
        return {
            "account": event.account, "role": event.role, "organisation": event.organisation,
            "districts": list(event.districts), "name": event.name, "active": True, "changed_on": event.on,
        }  # fmt: skip
    if row is None:
        return None
    row = row | {"changed_on": event.on}
    if isinstance(event, AccountMoved):
        return row | {
            "role": event.role, "organisation": event.organisation, "districts": list(event.districts),
            "name": event.name or row["name"],
        }  # fmt: skip
    return row | {"active": isinstance(event, AccountEnabled)}


ACCOUNTS = View(
    name="accounts", key_column="account", columns=_columns,
    hears=(AccountOpened, AccountMoved, AccountDisabled, AccountEnabled), key=lambda event: event.account,
    fold=fold_account, indexes=("organisation",),
)  # fmt: skip
