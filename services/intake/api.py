"""Intake's JSON routes: people by id and coarse facts, and the commands. Names only through the doors."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from services.intake import views
from services.intake.pages import (
    accounts,
    agenda,
    appointments,
    assessment,
    attachments,
    contacts,
    duplicates,
    eligibility,
    emergency,
    groups,
    messages,
    reception,
    referrals,
    register,
    rights,
    sampling,
)
from services.intake.pages import person as person_pages
from services.intake.scopes import in_scope
from shared.events.intake import Channel, District
from shared.store import Store
from shared.web.acts import json_routes
from shared.web.app import get_store
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
WITH_ACTS = (
    accounts, register, person_pages, eligibility, assessment, appointments, groups, agenda, messages, attachments,
    duplicates, contacts, referrals, reception, sampling, emergency, rights,
)  # fmt: skip
"""Each command of these pages has its JSON route."""


class PersonOut(BaseModel):
    """A person as intake shows them to programs: no identity."""

    model_config = ConfigDict(extra="ignore")

    person_id: str
    stage: str
    episode: int
    registered_on: date | None
    channel: str | None
    age_band: str | None
    sex: str | None
    citizenship_area: str | None
    education: str | None
    district: str | None
    union_slug: str | None
    first_interview_on: date | None
    in_charge_on: date | None
    case_manager: str | None
    readiness: str | None
    closed_on: date | None
    outcome: str | None


class PeopleOut(BaseModel):
    """A page of people."""

    total: int
    people: list[PersonOut]


@router.get("/people")
async def people(
    stage: Literal["to_contact", "to_interview", "to_decide", "in_charge", "closed"] | None = None,
    district: District | None = None,
    channel: Channel | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    reader: Reader = requires("intake.view"),
    store: Store = Depends(get_store),
) -> PeopleOut:
    """The people in the reader's scope, the latest registered first."""
    inside = partial(in_scope, reader, "intake.view")
    filters = {"stage": stage, "district": district, "channel": channel, "inside": inside}
    async with store.read() as reading:
        rows, total = await views.people(reading, filters, limit=limit, offset=offset)
    return PeopleOut(total=total, people=[PersonOut.model_validate(row) for row in rows])


@router.get("/people/{person_id}")
async def person(
    person_id: UUID, reader: Reader = requires("intake.view"), store: Store = Depends(get_store)
) -> PersonOut:
    """One person as they are now."""
    recorded = await store.history(str(person_id))
    if not recorded:
        raise Problem(404, "no_person", "Questa persona non è iscritta.")
    return PersonOut.model_validate(person_pages.present_row(recorded))


router.include_router(accounts.api)
for part in WITH_ACTS:
    json_routes(router, part.ACTS)
