"""What the operator decides about a person after the interview, and the notice before a refusal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Literal

from services.intake.domain.assessment import (
    Dimension,
    FragilityDimension,
    LanguageEvidence,
    Obstacle,
    Skill,
    fragile,
)
from services.intake.domain.rules import date_refused, last_day, not_open
from services.intake.domain.state import Person
from shared.decisions import Decision, Refused
from shared.events.base import Event
from shared.events.intake import (
    AssessmentConcluded,
    FragilityFound,
    LanguageAssessed,
    Level,
    Readiness,
    ReadinessChanged,
    RefusalNoticed,
)

_NO_INTERVIEW = Refused("no_interview", "Si valuta nel colloquio o dopo: prima registra il colloquio.")


def _after_interview(person: Person, on: date, today: date) -> Refused | None:
    refused = not_open(person) or date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if not person.interviews:
        return _NO_INTERVIEW
    return date_refused(on, today, min(person.interviews.values()), "interview")


def find_fragility(
    person: Person,
    *,
    person_id: str,
    dimensions: Sequence[FragilityDimension],
    strong_profile: bool,
    lr14_index: Literal["present", "absent"],
    lr14_index_on: date | None,
    reasons: str,
    on: date,
    today: date,
) -> Decision:
    """Fragile, or a strong profile ('fuori target'): found at or after an interview, with reasons.

    Source: L.R. E-R 14/2015 art. 2; the programme's target is wider than that law's index, of which only presence
    and date are kept.
    """
    refused = _after_interview(person, on, today)
    if refused is not None:
        return refused
    if strong_profile and dimensions:
        return Refused("both", "Profilo forte: non indicare difficoltà, oppure togli la spunta.", "dimensions")
    if not strong_profile and not fragile(dimensions):
        return Refused(
            "not_co_present",
            "La fragilità chiede difficoltà di lavoro insieme a difficoltà sociali o di salute (L.R. 14/2015 art. 2). "
            "Se non ci sono, indica «profilo forte».",
            "dimensions",
        )
    if lr14_index == "present" and lr14_index_on is None:
        return Refused("index_date", "Indica la data dell'indice di fragilità.", "lr14_index_on")
    if lr14_index_on is not None and lr14_index_on > on:
        return Refused("index_date", "L'indice non può essere successivo all'accertamento.", "lr14_index_on")
    return [
        FragilityFound(
            on=on,
            person_id=person_id,
            outcome="not_fragile" if strong_profile else "fragile",
            lr14_index=lr14_index,
            lr14_index_on=lr14_index_on if lr14_index == "present" else None,
            reasons=reasons,
        )
    ]


def assess(
    person: Person,
    *,
    person_id: str,
    assessment_id: str,
    levels: Mapping[Dimension, Obstacle],
    readiness: Readiness,
    sheet: str,
    on: date,
    today: date,
) -> Decision:
    """The guided assessment with its conclusion. Once the person is in charge, another conclusion changes it.

    Source: outcomes as they are used, 'idoneo pronto' and 'idoneo da formare' (domain 1.2).
    """
    refused = _after_interview(person, on, today)
    if refused is not None:
        return refused
    if not levels:
        return Refused("no_dimension", "Valuta almeno una dimensione.", "work")
    events: list[Event] = [
        AssessmentConcluded(
            on=on, person_id=person_id, assessment_id=assessment_id, readiness=readiness, sheet=sheet
        )
    ]  # fmt: skip
    if person.in_charge_on is not None and person.assessment.readiness != readiness and on >= person.in_charge_on:
        events.append(ReadinessChanged(on=on, person_id=person_id, readiness=readiness, reasons=sheet))
    return events


def change_readiness(
    person: Person, *, person_id: str, readiness: Readiness, reasons: str, on: date, today: date
) -> Decision:
    """Ready becomes to be trained, or the other way round, while the person is in charge."""
    refused = not_open(person)
    if refused is not None:
        return refused
    if person.in_charge_on is None:
        return Refused("not_in_charge", "La valutazione si cambia dopo la presa in carico.")
    refused = date_refused(on, today, person.in_charge_on, "charge")
    if refused is not None:
        return refused
    if person.assessment.readiness == readiness:
        return Refused("same_readiness", "La valutazione è già questa.", "readiness")
    return [ReadinessChanged(on=on, person_id=person_id, readiness=readiness, reasons=reasons)]


def assess_language(
    person: Person,
    *,
    person_id: str,
    language: str,
    levels: Mapping[Skill, Level],
    evidence: LanguageEvidence,
    evidence_on: date,
    on: date,
    today: date,
) -> Decision:
    """The CEFR level by skill, with what it rests on. Source: CEFR; exams CILS, CELI, PLIDA, Cert.it [own]."""
    refused = not_open(person) or date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if not levels:
        return Refused("no_skill", "Indica il livello di almeno un'abilità.", "listening")
    if evidence_on > on:
        return Refused("evidence_later", "La prova non può essere successiva alla valutazione.", "evidence_on")
    return [
        LanguageAssessed(
            on=on, person_id=person_id, language=language, evidence=evidence, evidence_on=evidence_on,
            listening=levels.get("listening"), reading=levels.get("reading"),
            spoken_interaction=levels.get("spoken_interaction"), spoken_production=levels.get("spoken_production"),
            writing=levels.get("writing"),
        )
    ]  # fmt: skip


def notice_refusal(
    person: Person, *, person_id: str, days: int, text: str | None, on: date, today: date, festive: Collection[date]
) -> Decision:
    """The person is told why the request cannot be granted, and has `days` to answer (parameter, 0: not in use).

    Source: L. 241/1990 art. 10-bis (ten days from the notice). The first day does not count; a last day that is
    festive moves to the first that is not (`rules.last_day`).
    """
    refused = not_open(person) or date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if days <= 0:
        return Refused("notice_not_used", "Il preavviso di rigetto non è in uso a quella data.")
    if not person.failed:
        return Refused("no_failed_check", "Il preavviso richiede una verifica non superata.")
    last = last_day(on, days, festive)
    reasons = tuple(person.checks[name].reason for name in person.failed)
    return [RefusalNoticed(on=on, person_id=person_id, reasons=reasons, answer_by=last, text=text)]
