"""The card 'Pagina personale' of the person's page: code, declaration, answers, requests about one's data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake import labels
from services.intake.domain.state import person_stream
from services.intake.pages.person_page import ANSWERS
from shared.store.unit import fold

if TYPE_CHECKING:
    from services.intake.pages.sections import Looked


async def fill(looked: Looked) -> dict[str, Any] | None:
    """What the card shows; nothing for somebody who is not registered."""
    person = fold(person_stream(looked.person_id), looked.recorded)
    if person.registered_on is None or person.rights.erased_on is not None:
        return None
    page = person.own_page
    return {
        "declared_on": page.declared_on, "registered_on": person.registered_on, "open": person.is_open,
        "until": page.code_until if page.opens(looked.on) else None,
        "answers": [(vacancy, ANSWERS[answer]) for vacancy, answer in page.answers.items()],
        "requests": [(labels.RIGHTS[one.right], one) for one in person.rights.requests.values()],
        "outcomes": labels.RIGHT_OUTCOMES,
    }  # fmt: skip
