"""Contracts between a person and a company: their start, extension and end, and what corrects them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from services.matching.domain.parameters import contract_term, parameter
from services.matching.domain.people import EndReason, Person, Standing, followed
from services.matching.domain.supply import Company, Vacancy, day, future
from shared.decisions import Decision, Refused
from shared.events.matching import (
    Contract,
    PlacementEnded,
    PlacementExtended,
    PlacementStarted,
    PositionFilled,
)


def start_placement(
    person: Person,
    vacancy: Vacancy | None,
    company: Company,
    standing: Standing,
    *,
    person_id: str,
    placement_id: str,
    company_id: str,
    contract: Contract,
    ends_on: date | None,
    on: date,
    today: date,
    notice: str | None = None,
) -> Decision:
    """A contract began. From a vacancy it takes one of its positions, in the same decision.

    It is recorded from its first day on (`on` is the start; the half-year table counts contracts that began,
    domain facts 1.3). A company may report it late: then the pathway may be closed since, not before.
    """
    refused = (
        future(on, today)
        or _placeable(standing, on)
        or _company_known(company, on)
        or check_term(contract, started_on=on, ends_on=ends_on)
        or _overlap(person, placement_id, company_id, on, ends_on or date.max)
        or (_takes_position(person, vacancy, company_id, on) if vacancy is not None else None)
    )
    if refused:
        return refused
    vacancy_id = vacancy.vacancy_id if vacancy is not None else None
    started = PlacementStarted(
        person_id=person_id, placement_id=placement_id, company_id=company_id, vacancy_id=vacancy_id,
        contract=contract, ends_on=ends_on, notice=notice, on=on,
    )  # fmt: skip
    if vacancy_id is None:
        return [started]
    return [started, PositionFilled(vacancy_id=vacancy_id, placement_id=placement_id, on=on)]


def _placeable(standing: Standing, on: date) -> Refused | None:
    """Reported late, a contract may have begun before a closure, or in an earlier episode."""
    if standing.closed_on is not None and on <= standing.closed_on:
        standing = replace(standing, closed_on=None)
    return followed(replace(standing, in_charge_since=standing.first_charge_on or standing.in_charge_since), on)


def _company_known(company: Company, on: date) -> Refused | None:
    if company.registered_on is None:
        return Refused("company_unknown", "L'azienda non è nella rete: registrala prima.", "company_id")
    if on < company.registered_on:
        return Refused(
            "before_company",
            f"L'azienda è nella rete dal {day(company.registered_on)}: l'inserimento verrebbe prima. "
            "Correggi la data in cui è entrata nella rete.",
            "on",
        )
    return None


def _takes_position(person: Person, vacancy: Vacancy, company_id: str, on: date) -> Refused | None:
    """A position is there, and the person was presented for it. The last day for candidates binds
    presentations, not the first day of work; a company that withdrew hires nobody after that day."""
    if vacancy.opened_on is None:
        return Refused("vacancy_unknown", "Questa ricerca di personale non esiste o è stata annullata.")
    if vacancy.company_id != company_id:
        return Refused("other_company", "La ricerca è di un'altra azienda.", "company_id")
    if vacancy.open_positions == 0:
        return Refused(
            "no_position_left",
            "Tutti i posti di questa ricerca sono coperti. Se l'azienda ne ha altri, correggi il numero dei posti.",
        )
    if vacancy.closed_on is not None and vacancy.closed_because != "expired" and on > vacancy.closed_on:
        return Refused(
            "vacancy_closed",
            f"La ricerca è chiusa dal {day(vacancy.closed_on)}: l'inserimento viene dopo.",
            "on",
        )
    presentation = person.presentations.get(vacancy.vacancy_id)
    if presentation is None:
        return Refused(
            "not_presented",
            "La persona non è stata presentata per questa ricerca: registra la presentazione.",
        )
    if presentation.outcome in ("refused_by_company", "refused_by_person"):
        return Refused(
            "presentation_refused", "La presentazione ha avuto risposta negativa: correggi prima la risposta."
        )
    if presentation.outcome == "placed":
        return Refused("already_placed", "La persona è già stata inserita con questa ricerca.")
    if on < presentation.on:
        return Refused(
            "before_presentation",
            f"La presentazione è del {day(presentation.on)}: il contratto viene prima.",
            "on",
        )
    return None


def _overlap(person: Person, placement_id: str, company_id: str, first: date, last: date) -> Refused | None:
    """One relationship at a time between a person and a company; else the same hire would count twice."""
    for other in person.placements.values():
        if other.placement_id == placement_id or other.company_id != company_id:
            continue
        if other.started_on <= last and first <= other.until:
            return Refused(
                "overlapping_placement",
                f"C'è già un inserimento nella stessa azienda dal {day(other.started_on)}: se è lo stesso "
                "contratto che continua registra una proroga, altrimenti registra prima la sua fine.",
                "on",
            )
    return None


def check_term(contract: Contract, *, started_on: date, ends_on: date | None) -> Refused | None:
    """Whether the last day agreed fits the contract (`CONTRACT_TERMS`; UniLav's longest duration; L.R. 1/2019
    for traineeships, extensions included)."""
    term = contract_term(contract, started_on)
    if ends_on is None:
        if term != "required":
            return None
        return Refused("end_required", "Questo contratto ha una scadenza: indica l'ultimo giorno.", "ends_on")
    if term == "forbidden":
        return Refused("end_forbidden", "Un contratto a tempo indeterminato non ha una scadenza: toglila.", "ends_on")
    if ends_on < started_on:
        return Refused("ends_before_start", "L'ultimo giorno viene prima dell'inizio.", "ends_on")
    if ends_on >= _months_later(started_on, 12 * parameter("contract_max_years", started_on)):
        return Refused(
            "too_long",
            "La durata è oltre il massimo delle comunicazioni obbligatorie: controlla l'anno.",
            "ends_on",
        )
    months = parameter("traineeship_max_months", started_on)
    if contract == "traineeship" and ends_on >= _months_later(started_on, months):
        return Refused(
            "traineeship_too_long",
            f"Un tirocinio dura al massimo {months} mesi, proroghe comprese.",
            "ends_on",
        )
    return None


def _months_later(start: date, months: int) -> date:
    """The same day that many months later (the last of the month where it has no such day)."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=start.day - 1), following - timedelta(days=1))


