"""What intake's codes are called in Italian. The shared vocabularies stand in shared/web/labels.py."""

from __future__ import annotations

from services.intake.agenda_labels import APPOINTMENT_MODES, APPOINTMENT_STATES, MESSAGE_STATES, WEEKDAYS, weekday
from shared import territory
from shared.names import LANGUAGES
from shared.web.case_labels import (
    ACTION_KINDS,
    CONFIRM_EVIDENCE,
    CONFIRMED,
    CONTACT_CHANNELS,
    CONTACT_OUTCOMES,
    DOERS,
    OVERLAP_MOTIVES,
    PARTNERS,
    REVIEW_OUTCOMES,
    SIGNERS,
    SIGNING_WAYS,
    SUSPENSION_REASONS,
    TRANSFER_MOTIVES,
)
from shared.web.desk_labels import (
    CANCEL_REASONS,
    DISCLOSURE_LEVELS,
    ERASURE_GROUNDS,
    ERASURE_SCOPES,
    ERASURE_STATES,
    FAILURES,
    KEPT_OUTCOMES,
    MESSAGE_CHANNELS,
    MOVE_REASONS,
    PURPOSES,
    REFERRAL_REASONS,
    REFERRER_KINDS,
    RESTRICTION_GROUNDS,
    RIGHT_GROUNDS,
    RIGHT_OUTCOMES,
    RIGHTS,
    TEMPLATES,
    THEMES,
    VISIT_OUTCOMES,
)
from shared.web.labels import (
    AGE_BANDS,
    ATTACHMENT_KINDS,
    CHANNELS,
    CHECK_OUTCOMES,
    CHECKS,
    CITIZENSHIP_AREAS,
    CONTRACTS,
    DIRECTIONS,
    DWELLINGS,
    EDUCATION,
    ENTRIES,
    EVIDENCE,
    FRAGILITY_OUTCOMES,
    JOIN_GROUNDS,
    LANGUAGE_EVIDENCE,
    LEVELS,
    LIKENESSES,
    LINES,
    LR14_INDEX,
    MEASURE_MOTIVES,
    MEASURES,
    MODES,
    MOTIVES,
    OUTCOMES,
    PART_GROUNDS,
    PERMIT_KINDS,
    PROPOSAL_STATES,
    READINESS,
    SEXES,
    SKILLS,
    STATUS_ATTRIBUTES,
    VERIFIED_AS,
    WORK_LIMITS,
    check_reason,
)
from shared.web.labels import (
    PERSON_DISTRICTS as DISTRICTS,
)

