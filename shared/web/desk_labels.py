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
    "erasure_decided": "Cancellazione dei dati", "right_answered": "Risposta sui dati",
    "restriction_lifted": "Fine della limitazione",
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

# The directory
ORGANISATION_KINDS = {
    "metropolitan_city": "Città metropolitana", "municipality": "Comune", "union": "Unione di comuni",
    "quartiere": "Quartiere", "social_services": "Servizio sociale", "region": "Regione", "diocese": "Diocesi",
    "caritas": "Caritas", "parish": "Parrocchia", "foundation": "Fondazione", "association": "Associazione",
    "business_association": "Associazione di imprese", "committee": "Comitato del programma", "other": "Altro ente",
}  # fmt: skip
DISABLED_WHY = {
    "left": "Ha lasciato il programma", "absence": "Assenza lunga",
    "security": "Sicurezza: da fermare subito, i casi si passano dopo",
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
RIGHT_OUTCOMES = {"granted": "Accolta", "partly": "Accolta in parte", "refused": "Non accolta"}
RIGHT_GROUNDS = {
    "legal_duty": "Obbligo di legge o compito pubblico (art. 17, par. 3, lett. b)",
    "public_task": "Compito di interesse pubblico (art. 17, par. 3, lett. b; art. 20, par. 3)",
    "archiving": "Archiviazione, ricerca o statistica (art. 17, par. 3, lett. d)",
    "claims": "Difesa di un diritto in giudizio (art. 17, par. 3, lett. e; art. 21, par. 1)",
    "overriding": "Motivi legittimi che prevalgono (art. 21, par. 1)",
    "no_consent": "Non si fonda su consenso o contratto (art. 20, par. 1, lett. a)",
    "no_ground": "Nessuno dei casi previsti (art. 18, par. 1)",
    "not_wrong": "Il dato è esatto (art. 16)",
    "others_rights": "Lede diritti di altri (art. 15, par. 4)",
    "excessive": "Richiesta manifestamente infondata o eccessiva (art. 12, par. 5)",
    "withdrawn": "Richiesta ritirata",
    "mistake": "Proposta sbagliata",
}
RESTRICTION_GROUNDS = {
    "accuracy": "La persona contesta l'esattezza dei dati (lett. a)",
    "unlawful": "Trattamento illecito, ma la persona non vuole la cancellazione (lett. b)",
    "claims": "I dati servono alla persona in giudizio (lett. c)",
    "objection": "Opposizione in attesa di verifica (lett. d)",
}
ERASURE_GROUNDS = {
    "request": "Richiesta della persona",
    "operator": "Proposta di un operatore",
    "retention": "Termine scaduto",
}
RETENTION_RULES = {
    "de_minimis": "Aiuti «de minimis»", "accounting": "Contabilità", "fse_plus": "Documenti FSE+",
    "never_charged": "Domanda senza presa in carico", "case_file": "Fascicolo", "kept_over": "Obblighi finiti",
}  # fmt: skip
ERASURE_STATES = {"open": "Da confermare", "confirmed": "Confermata", "dropped": "Non si cancella", "done": "Eseguita"}
ERASURE_SCOPES = {"full": "Tutti i dati", "partial": "Tutti i dati, tranne quelli che la legge impone di conservare"}
RIGHTS = {
    "access": "Vedere i dati (art. 15)",
    "rectification": "Correggere i dati (art. 16)",
    "restriction": "Limitare l'uso dei dati (art. 18)",
    "objection": "Opporsi all'uso dei dati (art. 21)",
    "erasure": "Cancellare i dati (art. 17)",
    "portability": "Portare i dati altrove (art. 20)",
}
"""Rights over one's data: Regulation (EU) 2016/679."""
EMERGENCY_REASONS = {
    "absence": "Chi la segue è assente",
    "urgent": "Urgenza per la persona",
    "at_the_desk": "La persona è qui allo sportello",
    "duplicate": "Possibile doppione di una persona che seguo",
    "mistake": "Assegnata per errore a un altro ente",
    "request": "Richiesta di un'autorità o della persona",
    "other": "Altro motivo",
}
"""Why a person outside one's scope was opened."""
ACCESS_ACTIONS = {
    "view": "ha visto", "tags": "ha visto in un elenco", "find": "ha cercato", "compose": "ha scritto in un file",
    "attachment": "ha scaricato un documento", "export": "ha esportato",
}  # fmt: skip
"""What somebody did, in the access log."""
ACCESS_FIELDS = {
    "identity": "identità", "name": "nome", "birth_date": "nascita", "phone": "telefono", "email": "posta elettronica",
    "address": "indirizzo", "tax_code": "codice fiscale", "messages": "messaggi", "referral": "segnalazione",
    "answers": "domanda dal sito", "notes": "note e motivazioni", "assessment": "valutazione", "checks": "verifiche",
    "facts": "fatti senza nome", "motive": "motivo dell'emergenza",
}  # fmt: skip
"""What somebody saw, in the access log."""
SIGN_IN_EVENTS = {"in": "accesso", "out": "uscita", "failed": "accesso rifiutato"}
"""What happened, in the journal of sign-ins."""
