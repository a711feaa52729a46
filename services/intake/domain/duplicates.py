"""Two people who may be one: looked at, joined by a decision with its reasons, parted by another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.intake.domain.rules import date_refused
from services.intake.domain.state import Person
from shared.decisions import Decision, Refused
from shared.events.base import Event
from shared.events.intake import (
    DuplicateDismissed,
    DuplicateProposed,
    JoinGround,
    Likeness,
    PartGround,
    PersonsJoined,
    PersonsParted,
)

Pair = tuple[str, str]
"""Two person ids, or the references of the reasons kept for each of them."""


def propose(person: Person, person_id: str, found: Sequence[tuple[str, Likeness]], on: date) -> list[Event]:
    """Those who look alike and were neither proposed before nor found to be somebody else."""
    known = person.identity.proposed | person.identity.different | person.identity.members | {person_id}
    return [
        DuplicateProposed(on=on, person_id=person_id, other_id=other, likeness=likeness)
        for other, likeness in found
        if other not in known and other != person.identity.joined_into
    ]


def _known(persons: Sequence[Person]) -> Refused | None:
    if all(person.registered_on is not None for person in persons):
        return None
    return Refused("not_registered", "Una delle due schede non c'è: ricarica la pagina.")


def dismiss(first: Person, second: Person, *, ids: Pair, reasons: Pair, on: date, today: date) -> Decision:
    """They are two people: told on both streams, so that neither proposes the other again."""
    if refused := _known((first, second)) or date_refused(on, today, None, "registration"):
        return refused
    if ids[1] in first.identity.different:
        return Refused("already_different", "È già scritto che sono due persone diverse.")
    if first.identity.joined_into == ids[1] or second.identity.joined_into == ids[0]:
        return Refused("already_joined", "Le due schede sono unite: se sono due persone, dividile.")
    return [
        DuplicateDismissed(on=on, person_id=ids[0], other_id=ids[1], reasons=reasons[0]),
        DuplicateDismissed(on=on, person_id=ids[1], other_id=ids[0], reasons=reasons[1]),
    ]


def join(
    alias: Person, root: Person, *, ids: Pair, ground: JoinGround, reasons: Pair, on: date, today: date
) -> Decision:
    """`ids[0]` is looked up under `ids[1]` from now on; nothing that was recorded moves.

    The one whose pathway is further on stays, so that what the programme does now is done under its id. One level
    only: who already stands under another, or has others, is parted first.
    """
    if ids[0] == ids[1]:
        return Refused("same_person", "È la stessa scheda.")
    if refused := _known((alias, root)) or date_refused(on, today, None, "registration"):
        return refused
    if alias.identity.joined_into == ids[1]:
        return Refused("already_joined", "Le due schede sono già unite.")
    if alias.identity.joined_into is not None or root.identity.joined_into is not None:
        return Refused("joined_elsewhere", "Una delle due schede è già unita a un'altra: apri quella.")
    if alias.identity.members:
        return Refused(
            "has_members", "A questa scheda ne sono già unite altre: tieni questa e unisci l'altra a lei, oppure "
            "prima dividile.",
        )  # fmt: skip
    if (alias.in_charge and not root.in_charge) or (alias.is_open and not root.is_open):
        return Refused(
            "other_way", "Resta la scheda con il percorso in corso: scegli l'altra come scheda che resta.", "keep"
        )
    return [
        PersonsJoined(on=on, person_id=ids[0], alias_id=ids[0], root_id=ids[1], ground=ground, reasons=reasons[0]),
        PersonsJoined(on=on, person_id=ids[1], alias_id=ids[0], root_id=ids[1], ground=ground, reasons=reasons[1]),
    ]


def part(
    alias: Person, root: Person, *, ids: Pair, ground: PartGround, reasons: Pair, on: date, today: date
) -> Decision:
    """The joining is undone: each stands for itself again, with what was recorded under its own id."""
    if alias.identity.joined_into != ids[1]:
        return Refused("not_joined", "Le due schede non sono unite: ricarica la pagina.")
    if refused := date_refused(on, today, None, "registration"):
        return refused
    return [
        PersonsParted(on=on, person_id=ids[0], alias_id=ids[0], root_id=ids[1], ground=ground, reasons=reasons[0]),
        PersonsParted(on=on, person_id=ids[1], alias_id=ids[0], root_id=ids[1], ground=ground, reasons=reasons[1]),
    ]
