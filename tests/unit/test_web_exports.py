"""Exports and formats: Italian, harmless in a spreadsheet, ids instead of names."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from openpyxl import load_workbook

from shared.web import formats
from shared.web.exports import Column, composed, defused, file
from shared.web.tickets import Document
from tests.fixtures.web import AMINA, COLUMNS, LUCA, ROWS


def lines(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig")), delimiter=";"))


def test_csv_is_italian_and_defused() -> None:
    answer = file("inserimenti", COLUMNS, ROWS, "csv")
    body = bytes(answer.body)
    assert body.startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-disposition"] == 'attachment; filename="inserimenti.csv"'
    assert lines(body) == [
        ["Persona", "Azienda", "Inizio", "Contratto", "Contributo"],
        [AMINA, '\'=HYPERLINK("x")', "04/03/2024", "Tempo indeterminato", "1234,56"],
        [LUCA, "Officina Rossi", "31/12/2024", "other", "-0,50"],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+39", "-2", "@SUM(A1)", "\t=1", " =1", "＝1", "\r=1"])
def test_formulas_are_texts(text: str) -> None:
    assert defused(text) == "'" + text


def test_ordinary_texts_stay_as_they_are() -> None:
    assert defused("Officina Rossi - Bologna") == "Officina Rossi - Bologna"


def test_xlsx_has_numbers_dates_and_no_formula() -> None:
    rows: list[dict[str, Any]] = [*ROWS, {"company": "Bell\x07a"}]
    sheet = load_workbook(io.BytesIO(bytes(file("a/b", COLUMNS, rows, "xlsx").body))).active
    assert sheet is not None
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert found[1] == [AMINA, '=HYPERLINK("x")', datetime(2024, 3, 4), "Tempo indeterminato", 1234.56]  # noqa: DTZ001  spreadsheets know no zones
    assert sheet["B2"].data_type == "s"
    assert found[3] == [None, "Bella", None, None, None]


def test_composed_table_carries_the_names_beside_the_ids() -> None:
    columns = [Column("person_id", "Persona", "person"), Column("start", "Inizio", "date")]
    data = {
        "name": "x", "fmt": "csv",
        "rows": [{"person_id": AMINA, "start": "2024-03-04"}, {"person_id": LUCA, "start": None}],
        "columns": [{"key": c.key, "title": c.title, "kind": c.kind, "labels": None} for c in columns],
    }  # fmt: skip
    document = Document("u", "table", (AMINA, LUCA), data, "matching.export")
    assert lines(bytes(composed(document, {AMINA: "=Amina"}).body)) == [
        ["Persona", "Persona (codice)", "Inizio"],
        ["'=Amina", AMINA, "04/03/2024"],
        ["", LUCA, ""],
    ]


def test_formats() -> None:
    assert formats.euro(123456) == "1.234,56\N{NO-BREAK SPACE}€"
    assert formats.euro(-5) == "-0,05\N{NO-BREAK SPACE}€"
    assert formats.number(1234567.5, 1) == "1.234.567,5"
    assert formats.day(date(2024, 1, 9)) == "09/01/2024"
    assert formats.day("0999-01-02") == "02/01/0999"
    assert formats.instant(datetime(2024, 7, 1, 22, 30, tzinfo=UTC)) == "02/07/2024 00:30"
    assert formats.percent(1, 3) == "33,3\N{NO-BREAK SPACE}%"
    assert formats.percent(1, 0) == "–"
