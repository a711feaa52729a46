"""What can be done, as data: an act is a form of a page and a JSON route, with one command and one right behind both.

A service lists its acts beside the page that has their forms; `page_routes` and `json_routes` make the routes. A form
that is refused is shown again with everything typed; a program gets a problem document with the same sentence.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from pydantic import BaseModel, ConfigDict

from shared.decisions import Refused
from shared.store import Accepted, Outcome, Store
from shared.web.app import command, get_store
from shared.web.pages import Errors, done, form
from shared.web.problems import Problem
from shared.web.readers import Reader, requires

Ids = Mapping[str, str]
"""The parts of the path by name, in their order."""
Again = Callable[[Request, Store, Reader, Ids, Errors | Refused], Awaitable[Response]]
"""The page with the form that was sent and what is wrong with it."""
To = str | Callable[[Accepted, Ids], str]
"""Where a page goes on: an address with the path's `{names}`, or made from what was recorded."""
NAMED = re.compile(r"\{(\w+)\}")


class NoForm(BaseModel):
    """A button says everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that can be done.

    `run` gets the store, the command, the path's parts in their order, the values (none where there is no `model`)
    and what `also` makes of the reader.
    """

    words: str
    """What it does, in Italian, as the API's document says it."""
    action: str
    run: Callable[..., Awaitable[Outcome]]
    model: type[BaseModel] | None = None
    page: str = ""
    """The path that the page's form posts to; empty: no page does it."""
    api: str = ""
    """The path of the JSON route; empty: none, because one stands elsewhere."""
    to: To = ""
    sheet: type[BaseModel] | None = None
    """The page's form, where it asks in other fields than those that a program sends."""
    also: Callable[[Reader], tuple[Any, ...]] = lambda _: ()
    types: Mapping[str, Any] = field(default_factory=dict)
    """Types of the path's parts that are no UUID."""

    def right(self, path: str) -> Any:
        """The dependency that lets in who may do it on this path."""
        return requires(self.action)

    async def carry_out(self, store: Store, by: Any, reader: Reader, ids: Ids, values: BaseModel | None) -> Outcome:
        """Runs the command."""
        said = (values,) if self.model is not None else ()
        return await self.run(store, by, *ids.values(), *said, *self.also(reader))


def acts_under(page: str, api: str, **same: Any) -> Callable[..., Act]:
    """Makes acts whose paths begin alike: `(words, page's end, api's end, run, model)`; `same` is what else they
    share."""

    def act(words: str, page_end: str, api_end: str, run: Any, model: type[BaseModel] | None = None, **own: Any) -> Act:
        return Act(words=words, page=f"{page}/{page_end}", api=f"{api}/{api_end}", run=run, model=model, **same | own)

    return act


class Fact(BaseModel):
    """A recorded fact, and where it stands in the log (`place`, for a page's `?after=`)."""

    id: str
    type: str
    subject: str
    number: int
    place: str


class Recorded(BaseModel):
    """What a command recorded; `repeated`: it had been recorded before, under the same key."""

    facts: list[Fact]
    repeated: bool


def said(outcome: Outcome) -> Recorded:
    """The outcome for a program. Raises Problem: 422 about a field, 409 for a rule."""
    if isinstance(outcome, Refused):
        about = {"errors": [{"field": outcome.field, "sentence": outcome.sentence}]} if outcome.field else {}
        status = 422 if outcome.field else 409
        raise Problem(status, outcome.code, outcome.sentence, **about, **outcome.more())
    facts = [
        Fact(
            id=one.meta.id, type=one.meta.type, subject=one.meta.subject, number=one.meta.number,
            place=f"{one.meta.topic}/{one.meta.partition}/{one.meta.number}",
        )
        for one in outcome.events
    ]  # fmt: skip
    return Recorded(facts=facts, repeated=outcome.repeated)


WRITTEN: dict[str, Any] = {"status_code": 201, "response_model": Recorded}
"""What every JSON route of a command answers."""


def page_routes(router: APIRouter, acts: Iterable[Act], again: Again) -> None:
    """A POST of each act's form; `again` shows the page once more where something is wrong."""
    for act in acts:
        if act.page:
            router.add_api_route(act.page, _page_route(act, again), methods=["POST"])


def json_routes(router: APIRouter, acts: Iterable[Act]) -> None:
    """A JSON route of each act that has a path for one."""
    for act in acts:
        if act.api:
            endpoint = _json_route(act)
            router.add_api_route(act.api, endpoint, methods=["POST"], summary=act.words, **WRITTEN)


def _page_route(act: Act, again: Again) -> Callable[..., Awaitable[Response]]:
    model = act.sheet or act.model or NoForm

    async def post(request: Request, reader: Reader, store: Store, **parts: Any) -> Response:
        ids = _ids(parts)
        try:
            values = await form(request, model)
            if isinstance(values, Errors):
                return await again(request, store, reader, ids, values)
            outcome = await act.carry_out(store, command(request, reader), reader, ids, values)
        finally:
            await request.close()  # an upload's temporary file
        if isinstance(outcome, Refused):
            return await again(request, store, reader, ids, outcome)
        to = act.to.format(**ids) if isinstance(act.to, str) else act.to(outcome, ids)
        return done(request, outcome, to=to)

    _sign(post, act, act.page)
    return post


def _json_route(act: Act) -> Callable[..., Awaitable[Recorded]]:
    async def write(
        request: Request, reader: Reader, store: Store, values: BaseModel | None = None, **parts: Any
    ) -> Recorded:
        return said(await act.carry_out(store, command(request, reader), reader, _ids(parts), values))

    _sign(write, act, act.api, act.model)
    return write


def _uploads(model: type[BaseModel]) -> bool:
    """Whether it has a file, which a program sends as multipart/form-data instead of JSON."""
    return any(info.annotation is UploadFile for info in model.model_fields.values())


def _ids(parts: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in parts.items()}


def _sign(endpoint: Any, act: Act, path: str, body: type[BaseModel] | None = None) -> None:
    """Gives the endpoint the parameters of this path, as FastAPI reads them from a signature."""
    kind = Parameter.KEYWORD_ONLY
    parameters = [Parameter("request", kind, annotation=Request)]
    # The right before everything else that depends on something: who may not do it hears nothing of what there is.
    parameters.append(Parameter("reader", kind, annotation=Reader, default=act.right(path)))
    parameters += [Parameter(name, kind, annotation=act.types.get(name, UUID)) for name in NAMED.findall(path)]
    if body is not None:
        sent = Annotated[body, Form(media_type="multipart/form-data")] if _uploads(body) else body
        parameters.append(Parameter("values", kind, annotation=sent))
    parameters.append(Parameter("store", kind, annotation=Store, default=Depends(get_store)))
    endpoint.__signature__ = Signature(parameters)
    endpoint.__name__ = getattr(act.run, "__name__", "act").strip("_")
    endpoint.__doc__ = None
