"""Pathways: the list, and one pathway through all services in the order of the log, also as of a past day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from services.reporting import labels, timeline
from services.reporting.pages.common import HOME, AsOf, Blank, Formato, PageNumber, StoreOf, instant_of, words
from services.reporting.views import fold_pathway, fold_placement, queries
from services.reporting.views.folds import PLACEMENTS
from services.reporting.views.queries import Filter, Placed
from shared import clock
from shared.corrections import effective
from shared.envelope import Recorded
from shared.events.base import Code, Correction, Id
from shared.events.intake import AgeBand, Channel, District, Sex
from shared.projection import Row
from shared.web.exports import Column, export
from shared.web.formats import day
from shared.web.labels import AGE_BANDS, CHANNELS, CONTRACTS, DISTRICTS, OUTCOMES, READINESS, SEXES
from shared.web.pages import page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
Follower = Annotated[Reader, requires("reporting.pathway")]
PersonId = Annotated[Id, Path(description="La persona.")]
Day = Annotated[date | None, Query(), Blank]
PAGE = 50
COLUMNS = (
    Column("person_id", "Persona", "person"),
    Column("status", "Situazione", labels=labels.STATUSES),
    Column("district", "Distretto", labels=labels.DISTRICT_LABELS),
    Column("channel", "Canale", labels=CHANNELS),
    Column("registered_on", "Iscrizione", "date"),
    Column("first_interview_on", "Primo colloquio", "date"),
    Column("charged_on", "In carico dal", "date"),
    Column("readiness", "Valutazione", labels=READINESS),
    Column("first_placement_on", "Primo inserimento", "date"),
    Column("last_title", "Ultimo fatto"),
    Column("last_on", "del", "date"),
)
EXPORT_COLUMNS = (
    *COLUMNS[:3],
    Column("union_code", "Unione di comuni", labels=labels.UNION_LABELS),
    Column("in_capital", "Domicilio a Bologna", "bool"),
    Column("sex", "Sesso", labels=SEXES),
    Column("age_band", "Età", labels=AGE_BANDS),
    *COLUMNS[3:7],
    Column("case_manager_name", "Operatore di riferimento"),
    *COLUMNS[7:],
    Column("closed_on", "Chiusura", "date"),
    Column("outcome", "Esito", labels=OUTCOMES),
)
STORY_COLUMNS = (
    Column("on", "Data del fatto", "date"),
    Column("at", "Registrato", "instant"),
    Column("service", "Servizio", labels=labels.SERVICES),
    Column("title", "Fatto"),
    Column("text", "Dettagli"),
    Column("by", "Registrato da"),
    Column("struck", "Corretto", "bool"),
    Column("correction", "Correzione"),
    Column("place", "Posizione nel registro"),
)
PLACEMENT_COLUMNS = (
    Column("started_on", "Inizio", "date"),
    Column("contract", "Contratto", labels=CONTRACTS),
    Column("company", "Azienda"),
    Column("ends_on", "Ultimo giorno", "date"),
    Column("extensions", "Proroghe", "int"),
    Column("ended_on", "Fine", "date"),
    Column("end_reason", "Motivo", labels=labels.END_REASONS),
)


def wanted(
    district: Annotated[District | None, Query(), Blank] = None,
    union: Annotated[Code | None, Query(), Blank] = None,
    status: Annotated[Literal["registered", "in_charge", "closed"] | None, Query(), Blank] = None,
    sex: Annotated[Sex | None, Query(), Blank] = None,
    age_band: Annotated[AgeBand | None, Query(), Blank] = None,
    channel: Annotated[Channel | None, Query(), Blank] = None,
    readiness: Annotated[Literal["ready", "to_train"] | None, Query(), Blank] = None,
    case_manager: Annotated[Code | None, Query(), Blank] = None,
    placed: Annotated[Placed | None, Query(), Blank] = None,
    registered_from: Day = None,
    registered_to: Day = None,
    person: Annotated[list[Id] | None, Query(max_length=200)] = None,
) -> Filter:
    """The filters of the list."""
    return Filter(
        district, union, status, sex, age_band, channel, readiness, case_manager, placed, registered_from,
        registered_to, tuple(person or ()),
    )  # fmt: skip


Wanted = Annotated[Filter, Depends(wanted)]


def _titled(rows: Sequence[Row], name_of: Any) -> list[Row]:
    return [
        row
        | {
            "last_title": timeline.fact_title(row["last_type"]) if row["last_type"] else "",
            "case_manager_name": name_of(row["case_manager"]) if row["case_manager"] else "",
        }
        for row in rows
    ]


@router.get("/percorsi")
async def pathways(request: Request, store: StoreOf, _: Follower, chosen: Wanted, number: PageNumber = 1) -> Response:
    """The pathways that fit, those in which something happened last first."""
    async with store.read() as reading:
        rows, total = await queries.pathways(reading, chosen, limit=PAGE, offset=(number - 1) * PAGE)
        faulty = reading.faulty()
    return page(
        request, "reporting/pathways.html", title="Percorsi", rows=_titled(rows, store.name_of), columns=COLUMNS,
        total=total, number=number, pages=max(1, -(-total // PAGE)), values=asdict(chosen),
        persons_chosen=chosen.persons,
        districts=DISTRICTS, unions=labels.UNION_LABELS, sexes=SEXES, ages=AGE_BANDS, channels=CHANNELS,
        readiness=READINESS, statuses={k: v for k, v in labels.STATUSES.items() if k != "unknown"},
        placed={"yes": "Con almeno un inserimento", "no": "Senza inserimenti"}, faulty=faulty,
    )  # fmt: skip


@router.get("/percorsi/export")
async def export_pathways(request: Request, store: StoreOf, _: Follower, chosen: Wanted, formato: Formato) -> Response:
    """The same list, whole, as a file."""
    async with store.read() as reading:
        rows, _total = await queries.pathways(reading, chosen)
    return await export(request, "percorsi", EXPORT_COLUMNS, _titled(rows, store.name_of), formato)


@router.get("/percorsi/{person_id}")
async def pathway(request: Request, store: StoreOf, _: Follower, person_id: PersonId, al: AsOf = None) -> Response:
    """One pathway, with everything recorded by the end of the day `al`; who stood under another id is there."""
    async with store.read() as reading:
        root = await queries.stands_under(reading, person_id, instant_of(al) if al else None)
    if root != person_id:
        return RedirectResponse(f"{HOME}/percorsi/{root}" + (f"?al={al}" if al else ""), 303)
    entries, facts, things = await _story(store, person_id, al)
    row, placements = state(facts, person_id)
    return page(
        request, "reporting/pathway.html", title="Percorso", person_id=person_id, entries=entries, al=al, row=row,
        services=labels.SERVICES, summary=_summary(row, store.name_of) if row else (),
        placements=[p | {"company": timeline.thing(p["company_id"], things.get(p["company_id"]))} for p in placements],
        placement_columns=PLACEMENT_COLUMNS, values={"al": al}, max_day=clock.today(),
        trail=(("Percorsi", f"{HOME}/percorsi"),), query=f"?al={al}" if al else "",
    )  # fmt: skip


@router.get("/percorsi/{person_id}/export")
async def export_pathway(
    request: Request, store: StoreOf, _: Follower, person_id: PersonId, formato: Formato, al: AsOf = None
) -> Response:
    """The timeline as a file."""
    entries, _facts, _things = await _story(store, person_id, al)
    return await export(request, "percorso", STORY_COLUMNS, [asdict(entry) for entry in entries], formato)


async def _story(store: StoreOf, person_id: str, al: date | None) -> tuple[list[Any], list[Recorded], dict[str, Row]]:
    as_of = instant_of(al) if al else None
    async with store.read() as reading:
        facts = await queries.story(reading, person_id, as_of)
        if not facts and not (al and await queries.story(reading, person_id)):
            raise Problem(404, "unknown_pathway", "Di questo percorso non è arrivato ancora nulla.")
        things = await queries.things(reading, sorted(timeline.things_in(facts)))
    return timeline.entries(facts, words(store, things)), facts, things


def state(facts: Sequence[Recorded], person_id: str | None = None) -> tuple[Row | None, list[Row]]:
    """The pathway's row and its placements as these facts say: the same folds as the views, up to any instant. The
    facts may be of joined people: the row is that of `person_id`, with the first interview and placement of all."""
    rows: dict[str, Row | None] = {}
    placements: dict[str, Row | None] = {}
    for fact in effective(facts):
        if isinstance(fact.event, Correction) or fact.event.TOPIC != "pathway":
            continue
        rows[fact.meta.subject] = fold_pathway(rows.get(fact.meta.subject), fact.event, fact.meta)
        if isinstance(fact.event, PLACEMENTS.hears):
            key = PLACEMENTS.key(fact.event) or ""
            placements[key] = fold_placement(placements.get(key), fact.event, fact.meta)
    row = rows.get(person_id) if person_id else next(iter(rows.values()), None)
    if row is not None:
        for name, of in (("first_interview_on", min), ("first_placement_on", min), ("last_placement_on", max)):
            known = [other[name] for other in rows.values() if other and other[name]]
            row = row | {name: of(known, default=None)}
    return row, [placement for placement in placements.values() if placement]


def _summary(row: Row, name_of: Any) -> list[tuple[str, str]]:
    pairs = [
        ("Situazione", labels.STATUSES[row["status"]]),
        ("Distretto", labels.DISTRICT_LABELS.get(row["district"] or "", "")),
        ("Unione di comuni", labels.UNION_LABELS.get(row["union_code"] or "none", "")),
        ("Canale", CHANNELS.get(row["channel"] or "", "")),
        ("Iscrizione", day(row["registered_on"])),
        ("Primo colloquio", day(row["first_interview_on"])),
        ("In carico dal", day(row["charged_on"])),
        ("Operatore di riferimento", name_of(row["case_manager"]) if row["case_manager"] else ""),
        ("Valutazione", READINESS.get(row["readiness"] or "", "")),
        ("Primo inserimento", day(row["first_placement_on"])),
    ]
    if row["first_interview_on"] and row["first_placement_on"]:
        wait = (row["first_placement_on"] - row["first_interview_on"]).days
        if wait >= 0:
            pairs.append(("Attesa dal primo colloquio", f"{wait} giorni"))
    if row["outcome"]:
        pairs.append(("Chiusura", f"{day(row['closed_on'])}: {OUTCOMES[row['outcome']]}"))
    return pairs
