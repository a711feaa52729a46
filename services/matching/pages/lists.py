"""The columns of matching's lists, on pages and in files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.matching import labels, views
from shared.projection import Row
from shared.web.pages import Column

CANDIDATE = (
    Column("person_id", "Persona", "person"),
    Column("readiness", "Valutazione", labels=labels.READINESS),
    Column("district", "Distretto", labels=labels.PERSON_DISTRICTS),
    Column("age_band", "Età", labels=labels.AGE_BANDS),
    Column("sex", "Sesso", labels=labels.SEXES),
    Column("waiting_since", "In attesa dal", "date"),
    Column("waiting_days", "Giorni", "int"),
    Column("last_placement_on", "Ultimo inserimento", "date"),
    Column("open_presentations", "Presentazioni aperte", "int"),
    Column("suspended_on", "Sospesa dal", "date"),
)
VACANCY = (
    Column("job", "Professione"),
    Column("company", "Azienda"),
    Column("district", "Distretto", labels=labels.DISTRICTS),
    Column("contract", "Contratto", labels=labels.CONTRACTS),
    Column("open_positions", "Posti liberi", "int"),
    Column("positions", "Posti", "int"),
    Column("opened_on", "Aperta il", "date"),
    Column("closes_on", "Candidati fino al", "date"),
    Column("selections_count", "Selezioni", "int"),
    Column("shortlisted", "In rosa", "int"),
    Column("presented", "Presentate", "int"),
    Column("placed", "Inserite", "int"),
)
VACANCY_SHOWN = tuple(c for c in VACANCY if c.key not in ("positions", "opened_on", "selections_count", "placed"))
"""What fits on a page; the file has all."""
COMPANY = (
    Column("name", "Azienda"),
    Column("vat_number", "Partita IVA"),
    Column("size", "Dimensione", labels=labels.SIZES),
    Column("sector", "Settore", labels=labels.SECTORS),
    Column("district", "Distretto", labels=labels.DISTRICTS),
    Column("board", "Nel Board", "bool"),
    Column("registered_on", "Nella rete dal", "date"),
    Column("vacancies_count", "Ricerche", "int"),
    Column("placements_count", "Inserimenti", "int"),
    Column("last_placement_on", "Ultimo inserimento", "date"),
)
PLACEMENT = (
    Column("person_id", "Persona", "person"),
    Column("company", "Azienda"),
    Column("contract", "Contratto", labels=labels.CONTRACTS),
    Column("started_on", "Inizio", "date"),
    Column("ends_on", "Ultimo giorno", "date"),
    Column("extensions", "Proroghe", "int"),
    Column("ended_on", "Finito il", "date"),
    Column("ended_because", "Motivo", labels=labels.END_REASONS),
)
PROPOSAL = (
    Column("person_id", "Persona", "person"),
    Column("company", "Azienda"),
    Column("status", "Stato", labels=labels.PROPOSAL_STATES),
    Column("shortlisted_on", "In rosa dal", "date"),
    Column("presented_on", "Presentata il", "date"),
    Column("answered_on", "Esito del", "date"),
)

PROPOSAL_FILE = (
    *PROPOSAL[:1],
    Column("job", "Ricerca"),
    *PROPOSAL[1:],
    Column("person_answer", "La persona dice", labels=labels.PERSON_ANSWERS),
    Column("person_answered_on", "La persona ha risposto il", "date"),
)


def candidate_rows(rows: Sequence[Row], on: date) -> list[dict[str, Any]]:
    """Candidates with how long they have been waiting."""
    return [row | {"waiting_days": views.waiting_days(row, on)} for row in rows]
