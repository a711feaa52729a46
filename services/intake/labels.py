"""What intake's codes are called in Italian. The shared vocabularies stand in shared/web/labels.py."""

from __future__ import annotations

from shared import territory
from shared.web.labels import (
    AGE_BANDS,
    CHANNELS,
    CITIZENSHIP_AREAS,
    CONTRACTS,
    DIRECTIONS,
    DISTRICTS,
    EDUCATION,
    MOTIVES,
    READINESS,
    SEXES,
)

__all__ = [
    "AGE_BANDS", "CHANNELS", "CITIZENSHIP_AREAS", "CONTRACTS", "DIRECTIONS", "DISTRICTS", "EDUCATION",
    "MOTIVES", "READINESS", "SEXES",
]  # fmt: skip

STAGES = {
    "to_contact": "Da contattare",
    "to_interview": "Da colloquiare",
    "to_decide": "Da decidere",
    "in_charge": "In carico",
    "closed": "Chiuso",
    "unknown": "Non iscritta",
}
CHECKS = {"domicile": "Domicilio", "status": "Stato occupazionale", "measures": "Altre misure"}
CHECK_OUTCOMES = {"passed": "Superata", "failed": "Non superata", "passed_with_motive": "Superata con motivo"}
EVIDENCE = {
    "self_declaration": "Autodichiarazione (DPR 445/2000)",
    "register_read": "Lettura dell'anagrafe del lavoro",
    "service_report": "Segnalazione di un servizio",
}
DWELLINGS = {
    "home": "Abitazione",
    "dormitory": "Dormitorio o centro di accoglienza",
    "fictitious_street": "Via fittizia (senza dimora)",
    "community": "Comunità",
    "none": "Senza dimora",
}
WORK = {
    "unemployed": "Disoccupata/o",
    "never_worked": "Mai lavorato (inoccupata/o)",
    "employee": "Lavoro dipendente",
    "own_account": "Lavoro autonomo",
    "both": "Dipendente e autonomo",
}
MEASURES = {
    "none": "Nessuna",
    "income_support": "NASpI o DIS-COLL",
    "adi": "Assegno di inclusione (ADI)",
    "sfl": "Supporto formazione e lavoro (SFL)",
    "reddito_di_cittadinanza": "Reddito di cittadinanza",
    "gol": "Programma GOL",
    "lr14": "Programma personalizzato L.R. 14/2015",
    "regional_traineeship": "Tirocinio finanziato in corso",
    "other": "Altra misura",
}
MEASURE_MOTIVES = {
    "complementary": "Interventi complementari",
    "ending": "L'altra misura sta per finire",
    "agreed_with_service": "Concordato con l'altro servizio",
}
MODES = {"in_person": "Di persona", "phone": "Al telefono", "video": "In video"}
OUTCOMES = {
    "autonomous": "Raggiunta autonomia",
    "found_work": "Ha trovato lavoro",
    "strong_profile": "Fuori target: profilo forte",
    "not_eligible": "Non ammissibile",
    "unreachable": "Irreperibile",
    "withdrew": "Ha rinunciato",
    "moved_away": "Si è trasferita/o",
    "referred": "Indirizzata/o ad altro servizio",
    "deceased": "Deceduta/o",
}
ENTRIES = {"assisted": "Allo sportello", "questionnaire": "Questionario in rete", "archive": "Archivio"}
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
COURSE_STATES = {"enrolled": "Iscritta/o", "completed": "Completato", "left": "Lasciato"}
PRESENTATION_STATES = {
    "shortlisted": "In rosa",
    "presented": "Presentata/o",
    "refused_by_company": "Rifiuto dell'azienda",
    "refused_by_person": "Rifiuto della persona",
    "withdrawn": "Ritirata",
    "no_answer": "Nessuna risposta",
}
PROJECT_STATES = {"started": "Avviato", "funded": "Finanziato"}
REASONS = {
    "domicile.outside": "fuori dai 55 comuni",
    "status.never_worked": "mai lavorato",
    "status.unemployed": "senza lavoro, disponibilità dichiarata",
    "status.no_did": "manca la dichiarazione di immediata disponibilità",
    "status.low_income": "reddito sotto la soglia",
    "status.suspended": "contratto breve: stato sospeso, non perso",
    "status.working": "lavora con reddito sopra la soglia",
}


def reason(code: str) -> str:
    """The words for the rule that gave a check its outcome."""
    check, _, rest = code.partition(".")
    if check == "domicile" and rest in DWELLINGS:
        return DWELLINGS[rest].lower()
    if check == "measures":
        measure, _, motive = rest.partition(".")
        words = MEASURES.get(measure, measure)
        return f"{words}: {MEASURE_MOTIVES.get(motive, motive).lower()}" if motive else words
    return REASONS.get(code, code)
