"""Commands about a person and companies: shortlist, presentation, answer, placement, extension, end."""

from __future__ import annotations

from typing import Any

from services.matching import domain
from services.matching.commands.forms import (
    AnswerForm,
    EndForm,
    ExtensionForm,
    PlacementForm,
    PresentForm,
    ShortlistForm,
)
from services.matching.domain import Standing
from services.matching.views import CANDIDATES, standing
from shared.decisions import Decision, Refused
from shared.projection.aliases import ids_of, joined_under
from shared.projection.privacy import restriction_of
from shared.store import Command, Outcome, Store, Unit


async def standing_of(unit: Unit, person_id: str) -> Standing:
    """What intake said of the person, as heard so far; of who was joined to another, what it said of the other."""
    return standing(await unit.row(CANDIDATES, await joined_under(unit, person_id) or person_id))


async def elsewhere(unit: Unit, person_id: str) -> Refused | None:
    """What is new about a person who stands under another id is recorded there. What was begun under this id (a
    presentation and its answer, an extension, an end) goes on where it is: rows and streams never move."""
    if await joined_under(unit, person_id) is None:
        return None
    return Refused("joined_person", "Questa scheda è unita a un'altra della stessa persona: apri quella e lavora lì.")


async def shortlist(store: Store, command: Command, vacancy_id: str, person_id: str, values: ShortlistForm) -> Outcome:
    """The person joins the shortlist of a selection."""

    async def decide(unit: Unit) -> Decision:
        others = [domain.person_stream(one) for one in (await ids_of(unit, person_id)) if one != person_id]
        streams = domain.person_stream(person_id), domain.vacancy_stream(vacancy_id)
        found: tuple[Any, ...] = await unit.states(*streams, *others)
        person, vacancy, same = found[0], found[1], found[2:]
        if refused := await elsewhere(unit, person_id) or await restriction_of(unit, person_id):
            return refused
        person = domain.as_one(person, same)
        return domain.shortlist(
            person, vacancy, await standing_of(unit, person_id), person_id=person_id,
            selection_id=values.selection_id, on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def present(store: Store, command: Command, vacancy_id: str, person_id: str, values: PresentForm) -> Outcome:
    """The person, who agreed, is presented to the company."""

    async def decide(unit: Unit) -> Decision:
        person, vacancy = await unit.states(domain.person_stream(person_id), domain.vacancy_stream(vacancy_id))
        if refused := await restriction_of(unit, person_id):
            return refused
        return domain.present(
            person, vacancy, await standing_of(unit, person_id), person_id=person_id,
            agreed=values.agreed, on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def answer_presentation(
    store: Store, command: Command, vacancy_id: str, person_id: str, values: AnswerForm
) -> Outcome:
    """How the presentation ended, short of a placement."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(domain.person_stream(person_id))
        return domain.answer_presentation(
            person, person_id=person_id, vacancy_id=vacancy_id, outcome=values.outcome, on=values.on,
            today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def start_placement(store: Store, command: Command, person_id: str, values: PlacementForm) -> Outcome:
    """A contract began; from a vacancy it takes one of its positions, in the same decision."""

    async def decide(unit: Unit) -> Decision:
        person_stream = domain.person_stream(person_id)
        company_stream = domain.company_stream(values.company_id)
        vacancy = None
        if values.vacancy_id is not None:
            person, vacancy, company = await unit.states(
                person_stream, domain.vacancy_stream(values.vacancy_id), company_stream
            )
        else:
            person, company = await unit.states(person_stream, company_stream)
        if values.vacancy_id is None and (refused := await elsewhere(unit, person_id)):
            return refused
        return domain.start_placement(
            person, vacancy, company, await standing_of(unit, person_id), person_id=person_id,
            placement_id=unit.new_id("placement"), company_id=values.company_id, contract=values.contract,
            ends_on=values.ends_on, on=values.on, today=unit.today, notice=values.notice,
        )  # fmt: skip

    return await store.execute(command, decide)


async def extend_placement(
    store: Store, command: Command, person_id: str, placement_id: str, values: ExtensionForm
) -> Outcome:
    """The same contract is prolonged."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(domain.person_stream(person_id))
        return domain.extend_placement(
            person, person_id=person_id, placement_id=placement_id, ends_on=values.ends_on, on=values.on,
            today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def end_placement(store: Store, command: Command, person_id: str, placement_id: str, values: EndForm) -> Outcome:
    """The relationship ended."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(domain.person_stream(person_id))
        return domain.end_placement(
            person, person_id=person_id, placement_id=placement_id, reason=values.reason, on=values.on,
            today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)
