"""Italian words of enterprise's codes."""

from __future__ import annotations

STATUSES = {
    "to_judge": "Da valutare",
    "to_decide": "Da deliberare",
    "to_pay": "Da pagare",
    "paid": "Pagato",
    "unsuitable": "Non idoneo",
    "refused": "Non finanziato",
    "cancelled": "Domanda annullata",
}
KINDS = {
    "self_employment": "Autoimpiego",
    "social_innovation": "Innovazione sociale",
}
SECTORS = {
    "crafts": "Artigianato",
    "trade": "Commercio",
    "services": "Servizi",
    "community_welfare": "Welfare di comunità",
    "ethical_food": "Alimentazione etica",
    "ethical_fashion": "Moda etica",
    "social_farming": "Agricoltura sociale",
    "sport_culture_regeneration": "Sport, cultura, rigenerazione",
}
JUDGEMENTS = {"suitable": "Idoneo", "unsuitable": "Non idoneo"}
REASONS = {
    "budget": "Risorse esaurite",
    "duplicate_support": "Già sostenuto da altra misura",
    "priorities": "Priorità dell'anno",
    "withdrawn": "Rinuncia del proponente",
}
SOURCES = {"public": "Pubblica", "fsp": "Fondazione San Petronio"}
PEOPLE = {"registered": "Iscritta", "in_charge": "In carico", "closed": "Percorso chiuso"}
PLANNED = {"true": "Nel piano", "false": "Non nel piano"}


def line_name(budget_id: str) -> str:
    """`budget-2024-fsp` -> `fsp 2024`."""
    _, year, name = budget_id.split("-", 2)
    return f"{name} {year}"
