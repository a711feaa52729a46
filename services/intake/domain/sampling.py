"""Sample checks of declarations: who is drawn can be recomputed by anybody, and each has an outcome."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from services.intake.domain.rules import date_refused
from services.intake.domain.state import Check, Person
from shared.decisions import Decision, Refused, Stream
from shared.events.base import Event
from shared.events.intake import DeclarationsSampled, DeclarationVerified, EligibilityChecked

VerifiedAs = Literal["confirmed", "recheck", "lapsed"]


@dataclass(frozen=True, slots=True)
class Sample:
    """The draw of one half-year."""

    drawn: tuple[str, ...] | None = None
    """Event ids of the declarations drawn; None before the draw."""


def evolve_sample(sample: Sample, event: Event) -> Sample:
    """The draw, once it was made."""
    assert isinstance(event, DeclarationsSampled)
    return replace(sample, drawn=event.drawn)


def sample_stream(sample_id: str) -> Stream[Sample]:
    """The stream of a half-year's draw: `declarations-2024-h1`."""
    return Stream(sample_id, Sample(), evolve_sample, subject="sample_id")


def bounds(sample_id: str) -> tuple[date, date]:
    """First and last day of the half-year."""
    year, half = int(sample_id[13:17]), sample_id[-1]
    return (date(year, 1, 1), date(year, 6, 30)) if half == "1" else (date(year, 7, 1), date(year, 12, 31))


def draw(population: Iterable[str], seed: int, share_percent: int) -> tuple[str, ...]:
    """The share of the population, rounded up, with the smallest SHA-256 of `<seed>:<id>`: in that order.

    No random generator whose algorithm might change: the same seed and population give the same draw for ever.
    """
    everybody = sorted(set(population))
    size = -(-len(everybody) * share_percent // 100)
    return tuple(sorted(everybody, key=lambda one: hashlib.sha256(f"{seed}:{one}".encode()).digest())[:size])


def digest(population: Iterable[str]) -> str:
    """SHA-256 of the sorted ids, by which the population of a draw is known again."""
    return hashlib.sha256("\n".join(sorted(set(population))).encode()).hexdigest()


def sample(
    state: Sample, *, sample_id: str, population: Iterable[str], seed: int, share_percent: int, today: date
) -> Decision:
    """Draws the declarations of a half-year that is over, once.

    Source: DPR 445/2000 art. 71 c. 1 (checks also by sample); share and seed are dated parameters.
    """
    if state.drawn is not None:
        return Refused("already_drawn", "Il sorteggio di questo semestre è già stato fatto.", "sample_id")
    _, last = bounds(sample_id)
    if today <= last:
        return Refused("period_open", "Il semestre non è ancora finito.", "sample_id")
    ids = sorted(set(population))
    if not ids:
        return Refused("no_declaration", "In questo semestre non ci sono dichiarazioni.", "sample_id")
    return [
        DeclarationsSampled(
            on=today,
            sample_id=sample_id,
            seed=seed,
            share_percent=share_percent,
            population=len(ids),
            population_digest=digest(ids),
            drawn=draw(ids, seed, share_percent),
        )
    ]


def verify(
    person: Person,
    drawn: Sample | None,
    *,
    person_id: str,
    sample_id: str | None,
    fact_id: str,
    check: Check,
    declared_on: date,
    outcome: VerifiedAs,
    notes: str | None,
    on: date,
    today: date,
) -> Decision:
    """What the comparison of a declaration with registers or offices gave.

    Confirmed; not confirmed, so that the check has to be done again; or untrue, so that the benefits lapse
    (DPR 445/2000 art. 75): then the check it carried has failed.
    """
    if drawn is not None and fact_id not in (drawn.drawn or ()):
        return Refused("not_drawn", "Questa dichiarazione non è tra quelle sorteggiate.")
    if fact_id in person.target.verified:
        return Refused("already_verified", "Questa dichiarazione è già stata controllata.")
    refused = date_refused(on, today, None, "registration")
    if refused is not None:
        return refused
    if on < declared_on:
        return Refused("before_declaration", "Il controllo non può precedere la dichiarazione.", "on")
    events: list[Event] = [
        DeclarationVerified(
            on=on, person_id=person_id, sample_id=sample_id, fact_id=fact_id, check=check, outcome=outcome,
            notes=notes,
        )
    ]  # fmt: skip
    if outcome == "lapsed" and person.is_open:
        events.append(
            EligibilityChecked(
                on=on, person_id=person_id, check=check, outcome="failed", evidence="service_report",
                evidence_on=on, reason=f"{check}.untrue",
            )
        )  # fmt: skip
    return events
