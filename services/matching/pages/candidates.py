"""Candidates: who waits longest stands first; and one candidate with all that was proposed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, get_args

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.matching import commands, domain, labels, views
from services.matching.commands.forms import CorrectionForm, PlacementForm
from services.matching.pages.common import (
    Blank,
    FileFormat,
    Of,
    OnlyOf,
    PageNumber,
    StoreOf,
    Wrong,
    submit,
    told,
    vacancy_rows,
    with_companies,
)
from services.matching.pages.companies import directory
from services.matching.pages.lists import CANDIDATE, PLACEMENT, PROPOSAL_FILE, candidate_rows
from services.matching.views import CANDIDATES, PAGE_SIZE, VACANCIES
from shared import clock, territory
from shared.events.base import Id
from shared.events.intake import AgeBand, District, Sex
from shared.projection import Reading, Row
from shared.projection.aliases import root_of
from shared.store import Store
from shared.web.app import name_of
from shared.web.pages import export, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
FINE = dict.fromkeys(
    (
        *("birth_year", "quartiere", "commute_minutes", "own_vehicle", "licences", "languages"),
        *("may_work_until", "may_work", "work_limit"),
    )
)
"""The fine attributes that the page shows, none of them known."""
Viewer = Annotated[Reader, requires("matching.view")]
Situation = Literal["waiting", "working", "in_charge", "closed"]
assert set(get_args(Situation)) == set(labels.SITUATIONS)


def wanted(
    situation: Annotated[Situation | None, Blank] = None,
    district: Annotated[District | None, Blank] = None,
    readiness: Annotated[Literal["ready", "to_train"] | None, Blank] = None,
    age_band: Annotated[AgeBand | None, Blank] = None,
    sex: Annotated[Sex | None, Blank] = None,
    persons: Annotated[tuple[Id, ...], Query(max_length=200)] = (),
) -> views.CandidateFilter:
    """The filters of the address."""
    return views.CandidateFilter(
        situation=situation or "waiting", district=district, readiness=readiness, age_band=age_band, sex=sex,
        persons=persons,
    )  # fmt: skip


Wanted = Annotated[views.CandidateFilter, Depends(wanted)]


@router.get("/candidati")
async def candidates(
    request: Request, store: StoreOf, reader: Viewer, chosen: Wanted, number: PageNumber = 1
) -> Response:
    """The list of candidates."""
    on = clock.today()
    async with store.read() as reading:
        found = await views.candidates(reading, chosen, on, number)
    return page(
        request, "matching/candidates.html", title="Candidati", labels=labels, columns=CANDIDATE, chosen=chosen,
        rows=candidate_rows(found.rows, on), total=found.total, number=number, pages=-(-found.total // PAGE_SIZE),
    )  # fmt: skip


@router.get("/candidati/esporta")
async def candidates_file(
    request: Request,
    store: StoreOf,
    reader: Annotated[Reader, requires("matching.export")],
    chosen: Wanted,
    formato: FileFormat = "csv",
) -> Response:
    """The same list as a file."""
    on = clock.today()
    async with store.read() as reading:
        found = await views.candidates(reading, chosen, on, None)
    return await export(request, "candidati", CANDIDATE, candidate_rows(found.rows, on), formato)


async def _jobs(reading: Reading, proposals: Sequence[Row]) -> dict[str, str]:
    """Vacancy -> what one would work as there."""
    jobs = {}
    for one in proposals:
        if vacancy := await reading.row(VACANCIES, one["vacancy_id"]):
            jobs[one["vacancy_id"]] = labels.occupation(vacancy["occupation"])
    return jobs


@router.get("/proposte/esporta")
async def proposals_file(
    request: Request,
    store: StoreOf,
    reader: Annotated[Reader, requires("matching.export")],
    person_id: OnlyOf = None,
    vacancy_id: OnlyOf = None,
    formato: FileFormat = "csv",
) -> Response:
    """The proposals of a candidate's or a vacancy's page as a file; without either those of the day's page, to be
    chased."""
    on = clock.today()
    async with store.read() as reading:
        if person_id is not None or vacancy_id is not None:
            found = await views.proposals(reading, person_id=person_id, vacancy_id=vacancy_id)
        else:
            found = await views.unanswered(reading, on, domain.parameter("unanswered_days", on))
        jobs = await _jobs(reading, found)
        rows = [row | {"job": jobs.get(row["vacancy_id"], "")} for row in await with_companies(store, reading, found)]
    return await export(request, "proposte", PROPOSAL_FILE, rows, formato)


def _municipality(code: object) -> str:
    if not code:
        return ""
    if code == "outside":
        return "fuori dalla Città metropolitana"
    return territory.municipality(str(code)).name if territory.is_metropolitan(str(code)) else str(code)


async def show(request: Request, store: Store, person_id: str, errors: Wrong = None) -> Response:
    """One candidate with proposals, placements, story, and the form for a placement without a vacancy."""
    on = clock.today()
    recorded = await store.history(person_id)
    async with store.read() as reading:
        table = views.people(reading)
        found = await reading.rows(sa.select(table).where(table.c.person_id == person_id))
        row = found[0] if found else await reading.row(CANDIDATES, person_id)
        if row is None:
            raise Problem(404, "no_candidate", "Questa persona non risulta iscritta al programma.")
        proposals = await with_companies(store, reading, await views.proposals(reading, person_id=person_id))
        jobs = await _jobs(reading, proposals)
        placements = await views.placements(reading, on, state="all", person_id=person_id, page=None)
        placed = await with_companies(store, reading, placements.rows)
        open_now = await vacancy_rows(store, reading, (await views.vacancies(reading, on, page=None)).rows)
        profile = await reading.profile(person_id)
        companies = await directory(store, reading)
    since = row["first_interview_on"] or row["in_charge_since"]
    return page(
        request, "matching/candidate.html", title=f"Candidato {person_id[:8]}", errors=errors, labels=labels,
        trail=(("Candidati", "/matching/candidati"),), id=person_id, row=row, on=on, proposals=proposals, jobs=jobs,
        placements=placed, placement_columns=PLACEMENT, proposal_columns=PROPOSAL_FILE, open_vacancies=open_now,
        profile=FINE | (profile or {}),
        quartieri=territory.QUARTIERI,
        municipality=_municipality((profile or {}).get("municipality")), since=since,
        waiting=(on - since).days if since else None,
        at_work=row["works_until"] is not None and row["works_until"] >= on,
        manager=name_of(row["case_manager"]) if row["case_manager"] else "",
        shown=recorded[-1].meta.version if recorded else 0, facts=told(recorded),
        companies={one["company_id"]: one["name"] for one in companies},
    )  # fmt: skip


@router.get("/candidati/{person_id}")
async def candidate(request: Request, store: StoreOf, reader: Viewer, person_id: Of) -> Response:
    """The candidate's page; who was joined to another is on the other's."""
    async with store.read() as reading:
        root = await root_of(reading, person_id)
    if root != person_id:
        return RedirectResponse(f"/matching/candidati/{root}", 303)
    return await show(request, store, person_id)


@router.post("/candidati/{person_id}/inserimenti")
async def place(
    request: Request, store: StoreOf, reader: Annotated[Reader, requires("matching.place")], person_id: Of
) -> Response:
    """A contract began, without a vacancy."""
    return await submit(
        request, reader, PlacementForm,
        lambda command, values: commands.start_placement(store, command, person_id, values),
        to=lambda _: f"/matching/candidati/{person_id}",
        again=lambda errors: show(request, store, person_id, errors),
    )  # fmt: skip


@router.post("/candidati/{person_id}/correggi/{fact_id}")
async def correct(
    request: Request,
    store: StoreOf,
    reader: Annotated[Reader, requires("matching.correct")],
    person_id: Of,
    fact_id: Of,
) -> Response:
    """A fact of matching about the person was wrong."""
    return await submit(
        request, reader, CorrectionForm,
        lambda command, values: commands.correct_person(store, command, person_id, fact_id, values),
        to=lambda _: f"/matching/candidati/{person_id}#storia",
        again=lambda errors: show(request, store, person_id, errors),
    )  # fmt: skip
