"""What matching's codes are called in Italian, on pages and in exports."""

from __future__ import annotations

from shared.web.labels import AGE_BANDS, CONTRACTS, DISTRICTS, EDUCATION, MOTIVES, READINESS, SEXES

__all__ = [
    "AGE_BANDS", "ANSWERS", "CLOSE_REASONS", "CONTRACTS", "DISTRICTS", "EDUCATION", "END_REASONS", "FIELDS",
    "MOTIVES", "OCCUPATIONS", "PLACEMENT_STATES", "PROPOSAL_STATES", "READINESS", "SECTORS", "SEXES", "SITUATIONS",
    "SIZES", "VACANCY_STATES", "choices", "occupation",
]  # fmt: skip

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
FIELDS = {
    "on": "Data del fatto",
    "contract": "Contratto",
    "ends_on": "Ultimo giorno",
    "outcome": "Esito",
    "reason": "Motivo della fine",
    "positions": "Posti",
    "closes_on": "Candidati fino al",
    "occupation": "Professione",
    "notice": "Codice della comunicazione obbligatoria",
}
"""The fields that a form of correction shows."""


def occupation(code: str | None) -> str:
    """An ISCO-08 code with the name of its group."""
    if not code:
        return ""
    return f"{OCCUPATIONS.get(code[:2], 'Professione')} ({code})"


def choices(fact: str, name: str) -> dict[str, str] | None:
    """The words of a field with codes, for the correction of a fact of that type; None for other fields."""
    if name == "reason":
        return CLOSE_REASONS if fact == "matching.vacancy-closed" else END_REASONS
    return {"contract": CONTRACTS, "outcome": ANSWERS, "occupation": OCCUPATIONS}.get(name)
