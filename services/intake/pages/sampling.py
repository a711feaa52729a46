"""Sample checks of declarations: the draws, the list of one, the outcome of each declaration."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response

from services.intake import commands, forms, labels
from services.intake.domain.parameters import in_force
from services.intake.domain.sampling import bounds, sample_stream
from services.intake.views import declarations, draws
from shared import clock
from shared.decisions import Refused
from shared.events.intake import DeclarationsSampled
from shared.store import Store
from shared.web.app import command, get_store
from shared.web.pages import Errors, done, form, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
HOME = "/intake/controlli"
SAMPLE = Path(pattern=r"^declarations-20[0-9]{2}-h[12]$")


def words(sample_id: str) -> str:
    """`declarations-2024-h1` as an Italian half-year."""
    return f"{'primo' if sample_id.endswith('1') else 'secondo'} semestre {sample_id[13:17]}"


def over(today: date, years: int = 3) -> dict[str, str]:
    """The half-years that are over, the latest first."""
    ids = [f"declarations-{year}-h{half}" for year in range(today.year, today.year - years, -1) for half in (2, 1)]
    return {one: words(one).capitalize() for one in ids if bounds(one)[1] < today}


async def _list(request: Request, store: Store, errors: Errors | Refused | None = None) -> Response:
    on = clock.today()
    async with store.read() as reading:
        found = await draws(reading)
    known = {row["sample_id"] for row in found}
    return page(
        request, "intake/samples.html", title="Controlli a campione", errors=errors, rows=found, words=words,
        periods={one: name for one, name in over(on).items() if one not in known},
        seed=in_force("sample_seed", on), share=in_force("sample_share_percent", on),
        trail=(("Verifiche da ripetere", "/intake/verifiche"),),
    )  # fmt: skip


@router.get("/controlli")
async def samples(
    request: Request, reader: Reader = requires("intake.sample"), store: Store = Depends(get_store)
) -> Response:
    """The draws, and the form for the next."""
    return await _list(request, store)


@router.post("/controlli")
async def draw(
    request: Request, reader: Reader = requires("intake.sample"), store: Store = Depends(get_store)
) -> Response:
    """Draws the declarations of a half-year."""
    values = await form(request, forms.DrawForm)
    if isinstance(values, Errors):
        return await _list(request, store, values)
    outcome = await commands.draw(store, command(request, reader), values)
    if isinstance(outcome, Refused):
        return await _list(request, store, outcome)
    return done(request, outcome, to=f"{HOME}/{values.sample_id}")


async def _one(request: Request, store: Store, sample_id: str, errors: Errors | Refused | None = None) -> Response:
    recorded = await store.history(sample_id)
    fact = next((f.event for f in recorded if isinstance(f.event, DeclarationsSampled)), None)
    if fact is None:
        raise Problem(404, "no_sample", "Di questo semestre non c'è un sorteggio.")
    state, _ = await store.state(sample_stream(sample_id))
    first, last = bounds(sample_id)
    async with store.read() as reading:
        rows: list[dict[str, Any]] = await declarations(reading, first, last, state.drawn or ())
    order = {one: place for place, one in enumerate(state.drawn or ())}
    rows.sort(key=lambda row: order[row["fact_id"]])
    return page(
        request, "intake/sample.html", title=f"Controlli: {words(sample_id)}", errors=errors, labels=labels,
        fact=fact, rows=rows, on=clock.today(), gone=len(order) - len(rows), home=f"{HOME}/{sample_id}",
        left=sum(row["verified"] is None for row in rows),
        trail=(("Verifiche da ripetere", "/intake/verifiche"), ("Controlli a campione", HOME)),
    )  # fmt: skip


@router.get("/controlli/{sample_id}")
async def sample(
    request: Request,
    sample_id: str = SAMPLE,
    reader: Reader = requires("intake.sample"),
    store: Store = Depends(get_store),
) -> Response:
    """The declarations drawn, each with its outcome or the form for it."""
    return await _one(request, store, sample_id)


@router.post("/controlli/{sample_id}/{person_id}/{fact_id}")
async def verify(
    request: Request,
    person_id: UUID,
    fact_id: UUID,
    sample_id: str = SAMPLE,
    reader: Reader = requires("intake.sample"),
    store: Store = Depends(get_store),
) -> Response:
    """The outcome of one declaration."""
    values = await form(request, forms.VerifyForm)
    if isinstance(values, Errors):
        return await _one(request, store, sample_id, values)
    outcome = await commands.verify(store, command(request, reader), sample_id, str(person_id), str(fact_id), values)
    if isinstance(outcome, Refused):
        return await _one(request, store, sample_id, outcome)
    return done(request, outcome, to=f"{HOME}/{sample_id}")
