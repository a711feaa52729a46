"""The page of a person's assessment: fragility, the seven dimensions, the language, ready or to be trained."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.intake import commands, forms, labels
from services.intake.domain import person_stream
from services.intake.domain.assessment import DIMENSIONS
from services.intake.pages.acts import TO_PERSON, person_act
from services.intake.pages.eligibility import person_name
from services.intake.pages.target_cards import balances, languages, present
from services.intake.views import OTHERS
from shared import clock
from shared.decisions import Refused
from shared.envelope import Recorded
from shared.events import intake
from shared.store import Store
from shared.store.unit import fold
from shared.web.acts import Ids, page_routes
from shared.web.app import get_store, name_of
from shared.web.pages import Errors, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()


async def _texts(store: Store, facts: list[Recorded]) -> list[dict[str, Any]]:
    """Findings, assessments and changes, newest first, each with its words where they still exist."""
    wanted: list[tuple[Recorded, str]] = []
    for fact in facts:
        match fact.event:
            case intake.FragilityFound(reasons=ref) | intake.ReadinessChanged(reasons=ref):
                wanted.append((fact, ref))
            case intake.AssessmentConcluded(sheet=ref):
                wanted.append((fact, ref))
            case _:
                pass
    kept: dict[str, dict[str, Any]] = {}
    if wanted:
        async with store.engine.connect() as conn:
            kept = await store.vault.read_many(conn, [ref for _, ref in wanted])
    return [
        {
            "kind": fact.event.TYPE, "event": fact.event, "kept": kept.get(ref, {}), "by": name_of(fact.meta.actor),
            "own": not (isinstance(fact.event, intake.ReadinessChanged) and "levels" in kept.get(ref, {})),
        }
        for fact, ref in reversed(wanted)
    ]  # fmt: skip


async def _page(
    request: Request, store: Store, reader: Reader, person_id: str, errors: Errors | Refused | None = None
) -> Response:
    recorded = await store.history(person_id)
    if not recorded:
        raise Problem(404, "no_person", "Questa persona non è iscritta.")
    async with store.read() as reading:
        others = await reading.row(OTHERS, person_id)
    person, facts = fold(person_stream(person_id), recorded), present(recorded)
    return page(
        request, "intake/assessment.html", title="Valutazione", errors=errors, labels=labels, id=person_id,
        name=await person_name(store, reader, person_id, "assessment"), person=person, on=clock.today(),
        shown=recorded[-1].meta.version, dimensions=DIMENSIONS, history=await _texts(store, facts),
        languages=languages(facts), balances=balances(others),
        trail=(("Persone", "/intake/persone"), ("Scheda", f"/intake/persone/{person_id}")),
    )  # fmt: skip


@router.get("/persone/{person_id}/valutazione")
async def assessment(
    request: Request,
    person_id: UUID,
    reader: Reader = requires("intake.assess"),
    store: Store = Depends(get_store),
) -> Response:
    """What was found and concluded, and the guided forms."""
    return await _page(request, store, reader, str(person_id))


async def _again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _page(request, store, reader, ids["person_id"], errors)


HERE = f"{TO_PERSON}/valutazione"
ACTS = (
    person_act("Accerta la fragilità", "intake.assess", "valutazione/fragilita", "fragility", commands.find_fragility,
               forms.FragilityForm, to=HERE),
    person_act("Conclude la valutazione", "intake.assess", "valutazione/dimensioni", "assessments", commands.assess,
               forms.AssessmentForm, to=HERE),
    person_act("Registra il livello di una lingua", "intake.assess", "valutazione/lingua", "languages",
               commands.assess_language, forms.LanguageForm, to=HERE),
    person_act("Cambia l'esito: pronta o da formare", "intake.assess", "valutazione/esito", "readiness",
               commands.change_readiness, forms.ReadinessForm, to=HERE),
)  # fmt: skip
page_routes(router, ACTS, _again)
