"""A part in a container, for machines whose Docker engine answers. Data lives in a named volume."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.process import Say, Unavailable

ENGINE_SECONDS = 10
PULL_SECONDS = 120  # a slow line should not keep a new user waiting when Java or the wheel would do


@dataclass
class Container:
    """A started container; `address` is where the platform reaches it."""

    name: str
    image: str
    address: str
    ready: Callable[[], bool] = field(repr=False)

    @property
    def how(self) -> str:
        return f"contenitore Docker {self.image} ({self.name})"

    def alive(self) -> bool:
        return _docker("inspect", "-f", "{{.State.Running}}", self.name).stdout.strip() == "true"

    def stop(self) -> None:
        _docker("stop", "-t", "20", self.name, seconds=40)

    def restart(self) -> None:
        _docker("restart", self.name, seconds=60)
        _wait(self)


def run(
    name: str,
    data: Path,
    image: str,
    address: str,
    ready: Callable[[], bool],
    *,
    publish: str,
    volume: str,
    environment: Mapping[str, str],
    arguments: tuple[str, ...] = (),
    say: Say = print,
) -> Container:
    """Start (or start again) the container of this data directory.

    Raises Unavailable when the engine does not answer, the image can neither be found nor pulled in time, or
    the server in it does not become ready.
    """
    get_image(image, say)
    name = remove(name, data)
    # Without a value on the command line: passwords would show in the list of processes.
    options = [option for key in environment for option in ("-e", key)]
    command = [
        "run",
        "-d",
        "--name",
        name,
        "-p",
        publish,
        "-v",
        f"{name}:{volume}",
        *options,
        image,
        *arguments,
    ]
    done = _docker(*command, seconds=60, environment=environment)
    if done.returncode != 0:
        raise Unavailable(f"Docker non avvia {image}")
    container = Container(name, image, address, ready)
    try:
        _wait(container)
    except BaseException:
        container.stop()
        raise
    return container


def get_image(image: str, say: Say = print) -> None:
    """Make sure that the image is here. Raises Unavailable."""
    if _docker("version", "--format", "{{.Server.Version}}", seconds=ENGINE_SECONDS).returncode != 0:
        raise Unavailable("il motore di Docker non risponde")
    if _docker("image", "inspect", image).returncode == 0:
        return
    say(f"Docker: scarico l'immagine {image} (al più {PULL_SECONDS} s)")
    if _docker("pull", "-q", image, seconds=PULL_SECONDS).returncode != 0:
        raise Unavailable(f"Docker non ottiene l'immagine {image}")


def remove(name: str, data: Path) -> str:
    """Take away the container of this data directory (its volume stays); gives its full name.

    Before each start, since options may have changed and a leftover still holds its port.
    """
    # Two clones on one machine must not share a container, so the name carries the data directory.
    name = f"insieme-{name}-{hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:8]}"
    _docker("rm", "-f", name, seconds=40)
    return name


def _wait(container: Container, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not container.ready():
        if time.monotonic() > deadline or not container.alive():
            raise Unavailable(f"{container.image} in Docker non diventa pronto")
        time.sleep(0.2)


def _docker(
    *arguments: str, seconds: float = 20, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One call of the client; a missing client and a call that takes too long look like a failed call."""
    command = ["docker", *arguments]
    env = {**os.environ, **(environment or {})}
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, env=env)
    except (FileNotFoundError, PermissionError, subprocess.TimeoutExpired):
        return subprocess.CompletedProcess(command, 127, "", "")
