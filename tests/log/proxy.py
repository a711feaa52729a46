"""A TCP proxy that can fall silent or hang up: the network faults that the port must survive."""

from __future__ import annotations

import asyncio
import contextlib


class Proxy:
    """Forwards 127.0.0.1:`port` to a server until told otherwise."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._pairs: set[asyncio.Task[None]] = set()
        self.port = 0

    async def open(self) -> None:
        """Listens, again on the same port if it did before."""
        self._flowing.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def silence(self) -> None:
        """Connections stay and are accepted, but nothing passes any more (half-open)."""
        self._flowing.clear()

    def resume(self) -> None:
        """What was held back passes."""
        self._flowing.set()

    async def close(self) -> None:
        """Hangs up on everybody and refuses new connections."""
        if self._server is not None:
            self._server.close()
        for pair in self._pairs:
            pair.cancel()
        await asyncio.gather(*self._pairs, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pairs.add(task)
        task.add_done_callback(self._pairs.discard)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            far_reader, far_writer = await asyncio.open_connection(*self._upstream)
            try:
                there = asyncio.create_task(self._pump(reader, far_writer))
                back = asyncio.create_task(self._pump(far_reader, writer))
                try:
                    await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    there.cancel()
                    back.cancel()
            finally:
                far_writer.transport.abort()
                writer.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                await self._flowing.wait()
                target.write(data)
                await target.drain()
