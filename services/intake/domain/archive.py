"""What the archive of the years before the platform may say about a pathway, with its original dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

from services.intake.domain.casework import Outcome
from services.intake.domain.state import Person
from shared.decisions import Decision, Refused
from shared.events.base import Event
from shared.events.intake import InterviewHeld, PathwayClosed, TakenInCharge

Readiness = Literal["ready", "to_train"]
ACCOUNT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")


@dataclass(frozen=True, slots=True)
class Past:
    """What followed a registration, as far as the archive knows."""

    interview_on: date | None
    charge_on: date | None
    case_manager: str
    readiness: Readiness
    closed_on: date | None
    outcome: Outcome | None


def followed(
    person: Person, *, person_id: str, past: Past, reasons: str | None, interview_id: str, today: date
) -> Decision:
    """The facts after the registration, in the sequence in which they must have happened.

    The three checks are not asked for: the archive does not hold them, and a person taken in charge had passed
    them by the rules of the day. Source: the programme's own archive since 2017 (issue, point 9).
    """
    dates = [
        ("data_iscrizione", person.registered_on),
        ("primo_colloquio", past.interview_on),
        ("presa_in_carico", past.charge_on),
        ("chiusura", past.closed_on),
    ]
    known = [(name, on) for name, on in dates if on is not None]
    for (earlier, first), (later, second) in pairwise(known):
        if second < first:
            return Refused("archive_order", f"«{later}» ({second:%d/%m/%Y}) è prima di «{earlier}» ({first:%d/%m/%Y}).")
    if known[-1][1] > today:
        return Refused("future_date", f"«{known[-1][0]}» è nel futuro.")
    if past.charge_on is not None and past.interview_on is None:
        return Refused("no_interview", "La presa in carico richiede la data del primo colloquio.")
    if past.charge_on is not None and not ACCOUNT.match(past.case_manager):
        return Refused("case_manager", "La presa in carico richiede l'account dell'operatore (u-nome.cognome).")
    if (past.closed_on is None) != (past.outcome is None):
        return Refused("closure", "«chiusura» ed «esito» vanno insieme.")
    facts: list[Event] = []
    if past.interview_on is not None:
        facts.append(
            InterviewHeld(on=past.interview_on, person_id=person_id, interview_id=interview_id, mode="in_person")
        )
    if past.charge_on is not None and reasons is not None:
        facts.append(
            TakenInCharge(
                on=past.charge_on,
                person_id=person_id,
                case_manager=past.case_manager,
                readiness=past.readiness,
                reasons=reasons,
            )
        )
    if past.closed_on is not None and past.outcome is not None:
        facts.append(PathwayClosed(on=past.closed_on, person_id=person_id, outcome=past.outcome))
    return facts
