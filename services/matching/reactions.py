"""What matching decides when it hears that a pathway was closed.

Closure and presentation may be recorded at the same moment by two services: neither sees the other's fact.
Whichever is heard last finds the other, so both are listened to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from services.matching import domain
from services.matching.views import CANDIDATES, standing
from shared import erasure
from shared.decisions import Decision
from shared.envelope import Meta
from shared.events import Event
from shared.events.intake import PathwayClosed, PersonErased, TakenInCharge
from shared.events.intake import PathwayFactCorrected as IntakeCorrected
from shared.events.matching import PresentationAnswered, Presented
from shared.projection.aliases import ids_of
from shared.service import Reaction, emits
from shared.store import Unit


async def _withdraw(unit: Unit, person_id: str, on: date) -> Decision:
    """Withdraws what waits for an answer under any id of the person, unless they are in charge (again)."""
    ids = await ids_of(unit, person_id)
    persons = await unit.states(*(domain.person_stream(one) for one in ids))
    if standing(await unit.row(CANDIDATES, ids[0])).in_charge:
        return []
    withdrawn: list[Event] = []
    for one, person in zip(ids, persons, strict=True):
        withdrawn += domain.withdraw_presentations(person, person_id=one, on=on)
    return withdrawn


@emits(PresentationAnswered)
async def pathway_closed(unit: Unit, event: PathwayClosed, meta: Meta) -> Decision:
    """The pathway ended: the companies need not answer any more."""
    return await _withdraw(unit, event.person_id, event.on)


@emits(PresentationAnswered)
async def presented(unit: Unit, event: Presented, meta: Meta) -> Decision:
    """A presentation that crossed with the closure is withdrawn too."""
    row = await unit.row(CANDIDATES, event.person_id)
    return await _withdraw(unit, event.person_id, standing(row).closed_on or event.on)


@emits(PresentationAnswered)
async def charge_cancelled(unit: Unit, event: IntakeCorrected, meta: Meta) -> Decision:
    """The taking in charge never was (wrong person): nor should the presentations be."""
    if event.fact_type != TakenInCharge.TYPE or event.corrected is not None:
        return []
    return await _withdraw(unit, event.subject_id, event.on)


FORGET = erasure.keeping(())
"""Matching's texts are of companies: of a person it holds fine attributes and whatever stands under their id."""

REACTIONS: Mapping[type[Event], Sequence[Reaction]] = {
    PathwayClosed: (pathway_closed,),
    Presented: (presented,),
    IntakeCorrected: (charge_cancelled,),
    PersonErased: (erasure.reaction(FORGET, domain.person_stream),),
}
