"""Tables as CSV and XLSX. A person is an id here; with names the table goes through intake's compose door."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from shared.clock import ROME
from shared.web import formats, tickets
from shared.web.problems import Forbidden, Problem
from shared.web.readers import current, may

Kind = Literal["text", "date", "instant", "int", "cents", "bool", "person"]
Format = Literal["csv", "xlsx"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
INVISIBLE = " \t\r\n\v\f\xa0\u2007\u200b\u200c\u200d\u200e\u200f\u202f\u2060\u3000\ufeff"
"""What a spreadsheet may pass over before it looks for a formula."""
SPLITS = re.compile(r"[;,\t|\"\r\n]")
EXPORTED_AT_MOST = COMPOSED_AT_MOST = 20_000


@dataclass(frozen=True)
class Column:
    """One column: the row's key, its Italian title, how it is written, and the codes' labels if it has codes."""

    key: str
    title: str
    kind: Kind = "text"
    labels: Mapping[str, str] | None = None


Row = Mapping[str, Any]


async def export(request: Request, name: str, columns: Sequence[Column], rows: Iterable[Row], fmt: Format) -> Response:
    """The table as a file. With `?nomi=1` and the right to it, a page that has intake put the names in."""
    if request.query_params.get("nomi") == "1" and any(column.kind == "person" for column in columns):
        return _compose(request, name, columns, rows, fmt)
    # In a thread: thousands of rows take a second to write, and the pages of everybody else wait for this loop.
    return await asyncio.to_thread(file, name, columns, rows, fmt)


def _compose(request: Request, name: str, columns: Sequence[Column], rows: Iterable[Row], fmt: Format) -> Response:
    from shared.web.pages import page  # the shell renders through this module: the import is mutual

    reader = current(request)
    if reader is None or not may(reader, "intake.compose"):
        raise Forbidden()
    cells = [{column.key: _plain(row.get(column.key)) for column in columns} for row in rows]
    if len(cells) > COMPOSED_AT_MOST:
        raise Problem(422, "too_many", "L'elenco è troppo lungo per i nomi: restringi i filtri.")
    slots = {str(row[c.key]): None for row in cells for c in columns if c.kind == "person" and row[c.key]}
    data = {
        "name": name, "fmt": fmt, "rows": cells,
        "columns": [asdict(c) | {"labels": dict(c.labels) if c.labels else None} for c in columns],
    }  # fmt: skip
    document = tickets.sign_document(reader, "table", tuple(slots), data, getattr(request.state, "action", ""))
    return page(request, "compose.html", title="Preparazione del file", document=document)


class Table(BaseModel):
    """The data of a document of template "table"."""

    name: str
    fmt: Format
    columns: list[Column]
    rows: list[dict[str, Any]] = Field(max_length=COMPOSED_AT_MOST)


UNREADABLE = "Il documento da comporre non è leggibile: torna all'elenco e riprova."


def table(document: tickets.Document) -> Table:
    """What a signed document asks to be composed. Raises Problem where it is not such a table."""
    try:
        return Table.model_validate(document.data)
    except ValidationError:
        raise Problem(422, "document", UNREADABLE) from None


def composed(document: tickets.Document, names: Mapping[str, str]) -> Response:
    """For intake's door: the table of a signed document of template "table", with the names in it. Raises Problem."""
    found = table(document)
    try:
        return file(found.name, found.columns, found.rows, found.fmt, names)
    except (ValueError, TypeError):  # a cell that is not of its column's kind, such as a date that is none
        raise Problem(422, "document", UNREADABLE) from None


def file(
    name: str, columns: Sequence[Column], rows: Iterable[Row], fmt: Format, names: Mapping[str, str] | None = None
) -> Response:
    """The table as a file; where `names` are given, a column with the name stands beside each person's id."""
    if names is not None:
        columns, rows = _with_names(columns, rows, names)
    body = _csv(columns, rows) if fmt == "csv" else _xlsx(name, columns, rows)
    kind = "text/csv; charset=utf-8" if fmt == "csv" else XLSX
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name)
    return Response(body, media_type=kind, headers={"content-disposition": f'attachment; filename="{safe}.{fmt}"'})


