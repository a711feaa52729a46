"""Apache Kafka for one machine: a given address, Docker, or the real broker from Maven's jars with this Java.

`find` is what the launcher calls; tests start private brokers with `start`. One KRaft node (broker and
controller in one process) that listens on loopback only. All its data is under the directory given.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from deploy.local import docker, process
from deploy.local.process import Given, Part, Say, Unavailable

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
IMAGE = "apache/kafka:4.4.0"
READY_SECONDS = 60.0
SILENCE_SECONDS = 30.0  # without a file arriving, Maven's repository counts as out of reach
STOP = ((signal.SIGTERM, 20.0),)

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
log.dirs={logs}
# A topic made by accident would have the wrong number of partitions for ever.
auto.create.topics.enable=false
# The log is the platform's memory: nothing expires unless a topic says so.
log.retention.ms=-1
log.retention.bytes=-1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
# After a kill -9 the broker is let back in only when its old session has run out (default 9 s).
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# The default of 128 MB would be a quarter of the heap.
log.cleaner.dedupe.buffer.size=16777216
"""


@dataclass
class Running:
    """A broker that we started. `bootstrap` stays the same over restarts."""

    bootstrap: str
    process: subprocess.Popen[bytes]
    data: Path
    jars: Path

    @property
    def address(self) -> str:
        return self.bootstrap

    @property
    def how(self) -> str:
        return "Apache Kafka con il Java di questa macchina"

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Clean stop, at most 20 s; safe to call again, also after a kill -9."""
        process.stop(self.process, *STOP)

    def restart(self) -> None:
        """Stop if it still runs, start on the same port and data. Raises Unavailable."""
        self.stop()
        port = int(self.bootstrap.rpartition(":")[2])
        self.process = start(self.data, port, self.jars).process


def find(home: Path, broker: str = "auto", say: Say = print) -> Part | None:
    """The first Kafka that can be had, or None when the platform should use its embedded log.

    `broker` is auto, kafka or embedded; with kafka, Unavailable is raised instead of giving None.
    """
    if broker == "embedded":
        return None
    if given := os.environ.get("KAFKA_BOOTSTRAP"):
        if not any(answers(address) for address in given.split(",")):
            raise Unavailable(f"KAFKA_BOOTSTRAP={given} non risponde")
        return Given(given, "indirizzo dato (KAFKA_BOOTSTRAP)")
    reasons: list[str] = []
    for attempt in (_start_in_docker, _start_with_java):
        try:
            return attempt(home / "kafka", say)
        except Unavailable as reason:
            reasons.append(str(reason))
    if broker == "kafka":
        raise Unavailable("; ".join(reasons))
    say(f"Kafka: non disponibile ({'; '.join(reasons)})")
    return None


def start(data: Path, port: int | None = None, jars: Path | None = None, more: str = "") -> Running:
    """Start a broker on `data` with this machine's Java and wait until it answers a metadata request.

    `port`: chosen once and kept in `data` when not given. `jars`: where Kafka's jars are or are fetched to,
    by default the platform's own folder, so that many brokers share one download. `more`: further lines of
    properties, which win over ours. A broker that a dead launcher left on this data is stopped first.
    Raises Unavailable.
    """
    java = find_java()
    jars = jars or home() / "kafka" / "jars"
    fetch_jars(jars)
    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    properties, pid_file, log = data / "server.properties", data / "kafka.pid", data / "kafka.log"
    if pid_file.exists():
        process.stop_leftover(int(pid_file.read_text()), str(properties), *STOP)
    port = process.kept_port(data / "port", port)
    controller = process.kept_port(data / "controller.port")
    logs = data / "log"
    properties.write_text(PROPERTIES.format(port=port, controller=controller, logs=logs) + more)
    kafka = [java, "-Xmx512m", f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}", "-cp", f"{jars}/*"]
    if not (logs / "meta.properties").exists():
        _format(kafka, properties, cluster_id(data / "cluster.id"))
    output = process.open_log(log)
    broker = subprocess.Popen(
        [*kafka, "kafka.Kafka", str(properties)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=data,
        start_new_session=True,  # a Ctrl-C in the terminal is the launcher's to pass on, in order
        preexec_fn=process.ends_with_parent(signal.SIGTERM),
    )
    os.close(output)
    pid_file.write_text(str(broker.pid))
    bootstrap = f"127.0.0.1:{port}"
    try:
        if not process.wait_until(partial(answers, bootstrap), broker, READY_SECONDS):
            raise Unavailable(f"Kafka non parte: {process.tail(log)}")
    except BaseException:
        broker.kill()
        broker.wait()
        raise
    return Running(bootstrap, broker, data, jars)


def home() -> Path:
    """Where the platform of this machine keeps its things."""
    return Path(os.environ.get("INSIEME_HOME") or HERE.parents[1] / ".local").resolve()


def answers(bootstrap: str, seconds: float = 2.0) -> bool:
    """Whether a broker answers a metadata request and knows a live broker and a controller.

    Written out (Metadata, version 1) because it must work before, after and inside any event loop.
    """
    host, _, port = bootstrap.rpartition(":")
    request = struct.pack(">hhih", 3, 1, 1, 7) + b"insieme" + struct.pack(">i", 0)  # 0 topics
    try:
        with socket.create_connection((host, int(port)), timeout=seconds) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            with connection.makefile("rb") as stream:
                (size,) = struct.unpack(">i", stream.read(4))
                answer = stream.read(size)
        _, brokers = struct.unpack_from(">ii", answer)
        at = 8
        for _ in range(brokers):
            (length,) = struct.unpack_from(">h", answer, at + 4)
            at += 6 + length + 4  # node, host, port
            (rack,) = struct.unpack_from(">h", answer, at)
            at += 2 + max(rack, 0)
        (controller,) = struct.unpack_from(">i", answer, at)
        return bool(brokers >= 1 and controller >= 0)
    except (OSError, struct.error):
        return False


def find_java() -> str:
    """The java command, 17 or later. Raises Unavailable."""
    at_home = Path(os.environ.get("JAVA_HOME", "/nonexistent")) / "bin" / "java"
    java = str(at_home) if at_home.exists() else shutil.which("java")
    if java is None:
        raise Unavailable("Java non è installato")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) < 17:
        raise Unavailable("serve Java 17 o successivo")
    return java


def fetch_jars(folder: Path, silence: float = SILENCE_SECONDS) -> None:
    """Fetch the jars of the pinned pom into `folder`, once (again when the pom changes).

    Gives up when nothing arrives for `silence` seconds, so an unreachable repository is known by then, while
    a slow download goes on as long as it moves. Raises Unavailable.
    """
    folder = folder.resolve()  # a link to jars that several homes share is locked and filled where it points
    stamp, wanted = folder / ".pom", hashlib.sha256(POM.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("Maven non è installato")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test processes may want the jars at once
        if stamp.exists() and stamp.read_text() == wanted:
            return
        for old in folder.glob("*.jar"):
            old.unlink()
        _run_maven(maven, folder, silence)
        if not any(folder.glob("kafka_*.jar")):
            raise Unavailable("Maven non ha consegnato Kafka")
        stamp.write_text(wanted)


def _run_maven(maven: str, folder: Path, silence: float) -> None:
    child = subprocess.Popen(
        [maven, "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={folder}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    arrived = [time.monotonic()]

    def read() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            if "Downloaded from" in line or "Copying" in line:
                arrived[0] = time.monotonic()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    written = 0
    try:
        while child.poll() is None:
            # A large file on a slow line is one long silence on the console, but it is being written.
            if (now_written := _written_bytes(child.pid)) - written > 16_384:
                written, arrived[0] = now_written, time.monotonic()
            if time.monotonic() - arrived[0] > silence:
                raise Unavailable(f"Maven non raggiunge il suo deposito (nulla per {silence:.0f} s)")
            time.sleep(0.1)
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        reader.join()
        if child.stdout is not None:
            child.stdout.close()
    if child.returncode != 0:
        raise Unavailable("Maven non raggiunge il suo deposito")


def _written_bytes(pid: int) -> int:
    try:
        return int(psutil.Process(pid).io_counters().write_chars)
    except (psutil.Error, AttributeError):  # macOS has no such counters: there only whole files count
        return 0


def cluster_id(file: Path) -> str:
    """The random id of this log, chosen once. Positions name it, so it must never change with the data."""
    if not file.exists():
        # A leading '-' would be read as an option by the storage tool.
        file.write_text("I" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22])
    return file.read_text().strip()


def _format(kafka: list[str], properties: Path, cluster: str) -> None:
    done = subprocess.run(
        [
            *kafka,
            "kafka.tools.StorageTool",
            "format",
            "-t",
            cluster,
            "-c",
            str(properties),
            "--ignore-formatted",
        ],
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise Unavailable(f"Kafka non prepara la sua cartella: {done.stderr[-500:]}")


def _start_with_java(folder: Path, say: Say) -> Running:
    if not (folder / "jars" / ".pom").exists():
        say("Kafka: scarico Apache Kafka con Maven (solo la prima volta)")
    return start(folder / "data", jars=folder / "jars")


def _start_in_docker(folder: Path, say: Say) -> docker.Container:
    docker.get_image(IMAGE, say)
    folder.mkdir(parents=True, exist_ok=True)
    docker.remove("kafka", folder)
    port = process.kept_port(folder / "docker.port")
    settings = {
        key: value
        for key, _, value in (line.partition("=") for line in PROPERTIES.splitlines() if not line.startswith("#"))
    } | {
        "controller.quorum.voters": "1@127.0.0.1:9093",
        "listeners": "PLAINTEXT://:9092,CONTROLLER://127.0.0.1:9093",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "log.dirs": "/var/lib/kafka/data",
    }
    environment = {f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in settings.items()}
    bootstrap = f"127.0.0.1:{port}"
    return docker.run(
        "kafka",
        folder,
        IMAGE,
        bootstrap,
        partial(answers, bootstrap),
        publish=f"127.0.0.1:{port}:9092",
        volume="/var/lib/kafka/data",
        environment=environment | {"CLUSTER_ID": cluster_id(folder / "cluster.id"), "KAFKA_HEAP_OPTS": "-Xmx512m"},
        say=say,
    )
