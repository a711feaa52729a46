"""Server-Sent Events: named pieces of a page as they change, with a heartbeat and a clean stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import StreamingResponse

from shared.web.directory import Barred
from shared.web.readers import current

HEARTBEAT = 15.0
LIFE = 300.0
"""Seconds after which the browser has to come back: its sign-in is looked at again."""


def message(event: str, data: str) -> bytes:
    """One event on the wire; `event` is the id of the element whose content is replaced by `data` (HTML)."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {event}\n{lines}\n".encode()


def stream(
    request: Request,
    pieces: AsyncIterator[tuple[str, str]],
    *,
    heartbeat: float = HEARTBEAT,
    life: float = LIFE,
) -> StreamingResponse:
    """Sends (element id, HTML) pairs until the reader leaves, the process stops, or `life` is over."""
    return StreamingResponse(
        _bytes(request, pieces, heartbeat, life),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _bytes(
    request: Request, pieces: AsyncIterator[tuple[str, str]], heartbeat: float, life: float
) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    end = loop.time() + life
    coming: asyncio.Task[tuple[str, str] | None] | None = None
    stopped: asyncio.Event = request.app.state.stopping
    stop = asyncio.create_task(stopped.wait())
    try:
        yield b"retry: 3000\n\n"
        while not stopped.is_set() and loop.time() < end and not await _left(request):
            coming = coming or asyncio.create_task(_next(pieces))
            wait = max(0.0, min(heartbeat, end - loop.time()))
            await asyncio.wait({coming, stop}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                yield b": qui\n\n"
                continue
            piece = coming.result()
            if piece is None:
                return
            yield message(*piece)
            coming = None
    finally:
        for task in (coming, stop):
            if task is not None:
                task.cancel()
        await asyncio.gather(*(t for t in (coming, stop) if t is not None), return_exceptions=True)
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()


async def _left(request: Request) -> bool:
    """Whether the reader is gone, or the directory no longer lets them in."""
    reader, look = current(request), request.app.state.directory
    if reader is not None and look is not None and isinstance((await look.known()).admit(reader), Barred):
        return True
    return await request.is_disconnected()


async def _next(pieces: AsyncIterator[tuple[str, str]]) -> tuple[str, str] | None:
    return await anext(pieces, None)
