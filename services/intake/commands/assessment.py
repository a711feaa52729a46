"""Assessment, language, fragility, readiness: the words go into the vault, the conclusions into the log."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from services.intake import forms
from services.intake.commands.registration import keep_profile
from services.intake.domain import conclusions, person_stream
from shared.decisions import Decision, Refused
from shared.store import Command, Outcome, Store, Unit


async def find_fragility(store: Store, command: Command, person_id: str, values: forms.FragilityForm) -> Outcome:
    """Fragile, or a strong profile."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        reasons = await unit.vault.write(
            "fragility", person_id, {"dimensions": list(values.dimensions), "text": values.reasons}
        )
        return conclusions.find_fragility(
            person, person_id=person_id, dimensions=values.dimensions, strong_profile=values.strong_profile,
            lr14_index=values.lr14_index, lr14_index_on=values.lr14_index_on, reasons=reasons, on=values.on,
            today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def assess(store: Store, command: Command, person_id: str, values: forms.AssessmentForm) -> Outcome:
    """The guided assessment."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        sheet = await unit.vault.write("assessment", person_id, values.sheet())
        return conclusions.assess(
            person, person_id=person_id, assessment_id=unit.new_id("assessment"), levels=values.levels(),
            readiness=values.readiness, sheet=sheet, on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def assess_language(store: Store, command: Command, person_id: str, values: forms.LanguageForm) -> Outcome:
    """The level of a language, which others see on the person's profile too."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        decision = conclusions.assess_language(
            person, person_id=person_id, language=values.language, levels=values.levels(), evidence=values.evidence,
            evidence_on=values.evidence_on, on=values.on, today=unit.today,
        )  # fmt: skip
        if not isinstance(decision, Refused):
            known = await _profile(unit, person_id)
            level: dict[str, Any] = {str(skill): one for skill, one in values.levels().items()}
            level |= {"evidence": values.evidence, "evidence_on": values.evidence_on.isoformat()}
            await keep_profile(unit, person_id, {"cefr": {**(known.get("cefr") or {}), values.language: level}})
        return decision

    return await store.execute(command, decide)


async def _profile(unit: Unit, person_id: str) -> dict[str, Any]:
    data = await unit.conn.scalar(
        text("select data from profiles_out where person_id = :person"), {"person": person_id}
    )
    return dict(data) if data else {}


async def change_readiness(store: Store, command: Command, person_id: str, values: forms.ReadinessForm) -> Outcome:
    """Ready or to be trained, since the taking in charge."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        reasons = await unit.vault.write("readiness", person_id, {"text": values.reasons})
        return conclusions.change_readiness(
            person, person_id=person_id, readiness=values.readiness, reasons=reasons, on=values.on, today=unit.today
        )

    return await store.execute(command, decide)
