"""A person before companies: state, shortlist, presentation and its answer.

The state of a person is folded from matching's own facts alone; whether the programme follows the person is
intake's to say, so decisions get it as an argument (`Standing`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, assert_never, cast

from services.matching.domain.supply import Vacancy, day, future, seeking
from shared.decisions import Decision, Refused, Stream
from shared.events import Event
from shared.events.matching import (
    Contract,
    PlacementEnded,
    PlacementExtended,
    PlacementStarted,
    PresentationAnswered,
    Presented,
    Shortlisted,
)
from shared.events.privacy import PersonForgotten

Answer = Literal["refused_by_company", "refused_by_person", "withdrawn", "no_answer"]
EndReason = Literal["term", "resigned", "dismissed", "agreed", "other"]


@dataclass(frozen=True)
class Standing:
    """What intake said of the person; `Standing()` was never taken in charge.

    `in_charge_since` and `closed_on` are of the latest episode, `first_charge_on` of the first one."""

    in_charge_since: date | None = None
    closed_on: date | None = None
    first_charge_on: date | None = None
    suspended_on: date | None = None
    """Since when the pathway rests: nothing is proposed to the person until intake resumes it."""

    @property
    def in_charge(self) -> bool:
        """Whether the programme follows the person now."""
        return self.in_charge_since is not None and self.closed_on is None


@dataclass(frozen=True)
class Entry:
    """The person on one vacancy's shortlist."""

    selection_id: str
    on: date


@dataclass(frozen=True)
class Presentation:
    """The person was presented for a vacancy; `outcome` is none while the company thinks."""

    company_id: str
    on: date
    outcome: Answer | Literal["placed"] | None = None
    answered_on: date | None = None


@dataclass(frozen=True)
class Placement:
    """One relationship with its extensions. `ends_on`: last day agreed; `ended_on`: when it did end."""

    placement_id: str
    company_id: str
    vacancy_id: str | None
    contract: Contract
    started_on: date
    ends_on: date | None
    ended_on: date | None = None
    extended_on: date | None = None

    @property
    def until(self) -> date:
        """Last day, as far as is known; date.max without one."""
        return self.ended_on or self.ends_on or date.max


@dataclass(frozen=True)
class Person:
    """What matching decided about a person; `Person()` is nothing yet."""

    shortlists: Mapping[str, Entry] = field(default_factory=dict)
    """By vacancy; an entry goes when the presentation that came of it is answered."""
    presentations: Mapping[str, Presentation] = field(default_factory=dict)
    """By vacancy, the latest one."""
    placements: Mapping[str, Placement] = field(default_factory=dict)


def as_one(person: Person, others: Sequence[Person]) -> Person:
    """The person with what stands under the ids that were joined to theirs."""
    for other in others:
        person = Person(
            {**other.shortlists, **person.shortlists}, {**other.presentations, **person.presentations},
            {**other.placements, **person.placements},
        )  # fmt: skip
    return person


PersonFact = (
    Shortlisted | Presented | PresentationAnswered | PlacementStarted | PlacementExtended | PlacementEnded
    | PersonForgotten
)  # fmt: skip


def evolve_person(state: Person, event: Event) -> Person:
    """The person after one of matching's effective facts, in whatever sequence corrections leave them."""
    fact = cast(PersonFact, event)
    match fact:
        case Shortlisted():
            entry = Entry(fact.selection_id, fact.on)
            return replace(state, shortlists={**state.shortlists, fact.vacancy_id: entry})
        case Presented():
            presentation = Presentation(fact.company_id, fact.on)
            return replace(state, presentations={**state.presentations, fact.vacancy_id: presentation})
        case PresentationAnswered():
            return _answered(state, fact.vacancy_id, fact.outcome, fact.on)
        case PlacementStarted():
            placement = Placement(
                fact.placement_id, fact.company_id, fact.vacancy_id, fact.contract, fact.on, fact.ends_on
            )
            state = replace(state, placements={**state.placements, fact.placement_id: placement})
            return _answered(state, fact.vacancy_id, "placed", fact.on) if fact.vacancy_id else state
        case PlacementExtended():
            return _changed(state, fact.placement_id, lambda p: replace(p, ends_on=fact.ends_on, extended_on=fact.on))
        case PlacementEnded():
            return _changed(state, fact.placement_id, lambda p: replace(p, ended_on=fact.on))
        case PersonForgotten():
            return state  # the stream ends here; what it held was pseudonymous already
        case _:
            assert_never(fact)


def _answered(state: Person, vacancy_id: str, outcome: Answer | Literal["placed"], on: date) -> Person:
    shortlists = {key: entry for key, entry in state.shortlists.items() if key != vacancy_id}
    presentation = state.presentations.get(vacancy_id)
    if presentation is None:  # its presentation was cancelled
        return replace(state, shortlists=shortlists)
    answered = {**state.presentations, vacancy_id: replace(presentation, outcome=outcome, answered_on=on)}
    return replace(state, shortlists=shortlists, presentations=answered)


