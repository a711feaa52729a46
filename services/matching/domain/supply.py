"""Companies and their vacancies: state, and one function per decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, assert_never, cast

from shared.decisions import Decision, Refused, Stream
from shared.events import Event
from shared.events.base import Reference
from shared.events.intake import District
from shared.events.matching import (
    CompanyRegistered,
    Contract,
    PositionFilled,
    SelectionOpened,
    Size,
    VacancyClosed,
    VacancyOpened,
)

CloseReason = Literal["filled", "withdrawn", "expired"]


@dataclass(frozen=True)
class Company:
    """A company of the network; `Company()` is not known yet."""

    registered_on: date | None = None


@dataclass(frozen=True)
class Vacancy:
    """A vacancy; `Vacancy()` was never opened."""

    vacancy_id: str = ""
    company_id: str = ""
    contract: Contract | None = None
    positions: int = 0
    opened_on: date | None = None
    closes_on: date | None = None
    selections: Mapping[str, date] = field(default_factory=dict)
    filled: frozenset[str] = frozenset()
    """The placements that took a position."""
    closed_on: date | None = None
    closed_because: CloseReason | None = None

    @property
    def open_positions(self) -> int:
        """Positions that nobody took; never below zero, also after `positions` was corrected."""
        return max(0, self.positions - len(self.filled))


VacancyFact = VacancyOpened | SelectionOpened | PositionFilled | VacancyClosed


def evolve_company(state: Company, event: Event) -> Company:
    """The company after one of its own effective facts."""
    return replace(state, registered_on=cast(CompanyRegistered, event).on)


def evolve_vacancy(state: Vacancy, event: Event) -> Vacancy:
    """The vacancy after one of its own effective facts, in whatever sequence corrections leave them."""
    fact = cast(VacancyFact, event)
    match fact:
        case VacancyOpened():
            return replace(
                state, vacancy_id=fact.vacancy_id, company_id=fact.company_id, contract=fact.contract,
                positions=fact.positions, opened_on=fact.on, closes_on=fact.closes_on,
            )  # fmt: skip
        case SelectionOpened():
            return replace(state, selections={**state.selections, fact.selection_id: fact.on})
        case PositionFilled():
            return replace(state, filled=state.filled | {fact.placement_id})
        case VacancyClosed():
            return replace(state, closed_on=fact.on, closed_because=fact.reason)
        case _:
            assert_never(fact)


def company_stream(company_id: str) -> Stream[Company]:
    """The facts about one company."""
    return Stream(company_id, Company(), evolve_company, subject="company_id")


def vacancy_stream(vacancy_id: str) -> Stream[Vacancy]:
    """The facts about one vacancy."""
    return Stream(vacancy_id, Vacancy(), evolve_vacancy, subject="vacancy_id")


def future(on: date, today: date) -> Refused | None:
    """A fact is recorded once it happened, late or not, but never before (architecture, section 2)."""
    if on <= today:
        return None
    return Refused("future_date", "La data è nel futuro: un fatto si registra dal giorno in cui avviene.", field="on")


def vat_number_valid(number: str) -> bool:
    """Whether it can be an Italian partita IVA: 11 digits, a company part that is not zero, Luhn check digit
    (domain facts 7.2; art. 35 D.P.R. 633/1972)."""
    if len(number) != 11 or not (number.isascii() and number.isdigit()) or number.startswith("0000000"):
        return False
    doubled = (int(digit) * 2 for digit in number[1::2])
    return (sum(map(int, number[0::2])) + sum(n if n < 10 else n - 9 for n in doubled)) % 10 == 0


def check_vat_number(number: str) -> Refused | None:
    """The refusal of a partita IVA that cannot be one (same source as `vat_number_valid`)."""
    if vat_number_valid(number):
        return None
    return Refused(
        "vat_number",
        "La partita IVA non è valida: 11 cifre, l'ultima di controllo. Verifica di averla copiata per intero.",
        field="vat_number",
    )


def register_company(
    state: Company,
    *,
    company_id: str,
    size: Size,
    sector: str,
    district: District | None,
    board: bool,
    card: Reference,
    vat_number: str,
    same_vat: str | None,
    on: date,
    today: date,
) -> Decision:
    """A company joins the network, once: one card per partita IVA, so that «aziende nuove» of the half-year
    table (domain facts 1.3) counts companies and not spellings. `same_vat`: a company that already has it."""
    if refused := future(on, today) or check_vat_number(vat_number):
        return refused
    if state.registered_on is not None or same_vat is not None:
        return Refused(
            "already_registered",
            "Un'azienda con questa partita IVA è già nella rete: usa la sua scheda, o correggila.",
            field="vat_number",
        )
    return [
        CompanyRegistered(
            company_id=company_id, size=size, sector=sector, district=district, board=board, card=card, on=on
        )
    ]


def open_vacancy(
    state: Vacancy,
    company: Company,
    *,
    vacancy_id: str,
    company_id: str,
    occupation: str,
    contract: Contract,
    positions: int,
    closes_on: date | None,
    description: Reference | None,
    on: date,
    today: date,
) -> Decision:
    """A company of the network looks for people (protocol, line 1: raccordo domanda-offerta)."""
    if refused := future(on, today):
        return refused
    if company.registered_on is None:
        return Refused("company_unknown", "L'azienda non è nella rete: registrala prima.", field="company_id")
    if state.opened_on is not None:
        return Refused("already_open", "Questa ricerca di personale è già stata aperta.")
    if closes_on is not None and closes_on < on:
        return Refused(
            "closes_before_opening", "La scadenza viene prima dell'apertura della ricerca.", field="closes_on"
        )
    return [
        VacancyOpened(
            vacancy_id=vacancy_id, company_id=company_id, occupation=occupation, contract=contract,
            positions=positions, closes_on=closes_on, description=description, on=on,
        )
    ]  # fmt: skip


def seeking(vacancy: Vacancy, on: date) -> Refused | None:
    """Why the vacancy takes no more candidates on that day; None if it does."""
    if vacancy.opened_on is None:
        return Refused("vacancy_unknown", "Questa ricerca di personale non esiste o è stata annullata.")
    if on < vacancy.opened_on:
        return Refused(
            "before_opening",
            f"La ricerca è stata aperta il {day(vacancy.opened_on)}: la data viene prima.",
            "on",
        )
    if vacancy.closed_on is not None:
        return Refused(
            "vacancy_closed",
            f"La ricerca è chiusa dal {day(vacancy.closed_on)}. Se è stata chiusa per errore, annulla la chiusura.",
        )
    if vacancy.closes_on is not None and on > vacancy.closes_on:
        return Refused(
            "past_closing_date",
            f"La ricerca accettava candidati fino al {day(vacancy.closes_on)}. Se l'azienda ha rinviato il "
            "termine, correggi la scheda della ricerca.",
            "on",
        )
    if vacancy.open_positions == 0:
        return Refused(
            "no_position_left",
            "Tutti i posti di questa ricerca sono coperti. Se l'azienda ne cerca altri, correggi il numero dei posti.",
        )
    return None


def open_selection(vacancy: Vacancy, *, selection_id: str, on: date, today: date) -> Decision:
    """The programme starts to look for people: a «selezione» of the half-year table (domain facts 1.3)."""
    if refused := future(on, today) or seeking(vacancy, on):
        return refused
    return [
        SelectionOpened(vacancy_id=vacancy.vacancy_id, selection_id=selection_id, company_id=vacancy.company_id, on=on)
    ]


def close_vacancy(vacancy: Vacancy, *, reason: CloseReason, on: date, today: date) -> Decision:
    """The company looks no more. `expired` is what time alone says, after the last day for candidates."""
    if refused := future(on, today):
        return refused
    if vacancy.opened_on is None:
        return Refused("vacancy_unknown", "Questa ricerca di personale non esiste o è stata annullata.")
    if vacancy.closed_on is not None:
        return Refused("already_closed", f"La ricerca è già chiusa dal {day(vacancy.closed_on)}.")
    if on < vacancy.opened_on:
        return Refused(
            "before_opening",
            f"La ricerca è stata aperta il {day(vacancy.opened_on)}: la data viene prima.",
            "on",
        )
    if reason == "expired" and (vacancy.closes_on is None or on <= vacancy.closes_on):
        return Refused(
            "not_expired", "La scadenza della ricerca non è ancora passata: scegli un altro motivo.", "reason"
        )
    return [VacancyClosed(vacancy_id=vacancy.vacancy_id, reason=reason, on=on)]


def day(on: date) -> str:
    """A date as Italian sentences write it."""
    return f"{on.day}/{on.month}/{on.year}"
