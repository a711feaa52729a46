"""The share of people contacted within the term after they registered, on a page and as a file."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Depends, Request, Response

from services.intake import views
from services.intake.domain import parameter
from services.intake.pages.exporting import Filing, filing, list_file
from shared import clock
from shared.store import Store
from shared.web.app import get_store
from shared.web.pages import Column, page
from shared.web.readers import Reader, requires

router = APIRouter()
COLUMNS = (
    Column("period", "Periodo di iscrizione"),
    Column("registered", "Iscritte", "int"),
    Column("within", "Contattate entro il termine", "int"),
    Column("late", "Contattate dopo", "int"),
    Column("lapsed", "Mai contattate, termine passato", "int"),
    Column("waiting", "Ancora entro il termine", "int"),
    Column("share", "Quota entro il termine (%)", "int"),
)
By = Literal["month", "half"]


@router.get("/primo-contatto")
async def first_contact(
    request: Request, per: By = "month", reader: Reader = requires("intake.view"), store: Store = Depends(get_store)
) -> Response:
    """By month or half-year of registration."""
    on = clock.today()
    async with store.read() as reading:
        rows = await views.first_contacts(reading, on, per)
    return page(
        request, "intake/first_contact.html", title="Primo contatto", rows=rows, columns=COLUMNS, per=per,
        days=parameter("first_contact_days", on),
    )  # fmt: skip


@router.get("/primo-contatto/esporta")
async def first_contact_file(per: By = "month", out: Filing = filing("intake.export")) -> Response:
    """The same as a file."""
    async with out.store.read() as reading:
        rows = await views.first_contacts(reading, clock.today(), per)
    return await list_file(out, "primo-contatto", COLUMNS, rows)
