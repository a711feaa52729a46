"""The lists of intake as files: who took one, and whom it is about, stands in the access log."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request, Response

from services.intake import doors
from shared.store import Store
from shared.web.app import get_store
from shared.web.exports import Format, Row, file
from shared.web.pages import Column, export
from shared.web.problems import Forbidden
from shared.web.readers import Reader, may, requires


@dataclass(frozen=True)
class Filing:
    """Who asks for a list as a file, where its rows stand, and in which format it goes out."""

    request: Request
    reader: Reader
    store: Store
    fmt: Format


def filing(action: str) -> Any:
    """The dependency of a list's file: lets in who may do `action`, as on the list's page, and gives the Filing."""

    async def asked(
        request: Request,
        formato: Format = "csv",
        reader: Reader = requires(action),
        store: Store = Depends(get_store),
    ) -> Filing:
        return Filing(request, reader, store, formato)

    return Depends(asked)


async def list_file(out: Filing, name: str, columns: Sequence[Column], rows: Sequence[Row]) -> Response:
    """A page's list as a file. Where people are in it, one row of the access log, for the right that opened the door;
    the names are put in by the door `compose`, which writes its own."""
    keys = [column.key for column in columns if column.kind == "person"]
    if keys:
        ids = sorted({row[key] for row in rows for key in keys if row[key]})
        async with out.store.engine.begin() as conn:
            await doors.log_access(conn, out.reader, "export", out.request.state.action, ids, ("facts",))
    return await export(out.request, name, columns, rows, out.fmt)


def names_wanted(out: Filing) -> bool:
    """Whether the file is asked for with the names in it. Raises Forbidden where the reader may not have it so."""
    wanted = out.request.query_params.get("nomi") == "1"
    if wanted and not may(out.reader, "intake.compose"):
        raise Forbidden()
    return wanted


async def told_file(
    out: Filing, name: str, columns: Sequence[Column], rows: Sequence[Row], names: Mapping[str, Any] | None
) -> Response:
    """A list of those whom no identity names, only what somebody else wrote of them: the door `compose` does not know
    them, so who calls this has read the names, if wanted, and logged that."""
    said = None if names is None else {one: doors.full_name(words) for one, words in names.items()}
    return await asyncio.to_thread(file, name, columns, rows, out.fmt, said)
