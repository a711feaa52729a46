"""What codes and fields are called in Italian on reporting's pages. Append only, as the codes themselves.

Reporting shows everybody's facts, so it has words for everybody's codes; a test asks for every contract.
"""

from __future__ import annotations

from shared.names import DESKS, LANGUAGES, REFERRERS
from shared.territory import UNIONS
from shared.web.case_labels import (
    CONFIRM_EVIDENCE,
    CONFIRMED,
    CONTACT_CHANNELS,
    CONTACT_OUTCOMES,
    REVIEW_OUTCOMES,
    SIGNERS,
    SIGNING_WAYS,
    SUSPENSION_REASONS,
    TRANSFER_MOTIVES,
)
from shared.web.desk_labels import (
    CANCELLED_FOR,
    DECLINED_FOR,
    DISABLED_WHY,
    DISCARD_REASONS,
    DISCLOSURE_LEVELS,
    EMERGENCY_REASONS,
    ERASURE_GROUNDS,
    ERASURE_SCOPES,
    FAILURES,
    KEPT_OUTCOMES,
    MESSAGE_CHANNELS,
    MESSAGES_BY,
    MOVE_REASONS,
    ORGANISATION_KINDS,
    PURPOSES,
    REFERRER_KINDS,
    RESTRICTION_GROUNDS,
    RETENTION_RULES,
    RIGHT_GROUNDS,
    RIGHT_OUTCOMES,
    RIGHTS,
    STANDINGS,
    TEMPLATES,
    THEMES,
    VISIT_OUTCOMES,
)
from shared.web.labels import (
    AGE_BANDS,
    ANSWERS,
    ATTACHMENT_KINDS,
    CHANNELS,
    CHECK_OUTCOMES,
    CHECKS,
    CITIZENSHIP_AREAS,
    CONTRACTS,
    DIRECTIONS,
    DISTRICTS,
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
    MODES,
    MOTIVES,
    OUTCOMES,
    PART_GROUNDS,
    PERMIT_KINDS,
    PERSON_DISTRICTS,
    READINESS,
    SEXES,
    STATUS_ATTRIBUTES,
    VERIFIED_AS,
    WORK_LIMITS,
)
from shared.web.readers import roles

SERVICES = {
    "intake": "Accoglienza",
    "matching": "Domanda e offerta",
    "training": "Formazione",
    "enterprise": "Fare impresa",
    "reporting": "Dati e rapporti",
}
STATUSES = {
    "registered": "Iscritta",
    "in_charge": "In carico",
    "closed": "Percorso chiuso",
    "unknown": "Iscrizione non ancora ricevuta",
}
UNION_LABELS = UNIONS | {"none": "In nessuna unione", "outside": "Fuori territorio"}
DISTRICT_LABELS = PERSON_DISTRICTS | {"unknown": "Distretto non noto"}
END_REASONS = {
    "term": "Scadenza del termine",
    "resigned": "Dimissioni",
    "dismissed": "Licenziamento",
    "agreed": "Accordo tra le parti",
    "other": "Altro",
}
LEAVE_REASONS = {
    "found_work": "Ha trovato lavoro",
    "health": "Salute",
    "care": "Cura di familiari",
    "attendance": "Frequenza insufficiente",
    "pathway_closed": "Percorso chiuso",
    "course_cancelled": "Corso annullato",
    "other": "Altro",
}
CANCEL_REASONS = {
    "positions_lost": "Posti di lavoro venuti meno",
    "too_few_enrolled": "Troppo pochi iscritti",
    "provider": "Rinuncia dell'ente",
    "other": "Altro",
}
REFUSAL_REASONS = {
    "budget": "Risorse esaurite",
    "duplicate_support": "Già sostenuto da altra misura",
    "priorities": "Priorità dell'anno",
    "withdrawn": "Rinuncia del proponente",
}
SIZES = {
    "0-5": "Fino a 5 dipendenti",
    "6-20": "Da 6 a 20 dipendenti",
    "21-49": "Da 21 a 49 dipendenti",
    "50-249": "Da 50 a 249 dipendenti",
    "250+": "250 dipendenti e oltre",
}
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
PROJECT_SECTORS = {
    "crafts": "Artigianato",
    "trade": "Commercio",
    "services": "Servizi",
    "community_welfare": "Welfare di comunità",
    "ethical_food": "Alimentazione etica",
    "ethical_fashion": "Moda etica",
    "social_farming": "Agricoltura sociale",
    "sport_culture_regeneration": "Sport, cultura, rigenerazione",
}
KINDS = {"self_employment": "Autoimpiego", "social_innovation": "Innovazione sociale"}
YES_NO = {"True": "sì", "False": "no"}

