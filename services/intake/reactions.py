"""What intake decides when another service speaks: actions of the plan are done, or open again."""

from __future__ import annotations

from services.intake import announcements, domain
from services.intake.views import FULFILS, OTHERS, fulfilments
from shared.corrections import correct, effective
from shared.decisions import Decision, Refused
from shared.envelope import Meta
from shared.events import enterprise, matching, training
from shared.events.base import Correction, Event
from shared.events.intake import PathwayFactCorrected, PlanActionDone, PlanAgreed
from shared.service import Reaction, emits
from shared.store import Unit


async def settle(unit: Unit, person_id: str) -> Decision:
    """Makes the plan agree with what the other services say by now.

    An action whose cause was cancelled is open again (its done-fact is cancelled too); facts that fulfil an
    open action close it. All callers run in the one worker, after its views: that is why a plan is settled
    here and not in the command that agrees it, where a fact folded meanwhile would be missed.
    """
    stream = domain.person_stream(person_id)
    (person,) = await unit.states(stream)
    facts = fulfilments(await unit.row(OTHERS, person_id))
    gone = domain.undone(person, facts)
    events: list[Event] = []
    for fact in effective(unit.history(person_id)):
        if isinstance(fact.event, PlanActionDone) and person.done.get(fact.event.action_id) == fact.event.because:
            if fact.event.action_id not in gone:
                continue
            decision = await correct(
                unit, stream, PathwayFactCorrected, fact_id=fact.meta.id, corrected=None, motive="other",
                on=unit.today,
            )  # fmt: skip
            if isinstance(decision, Refused):
                return decision
            events += decision
    return [*events, *domain.fulfil(domain.without(person, gone), person_id, facts)]


@emits(PlanActionDone, PathwayFactCorrected)
async def fulfilled(unit: Unit, event: Event, meta: Meta) -> Decision:
    """A placement began, a course was completed, a project was funded."""
    return await settle(unit, event.subject)


@emits(PlanActionDone, PathwayFactCorrected)
async def planned(unit: Unit, event: PlanAgreed, meta: Meta) -> Decision:
    """A plan recorded late finds what has fulfilled it since its date."""
    return await settle(unit, event.person_id)


@emits(PlanActionDone, PathwayFactCorrected)
async def corrected(unit: Unit, event: Correction, meta: Meta) -> Decision:
    """A fact of another service was wrong: if it could fulfil an action, the plan is looked at again."""
    if event.fact_type not in {fact.TYPE for fact in FULFILS}:
        return []
    return await settle(unit, event.subject_id)


REACTIONS: dict[type[Event], tuple[Reaction, ...]] = {
    **dict.fromkeys(FULFILS, (fulfilled,)),
    PlanAgreed: (planned,),
    matching.PathwayFactCorrected: (corrected,),
    training.PathwayFactCorrected: (corrected,),
    enterprise.PathwayFactCorrected: (corrected,),
}
for told, reactions in announcements.REACTIONS.items():
    REACTIONS[told] = (*REACTIONS.get(told, ()), *reactions)
