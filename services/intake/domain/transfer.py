"""A case passes from one operator to another."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Literal

from services.intake.domain.rules import not_open
from services.intake.domain.state import Person
from shared.decisions import Decision, Refused
from shared.events.intake import CaseTransferred

TransferMotive = Literal["leaver", "absence", "workload", "area", "language", "asked_by_person", "other"]


def transfer(
    person: Person,
    *,
    person_id: str,
    to_manager: str,
    motive: TransferMotive,
    managers: Collection[str],
    today: date,
) -> Decision:
    """The person has another case manager from today on; `managers` are the accounts that may follow people."""
    return not_open(person) or _passed(person, person_id, to_manager, motive, managers, today)


def _passed(
    person: Person, person_id: str, to_manager: str, motive: TransferMotive, managers: Collection[str], today: date
) -> Decision:
    if person.case_manager is None:
        return Refused("no_manager", "La persona non è ancora in carico a nessuno: si sceglie alla presa in carico.")
    if to_manager not in managers:
        return Refused("case_manager", "Scegli l'operatore di riferimento dall'elenco.", "to_manager")
    if to_manager == person.case_manager:
        return Refused("same_manager", "È già l'operatore di riferimento.", "to_manager")
    return [
        CaseTransferred(
            on=today, person_id=person_id, from_manager=person.case_manager, to_manager=to_manager, motive=motive
        )
    ]


def hand_over(
    person: Person,
    *,
    person_id: str,
    from_manager: str,
    to_manager: str,
    motive: TransferMotive,
    managers: Collection[str],
    today: date,
) -> Decision:
    """One of all the cases of somebody who leaves: nothing to do where it has been closed or passed on meanwhile.

    Also a case that stands under another id passes: should the two be parted, nobody who left follows it.
    """
    if not person.is_open or person.case_manager != from_manager:
        return []
    return _passed(person, person_id, to_manager, motive, managers, today)
