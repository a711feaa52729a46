"""The CSV of the online questionnaire: read with tolerance, decided row by row, reported row by row.

A row is whole or not at all; rows are committed in groups. Each row's cause is made of its content under a
key (a bare hash of personal data could be guessed), so the same file twice adds nothing, and a corrected file
adds only what was missing. The layout is documented in docs/import-questionario.md and in `COLUMNS`.
"""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError

from services.intake import domain, tax_code
from services.intake.commands import register_in
from services.intake.finding import Duplicate
from services.intake.forms import RegisterForm
from shared import territory
from shared.decisions import Decision, Refused
from shared.store import Command, Store, Transaction, Unit
from shared.web import labels
from shared.web.forms import ITALIAN_DATE
from shared.web.sentences import sentence

NAMESPACE = uuid.UUID("5f5d3c0e-3f0e-4f7e-9d43-6f5a3a1f4b10")
GROUP = 50
MOST_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the file: its heading, the form's field, whether it must be filled, and an example."""

    heading: str
    name: str
    required: bool
    example: str
    meaning: str


COLUMNS: tuple[Field, ...] = (
    Field("data_iscrizione", "on", True, "15/01/2024", "Giorno di invio del questionario (gg/mm/aaaa)"),
    Field("cognome", "family_name", True, "Rossi", "Cognome"),
    Field("nome", "given_name", True, "Amina", "Nome"),
    Field("codice_fiscale", "tax_code", False, "", "16 caratteri, o 11 cifre se provvisorio"),
    Field("data_nascita", "birth_date", True, "10/06/1985", "gg/mm/aaaa"),
    Field("luogo_nascita", "birth_place", False, "Bologna", "Comune italiano o Stato estero"),
    Field("sesso", "sex", True, "F", "M, F, X (non dichiarato)"),
    Field("cittadinanza", "citizenship", True, "Italia", "Nome dello Stato in italiano, o «Apolide»"),
    Field("telefono", "phone", False, "333 1234567", "Con o senza prefisso"),
    Field("email", "email", False, "amina@example.org", "Indirizzo di posta elettronica"),
    Field("indirizzo", "address", False, "via Zamboni 13", "Indirizzo del domicilio"),
    Field("comune", "municipality", True, "Bologna", "Comune del domicilio"),
    Field("quartiere", "quartiere", False, "Navile", "Solo per Bologna; vuoto o «non noto» se non si sa"),
    Field("titolo_studio", "education", True, "Diploma", "Come nell'elenco dei titoli"),
    Field("canale", "channel", False, "Sito web", "Come nell'elenco dei canali; vuoto = Sito web"),
    Field("patenti", "licences", False, "B", "Separate da spazio, per esempio: B C"),
    Field("automunito", "own_vehicle", False, "no", "sì / no"),
    Field("minuti_spostamento", "commute_minutes", False, "45", "Minuti massimi casa-lavoro"),
    Field("lingue", "languages", False, "it ar", "Codici ISO di due lettere, separati da spazio"),
)


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row of the file (`line` counts from 1, the headings included)."""

    line: int
    state: Literal["accepted", "already", "refused"]
    sentence: str = ""
    person_id: str | None = None


class NotReadable(Exception):
    """The file as a whole cannot be imported; `str()` is the Italian sentence."""


def template() -> bytes:
    """An empty file with the headings and one example, as Excel in Italy opens it."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.heading for column in COLUMNS])
    writer.writerow([column.example for column in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def read(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """Line numbers and rows by heading. Raises NotReadable."""
    text = _decoded(content)
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        heading = [_heading(cell) for cell in next(lines, [])]
        _check_heading(heading)
        rows = []
        for cells in lines:
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if len(values) > len(heading) and any(values[len(heading) :]):
                values = [*values[: len(heading)], "\0"]  # told as a refused row, not lost
            row = dict(zip(heading, values, strict=False))
            if len(values) > len(heading):
                row["\0"] = "more"
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


def _check_heading(heading: Sequence[str]) -> None:
    required = {column.heading for column in COLUMNS if column.required}
    missing = [column.heading for column in COLUMNS if column.heading in required - set(heading)]
    if missing:
        raise NotReadable("Nell'intestazione mancano queste colonne: " + ", ".join(missing) + ".")
    known = {column.heading for column in COLUMNS}
    repeated = sorted({name for name in heading if name in known and list(heading).count(name) > 1})
    if repeated:
        raise NotReadable("Queste colonne sono ripetute: " + ", ".join(repeated) + ".")


def _by_label(words: dict[str, str]) -> dict[str, str]:
    return {territory.normal(label): code for code, label in words.items()} | {
        territory.normal(code): code for code in words
    }


_EDUCATION = _by_label(dict(labels.EDUCATION))
_CHANNELS = _by_label(dict(labels.CHANNELS))
_SEXES = _by_label(dict(labels.SEXES)) | {"MASCHIO": "M", "FEMMINA": "F"}
_YES = {"SI": True, "S": True, "YES": True, "NO": False, "N": False}


def form_of(row: dict[str, str]) -> RegisterForm | str:
    """The row as the registration form, or the Italian reason why not."""
    if "\0" in row:
        return "La riga ha più celle dell'intestazione: controlla il separatore e le virgolette."
    values: dict[str, Any] = {}
    for column in COLUMNS:
        cell = row.get(column.heading, "")
        if not cell:
            if column.required:
                return f"Manca «{column.heading}»."
            continue
        try:
            values[column.name] = _value(column.name, cell)
        except (KeyError, ValueError):
            return f"«{column.heading}» non è riconosciuto. {column.meaning}."
    values.setdefault("channel", "web")
    if values["municipality"] == territory.CAPITAL:
        values.setdefault("quartiere", domain.UNKNOWN_QUARTIERE)
    try:
        return RegisterForm.model_validate(values)
    except ValidationError as error:
        one = error.errors(include_url=False)[0]
        name = str(one["loc"][0]) if one["loc"] else ""
        heading = next((column.heading for column in COLUMNS if column.name == name), name)
        return f"«{heading}»: {sentence(one)}"


def _value(name: str, cell: str) -> object:
    word = territory.normal(cell)
    match name:
        case "on" | "birth_date":
            if italian := ITALIAN_DATE.match(cell):
                return f"{italian[3]}-{int(italian[2]):02}-{int(italian[1]):02}"
            return datetime.strptime(cell[:10], "%Y-%m-%d").date()  # noqa: DTZ007  # a civil date has no zone
        case "sex":
            return _SEXES[word]
        case "citizenship":
            return tax_code.ITALY if word == "ITALIANA" else tax_code.country_by_name()[word]
        case "municipality":
            found = territory.by_name(cell)
            return found.code if found else "outside"
        case "quartiere":
            return (_by_label(territory.QUARTIERI) | {"NON NOTO": domain.UNKNOWN_QUARTIERE})[word]
        case "education":
            return _EDUCATION[word]
        case "channel":
            return _CHANNELS[word]
        case "own_vehicle":
            return _YES[word]
        case "licences":
            return tuple(cell.replace(",", " ").upper().split())
        case "languages":
            return tuple(cell.replace(",", " ").lower().split())
        case _:
            return cell


async def run(store: Store, actor: str, now: datetime, content: bytes) -> list[RowResult]:
    """Imports the file. Raises NotReadable where nothing of it can be read."""
    rows = read(content)
    results: list[RowResult] = []
    for group in _groups(rows):
        results += await _group(store, actor, now, group)
    return results


def _groups(rows: list[tuple[int, dict[str, str]]]) -> Iterator[list[tuple[int, dict[str, str]]]]:
    for start in range(0, len(rows), GROUP):
        yield rows[start : start + GROUP]


async def _group(store: Store, actor: str, now: datetime, group: list[tuple[int, dict[str, str]]]) -> list[RowResult]:
    parsed = [(line, form_of(row)) for line, row in group]

    async def run_all(transaction: Transaction) -> list[RowResult]:
        return [
            RowResult(line, "refused", values)
            if isinstance(values, str)
            else await _row(store, transaction, actor, now, line, values)
            for line, values in parsed
        ]

    return await store.together(run_all)


async def _row(
    store: Store, transaction: Transaction, actor: str, now: datetime, line: int, values: RegisterForm
) -> RowResult:
    content = values.model_dump_json()
    cause = uuid.uuid5(NAMESPACE, store.vault.keyed_hash("import-row", content).hex())

    async def decide(unit: Unit) -> Decision:
        return await register_in(unit, values, None, entry="questionnaire")

    outcome = await transaction.run(Command(cause=str(cause), actor=actor, now=now), decide)
    if isinstance(outcome, Refused):
        known = outcome.people[0] if isinstance(outcome, Duplicate) else None
        return RowResult(line, "refused", outcome.sentence, known)
    person_id = outcome.events[0].event.subject
    if outcome.repeated:
        return RowResult(line, "already", "Già importata.", person_id)
    return RowResult(line, "accepted", " ".join(values.warnings()), person_id)
