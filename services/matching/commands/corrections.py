"""Rectifying and cancelling: the wrong fact, those recorded together with it, and the rules after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from services.matching import domain
from services.matching.commands.forms import CancelForm, CompanyCorrectionForm, CorrectionForm
from services.matching.commands.people import standing_of
from services.matching.commands.supply import VAT, not_found, same_vat
from services.matching.views import COMPANIES, PROPOSALS
from shared.corrections import correct, effective
from shared.decisions import Decision, Refused, Stream
from shared.envelope import Recorded
from shared.events.base import Correction, Event, Motive
from shared.events.matching import (
    CompanyRegistered,
    PathwayFactCorrected,
    PlacementEnded,
    PlacementExtended,
    PlacementStarted,
    PositionFilled,
    PresentationAnswered,
    SelectionOpened,
    SupplyFactCorrected,
)
from shared.store import Command, Outcome, Store, Unit, fold


def _held(unit: Unit, stream_id: str, fact_id: str) -> Recorded | None:
    return next((fact for fact in effective(unit.history(stream_id)) if fact.meta.id == fact_id), None)


def _quiet(unit: Unit) -> Unit:
    # What the form showed was the first stream, which `states` compared already: it says nothing of others.
    return Unit(unit.transaction, replace(unit.command, shown=None))


async def _correct(
    unit: Unit, stream: Stream[Any], fact: Recorded, corrected: dict[str, Any] | None, motive: Motive
) -> Decision:
    contract: type[Correction] = PathwayFactCorrected if fact.event.TOPIC == "pathway" else SupplyFactCorrected
    return await correct(
        _quiet(unit),
        stream,
        contract,
        fact_id=fact.meta.id,
        corrected=corrected,
        motive=motive,
        on=unit.today,
    )


def _changes(fact: Event, values: CorrectionForm) -> dict[str, Any] | Refused | None:
    """The changed fields; None to cancel. A permanent contract takes its last day away with it."""
    if values.cancel:
        return None
    allowed = domain.CORRECTABLE.get(type(fact), ())
    changes = values.changes()
    unknown = sorted(set(changes) - set(allowed))
    if unknown:
        return Refused("not_correctable", "Questo dato non si rettifica: annulla il fatto e registralo di nuovo.")
    if changes.get("contract") == "permanent" and isinstance(fact, PlacementStarted):
        changes["ends_on"] = None
    if not changes:
        return Refused("nothing_changed", "Non è cambiato niente: indica il valore giusto.")
    return changes


def _after(unit: Unit, stream: Stream[Any], corrections: Decision) -> Any:
    """The state of the stream once these corrections hold."""
    assert not isinstance(corrections, Refused)
    history = unit.history(stream.id)
    mine = [event for event in corrections if event.subject == stream.id]
    return fold(stream, [*history, *(Recorded(history[-1].meta, event) for event in mine)])


def _replacement(corrections: Decision) -> Event | None:
    assert not isinstance(corrections, Refused)
    first = corrections[0]
    assert isinstance(first, Correction)
    return first.replacement()


async def correct_company(store: Store, command: Command, company_id: str, values: CompanyCorrectionForm) -> Outcome:
    """The company's card as it should be: the old text stays in the vault as an earlier version."""

    async def decide(unit: Unit) -> Decision:
        stream = domain.company_stream(company_id)
        await unit.states(stream)
        fact = next((f for f in effective(unit.history(company_id)) if isinstance(f.event, CompanyRegistered)), None)
        if fact is None or not isinstance(fact.event, CompanyRegistered):
            return not_found()
        if refused := domain.check_vat_number(values.vat_number):
            return refused
        if await same_vat(unit, values.vat_number, company_id) is not None:
            return Refused("already_registered", "Un'altra azienda ha già questa partita IVA.", "vat_number")
        changes = values.model_dump(mode="json", include={"size", "sector", "district", "board", "on"})
        card = values.card()
        if await unit.store.vault.read(unit.conn, fact.event.card) != card:
            row_id = fact.event.card.partition(":")[0]
            changes["card"] = await unit.vault.write("company", company_id, card, row_id=row_id)
            unit.vault.index(VAT, company_id, [values.vat_number])
        return await _correct(unit, stream, fact, changes, values.motive)

    return await store.execute(command, decide, whole=True)


async def cancel_company(store: Store, command: Command, company_id: str, values: CancelForm) -> Outcome:
    """The company never joined (registered twice, by mistake): only while nothing hangs on it."""

    async def decide(unit: Unit) -> Decision:
        stream = domain.company_stream(company_id)
        await unit.states(stream)
        held = effective(unit.history(company_id))
        if not held:
            return not_found()
        row = await unit.row(COMPANIES, company_id)
        if row is not None and (row["vacancies_count"] or row["placements_count"]):
            return Refused(
                "company_in_use",
                "L'azienda ha ricerche o inserimenti: non si può annullare, ma si può correggere.",
            )
        unit.vault.index(VAT, company_id, [])
        return await _correct(unit, stream, held[0], None, values.motive)

    return await store.execute(command, decide)


