"""What matching's codes are called in Italian, on pages and in exports."""

from __future__ import annotations

from shared.web.labels import CONTRACTS, DISTRICTS, MOTIVES, READINESS

SIZES = {
    "0-5": "Fino a 5 dipendenti",
    "6-20": "Da 6 a 20 dipendenti",
    "21-49": "Da 21 a 49 dipendenti",
    "50-249": "Da 50 a 249 dipendenti",
    "250+": "250 dipendenti e oltre",
}
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
END_REASONS = {
    "term": "Scadenza del termine",
    "resigned": "Dimissioni",
    "dismissed": "Licenziamento",
    "agreed": "Accordo tra le parti",
    "other": "Altro",
}
CLOSE_REASONS = {
    "filled": "Posti coperti",
    "withdrawn": "Ritirata dall'azienda",
    "expired": "Termine scaduto",
}
SITUATIONS = {
    "waiting": "In attesa di lavoro",
    "working": "Al lavoro",
    "in_charge": "Tutte le persone in carico",
    "closed": "Percorsi chiusi",
}
PLACEMENT_STATES = {"running": "In corso", "ending": "In scadenza", "over": "Finiti", "all": "Tutti"}
VACANCY_STATES = {"open": "Aperte", "closed": "Non più aperte", "all": "Tutte"}
OCCUPATION_GROUPS = {
    "0": "Forze armate",
    "1": "Dirigenti",
    "2": "Professioni intellettuali e scientifiche",
    "3": "Professioni tecniche",
    "4": "Impiegati d'ufficio",
    "5": "Commercio e servizi alla persona",
    "6": "Agricoltura e allevamento",
    "7": "Artigiani e operai specializzati",
    "8": "Conduttori di impianti e veicoli",
    "9": "Professioni non qualificate",
}
"""Major groups of ISCO-08."""
FACTS = {
    "matching.company-registered": "Ingresso nella rete",
    "matching.vacancy-opened": "Apertura della ricerca",
    "matching.selection-opened": "Apertura della selezione",
    "matching.position-filled": "Posto coperto",
    "matching.vacancy-closed": "Chiusura della ricerca",
    "matching.shortlisted": "Inserimento nella rosa",
    "matching.presented": "Presentazione all'azienda",
    "matching.presentation-answered": "Esito della presentazione",
    "matching.placement-started": "Inizio del rapporto",
    "matching.placement-extended": "Proroga",
    "matching.placement-ended": "Fine del rapporto",
}
FIELDS = {
    "on": "data",
    "contract": "contratto",
    "ends_on": "ultimo giorno",
    "outcome": "esito",
    "reason": "motivo",
    "positions": "posti",
    "closes_on": "scadenza",
    "occupation": "professione",
    "size": "dipendenti",
    "sector": "settore",
    "district": "distretto",
    "board": "nel Board",
    "notice": "comunicazione obbligatoria",
}

VALUES: dict[str, dict[str, str]] = {
    "contract": CONTRACTS, "outcome": ANSWERS, "size": SIZES, "sector": SECTORS, "district": DISTRICTS,
    "reason": END_REASONS | CLOSE_REASONS, "readiness": READINESS, "motive": MOTIVES,
}  # fmt: skip


def occupation(code: str | None) -> str:
    """An ISCO-08 code with the name of its major group."""
    return f"{code} · {OCCUPATION_GROUPS.get(code[0], '')}" if code else ""
