"""/livez, /readyz and /metrics of a worker: three answers over a bare socket, no framework in a process
whose work is elsewhere."""

from __future__ import annotations

import asyncio
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


class State(Protocol):
    """Why the process is not ready; None when it is."""

    not_ready: str | None


async def serve(state: State, port: int, host: str = "0.0.0.0") -> asyncio.Server:
    """Listens on `port` (0: any free one, on loopback only)."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await asyncio.wait_for(reader.readline(), 5)
            parts = request.split(b" ")
            path = parts[1].decode("latin-1") if len(parts) > 1 else ""
            status, kind, body = _body(path, state)
            head = (
                f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
        except (TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(answer, host if port else "127.0.0.1", port)


def _body(path: str, state: State) -> tuple[str, str, bytes]:
    if path == "/metrics":
        return "200 OK", CONTENT_TYPE_LATEST, generate_latest()
    if path == "/livez":
        return "200 OK", "text/plain", b"ok\n"
    if path == "/readyz":
        if state.not_ready is None:
            return "200 OK", "text/plain", b"ok\n"
        return "503 Service Unavailable", "text/plain", f"{state.not_ready}\n".encode()
    return "404 Not Found", "text/plain", b"not found\n"
