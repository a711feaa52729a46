"""'Oggi', which is what somebody with a queue wants first, and the list of people with filters."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake import doors, labels, views
from services.intake.domain import parameter
from services.intake.pages.exporting import Filing, filing, list_file
from services.intake.scopes import in_scope
from services.intake.views.emergencies import emergencies_of
from shared import clock
from shared.projection import Row
from shared.store import Store
from shared.web.app import get_store, name_of
from shared.web.desk_labels import EMERGENCY_REASONS
from shared.web.exports import EXPORTED_AT_MOST
from shared.web.pages import Column, page
from shared.web.readers import Reader, may, requires, scope_of
from shared.web.scopes import OWN_DISTRICT

router = APIRouter()
PER_PAGE = 50

COLUMNS = (
    Column("person_id", "Persona", "person"),
    Column("stage", "Situazione", labels=labels.STAGES),
    Column("registered_on", "Iscritta il", "date"),
    Column("channel", "Canale", labels=labels.CHANNELS),
    Column("district", "Distretto", labels=labels.DISTRICTS),
    Column("age_band", "Età", labels=labels.AGE_BANDS),
    Column("first_contact_on", "Primo contatto", "date"),
    Column("first_interview_on", "Primo colloquio", "date"),
    Column("in_charge_on", "In carico dal", "date"),
    Column("manager", "Operatore"),
    Column("readiness", "Valutazione", labels=labels.READINESS),
    Column("recall_on", "Da richiamare il", "date"),
    Column("next_due_on", "Prossima scadenza del piano", "date"),
    Column("review_on", "Piano da rivedere il", "date"),
    Column("suspended_until", "Sospesa fino al", "date"),
    Column("unreachable_on", "Irreperibile dal", "date"),
    Column("last_on", "Ultimo fatto", "date"),
    Column("closed_on", "Chiusa il", "date"),
    Column("outcome", "Esito", labels=labels.OUTCOMES),
)
SHOWN = (
    "person_id", "stage", "registered_on", "district", "age_band", "in_charge_on", "manager", "next_due_on", "last_on",
    "outcome",
)  # fmt: skip
"""What fits on a page; the file has all."""
FILED = tuple("case_manager" if column.key == "manager" else column.key for column in COLUMNS)
"""What the file reads of a row."""
QUEUES: dict[str, tuple[str, str, str]] = {
    "to_meet": ("Da incontrare oggi", "day", "Nessun appuntamento oggi."),
    "to_call": ("Da richiamare", "recall_on", "Nessuno da richiamare."),
    "due": ("Azioni del piano scadute", "next_due_on", "Nessuna azione del piano è scaduta."),
    "review": ("Piani da rivedere", "review_on", "Nessun piano da rivedere."),
    "suspension_over": ("Sospensioni da rivedere", "suspended_until", "Nessuna sospensione oltre la fine prevista."),
    "permits": ("Permessi in scadenza", "expires_on", "Nessun permesso di soggiorno in scadenza."),
    "silent": ("Ferme da tempo", "last_on", "Nessuna persona in carico è ferma da tempo."),
    "unreachable": ("Irreperibili", "unreachable_on", "Nessuna persona irreperibile."),
    "to_plan": ("In carico, senza piano", "in_charge_on", "Ogni persona in carico ha un piano."),
    "late_contact": ("Primo contatto in ritardo", "registered_on", "Nessun primo contatto in ritardo."),
    "to_contact": ("Da contattare", "registered_on", "Nessuna persona aspetta il primo contatto."),
    "to_interview": ("Da colloquiare", "registered_on", "Nessun colloquio da fare."),
    "to_decide": ("Da decidere", "last_on", "Nessuna decisione in sospeso."),
    "recently_closed": ("Chiusi di recente", "closed_on", "Nessun percorso chiuso di recente."),
}
ALL = {
    "to_call": "flag=recall", "due": "flag=overdue", "review": "flag=review", "silent": "flag=silent",
    "suspension_over": "flag=suspension_over", "unreachable": "flag=unreachable", "to_plan": "flag=to_plan",
    "late_contact": "flag=late_contact", "to_contact": "stage=to_contact", "to_interview": "stage=to_interview",
    "to_decide": "stage=to_decide", "recently_closed": "stage=closed",
}  # fmt: skip
"""Where the whole of a queue is listed."""
TODAY = (
    Column("queue", "Che cosa"),
    Column("root_id", "Persona", "person"),
    Column("since", "Dal", "date"),
    Column("district", "Distretto", labels=labels.DISTRICTS),
    Column("channel", "Canale", labels=labels.CHANNELS),
    Column("manager", "Operatore"),
)
Whose = Literal["mie", "sportello", "tutte"]
WHOSE: dict[Whose, str] = {"mie": "Le mie", "sportello": "Il mio sportello", "tutte": "Tutte"}


def with_names(rows: list[Row]) -> list[dict[str, Any]]:
    """Rows as the tables show them: the case manager's name instead of the account."""
    return [row | {"manager": name_of(row["case_manager"]) if row["case_manager"] else ""} for row in rows]


def _scope(reader: Reader, whose: Whose, action: str) -> views.Scope:
    inside = partial(in_scope, reader, action)
    if whose == "mie":
        return views.Scope(reader.account, reader.districts, inside)
    return views.Scope(None, reader.districts if whose == "sportello" else (), inside)


