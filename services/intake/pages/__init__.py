"""Intake's pages: the day's queues and the list, registration and import, the person, the three doors."""

from fastapi import APIRouter

from services.intake.pages import (
    accesses,
    accounts,
    agenda,
    appointments,
    assessment,
    attachments,
    contacts,
    doors,
    drafts,
    duplicates,
    eligibility,
    emergency,
    first_contact,
    groups,
    imports,
    lists,
    messages,
    person,
    person_page,
    reception,
    referrals,
    register,
    rights,
    sampling,
    self_registration,
    transfers,
)

router = APIRouter()
for part in (
    accounts,
    agenda,
    appointments,
    groups,
    messages,
    attachments,
    duplicates,
    eligibility,
    assessment,
    sampling,
    reception,
    referrals,
    drafts,
    lists,
    register,
    imports,
    person,
    doors,
    contacts,
    self_registration,
    person_page,
    transfers,
    first_contact,
    rights,
    emergency,
    accesses,
):
    router.include_router(part.router)

__all__ = ["router"]
