"""Matching on a real PostgreSQL and the embedded log: from the company's card to the last proroga, and back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.matching import commands, domain, views
from services.matching.commands import forms
from shared.decisions import Decision, Refused, Stream
from shared.events import Event
from shared.events.intake import PathwayClosed, PathwayFactCorrected, PersonRegistered, TakenInCharge
from shared.service import Service
from shared.store import Accepted, Command, Outcome, Store, Unit
from tests.fixtures.platform import Platform, Running

NOW = datetime(2024, 6, 28, 10, tzinfo=UTC)
SARA, PAOLO, GIULIA = "u-sara.galli", "u-paolo.monti", "u-giulia.rossi"
REFERENCE = f"{uuid4()}:1:{'0' * 64}"
INTAKE = Service("intake", views=(), reactions={})
"""An intake that only speaks: what matching hears is its facts."""
FORNO, OFFICINA = "01234567897", "12345678903"


@dataclass
class House:
    """Matching with its worker, intake's voice, and short ways to do what operators do."""

    running: Running
    causes: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        return self.running.store("matching")

    async def quiet(self) -> None:
        await self.running.quiet()

    async def said_by_intake(self, *facts: Event) -> tuple[str, ...]:
        """Intake's facts, through the log; gives their ids."""

        async def decide(unit: Unit) -> Decision:
            await unit.states(Stream(facts[0].subject, None, lambda state, _: state))
            return list(facts)

        outcome = accepted(await self.running.store("intake").execute(command(GIULIA), decide))
        await self.quiet()
        return tuple(recorded.meta.id for recorded in outcome.events)

    async def in_charge(self, district: Any = "pianura-est", on: date = date(2024, 1, 20)) -> str:
        """Amina (each time another), registered and taken in charge."""
        person_id = str(uuid4())
        await self.said_by_intake(
            PersonRegistered(
                person_id=person_id, episode=1, channel="parish", entry="assisted", age_band="30-39", sex="F",
                citizenship_area="africa", education="lower_secondary", district=district, union=None,
                in_capital=False, identity=REFERENCE, on=on,
            ),
            TakenInCharge(
                person_id=person_id, case_manager=GIULIA, readiness="ready", reasons=REFERENCE, on=on
            ),
        )  # fmt: skip
        return person_id

    async def company(self, vat_number: str = FORNO, name: str = "Forno Ghini") -> str:
        outcome = await commands.register_company(self.store, command(SARA), company_form(vat_number, name))
        return accepted(outcome).events[0].meta.subject

    async def vacancy(self, company_id: str, positions: int = 1, **changed: Any) -> tuple[str, str]:
        """A vacancy with its selection."""
        values: dict[str, Any] = {
            "company_id": company_id, "occupation": "7512", "contract": "fixed_term", "positions": positions,
            "on": date(2024, 2, 1), "description": "Impasto e cottura, dalle 4 alle 11.",
        }  # fmt: skip
        opened = await commands.open_vacancy(self.store, command(SARA), forms.VacancyForm(**(values | changed)))
        vacancy_id = accepted(opened).events[0].meta.subject
        selection = await commands.open_selection(
            self.store, command(SARA), vacancy_id, forms.SelectionForm(on=date(2024, 2, 2))
        )
        event = accepted(selection).events[0].event
        return vacancy_id, str(event.model_dump()["selection_id"])

    async def presented(self, person_id: str, vacancy_id: str, selection_id: str) -> None:
        listed = forms.ShortlistForm(selection_id=selection_id, on=date(2024, 2, 10))
        accepted(await commands.shortlist(self.store, command(SARA), vacancy_id, person_id, listed))
        shown = forms.PresentForm(agreed=True, on=date(2024, 2, 20))
        accepted(await commands.present(self.store, command(SARA), vacancy_id, person_id, shown))

    async def place(self, person_id: str, company_id: str, vacancy_id: str | None, **changed: Any) -> Outcome:
        values: dict[str, Any] = {
            "company_id": company_id, "vacancy_id": vacancy_id, "contract": "fixed_term",
            "ends_on": date(2024, 7, 15), "on": date(2024, 3, 1),
        }  # fmt: skip
        return await commands.start_placement(
            self.store, command(SARA), person_id, forms.PlacementForm(**(values | changed))
        )

    async def row(self, view: Any, key: str) -> dict[str, Any]:
        async with self.store.read() as reading:
            row = await reading.row(view, key)
        assert row is not None
        return row

    async def person(self, person_id: str) -> domain.Person:
        return (await self.store.state(domain.person_stream(person_id)))[0]


