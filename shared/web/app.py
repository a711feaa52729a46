"""The application of a service: its pages and its API behind one guard, the same for all five."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from starlette.exceptions import HTTPException

from shared import clock
from shared.db import service_engine
from shared.projection.accounts import ACCOUNTS
from shared.service import Service
from shared.settings import settings
from shared.store import Command, Store
from shared.telemetry import instrument_engine
from shared.web import directory, oidc
from shared.web.facts import label_of
from shared.web.forms import form
from shared.web.guard import Catch, Guard, on_http, on_invalid, on_problem
from shared.web.pages import AFTER, environment
from shared.web.problems import TITLES, Problem, is_api
from shared.web.readers import Reader, current, walk
from shared.web.scopes import Scoped, Scopes

SERVICES_FOLDER = Path(os.environ.get("INSIEME_SERVICES") or Path(__file__).parents[2] / "services")
NO_SCOPES = Scopes()
PUBLIC = "public"
"""The actor of what a person does on the public pages, without an account."""
WAIT, STEP = 1.5, 0.03
"""Seconds that a page waits for its own service's views to have seen what was just recorded."""


def service_app(
    service: Service | str,
    *,
    title: str,
    api: APIRouter,
    pages: APIRouter,
    store: Store | None = None,
    templates: Path | None = None,
    scopes: Scopes = NO_SCOPES,
    own_look: directory.Own | None = None,
) -> FastAPI:
    """A service's application: `api` under /api, `pages` under /. The site mounts it at /<service>. `own_look` is
    the look at the directory of the service that owns it.

    Raises RuntimeError for a route that names no action, or a part of its path about which `scopes` says nothing:
    nothing is open by forgetting.
    """
    name = service if isinstance(service, str) else service.name
    app = bare_app(title, templates or SERVICES_FOLDER / name / "templates", lifespan=_lifespan)
    app.state.service = name
    app.state.store = store
    if isinstance(service, Service) and ACCOUNTS in service.views:
        app.state.directory = directory.Directory(lambda: store_of(app), own_look)
    app.state.scopes, app.state.whose = scopes, _whose(app, scopes)
    app.include_router(api, prefix="/api")
    app.include_router(pages, include_in_schema=False, dependencies=[Depends(wait_for_views)])
    for door in walk(app):
        if door.action is None and not door.anybody and door.route is not None:
            what = f"{sorted(door.methods)} {door.path}"
            raise RuntimeError(f"{name}: {what} names no action (see readers.requires, readers.anybody)")
        if door.action is not None and (unsaid := scopes.unknown(door.parts)):
            raise RuntimeError(f"{name}: {door.path}: whose is {', '.join(unsaid)}? (services/{name}/scopes.py)")
    _probes(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's documented way
    app.add_api_route("/api/openapi.json", _document, include_in_schema=False)
    return app


def _whose(app: FastAPI, scopes: Scopes) -> Callable[[str, str, bool], Awaitable[Scoped | None]]:
    async def whose(kind: str, id_: str, fresh: bool) -> Scoped | None:
        return await scopes.whose(store_of(app), kind, id_, fresh)

    return whose


def bare_app(title: str, *templates: Path, lifespan: Callable[[FastAPI], Any] | None = None) -> FastAPI:
    """An application with the guard, our answers to what goes wrong, and the shared templates."""
    app = FastAPI(
        title=title, version="1", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan,
        separate_input_output_schemas=False,
        # FastAPI's own spans hold the address with what was typed into a search, and messages of exceptions: the
        # guard makes ours.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )  # fmt: skip
    app.state.service = ""
    app.state.store = None
    app.state.directory = None
    app.state.entrance = ""
    app.state.templates = environment(*templates)
    app.state.provider = oidc.provider_of(settings)
    app.state.log_notice = lambda: False
    app.state.stopping = asyncio.Event()
    app.add_middleware(Catch)
    app.add_middleware(Guard)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        app.state.stopping.set()
        if app.state.store is not None:
            await app.state.store.close()


def get_store(request: Request) -> Store:
    """The service's store, for `Depends(get_store)`."""
    return store_of(request.app)


def store_of(app: FastAPI) -> Store:
    """The application's store; opened when it is first wanted."""
    state = app.state
    if state.store is None:
        engine = service_engine(state.service)
        instrument_engine(engine)
        state.store = Store(state.service, engine)
    store: Store = state.store
    store.name_of, store.label_of = name_of, label_of
    return store


def name_of(actor: str) -> str:
    """How a page calls an account: the name, for the platform's own acts the platform."""
    if actor.startswith("system:"):
        return "la piattaforma"
    if actor == PUBLIC:
        return "la persona stessa"
    return directory.now().name(actor) if actor.startswith("u-") else actor


def command(request: Request, reader: Reader) -> Command:
    """What this request commands: after `await form(...)` on a page, with an Idempotency-Key on the API.

    The cause is made of the form's token (or the key), the account and the path: sent twice, done once.
    Raises Problem 428 or 422 where the key is missing or no UUID.
    """
    if is_api(request.scope["path"]):
        token, shown = _key(request.headers.get("idempotency-key")), None
    else:
        token, shown = form.token(request), form.shown(request)
    cause = uuid5(token, f"{reader.account} {request.scope['path']}")
    return Command(str(cause), reader.account, clock.now(), shown)


def _key(text: str | None) -> UUID:
    if text is None:
        raise Problem(428, "idempotency_key", "Manca l'intestazione Idempotency-Key, con un UUID a scelta.")
    try:
        return UUID(text)
    except ValueError:
        raise Problem(422, "idempotency_key", "L'intestazione Idempotency-Key deve essere un UUID.") from None


async def wait_for_views(request: Request) -> None:
    """A page opened with ?after=topic/partition/number waits until the views have it, 1.5 s at most."""
    after = request.query_params.get("after", "")
    if request.method != "GET" or not AFTER.fullmatch(after) or current(request) is None:
        return
    topic, partition, number = after.split("/")
    store = get_store(request)
    end = asyncio.get_running_loop().time() + WAIT
    values = {"source": store.service, "t": topic, "p": int(partition), "n": int(number)}
    while asyncio.get_running_loop().time() < end:
        async with store.engine.connect() as conn:
            seen = await conn.scalar(SEEN, values)
        if seen is None or int(seen) >= int(number):
            return
        await asyncio.sleep(STEP)
    request.state.late = True


SEEN = text(
    "select min(coalesce(cast(numbers -> cast(:source as text) ->> 0 as bigint), 0)) from positions"
    " where topic = :t and partition = cast(:p as int)"
)


def _probes(app: FastAPI) -> None:
    """/livez, /readyz, /metrics: for the machine that runs the service, without sign-in and without persons."""

    async def livez() -> Response:
        return Response("ok\n", media_type="text/plain")

    async def readyz(request: Request) -> Response:
        async with get_store(request).engine.connect() as conn:
            await conn.execute(text("select 1"))
        return Response("ok\n", media_type="text/plain")

    for path, endpoint in (("/livez", livez), ("/readyz", readyz), ("/metrics", metrics)):
        app.add_api_route(path, endpoint, include_in_schema=False)


async def metrics() -> Response:
    """What Prometheus reads."""
    return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})


