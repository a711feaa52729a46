"""Intake's site on a port in this process, with its worker's relay and reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from deploy.local.process import free_port
from services.intake.app import create_app
from shared.web.site import site
from tests.fixtures.platform import Running


@asynccontextmanager
async def served(running: Running) -> AsyncIterator[str]:
    """Its address."""
    app = create_app()
    app.state.store = running.store("intake")
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(site({"intake": app}), port=port, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    pumping = asyncio.create_task(_pump(running))
    try:
        async with asyncio.timeout(30):
            while not server.started:  # noqa: ASYNC110  # uvicorn sets a flag, no event
                await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        pumping.cancel()
        await asyncio.gather(pumping, return_exceptions=True)
        server.should_exit = True
        await serving


async def _pump(running: Running) -> None:
    """The worker's relay and reader: what was recorded reaches the views."""
    store = running.store("intake")
    while True:
        await store.committed.wait()
        await running.quiet()
