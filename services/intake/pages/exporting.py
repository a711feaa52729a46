"""The lists of intake as files: who took one, and whom it is about, stands in the access log."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request, Response

from services.intake import doors
from shared.store import Store
from shared.web.exports import Format, Row, file
from shared.web.pages import Column, export
from shared.web.problems import Forbidden
from shared.web.readers import Reader, may

EXPORTED_AT_MOST = 20_000


async def list_file(
    request: Request, store: Store, reader: Reader, name: str, columns: Sequence[Column], rows: Sequence[Row],
    fmt: Format,
) -> Response:  # fmt: skip
    """A page's list as a file. Where people are in it, one row of the access log, for the right that opened the door;
    the names are put in by the door `compose`, which writes its own."""
    keys = [column.key for column in columns if column.kind == "person"]
    if keys:
        ids = sorted({row[key] for row in rows for key in keys if row[key]})
        async with store.engine.begin() as conn:
            await doors.log_access(conn, reader, "export", request.state.action, ids, ("facts",))
    return await export(request, name, columns, rows, fmt)


def names_wanted(request: Request, reader: Reader) -> bool:
    """Whether the file is asked for with the names in it. Raises Forbidden where the reader may not have it so."""
    wanted = request.query_params.get("nomi") == "1"
    if wanted and not may(reader, "intake.compose"):
        raise Forbidden()
    return wanted


async def told_file(
    name: str, columns: Sequence[Column], rows: Sequence[Row], fmt: Format, names: Mapping[str, Any] | None
) -> Response:
    """A list of those whom no identity names, only what somebody else wrote of them: the door `compose` does not know
    them, so who calls this has read the names, if wanted, and logged that."""
    said = None if names is None else {one: doors.full_name(words) for one, words in names.items()}
    return await asyncio.to_thread(file, name, columns, rows, fmt, said)
