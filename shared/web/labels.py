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
