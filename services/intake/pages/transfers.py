"""The coordinator's page: all the cases of somebody who leaves pass to colleagues before the account closes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake import commands, forms, labels, views
from services.intake.pages.exporting import Filing, filing, list_file
from services.intake.pages.operators import case_managers
from shared.decisions import Refused
from shared.store import Store
from shared.web.app import command, get_store, name_of
from shared.web.pages import Column, Errors, done, form, page
from shared.web.readers import Reader, requires

router = APIRouter()
AT_ONCE = 500
"""Cases of one sending: so that the answer comes while somebody waits for it; the rest by sending again."""
LOADS = (
    Column("name", "Operatore"),
    Column("people", "Persone in carico", "int"),
    Column("may_follow", "Può seguire persone", "bool"),
)


async def _shown(
    request: Request, store: Store, reader: Reader, errors: Errors | Refused | None = None,
    left: tuple[tuple[str, Refused], ...] = (), leaver: str = "",
) -> Response:  # fmt: skip
    async with store.read() as reading:
        loads = await views.caseloads(reading)
    return page(
        request, "intake/transfers.html", title="Passaggio dei casi", errors=errors, labels=labels, loads=loads,
        names={account: name_of(account) for account in {**loads, **case_managers(reader)}}, left=left,
        managers=case_managers(reader),
        colleagues={one: name for one, name in case_managers(reader).items() if one != leaver},
        values={"from_manager": leaver, "motive": "leaver"},
    )  # fmt: skip


@router.get("/passaggi")
async def caseloads(
    request: Request,
    da: Annotated[str, Query(max_length=64)] = "",
    reader: Reader = requires("intake.hand_over"),
    store: Store = Depends(get_store),
) -> Response:
    """Who follows how many, and the form; `da` is who leaves, where one comes from their account."""
    return await _shown(request, store, reader, leaver=da)


@router.get("/passaggi/esporta")
async def caseloads_file(out: Filing = filing("intake.hand_over")) -> Response:
    """Who follows how many, as a file."""
    async with out.store.read() as reading:
        loads = await views.caseloads(reading)
    managers = case_managers(out.reader)
    rows = [
        {"name": name_of(account), "people": count, "may_follow": account in managers}
        for account, count in loads.items()
    ]
    return await list_file(out, "persone-in-carico", LOADS, rows)


@router.post("/passaggi")
async def hand_over(
    request: Request, reader: Reader = requires("intake.hand_over"), store: Store = Depends(get_store)
) -> Response:
    """Each case in a transaction of its own. The same form sent again goes on where it was interrupted."""
    values = await form(request, forms.HandOverForm)
    if isinstance(values, Errors):
        return await _shown(request, store, reader, values)
    managers = case_managers(reader)
    colleagues = [each for each in values.to_managers if each in managers and each != values.from_manager]
    if len(colleagues) != len(values.to_managers):
        refused = Refused("case_manager", "Scegli i colleghi dall'elenco, non chi lascia.", "to_managers")
        return await _shown(request, store, reader, refused)
    async with store.read() as reading:
        people = await views.cases_of(reading, values.from_manager, AT_ONCE)
    result = await commands.hand_over(
        store, command(request, reader), people, from_manager=values.from_manager, to_managers=colleagues,
        motive=values.motive, managers=tuple(managers),
    )  # fmt: skip
    if result.refused or result.last is None:
        return await _shown(request, store, reader, left=result.refused)
    return done(request, result.last, to="/intake/passaggi")
