"""The CSV of the online questionnaire: a row is a registration. Layout: docs/import-questionario.md."""

from __future__ import annotations

from pydantic import ValidationError

from services.intake import domain
from services.intake.commands import register_in
from services.intake.forms import RegisterForm
from services.intake.importing.table import Field, cells
from shared import territory
from shared.decisions import Decision
from shared.store import Unit
from shared.web.sentences import sentence

PERSON: tuple[Field, ...] = (
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
COLUMNS: tuple[Field, ...] = (
    Field("data_iscrizione", "on", True, "15/01/2024", "Giorno di invio del questionario (gg/mm/aaaa)"),
    *PERSON,
)


def registration(values: dict[str, object]) -> RegisterForm | str:
    """The cells as the registration form, or the Italian reason why not."""
    values = {"channel": "web"} | values
    if values["municipality"] == territory.CAPITAL:
        values.setdefault("quartiere", domain.UNKNOWN_QUARTIERE)
    try:
        return RegisterForm.model_validate(values)
    except ValidationError as error:
        one = error.errors(include_url=False)[0]
        name = str(one["loc"][0]) if one["loc"] else ""
        heading = next((column.heading for column in COLUMNS if column.name == name), name)
        return f"«{heading}»: {sentence(one)}"


def read_row(row: dict[str, str]) -> RegisterForm | str:
    """A row of the file as the registration form, or the Italian reason why not."""
    values = cells(row, COLUMNS)
    return values if isinstance(values, str) else registration(values)


def cause(row: RegisterForm) -> str:
    """What makes a row the same row in another file: all of its content."""
    return row.model_dump_json()


async def decide(unit: Unit, row: RegisterForm) -> Decision:
    """The registration."""
    return await register_in(unit, row, None, entry="questionnaire")


def remark(row: RegisterForm) -> str:
    """What the operator should look at although the row was accepted."""
    return " ".join(row.warnings())
