"""The one site: services under one address, one sign-in, one navigation."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from types import FrameType
from typing import Any

from fastapi import FastAPI, Request, Response

from shared.settings import Settings, settings
from shared.web import accessibility, oidc, sign_in, static
from shared.web.app import bare_app, metrics, store_of
from shared.web.pages import ASIDE, SERVICES, aside, page
from shared.web.readers import actions, current, glass_actions, may, rights_table, roles
from shared.web.scopes import EXPLAINED
from shared.web.sign_ins import Journal

log = logging.getLogger("insieme.web")
INFORMATION = {
    "privacy": "Informativa sulla protezione dei dati",
    "note-legali": "Note legali",
    "accessibilita": "Dichiarazione di accessibilità",
}


def site(
    services: Mapping[str, FastAPI],
    *,
    log_notice: Callable[[], bool] = lambda: False,
    background: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
    current_settings: Settings = settings,
    sign_ins: Journal | None = None,
) -> FastAPI:
    """The site over these services (all five on one machine, one in a container).

    Sign-ins are written down in intake's database, or where `sign_ins` says. `log_notice` says whether the log is
    away: then every page carries a notice; `background` runs while the site does. Raises SystemExit where the built-in
    sign-in may not be used.
    """
    app = bare_app("Insieme per il lavoro", lifespan=_lifespan)
    app.state.services = dict(services)
    app.state.background = background
    app.state.provider = oidc.provider_of(current_settings)
    looks = [services[name].state.directory for name in ("intake", *services) if name in services]
    app.state.directory = next((look for look in looks if look is not None), None)
    app.state.sign_ins = sign_ins
    if sign_ins is None and "intake" in services:
        app.state.sign_ins = Journal(partial(store_of, services["intake"]))
    app.include_router(sign_in.router(current_settings))
    app.add_api_route("/", home, include_in_schema=False)
    app.add_api_route("/ruoli", who_may, include_in_schema=False)
    for name in INFORMATION:
        app.add_api_route(f"/{name}", _information(name), include_in_schema=False)
    app.add_api_route("/livez", alive, include_in_schema=False)
    app.add_api_route("/readyz", alive, include_in_schema=False)
    app.add_api_route("/metrics", metrics, include_in_schema=False)
    app.mount("/static", static.app(), name="static")
    app.state.log_notice = log_notice
    for name, service in services.items():
        service.state.log_notice = log_notice
        service.state.stopping = app.state.stopping
        app.mount(f"/{name}", service, name=name)
    if static.missing():
        log.warning("front-end parts are missing: run `npm ci`")
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for service in app.state.services.values():
            await stack.enter_async_context(service.router.lifespan_context(service))
        with_signals = threading.current_thread() is threading.main_thread()
        undo = _stop_streams_first(app.state.stopping) if with_signals else (lambda: None)
        tasks = [asyncio.create_task(run()) for run in app.state.background]
        try:
            yield
        finally:
            undo()
            app.state.stopping.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _stop_streams_first(stopping: asyncio.Event) -> Callable[[], None]:
    """The server waits for open answers before it ends the lifespan: live pages must hear of it by themselves."""
    loop = asyncio.get_running_loop()
    before: dict[int, Any] = {}

    def hear(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stopping.set)
        if callable(before[number]):
            before[number](number, frame)

    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.getsignal(number)
        signal.signal(number, hear)

    def undo() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return undo


async def home(request: Request) -> Response:
    """What this reader may do, a card for each service."""
    reader = current(request)
    can: dict[str, list[str]] = {}
    for action, words in actions().items():
        if may(reader, action):
            card = ASIDE[action][0] if aside(reader, action) else action.partition(".")[0]
            can.setdefault(card, []).append(words)
    return page(request, "home.html", title="Insieme per il lavoro", can=can)


async def who_may(request: Request) -> Response:
    """Who may do what, and on whose things: the table of rights, made from `roles.json`."""
    return page(
        request, "ruoli.html", title="Chi può fare che cosa", roles=roles(), services=SERVICES, table=rights_table(),
        explained=EXPLAINED,
        glass=[actions()[action] for action in actions() if action in glass_actions()],
    )  # fmt: skip


def _information(name: str) -> Callable[[Request], Any]:
    async def show(request: Request) -> Response:
        return page(request, f"{name}.html", title=INFORMATION[name], sections=accessibility.statement())

    return show


async def alive() -> Response:
    """The process answers."""
    return Response("ok\n", media_type="text/plain")
