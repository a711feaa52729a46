"""What intake's codes are called in Italian. The shared vocabularies stand in shared/web/labels.py."""

from __future__ import annotations

from shared import territory
from shared.web.labels import (
    AGE_BANDS,
    CHANNELS,
    CHECK_OUTCOMES,
    CHECKS,
    CITIZENSHIP_AREAS,
    CONTRACTS,
    DIRECTIONS,
    DISTRICTS,
    DWELLINGS,
    EDUCATION,
    ENTRIES,
    EVIDENCE,
    LINES,
    MEASURE_MOTIVES,
    MEASURES,
    MODES,
    MOTIVES,
    OUTCOMES,
    PROPOSAL_STATES,
    READINESS,
    SEXES,
    check_reason,
)

__all__ = [
    "AGE_BANDS", "CHANNELS", "CHECKS", "CHECK_OUTCOMES", "CITIZENSHIP_AREAS", "CONTRACTS", "DIRECTIONS", "DISTRICTS",
    "DWELLINGS", "EDUCATION", "ENTRIES", "EVIDENCE", "LINES", "MEASURES", "MEASURE_MOTIVES", "MODES", "MOTIVES",
    "OUTCOMES", "PROPOSAL_STATES", "READINESS", "SEXES", "check_reason",
]  # fmt: skip

STAGES = {
    "to_contact": "Da contattare",
    "to_interview": "Da colloquiare",
    "to_decide": "Da decidere",
    "in_charge": "In carico",
    "closed": "Chiuso",
    "unknown": "Non iscritta",
}
WORK = {
    "unemployed": "Disoccupata/o",
    "never_worked": "Mai lavorato (inoccupata/o)",
    "employee": "Lavoro dipendente",
    "own_account": "Lavoro autonomo",
    "both": "Dipendente e autonomo",
}
LICENCES = {
    "AM": "AM", "A1": "A1", "A": "A", "B": "B", "BE": "BE", "C": "C", "CE": "CE", "D": "D", "DE": "DE",
    "CQC": "CQC", "forklift": "Muletto",
}  # fmt: skip
LANGUAGES = {
    "it": "Italiano", "en": "Inglese", "fr": "Francese", "es": "Spagnolo", "ar": "Arabo", "ro": "Romeno",
    "sq": "Albanese", "uk": "Ucraino", "ru": "Russo", "bn": "Bengalese", "ur": "Urdu", "zh": "Cinese",
    "pt": "Portoghese", "de": "Tedesco", "tl": "Tagalog", "wo": "Wolof", "ti": "Tigrino", "am": "Amarico",
    "pl": "Polacco", "tr": "Turco", "fa": "Persiano", "hi": "Hindi",
}  # fmt: skip
QUARTIERI = {**territory.QUARTIERI, "unknown": "Non noto"}
MUNICIPALITIES = {each.code: each.name for each in territory.municipalities()}
DOMICILES = {**MUNICIPALITIES, "outside": "Fuori dalla Città metropolitana"}
COURSE_STATES = {"enrolled": "Iscritta", "completed": "Completato", "left": "Uscita"}
PROJECT_STATES = {"started": "Avviato", "funded": "Finanziato"}