async def correct_vacancy(
    store: Store, command: Command, vacancy_id: str, fact_id: str, values: CorrectionForm
) -> Outcome:
    """Rectifies or cancels a fact of a vacancy."""

    async def decide(unit: Unit) -> Decision:
        stream = domain.vacancy_stream(vacancy_id)
        (before,) = await unit.states(stream)
        fact = _held(unit, vacancy_id, fact_id)
        if fact is None:
            return not_found()
        if isinstance(fact.event, PositionFilled):
            return domain.check_vacancy_correction(before, before, fact.event, None) or not_found()
        changes = _changes(fact.event, values)
        if isinstance(changes, Refused):
            return changes
        corrections = await _correct(unit, stream, fact, changes, values.motive)
        if isinstance(corrections, Refused):
            return corrections
        refused = domain.check_vacancy_correction(
            before, _after(unit, stream, corrections), fact.event, _replacement(corrections),
            selection_used=await _selection_used(unit, fact.event),
        )  # fmt: skip
        return refused or corrections

    return await store.execute(command, decide)


async def _selection_used(unit: Unit, fact: Event) -> bool:
    if not isinstance(fact, SelectionOpened):
        return False
    table = await unit.table(PROPOSALS)
    found = sa.select(table.c.proposal_id).where(table.c.selection_id == fact.selection_id).limit(1)
    return bool(await unit.rows(found))


async def correct_person(
    store: Store, command: Command, person_id: str, fact_id: str, values: CorrectionForm
) -> Outcome:
    """Rectifies or cancels what matching recorded about a person. A placement is corrected together with the
    position that it took; cancelled, with its extensions and its end."""

    async def decide(unit: Unit) -> Decision:
        stream = domain.person_stream(person_id)
        (before,) = await unit.states(stream)
        fact = _held(unit, person_id, fact_id)
        if fact is None:
            return not_found()
        changes = _changes(fact.event, values)
        if isinstance(changes, Refused):
            return changes
        if isinstance(fact.event, PlacementStarted):
            if changes is None:
                return await _cancel_placement(unit, stream, fact.event, values.motive)
            return await _rectify_placement(unit, before, stream, fact, changes, values.motive)
        reopened = isinstance(fact.event, PresentationAnswered) and changes is None
        if reopened and not (await standing_of(unit, person_id)).in_charge:
            return Refused(
                "pathway_closed",
                "Il percorso è chiuso: la presentazione non può tornare in attesa di risposta.",
            )
        corrections = await _correct(unit, stream, fact, changes, values.motive)
        if isinstance(corrections, Refused):
            return corrections
        refused = domain.check_person_correction(
            before, _after(unit, stream, corrections), fact.event, _replacement(corrections)
        )
        return refused or corrections

    return await store.execute(command, decide)


async def cancel_placement(
    store: Store, command: Command, person_id: str, placement_id: str, values: CancelForm
) -> Outcome:
    """A placement that never started: all that was recorded of it goes, and its position is open again."""

    async def decide(unit: Unit) -> Decision:
        stream = domain.person_stream(person_id)
        await unit.states(stream)
        for fact in effective(unit.history(person_id)):
            if isinstance(fact.event, PlacementStarted) and fact.event.placement_id == placement_id:
                return await _cancel_placement(unit, stream, fact.event, values.motive)
        return Refused("placement_unknown", "Questo inserimento non esiste o è stato annullato.")

    return await store.execute(command, decide)


async def _position(unit: Unit, started: PlacementStarted) -> tuple[Stream[Any], Recorded] | None:
    """The fact that the placement took a position, on its vacancy's stream."""
    if started.vacancy_id is None:
        return None
    stream = domain.vacancy_stream(started.vacancy_id)
    await unit.transaction.load([stream.id])
    for fact in effective(unit.history(stream.id)):
        if isinstance(fact.event, PositionFilled) and fact.event.placement_id == started.placement_id:
            return stream, fact
    return None


async def _cancel_placement(unit: Unit, stream: Stream[Any], started: PlacementStarted, motive: Motive) -> Decision:
    corrections: list[Event] = []
    facts = [
        (stream, fact)
        for fact in effective(unit.history(stream.id))
        if isinstance(fact.event, PlacementStarted | PlacementExtended | PlacementEnded)
        and fact.event.placement_id == started.placement_id
    ]
    if position := await _position(unit, started):
        facts.append(position)
    for one, fact in facts:
        decided = await _correct(unit, one, fact, None, motive)
        if isinstance(decided, Refused):
            return decided
        corrections += decided
    return corrections


async def _rectify_placement(
    unit: Unit,
    before: domain.Person,
    stream: Stream[Any],
    fact: Recorded,
    changes: dict[str, Any],
    motive: Motive,
) -> Decision:
    corrections = await _correct(unit, stream, fact, changes, motive)
    if isinstance(corrections, Refused):
        return corrections
    right = _replacement(corrections)
    assert isinstance(right, PlacementStarted)
    companies = domain.company_stream(right.company_id)
    await unit.transaction.load([companies.id])
    position = await _position(unit, right)
    vacancy = fold(position[0], unit.history(position[0].id)) if position else None
    refused = domain.check_placement_correction(
        before, vacancy, fold(companies, unit.history(companies.id)), await standing_of(unit,
        right.person_id),
        person_id=right.person_id, placement_id=right.placement_id, contract=right.contract,
        ends_on=right.ends_on, on=right.on, today=unit.today,
    ) or domain.check_person_correction(before, _after(unit, stream, corrections), fact.event,
    right)  # fmt: skip
    if refused:
        return refused
    if position is None or position[1].event.on == right.on:
        return corrections
    moved = await _correct(unit, *position, {"on": right.on.isoformat()}, motive)
    return moved if isinstance(moved, Refused) else [*corrections, *moved]
