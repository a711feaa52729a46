"""What was typed becomes a model, or one Italian sentence a field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, field_validator
from starlette.datastructures import FormData

from shared.web.forms import Euros, _prepare, parse_euros
from shared.web.sentences import OTHERWISE, sentence


class Sheet(BaseModel):
    on: date
    kinds: list[Literal["a", "b"]] = Field(min_length=1)
    note: str | None = None
    must: str | None
    agreed: bool
    seats: Annotated[int, Field(ge=1)] = 1

    @field_validator("note")
    @classmethod
    def _no_shouting(cls, note: str | None) -> str | None:
        if note and note.isupper():
            raise ValueError("Non scrivere tutto in maiuscolo.")
        return note


def read(*pairs: tuple[str, str]) -> Sheet:
    return Sheet.model_validate(_prepare(FormData(list(pairs)), Sheet))


def refused(*pairs: tuple[str, str]) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        read(*pairs)
    return {str(one["loc"][0]): sentence(one) for one in caught.value.errors()}


def test_lists_blanks_checkboxes_and_italian_dates() -> None:
    sheet = read(("on", " 3/2/2026 "), ("kinds", "a"), ("kinds", "b"), ("note", "  "), ("seats", ""), ("x", "y"))
    assert sheet == Sheet(on=date(2026, 2, 3), kinds=["a", "b"], note=None, must=None, agreed=False, seats=1)
    assert read(("on", "2026-02-03"), ("kinds", "a"), ("agreed", "true"), ("must", "r\r\ns")).must == "r\ns"


def test_sentences_are_italian_and_by_field() -> None:
    assert refused(("kinds", "z"), ("note", "AIUTO"), ("seats", "0")) == {
        "on": "Campo obbligatorio.",
        "kinds": "Scegli una delle voci dell'elenco.",
        "note": "Non scrivere tutto in maiuscolo.",
        "seats": "Deve essere almeno 1.",
    }
    assert refused(("on", "1700000000"))["on"] == "La data non è valida: scrivila come 31/12/2026."
    assert refused(("on", "31/02/2026"))["on"] == "La data non è valida: scrivila come 31/12/2026."
    assert refused(("on", "2026-02-03"))["kinds"] == "Scegli almeno una voce."


@pytest.mark.parametrize(
    ("typed", "cents"),
    [("1.234,56", 123456), ("1234.56", 123456), ("1.234", 123400), ("12,5", 1250), ("€ 7", 700),
     ("1.234.567,89", 123456789)],
)  # fmt: skip
def test_amounts(typed: str, cents: int) -> None:
    assert parse_euros(typed) == cents


@pytest.mark.parametrize("typed", ["1,234", "uno", "NaN", "Infinity", "1e99999999", "", "--1"])
def test_what_is_no_amount_is_refused_in_italian(typed: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Annotated[Euros, Field(gt=0)]).validate_python(parse_euros(typed))
    assert sentence(caught.value.errors()[0]) != ""


@given(st.text())
def test_no_text_breaks_the_amounts(typed: str) -> None:
    parse_euros(typed)


ENGLISH = {"should", "valid", "must", "input", "string", "required", "unable"}


@pytest.mark.parametrize(
    ("kind", "value"),
    [(int, "x"), (int, "1" * 5000), (float, "x"), (Decimal, "x"), (bool, "forse"), (date, "x"), (UUID, "x"),
     (list[int], 3), (dict[str, int], 3), (Annotated[str, Field(pattern="^a$")], "b"), (str, 3),
     (Annotated[date, Field(le=date(2026, 1, 2))], date(2027, 1, 1)), (None, 3), (Annotated[int, Field(lt=3)], 5)],
)  # fmt: skip
def test_no_english_sentence(kind: Any, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    text = sentence(caught.value.errors()[0])
    assert text != OTHERWISE
    assert not ENGLISH & set(text.lower().replace(".", "").split())
    assert "{" not in text
