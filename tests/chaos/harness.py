"""The platform as processes of its own: real Kafka, real PostgreSQL, supervised workers that can be killed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploy.local import kafka, postgres
from deploy.local.home import secret_values
from shared.events import SERVICES
from shared.settings import Settings, settings

LOCK_IDLE = 3
"""Seconds after which a stopped worker loses the lock: short, so that a bounded run sees takeovers."""
RESTART_AFTER = 0.3


@dataclass
class Process:
    """One supervised worker; a second one of the same service stands by."""

    name: str
    environment: dict[str, str]
    log: Path
    child: subprocess.Popen[bytes] | None = None
    stopped_by_us: bool = False

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.child = subprocess.Popen(
                [sys.executable, "-m", f"services.{self.name}", "worker"],
                env=self.environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self.child is not None
        return self.child.pid

    @property
    def alive(self) -> bool:
        return self.child is not None and self.child.poll() is None


@dataclass
class Harness:
    """Parts, workers and what was done to them."""

    folder: Path
    settings: Settings
    database: postgres.Running
    broker: kafka.Running | None
    workers: list[Process]
    faults: list[str] = field(default_factory=list)
    _down: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def supervise(self) -> None:
        """Starts again what exited, like the launcher or Kubernetes would."""
        while not self._down.wait(RESTART_AFTER):
            with self._lock:
                for worker in self.workers:
                    if worker.child is not None and worker.child.poll() is not None and not self._down.is_set():
                        worker.start()

    @property
    def kinds(self) -> list[str]:
        """What can happen to the machines of this platform."""
        return ["kill", "stop", "postgres"] + (["kafka"] if self.broker else [])

    def fault(self, chance: random.Random, kind: str | None = None) -> str:
        """Does one thing that happens to machines, of that kind or of any; returns what."""
        kind = kind or chance.choice(["kill", "kill", *self.kinds])
        # Of those that run: one that is being started again would be counted and nothing would have happened.
        worker = chance.choice([one for one in self.workers if one.alive] or self.workers)
        with contextlib.suppress(ProcessLookupError):
            match kind:
                case "kill":
                    os.kill(worker.pid, signal.SIGKILL)
                case "stop":
                    os.kill(worker.pid, signal.SIGSTOP)
                    time.sleep(LOCK_IDLE + chance.uniform(0.5, 2.0))  # meanwhile its standby takes over
                    os.kill(worker.pid, signal.SIGCONT)
                case "postgres":
                    self._crash(self.database)
                case _:
                    assert self.broker is not None
                    self._crash(self.broker)
        what = f"{kind} {worker.name}" if kind in ("kill", "stop") else kind
        self.faults.append(what)
        return what

    def _crash(self, part: postgres.Running | kafka.Running) -> None:
        os.kill(part.pid, signal.SIGKILL)
        part.process.wait()
        time.sleep(0.3)
        part.restart()

    def stop(self, workers: list[Process]) -> None:
        """Ends these workers, which stay down until they are started."""
        with self._lock:
            for worker in workers:
                if worker.child is not None and worker.child.poll() is None:
                    os.kill(worker.pid, signal.SIGCONT)
                    worker.child.terminate()
            for worker in workers:
                if worker.child is not None:
                    try:
                        worker.child.wait(20)
                    except subprocess.TimeoutExpired:
                        worker.child.kill()
                        worker.child.wait()
                    worker.child = None

    def close(self) -> None:
        """Ends everything."""
        self._down.set()
        self.stop(self.workers)
        if self.broker is not None:
            self.broker.stop()
        self.database.stop()


def environment(current: Settings) -> dict[str, str]:
    """What a process of the platform is told."""
    return os.environ | {
        "DATABASE_URL": current.database_url,
        "LOG_URL": current.log_url,
        "INSIEME_MODE": "demo",
        "INSIEME_HOME": str(current.home),
        "INSIEME_SECRETS": str(current.secrets_path),
        "INSIEME_LOCK_IDLE": str(LOCK_IDLE),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }


def make_secrets(folder: Path) -> Path:
    """Secrets of this run's own."""
    file = folder / "secrets.json"
    secret_values(file)
    return file


@contextlib.contextmanager
def running(
    folder: Path, *, with_kafka: bool = True, services: tuple[str, ...] = SERVICES, standbys: int = 1
) -> Iterator[Harness]:
    """The platform on parts of its own. Workers start when the caller has prepared the tables."""
    folder.mkdir(parents=True, exist_ok=True)
    secrets = make_secrets(folder)
    database = postgres.start(folder / "postgres")
    broker = kafka.start(folder / "kafka") if with_kafka else None
    current = replace(
        settings,
        database_url=database.url,
        log_url=f"kafka://{broker.bootstrap}" if broker else database.url,
        home=folder,
        secrets_path=secrets,
    )
    told = environment(current)
    workers = [Process(name, told, folder / f"{name}-{n}.log") for name in services for n in range(1 + standbys)]
    harness = Harness(folder, current, database, broker, workers)
    try:
        for module in (["shared.db", "migrate"], ["shared.topics"]):
            subprocess.run([sys.executable, "-m", *module], env=told, check=True)
        for worker in workers:
            worker.start()
        supervisor = threading.Thread(target=harness.supervise, daemon=True)
        supervisor.start()
        yield harness
    finally:
        harness.close()