def command(actor: str, shown: int | None = None, cause: str | None = None) -> Command:
    return Command(cause or str(uuid4()), actor, NOW, shown)


def company_form(vat_number: str, name: str) -> forms.CompanyForm:
    return forms.CompanyForm(
        name=name, vat_number=vat_number, seat="Via Roma 1, Budrio", contact="Carla Ghini", size="6-20", sector="C",
        district="pianura-est", on=date(2024, 1, 8),
    )  # fmt: skip


def accepted(outcome: Outcome) -> Accepted:
    assert isinstance(outcome, Accepted), outcome
    return outcome


def refused(outcome: Outcome) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


@pytest.fixture
async def house(platform: Platform) -> House:
    running = await platform("intake", "matching", definitions={"intake": INTAKE})
    running.now = NOW
    return House(running)


async def test_from_the_shortlist_to_the_proroga(house: House) -> None:
    amina, company = await house.in_charge(), await house.company()
    vacancy, selection = await house.vacancy(company)
    await house.presented(amina, vacancy, selection)
    await house.quiet()
    async with house.store.read() as reading:
        waiting = await views.candidates(reading, views.CandidateFilter(), NOW.date())
        assert [row["person_id"] for row in waiting.rows] == [amina]
        assert waiting.rows[0]["open_presentations"] == 1
        addable = await views.addable(reading, vacancy, district=None, readiness=None, today=NOW.date())
        assert addable == []
    started = accepted(await house.place(amina, company, vacancy))
    assert [recorded.meta.topic for recorded in started.events] == ["pathway", "supply"]
    placement = str(started.events[0].event.model_dump()["placement_id"])
    extension = forms.ExtensionForm(ends_on=date(2024, 7, 20), on=date(2024, 6, 20))
    accepted(await commands.extend_placement(house.store, command(SARA), amina, placement, extension))
    await house.quiet()
    row = await house.row(views.PLACEMENTS, placement)
    assert (row["extensions"], row["until"]) == (1, date(2024, 7, 20))
    assert (await house.row(views.VACANCIES, vacancy))["open_positions"] == 0
    async with house.store.read() as reading:
        ending = await views.placements(reading, NOW.date(), state="ending")
        assert [one["placement_id"] for one in ending.rows] == [placement]
        working = await views.candidates(reading, views.CandidateFilter(situation="working"), NOW.date())
        assert working.total == 1
        closed = await views.vacancies(reading, NOW.date(), status="closed")
        assert (closed.total, closed.rows[0]["placed"]) == (1, 1)
    ended = forms.EndForm(reason="resigned", on=date(2024, 6, 27))
    accepted(await commands.end_placement(house.store, command(SARA), amina, placement, ended))
    await house.quiet()
    assert (await house.row(views.CANDIDATES, amina))["works_until"] == date(2024, 6, 27)


async def test_a_closed_pathway_withdraws_the_presentation(house: House) -> None:
    amina, company = await house.in_charge(), await house.company()
    vacancy, selection = await house.vacancy(company)
    await house.presented(amina, vacancy, selection)
    await house.said_by_intake(PathwayClosed(person_id=amina, outcome="moved_away", on=date(2024, 6, 1)))
    assert (await house.person(amina)).presentations[vacancy].outcome == "withdrawn"
    row = await house.row(views.CANDIDATES, amina)
    assert (row["status"], row["open_presentations"]) == ("closed", 0)
    again = forms.ShortlistForm(selection_id=selection, on=date(2024, 6, 2))
    assert refused(await commands.shortlist(house.store, command(SARA), vacancy, amina, again)) == "pathway_closed"


async def test_closure_and_presentation_that_cross_end_withdrawn(house: House) -> None:
    amina, company = await house.in_charge(), await house.company()
    vacancy, selection = await house.vacancy(company)
    await house.quiet()
    # Intake records the closure; before matching hears of it, the person is presented.
    intake = house.running.store("intake")

    async def close(unit: Unit) -> Decision:
        await unit.states(Stream(amina, None, lambda state, _: state))
        return [PathwayClosed(person_id=amina, outcome="withdrew", on=date(2024, 6, 1))]

    accepted(await intake.execute(command(GIULIA), close))
    await house.presented(amina, vacancy, selection)
    assert (await house.person(amina)).presentations[vacancy].outcome is None
    await house.quiet()
    assert (await house.person(amina)).presentations[vacancy].outcome == "withdrawn"


