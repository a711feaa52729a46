"""What the shared vocabularies are called in Italian. A service's own words stand in its `labels.py`.

Append only: a code that was ever published keeps its name here.
"""

from __future__ import annotations

CHANNELS = {
    "parish": "Parrocchia",
    "caritas": "Caritas",
    "social_services": "Servizi sociali",
    "quartiere": "Quartiere",
    "employment_centre": "Centro per l'impiego",
    "health_service": "Azienda sanitaria",
    "association": "Associazione",
    "trade_union": "Sindacato",
    "company": "Azienda",
    "desk": "Sportello",
    "web": "Sito web",
    "press": "Stampa",
    "word_of_mouth": "Passaparola",
}
DISTRICTS = {
    "citta-di-bologna": "Città di Bologna",
    "pianura-est": "Pianura Est",
    "pianura-ovest": "Pianura Ovest",
    "reno-lavino-samoggia": "Reno, Lavino e Samoggia",
    "savena-idice": "Savena-Idice",
    "appennino-bolognese": "Appennino Bolognese",
    "imola": "Imola",
}
PERSON_DISTRICTS = DISTRICTS | {"outside": "Fuori territorio"}
"""Of people: who asks for help may live outside."""
WORK_LIMITS = {
    "none": "",
    "part_time": "al massimo 20 ore a settimana (permesso per studio)",
    "seasonal": "solo lavoro stagionale",
}
PERMIT_KINDS = {
    "limited": "Con scadenza",
    "long_term": "Senza scadenza del diritto",
    "request_pending": "Richiesta in corso",
}
LIKENESSES = {
    "sound_and_date": "Stesso suono del nome, stessa data di nascita",
    "date_and_name": "Nome molto simile, stessa data di nascita",
    "date_swapped": "Stesso suono del nome, giorno e mese scambiati",
    "digit_off": "Stesso suono del nome, una cifra diversa nella data",
}
JOIN_GROUNDS = {
    "same_document": "Stesso documento visto",
    "same_tax_code": "Stesso codice fiscale",
    "person_says": "Lo conferma la persona",
    "entered_twice": "Registrata due volte per errore",
    "other": "Altro",
}
PART_GROUNDS = {
    "two_people": "Sono due persone",
    "joined_by_mistake": "Unite per errore",
    "other": "Altro",
}
ATTACHMENT_KINDS = {
    "cv": "Curriculum",
    "identity_document": "Documento di identità",
    "permit": "Permesso di soggiorno",
    "signed_plan": "Piano firmato",
    "other": "Altro documento",
}
CONTRACTS = {
    "permanent": "Tempo indeterminato",
    "fixed_term": "Tempo determinato",
    "on_call": "Lavoro intermittente",
    "agency": "Somministrazione",
    "apprenticeship": "Apprendistato",
    "domestic": "Lavoro domestico",
    "collaboration": "Collaborazione",
    "traineeship": "Tirocinio",
}
SEXES = {"M": "Uomo", "F": "Donna", "X": "Non dichiarato"}
AGE_BANDS = {
    "15-19": "15-19 anni",
    "20-29": "20-29 anni",
    "30-39": "30-39 anni",
    "40-49": "40-49 anni",
    "50-59": "50-59 anni",
    "60-69": "60-69 anni",
    "70+": "70 anni e oltre",
}
EDUCATION = {
    "none": "Nessun titolo",
    "primary": "Licenza elementare",
    "lower_secondary": "Licenza media",
    "vocational": "Qualifica professionale",
    "upper_secondary": "Diploma",
    "tertiary": "Laurea",
    "unknown": "Non noto",
}
CITIZENSHIP_AREAS = {
    "italy": "Italia",
    "eu": "Unione europea",
    "europe_other": "Altri Paesi europei",
    "africa": "Africa",
    "asia": "Asia",
    "americas": "Americhe",
    "oceania": "Oceania",
    "stateless": "Apolide",
}
READINESS = {"ready": "Pronta al lavoro", "to_train": "Da formare"}
DIRECTIONS = {
    "matching": "Incontro domanda-offerta",
    "training": "Formazione",
    "enterprise": "Autoimprenditorialità",
}
MOTIVES = {
    "wrong_person": "Persona sbagliata",
    "never_started": "Mai iniziato",
    "wrong_date": "Data sbagliata",
    "wrong_contract": "Contratto sbagliato",
    "wrong_value": "Valore sbagliato",
    "duplicate": "Registrato due volte",
    "other": "Altro",
}
OUTCOMES = {
    "autonomous": "Autonoma nella ricerca",
    "found_work": "Ha trovato lavoro",
    "strong_profile": "Fuori target, inviata alle associazioni",
    "not_eligible": "Non ammissibile",
    "unreachable": "Irreperibile",
    "withdrew": "Ha rinunciato",
    "moved_away": "Trasferita altrove",
    "referred": "Inviata ad altro servizio",
    "deceased": "Deceduta",
}
"""How a pathway ended (intake.PathwayClosed)."""

