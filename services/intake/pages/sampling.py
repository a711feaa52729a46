"""Sample checks of declarations: the draws, the list of one, the outcome of each declaration."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from services.intake import commands, forms, labels
from services.intake.domain.parameters import in_force
from services.intake.domain.sampling import bounds, sample_stream
from services.intake.pages.exporting import Filing, filing, list_file
from services.intake.views import declarations, draws
from shared import clock
from shared.decisions import Refused
from shared.events.intake import DeclarationsSampled
from shared.store import Store
from shared.web.acts import Act, Ids, page_routes
from shared.web.app import get_store
from shared.web.pages import Column, Errors, page
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
HOME = "/intake/controlli"
DRAWS = (
    Column("period", "Semestre"),
    Column("drawn_on", "Sorteggiato il", "date"),
    Column("population", "Dichiarazioni", "int"),
    Column("drawn", "Da controllare", "int"),
)
DECLARATIONS = (
    Column("person_id", "Persona", "person"),
    Column("check", "Dichiarazione", labels=labels.CHECKS),
    Column("on", "Del", "date"),
    Column("verified", "Esito del controllo", labels=labels.VERIFIED_AS),
    Column("verified_on", "Controllata il", "date"),
)
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


@router.get("/controlli/esporta")
async def samples_file(out: Filing = filing("intake.sample")) -> Response:
    """The draws as a file."""
    async with out.store.read() as reading:
        rows = [row | {"period": words(row["sample_id"]).capitalize()} for row in await draws(reading)]
    return await list_file(out, "controlli", DRAWS, rows)


async def _drawn(store: Store, sample_id: str) -> tuple[DeclarationsSampled, list[dict[str, Any]], int]:
    """The draw, its declarations in the order drawn, and how many it drew. Raises Problem 404."""
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
    return fact, rows, len(order)


async def _one(request: Request, store: Store, sample_id: str, errors: Errors | Refused | None = None) -> Response:
    fact, rows, drawn = await _drawn(store, sample_id)
    return page(
        request, "intake/sample.html", title=f"Controlli: {words(sample_id)}", errors=errors, labels=labels,
        fact=fact, rows=rows, on=clock.today(), gone=drawn - len(rows), home=f"{HOME}/{sample_id}",
        left=sum(row["verified"] is None for row in rows), columns=DECLARATIONS,
        trail=(("Verifiche da ripetere", "/intake/verifiche"), ("Controlli a campione", HOME)),
    )  # fmt: skip


@router.get("/controlli/{sample_id}")
async def sample(
    request: Request,
    sample_id: Annotated[str, SAMPLE],
    reader: Reader = requires("intake.sample"),
    store: Store = Depends(get_store),
) -> Response:
    """The declarations drawn, each with its outcome or the form for it."""
    return await _one(request, store, sample_id)


@router.get("/controlli/{sample_id}/esporta")
async def sample_file(sample_id: Annotated[str, SAMPLE], out: Filing = filing("intake.sample")) -> Response:
    """The declarations drawn, as a file."""
    _, rows, _ = await _drawn(out.store, sample_id)
    return await list_file(out, f"controlli-{sample_id}", DECLARATIONS, rows)


async def _list_again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _list(request, store, errors)


async def _again(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    return await _one(request, store, ids["sample_id"], errors)


def _to_sample(outcome: Any, _: Ids) -> str:
    return f"{HOME}/{outcome.events[0].event.subject}"


DRAWN = (
    Act(words="Sorteggia le dichiarazioni di un semestre", action="intake.sample", page="/controlli", api="/samples",
        run=commands.draw, model=forms.DrawForm, to=_to_sample),
)  # fmt: skip
VERIFIED = (
    Act(words="Registra l'esito del controllo di una dichiarazione", action="intake.sample",
        page="/controlli/{sample_id}/{person_id}/{fact_id}", api="/samples/{sample_id}/{person_id}/{fact_id}",
        run=commands.verify, model=forms.VerifyForm, to=HOME + "/{sample_id}",
        types={"sample_id": Annotated[str, SAMPLE]}),
)  # fmt: skip
page_routes(router, DRAWN, _list_again)
page_routes(router, VERIFIED, _again)
ACTS = DRAWN + VERIFIED
