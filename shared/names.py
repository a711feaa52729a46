"""How places and organisations that stand in facts as a code are called: intake works with them, others tell them.

Append only: a code stands in facts for ever, and so does its name. [own] where no source read by the authors confirms
it: the office's list replaces it.
"""

from __future__ import annotations

from shared import territory

DESKS = {
    "malvezzi": "Palazzo Malvezzi",
    **{f"sportello-{slug}": f"Sportello lavoro {name}" for slug, name in territory.QUARTIERI.items()},
    "caritas-san-petronio": "Caritas · Fondazione San Petronio",
    "appennino": "Sportello itinerante Appennino",
}
"""The desks where people come in."""
REFERRERS = {
    "parrocchia-corticella": "Parrocchia dei Santi Savino e Silvestro di Corticella",
    "caritas-bologna": "Caritas diocesana di Bologna - Centro di ascolto",
    "sst-bologna": "Comune di Bologna - Servizio sociale territoriale",
    "quartiere-navile": "Comune di Bologna - Quartiere Navile",
    "unione-appennino": "Unione dei Comuni dell'Appennino Bolognese",
    "associazione-amici": "Associazione Amici di Piazza Grande",
}
"""The organisations accredited to refer people [own]."""
LANGUAGES = {
    "it": "Italiano", "en": "Inglese", "fr": "Francese", "es": "Spagnolo", "ar": "Arabo", "ro": "Romeno",
    "sq": "Albanese", "uk": "Ucraino", "ru": "Russo", "bn": "Bengalese", "ur": "Urdu", "zh": "Cinese",
    "pt": "Portoghese", "de": "Tedesco", "tl": "Tagalog", "wo": "Wolof", "ti": "Tigrino", "am": "Amarico",
    "pl": "Polacco", "tr": "Turco", "fa": "Persiano", "hi": "Hindi",
}  # fmt: skip
"""The languages that people speak, by ISO 639-1."""
