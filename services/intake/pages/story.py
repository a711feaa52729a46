"""A person's pathway told: intake's own facts with what can be corrected, and everybody's as a timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from services.intake import labels
from services.intake.commands import CORRECTABLE
from shared.corrections import effective
from shared.envelope import Recorded
from shared.events import enterprise, intake, matching, training
from shared.events.base import Correction, Event
from shared.web.app import name_of
from shared.web.facts import label_of
from shared.web.formats import day, euro, instant
from shared.web.pages import SERVICES

VALUES: dict[type[Event], tuple[str, dict[str, str]]] = {
    intake.PersonRegistered: ("Canale", labels.CHANNELS),
    intake.InterviewHeld: ("Modalità", labels.MODES),
    intake.TakenInCharge: ("Valutazione", labels.READINESS),
    intake.PathwayClosed: ("Esito", labels.OUTCOMES),
}
"""The value that can be rectified beside the date: its label and its choices."""


@dataclass(frozen=True, slots=True)
class OwnFact:
    """One of intake's facts that hold, with what the page needs to correct it."""

    id: str
    on: str
    private: str
    """Text from the vault: notes, reasons, objectives."""
    value: str | None
    value_label: str
    choices: dict[str, str]


def _own(fact: Recorded, texts: Mapping[str, str]) -> OwnFact:
    label, choices = VALUES.get(type(fact.event), ("", {}))
    field = CORRECTABLE[type(fact.event)]
    return OwnFact(
        id=fact.meta.id,
        on=fact.event.on.isoformat(),
        private=texts.get(fact.meta.id, ""),
        value=str(getattr(fact.event, field)) if field else None,
        value_label=label,
        choices=choices,
    )


def story(own: list[Recorded], heard: list[Recorded], texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Everything that every service recorded about the person, newest first, corrections told as such.

    Intake's own come from its store (nothing of them is late), the others' from what was heard. `texts` are
    intake's texts by event id; a fact of intake that holds carries what its correction form needs.
    """
    holding = {fact.meta.id: fact for fact in effective(own) if type(fact.event) in CORRECTABLE}
    facts = own + [fact for fact in heard if fact.meta.source != "intake"]
    corrected = {fact.event.fact_id: fact.event for fact in facts if isinstance(fact.event, Correction)}
    items: list[dict[str, Any]] = []
    for fact in sorted(facts, key=lambda f: (f.event.on, f.meta.time)):
        correction = corrected.get(fact.meta.id)
        cancelled = correction is not None and correction.corrected is None
        note = " Annullato in seguito." if cancelled else " Rettificato in seguito." if correction else ""
        items.append(
            {
                "when": fact.event.on,
                "title": _title(fact.event),
                "text": words(fact.event) + note,
                "by": f"{SERVICES[fact.meta.source][0]} · registrato da {name_of(fact.meta.actor)}"
                f" il {instant(fact.meta.time)}",
                "tone": "bad" if cancelled else "warn" if isinstance(fact.event, Correction) else "",
                "fact": _own(holding[fact.meta.id], texts) if fact.meta.id in holding else None,
            }
        )
    return items[::-1]


def _title(event: Event) -> str:
    text = label_of(event.TYPE)
    return text[:1].upper() + text[1:]


def words(event: Event) -> str:
    """What a fact says, in a few Italian words."""
    match event:
        case intake.PersonRegistered():
            return (
                f"{labels.CHANNELS[event.channel]}; {labels.DISTRICTS[event.district]}; iscrizione n. {event.episode}."
            )
        case intake.EligibilityChecked():
            return (
                f"{labels.CHECKS[event.check]}: {labels.CHECK_OUTCOMES[event.outcome].lower()} "
                f"({labels.check_reason(event.reason)}). "
                f"{labels.EVIDENCE[event.evidence]} del {day(event.evidence_on)}."
            )
        case intake.InterviewHeld():
            return f"{labels.MODES[event.mode]}."
        case intake.TakenInCharge():
            return f"{labels.READINESS[event.readiness]}; operatore: {name_of(event.case_manager)}."
        case intake.PlanAgreed():
            actions = (f"{labels.DIRECTIONS[a.direction]} entro il {day(a.due_on)}" for a in event.actions)
            return "; ".join(actions) + "."
        case intake.PathwayClosed():
            return f"{labels.OUTCOMES[event.outcome]}."
        case matching.PlacementStarted():
            end = f" fino al {day(event.ends_on)}" if event.ends_on else ""
            return f"{labels.CONTRACTS[event.contract]}{end}."
        case matching.PlacementExtended():
            return f"Fino al {day(event.ends_on)}."
        case matching.PresentationAnswered():
            return f"{labels.PROPOSAL_STATES[event.outcome]}."
        case training.Enrolled() | training.CourseLeft():
            return f"{labels.LINES[event.line]}."
        case training.CourseCompleted():
            return f"{labels.LINES[event.line]}, {event.hours} ore."
        case enterprise.EnterpriseFunded():
            return f"{euro(event.amount)}."
        case Correction():
            what = label_of(event.fact_type)
            motive = labels.MOTIVES[event.motive].lower()
            if event.corrected is None:
                return f"Annullato: {what} del {day(cast(str, event.fact['on']))} ({motive})."
            return f"Rettificato: {what} del {day(cast(str, event.fact['on']))} ({motive})."
        case _:
            return ""