def _with_names(
    columns: Sequence[Column], rows: Iterable[Row], names: Mapping[str, str]
) -> tuple[list[Column], list[Row]]:
    wide: list[Column] = []
    for column in columns:
        if column.kind == "person":
            wide += [Column(f"{column.key}:name", column.title), Column(column.key, f"{column.title} (codice)")]
        else:
            wide.append(column)
    keys = [column.key for column in columns if column.kind == "person"]
    return wide, [dict(row) | {f"{k}:name": names.get(str(row.get(k)), "") for k in keys} for row in rows]


def figure(column: Column, value: Any) -> str:
    """A cell as a page shows it."""
    if value is None:
        return ""
    if column.labels is not None and not isinstance(value, (list, tuple, set, frozenset)):
        return column.labels.get(str(value), str(value))
    match column.kind:
        case "date":
            return formats.day(value)
        case "instant":
            return formats.instant(value)
        case "int":
            return formats.number(value)
        case "cents":
            return formats.euro(value)
        case "bool":
            return "sì" if value else "no"
        case _:
            return _text(column, value)


def _text(column: Column, value: Any) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        parts = sorted(value) if isinstance(value, (set, frozenset)) else value
        return ", ".join((column.labels or {}).get(str(part), str(part)) for part in parts)
    return str(value)


def defused(text: str) -> str:
    """A text that a spreadsheet would take for a formula, made harmless by a leading apostrophe."""
    return f"'{text}" if text.startswith(FORMULA) or text.lstrip(INVISIBLE).startswith(FORMULA) else text


def _csv(columns: Sequence[Column], rows: Iterable[Row]) -> bytes:
    lines = [_line(defused(column.title) for column in columns)]
    lines += [_line(_csv_cell(column, row.get(column.key)) for column in columns) for row in rows]
    return "".join(lines).encode("utf-8-sig", "replace")


def _line(cells: Iterable[str]) -> str:
    """A cell stays one cell also for a program that splits at commas or tabs: what comes after one could begin a
    formula, and the csv module quotes for its own delimiter only."""
    quoted = ('"' + cell.replace('"', '""') + '"' if SPLITS.search(cell) else cell for cell in cells)
    return ";".join(quoted) + "\r\n"


def _csv_cell(column: Column, value: Any) -> str:
    if column.kind == "cents" and isinstance(value, int):
        return f"{'-' if value < 0 else ''}{abs(value) // 100},{abs(value) % 100:02}"
    if column.kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if column.kind == "int" and isinstance(value, float):
        return str(value).replace(".", ",")
    return defused(figure(column, value))


def _xlsx(name: str, columns: Sequence[Column], rows: Iterable[Row]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("".join(c for c in name if c not in "[]:*?/\\")[:31] or "Elenco")
    sheet.freeze_panes = "A2"
    head: list[Any] = []
    for column in columns:
        cell = _string(sheet, column.title)
        cell.font = Font(bold=True)
        head.append(cell)
    sheet.append(head)
    for row in rows:
        sheet.append([_xlsx_cell(sheet, column, row.get(column.key)) for column in columns])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _string(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text)[:32_767])
    cell.data_type = "s"  # a text that begins with "=" stays a text
    return cell


def _xlsx_cell(sheet: Any, column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.kind in ("date", "instant") and isinstance(value, str):
        value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
    shape: str | None = None
    if column.kind == "cents" and isinstance(value, int):
        value, shape = value / 100, '#,##0.00 "€"'
    elif column.kind == "instant" and isinstance(value, datetime):
        value, shape = value.astimezone(ROME).replace(tzinfo=None), "dd/mm/yyyy hh:mm"
    elif column.kind == "date" and isinstance(value, date):
        value = value.astimezone(ROME).date() if isinstance(value, datetime) else value
        shape = "dd/mm/yyyy"
    elif column.kind != "int" or not isinstance(value, (int, float)):
        return _string(sheet, figure(column, value))
    cell = WriteOnlyCell(sheet, value)
    if shape:
        cell.number_format = shape
    return cell


def _plain(value: Any) -> Any:
    """A cell as JSON carries it."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return value if isinstance(value, (str, int, float, bool, list, tuple, type(None))) else str(value)
