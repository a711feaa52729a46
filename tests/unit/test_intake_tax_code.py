"""The codice fiscale: sixteen characters with omocodia, the provisional eleven, tolerant comparison."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.intake import importing, tax_code
from services.intake.finding import query_tokens, search_tokens
from shared.decisions import Refused

# The Ministry's own example of the decree: Rossi Mario, born in Rome on 10 April 1980, has no real owner.
MARIO = "RSSMRA80D10H501"
PERSON: dict[str, Any] = {
    "family_name": "Rossi", "given_name": "Mario", "birth_date": date(1980, 4, 10), "sex": "M", "birth_place": "Roma",
}  # fmt: skip


def with_check(text: str) -> str:
    """The code with its right last letter."""
    from codicefiscale import codicefiscale

    return text + codicefiscale.encode_cin(text + "A")


def good(text: str) -> tax_code.TaxCode:
    code = tax_code.parse(text)
    assert isinstance(code, tax_code.TaxCode), code
    return code


def test_sixteen_characters_however_typed() -> None:
    code = with_check(MARIO)
    assert good(f" {code[:6].lower()} {code[6:]} ").code == code
    assert not good(code).provisional
    assert tax_code.warnings(good(code), **PERSON) == []


def test_an_omocode_is_another_code_of_the_same_data() -> None:
    omocode = with_check("RSSMRA80D10H50M")
    assert good(omocode).code == omocode
    assert tax_code.warnings(good(omocode), **PERSON) == []
    all_letters = with_check("RSSMRAULDMLHRLM")
    assert tax_code.warnings(good(all_letters), **PERSON) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("RSSMRA80D10H501", "16 caratteri"),
        ("RSSMRA80D10H501A", "lettera"),
        ("RSSMRA80F10H501A", "forma"),
        ("1SSMRA80D10H501A", "forma"),
        ("12345678901", "cifra"),
        ("١٢٣٤٥٦٧٨٩٠١", "16 caratteri"),
        ("", "16 caratteri"),
    ],
)
def test_a_wrong_code_says_what_is_wrong(text: str, word: str) -> None:
    refused = tax_code.parse(text)
    assert isinstance(refused, Refused)
    assert word in refused.sentence
    assert refused.field == "tax_code"


@pytest.mark.parametrize("digit", range(10))
def test_of_the_ten_last_digits_one_is_the_check(digit: int) -> None:
    assert tax_code.luhn(f"1234567890{digit}") == (digit == 3)


def test_the_provisional_code_is_taken_with_a_reminder() -> None:
    code = good("12345678903")
    assert code.provisional
    assert "sei mesi" in tax_code.warnings(code, **PERSON)[0]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"family_name": "Bianchi"}, "cognome"),
        ({"given_name": "Luca"}, "nome"),
        ({"birth_date": date(1980, 4, 11)}, "data di nascita"),
        ({"birth_date": date(1981, 4, 10)}, "data di nascita"),
        ({"sex": "F"}, "sesso"),
        ({"birth_place": "Bologna"}, "luogo"),
    ],
)
def test_what_does_not_agree_is_one_warning(change: dict[str, Any], word: str) -> None:
    found = tax_code.warnings(good(with_check(MARIO)), **(PERSON | change))
    assert len(found) == 1
    assert word in found[0]


def test_a_sex_not_said_and_a_suppressed_birthplace_are_fine() -> None:
    porretta = good(with_check("RSSMRA80D50A558"))
    data = PERSON | {"given_name": "Maria", "sex": "X", "birth_place": "Porretta Terme"}
    assert tax_code.warnings(porretta, **data) == []


def test_citizenships_have_an_area() -> None:
    assert tax_code.citizenship_area("IT") == "italy"
    assert tax_code.citizenship_area("XX") == "stateless"
    by_name = {name: code for code, name in tax_code.countries().items()}
    areas = {
        "Romania": "eu",
        "Cipro": "eu",
        "Albania": "europe_other",
        "Marocco": "africa",
        "Cina": "asia",
        "Sud Sudan": "africa",
    }
    assert {name: tax_code.citizenship_area(by_name[name]) for name in areas} == areas
    assert tax_code.citizenship_area("Z161") == "asia"
    assert tax_code.country_by_name()["REPUBBLICA POPOLARE CINESE"] == by_name["Cina"]
    assert tax_code.country_by_name()["APOLIDE"] == tax_code.STATELESS
    assert len([c for c in tax_code.countries() if tax_code.citizenship_area(c) == "eu"]) == 26
    with pytest.raises(KeyError):
        tax_code.citizenship_area("Z999")


def test_what_is_searched_is_what_is_kept() -> None:
    kept = set(
        search_tokens(
            {"family_name": "D'Amico Núñez", "given_name": "José", "phone": "+39 333 1234567", "tax_code": None}
        )
    )
    for query in ("amico", "Nunez jo", "3331234567", "00393331234567", "JOSÉ D'AMICO"):
        assert set(query_tokens(query)) <= kept, query
        assert query_tokens(query)
    assert not set(query_tokens("Amica")) <= kept
    assert query_tokens("a ") == []


@pytest.mark.parametrize(("kind", "page"), [("questionnaire", "import-questionario"), ("archive", "import-archivio")])
def test_the_layout_of_the_import_is_documented(kind: str, page: str) -> None:
    folder = Path(__file__).parents[2] / "docs"
    written = (folder / "import-questionario.md").read_text() + (folder / f"{page}.md").read_text()
    for column in importing.KINDS[kind].COLUMNS:
        assert f"| `{column.heading}` |" in written, column.heading
