"""What the codes of training are called in Italian. Append only, as the codes themselves."""

from __future__ import annotations

from shared.web.labels import LINES

__all__ = [
    "ALL_LEAVE_REASONS", "CANCEL_REASONS", "CERTIFICATES", "CLOSED_REASONS", "ENROLMENT_STATUSES", "LEAVE_REASONS",
    "LINES", "PROVIDERS", "STATUSES", "TOPICS",
]  # fmt: skip

TOPICS = {
    "skills_balance": "Bilancio di competenze",
    "italian": "Lingua italiana",
    "soft_skills": "Competenze trasversali",
    "safety": "Sicurezza sul lavoro",
    "cv": "Curriculum dinamico",
    "vocational": "Formazione professionalizzante",
    "market_profile": "Profilo richiesto dal mercato",
    "digital": "Competenze digitali",
}
STATUSES = {"proposed": "Proposto", "active": "Attivo", "cancelled": "Annullato", "unknown": "Da completare"}
ENROLMENT_STATUSES = {"enrolled": "Iscritta", "completed": "Completato", "left": "Uscita"}
LEAVE_REASONS = {
    "found_work": "Ha trovato lavoro",
    "health": "Salute",
    "care": "Cura di familiari",
    "attendance": "Frequenza insufficiente",
    "other": "Altro",
}
ALL_LEAVE_REASONS = LEAVE_REASONS | {
    "pathway_closed": "Percorso chiuso",
    "course_cancelled": "Corso annullato",
}
CANCEL_REASONS = {
    "positions_lost": "Posizioni di lavoro venute meno",
    "too_few_enrolled": "Troppo pochi iscritti",
    "provider": "Rinuncia dell'ente",
    "other": "Altro",
}
CERTIFICATES = {
    "attendance": "Attestato di frequenza",
    "skills": "Certificato di competenze",
    "qualification": "Certificato di qualifica",
}
PROVIDERS = {
    "aeca": "AECA",
    "cefal": "CEFAL Emilia-Romagna",
    "ciofs-fp": "CIOFS-FP Emilia-Romagna",
    "cpia-metropolitano": "CPIA metropolitano di Bologna",
    "ecipar-bologna": "Ecipar Bologna",
    "enaip": "Enaip",
    "fomal": "Fondazione Fo.Ma.L.",
    "futura": "Futura",
    "ial": "IAL Emilia-Romagna",
    "iscom-bologna": "Iscom Bologna",
}
"""Bodies that a proposal offers to choose from; any other code is shown as it is."""
CLOSED_REASONS = {"filled": "coperta", "withdrawn": "ritirata", "expired": "scaduta"}
