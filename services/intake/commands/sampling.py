"""Sample checks of declarations: the draw, and the outcome of each."""

from __future__ import annotations

from services.intake import forms
from services.intake.domain import parameter, person_stream
from services.intake.domain.sampling import bounds, sample, sample_stream
from services.intake.domain.sampling import verify as decide_outcome
from services.intake.views.target import declarations
from shared.corrections import effective
from shared.decisions import Decision, Refused
from shared.events.intake import EligibilityChecked
from shared.projection import Reading
from shared.store import Command, Outcome, Store, Unit


async def draw(store: Store, command: Command, values: forms.DrawForm) -> Outcome:
    """Draws the declarations of a half-year, with the seed and the share in force today."""

    async def decide(unit: Unit) -> Decision:
        (state,) = await unit.states(sample_stream(values.sample_id))
        first, last = bounds(values.sample_id)
        reading = await Reading.open(unit.conn, store.service)
        population = [row["fact_id"] for row in await declarations(reading, first, last)]
        return sample(
            state, sample_id=values.sample_id, population=population, seed=parameter("sample_seed", unit.today),
            share_percent=parameter("sample_share_percent", unit.today), today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def verify(
    store: Store, command: Command, sample_id: str, person_id: str, fact_id: str, values: forms.VerifyForm
) -> Outcome:
    """What the comparison of a drawn declaration gave."""

    async def decide(unit: Unit) -> Decision:
        person, drawn = await unit.states(person_stream(person_id), sample_stream(sample_id))
        fact = next((f for f in effective(unit.history(person_id)) if f.meta.id == fact_id), None)
        if fact is None or not isinstance(fact.event, EligibilityChecked):
            return Refused("fact_not_found", "Questa dichiarazione non c'è o è stata annullata.")
        notes = await unit.vault.write("verification", person_id, {"text": values.notes}) if values.notes else None
        return decide_outcome(
            person, drawn, person_id=person_id, sample_id=sample_id, fact_id=fact_id,
            check=fact.event.check, declared_on=fact.event.evidence_on, outcome=values.outcome,
            notes=notes, on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)