# Eligibility
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
CHECK_REASONS = {
    "domicile.outside": "fuori dai 55 comuni",
    "status.never_worked": "mai lavorato",
    "status.unemployed": "senza lavoro, disponibilità dichiarata",
    "status.no_did": "manca la dichiarazione di immediata disponibilità",
    "status.low_income": "reddito sotto la soglia",
    "status.suspended": "contratto breve: stato sospeso, non perso",
    "status.working": "lavora con reddito sopra la soglia",
    "domicile.untrue": "dichiarazione non vera",
    "status.untrue": "dichiarazione non vera",
    "measures.untrue": "dichiarazione non vera",
}
MODES = {"in_person": "Di persona", "phone": "Al telefono", "video": "In video"}
ENTRIES = {"assisted": "Allo sportello", "questionnaire": "Questionario in rete", "archive": "Archivio"}

# Assessment
FRAGILITY_OUTCOMES = {"fragile": "Fragilità accertata", "not_fragile": "Profilo forte: fuori target"}
LR14_INDEX = {"absent": "Non c'è", "present": "C'è"}
LEVELS = {
    "alpha": "Alfa (non alfabetizzata/o)", "pre-a1": "Pre-A1", "a1": "A1", "a2": "A2", "b1": "B1", "b2": "B2",
    "c1": "C1", "c2": "C2",
}  # fmt: skip
SKILLS = {
    "listening": "Ascolto",
    "reading": "Lettura",
    "spoken_interaction": "Interazione orale",
    "spoken_production": "Produzione orale",
    "writing": "Scrittura",
}
LANGUAGE_EVIDENCE = {"self": "Autovalutazione", "test": "Test", "certificate": "Certificato"}
STATUS_ATTRIBUTES = {
    "never_worked": "Inoccupata/o (mai lavorato)",
    "long_term": "Di lunga durata",
    "suspended": "Stato sospeso",
    "low_income": "Reddito sotto soglia",
}
VERIFIED_AS = {
    "confirmed": "Confermata",
    "recheck": "Non confermata: la verifica va ripetuta",
    "lapsed": "Non vera: i benefici decadono (art. 75 DPR 445/2000)",
}

