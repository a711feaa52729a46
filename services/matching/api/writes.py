"""JSON routes that record. Each carries an Idempotency-Key: sent twice, it counts once."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from services.matching import commands
from services.matching.commands import forms
from shared.web.acts import Act, json_routes

router = APIRouter()
COMPANY, VACANCY = "/companies/{company_id}", "/vacancies/{vacancy_id}"
CANDIDATE = "/candidates/{person_id}"
PROPOSED = f"{VACANCY}{CANDIDATE}"
PLACED = f"{CANDIDATE}/placements/{{placement_id}}"


def _act(words: str, action: str, api: str, run: Any, model: type[BaseModel]) -> Act:
    return Act(words=words, action=f"matching.{action}", api=api, run=run, model=model)


json_routes(router, (
    _act("Registra un'azienda", "company", "/companies", commands.register_company, forms.CompanyForm),
    _act("Corregge la scheda di un'azienda", "correct", f"{COMPANY}/correction", commands.correct_company,
         forms.CompanyCorrectionForm),
    _act("Annulla un'azienda", "correct", f"{COMPANY}/cancellation", commands.cancel_company, forms.CancelForm),
    _act("Apre una ricerca di personale", "vacancy", "/vacancies", commands.open_vacancy, forms.VacancyForm),
    _act("Apre una selezione", "vacancy", f"{VACANCY}/selections", commands.open_selection, forms.SelectionForm),
    _act("Chiude una ricerca", "vacancy", f"{VACANCY}/closing", commands.close_vacancy, forms.CloseForm),
    _act("Corregge un fatto", "correct", f"{VACANCY}/corrections/{{fact_id}}", commands.correct_vacancy,
         forms.CorrectionForm),
    _act("Mette una persona in rosa", "shortlist", f"{PROPOSED}/shortlisting", commands.shortlist,
         forms.ShortlistForm),
    _act("Presenta una persona all'azienda", "present", f"{PROPOSED}/presentation", commands.present,
         forms.PresentForm),
    _act("Registra l'esito di una presentazione", "present", f"{PROPOSED}/answer", commands.answer_presentation,
         forms.AnswerForm),
    _act("Registra un inserimento", "place", f"{CANDIDATE}/placements", commands.start_placement, forms.PlacementForm),
    _act("Registra una proroga", "place", f"{PLACED}/extension", commands.extend_placement, forms.ExtensionForm),
    _act("Registra la fine di un rapporto", "place", f"{PLACED}/end", commands.end_placement, forms.EndForm),
    _act("Annulla un inserimento mai cominciato", "correct", f"{PLACED}/cancellation", commands.cancel_placement,
         forms.CancelForm),
    _act("Corregge un fatto", "correct", f"{CANDIDATE}/corrections/{{fact_id}}", commands.correct_person,
         forms.CorrectionForm),
))  # fmt: skip
