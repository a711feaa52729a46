"""What the acts of intake's pages share: those about a person, and the person's page with what is wrong with a form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from services.intake.pages.operators import operators_of
from shared.decisions import Refused
from shared.store import Outcome, Store
from shared.web.acts import Act, Ids
from shared.web.pages import Errors
from shared.web.readers import Reader

TO_PERSON = "/intake/persone/{person_id}"


def person_act(
    words: str, action: str, page: str, api: str, run: Callable[..., Awaitable[Outcome]],
    model: type[BaseModel] | None = None, **more: Any,
) -> Act:  # fmt: skip
    """An act about a person: `page` and `api` begin below theirs, and afterwards one is on the person's page."""
    return Act(
        words=words, action=action, run=run, model=model, to=more.pop("to", TO_PERSON), **more,
        page=f"/persone/{{person_id}}/{page}" if page else "", api=f"/people/{{person_id}}/{api}" if api else "",
    )  # fmt: skip


async def on_person(request: Request, store: Store, reader: Reader, ids: Ids, errors: Errors | Refused) -> Response:
    """The person's page once more: most of the forms about a person stand there."""
    from services.intake.pages.person import show  # the person's page shows the cards of these forms: a mutual import

    return await show(request, store, reader, ids["person_id"], errors)


def operators(reader: Reader) -> tuple[tuple[str, ...]]:
    """Who can have an appointment, as the commands of the agenda want to know."""
    return (tuple(operators_of(reader)),)
