"""The form of a new project: of a person in charge, or of a social enterprise."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from services.enterprise import commands, labels, views
from services.enterprise.pages.common import HOME, StoreOf, titled
from shared import clock
from shared.decisions import Refused
from shared.events.base import Id
from shared.events.enterprise import ProjectSubmitted
from shared.store import Store
from shared.web.app import command
from shared.web.forms import Errors, form
from shared.web.pages import done, page
from shared.web.readers import Reader, requires

router = APIRouter()
Submitter = Annotated[Reader, requires("enterprise.submit")]


@router.get("/projects/new")
async def new_project(request: Request, store: StoreOf, _: Submitter, person: Id | None = None) -> Response:
    """The form; with `?person=` for that person, without for a social enterprise."""
    return await _form(request, store, person, None)


async def _form(request: Request, store: Store, person: str | None, errors: Errors | Refused | None) -> HTMLResponse:
    found: dict[str, Any] | None = None
    others: list[dict[str, Any]] = []
    known: dict[str, str] = {}
    async with store.read() as reading:
        if person:
            found = await reading.row(views.PEOPLE, person)
            others = await titled(store, reading, await views.projects(reading, person_id=person))
        else:
            cards = await views.organisations(reading)
            texts = await store.vault.read_many(reading.conn, list(cards.values())) if cards else {}
            names = {key: texts[card]["organisation"] for key, card in cards.items() if card in texts}
            known = dict(sorted(names.items(), key=lambda item: str(item[1]).casefold()))
    return page(
        request, "enterprise/new.html", title="Nuovo progetto", errors=errors, person_id=person, found=found,
        others=others, known=known, kinds=labels.KINDS, sectors=labels.SECTORS, statuses=labels.STATUSES,
        values={"on": clock.today(), "kind": "self_employment" if person else "social_innovation", "jobs": 1},
    )  # fmt: skip


@router.post("/projects")
async def submit(request: Request, store: StoreOf, reader: Submitter) -> Response:
    """Registers it."""
    values = await form(request, commands.ProjectForm)
    if isinstance(values, Errors):
        return await _form(request, store, values.values.get("person_id") or None, values)
    outcome = await commands.submit_project(store, command(request, reader), values)
    if isinstance(outcome, Refused):
        return await _form(request, store, values.person_id, outcome)
    fact = next(r.event for r in outcome.events if isinstance(r.event, ProjectSubmitted))
    return done(request, outcome, to=f"{HOME}/projects/{fact.project_id}")
