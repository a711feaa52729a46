"""What came over the public pages: contacts waiting for an operator; and the vacancies, so that a person can be told
for which work they were proposed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from shared.envelope import Meta
from shared.events import matching
from shared.events.base import Event
from shared.events.intake import ContactAccepted, ContactDiscarded, ContactReceived
from shared.projection import Row, View


def _contact_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("contact_id", sa.Text, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("received_on", sa.Date),
        sa.Column("received_at", sa.DateTime(timezone=True)),
        sa.Column("language", sa.Text),
        sa.Column("notice", sa.Text),
        sa.Column("channel", sa.Text),
        sa.Column("district", sa.Text),
        sa.Column("answers", sa.Text),
        sa.Column("decided_on", sa.Date),
        sa.Column("reason", sa.Text),
        sa.Column("person_id", sa.Text),
    ]


def fold_contact(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """A contact: received, accepted or discarded. All its facts are of one stream, in order."""
    match event:
        case ContactReceived():
            blank: Row = {column.name: None for column in _contact_columns()}
            return blank | {
                "contact_id": event.contact_id, "status": "received", "received_on": event.on,
                "received_at": meta.time, "language": event.language, "notice": event.notice,
                "channel": event.channel, "district": event.district, "answers": event.answers,
            }  # fmt: skip
        case ContactAccepted() if row:
            return row | {"status": "accepted", "decided_on": event.on, "person_id": event.person_id}
        case ContactDiscarded() if row:
            decided = {"status": "discarded", "decided_on": event.on, "reason": event.reason}
            return row | decided | {"person_id": event.person_id}
        case _:
            return row


SITE_CONTACTS = View(
    name="site_contacts",
    key_column="contact_id",
    columns=_contact_columns,
    hears=(ContactReceived, ContactAccepted, ContactDiscarded),
    key=lambda event: str(event.contact_id),
    fold=fold_contact,
    indexes=("status", "person_id"),
)


def _work_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("vacancy_id", sa.Text, primary_key=True),
        sa.Column("occupation", sa.Text, nullable=False),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("closes_on", sa.Date),
    ]


def fold_work(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """The work of a vacancy, as matching opened it."""
    if not isinstance(event, matching.VacancyOpened):
        return row
    return {
        "vacancy_id": event.vacancy_id, "occupation": event.occupation, "contract": event.contract,
        "closes_on": event.closes_on,
    }  # fmt: skip


WORK = View(
    name="work",
    key_column="vacancy_id",
    columns=_work_columns,
    hears=(matching.VacancyOpened,),
    key=lambda event: str(event.vacancy_id),
    fold=fold_work,
)

PUBLIC_VIEWS = (SITE_CONTACTS, WORK)
