"""The state behind a person's own page: the code that opens it, the declaration, the answers to proposals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, assert_never

from shared.events.intake import (
    DeclarationSigned,
    PersonCodeGiven,
    PersonCodeRevoked,
    ProposalAnswered,
)

OwnPageFact = DeclarationSigned | PersonCodeGiven | PersonCodeRevoked | ProposalAnswered
Answer = Literal["accepted", "declined"]


@dataclass(frozen=True, slots=True)
class OwnPage:
    """Code, declaration and answers of one person. The declaration is of the present episode."""

    declared_on: date | None = None
    code_id: str | None = None
    code_until: date | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """Vacancy id -> the latest answer."""

    def opens(self, today: date) -> bool:
        """Whether the code opens the page."""
        return self.code_id is not None and self.code_until is not None and today <= self.code_until


def evolve_own_page(page: OwnPage, event: OwnPageFact) -> OwnPage:
    """The page after one more fact."""
    match event:
        case DeclarationSigned():
            return replace(page, declared_on=event.on)
        case PersonCodeGiven():
            return replace(page, code_id=event.code_id, code_until=event.expires_on)
        case PersonCodeRevoked():
            return replace(page, code_id=None, code_until=None) if page.code_id == event.code_id else page
        case ProposalAnswered():
            return replace(page, answers={**page.answers, event.vacancy_id: event.answer})
        case _:
            assert_never(event)


def renewed(page: OwnPage) -> OwnPage:
    """The page when a new episode begins: a declaration is signed anew, the rest goes on."""
    return replace(page, declared_on=None)
