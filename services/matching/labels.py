"""What matching's codes are called in Italian, on pages and in exports."""

from __future__ import annotations

from shared.web.labels import (
    AGE_BANDS,
    ANSWERS,
    CONTRACTS,
    DISTRICTS,
    EDUCATION,
    MOTIVES,
    OCCUPATIONS,
    PERSON_DISTRICTS,
    PROPOSAL_STATES,
    READINESS,
    SECTORS,
    SEXES,
    WORK_LIMITS,
    occupation,
)

__all__ = [
    "AGE_BANDS", "ANSWERS", "CLOSE_REASONS", "CONTRACTS", "DISTRICTS", "EDUCATION", "END_REASONS", "FIELDS",
    "MOTIVES", "OCCUPATIONS", "PERSON_ANSWERS", "PERSON_DISTRICTS", "PLACEMENT_STATES",
    "PROPOSAL_STATES", "READINESS", "SECTORS", "SEXES", "SITUATIONS",
    "SIZES", "VACANCY_STATES", "WORK_LIMITS", "choices", "occupation",
]  # fmt: skip

SIZES = {
    "0-5": "Fino a 5 dipendenti",
    "6-20": "Da 6 a 20 dipendenti",
    "21-49": "Da 21 a 49 dipendenti",
    "50-249": "Da 50 a 249 dipendenti",
    "250+": "250 dipendenti e oltre",
}
END_REASONS = {
    "term": "Scadenza del termine",
    "resigned": "Dimissioni",
    "dismissed": "Licenziamento",
    "agreed": "Accordo tra le parti",
    "other": "Altro",
}
PERSON_ANSWERS = {"accepted": "Alla persona interessa", "declined": "Alla persona non interessa"}
"""What the person said of a proposal, on their own page."""
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


def choices(fact: str, name: str) -> dict[str, str] | None:
    """The words of a field with codes, for the correction of a fact of that type; None for other fields."""
    if name == "reason":
        return CLOSE_REASONS if fact == "matching.vacancy-closed" else END_REASONS
    return {"contract": CONTRACTS, "outcome": ANSWERS, "occupation": OCCUPATIONS}.get(name)
