"""The page of a person's checks: why each went as it did, what the Region says, and the forms to do them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.intake import commands, doors, forms, labels
from services.intake.domain import CHECKS, Person, measures_on, parameter, person_stream
from services.intake.domain.checks import to_repeat
from services.intake.domain.parameters import in_force
from services.intake.explaining import RULES, Explanation, explain
from services.intake.pages.acts import TO_PERSON, person_act
from services.intake.pages.exporting import Filing, filing, list_file
from services.intake.pages.person import profile
from services.intake.views import watched
from shared import clock, territory
from shared.corrections import effective
from shared.decisions import Refused
from shared.envelope import Recorded
from shared.events.intake import EligibilityChecked
from shared.store import Store
from shared.store.unit import fold
from shared.web.acts import Ids, page_routes
from shared.web.app import get_store
from shared.web.pages import Column, Errors, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
AGAIN = (
    Column("person_id", "Persona", "person"),
    Column("check", "Verifica", labels=labels.CHECKS),
    Column("why", "Perché", labels=labels.REPEAT),
)


@dataclass(frozen=True)
class Card:
    """One check as the page shows it; without a fact it is still to do."""

    name: str
    rule: str
    fact: EligibilityChecked | None = None
    told: Explanation | None = None
    repeat: str | None = None


async def cards(store: Store, person: Person, recorded: list[Recorded], today: date) -> list[Card]:
    """The latest of each check of this episode, explained with what the vault still keeps of it."""
    facts: dict[str, EligibilityChecked] = {}
    for fact in effective(recorded):
        if fact.event.TYPE == "intake.person-registered":
            facts = {}
        if isinstance(fact.event, EligibilityChecked):
            facts[fact.event.check] = fact.event
    references = [each.details for each in facts.values() if each.details]
    kept: dict[str, dict[str, Any]] = {}
    if references:
        async with store.engine.connect() as conn:
            kept = await store.vault.read_many(conn, references)
    again = to_repeat(person, today)
    found = []
    for name in CHECKS:
        one = facts.get(name)
        told = explain(one, kept.get(one.details or "", {}), today) if one else None
        why = again.get(name)
        found.append(Card(name, RULES[name], one, told, labels.REPEAT[why] if why else None))
    return found


async def person_name(store: Store, reader: Reader, person_id: str, also: str) -> str:
    """How a page about the person is headed; the access log says what `also` is on it."""
    found = await doors.identities(
        store, reader, [person_id], action="view", purpose="intake.view", fields=("name", also)
    )
    return doors.full_name(found[person_id]) if person_id in found else "Persona senza dati identificativi"


async def _page(
    request: Request, store: Store, reader: Reader, person_id: str, errors: Errors | Refused | None = None
) -> Response:
    recorded = await store.history(person_id)
    if not recorded:
        raise Problem(404, "no_person", "Questa persona non è iscritta.")
    on = clock.today()
    person = fold(person_stream(person_id), recorded)
    known = await profile(store, person_id)
    shown = await cards(store, person, recorded, on)
    notice = in_force("refusal_notice_days", on)
    return page(
        request, "intake/checks.html", title="Verifiche di ammissibilità", errors=errors, labels=labels,
        id=person_id, name=await person_name(store, reader, person_id, "checks"), person=person, cards=shown, on=on,
        shown=recorded[-1].meta.version, profile=known,
        trail=(("Persone", "/intake/persone"), ("Scheda", f"/intake/persone/{person_id}")),
        measures={code: labels.MEASURES.get(code, code) for code in measures_on(on)}, verdicts=measures_on(on),
        reports=sorted(person.target.reports.values(), key=lambda r: r.since, reverse=True),
        thresholds=[in_force(n, on) for n in ("income_employee_cents", "income_own_cents", "suspension_days")],
        notice_days=notice.value, capital=territory.CAPITAL, next_act=_next(shown),
    )  # fmt: skip


def _next(found: list[Card]) -> str:
    paths = {"domicile": "domicilio", "status": "stato", "measures": "misure"}
    return next((paths[card.name] for card in found if card.fact is None or card.repeat), "")


@router.get("/persone/{person_id}/verifiche")
async def checks(
    request: Request,
    person_id: UUID,
    reader: Reader = requires("intake.view"),
    store: Store = Depends(get_store),
) -> Response:
    """The three checks, explained, and the forms to do them."""
    return await _page(request, store, reader, str(person_id))


async def _again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _page(request, store, reader, ids["person_id"], errors)


HERE = f"{TO_PERSON}/verifiche"
ACTS = (
    person_act("Verifica il domicilio", "intake.check", "verifiche/domicilio", "checks/domicile",
               commands.check_domicile, forms.DomicileForm, to=HERE),
    person_act("Verifica lo stato occupazionale", "intake.check", "verifiche/stato", "checks/status",
               commands.check_status, forms.StatusForm, to=HERE),
    person_act("Verifica le altre misure", "intake.check", "verifiche/misure", "checks/measures",
               commands.check_measures, forms.MeasuresForm, to=HERE),
    person_act("Registra il preavviso di rigetto", "intake.close", "verifiche/preavviso", "refusal-notices",
               commands.notice_refusal, forms.NoticeForm, to=HERE),
)  # fmt: skip
page_routes(router, ACTS, _again)


@router.get("/verifiche")
async def to_do_again(
    request: Request, reader: Reader = requires("intake.check"), store: Store = Depends(get_store)
) -> Response:
    """Whose checks have to be done again today, and why."""
    return page(
        request, "intake/checks_again.html", title="Verifiche da ripetere", labels=labels,
        rows=await _again_today(store), share=parameter("sample_share_percent", clock.today()), columns=AGAIN,
    )  # fmt: skip


async def _again_today(store: Store) -> list[dict[str, Any]]:
    on = clock.today()
    async with store.read() as reading:
        people = await watched(reading)
    rows = []
    for person_id in people:
        person, _ = await store.state(person_stream(person_id))
        rows += [{"person_id": person_id, "check": check, "why": why} for check, why in to_repeat(person, on).items()]
    return rows


@router.get("/verifiche/esporta")
async def to_do_again_file(out: Filing = filing("intake.check")) -> Response:
    """The same list as a file."""
    rows = await _again_today(out.store)
    return await list_file(out, "verifiche-da-ripetere", AGAIN, rows)