async def test_who_was_never_in_charge_loses_the_presentation(house: House) -> None:
    person, company = str(uuid4()), await house.company()
    vacancy, selection = await house.vacancy(company)
    charged = TakenInCharge(
        person_id=person, case_manager=GIULIA, readiness="ready", reasons=REFERENCE, on=date(2024, 1, 20)
    )
    (fact_id,) = await house.said_by_intake(charged)
    await house.presented(person, vacancy, selection)
    await house.said_by_intake(
        PathwayFactCorrected(
            on=date(2024, 6, 28), subject_id=person, fact_id=fact_id, fact_type=charged.TYPE, fact_version=1,
            fact=charged.model_dump(mode="json"), corrected=None, motive="wrong_person",
        )
    )  # fmt: skip
    assert (await house.person(person)).presentations[vacancy].outcome == "withdrawn"


async def test_a_placement_that_never_started_gives_its_position_back(house: House) -> None:
    amina, company = await house.in_charge(), await house.company()
    vacancy, selection = await house.vacancy(company)
    await house.presented(amina, vacancy, selection)
    started = accepted(await house.place(amina, company, vacancy))
    placement = str(started.events[0].event.model_dump()["placement_id"])
    extension = forms.ExtensionForm(ends_on=date(2024, 9, 20), on=date(2024, 6, 20))
    accepted(await commands.extend_placement(house.store, command(SARA), amina, placement, extension))
    await house.quiet()
    never = forms.CancelForm(motive="never_started")
    # The form was opened on the person's third fact; the vacancy has facts of its own, which it did not show.
    shown = await house.store.version(amina)
    gone = accepted(await commands.cancel_placement(house.store, command(SARA, shown), amina, placement, never))
    assert [recorded.meta.topic for recorded in gone.events] == ["pathway", "pathway", "supply"]
    await house.quiet()
    assert (await house.row(views.VACANCIES, vacancy))["open_positions"] == 1
    row = await house.row(views.CANDIDATES, amina)
    assert (row["placements_count"], row["open_presentations"], row["works_until"]) == (0, 1, None)
    async with house.store.read() as reading:
        assert await reading.row(views.PLACEMENTS, placement) is None
    assert refused(await commands.cancel_placement(house.store, command(SARA), amina, placement, never)) == (
        "placement_unknown"
    )
    accepted(await house.place(amina, company, vacancy))


async def test_a_rectified_start_moves_its_position_too(house: House) -> None:
    amina, company = await house.in_charge(), await house.company()
    vacancy, selection = await house.vacancy(company)
    await house.presented(amina, vacancy, selection)
    started = accepted(await house.place(amina, company, vacancy))
    fact = started.events[0].meta.id
    await house.quiet()

    async def rectify(**changes: Any) -> Outcome:
        values = forms.CorrectionForm(motive="wrong_date", **changes)
        return await commands.correct_person(house.store, command(PAOLO), amina, fact, values)

    assert refused(await rectify(happened_on=date(2024, 2, 19))) == "before_presentation"
    assert refused(await rectify(positions=3)) == "not_correctable"
    moved = accepted(await rectify(happened_on=date(2024, 3, 4)))
    assert [recorded.meta.topic for recorded in moved.events] == ["pathway", "supply"]
    accepted(await rectify(contract="permanent"))
    await house.quiet()
    (placement,) = (await house.person(amina)).placements.values()
    assert (placement.started_on, placement.contract, placement.ends_on) == (date(2024, 3, 4), "permanent", None)
    assert (await house.row(views.PLACEMENTS, placement.placement_id))["until"] == date(9999, 12, 31)


