"""Breaking the glass: the form that opens a person outside one's scope, and the openings as the data protection officer
looks at them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake import doors
from services.intake.commands import emergency as commands
from services.intake.domain import parameter
from services.intake.forms.emergency import EmergencyForm
from services.intake.pages.acts import TO_PERSON, person_act
from services.intake.pages.exporting import Filing, filing, list_file
from services.intake.views.emergencies import emergencies
from shared import clock
from shared.decisions import Refused
from shared.store import Command, Outcome, Store
from shared.web.acts import Act, Ids, page_routes
from shared.web.app import get_store, name_of
from shared.web.desk_labels import EMERGENCY_REASONS
from shared.web.exports import EXPORTED_AT_MOST
from shared.web.pages import Column, Errors, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
PER_PAGE = 50
COLUMNS = (
    Column("person_id", "Persona", "person"),
    Column("opened_by", "Aperta da"),
    Column("opened_at", "Quando", "instant"),
    Column("until", "Fino a", "instant"),
    Column("reason", "Perché", labels=EMERGENCY_REASONS),
    Column("followed_by", "Chi la segue"),
    Column("seen_on", "Esaminata il", "date"),
    Column("examined_by", "Esaminata da"),
)
"""What a file has of an opening. What somebody wrote of the motive stays on the page."""


async def _form(
    request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused | None = None
) -> Response:
    person_id = ids["person_id"]
    if not await store.version(person_id):
        raise Problem(404, "no_person", "Questa persona non è iscritta.")
    return page(
        request, "intake/emergency.html", title="Apri in emergenza", errors=errors, id=person_id,
        reasons=EMERGENCY_REASONS, hours=parameter("emergency_hours", clock.today()),
    )  # fmt: skip


@router.get("/persone/{person_id}/emergenza")
async def ask(
    request: Request,
    person_id: UUID,
    reader: Reader = requires("intake.break_glass"),
    store: Store = Depends(get_store),
) -> Response:
    """The form: it says nothing of the person."""
    return await _form(request, store, reader, {"person_id": str(person_id)})


async def _open(store: Store, by: Command, person_id: str, values: EmergencyForm) -> Outcome:
    # Whatever was recorded meanwhile changes nothing of the motive.
    return await commands.open_in_emergency(store, replace(by, shown=None), person_id, values)


async def _seen(store: Store, by: Command, person_id: str, emergency_id: str) -> Outcome:
    return await commands.review_emergency(store, replace(by, shown=None), person_id, emergency_id)


OPENING = (
    person_act("Apre in emergenza una persona che non si segue", "intake.break_glass", "emergenza", "emergencies",
               _open, EmergencyForm, to=TO_PERSON),
)  # fmt: skip
REVIEWING = (
    Act(words="Segna esaminata un'apertura in emergenza", action="intake.accesses", run=_seen, to="/intake/emergenze",
        page="/emergenze/{person_id}/{emergency_id}/esaminata",
        api="/people/{person_id}/emergencies/{emergency_id}/review"),
)  # fmt: skip
page_routes(router, OPENING, _form)
ACTS = OPENING + REVIEWING


async def _list(
    request: Request, store: Store, reader: Reader, number: int, errors: Errors | Refused | None = None
) -> Response:
    async with store.read() as reading:
        rows, total = await emergencies(reading, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
    async with store.engine.begin() as conn:
        said = await store.vault.read_many(conn, [row["motive"] for row in rows])
        subjects = sorted({row["person_id"] for row in rows if row["motive"] in said})
        await doors.log_access(conn, reader, "view", "intake.accesses", subjects, ("motive",))
    shown: list[dict[str, Any]] = [
        row | {"words": said.get(row["motive"], {}).get("text", "testo cancellato")} for row in rows
    ]
    return page(
        request, "intake/emergencies.html", title="Aperture in emergenza", errors=errors, rows=shown, total=total,
        number=number, count=-(-total // PER_PAGE), reasons=EMERGENCY_REASONS, name_of=name_of, now=clock.now(),
        columns=COLUMNS,
    )  # fmt: skip


@router.get("/emergenze")
async def opened(
    request: Request,
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
    reader: Reader = requires("intake.accesses"),
    store: Store = Depends(get_store),
) -> Response:
    """All of them, those that nobody has looked at first."""
    return await _list(request, store, reader, number)


@router.get("/emergenze/esporta")
async def opened_file(out: Filing = filing("intake.accesses")) -> Response:
    """The same list as a file."""
    async with out.store.read() as reading:
        rows, _ = await emergencies(reading, limit=EXPORTED_AT_MOST)
    who = {"opened_by": "account", "followed_by": "case_manager", "examined_by": "seen_by"}
    shown = [row | {key: name_of(row[of]) if row[of] else "" for key, of in who.items()} for row in rows]
    return await list_file(out, "aperture-in-emergenza", COLUMNS, shown)


async def _again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _list(request, store, reader, 1, errors)


page_routes(router, REVIEWING, _again)