# Demand and supply
ANSWERS = {
    "refused_by_company": "Rifiuto dell'azienda",
    "refused_by_person": "Rinuncia della persona",
    "withdrawn": "Ritirata dal programma",
    "no_answer": "Nessuna risposta",
}
PROPOSAL_STATES = {
    "shortlisted": "In rosa",
    "presented": "In attesa di risposta",
    "placed": "Inserita",
} | ANSWERS
SECTORS = {
    "A": "Agricoltura, silvicoltura e pesca",
    "B": "Estrazione di minerali",
    "C": "Manifattura",
    "D": "Energia elettrica, gas e vapore",
    "E": "Acqua, fognature e rifiuti",
    "F": "Costruzioni",
    "G": "Commercio",
    "H": "Trasporto e magazzinaggio",
    "I": "Alloggio e ristorazione",
    "J": "Editoria, trasmissioni e contenuti",
    "K": "Telecomunicazioni e informatica",
    "L": "Finanza e assicurazioni",
    "M": "Attività immobiliari",
    "N": "Attività professionali e tecniche",
    "O": "Servizi di supporto alle imprese",
    "P": "Amministrazione pubblica",
    "Q": "Istruzione",
    "R": "Sanità e assistenza sociale",
    "S": "Arte, sport e divertimento",
    "T": "Altri servizi",
    "U": "Famiglie come datori di lavoro",
    "V": "Organizzazioni extraterritoriali",
}
"""ATECO 2025 sections, shortened (own): the section letter stands beside the words."""
OCCUPATIONS = {
    "11": "Legislatori, dirigenti e direttori generali",
    "12": "Dirigenti amministrativi e commerciali",
    "13": "Dirigenti della produzione e dei servizi",
    "14": "Dirigenti di alberghi, ristoranti e negozi",
    "21": "Specialisti in scienze e ingegneria",
    "22": "Specialisti della salute",
    "23": "Insegnanti",
    "24": "Specialisti in amministrazione e commercio",
    "25": "Specialisti informatici",
    "26": "Specialisti in diritto, società e cultura",
    "31": "Tecnici di scienze e ingegneria",
    "32": "Tecnici della salute",
    "33": "Tecnici di amministrazione e commercio",
    "34": "Tecnici di diritto, servizi sociali e cultura",
    "35": "Tecnici informatici",
    "41": "Impiegati e segretari",
    "42": "Impiegati a contatto con il pubblico",
    "43": "Addetti a contabilità e magazzino",
    "44": "Altri impiegati",
    "51": "Servizi alla persona (cucina, sala, cura dell'aspetto)",
    "52": "Addetti alle vendite",
    "53": "Assistenza alla persona e all'infanzia",
    "54": "Servizi di protezione e sicurezza",
    "61": "Agricoltori e allevatori",
    "62": "Forestali, pescatori e cacciatori",
    "63": "Agricoltori di sussistenza",
    "71": "Operai edili",
    "72": "Operai metalmeccanici",
    "73": "Artigianato, stampa e precisione",
    "74": "Elettricisti ed elettronici",
    "75": "Alimentare, legno, abbigliamento",
    "81": "Conduttori di impianti e macchinari",
    "82": "Assemblatori",
    "83": "Conduttori di veicoli",
    "91": "Addetti alle pulizie",
    "92": "Braccianti agricoli",
    "93": "Manovali di edilizia, industria e trasporti",
    "94": "Aiuto cucina",
    "95": "Ambulanti",
    "96": "Raccolta rifiuti e altri lavori semplici",
    "01": "Ufficiali delle forze armate",
    "02": "Sottufficiali delle forze armate",
    "03": "Truppa delle forze armate",
}
"""Sub-major groups of ISCO-08, shortened (own)."""

# Courses
LINES = {
    "2a": "2.a Competenze di base",
    "2b": "2.b Professionalizzante mirata",
    "2c": "2.c Sperimentale breve",
}


def check_reason(code: str) -> str:
    """The words for the rule that gave a check its outcome."""
    check, _, rest = code.partition(".")
    if check == "domicile" and rest in DWELLINGS:
        return DWELLINGS[rest].lower()
    if check == "measures":
        measure, _, motive = rest.partition(".")
        words = MEASURES.get(measure, measure)
        return f"{words}: {MEASURE_MOTIVES.get(motive, motive).lower()}" if motive else words
    return CHECK_REASONS.get(code, code)


def occupation(code: str | None) -> str:
    """An ISCO-08 code with the name of its group."""
    if not code:
        return ""
    return f"{OCCUPATIONS.get(code[:2], 'Professione')} ({code})"
