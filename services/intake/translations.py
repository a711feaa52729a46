"""The public pages in other languages: gettext catalogues under locale/<language>/LC_MESSAGES, read at the start.

Italian is the source. A further language is one more messages.po: the pages find it, its direction (right-to-left)
and its own name by themselves. `python -m services.intake.translations` writes new messages into every catalogue
(marked as missing) and takes out those that are used no more.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.messages import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from babel.support import Translations
from jinja2 import Environment

from services.intake import labels, tax_code
from shared.web import pages, problems, sentences

HERE = Path(__file__).parent
LOCALES = HERE / "locale"
TEMPLATES = HERE / "templates"
PUBLIC = TEMPLATES / "intake" / "public"
SOURCE = "it"
FIRST = ("it", "en", "fr", "ar")
"""In this order; whatever else has a catalogue comes after, by its code."""
KINDS = (
    "missing", "string_type", "string_too_long", "string_pattern_mismatch", "string_unicode", "bool_parsing",
    "date_type", "date_parsing", "date_from_datetime_parsing", "greater_than_equal", "less_than_equal",
    "literal_error", "too_long", "extra_forbidden",
)  # fmt: skip
"""The errors of pydantic that a public form can meet."""
STATUSES = (403, 404, 405, 413, 422, 429, 500, 503)
KEYWORDS = {"say": None, "Refused": (2,), "Problem": (3,), "_refused": None, "ValueError": None, "N_": None}
MODULES = (
    "domain/self_registration.py", "domain/person_page.py", "tax_code.py", "human.py", "commands/person_page.py",
    "forms/self_registration.py", "pages/public.py", "pages/self_registration.py", "pages/person_page.py",
)  # fmt: skip
ALSO = (
    "Scegli…", "Campo obbligatorio.", "Il testo contiene caratteri non ammessi.", "Non noto", "Apolide",
    "Da questo collegamento sono arrivate troppe richieste. Aspetta qualche minuto e riprova: quello che hai già "
    "salvato non va perso.",
    "Il modulo è troppo grande: accorcia i testi e riprova.",
    "Il modulo non è più valido, perché la sessione è cambiata. Torna indietro, ricarica la pagina e riprova.",
    "Il modulo è incompleto: ricarica la pagina e riprova.",
)  # fmt: skip


def _catalogue_of(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


@cache
def languages() -> dict[str, Locale]:
    """The languages that there are: Italian, and each that has a catalogue."""
    found = {path.parts[-3] for path in LOCALES.glob("*/LC_MESSAGES/messages.po")} | {SOURCE}
    order = sorted(found, key=lambda code: (FIRST.index(code) if code in FIRST else len(FIRST), code))
    return {code: Locale.parse(code) for code in order}


@cache
def catalogue(language: str) -> NullTranslations:
    """The translations of a language, compiled in memory; Italian is as it stands."""
    if language == SOURCE:
        return NullTranslations()
    with _catalogue_of(language).open("rb") as file:
        known = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, known)
    compiled.seek(0)
    return Translations(compiled)


@cache
def environment(language: str) -> Environment:
    """The public templates in that language."""
    env = pages.environment(PUBLIC, TEMPLATES)
    env.add_extension("jinja2.ext.i18n")
    env.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]  # the extension's
    env.filters["day"] = lambda on: format_date(on, "long", locale=language) if on else ""
    env.filters["iso_day"] = lambda text: format_date(date.fromisoformat(text), "long", locale=language) if text else ""
    return env


def translator(language: str) -> Callable[[str], str]:
    """Italian -> that language; a message without a translation stays Italian."""
    return catalogue(language).gettext


def countries(language: str) -> dict[str, str]:
    """Citizenships by code, in that language as far as CLDR knows the country, by name."""
    known = {name.casefold(): code for code, name in Locale.parse(SOURCE).territories.items()}
    own = languages()[language].territories
    names = {code: own.get(known.get(name.casefold(), ""), name) for code, name in tax_code.countries().items()}
    names |= {tax_code.ITALY: own["IT"], tax_code.STATELESS: translator(language)("Apolide")}
    return dict(sorted(names.items(), key=lambda item: (item[0] != tax_code.ITALY, item[1].casefold())))


def spoken(language: str) -> dict[str, str]:
    """The languages somebody may speak, named in that language."""
    own = languages()[language].languages
    return {code: own.get(code, name) for code, name in labels.LANGUAGES.items()}


def vocabularies() -> Iterator[str]:
    """The words of the codes that the public pages show."""
    for words in (labels.EDUCATION, labels.CHANNELS, labels.SEXES, labels.CONTRACTS):
        yield from words.values()
    yield from (name for name in labels.LICENCES.values() if len(name) > 3)  # the classes are the same everywhere


def messages() -> set[str]:
    """Every message that the public pages can show."""
    found = {*ALSO, *vocabularies()}
    found |= {sentences.known(kind) for kind in KINDS}
    found |= {problems.TITLES[status] for status in STATUSES} | {
        problems.SENTENCES[s] for s in STATUSES if s in problems.SENTENCES
    }
    # In the shared templates only what is marked with _(...) is for all languages.
    for path in (*PUBLIC.rglob("*.html"), Path(pages.__file__).parent / "templates" / "forms.html"):
        options = {"newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
        for _, message, _, _ in extract_from_file("jinja2.ext:babel_extract", path, options=options):
            found |= {message} if isinstance(message, str) else set(message)
    for name in MODULES:
        for _, message, _, _ in extract_from_file("python", HERE / name, keywords=KEYWORDS):
            found |= {message} if isinstance(message, str) else {text for text in message if text}
    return {text for text in found if text.strip()}


def main() -> None:
    """Brings every catalogue up to date."""
    wanted = messages()
    for language in languages():
        if language == SOURCE:
            continue
        path = _catalogue_of(language)
        with path.open("rb") as file:
            before = read_po(file, locale=language)
        about = f"# {languages()[language].english_name}, from the Italian words in the code."
        after = Catalog(
            locale=language,
            header_comment=about,
            project="Insieme per il lavoro",
            version="1",
            charset="utf-8",
            fuzzy=False,
            msgid_bugs_address="",
            copyright_holder="",
        )
        for text in sorted(wanted):
            old = before.get(text)
            after.add(text, old.string if old else "")
        with path.open("wb") as file:
            write_po(file, after, width=120, omit_header=False, sort_output=True)
        missing = sum(1 for message in after if message.id and not message.string)
        print(f"{language}: {len(wanted)} messaggi, {missing} da tradurre")


if __name__ == "__main__":
    main()
