"""The organisations of the directory, and what an account would leave behind. (Accounts: shared/projection.)"""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import sqlalchemy as sa

from services.intake.domain.accounts import Work
from services.intake.views.appointments import APPOINTMENTS
from services.intake.views.groups import SESSIONS
from services.intake.views.people import PEOPLE
from shared.envelope import Meta
from shared.events.intake import OrganisationClosed, OrganisationOpened
from shared.projection import Reading, Row, View


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("organisation", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("changed_on", sa.Date, nullable=False),
    ]


def fold_organisation(row: Row | None, event: OrganisationOpened | OrganisationClosed, meta: Meta) -> Row | None:
    """One more fact about an organisation; none where its opening was cancelled."""
    if isinstance(event, OrganisationOpened):
        return {
            "organisation": event.organisation, "kind": event.kind, "name": event.name, "is_open": True,
            "changed_on": event.on,
        }  # fmt: skip
    return row | {"is_open": False, "changed_on": event.on} if row else None


ORGANISATIONS = View(
    name="organisations", key_column="organisation", columns=_columns,
    hears=(OrganisationOpened, OrganisationClosed), key=lambda event: event.organisation, fold=fold_organisation,
)  # fmt: skip


async def work_of(reading: Reading, account: str, today: date) -> Work:
    """The open cases of an account, those of joined persons too, and its appointments and group sessions to come."""
    people, meetings, sessions = (reading.table(one) for one in (PEOPLE, APPOINTMENTS, SESSIONS))

    def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        return sa.select(sa.func.count()).select_from(table).where(*where).scalar_subquery()

    query = sa.select(
        count(people, people.c.case_manager == account, people.c.stage == "in_charge"),
        count(meetings, meetings.c.operator == account, meetings.c.state == "booked", meetings.c.day >= today),
        count(sessions, sessions.c.operator == account, ~sessions.c.cancelled, sessions.c.day >= today),
    )
    cases, appointments, groups = (await reading.conn.execute(query)).one()
    return Work(int(cases), int(appointments) + int(groups))


async def open_cases(reading: Reading) -> Counter[str]:
    """Account -> how many open cases."""
    table = reading.table(PEOPLE)
    query = (
        sa.select(table.c.case_manager, sa.func.count())
        .where(table.c.stage == "in_charge", table.c.case_manager.is_not(None))
        .group_by(table.c.case_manager)
    )
    return Counter({row[0]: int(row[1]) for row in await reading.conn.execute(query)})
