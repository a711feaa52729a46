"""What an operator opens for the person, and what the person does there: code, declaration, answers, rights."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from services.intake.domain import rights
from services.intake.domain.own_page import Answer
from services.intake.domain.parameters import parameter
from services.intake.domain.rules import date_refused, not_open
from services.intake.domain.state import Person
from shared.decisions import Decision, Refused
from shared.events.intake import (
    DeclarationSigned,
    PersonCodeGiven,
    PersonCodeRevoked,
    ProposalAnswered,
    Right,
)

ANSWERABLE = ("shortlisted", "presented")
"""The states of a proposal in which the person's answer still matters."""
RIGHTS: tuple[Right, ...] = ("access", "rectification", "restriction", "objection", "erasure", "portability")


def sign_declaration(person: Person, *, person_id: str, on: date, today: date) -> Decision:
    """Signed before an operator, at the first interview; from then it is evidence (DPR 445/2000, art. 46-47, 38)."""
    refused = not_open(person) or date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if person.own_page.declared_on is not None:
        return Refused(
            "already_declared", f"La dichiarazione risulta già firmata il {person.own_page.declared_on:%d/%m/%Y}."
        )
    return [DeclarationSigned(on=on, person_id=person_id)]


def give_code(person: Person, *, person_id: str, code_id: str, today: date) -> Decision:
    """A code for the person's own page, valid for `person_code_days`. Whoever is registered may have one, after the
    closure too: the rights over one's data do not end with the pathway."""
    if person.registered_on is None:
        return Refused("not_registered", "Questa persona non è iscritta.")
    until = today + timedelta(days=parameter("person_code_days", today))
    return [PersonCodeGiven(on=today, person_id=person_id, code_id=code_id, expires_on=until)]


def revoke_code(person: Person, *, person_id: str, reason: Literal["revoked", "locked"], today: date) -> Decision:
    """The code opens nothing any more."""
    code_id = person.own_page.code_id
    if code_id is None:
        return Refused("no_code", "Questa persona non ha un codice valido.")
    return [PersonCodeRevoked(on=today, person_id=person_id, code_id=code_id, reason=reason)]


def answer_proposal(
    person: Person, *, person_id: str, vacancy_id: str, state: str | None, answer: Answer, today: date
) -> Decision:
    """The person's answer to a proposal whose state matching told; it can change while the proposal is open."""
    if state not in ANSWERABLE:
        return Refused("no_proposal", "Questa proposta non aspetta più una risposta.")
    if person.own_page.answers.get(vacancy_id) == answer:
        return []
    return [ProposalAnswered(on=today, person_id=person_id, vacancy_id=vacancy_id, answer=answer)]


def request_right(person: Person, *, person_id: str, request_id: str, right: Right, today: date) -> Decision:
    """A right over one's data, asked for by the person (see rights.request)."""
    if person.rights.waiting(right) is not None:
        return Refused("already_requested", "Hai già fatto questa richiesta: riceverai una risposta entro il termine.")
    return rights.request(person, person_id=person_id, request_id=request_id, right=right, by="person", today=today)
