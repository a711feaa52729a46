"""Intake's JSON routes: people by id and coarse facts, and the commands. Names only through the doors."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict

from services.intake import commands, forms, views
from services.intake.domain import Joined
from services.intake.finding import Duplicate
from services.intake.pages.person import case_managers, present_row
from shared.decisions import Refused
from shared.events.intake import Channel, District
from shared.store import Outcome, Store
from shared.web.app import command, get_store
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()


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


class FactOut(BaseModel):
    """A recorded fact: where it stands in the log, for `?after=`."""

    id: str
    type: str
    subject: str
    place: str


class Said(BaseModel):
    """What a command recorded; `repeated` if it had been done already under the same key."""

    repeated: bool
    facts: list[FactOut]


def said(outcome: Outcome) -> Said:
    """The outcome as JSON. Raises Problem 409 or 422 with the refusal's sentence."""
    if isinstance(outcome, Refused):
        extra = {"errors": [{"field": outcome.field, "sentence": outcome.sentence}]} if outcome.field else {}
        if isinstance(outcome, Duplicate):
            extra["people"] = list(outcome.people)  # type: ignore[arg-type]  # problem members are any JSON
        if isinstance(outcome, Joined):
            extra["person_id"] = outcome.root  # type: ignore[assignment]  # problem members are any JSON
        raise Problem(422 if outcome.field else 409, outcome.code, outcome.sentence, **extra)
    return Said(
        repeated=outcome.repeated,
        facts=[
            FactOut(
                id=fact.meta.id,
                type=fact.meta.type,
                subject=fact.meta.subject,
                place=f"{fact.meta.topic}/{fact.meta.partition}/{fact.meta.number}",
            )
            for fact in outcome.events
        ],
    )


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
    """People, the latest registered first."""
    filters = {"stage": stage, "district": district, "channel": channel}
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
    return PersonOut.model_validate(present_row(recorded))


@router.post("/people", status_code=201)
async def register(
    request: Request,
    values: forms.RegisterForm,
    reader: Reader = requires("intake.register"),
    store: Store = Depends(get_store),
) -> Said:
    """Registers a person."""
    return said(await commands.register(store, command(request, reader), values))


@router.post("/people/{person_id}/registrations", status_code=201)
async def register_again(
    request: Request,
    person_id: UUID,
    values: forms.RegisterForm,
    reader: Reader = requires("intake.register"),
    store: Store = Depends(get_store),
) -> Said:
    """A new episode of a known person."""
    await person(person_id, reader, store)
    return said(await commands.register(store, command(request, reader), values, str(person_id)))


@router.post("/people/{person_id}/checks/domicile", status_code=201)
async def check_domicile(
    request: Request,
    person_id: UUID,
    values: forms.DomicileForm,
    reader: Reader = requires("intake.check"),
    store: Store = Depends(get_store),
) -> Said:
    """First check."""
    return said(await commands.check_domicile(store, command(request, reader), str(person_id), values))


@router.post("/people/{person_id}/checks/status", status_code=201)
async def check_status(
    request: Request,
    person_id: UUID,
    values: forms.StatusForm,
    reader: Reader = requires("intake.check"),
    store: Store = Depends(get_store),
) -> Said:
    """Second check."""
    return said(await commands.check_status(store, command(request, reader), str(person_id), values))


@router.post("/people/{person_id}/checks/measures", status_code=201)
async def check_measures(
    request: Request,
    person_id: UUID,
    values: forms.MeasuresForm,
    reader: Reader = requires("intake.check"),
    store: Store = Depends(get_store),
) -> Said:
    """Third check."""
    return said(await commands.check_measures(store, command(request, reader), str(person_id), values))


@router.post("/people/{person_id}/interviews", status_code=201)
async def hold_interview(
    request: Request,
    person_id: UUID,
    values: forms.InterviewForm,
    reader: Reader = requires("intake.interview"),
    store: Store = Depends(get_store),
) -> Said:
    """An interview."""
    return said(await commands.hold_interview(store, command(request, reader), str(person_id), values))


@router.post("/people/{person_id}/charge", status_code=201)
async def take_in_charge(
    request: Request,
    person_id: UUID,
    values: forms.ChargeForm,
    reader: Reader = requires("intake.charge"),
    store: Store = Depends(get_store),
) -> Said:
    """Taken in charge."""
    managers = tuple(case_managers(reader))
    return said(await commands.take_in_charge(store, command(request, reader), str(person_id), values, managers))


@router.post("/people/{person_id}/plans", status_code=201)
async def agree_plan(
    request: Request,
    person_id: UUID,
    values: forms.PlanForm,
    reader: Reader = requires("intake.plan"),
    store: Store = Depends(get_store),
) -> Said:
    """A plan."""
    return said(await commands.agree_plan(store, command(request, reader), str(person_id), values))


@router.post("/people/{person_id}/closure", status_code=201)
async def close(
    request: Request,
    person_id: UUID,
    values: forms.CloseForm,
    reader: Reader = requires("intake.close"),
    store: Store = Depends(get_store),
) -> Said:
    """Closure."""
    return said(await commands.close(store, command(request, reader), str(person_id), values))


@router.post("/people/{person_id}/corrections/{fact_id}", status_code=201)
async def correct(
    request: Request,
    person_id: UUID,
    fact_id: UUID,
    values: forms.CorrectForm,
    reader: Reader = requires("intake.correct"),
    store: Store = Depends(get_store),
) -> Said:
    """A fact was wrong."""
    managers = tuple(case_managers(reader))
    outcome = await commands.correct_fact(
        store, command(request, reader), str(person_id), str(fact_id), values, managers
    )
    return said(outcome)
