"""Drafts as routes for shared/web/static/drafts.js, and what takes a draft away when its form was accepted."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.intake.commands import drafts
from services.intake.domain.drafts import FORM, LARGEST
from services.intake.domain.parameters import parameter
from shared import clock
from shared.store import Store
from shared.web.app import get_store, store_of
from shared.web.forms import check_csrf
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

router = APIRouter()
FormPath = Annotated[str, StringConstraints(pattern=FORM.pattern)]
Name = Annotated[str, StringConstraints(max_length=80)]
Value = Annotated[str, StringConstraints(max_length=20_000)]


class Saved(BaseModel):
    """What stands in a form now."""

    model_config = ConfigDict(extra="forbid")

    csrf: str
    form: FormPath
    token: UUID
    fields: Annotated[list[tuple[Name, Value]], Field(max_length=400)]


class Unwanted(BaseModel):
    """The draft of this form is not wanted."""

    model_config = ConfigDict(extra="forbid")

    csrf: str
    form: FormPath


@router.get("/bozze")
async def mine(
    form: Annotated[list[FormPath], Query(max_length=60)],
    reader: Reader = requires("intake.draft"),
    store: Store = Depends(get_store),
) -> Response:
    """The reader's own drafts of these forms, and the key of what this browser keeps by itself."""
    now = clock.now()
    found = await drafts.load(store, reader.account, form, now)
    return Response(
        orjson.dumps(
            {
                "key": drafts.browser_key(store, reader.account),
                "tag": drafts.browser_tag(store, reader.account),
                "days": parameter("draft_days", clock.civil(now)),
                "drafts": {name: {"fields": d.fields, "saved_at": d.saved_at} for name, d in found.items()},
            }
        ),
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )


@router.post("/bozze")
async def save(
    request: Request, body: Saved, reader: Reader = requires("intake.draft"), store: Store = Depends(get_store)
) -> Response:
    """Keeps a draft."""
    check_csrf(request, body.csrf)
    if sum(len(value.encode()) for _, value in body.fields) > LARGEST:
        raise Problem(413, "too_large", "Questo modulo è troppo lungo per essere tenuto come bozza.")
    await drafts.save(store, reader.account, body.form, str(body.token), body.fields, clock.now())
    return Response(status_code=204)


@router.post("/bozze/scarta")
async def discard(
    request: Request, body: Unwanted, reader: Reader = requires("intake.draft"), store: Store = Depends(get_store)
) -> Response:
    """Takes the draft away."""
    check_csrf(request, body.csrf)
    await drafts.drop(store, reader.account, form=body.form)
    return Response(status_code=204)


class DropSent:
    """Takes a form's draft away when the form was accepted: every accepted form answers 303, and only those.

    Here, so that no page has to think of it: a page of intake that is added tomorrow has drafts by itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 303:
                state = scope.get("state", {})
                token, session = state.get("form_token"), state.get("session")
                if token is not None and session is not None:
                    # What was accepted stays accepted: a draft that cannot be dropped now is only offered again.
                    with suppress(SQLAlchemyError, OSError):
                        await drafts.drop(store_of(scope["app"]), session.reader.account, token=str(token))
            await send(message)

        await self.app(scope, receive, watched)