async def test_one_company_a_vat_number_also_when_two_enter_it_at_once(house: House) -> None:
    outcomes = await asyncio.gather(
        *(
            commands.register_company(house.store, command(actor), company_form(FORNO, name))
            for actor, name in ((SARA, "Forno Ghini"), (PAOLO, "FORNO GHINI SRL"))
        )
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Accepted", "Refused"]
    assert refused(next(one for one in outcomes if isinstance(one, Refused))) == "already_registered"
    accepted(await commands.register_company(house.store, command(SARA), company_form(OFFICINA, "Officina Po")))


async def test_two_placements_never_take_one_position(house: House) -> None:
    company = await house.company()
    vacancy, selection = await house.vacancy(company)
    people = [await house.in_charge(), await house.in_charge()]
    for person in people:
        await house.presented(person, vacancy, selection)
    outcomes = await asyncio.gather(*(house.place(person, company, vacancy) for person in people))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Accepted", "Refused"]
    assert refused(next(one for one in outcomes if isinstance(one, Refused))) == "no_position_left"


async def test_a_repeated_form_is_one_company_and_no_trace_of_its_name_is_in_the_log(house: House) -> None:
    cause = str(uuid4())
    form = company_form(FORNO, "Forno Ghini")
    first = accepted(await commands.register_company(house.store, command(SARA, cause=cause), form))
    second = accepted(await commands.register_company(house.store, command(SARA, cause=cause), form))
    assert second.repeated
    assert [one.meta.id for one in first.events] == [one.meta.id for one in second.events]
    async with house.store.engine.connect() as conn:
        data = (await conn.execute(sa.text("select string_agg(convert_from(data, 'utf8'), '') from events"))).scalar()
    assert data
    assert not any(word in data for word in ("Ghini", FORNO, "Budrio"))


async def test_a_corrected_card_is_a_new_version_in_the_vault(house: House) -> None:
    company = await house.company()
    values = company_form(OFFICINA, "Forno Ghini SRL").model_dump() | {"size": "21-49", "motive": "wrong_value"}
    corrected = forms.CompanyCorrectionForm(**values)
    accepted(await commands.correct_company(house.store, command(SARA), company, corrected))
    await house.quiet()
    row = await house.row(views.COMPANIES, company)
    assert row["size"] == "21-49"
    async with house.store.read() as reading:
        card = await house.store.vault.read(reading.conn, row["card"])
    assert card is not None
    assert card["name"] == "Forno Ghini SRL"
    again = await commands.register_company(house.store, command(SARA), company_form(OFFICINA, "Officina Po"))
    assert refused(again) == "already_registered"
    accepted(await commands.register_company(house.store, command(SARA), company_form(FORNO, "Altro Forno")))


async def test_facts_of_a_vacancy_are_corrected_within_its_rules(house: House) -> None:
    amina, company = await house.in_charge(), await house.company()
    vacancy, selection = await house.vacancy(company)
    facts = await house.store.history(vacancy)
    opened, selecting = facts[0].meta.id, facts[1].meta.id

    async def correct(fact_id: str, **changes: Any) -> Outcome:
        values = forms.CorrectionForm(motive="wrong_value", **changes)
        return await commands.correct_vacancy(house.store, command(PAOLO), vacancy, fact_id, values)

    accepted(await correct(opened, positions=2))
    assert refused(await correct(opened, cancel=True)) == "vacancy_in_use"
    await house.presented(amina, vacancy, selection)
    await house.quiet()
    assert (await house.row(views.VACANCIES, vacancy))["open_positions"] == 2
    assert refused(await correct(selecting, cancel=True)) == "selection_in_use"
    listed = (await house.store.history(amina))[0].meta.id
    cancel = forms.CorrectionForm(motive="wrong_person", cancel=True)
    assert (
        refused(await commands.correct_person(house.store, command(PAOLO), amina, listed, cancel)) == "presented_first"
    )


async def test_a_vacancy_expires_once_and_somebody_presented_can_still_be_hired(house: House) -> None:
    amina, company = await house.in_charge(), await house.company()
    vacancy, selection = await house.vacancy(company, closes_on=date(2024, 5, 31))
    await house.presented(amina, vacancy, selection)
    await house.quiet()
    from services.matching.deadlines import DEADLINES

    (deadline,) = DEADLINES
    async with house.store.read() as reading:
        (due,) = await deadline.due(reading, NOW.date())
    assert (due.key, due.due_on) == (vacancy, date(2024, 6, 1))
    accepted(await house.store.execute(command("system:matching"), lambda unit: deadline.act(unit, due)))
    await house.quiet()
    async with house.store.read() as reading:
        assert await deadline.due(reading, NOW.date()) == []
    row = await house.row(views.VACANCIES, vacancy)
    assert (row["closed_on"], row["closed_because"]) == (date(2024, 6, 1), "expired")
    accepted(await house.place(amina, company, vacancy, on=date(2024, 6, 10), ends_on=date(2024, 9, 30)))