@router.get("/")
async def today(
    request: Request,
    vista: Whose | None = None,
    tutti: bool = False,
    reader: Reader = requires("intake.view"),
    store: Store = Depends(get_store),
) -> Response:
    """The day's queues: mine first for who follows people, then the desk's; or all of the desk's, or everybody's."""
    on = clock.today()
    whose, choices = _whose(reader, vista, tutti)
    since = on - timedelta(days=parameter("emergency_notice_days", on))
    async with store.read() as reading:
        queues = await views.worklist(reading, on, _scope(reader, whose, "intake.view"))
        opened = await emergencies_of(reading, reader.account, since) if may(reader, "intake.charge") else []
    for name in ("to_contact", "late_contact"):
        for row in queues[name]["rows"]:
            row["left"] = views.days_left(row["registered_on"], on)
    mine = {name: words for name, words in QUEUES.items() if name in (*views.OF_A_MANAGER, "to_meet", "permits")}
    desk = {name: words for name, words in QUEUES.items() if name not in mine}
    return page(
        request, "intake/today.html", title="Oggi", queues=queues, labels=labels, everything=ALL,
        busy=[name for name, queue in queues.items() if queue["count"]], on=on,
        parts=(("Le mie persone" if whose == "mie" else "Persone seguite", mine), ("Lo sportello", desk)),
        opened=opened, reasons=EMERGENCY_REASONS, whose=whose,
        choices={each: WHOSE[each] for each in choices}, silent=parameter("silent_days", on),
        name_of=name_of, mine=f"&case_manager={reader.account}" if whose == "mie" else "", columns=TODAY,
    )  # fmt: skip


def _whose(reader: Reader, wanted: Whose | None, everybody: bool) -> tuple[Whose, list[Whose]]:
    """Whose queues the reader sees, and between which they can choose."""
    choices = [each for each in WHOSE if each != "mie" or may(reader, "intake.charge")]
    if not reader.districts or scope_of(reader.role, "intake.view") == OWN_DISTRICT:
        choices.remove("sportello")
    return "tutte" if everybody else wanted if wanted in choices else choices[0], choices


@router.get("/oggi/esporta")
async def today_file(
    vista: Whose | None = None, tutti: bool = False, out: Filing = filing("intake.export")
) -> Response:
    """The same queues as a file, each whole."""
    whose, _ = _whose(out.reader, vista, tutti)
    async with out.store.read() as reading:
        queues = await views.worklist(
            reading, clock.today(), _scope(out.reader, whose, "intake.export"), EXPORTED_AT_MOST
        )
    rows = []
    for name, (words, day_of, _) in QUEUES.items():
        for row in queues[name]["rows"]:
            who = row.get("operator") or row.get("case_manager")
            rows.append(
                row | {
                    "queue": words, "root_id": row.get("root_id", row["person_id"]), "since": row[day_of],
                    "manager": name_of(who) if who else "",
                }
            )  # fmt: skip
    return await list_file(out, "oggi", TODAY, rows)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


async def _filters(request: Request, reader: Reader, store: Store, action: str) -> dict[str, Any]:
    query = request.query_params
    vocabularies: dict[str, Any] = {
        "stage": labels.STAGES, "district": labels.DISTRICTS, "channel": labels.CHANNELS, "flag": labels.FLAGS,
        "readiness": labels.READINESS, "outcome": labels.OUTCOMES,
    }  # fmt: skip
    found: dict[str, Any] = {name: query.get(name) for name, known in vocabularies.items() if query.get(name) in known}
    found["case_manager"] = (query.get("case_manager") or "")[:64]
    found["inside"] = partial(in_scope, reader, action)
    found |= {"since": _day(query.get("since", "")), "until": _day(query.get("until", ""))}
    if (words := query.get("q", "").strip()) and may(reader, "intake.find"):
        found["q"] = words[:100]
        found["ids"] = [person["person_id"] for person in await doors.find(store, reader, words[:100])]
    return found


@router.get("/persone")
async def people(
    request: Request,
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    reader: Reader = requires("intake.view"),
    store: Store = Depends(get_store),
) -> Response:
    """The list of people, filtered."""
    filters = await _filters(request, reader, store, "intake.view")
    async with store.read() as reading:
        rows, total = await views.people(reading, filters, limit=PER_PAGE, offset=(number - 1) * PER_PAGE,
                                         today=clock.today())  # fmt: skip
        managers = await views.case_managers(reading)
    return page(
        request, "intake/people.html", title="Persone", rows=with_names(rows), total=total,
        columns=tuple(column for column in COLUMNS if column.key in SHOWN),
        number=number, count=-(-total // PER_PAGE), labels=labels, values=filters,
        managers={account: name_of(account) for account in managers}, query=request.url.query,
    )  # fmt: skip


@router.get("/persone/esporta")
async def people_file(out: Filing = filing("intake.export")) -> Response:
    """The same list as a file."""
    filters = await _filters(out.request, out.reader, out.store, "intake.export")
    async with out.store.read() as reading:
        rows, _ = await views.people(reading, filters, limit=EXPORTED_AT_MOST, today=clock.today(), only=FILED)
    return await list_file(out, "persone", COLUMNS, with_names(rows))