def extend_placement(
    person: Person, *, person_id: str, placement_id: str, ends_on: date, on: date, today: date
) -> Decision:
    """The same contract is prolonged (proroga, D.Lgs. 81/2015 art. 21): of a running placement with a last
    day, at the latest from the day after it; never of a permanent one (that would be a transformation)."""
    if refused := future(on, today):
        return refused
    placement = person.placements.get(placement_id)
    if placement is None:
        return _unknown()
    if placement.ended_on is not None:
        return Refused("already_ended", f"L'inserimento è finito il {day(placement.ended_on)}: non si può prorogare.")
    if placement.ends_on is None:
        return Refused("no_term", "Questo contratto non ha una scadenza: non c'è nulla da prorogare.")
    if not placement.started_on <= on <= placement.ends_on + timedelta(days=1):
        return Refused(
            "not_running",
            f"La proroga deve decorrere tra il {day(placement.started_on)} e il giorno dopo la scadenza "
            f"({day(placement.ends_on)}). Un contratto già scaduto si registra come nuovo inserimento.",
            "on",
        )
    if ends_on <= placement.ends_on:
        return Refused(
            "not_longer",
            f"La nuova scadenza deve venire dopo quella attuale ({day(placement.ends_on)}).",
            "ends_on",
        )
    refused = check_term(placement.contract, started_on=placement.started_on, ends_on=ends_on) or _overlap(
        person, placement_id, placement.company_id, placement.started_on, ends_on
    )
    if refused:
        return refused
    return [
        PlacementExtended(
            person_id=person_id, placement_id=placement_id, company_id=placement.company_id,
            contract=placement.contract, ends_on=ends_on, on=on,
        )
    ]  # fmt: skip


