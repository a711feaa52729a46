"""One platform for the session, started by the launcher itself on real Kafka, and a browser to use it with."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from deploy.local import kafka
from deploy.local.process import Unavailable, free_port
from shared.web import static
from tests.e2e.desk import Desk
from tests.e2e.pathway import AMINA, Story, whole
from tests.fixtures.listening import chromium
from tests.fixtures.parts import without_kafka

ROOT = Path(__file__).parents[2]
OWN = ("INSIEME_HOME", "INSIEME_SECRETS", "DATABASE_URL", "KAFKA_BOOTSTRAP", "LOG_URL")
"""What must not come from the tests' own settings: this platform is a whole one."""
READY_SECONDS = 180.0


@dataclass
class Platform:
    """A running platform: `python -m services up` in a process of its own."""

    home: Path
    address: str
    launcher: subprocess.Popen[bytes]

    def said(self) -> str:
        """What stands on the launcher's console."""
        return (self.home / "console").read_text(errors="replace")

    def broker(self) -> psutil.Process:
        """Kafka's process."""
        for child in psutil.Process(self.launcher.pid).children(recursive=True):
            if "kafka.Kafka" in child.cmdline():
                return child
        raise AssertionError("Kafka is not running")

    def database(self) -> psutil.Process:
        """PostgreSQL's first process."""
        first = (self.home / "postgres" / "cluster" / "postmaster.pid").read_text().splitlines()[0]
        return psutil.Process(int(first))


async def eventually(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits until something holds. Raises AssertionError after that time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"it did not hold within {seconds:g} s"
        await asyncio.sleep(0.1)


@pytest.fixture(scope="package")  # and not the session: its twenty processes would run beside all other tests
def platform() -> Iterator[Platform]:
    assert not static.missing(), "front-end parts are missing: run `npm ci`"
    try:
        jars = kafka.home() / "kafka" / "jars"
        kafka.fetch_jars(jars)
    except Unavailable as reason:
        without_kafka(str(reason))
    # Not under pytest's own folder: PostgreSQL may run under an account of its own.
    with tempfile.TemporaryDirectory(prefix="insieme-e2e-", ignore_cleanup_errors=True) as folder:
        home, port = Path(folder), free_port()
        (home / "kafka").mkdir()
        (home / "kafka" / "jars").symlink_to(jars.resolve())
        home.chmod(0o755)
        started = start(home, port)
        try:
            wait_until_ready(started)
            yield started
        finally:
            stop(started)


def start(home: Path, port: int) -> Platform:
    command = [sys.executable, "-m", "services", "up", "--broker", "kafka", "--scenario", "none", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    with (home / "console").open("wb") as console:
        launcher = subprocess.Popen(
            command, cwd=ROOT, env=environment | {"INSIEME_HOME": str(home)}, stdout=console,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    return Platform(home, f"http://127.0.0.1:{port}", launcher)


def wait_until_ready(platform: Platform) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while "Insieme è pronto" not in platform.said():
        if platform.launcher.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the platform did not start:\n{platform.said()}")
        time.sleep(0.1)


def stop(platform: Platform) -> None:
    """As Ctrl-C does; everything that the launcher started must end with it."""
    assert platform.launcher.poll() is None, f"the launcher had ended by itself:\n{platform.said()}"
    children = psutil.Process(platform.launcher.pid).children(recursive=True)
    platform.launcher.send_signal(signal.SIGINT)
    try:
        code = platform.launcher.wait(90)
    except subprocess.TimeoutExpired:
        platform.launcher.kill()
        raise
    _, alive = psutil.wait_procs(children, 20)
    assert code == 0, platform.said()
    assert alive == [], platform.said()


@pytest.fixture(scope="package")
async def desk(platform: Platform) -> AsyncIterator[Desk]:
    async with chromium() as browser:
        yield Desk(platform.address, browser)


@pytest.fixture(scope="package")
async def story(desk: Desk) -> Story:
    """Amina's pathway, recorded once by seven operators."""
    told = await whole(desk, AMINA)
    assert desk.wrong == []
    return told


@pytest.fixture(autouse=True)
async def clean(desk: Desk) -> AsyncIterator[None]:
    """After each test: no console error, no broken request, no raw data on any page that was opened."""
    desk.wrong.clear()
    desk.away = False
    yield
    for context in desk.browser.contexts:
        await context.close()
    assert desk.wrong == []
