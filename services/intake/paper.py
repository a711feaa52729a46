"""Documents on paper: the answer to an access request as a PDF (fpdf2, with the pages' own typeface)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from services.intake import own_data
from shared.web import formats, static

FONTS = static.MODULES / "bootstrap-italia" / "dist" / "fonts" / "Titillium_Web"
FACES = {"": "titillium-web-v10-latin-ext_latin-regular.ttf", "B": "titillium-web-v10-latin-ext_latin-600.ttf"}
logging.getLogger("fpdf").setLevel(logging.ERROR)  # it names the letters that a typeface lacks: a person's letters
logging.getLogger("fontTools").setLevel(logging.ERROR)


class Paper(FPDF):
    """A4, one typeface, page numbers. Letters that the typeface lacks become a question mark, never an error."""

    def __init__(self, title: str) -> None:
        super().__init__(format="A4")
        self.set_title(title)
        self.set_lang("it")
        self.set_auto_page_break(True, margin=18)
        self.face = "helvetica"
        if all((FONTS / name).is_file() for name in FACES.values()):
            self.face = "titillium"
            for style, name in FACES.items():
                self.add_font(self.face, style, FONTS / name)
        self.add_page()

    def footer(self) -> None:
        """The page's number."""
        self.set_y(-12)
        self.set_font(self.face, size=8)
        self.cell(0, 6, f"Insieme per il lavoro — pagina {self.page_no()}", align="C")

    def _fit(self, words: str) -> str:
        if self.face == "helvetica":
            return words.encode("latin-1", "replace").decode("latin-1")
        font = self.fonts[self.face]
        assert isinstance(font, TTFFont)
        known = font.cmap
        return "".join(c if c == "\n" or ord(c) in known else "?" for c in words)

    def line_of(self, words: str, size: float = 10, style: str = "", gap: float = 0) -> None:
        """A paragraph over the whole width."""
        if gap:
            self.ln(gap)
        self.set_font(self.face, style, size)
        self.multi_cell(0, size * 0.5, self._fit(words), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_shown(one)}" for name, one in value.items() if one not in (None, "", []))
    if isinstance(value, bool):
        return "sì" if value else "no"
    return str(value)


def _pairs(paper: Paper, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if value not in (None, "", []):
            paper.line_of(f"{NAMES.get(name, name)}: {_shown(value)}")


NAMES = {
    "family_name": "Cognome", "given_name": "Nome", "tax_code": "Codice fiscale", "birth_date": "Data di nascita",
    "birth_place": "Luogo di nascita", "citizenship": "Cittadinanza", "phone": "Telefono",
    "email": "Posta elettronica", "address": "Indirizzo", "sex": "Sesso", "text": "Testo", "subject": "Oggetto",
    "former_tax_codes": "Codici di prima", "preferred_channel": "Mezzo preferito", "spoken_language": "Lingua",
    "municipality": "Comune", "languages": "Lingue",
    "quartiere": "Quartiere", "education": "Titolo di studio", "commute_minutes": "Minuti casa-lavoro",
    "licences": "Patenti", "own_vehicle": "Mezzo proprio", "birth_year": "Anno di nascita", "title": "Titolo",
    "description": "Descrizione", "organisation": "Impresa", "media_type": "Formato", "size": "Byte",
}  # fmt: skip


def _facts(paper: Paper, facts: Iterable[Mapping[str, Any]]) -> None:
    for fact in facts:
        note = " (corretto in seguito)" if fact["corrected_later"] else ""
        paper.line_of(f"{formats.day(date.fromisoformat(fact['on']))} — {fact['what']}{note}", 10, "B", gap=1.5)
        if fact["details"]:
            paper.line_of("; ".join(f"{name}: {value}" for name, value in fact["details"]), 9)
        for words in fact["texts"]:
            shown = {name: value for name, value in words.items() if name != "content"}
            _pairs(paper, shown)
        at = formats.instant(datetime.fromisoformat(fact["recorded_at"]))
        paper.line_of(f"registrato da {fact['by']} il {at}", 8)


def own_data_pdf(data: dict[str, Any]) -> bytes:
    """The whole answer, to be read."""
    paper = Paper("I tuoi dati in Insieme per il lavoro")
    paper.line_of("I tuoi dati in Insieme per il lavoro", 18, "B")
    paper.line_of(f"{own_data.heading(data)} — copia del {own_data.made_on(data)} (art. 15 GDPR)", 11, gap=1)
    paper.line_of("Chi sei", 14, "B", gap=4)
    for identity in data["identity"]:
        _pairs(paper, identity)
    for service in data["services"]:
        paper.line_of(service["name"], 14, "B", gap=5)
        for profile in service.get("profile", {}).values():
            _pairs(paper, profile)
        _facts(paper, service["facts"])
        if not service["facts"]:
            paper.line_of("Nessun fatto registrato.")
    paper.line_of("Documenti", 14, "B", gap=5)
    for one in data["documents"]:
        paper.line_of(f"{formats.day(date.fromisoformat(one['on']))} — {one['what']}: {one['state']}")
    paper.line_of("Chi ha visto i tuoi dati", 14, "B", gap=5)
    for one in data["accesses"]:
        at = formats.instant(datetime.fromisoformat(one["at"]))
        paper.line_of(f"{at} — {one['by']}: {one['purpose']}", 9)
    about = data["information"]
    for title, lines in (
        ("Perché li trattiamo", about["purposes"]), ("Da dove vengono", about["sources"]),
        ("A chi li comunichiamo", about["recipients"]),
        ("Per quanto tempo", [f"{r['what']}: {r['how_long']} ({r['rule']})" for r in about["retention"]]),
        ("I tuoi diritti", about["rights"]),
    ):  # fmt: skip
        paper.line_of(title, 14, "B", gap=5)
        for words in lines:
            paper.line_of(words)
    return bytes(paper.output())