async def _document(request: Request) -> Response:
    import orjson

    return Response(orjson.dumps(request.app.openapi()), media_type="application/json")


PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "Frase in italiano, da mostrare com'è."},
        "code": {"type": "string", "description": "Codice stabile."},
        "trace_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "sentence": {"type": "string"}},
            },
        },
    },
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
}
READ_FAILURES = (401, 403, 404, 422, 503)
WRITE_FAILURES = (*READ_FAILURES, 400, 409, 413, 415, 428)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: what each operation needs (`x-action`) and every way in which it can say no."""
    if app.openapi_schema:
        return app.openapi_schema
    service = app.state.service
    document = get_openapi(
        title=app.title, version=app.version, routes=app.routes, servers=[{"url": f"/{service}"}],
        description="Gli errori sono application/problem+json (RFC 9457), con una frase in italiano. I POST "
        "vogliono l'intestazione Idempotency-Key: ripetuti con la stessa, valgono una volta sola.",
    )  # fmt: skip
    actions = {(door.path, method.lower()): door.action for door in walk(app) for method in door.methods}
    components = document.setdefault("components", {}).setdefault("schemas", {})
    components["Problem"] = PROBLEM
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["x-action"] = actions.get((path, method))
            for status in WRITE_FAILURES if method != "get" else READ_FAILURES:
                operation["responses"][str(status)] = {
                    "description": TITLES[status],
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            if method != "get":
                parameters = operation.setdefault("parameters", [])
                if not any(p["name"].lower() == "idempotency-key" for p in parameters):
                    parameters.append(KEY)
    app.openapi_schema = document
    return document
