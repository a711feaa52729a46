"""What the local parts have in common: ports, child processes that end with us, leftovers."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

PR_SET_PDEATHSIG = 1  # linux/prctl.h
MAX_LOG_BYTES = 10_000_000

Say = Callable[[str], None]


class Unavailable(Exception):
    """A part cannot be had on this machine. The text is the reason, one Italian line for the console."""


class Part(Protocol):
    """A running part, whatever carries it (a child process, a container, somebody else's server)."""

    @property
    def address(self) -> str: ...
    @property
    def how(self) -> str: ...
    def alive(self) -> bool: ...
    def stop(self) -> None: ...
    def restart(self) -> None: ...


@dataclass(frozen=True)
class Given:
    """A server that somebody else runs: we only know its address, so we neither watch nor stop it."""

    address: str
    how: str

    def alive(self) -> bool:
        return True

    def stop(self) -> None:
        return None

    def restart(self) -> None:
        return None


def bindable(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # As Java, PostgreSQL and uvicorn do: a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A free loopback port.

    Below the range from which systems take the ports of outgoing connections: a kept port of that range may
    be some client's when the server wants to come back on it.
    """
    while True:
        port = random.randint(20_000, 32_000)
        if bindable(port):
            return port


def kept_port(file: Path, wanted: int | None = None) -> int:
    """The port written in `file`, chosen once and kept; another one only if it is taken meanwhile."""
    if wanted is not None:
        return wanted
    if file.exists():
        port = int(file.read_text())
        if bindable(port):
            return port
    port = free_port()
    file.write_text(str(port))
    return port


def ends_with_parent(sign: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel send `sign` to the child when we die, even by kill -9.

    Linux only. The kernel watches the *thread* that forked, so a child started from a passing thread is left
    alone: it would be stopped when that thread ends. `stop_leftover` finds what survives.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    prctl = ctypes.CDLL(None).prctl  # loaded here: the forked child should do as little as possible

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(sign))

    return ask_kernel


def stop(process: subprocess.Popen[bytes], *asks: tuple[signal.Signals, float]) -> None:
    """Send each signal in turn and wait its seconds; SIGKILL at the end. Safe to call again."""
    for sign, seconds in asks:
        if process.poll() is not None:
            return
        process.send_signal(sign)
        try:
            process.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()


def stop_leftover(pid: int, argument: str, *asks: tuple[signal.Signals, float]) -> bool:
    """Stop what a dead launcher left running: only if `argument` is in its command line (pids are reused)."""
    try:
        process = psutil.Process(pid)
        if argument not in process.cmdline():
            return False
        for sign, seconds in asks:
            process.send_signal(sign)
            try:
                process.wait(seconds)
                return True
            except psutil.TimeoutExpired:
                continue
        process.kill()
        process.wait(10)
        return True
    except psutil.NoSuchProcess:
        return False


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether `ready()` came true before the deadline and before the process ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return True
        time.sleep(0.05)
    return False


def open_log(file: Path) -> int:
    """A descriptor that appends to a part's own log; a log grown too large is set aside once, at start."""
    if file.exists() and file.stat().st_size > MAX_LOG_BYTES:
        file.replace(file.with_suffix(".old"))
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def tail(file: Path, characters: int = 1500) -> str:
    """The end of a log, for the message of a part that did not start."""
    return file.read_text(errors="replace")[-characters:] if file.exists() else ""
