"""The launcher's children: kept running, their lines told apart, stopped in order."""

from __future__ import annotations

import asyncio
import json
import logging
import logging.handlers
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.process import Part, Say, Unavailable, ends_with_parent

LOG_BYTES, LOG_FILES = 10_000_000, 3
LINE_BYTES = 1_000_000
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
STEADY_SECONDS = 60.0  # whoever ran this long starts again without a long pause
WATCH_SECONDS = 0.5
QUIET = {"DEBUG", "INFO"}  # JSON lines of these levels go to the file only


@dataclass(frozen=True)
class Child:
    """One program of the platform; `seconds` is its deadline for a clean stop."""

    name: str
    command: Sequence[str]
    seconds: float = 10.0


async def keep(child: Child, environment: Mapping[str, str], logs: Path, stopping: asyncio.Event, say: Say) -> None:
    """Run the child, again after each exit (with growing pauses), until `stopping` is set; then stop it."""
    pause = FIRST_PAUSE
    log = _log_file(logs / f"{child.name}.log")
    try:
        while not stopping.is_set():
            began = time.monotonic()
            code = await _run_once(child, environment, log, stopping, say)
            if stopping.is_set():
                return
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE
            say(f"{child.name}: terminato ({_reason(code)}), riparte tra {pause:g} s")
            await _set_within(stopping, pause)
            pause = min(pause * 2, LONGEST_PAUSE)
    finally:
        log.close()


async def watch(name: str, part: Part, stopping: asyncio.Event, say: Say) -> None:
    """Start Kafka or PostgreSQL again when it ends, until `stopping` is set. Does not stop it."""
    pause = FIRST_PAUSE
    while not await _set_within(stopping, WATCH_SECONDS):
        if await asyncio.to_thread(part.alive):
            pause = FIRST_PAUSE
            continue
        say(f"{name}: terminato, riparte")
        try:
            await asyncio.to_thread(part.restart)
        except Unavailable as reason:
            say(f"{name}: {reason}")
            await _set_within(stopping, pause)
            pause = min(pause * 2, LONGEST_PAUSE)


async def step(command: Sequence[str], environment: Mapping[str, str], stopping: asyncio.Event) -> int | None:
    """Run a command to its end, on this console (it may draw a progress bar); None if asked to stop."""
    child = await asyncio.create_subprocess_exec(
        *command, env=environment, start_new_session=True, preexec_fn=ends_with_parent(signal.SIGTERM)
    )
    asked = asyncio.create_task(stopping.wait())
    ended = asyncio.create_task(child.wait())
    await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not ended.done():
        await _stop(child, 10.0)
        await ended
        return None
    return child.returncode


async def _run_once(
    child: Child,
    environment: Mapping[str, str],
    log: logging.Handler,
    stopping: asyncio.Event,
    say: Say,
) -> int:
    running = await asyncio.create_subprocess_exec(
        *child.command,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=LINE_BYTES,
        start_new_session=True,  # a Ctrl-C in the terminal is ours to pass on, in order
        preexec_fn=ends_with_parent(signal.SIGTERM),
    )
    assert running.stdout is not None
    reading = asyncio.create_task(_read(child.name, running.stdout, log, say))
    asked = asyncio.create_task(stopping.wait())
    ended = asyncio.create_task(running.wait())
    await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not ended.done():
        await _stop(running, child.seconds)
    code = await ended
    # A grandchild may hold the pipe open: what it still says is not worth waiting for.
    await asyncio.wait({reading}, timeout=2.0)
    reading.cancel()
    return code


async def _stop(child: asyncio.subprocess.Process, seconds: float) -> None:
    try:
        child.terminate()
        await asyncio.wait_for(child.wait(), seconds)
    except ProcessLookupError:
        return
    except TimeoutError:
        os.killpg(child.pid, signal.SIGKILL)


async def _read(name: str, stream: asyncio.StreamReader, log: logging.Handler, say: Say) -> None:
    while True:
        try:
            raw = await stream.readline()
        except ValueError:  # longer than LINE_BYTES: the reader dropped it
            continue
        if not raw:
            return
        text = raw.decode(errors="replace").rstrip()
        if not text:
            continue
        line, message = as_json(name, text)
        log.emit(logging.makeLogRecord({"msg": line}))
        if message is not None:
            say(f"[{name}] {message}")


def as_json(name: str, text: str) -> tuple[str, str | None]:
    """The line for the file, always JSON, and the line for the console, None where only the file wants it."""
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return json.dumps({"time": now, "source": name, "message": text}, ensure_ascii=False), text
    level = str(told.get("level", "")).upper()
    message = str(told.get("message", text))
    return text, None if level in QUIET else f"{level} {message}".strip()


def _log_file(file: Path) -> logging.Handler:
    handler = logging.handlers.RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


def _reason(code: int) -> str:
    return f"codice {code}" if code >= 0 else f"segnale {signal.Signals(-code).name}"


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