VALUES: dict[str, dict[str, str]] = {
    "listening": LEVELS, "reading": LEVELS, "spoken_interaction": LEVELS, "spoken_production": LEVELS,
    "writing": LEVELS, "lr14_index": LR14_INDEX, "attributes": STATUS_ATTRIBUTES, "withdrawn": YES_NO,
    "referral_agreed": YES_NO, "scope": ERASURE_SCOPES, "rule": RETENTION_RULES,
    "channel": CHANNELS, "age_band": AGE_BANDS, "sex": SEXES, "citizenship_area": CITIZENSHIP_AREAS,
    "education": EDUCATION, "district": PERSON_DISTRICTS,
    "districts": DISTRICTS, "union": UNIONS, "contract": CONTRACTS, "readiness": READINESS,
    "direction": DIRECTIONS, "motive": MOTIVES, "line": LINES, "size": SIZES, "kind": KINDS, "service": SERVICES,
    "entry": ENTRIES, "check": CHECKS, "evidence": EVIDENCE, "mode": MODES,
    "certificate": {
        "attendance": "Attestato di frequenza", "skills": "Certificato di competenze",
        "qualification": "Certificato di qualifica",
    },
    "source": {"public": "Pubblica", "fsp": "Fondazione San Petronio"},
    "in_capital": YES_NO, "board": YES_NO, "may_work": YES_NO, "likeness": LIKENESSES,
    "excused": YES_NO, "active": YES_NO, "sending": YES_NO, "reminders": YES_NO, "known": YES_NO,
    "purpose": PURPOSES, "theme": THEMES, "template": TEMPLATES, "standing": STANDINGS, "right": RIGHTS,
    "answer": {"accepted": "La proposta interessa", "declined": "La proposta non interessa"},
    "desk": DESKS, "quiet_desks": DESKS, "organisation": REFERRERS, "language": LANGUAGES,
    "level": {str(level): words for level, words in DISCLOSURE_LEVELS.items()},
}  # fmt: skip
"""Field -> code -> words, where a field means the same in every contract."""
VALUES_OF: dict[tuple[str, str], dict[str, str]] = {
    ("intake.eligibility-checked", "outcome"): CHECK_OUTCOMES,
    ("intake.pathway-closed", "outcome"): OUTCOMES,
    ("intake.fragility-found", "outcome"): FRAGILITY_OUTCOMES,
    ("intake.declaration-verified", "outcome"): VERIFIED_AS,
    ("intake.language-assessed", "evidence"): LANGUAGE_EVIDENCE,
    ("training.course-completed", "topic"): TOPICS,
    ("intake.permit-recorded", "kind"): PERMIT_KINDS,
    ("intake.permit-recorded", "work_limit"): WORK_LIMITS | {"none": "Nessuno"},
    ("intake.persons-joined", "ground"): JOIN_GROUNDS,
    ("intake.persons-parted", "ground"): PART_GROUNDS,
    ("intake.attachment-added", "kind"): ATTACHMENT_KINDS,
    ("intake.contact-logged", "channel"): CONTACT_CHANNELS,
    ("intake.contact-logged", "outcome"): CONTACT_OUTCOMES,
    ("intake.case-transferred", "motive"): TRANSFER_MOTIVES,
    ("intake.pathway-suspended", "reason"): SUSPENSION_REASONS,
    ("intake.plan-signed", "by"): SIGNERS,
    ("intake.plan-signed", "way"): SIGNING_WAYS,
    ("intake.plan-reviewed", "outcome"): REVIEW_OUTCOMES,
    ("intake.plan-action-confirmed", "outcome"): CONFIRMED,
    ("intake.plan-action-confirmed", "evidence"): CONFIRM_EVIDENCE,
    ("intake.appointment-moved", "why"): MOVE_REASONS,
    ("intake.appointment-kept", "outcome"): KEPT_OUTCOMES,
    ("intake.appointment-cancelled", "by"): {"person": "La persona", "office": "L'ufficio"},
    ("intake.appointment-cancelled", "why"): CANCELLED_FOR,
    ("intake.message-queued", "channel"): MESSAGE_CHANNELS,
    ("intake.message-delayed", "reason"): FAILURES,
    ("intake.message-failed", "reason"): FAILURES,
    ("intake.messages-refused", "channel"): MESSAGE_CHANNELS,
    ("intake.messages-refused", "by"): MESSAGES_BY,
    ("intake.messages-accepted", "channel"): MESSAGE_CHANNELS,
    ("intake.messages-accepted", "by"): MESSAGES_BY,
    ("intake.contact-discarded", "reason"): DISCARD_REASONS,
    ("intake.person-code-revoked", "reason"): {
        "revoked": "Revocato da un operatore", "locked": "Troppi tentativi sbagliati",
    },
    ("intake.ticket-closed", "outcome"): VISIT_OUTCOMES,
    ("intake.visit-ended", "outcome"): VISIT_OUTCOMES,
    ("intake.person-referred", "kind"): REFERRER_KINDS,
    ("intake.right-requested", "by"): {"person": "La persona, dalla sua pagina", "operator": "Un operatore per lei"},
    ("intake.right-answered", "outcome"): RIGHT_OUTCOMES,
    ("intake.right-answered", "grounds"): RIGHT_GROUNDS,
    ("intake.processing-restricted", "ground"): RESTRICTION_GROUNDS,
    ("intake.emergency-opened", "reason"): EMERGENCY_REASONS,
    ("intake.erasure-proposed", "ground"): ERASURE_GROUNDS,
    ("intake.erasure-dropped", "ground"): RIGHT_GROUNDS,
    ("privacy.person-forgotten", "kept"): YES_NO,
    ("intake.organisation-opened", "kind"): ORGANISATION_KINDS,
    ("intake.account-opened", "role"): roles(),
    ("intake.account-moved", "role"): roles(),
    ("intake.account-disabled", "why"): DISABLED_WHY,
    ("intake.referral-declined", "reason"): DECLINED_FOR,
    ("matching.presentation-answered", "outcome"): ANSWERS,
    ("matching.vacancy-closed", "reason"): {
        "filled": "Posti coperti", "withdrawn": "Ritirata dall'azienda", "expired": "Termine scaduto",
    },
    ("matching.placement-ended", "reason"): END_REASONS,
    ("training.course-cancelled", "reason"): CANCEL_REASONS,
    ("training.course-left", "reason"): LEAVE_REASONS,
    ("training.course-proposed", "topic"): TOPICS,
    ("enterprise.project-submitted", "sector"): PROJECT_SECTORS,
    ("enterprise.technical-judgement-given", "outcome"): {"suitable": "Idoneo", "unsuitable": "Non idoneo"},
    ("enterprise.funding-refused", "reason"): REFUSAL_REASONS,
}  # fmt: skip
"""Where a field means something else in that type."""