__all__ = [
    "ACTION_KINDS",
    "AGE_BANDS",
    "APPOINTMENT_MODES",
    "APPOINTMENT_STATES",
    "ATTACHMENT_KINDS",
    "CANCEL_REASONS",
    "CHANNELS",
    "CHECKS",
    "CHECK_OUTCOMES",
    "CITIZENSHIP_AREAS",
    "CONFIRMED",
    "CONFIRM_EVIDENCE",
    "CONTACT_CHANNELS",
    "CONTACT_OUTCOMES",
    "CONTRACTS",
    "DIRECTIONS",
    "DISCLOSURE_LEVELS",
    "DISTRICTS",
    "DOERS",
    "DWELLINGS",
    "EDUCATION",
    "ENTRIES",
    "ERASURE_GROUNDS",
    "ERASURE_SCOPES",
    "ERASURE_STATES",
    "EVIDENCE",
    "FAILURES",
    "FRAGILITY_OUTCOMES",
    "JOIN_GROUNDS",
    "KEPT_OUTCOMES",
    "LANGUAGES",
    "LANGUAGE_EVIDENCE",
    "LEVELS",
    "LIKENESSES",
    "LINES",
    "LR14_INDEX",
    "MEASURES",
    "MEASURE_MOTIVES",
    "MESSAGE_CHANNELS",
    "MESSAGE_STATES",
    "MODES",
    "MOTIVES",
    "MOVE_REASONS",
    "OUTCOMES",
    "OVERLAP_MOTIVES",
    "PARTNERS",
    "PART_GROUNDS",
    "PERMIT_KINDS",
    "PROPOSAL_STATES",
    "PURPOSES",
    "READINESS",
    "REFERRAL_REASONS",
    "REFERRER_KINDS",
    "RESTRICTION_GROUNDS",
    "REVIEW_OUTCOMES",
    "RIGHTS",
    "RIGHT_GROUNDS",
    "RIGHT_OUTCOMES",
    "SEXES",
    "SIGNERS",
    "SIGNING_WAYS",
    "SKILLS",
    "STATUS_ATTRIBUTES",
    "SUSPENSION_REASONS",
    "TEMPLATES",
    "THEMES",
    "TRANSFER_MOTIVES",
    "VERIFIED_AS",
    "VISIT_OUTCOMES",
    "WEEKDAYS",
    "WORK_LIMITS",
    "check_reason",
    "weekday",
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
QUARTIERI = {**territory.QUARTIERI, "unknown": "Non noto"}
MUNICIPALITIES = {each.code: each.name for each in territory.municipalities()}
DOMICILES = {**MUNICIPALITIES, "outside": "Fuori dalla Città metropolitana"}
COURSE_STATES = {"enrolled": "Iscritta", "completed": "Completato", "left": "Uscita"}
PROJECT_STATES = {"started": "Avviato", "funded": "Finanziato"}

DIMENSIONS = {
    "work": "Lavoro",
    "social": "Situazione sociale",
    "health": "Salute",
    "housing": "Casa",
    "care": "Carichi di cura",
    "language": "Lingua italiana",
    "digital": "Uso del digitale",
}
OBSTACLES = {"no_obstacle": "Nessun ostacolo", "some": "Qualche ostacolo", "serious": "Ostacolo serio"}
FRAGILITY = {"work": "Lavoro", "social": "Situazione sociale", "health": "Salute"}
VERDICTS = {"compatible": "compatibile", "incompatible": "incompatibile", "to_discuss": "da discutere"}
REPEAT = {
    "expired": "la sospensione è finita",
    "reported": "la Regione segnala un'altra misura",
    "sample": "la dichiarazione non è stata confermata",
}
TO_COMPLETE = {
    "education": "titolo di studio",
    "languages": "lingue parlate",
    "commute_minutes": "minuti massimi casa-lavoro",
    "contacts": "telefono o posta elettronica",
    "tax_code": "codice fiscale",
}
SUPPORT = "Sostegno per conciliare lavoro e cura"
ACTION_GROUPS = {
    title: {code: ACTION_KINDS[code] for code in ACTION_KINDS if code.startswith(f"{direction}.")}
    for direction, title in {**DIRECTIONS, "support": SUPPORT}.items()
}
"""The kinds of actions as a list with headings."""
SOURCES = {
    "matching": "Domanda e offerta", "training": "Formazione", "enterprise": "Fare impresa",
    "register": "anagrafe del lavoro", "region": "Regione Emilia-Romagna", **PARTNERS,
}  # fmt: skip
PROVIDED = {
    **MEASURES, **CONTRACTS, **ACTION_KINDS, **{f"course.{code}": f"Corso {words}" for code, words in LINES.items()},
    "self_employment": "Progetto di autoimpiego", "social_innovation": "Progetto di innovazione sociale",
    "project": "Progetto d'impresa", "action": "Azione del piano precedente",
}  # fmt: skip
FLAGS = {
    "recall": "Da richiamare", "overdue": "Azioni del piano scadute", "review": "Piano da rivedere",
    "unsigned": "Piano da firmare", "to_plan": "In carico, senza piano", "silent": "Ferme da tempo",
    "suspended": "Sospese", "suspension_over": "Sospensione da rivedere", "unreachable": "Irreperibili",
    "late_contact": "Primo contatto in ritardo",
}  # fmt: skip
DOCUMENT_TYPES = {
    "none": "Nessun documento",
    "identity_card": "Carta d'identità",
    "passport": "Passaporto",
    "driving_licence": "Patente",
    "residence_permit": "Permesso di soggiorno",
    "other": "Altro documento",
}
PREFERRED_CHANNELS = {
    "phone": "Telefono",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "email": "Posta elettronica",
    "letter": "Lettera",
    "through_administrator": "Tramite l'amministratore di sostegno",
}
PERMIT_TYPES = {
    "work": "Lavoro subordinato",
    "self_employment": "Lavoro autonomo",
    "family": "Motivi familiari",
    "study": "Studio",
    "awaiting_employment": "Attesa occupazione",
    "seasonal": "Lavoro stagionale",
    "protection": "Asilo o protezione sussidiaria",
    "special_protection": "Protezione speciale",
    "asylum_request": "Richiesta di asilo",
    "medical": "Cure mediche",
    "minor_age": "Minore età",
    "long_term_eu": "UE per soggiornanti di lungo periodo",
    "family_of_eu_citizen": "Carta di soggiorno, familiare di cittadino UE",
    "other": "Altro",
}
LIMITS_TO_WORK = {"none": "Nessuno", "part_time": "Al massimo 20 ore a settimana", "seasonal": "Solo stagionale"}