def _changed(state: Person, placement_id: str, change: Callable[[Placement], Placement]) -> Person:
    placement = state.placements.get(placement_id)
    if placement is None:  # its start was cancelled
        return state
    changed = change(placement)
    return replace(state, placements={**state.placements, placement_id: changed})


def person_stream(person_id: str) -> Stream[Person]:
    """Matching's facts about one person."""
    return Stream(person_id, Person(), evolve_person, subject="person_id")


def followed(standing: Standing, on: date) -> Refused | None:
    """Matching works for people whom an operator of intake took in charge (process, domain facts 1.2)."""
    if standing.in_charge_since is None:
        return Refused("not_in_charge", "La persona non è in carico al programma: serve prima la presa in carico.")
    if standing.closed_on is not None:
        return Refused(
            "pathway_closed",
            f"Il percorso della persona è chiuso dal {day(standing.closed_on)}: va prima riaperto.",
        )
    if on < standing.in_charge_since:
        return Refused(
            "before_charge",
            f"La persona è in carico dal {day(standing.in_charge_since)}: la data viene prima.",
            "on",
        )
    return None


def shortlist(
    person: Person,
    vacancy: Vacancy,
    standing: Standing,
    *,
    person_id: str,
    selection_id: str,
    on: date,
    today: date,
) -> Decision:
    """An operator puts the person on the shortlist of a selection (protocol, line 1)."""
    if refused := future(on, today) or seeking(vacancy, on) or followed(standing, on):
        return refused
    if standing.suspended_on is not None:
        return Refused(
            "pathway_suspended",
            f"Il percorso della persona è sospeso dal {day(standing.suspended_on)}: non si propone a nessuna azienda "
            "finché l'operatore di riferimento non lo riprende.",
        )
    opened = vacancy.selections.get(selection_id)
    if opened is None:
        return Refused("selection_unknown", "La ricerca non ha questa selezione: aprine una.")
    if on < opened:
        return Refused("before_selection", f"La selezione è aperta dal {day(opened)}: la data viene prima.", "on")
    if vacancy.vacancy_id in person.shortlists:
        return Refused("already_shortlisted", "La persona è già nella rosa di questa ricerca.")
    if any(p.vacancy_id == vacancy.vacancy_id for p in person.placements.values()):
        return Refused("already_placed", "La persona è già stata inserita con questa ricerca.")
    return [
        Shortlisted(
            person_id=person_id, vacancy_id=vacancy.vacancy_id, selection_id=selection_id,
            company_id=vacancy.company_id, on=on,
        )
    ]  # fmt: skip


def present(
    person: Person,
    vacancy: Vacancy,
    standing: Standing,
    *,
    person_id: str,
    agreed: bool,
    on: date,
    today: date,
) -> Decision:
    """The person, who agreed to it, is presented to the company: only from the shortlist, and only while in
    charge (protocol, line 1; the agreement is the person's, GDPR art. 5 and 13)."""
    if refused := future(on, today) or seeking(vacancy, on) or followed(standing, on):
        return refused
    if not agreed:
        return Refused("not_agreed", "Senza l'accordo della persona non si presenta il suo profilo.", "agreed")
    entry = person.shortlists.get(vacancy.vacancy_id)
    if entry is None:
        return Refused("not_shortlisted", "La persona non è nella rosa di questa ricerca: aggiungila prima.")
    if on < entry.on:
        return Refused("before_shortlist", f"La persona è nella rosa dal {day(entry.on)}: la data viene prima.", "on")
    latest = person.presentations.get(vacancy.vacancy_id)
    if latest is not None and latest.outcome is None:
        return Refused(
            "already_presented", f"La persona è già stata presentata il {day(latest.on)}: manca la risposta."
        )
    return [Presented(person_id=person_id, vacancy_id=vacancy.vacancy_id, company_id=vacancy.company_id, on=on)]


def answer_presentation(
    person: Person, *, person_id: str, vacancy_id: str, outcome: Answer, on: date, today: date
) -> Decision:
    """How an open presentation ended, short of a placement; the referrer sees who said no."""
    if refused := future(on, today):
        return refused
    presentation = person.presentations.get(vacancy_id)
    if presentation is None or presentation.outcome is not None:
        return Refused("no_open_presentation", "Non c'è una presentazione in attesa di risposta per questa ricerca.")
    if on < presentation.on:
        return Refused(
            "before_presentation",
            f"La presentazione è del {day(presentation.on)}: la risposta viene prima.",
            "on",
        )
    return [PresentationAnswered(person_id=person_id, vacancy_id=vacancy_id, outcome=outcome, on=on)]


def withdraw_presentations(person: Person, *, person_id: str, on: date) -> list[Event]:
    """The pathway was closed: whatever still waits for an answer is withdrawn, on the day of the closure or,
    if that was reported late, on the day of the presentation."""
    return [
        PresentationAnswered(
            person_id=person_id, vacancy_id=vacancy_id, outcome="withdrawn", on=max(on, presentation.on)
        )
        for vacancy_id, presentation in sorted(person.presentations.items())
        if presentation.outcome is None
    ]
