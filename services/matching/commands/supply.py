"""Commands about companies and their vacancies."""

from __future__ import annotations

from sqlalchemy import text

from services.matching import domain
from services.matching.commands.forms import CloseForm, CompanyForm, SelectionForm, VacancyForm
from shared.decisions import Decision, Refused
from shared.store import Command, Outcome, Store, Unit

VAT = "company-vat"
"""The purpose under which a company is found again by its VAT number."""


async def same_vat(unit: Unit, vat_number: str, company_id: str) -> str | None:
    """Another company with this VAT number. Two operators who enter it at once wait for each other here."""
    await unit.conn.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:vat, 0))"),
        {"vat": unit.vault.keyed_hash(VAT, vat_number).hex()},
    )
    found = await unit.vault.find(VAT, [vat_number])
    return next((other for other in found if other != company_id), None)


async def register_company(store: Store, command: Command, values: CompanyForm) -> Outcome:
    """A company joins the network; name, VAT number and contacts go to the vault."""

    async def decide(unit: Unit) -> Decision:
        company_id = unit.new_id("company")
        (company,) = await unit.states(domain.company_stream(company_id))
        if refused := domain.check_vat_number(values.vat_number):
            return refused
        other = await same_vat(unit, values.vat_number, company_id)
        card = await unit.vault.write("company", company_id, values.card())
        unit.vault.index(VAT, company_id, [values.vat_number])
        return domain.register_company(
            company, company_id=company_id, size=values.size, sector=values.sector, district=values.district,
            board=values.board, card=card, vat_number=values.vat_number, same_vat=other, on=values.on,
            today=unit.today,
        )  # fmt: skip

    # Whole: the wait for the other operator must last until the commit.
    return await store.execute(command, decide, whole=True)


async def open_vacancy(store: Store, command: Command, values: VacancyForm) -> Outcome:
    """A company looks for people; the description goes to the vault, with the company's other texts."""

    async def decide(unit: Unit) -> Decision:
        vacancy_id = unit.new_id("vacancy")
        vacancy, company = await unit.states(
            domain.vacancy_stream(vacancy_id), domain.company_stream(values.company_id)
        )
        description = None
        if values.description:
            description = await unit.vault.write("vacancy", values.company_id, {"text": values.description})
        return domain.open_vacancy(
            vacancy, company, vacancy_id=vacancy_id, company_id=values.company_id,
            occupation=values.occupation,
            contract=values.contract, positions=values.positions, closes_on=values.closes_on,
            description=description, on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def open_selection(store: Store, command: Command, vacancy_id: str, values: SelectionForm) -> Outcome:
    """The programme starts to look for people for the vacancy."""

    async def decide(unit: Unit) -> Decision:
        (vacancy,) = await unit.states(domain.vacancy_stream(vacancy_id))
        selection_id = unit.new_id("selection")
        return domain.open_selection(vacancy, selection_id=selection_id, on=values.on, today=unit.today)

    return await store.execute(command, decide)


async def close_vacancy(store: Store, command: Command, vacancy_id: str, values: CloseForm) -> Outcome:
    """The company looks no more."""

    async def decide(unit: Unit) -> Decision:
        (vacancy,) = await unit.states(domain.vacancy_stream(vacancy_id))
        return domain.close_vacancy(vacancy, reason=values.reason, on=values.on, today=unit.today)

    return await store.execute(command, decide)


def not_found() -> Refused:
    """The fact to correct is not there."""
    return Refused("fact_not_found", "Questo fatto non c'è o è già stato annullato.")
