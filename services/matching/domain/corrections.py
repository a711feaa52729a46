"""What a correction may change, and what must still hold after it.

Nothing is overwritten: the state is folded again from the effective facts, and it has to be one that the
decisions could have led to."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from services.matching.domain.people import Person
from services.matching.domain.placements import check_term
from services.matching.domain.supply import Vacancy, day
from shared.decisions import Refused
from shared.events import Event
from shared.events.matching import (
    CompanyRegistered,
    PlacementEnded,
    PlacementExtended,
    PlacementStarted,
    PositionFilled,
    PresentationAnswered,
    Presented,
    SelectionOpened,
    Shortlisted,
    VacancyClosed,
    VacancyOpened,
)

CORRECTABLE: Mapping[type[Event], tuple[str, ...]] = {
    CompanyRegistered: ("on", "size", "sector", "district", "board", "card"),
    VacancyOpened: ("on", "occupation", "contract", "positions", "closes_on"),
    SelectionOpened: ("on",),
    VacancyClosed: ("on", "reason"),
    Shortlisted: ("on",),
    Presented: ("on",),
    PresentationAnswered: ("on", "outcome"),
    PlacementStarted: ("on", "contract", "ends_on", "notice"),
    PlacementExtended: ("on", "ends_on"),
    PlacementEnded: ("on", "reason"),
}
"""The fields that a rectification may name. Who and what a fact is about cannot be rectified: it is cancelled
and recorded anew. A `PositionFilled` follows its placement."""


def check_vacancy_correction(
    before: Vacancy, after: Vacancy, fact: Event, replacement: Event | None, *, selection_used: bool = False
) -> Refused | None:
    """Whether the vacancy is still sound. `selection_used`: people are on the shortlist of that selection."""
    if isinstance(fact, PositionFilled):
        return Refused("with_placement", "Un posto coperto segue il suo inserimento: correggi o annulla quello.")
    if isinstance(fact, VacancyOpened) and replacement is None and (before.selections or before.filled):
        return Refused(
            "vacancy_in_use",
            "Questa ricerca ha selezioni o posti coperti: chiudila, oppure annulla prima quelli.",
        )
    if isinstance(fact, SelectionOpened) and replacement is None and selection_used:
        return Refused("selection_in_use", "La selezione ha persone in rosa: annulla prima quelle.")
    if after.opened_on is None:
        return None
    if len(after.filled) > after.positions:
        return Refused(
            "fewer_than_filled",
            f"I posti già coperti sono {len(after.filled)}: il numero non può essere più basso. "
            "Annulla prima l'inserimento che non c'è stato.",
            "positions",
        )
    if after.closes_on is not None and after.closes_on < after.opened_on:
        return Refused("closes_before_opening", "La scadenza verrebbe prima dell'apertura.", "closes_on")
    dates = [*after.selections.values(), *([after.closed_on] if after.closed_on else [])]
    if dates and min(dates) < after.opened_on:
        return Refused(
            "before_opening",
            f"C'è già un fatto del {day(min(dates))}: verrebbe prima dell'apertura.",
            "happened_on",
        )
    return None


def check_person_correction(before: Person, after: Person, fact: Event, replacement: Event | None) -> Refused | None:
    """Whether what matching knows of the person is still sound."""
    match fact:
        case Shortlisted() if replacement is None and fact.vacancy_id in before.presentations:
            return Refused("presented_first", "La persona è già stata presentata: annulla prima la presentazione.")
        case Presented() if replacement is None and before.presentations[fact.vacancy_id].outcome is not None:
            return Refused("answer_first", "La presentazione ha già un esito: annulla prima quello.")
        case PlacementExtended() if replacement is None:
            placement = before.placements.get(fact.placement_id)
            if placement is not None and placement.extended_on is not None and placement.extended_on > fact.on:
                return Refused("later_extension", "C'è una proroga successiva: annulla prima quella.")
        case _:
            pass
    return _sound_presentations(after) or _sound_placements(after)


def _sound_presentations(person: Person) -> Refused | None:
    for vacancy_id, presentation in person.presentations.items():
        entry = person.shortlists.get(vacancy_id)
        if entry is not None and presentation.outcome is None and presentation.on < entry.on:
            return Refused(
                "before_shortlist",
                f"La presentazione ({day(presentation.on)}) verrebbe prima della rosa.",
                "happened_on",
            )
        if presentation.answered_on is not None and presentation.answered_on < presentation.on:
            return Refused(
                "before_presentation",
                f"L'esito ({day(presentation.answered_on)}) verrebbe prima della presentazione "
                f"({day(presentation.on)}).",
                "happened_on",
            )
    return None


def _sound_placements(person: Person) -> Refused | None:
    placements = sorted(person.placements.values(), key=lambda one: (one.company_id, one.started_on))
    for one in placements:
        if refused := check_term(one.contract, started_on=one.started_on, ends_on=one.ends_on):
            return refused
        last = one.ended_on or one.ends_on
        if one.extended_on is not None and not one.started_on <= one.extended_on <= (last or one.extended_on):
            return Refused("extension_outside", "La proroga cadrebbe fuori dal rapporto di lavoro.", "happened_on")
        if one.ended_on is not None and not one.started_on <= one.ended_on <= (one.ends_on or one.ended_on):
            return Refused(
                "end_outside",
                f"La fine ({day(one.ended_on)}) cadrebbe fuori dal rapporto di lavoro.",
                "happened_on",
            )
    for one, following in pairwise(placements):
        if one.company_id == following.company_id and following.started_on <= one.until:
            return Refused(
                "overlapping_placement",
                f"Due inserimenti nella stessa azienda si sovrapporrebbero dal {day(following.started_on)}.",
                "happened_on",
            )
    return None
