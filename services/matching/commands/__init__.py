"""One function per command: reads what the decision needs, writes texts to the vault, appends the facts."""

from services.matching.commands.corrections import (
    cancel_company,
    cancel_placement,
    correct_company,
    correct_person,
    correct_vacancy,
)
from services.matching.commands.people import (
    answer_presentation,
    end_placement,
    extend_placement,
    present,
    shortlist,
    start_placement,
)
from services.matching.commands.supply import close_vacancy, open_selection, open_vacancy, register_company

__all__ = [
    "answer_presentation", "cancel_company", "cancel_placement", "close_vacancy", "correct_company",
    "correct_person", "correct_vacancy", "end_placement", "extend_placement", "open_selection",
    "open_vacancy",
    "present", "register_company", "shortlist", "start_placement",
]  # fmt: skip
