"""Pydantic's error types in Italian: one sentence an operator can act on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.web.formats import day

_SENTENCES = {
    "missing": "Campo obbligatorio.",
    "string_type": "Scrivi un testo.",
    "string_too_short": "Scrivi almeno {min_length} caratteri.",
    "string_too_long": "Scrivi al massimo {max_length} caratteri.",
    "string_pattern_mismatch": "Il formato non è quello atteso.",
    "string_unicode": "Il testo contiene caratteri non ammessi.",
    "int_type": "Scrivi un numero intero.",
    "int_parsing": "Scrivi un numero intero.",
    "int_parsing_size": "Il numero è troppo grande.",
    "int_from_float": "Scrivi un numero intero, senza decimali.",
    "float_type": "Scrivi un numero.",
    "float_parsing": "Scrivi un numero.",
    "finite_number": "Scrivi un numero.",
    "decimal_type": "Scrivi un numero.",
    "decimal_parsing": "Scrivi un numero.",
    "decimal_max_digits": "Il numero ha troppe cifre.",
    "decimal_max_places": "Il numero ha troppi decimali: al massimo {decimal_places}.",
    "greater_than": "Deve essere maggiore di {gt}.",
    "greater_than_equal": "Deve essere almeno {ge}.",
    "less_than": "Deve essere minore di {lt}.",
    "less_than_equal": "Deve essere al massimo {le}.",
    "multiple_of": "Deve essere un multiplo di {multiple_of}.",
    "bool_type": "Scegli sì o no.",
    "bool_parsing": "Scegli sì o no.",
    "date_type": "Scrivi una data, come 31/12/2026.",
    "date_parsing": "La data non è valida: scrivila come 31/12/2026.",
    "date_from_datetime_parsing": "La data non è valida: scrivila come 31/12/2026.",
    "date_from_datetime_inexact": "Scrivi solo la data, senza l'ora.",
    "date_past": "La data deve essere nel passato.",
    "date_future": "La data deve essere nel futuro.",
    "datetime_type": "Scrivi una data e un'ora.",
    "datetime_parsing": "La data e l'ora non sono valide.",
    "datetime_from_date_parsing": "La data e l'ora non sono valide.",
    "timezone_aware": "Manca il fuso orario.",
    "time_type": "Scrivi un'ora, come 09:30.",
    "time_parsing": "L'ora non è valida: scrivila come 09:30.",
    "enum": "Scegli una delle voci dell'elenco.",
    "literal_error": "Scegli una delle voci dell'elenco.",
    "uuid_type": "Il codice non è valido.",
    "uuid_parsing": "Il codice non è valido.",
    "uuid_version": "Il codice non è valido.",
    "url_parsing": "L'indirizzo web non è valido.",
    "url_scheme": "L'indirizzo web deve cominciare con https://.",
    "list_type": "Serve un elenco.",
    "tuple_type": "Serve un elenco.",
    "set_type": "Serve un elenco.",
    "frozen_set_type": "Serve un elenco.",
    "too_short": "Scegli almeno {min_length} voci.",
    "too_long": "Scegli al massimo {max_length} voci.",
    "dict_type": "Serve un oggetto JSON.",
    "model_type": "Serve un oggetto JSON.",
    "model_attributes_type": "Serve un oggetto JSON.",
    "extra_forbidden": "Campo non previsto.",
    "json_invalid": "Il contenuto non è JSON valido.",
    "json_type": "Il contenuto non è JSON valido.",
    "none_required": "Questo campo deve restare vuoto.",
}
OTHERWISE = "Il valore non è valido."
NO_FILE = "Scegli un file."


def sentence(error: Mapping[str, Any], translate: Callable[[str], str] = str) -> str:
    """The Italian sentence for one entry of ValidationError.errors(); `translate` gives it in another language.

    A ValueError raised by a validator of ours is shown as it is: validators speak Italian.
    """
    kind = str(error["type"])
    context: dict[str, Any] = dict(error.get("ctx") or {})
    own = context.get("error")
    if kind == "value_error" and isinstance(own, ValueError):
        text = str(own)
        return translate(NO_FILE if text.startswith("Expected UploadFile") else text)
    if kind == "too_short" and context.get("min_length") == 1:
        return translate("Scegli almeno una voce.")
    if kind == "string_too_short" and context.get("min_length") == 1:
        return translate("Campo obbligatorio.")
    limits = {name: day(v) if hasattr(v, "isoformat") else v for name, v in context.items()}
    return translate(_SENTENCES.get(kind, OTHERWISE)).format_map(limits)


def known(kind: str) -> str:
    """The Italian sentence of one of pydantic's error types, its limits unfilled."""
    return _SENTENCES[kind]
