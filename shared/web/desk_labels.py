"""What the codes of appointments, messages, visits, referrals and rights over one's data are called in Italian.

They stand in intake's facts and are told by intake and by reporting. Append only, as shared/web/labels.py.
"""

from __future__ import annotations

# Appointments and groups
PURPOSES = {
    "welcome": "Primo contatto", "interview": "Colloquio", "follow_up": "Aggiornamento", "plan": "Piano",
    "documents": "Documenti", "group": "Incontro di gruppo", "other": "Altro",
}  # fmt: skip
KEPT_OUTCOMES = {
    "done": "Concluso", "to_continue": "Da continuare", "referred": "Indirizzata/o altrove",
    "not_interested": "Non interessata/o",
}  # fmt: skip
CANCEL_REASONS = {
    "asked": "Lo ha chiesto la persona", "operator_absent": "Operatore assente", "desk_closed": "Sportello chiuso",
    "other": "Altro motivo dell'ufficio",
}  # fmt: skip
CANCELLED_FOR = CANCEL_REASONS | {"session_cancelled": "Incontro annullato", "pathway_closed": "Percorso chiuso"}
"""Also what no operator chooses: it follows from something else."""
MOVE_REASONS = {
    "person": "Lo ha chiesto la persona", "operator_absent": "Operatore assente", "desk_closed": "Sportello chiuso",
    "office": "Altro motivo dell'ufficio",
}  # fmt: skip
THEMES = {
    "welcome": "Accoglienza", "job_search": "Ricerca del lavoro", "rights": "Diritti e contratti",
    "training_offer": "Corsi in partenza", "enterprise": "Mettersi in proprio", "digital": "Strumenti digitali",
    "other": "Altro",
}  # fmt: skip

# Messages
TEMPLATES = {
    "appointment_booked": "Appuntamento fissato", "appointment_moved": "Appuntamento spostato",
    "appointment_cancelled": "Appuntamento annullato", "appointment_reminder": "Promemoria",
    "proposal": "Proposta di lavoro", "course_enrolled": "Iscrizione a un corso",
    "permit_expiring": "Documento in scadenza", "receipt": "Ricevuta", "enterprise_funded": "Progetto d'impresa",
}  # fmt: skip
MESSAGE_CHANNELS = {"sms": "SMS", "email": "Posta elettronica"}
MESSAGES_BY = {"person": "La persona, dal collegamento in un messaggio", "operator": "Un operatore, allo sportello"}
"""Who refused or accepted messages again, and where."""
FAILURES = {
    "interrupted": "invio interrotto: potrebbe essere partito", "unclear": "nessuna risposta: potrebbe essere partito",
    "refused": "rifiutato dal gestore", "bad_address": "recapito non valido", "no_address": "recapito mancante",
    "no_answer": "gestore non raggiungibile", "busy": "gestore occupato", "undelivered": "non consegnato",
    "not_wanted": "la persona non vuole messaggi", "too_late": "non serviva più", "suspended": "sospeso",
}  # fmt: skip

# Reception, referrals, rights
VISIT_OUTCOMES = {"served": "Ricevuta", "left": "Andata via senza essere ricevuta", "not_recorded": "Non registrato"}
STANDINGS = {"free": "Libero", "busy": "Occupato", "away": "Assente"}
"""Of an operator at a desk."""
REFERRER_KINDS = {
    "parish": "Parrocchia",
    "caritas": "Caritas",
    "social_services": "Servizio sociale",
    "quartiere": "Quartiere",
    "union": "Unione di comuni",
    "association": "Associazione",
}
REFERRAL_REASONS = {
    "not_domiciled": "Non domiciliata nella Città metropolitana",
    "not_in_target": "Fuori dai requisiti del programma",
    "refused_by_person": "La persona non vuole partecipare",
    "unreachable": "Non è stato possibile contattarla",
}
DECLINED_FOR = REFERRAL_REASONS | {"known_already": "Persona già nel programma: vedi l'altra scheda"}
"""Also what no operator chooses: the acceptance stands in the stream of a person known before."""
DISCLOSURE_LEVELS = {
    0: "solo che la segnalazione è stata ricevuta",
    1: "se la persona è stata contattata",
    2: "anche a che punto è il percorso",
    3: "anche direzioni, appuntamenti ed esito",
}
DISCARD_REASONS = {
    "spam": "Spam o prova", "duplicate": "Doppione di una persona già iscritta",
    "not_interested": "Non è interessata", "unreachable": "Irreperibile",
}  # fmt: skip
"""Why a contact from the public questionnaire was laid aside."""
RIGHTS = {
    "access": "Vedere i dati (art. 15)",
    "rectification": "Correggere i dati (art. 16)",
    "restriction": "Limitare l'uso dei dati (art. 18)",
    "objection": "Opporsi all'uso dei dati (art. 21)",
    "erasure": "Cancellare i dati (art. 17)",
}
"""Rights over one's data: Regulation (EU) 2016/679."""