FIELDS = {
    "language": "lingua", "listening": "ascolto", "reading": "lettura", "spoken_interaction": "interazione orale",
    "spoken_production": "produzione orale", "writing": "scrittura", "measure": "misura", "since": "primo giorno",
    "until": "ultimo giorno", "said_on": "letto dalla Regione il", "withdrawn": "ritirata",
    "answer_by": "risposta entro", "lr14_index": "indice L.R. 14/2015", "lr14_index_on": "data dell'indice",
    "role": "ruolo", "districts": "distretti", "account": "utente",
    "seed": "seme", "sample_id": "sorteggio",
    "share_percent": "quota (%)", "population": "dichiarazioni", "drawn": "sorteggiate", "attributes": "attributi",
    "holds_until": "vale fino al", "grounds": "regole non rispettate", "referral_agreed": "accetta le associazioni",
    "episode": "ingresso numero", "channel": "canale", "entry": "modalità", "age_band": "età", "sex": "sesso",
    "citizenship_area": "cittadinanza", "education": "titolo di studio", "district": "distretto", "union": "unione",
    "in_capital": "domicilio a Bologna", "check": "verifica", "outcome": "esito", "evidence": "prova",
    "evidence_on": "data della prova", "reason": "motivo", "mode": "modalità",
    "case_manager": "operatore di riferimento",
    "readiness": "valutazione", "actions": "azioni", "company_id": "azienda", "vacancy_id": "ricerca di personale",
    "course_id": "corso", "project_id": "progetto", "placement_id": "inserimento", "contract": "contratto",
    "ends_on": "ultimo giorno", "closes_on": "scadenza", "notice": "comunicazione obbligatoria", "line": "linea",
    "hours": "ore", "certificate": "attestato", "kind": "tipo", "amount": "importo", "size": "dipendenti",
    "sector": "settore", "board": "nel Board", "occupation": "professione (ISCO-08)", "positions": "posti",
    "topic": "materia", "seats": "posti", "starts_on": "primo giorno", "provider": "ente",
    "attendance_percent": "frequenza minima (%)", "budget_id": "linea di bilancio", "year": "anno",
    "source": "provenienza", "requested": "importo richiesto", "jobs": "posti di lavoro previsti",
    "score": "punteggio", "judged_by": "giudizio registrato da", "approved_by": "delibera registrata da",
    "decided_by": "decisione registrata da", "order": "mandato", "person_id": "persona",
    "organisation_id": "organizzazione", "report_id": "rapporto", "as_of": "rilevato al", "digest": "impronta",
    "support": "sostegno alla famiglia", "review_on": "da rivedere entro il", "by": "chi", "way": "come",
    "operator": "operatore", "next_on": "prossima revisione", "recall_on": "da richiamare il",
    "motive": "motivo", "from_manager": "da", "to_manager": "a", "expected_until": "fine prevista",
    "expires_on": "scadenza", "may_work": "può lavorare", "work_limit": "limite al lavoro",
    "renewal_asked_on": "rinnovo chiesto il", "likeness": "somiglianza", "ground": "perché", "other_id": "altra scheda",
    "proposal_id": "proposta", "scope": "che cosa", "rule": "regola", "kept": "conservato per legge",
    "execute_on": "si esegue il", "texts": "testi cancellati",
    "alias_id": "scheda unita", "root_id": "scheda che resta",
    "service": "servizio", "where": "posizione nel registro", "view": "vista",
    "purpose": "scopo", "desk": "sportello", "day": "giorno", "at": "ora", "minutes": "durata in minuti",
    "why": "motivo", "excused": "con un motivo accettato", "booked_by": "fissato da", "theme": "tema",
    "first": "primo giorno", "last": "ultimo giorno", "template": "testo", "keep_until": "da inviare entro il",
    "attempt": "tentativo", "again_at": "nuovo tentativo", "active": "promemoria attivi",
    "sending": "messaggi attivi", "reminders": "promemoria attivi", "quiet_desks": "sportelli senza promemoria",
    "answer": "risposta", "right": "diritto", "due_on": "risposta entro il", "ticket": "numero",
    "standing": "disponibilità", "organisation": "ente", "level": "che cosa saprà l'ente",
    "informed_on": "informativa consegnata il", "known": "già nel programma",
}  # fmt: skip
"""How a fact's fields are called; `on` is the date of the entry itself."""
FIELDS_OF: dict[tuple[str, str], str] = {
    ("intake.contact-received", "notice"): "versione dell'informativa",
    ("intake.contact-discarded", "person_id"): "persona già iscritta",
    ("intake.person-referred", "kind"): "tipo di ente",
}
"""Where a field means something else in that type."""
HIDDEN_FIELDS = frozenset(
    {
        "on",
        "identity",
        "reasons",
        "applied",
        "details",
        "sheet",
        "assessment_id",
        "fact_id",
        "population_digest",
        "text",
        "notes",
        "objectives",
        "name",
        "card",
        "description",
        "interview_id",
        "plan_id",
        "selection_id",
        "action_id",
        "because",
        "attachment_id",
        "reference",
        "contact_id",
        "note",
        "note_id",
        "review_id",
        "payment_id",
        "stream_id",
        "absence_id",
        "answers",
        "appointment_id",
        "closure_id",
        "code_id",
        "delivery_id",
        "emergency_id",
        "message_id",
        "referral_id",
        "request_id",
        "session_id",
        "slot_id",
        "visit_id",
    }
)
"""References into vaults and ids that say nothing to a reader."""

