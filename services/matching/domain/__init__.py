"""What matching decides: state, evolve, one function per decision. Pure: no I/O, no clock, no randomness."""

from services.matching.domain.corrections import (
    CORRECTABLE,
    check_person_correction,
    check_vacancy_correction,
)
from services.matching.domain.parameters import CONTRACT_TERMS, PARAMETERS, contract_term, parameter
from services.matching.domain.people import (
    Answer,
    EndReason,
    Entry,
    Person,
    Placement,
    Presentation,
    Standing,
    answer_presentation,
    as_one,
    evolve_person,
    person_stream,
    present,
    shortlist,
    withdraw_presentations,
)
from services.matching.domain.placements import (
    check_placement_correction,
    check_term,
    end_placement,
    extend_placement,
    start_placement,
    without_placement,
)
from services.matching.domain.supply import (
    CloseReason,
    Company,
    Vacancy,
    check_vat_number,
    close_vacancy,
    company_stream,
    evolve_company,
    evolve_vacancy,
    open_selection,
    open_vacancy,
    register_company,
    seeking,
    vacancy_stream,
    vat_number_valid,
)

__all__ = [
    "CONTRACT_TERMS", "CORRECTABLE", "PARAMETERS", "Answer", "CloseReason", "Company", "EndReason", "Entry",
    "Person",
    "Placement", "Presentation", "Standing", "Vacancy", "answer_presentation", "as_one", "check_person_correction",
    "check_placement_correction",
    "check_term", "check_vacancy_correction", "check_vat_number", "close_vacancy", "company_stream",
    "contract_term", "end_placement", "evolve_company", "evolve_person", "evolve_vacancy",
    "extend_placement", "open_selection", "open_vacancy", "parameter", "person_stream", "present",
    "register_company", "seeking", "shortlist", "start_placement", "vacancy_stream", "vat_number_valid",
    "withdraw_presentations", "without_placement",
]  # fmt: skip