def end_placement(
    person: Person, *, person_id: str, placement_id: str, reason: EndReason, on: date, today: date
) -> Decision:
    """The relationship ended, `on` being its last day (UniLav: cessazione)."""
    if refused := future(on, today):
        return refused
    placement = person.placements.get(placement_id)
    if placement is None:
        return _unknown()
    if placement.ended_on is not None:
        return Refused("already_ended", f"L'inserimento risulta già finito il {day(placement.ended_on)}.")
    if on < max(placement.started_on, placement.extended_on or placement.started_on):
        return Refused(
            "before_start",
            "L'ultimo giorno viene prima dell'inizio o dell'ultima proroga. Se il rapporto non è mai "
            "cominciato, annulla l'inserimento.",
            "on",
        )
    if placement.ends_on is not None and on > placement.ends_on:
        return Refused(
            "after_term",
            f"Il contratto scadeva il {day(placement.ends_on)}: se è continuato registra la proroga.",
            "on",
        )
    if reason == "term" and on != placement.ends_on:
        return Refused("not_the_term", "La fine non coincide con la scadenza: scegli un altro motivo.", "reason")
    return [
        PlacementEnded(
            person_id=person_id,
            placement_id=placement_id,
            company_id=placement.company_id,
            reason=reason,
            on=on,
        )
    ]


def _unknown() -> Refused:
    return Refused("placement_unknown", "Questo inserimento non esiste o è stato annullato.")


def without_placement(person: Person, placement_id: str) -> Person:
    """The person as if that placement had never been recorded: its presentation waits for an answer again."""
    placement = person.placements.get(placement_id)
    if placement is None:
        return person
    placements = {key: other for key, other in person.placements.items() if key != placement_id}
    presentation = person.presentations.get(placement.vacancy_id or "")
    if presentation is None or placement.vacancy_id is None:
        return replace(person, placements=placements)
    waiting = {
        **person.presentations,
        placement.vacancy_id: replace(presentation, outcome=None, answered_on=None),
    }
    return replace(person, placements=placements, presentations=waiting)


def check_placement_correction(
    person: Person,
    vacancy: Vacancy | None,
    company: Company,
    standing: Standing,
    *,
    person_id: str,
    placement_id: str,
    contract: Contract,
    ends_on: date | None,
    on: date,
    today: date,
) -> Refused | None:
    """Whether the corrected start could have been recorded in the first place, and still comes before the
    placement's later facts. The rules of `start_placement` hold, on the state without the wrong fact."""
    placement = person.placements.get(placement_id)
    if placement is None:
        return _unknown()
    later = placement.extended_on or placement.ended_on
    if later is not None and on > later:
        return Refused("after_later_fact", f"C'è già una proroga o una fine del {day(later)}: viene prima.", "on")
    if placement.extended_on is not None and (contract_term(contract, on) == "forbidden" or ends_on is None):
        return Refused("extended", "Il contratto è stato prorogato: annulla prima la proroga.", "contract")
    if (
        placement.ended_on is not None
        and ends_on is not None
        and placement.ended_on
        > max(ends_on, placement.ends_on if placement.extended_on and placement.ends_on else ends_on)
    ):
        return Refused(
            "ended_later",
            f"Il rapporto è finito il {day(placement.ended_on)}, dopo questa scadenza.",
            "ends_on",
        )
    decision = start_placement(
        without_placement(person, placement_id),
        replace(vacancy, filled=vacancy.filled - {placement_id}) if vacancy is not None else None,
        company, standing, person_id=person_id, placement_id=placement_id, company_id=placement.company_id,
        contract=contract, ends_on=ends_on, on=on, today=today,
    )  # fmt: skip
    return decision if isinstance(decision, Refused) else None