TROUBLES = {
    "parked": "Evento messo da parte",
    "rejected": "Evento respinto",
    "stopped": "Lettura del registro fermata",
    "view": "Vista guasta",
}
REASONS = {
    "gap": "Nel registro manca un numero della sequenza.",
    "wrong-predecessor": "L'evento non nomina il suo predecessore: la sequenza non torna.",
    "forked": "Lo stesso numero è stato dato a due eventi diversi.",
    "newer-version": "L'evento è scritto da una versione della piattaforma più nuova di quella del servizio.",
    "too-many-parked": "Troppi eventi messi da parte: il guasto è probabilmente nel servizio, non negli eventi.",
    "unknown-source": "L'evento viene da un servizio sconosciuto.",
    "forged-source": "L'evento è firmato da un servizio che non può scriverlo.",
    "wrong-topic": "L'evento sta in un argomento del registro che non è il suo.",
    "wrong-key": "La chiave dell'evento non è quella del suo contenuto.",
    "wrong-partition": "L'evento sta in una partizione che non è la sua.",
    "too-many-hops": "Catena di cause ed effetti troppo lunga: l'evento è stato fermato.",
    "undecodable-headers": "Le intestazioni dell'evento non sono leggibili.",
    "undecodable-data": "Il contenuto dell'evento non è leggibile.",
    "undecodable-no-value": "L'evento è vuoto.",
    "undecodable-subject": "L'evento parla di un soggetto diverso da quello dichiarato.",
    "declared-void": "L'evento è stato dichiarato nullo.",
}


def field(type_name: str, name: str) -> str:
    """How a field of that type of fact is called; what is hidden is an attachment."""
    return FIELDS_OF.get((type_name, name)) or FIELDS.get(name, "allegato")


def reason(code: str | None) -> str:
    """A notice's reason in words; a reaction or a fold that failed says its own name."""
    if not code:
        return ""
    if code in REASONS:
        return REASONS[code]
    return f"Il servizio non è riuscito a trattare l'evento ({code})."
