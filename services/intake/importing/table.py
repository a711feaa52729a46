"""A CSV as spreadsheets write it: encoding, separator and headings with tolerance, cells as the forms want them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.intake import domain, tax_code
from shared import territory
from shared.web import labels
from shared.web.forms import ITALIAN_DATE

MOST_ROWS = 50_000
MORE_CELLS = "\0"
"""Key of a row that has more cells than there are headings."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the file: its heading, the form's field, whether it must be filled, and an example."""

    heading: str
    name: str
    required: bool
    example: str
    meaning: str


class NotReadable(Exception):
    """The file as a whole cannot be imported; `str()` is the Italian sentence."""


def template(columns: Sequence[Field]) -> bytes:
    """A file with the headings and one example, as Excel in Italy opens it."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.heading for column in columns])
    writer.writerow([column.example for column in columns])
    return out.getvalue().encode("utf-8-sig")


def read(content: bytes, columns: Sequence[Field]) -> list[tuple[int, dict[str, str]]]:
    """Line numbers and rows by heading. Raises NotReadable."""
    text = _decoded(content)
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        heading = [_heading(cell) for cell in next(lines, [])]
        _check_heading(heading, columns)
        rows = []
        for cells in lines:
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            row = dict(zip(heading, values, strict=False))
            if any(values[len(heading) :]):
                row[MORE_CELLS] = "more"  # told as a refused row, not lost
            rows.append((lines.line_num, row))
            if len(rows) > MOST_ROWS:
                raise NotReadable(f"Il file ha più di {MOST_ROWS} righe: dividilo.")
    except csv.Error:
        raise NotReadable("Il file non è un CSV leggibile: salvalo di nuovo come CSV e riprova.") from None
    if not rows:
        raise NotReadable("Il file non contiene righe, oltre all'intestazione.")
    return rows


def _decoded(content: bytes) -> str:
    if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise NotReadable("Questo è un foglio Excel: salvalo come «CSV (delimitato da punto e virgola)».")
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    if "\0" in text:
        raise NotReadable("Il file contiene caratteri non ammessi: salvalo di nuovo come CSV e riprova.")
    return text


def _heading(cell: str) -> str:
    return territory.normal(cell).lower().replace(" ", "_")


def _check_heading(heading: Sequence[str], columns: Sequence[Field]) -> None:
    required = {column.heading for column in columns if column.required}
    missing = [column.heading for column in columns if column.heading in required - set(heading)]
    if missing:
        raise NotReadable("Nell'intestazione mancano queste colonne: " + ", ".join(missing) + ".")
    known = {column.heading for column in columns}
    repeated = sorted({name for name in heading if name in known and list(heading).count(name) > 1})
    if repeated:
        raise NotReadable("Queste colonne sono ripetute: " + ", ".join(repeated) + ".")


def cells(row: dict[str, str], columns: Sequence[Field]) -> dict[str, object] | str:
    """The row's filled cells as values by field name, or the Italian reason why one cannot be read."""
    if MORE_CELLS in row:
        return "La riga ha più celle dell'intestazione: controlla il separatore e le virgolette."
    values: dict[str, object] = {}
    for column in columns:
        cell = row.get(column.heading, "")
        if not cell:
            if column.required:
                return f"Manca «{column.heading}»."
            continue
        try:
            values[column.name] = _value(column.name, cell)
        except (KeyError, ValueError):
            return f"«{column.heading}» non è riconosciuto. {column.meaning}."
    return values


def by_label(words: dict[str, str]) -> dict[str, str]:
    """The codes of a vocabulary by label or code, however written."""
    return {territory.normal(label): code for code, label in words.items()} | {
        territory.normal(code): code for code in words
    }


def day(cell: str) -> date:
    """gg/mm/aaaa or aaaa-mm-gg. Raises ValueError."""
    if italian := ITALIAN_DATE.match(cell):
        return date(int(italian[3]), int(italian[2]), int(italian[1]))
    return datetime.strptime(cell[:10], "%Y-%m-%d").date()  # noqa: DTZ007  # a civil date has no zone


_VOCABULARIES = {
    "education": by_label(dict(labels.EDUCATION)),
    "channel": by_label(dict(labels.CHANNELS)),
    "sex": by_label(dict(labels.SEXES)) | {"MASCHIO": "M", "FEMMINA": "F"},
    "quartiere": by_label(territory.QUARTIERI) | {"NON NOTO": domain.UNKNOWN_QUARTIERE},
    "readiness": by_label(dict(labels.READINESS)),
    "outcome": by_label(dict(labels.OUTCOMES)),
}
_YES = {"SI": True, "S": True, "YES": True, "NO": False, "N": False}


def _value(name: str, cell: str) -> object:
    word = territory.normal(cell)
    if name in _VOCABULARIES:
        return _VOCABULARIES[name][word]
    match name:
        case "on" | "birth_date" | "interview_on" | "charge_on" | "closed_on":
            return day(cell)
        case "citizenship":
            return tax_code.ITALY if word == "ITALIANA" else tax_code.country_by_name()[word]
        case "municipality":
            found = territory.by_name(cell)
            return found.code if found else "outside"
        case "own_vehicle":
            return _YES[word]
        case "licences":
            return tuple(cell.replace(",", " ").upper().split())
        case "languages":
            return tuple(cell.replace(",", " ").lower().split())
        case _:
            return cell
