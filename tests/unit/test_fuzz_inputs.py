"""Parsers of what people type, send and bring, under arbitrary input: an answer always, an exception never."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from types import ModuleType
from typing import Literal

import pytest
from codicefiscale import codicefiscale
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.datastructures import FormData

from services.intake import tax_code
from services.intake.importing import archive, questionnaire, table
from shared import clock
from shared.decisions import Refused
from shared.events.base import Reference
from shared.web import forms, signing, tickets
from shared.web.pages import safe_path
from tests.fixtures.web import reader_of

quick = settings(max_examples=80, deadline=None)
PLACES = (6, 7, 9, 10, 12, 13, 14)
"""Where a codice fiscale has digits, which letters replace when two people would have the same (omocodia)."""
OMOCODIA = dict(zip("0123456789", "LMNPQRSTUV", strict=True))

# Codice fiscale

SEXES: tuple[Literal["M"], Literal["F"]] = ("M", "F")
names = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=12)
births = st.dates(date(1926, 1, 1), date(2025, 12, 31))


@quick
@given(names, names, births, st.sampled_from(SEXES), st.sampled_from(["A944", "Z330", "H501"]),
       st.sets(st.sampled_from(PLACES)), st.sampled_from(["", " ", "-", "."]))  # fmt: skip
def test_a_generated_code_is_read_and_agrees_with_what_it_was_made_of(
    family: str, given_name: str, birth: date, sex: Literal["M", "F"], place: str, replaced: set[int], between: str
) -> None:
    made = codicefiscale.encode_lastname(family) + codicefiscale.encode_firstname(given_name)
    made += codicefiscale.encode_birthdate(birth.isoformat(), sex) + place
    body = "".join(OMOCODIA[c] if n in replaced else c for n, c in enumerate(made))
    code = body + codicefiscale.encode_cin(body + "A")
    read = tax_code.parse(between.join((code[:6].lower(), code[6:11], code[11:])))
    assert read == tax_code.TaxCode(code)
    assert isinstance(read, tax_code.TaxCode)
    said = tax_code.warnings(
        read, family_name=family, given_name=given_name, birth_date=birth, sex=sex, birth_place=None
    )
    assert said == []
    wrong = code[:15] + ("A" if code[15] != "A" else "B")
    assert isinstance(tax_code.parse(wrong), Refused)


@quick
@given(st.text() | st.text("ABCDEHLMPRSTUVZ0123456789 -.", min_size=11, max_size=18), st.text(), births)
@example("ſſſſſſ85H50A944S", "ß", date(1985, 6, 10))
@example("１２３４５６７８９０１", "", date(1985, 6, 10))
@example("٠" * 11, "", date(1985, 6, 10))
def test_any_text_is_a_code_or_a_sentence(text: str, name: str, birth: date) -> None:
    read = tax_code.parse(text)
    if isinstance(read, Refused):
        assert read.sentence.endswith(".")
        assert not text.strip() or len(text.strip()) < 8 or text not in read.sentence
    else:
        assert read.code.isascii()
        assert len(read.code) in (11, 16)
        tax_code.warnings(read, family_name=name, given_name=name, birth_date=birth, sex="F", birth_place=name)


# CSV

KINDS: tuple[ModuleType, ...] = (questionnaire, archive)
cell = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [
        "Bologna",
        "10/06/1985",
        "99/99/9999",
        "F",
        "Italia",
        "sì",
        "0/0/0000",
        "2024-02-30",
        "9" * 30,
        "1e9",
        "-1",
        "'",
        '"',
    ]
)


def report(kind: ModuleType, content: bytes) -> tuple[int, int] | str:
    """How many rows could be read and how many were refused, or why the file as a whole was."""
    try:
        rows = table.read(content, kind.COLUMNS)
    except table.NotReadable as error:
        return str(error)
    results = [kind.read_row(row) for _, row in rows]
    refused = [one for one in results if isinstance(one, str)]
    assert all(sentence.strip() for sentence in refused)
    lines = [line for line, _ in rows]
    assert lines == sorted(set(lines)), "each row is told by a line of its own"
    for one in results:
        if not isinstance(one, str):
            kind.cause(one)
            kind.remark(one)
    return len(results) - len(refused), len(refused)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.rpartition(".")[2])
@quick
@given(content=st.binary(max_size=300), head=st.booleans(), encoding=st.sampled_from(["utf-8-sig", "cp1252", "utf-16"]))
@example(content=b"\xff\xfe\x00\xd8", head=False, encoding="utf-8-sig")
@example(content=b'"' * 200, head=True, encoding="utf-8-sig")
@example(content=b"a;" * 140_000, head=True, encoding="utf-8-sig")
def test_any_bytes_are_a_report(kind: ModuleType, content: bytes, head: bool, encoding: str) -> None:
    heading = ";".join(column.heading for column in kind.COLUMNS) + "\r\n"
    found = report(kind, (heading.encode(encoding) if head else b"") + content)
    assert not isinstance(found, str) or found.endswith(".")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.rpartition(".")[2])
@quick
@given(data=st.data(), delimiter=st.sampled_from(";,\t"), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_every_row_is_accounted_for(kind: ModuleType, data: st.DataObject, delimiter: str, encoding: str) -> None:
    width = len(kind.COLUMNS)
    rows: list[Sequence[str]] = data.draw(st.lists(st.lists(cell, min_size=1, max_size=width + 2), max_size=6))
    written = [row for row in rows if any(one.strip() for one in row)]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([[column.heading for column in kind.COLUMNS], *rows])
    found = report(kind, out.getvalue().encode(encoding))
    if written:
        assert not isinstance(found, str), found
        assert sum(found) == len(written)
    else:
        assert found == "Il file non contiene righe, oltre all'intestazione."


def test_the_templates_own_example_is_a_good_row() -> None:
    """The control: where all is right, nothing is refused."""
    for kind in KINDS:
        assert report(kind, table.template(kind.COLUMNS)) == (1, 0)


# Tokens, addresses, references


@quick
@given(st.text() | st.text("ABCab012-_.=", max_size=60), st.sampled_from(["session", "ticket", "oidc"]))
@example("..", "session")
@example("é.é", "session")
@example("\ud800.\ud800", "session")
def test_no_text_is_a_token(text: str, use: str) -> None:
    with pytest.raises(signing.BadToken):
        signing.unsign(use, text)
    for read in (tickets.read_ticket, tickets.read_document):
        with pytest.raises(signing.BadToken):
            read(text, reader_of("matching_operator"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=6,
)


@quick
@given(st.dictionaries(st.text("abcdef", max_size=5), json_values, max_size=4), st.data())
def test_a_token_says_what_was_signed_and_nothing_else(values: dict[str, object], data: st.DataObject) -> None:
    token = signing.sign("session", values, clock.now() + timedelta(minutes=1))
    assert signing.unsign("session", token) == values
    # The token's length changes with the instant that stands in it: the place is drawn as a share.
    place = data.draw(st.integers(0, 999)) * len(token) // 1000
    other = data.draw(st.sampled_from("ABCxyz019-_"))
    # The last character of base64 has bits that mean nothing.
    assume(other != token[place] and place < len(token) - 1)
    with pytest.raises(signing.BadToken):
        signing.unsign("session", token[:place] + other + token[place + 1 :])


@quick
@given(st.text() | st.text("/\\.:@%?#\t\r\n evil2fFcC", max_size=30).map(lambda text: "/" + text))
def test_a_path_to_go_on_to_is_of_this_site(text: str) -> None:
    path = safe_path(text)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert "\r" not in path
    assert "\n" not in path
    assert path in (text, "/")


REFERENCE: TypeAdapter[str] = TypeAdapter(Reference)


@quick
@given(st.text() | st.from_regex(r"[0-9a-f-]{36}:[0-9]{1,10}:[0-9a-f]{64}\n?", fullmatch=True))
def test_a_reference_to_the_vault_has_three_parts_or_is_none(text: str) -> None:
    try:
        REFERENCE.validate_python(text)
    except ValidationError:
        return
    row, version, commitment = text.split(":")
    assert (len(row), len(commitment)) == (36, 64)
    assert 0 <= int(version) < 10**9
    assert not text.endswith("\n")


# What is typed into forms


class Typed(BaseModel):
    """One of each kind."""

    day: date | None = None
    amount: forms.Euros | None = None
    count: int | None = None
    words: list[str] = []


@quick
@given(st.text(), st.text(), st.text() | st.integers().map(str), st.lists(st.text(), max_size=3))
@example("31/02/2024", "1.2.3,4", "9" * 5000, [])
@example("0/0/0000", "-0,00", "１２", [])
@example("٣١/١٢/٢٠٢٤", "٣", "٣", [])
@example("2024-01-01T00:00:00", "1e9", "1e9", [])
def test_a_form_is_understood_or_refused(day: str, amount: str, count: str, words: list[str]) -> None:
    typed = FormData([("day", day), ("amount", amount), ("count", count), *(("words", word) for word in words)])
    try:
        read = Typed.model_validate(forms._prepare(typed, Typed))
    except ValidationError as error:
        refused = {one["loc"][0] for one in error.errors()}
    else:
        refused = set()
        assert read.day is None or any(c in day for c in "/.-")
    assert refused <= {"day", "amount", "count", "words"}


@quick
@given(st.integers(-(10**14), 10**14))
def test_an_amount_comes_back_however_it_is_written(cents: int) -> None:
    sign, euros, rest = "-" if cents < 0 else "", abs(cents) // 100, abs(cents) % 100
    grouped = f"{euros:,}".replace(",", ".")
    for text in (f"{sign}{euros},{rest:02}", f"{sign}{grouped},{rest:02} €", f"{sign}{euros}.{rest:02}"):
        assert forms.parse_euros(text) == cents


@quick
@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.sampled_from("/.-"))
def test_a_date_comes_back_however_it_is_written(day: date, between: str) -> None:
    italian = between.join((f"{day.day:02}", f"{day.month}", f"{day.year}"))
    for text in (italian, f" {italian} ", day.isoformat()):
        assert Typed.model_validate(forms._prepare(FormData([("day", text)]), Typed)).day == day


def test_the_clock_of_the_tokens_is_the_platform_s() -> None:
    """The control of the tokens above: past its time, even a good one is none."""
    token = signing.sign("session", {"a": 1}, datetime(2001, 1, 1, tzinfo=UTC))
    with pytest.raises(signing.BadToken):
        signing.unsign("session", token)
